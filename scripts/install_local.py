"""Install the bundles of dist/ into this user's OpenClaw, or remove them (`make install-local`)."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

from skill_index import ROOT, Refused, read_index

from shared.openclaw.folders import state_folders

ORIGIN = ".clawhub"
"""The folder that ClawHub leaves in what it installs."""


def check_ours(folder: Path, slug: str) -> None:
    """Check that a folder is absent, or contains what this script installed.

    Raises:
        InvalidRequest: it was installed by ClawHub, edited, or created by someone else: replacing it would lose
        that.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or (folder / ORIGIN).exists():
        raise Refused(
            f"{folder} was not made by make install-local; take it away first (openclaw skills uninstall)"
        )
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        sums = {str(path): str(sha256) for path, sha256 in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{folder} is not one of our bundles; move it away first") from None
    there = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if not one.is_dir()}
    changed = sorted(there ^ {*sums, "manifest.json"}) + [
        path
        for path, sha256 in sums.items()
        if path in there and hashlib.sha256((folder / path).read_bytes()).hexdigest() != sha256
    ]
    if manifest.get("skill") != slug or changed:
        raise Refused(f"{folder} has been changed ({', '.join(changed[:3])}); move it away first")


def install(root: Path, dist: Path, skills: Path) -> list[Path]:
    """Copy every bundle below `skills`, replacing those of an earlier call; return the folders.

    Raises:
        InvalidRequest: a bundle is missing, or a folder was not installed by this script; nothing was changed
        then.
    """
    entries = read_index(root)
    for entry in entries:
        if not (dist / entry.slug / "manifest.json").is_file():
            raise Refused(f"{dist / entry.slug} is missing; make package")
        check_ours(skills / entry.slug, entry.slug)
    skills.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        shutil.rmtree(skills / entry.slug, ignore_errors=True)
        shutil.copytree(dist / entry.slug, skills / entry.slug)
    return [skills / entry.slug for entry in entries]


def uninstall(root: Path, skills: Path) -> list[Path]:
    """Remove what `install` has copied and return the folders; keys, tasks and images are kept.

    Raises:
        InvalidRequest: a folder was not installed by this script; nothing was changed then.
    """
    folders = [skills / entry.slug for entry in read_index(root)]
    for folder in folders:
        check_ours(folder, folder.name)
    there = [folder for folder in folders if folder.exists()]
    for folder in there:
        shutil.rmtree(folder)
    return there


def main() -> int:
    """Install or uninstall, and print the folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uninstall", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    arguments = parser.parse_args()
    skills = state_folders()[0] / "skills"
    try:
        if arguments.uninstall:
            folders = uninstall(arguments.root, skills)
        else:
            folders = install(arguments.root, arguments.root / "dist", skills)
    except Refused as refusal:
        print(f"install-local: {refusal}", file=sys.stderr)
        return 1
    for folder in folders:
        print(f"{'removed' if arguments.uninstall else 'installed'} {folder}")
    if not folders:
        print(f"nothing of ours is in {skills}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
