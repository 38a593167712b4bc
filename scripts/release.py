"""The published version of a skill, according to its tag, and the changes since."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from package import MANIFEST, Bundle, Tree, build
from skill_index import IndexEntry, Refused, read_index

SHARED = "scripts/shared/"
UNRELEASED = " — unreleased"
"""How the heading of an entry ends that has no date yet."""
TOLD_ANYWAY = (MANIFEST, "CHANGELOG.md")
"""They differ in every version, so they do not count as changes."""


@dataclass(frozen=True)
class Release:
    """One published version; the bundle is None where today's rules cannot build it any more."""

    tag: str
    version: str
    bundle: Bundle | None


def tag_of(slug: str, version: str) -> str:
    """Return the tag of a published version."""
    return f"{slug}-v{version}"


def numbers(version: str) -> tuple[int, int, int]:
    """Return a version as numbers, which is how versions compare.

    Raises:
        InvalidRequest: it is not a version of three numbers.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"{version!r} is no version of three numbers")
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def git(root: Path, *arguments: str) -> str:
    """Run git in a checkout and return its output.

    Raises:
        InvalidRequest: it failed.
    """
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def last_release(root: Path, entry: IndexEntry) -> Release | None:
    """Return the newest version that has a tag, None before the first."""
    tags = git(root, "tag", "--list", tag_of(entry.slug, "*")).split()
    versions = [tag.removeprefix(tag_of(entry.slug, "")) for tag in tags]
    known = sorted((numbers(one), one) for one in versions if re.fullmatch(r"\d+\.\d+\.\d+", one))
    if not known:
        return None
    version = known[-1][1]
    tag = tag_of(entry.slug, version)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tagged"
        git(
            root,
            "clone",
            "--quiet",
            "--shared",
            "--branch",
            tag,
            "-c",
            "advice.detachedHead=false",
            ".",
            str(copy),
        )
        try:
            then = next(one for one in read_index(copy) if one.slug == entry.slug)
            return Release(tag, version, build(Tree(copy), then))
        except (Refused, StopIteration):
            return Release(tag, version, None)


def changes(before: Bundle | None, now: Bundle) -> list[str]:
    """Return a line for each file that was added, changed or taken out, but for what every version changes."""
    old = before.files if before else {}
    lines = []
    for path in sorted(old.keys() | now.files.keys()):
        if path not in TOLD_ANYWAY and old.get(path) != now.files.get(path):
            mark = "+" if path not in old else "-" if path not in now.files else "~"
            lines.append(f"{mark} {path}")
    return lines


def newest_entry(changelog: str) -> tuple[str, str]:
    """Return heading and text of the newest entry of a skill's own changelog.

    Raises:
        InvalidRequest: there is none.
    """
    found = re.search(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if not found:
        raise Refused("the changelog has no entry")
    return found.group(1), found.group(2).strip()
