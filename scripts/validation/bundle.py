"""A bundle as the rules see it, and what a rule is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from skill_index import ROOT

from validation.front_matter import Malformed, parse, split

if TYPE_CHECKING:
    from pathlib import Path

    from skill_index import IndexEntry

    from validation.front_matter import Value

PAGE = "SKILL.md"


@dataclass(frozen=True)
class Bundle:
    """One folder of dist/ and its entry in the index."""

    folder: Path
    entry: IndexEntry
    root: Path = ROOT

    @cached_property
    def paths(self) -> list[str]:
        """All files in the folder, including links and dotfiles, relative to it."""
        found = [place for place in self.folder.rglob("*") if place.is_symlink() or not place.is_dir()]
        return sorted(place.relative_to(self.folder).as_posix() for place in found)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The files that are UTF-8, by path."""
        texts = {}
        for path in self.paths:
            try:
                texts[path] = (self.folder / path).read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                continue  # the rule about files reports it
        return texts

    @cached_property
    def pages(self) -> dict[str, str]:
        """What an agent reads: SKILL.md and the references."""
        return {path: text for path, text in self.texts.items() if path == PAGE or path.startswith("references/")}

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """The Python files, parsed; one that is none is left out."""
        modules = {}
        for path, text in self.texts.items():
            if path.endswith(".py"):
                try:
                    modules[path] = ast.parse(text)
                except SyntaxError:
                    continue  # the rule about files reports it
        return modules

    @cached_property
    def launchers(self) -> list[str]:
        """The scripts that a user runs, by path."""
        return [path for path in self.texts if path.startswith("scripts/") and path.count("/") == 1]

    @cached_property
    def front_matter(self) -> dict[str, Value]:
        """The head of SKILL.md; empty if it cannot be read, which its rule reports."""
        try:
            return parse(split(self.texts.get(PAGE, ""))[0])
        except Malformed:
            return {}

    @cached_property
    def body(self) -> str:
        """SKILL.md below its head."""
        try:
            return split(self.texts.get(PAGE, ""))[1]
        except Malformed:
            return ""

    def value(self, *keys: str) -> Value | None:
        """Return a value of the front matter by its path of keys, None where there is none."""
        found: Value = self.front_matter
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return None
            found = found[key]
        return found


Rule = Callable[[Bundle], Iterator[str | None]]
"""Yields one violation, or None, for each check.

A rule that yields nothing checked nothing, which is a failure too.
"""


def line_of(text: str, position: int) -> int:
    """Return the number of the line at a position."""
    return text.count("\n", 0, position) + 1
