"""The skills of clawhub.json, this repository's index, and their versions."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Refused(Exception):
    """A maintainer's command cannot continue; the message explains why."""


@dataclass(frozen=True)
class IndexEntry:
    """One skill of the index; `categories` and `topics` are what ClawHub sorts it by."""

    slug: str
    package: str
    display_name: str
    categories: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The skill's folder below the root."""
        return f"skills/{self.slug}"

    @property
    def version_file(self) -> str:
        """The file with the version of the skill, relative to the root."""
        return f"{self.folder}/scripts/{self.package}/__init__.py"


def read_index(root: Path) -> list[IndexEntry]:
    """Return the skills in the order of the index.

    Raises:
        InvalidRequest: clawhub.json is missing, unreadable, or lists nothing.
    """
    try:
        listed = json.loads((root / "clawhub.json").read_text("utf-8"))["skills"]
        entries = [
            IndexEntry(
                one["slug"], one["package"], one["display_name"], tuple(one["categories"]), tuple(one["topics"])
            )
            for one in listed
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"clawhub.json cannot be read: {type(error).__name__}: {error}") from error
    if not entries:
        raise Refused("clawhub.json lists no skill")
    return entries


def choose(entries: list[IndexEntry], slug: str) -> list[IndexEntry]:
    """Return the skill that is named, or every skill for "all".

    Raises:
        InvalidRequest: the index does not have it.
    """
    chosen = [entry for entry in entries if slug in (entry.slug, "all")]
    if not chosen:
        known = ", ".join(entry.slug for entry in entries)
        raise Refused(f"there is no skill {slug!r}; say SKILL=all or one of: {known}")
    return chosen


def version_in(text: str) -> str:
    """Return what a package's __init__.py assigns to __version__, without running it.

    Raises:
        InvalidRequest: it assigns no text to it.
    """
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.Assign)
            and [ast.unparse(target) for target in node.targets] == ["__version__"]
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            return node.value.value
    raise Refused("no __version__ is assigned")
