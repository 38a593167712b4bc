"""Which files of shared/ a skill needs: the modules that its imports lead to, and the data that these name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHARED = "shared"


def reached_files(skill_sources: Iterable[str], shared: Mapping[str, str | None]) -> set[str]:
    """Return the paths of the files in shared/ that must ship with a skill.

    `skill_sources` are the texts of the skill's modules. `shared` maps the paths below shared/ to their texts
    (None for what is not Python). Every import counts, also inside a function, except under `if TYPE_CHECKING`,
    which never runs; so does a module whose full name is a string. A file that is not Python is needed if a string
    of a needed module is its name.
    """
    needed = {"__init__.py"}
    strings: set[str] = set()
    waiting = [ast.parse(text) for text in skill_sources] + [ast.parse(shared["__init__.py"] or "")]
    while waiting:
        tree = waiting.pop()
        named = set(_strings(tree))
        strings |= named
        for path in {path for module in {*_imported(tree), *named} for path in _files(module)}:
            text = shared.get(path)
            if text is not None and path not in needed:
                needed.add(path)
                waiting.append(ast.parse(text))
    return needed | {path for path, text in shared.items() if text is None and path.rpartition("/")[2] in strings}


def _files(module: str) -> Iterator[str]:
    """Yield where "shared.http.urls", or the entry point "shared.launch:launch", may be, with its packages."""
    origin, *parts = module.partition(":")[0].split(".")
    if origin == SHARED and parts:
        yield "/".join(parts) + ".py"
        for depth in range(1, len(parts) + 1):
            yield "/".join(parts[:depth]) + "/__init__.py"


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield dotted names that may be modules; `from shared import x` yields "shared.x", whatever x is."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A skill's relative import is taken for one of shared's: better too much than too little.
            origin = ".".join(part for part in (SHARED if node.level else None, node.module) if part)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below, except those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from _running(other)
            continue
        yield child
        yield from _running(child)
