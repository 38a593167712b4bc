"""Which files of shared/ a skill needs: the modules that its imports lead to, and the data that these name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHARED = "shared"


def reached_files(skill_sources: Iterable[str], shared: Mapping[str, str | None]) -> set[str]:
    """Return the names of the files in shared/ that must ship with a skill.

    `skill_sources` are the texts of the skill's modules. `shared` maps the file names in shared/ to their texts
    (None for what is no Python). An import counts wherever it stands, in a function too, except under `if
    TYPE_CHECKING`, which never runs; so does a module that is named in full by a string. A file that is no
    Python is needed where a string of a needed module is its name.
    """
    needed = {"__init__.py"}
    strings: set[str] = set()
    waiting = [ast.parse(text) for text in skill_sources] + [ast.parse(shared["__init__.py"] or "")]
    while waiting:
        tree = waiting.pop()
        named = set(_strings(tree))
        strings |= named
        for module in {*_imported(tree), *named}:
            name = _file_name(module)
            text = shared.get(name)
            if text is not None and name not in needed:
                needed.add(name)
                waiting.append(ast.parse(text))
    return needed | (strings & {name for name, text in shared.items() if text is None})


def _file_name(module: str) -> str:
    """Return the file of "shared.errors" or of the entry point "shared.errors:function"."""
    return module.partition(":")[0].removeprefix(f"{SHARED}.") + ".py" if module.startswith(f"{SHARED}.") else ""


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield dotted names that may be modules; `from shared import x` gives "shared.x" whatever x is."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A skill's relative import looks like one of shared's: rather too much than too little.
            origin = ".".join(part for part in (SHARED if node.level else None, node.module) if part)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below except what stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from _running(other)
            continue
        yield child
        yield from _running(child)
