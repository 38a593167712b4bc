"""Copies of this repository that a test may change, commit and publish from."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AUTHOR = ("-c", "user.name=A Maintainer", "-c", "user.email=maintainer@example.com")


def git(root: Path, *arguments: str) -> str:
    """Run git as nobody in particular and return what it prints."""
    argv = ["git", "-C", str(root), *AUTHOR, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def copy_checkout(to: Path) -> Path:
    """Copy the files that git knows, as they are on disk now, into a repository of their own, committed and clean.

    The newest entry of each skill's changelog gets a date, as before a release.
    """
    for path in git(ROOT, "ls-files", "-z").split("\0"):
        if path:
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, to / path)
    changelog = to / "CHANGELOG.md"
    changelog.write_text(
        re.sub("— unreleased$", "— 2026-01-01", changelog.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
    )
    git(to, "init", "--quiet")
    commit(to, "Copy")
    return to


def commit(root: Path, subject: str = "Change") -> None:
    """Commit everything that is not ignored."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", subject)
