"""Raises a skill's version in its package, where SKILL.md repeats it, and in the changelog (`make bump`)."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from package import Tree, build, changelog_of
from release import SHARED, UNRELEASED, changes, last_release, newest_entry, numbers
from skill_index import ROOT, IndexEntry, Refused, choose, read_index, version_in

if TYPE_CHECKING:
    from package import Bundle
    from release import Release

PARTS = ("major", "minor", "patch")


def raised(version: str, part: str) -> str:
    """Return the next version."""
    position = PARTS.index(part)
    parts = list(numbers(version))
    parts[position:] = [parts[position] + 1] + [0] * (2 - position)
    return ".".join(map(str, parts))


def bump(root: Path, entry: IndexEntry, part: str, today: str) -> tuple[str, str]:
    """Edit the three files and return the old and the new version.

    An entry that is still unreleased gets today's date and keeps its own version if that is higher, so that a
    version that was announced but never published is not skipped.

    Raises:
        InvalidRequest: one of them lacks the version where it should be; nothing was changed then.
    """
    old = version_in((root / entry.version_file).read_text("utf-8"))
    heading = f"## {entry.slug}\n\n"
    new, opened = raised(old, part), f"{heading}### "
    announced = _unreleased(root, entry)
    if announced:
        last = last_release(root, entry)
        new = max(announced, raised(last.version, part) if last else announced, key=numbers)
        opened = f"{heading}### {announced}{UNRELEASED}\n"
    dated = f"{heading}### {new} — {today}\n"
    edits = {
        entry.version_file: (f'__version__ = "{old}"', f'__version__ = "{new}"'),
        f"{entry.folder}/SKILL.md": (f'  version: "{old}"\n', f'  version: "{new}"\n'),
        "CHANGELOG.md": (opened, dated if announced else f"{dated}\n### "),
    }
    texts = {}
    for path, (before, after) in edits.items():
        text = (root / path).read_text("utf-8")
        if len(re.findall(rf"^{re.escape(before)}", text, re.MULTILINE)) != 1:
            raise Refused(f"{path} does not hold {before.strip()!r} exactly once")
        texts[path] = text.replace(before, after)
    for path, text in texts.items():
        (root / path).write_text(text, "utf-8")
    return old, new


def _unreleased(root: Path, entry: IndexEntry) -> str | None:
    """Return the version of the newest entry when that entry has no date yet."""
    heading, _ = newest_entry(changelog_of((root / "CHANGELOG.md").read_text("utf-8"), entry.slug))
    return heading.removesuffix(UNRELEASED) if heading.endswith(UNRELEASED) else None


def left_behind(root: Path, chosen: list[IndexEntry]) -> list[str]:
    """Return the other skills that hold a shared module which has changed since the chosen ones were published."""
    tree = Tree(root)
    modules = {path for entry in chosen for path in changed_shared(*_then_and_now(root, tree, entry))}
    others = [entry for entry in read_index(root) if entry not in chosen]
    behind = []
    for entry in others if modules else []:
        last, now = _then_and_now(root, tree, entry)
        if modules & set(changed_shared(last, now)) and last and numbers(now.version) <= numbers(last.version):
            behind.append(entry.slug)
    return behind


def changed_shared(last: Release | None, now: Bundle) -> list[str]:
    """Return the shared modules of a bundle that differ from the last release's."""
    if last is None or last.bundle is None:
        return []
    return [line[2:] for line in changes(last.bundle, now) if line[2:].startswith(SHARED)]


def _then_and_now(root: Path, tree: Tree, entry: IndexEntry) -> tuple[Release | None, Bundle]:
    return last_release(root, entry), build(tree, entry)


def due(root: Path, entries: list[IndexEntry]) -> list[IndexEntry]:
    """Return the skills that have changed since their last release and still carry its version."""
    tree = Tree(root)
    found = []
    for entry in entries:
        last, now = _then_and_now(root, tree, entry)
        if last and numbers(now.version) <= numbers(last.version) and changes(last.bundle, now):
            found.append(entry)
    return found


def _check_entry(root: Path, entry: IndexEntry) -> None:
    """Refuse to open another entry above an empty one."""
    heading, text = newest_entry(changelog_of((root / "CHANGELOG.md").read_text("utf-8"), entry.slug))
    if not text:
        raise Refused(f"CHANGELOG.md says nothing yet under {entry.slug} {heading}")


def main() -> int:
    """Bump one skill, or all that are due."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("skill", help="a slug of clawhub.json, or all that have changed since their last release")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    arguments = parser.parse_args()
    root = arguments.root.absolute()
    today = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
    try:
        chosen = choose(read_index(root), arguments.skill)
        if arguments.skill == "all":
            chosen = due(root, chosen)
        elif behind := left_behind(root, chosen):
            both = f"what has changed in shared/ is in {', '.join(behind)} too"
            raise Refused(f"{both}: make bump SKILL=all PART={arguments.part}")  # noqa: TRY301  - reported below, like all
        for entry in chosen:
            _check_entry(root, entry)
        for entry in chosen:
            announced = _unreleased(root, entry)
            old, new = bump(root, entry, arguments.part, today)
            if announced:
                print(f"{entry.slug}: {announced}{UNRELEASED} is now {new} — {today}; the version was {old}")
            else:
                print(f"{entry.slug}: {old} is now {new}; say in CHANGELOG.md what its users notice")
    except Refused as refusal:
        print(f"bump: {refusal}", file=sys.stderr)
        return 1
    if not chosen:
        print("bump: no skill has changed since its last release")
    return 0


if __name__ == "__main__":
    sys.exit(main())
