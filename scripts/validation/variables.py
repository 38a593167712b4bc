"""Find the environment variables that code reads."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_DECLARED = ("# the user names the variable", "# between our own processes")
"""Comments on the line of a read that needs no declaration: its name is in the user's configuration, or only the
skills' own commands set it."""
DEEPEST = 5  # steps from a name to its literal
ENVIRONMENTS = ("os.environ", "environ")


@dataclass(frozen=True)
class Read:
    """A place that reads a variable; the name is None if the code does not determine it."""

    path: str
    line: int
    name: str | None


def reads(modules: Mapping[str, ast.Module], texts: Mapping[str, str]) -> Iterator[Read]:
    """Yield every read of an environment variable.

    A name that is not a literal is resolved: to a constant of its module, to the literals of a loop, or through a
    function's parameter or a field to the values passed for it.
    """
    for path, tree in modules.items():
        lines = texts[path].splitlines()
        for node in ast.walk(tree):
            name = _name_read(node)
            if name is None or any(note in lines[name.lineno - 1] for note in NOT_DECLARED):
                continue
            for found in _Resolver(modules).values(name, path, depth=0):
                yield Read(path, name.lineno, found)


def _name_read(node: ast.AST) -> ast.expr | None:
    """Return the expression that names the variable, if this node reads one."""
    if isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func)
        if called in ("os.getenv", "getenv") or called in {
            f"{one}.{how}" for one in ENVIRONMENTS for how in ("get", "pop")
        }:
            return node.args[0]
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value) in ENVIRONMENTS
    ):
        return node.slice
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return node.left if ast.unparse(node.comparators[0]) in ENVIRONMENTS else None
    return None


class _Resolver:
    """Resolve names to literals; return None instead of guessing."""

    def __init__(self, modules: Mapping[str, ast.Module]) -> None:
        self._modules = modules

    def values(self, node: ast.expr, path: str, depth: int) -> Iterator[str | None]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            for item in node.elts:
                yield from self.values(item, path, depth)
        elif isinstance(node, ast.Name) and depth < DEEPEST:
            yield from self._named(node, path, depth + 1)
        elif isinstance(node, ast.Attribute) and depth < DEEPEST:
            yield from self._field(node.attr, depth + 1)
        else:
            yield None

    def _named(self, name: ast.Name, path: str, depth: int) -> Iterator[str | None]:
        for scope in self._scopes(name, path):
            for node in ast.walk(scope):
                if isinstance(node, (ast.For, ast.comprehension)) and ast.unparse(node.target) == name.id:
                    yield from self.values(node.iter, path, depth)
                    return
            if isinstance(scope, (ast.FunctionDef, ast.Lambda)):
                parameters = [one.arg for one in (*scope.args.posonlyargs, *scope.args.args)]
                known = parameters + [one.arg for one in scope.args.kwonlyargs]
                if name.id in known and isinstance(scope, ast.FunctionDef):
                    yield from self._passed(scope.name, name.id, parameters, depth)
                    return
        constant = _constant(self._modules[path], name.id)
        if constant is None:
            yield None
        else:
            yield from self.values(constant, path, depth)

    def _field(self, name: str, depth: int) -> Iterator[str | None]:
        """Yield what any class has as a field's default and what any call passes for it by name."""
        found = False
        for path, tree in self._modules.items():
            for node in ast.walk(tree):
                fields = node.body if isinstance(node, ast.ClassDef) else []
                given = [
                    one.value
                    for one in fields
                    if isinstance(one, ast.AnnAssign) and ast.unparse(one.target) == name
                ]
                given += [one.value for one in getattr(node, "keywords", []) if one.arg == name]
                for value in given:
                    if value is not None:
                        found = True
                        yield from self.values(value, path, depth)
        if not found:
            yield None

    def _scopes(self, name: ast.Name, path: str) -> list[ast.FunctionDef | ast.Lambda]:
        """Return the functions around a name, innermost first."""
        around = [
            node
            for node in ast.walk(self._modules[path])
            if isinstance(node, (ast.FunctionDef, ast.Lambda)) and any(one is name for one in ast.walk(node))
        ]
        return sorted(around, key=lambda node: -node.lineno)

    def _passed(self, function: str, parameter: str, parameters: list[str], depth: int) -> Iterator[str | None]:
        """Yield what the callers of a function pass for a parameter."""
        found = False
        for path, tree in self._modules.items():
            for node in ast.walk(tree):
                if not (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function):
                    continue
                given = {one.arg: one.value for one in node.keywords if one.arg}
                given |= dict(zip(parameters, node.args, strict=False))
                if parameter in given:
                    found = True
                    yield from self.values(given[parameter], path, depth)
        if not found:
            yield None


def _constant(tree: ast.Module, name: str) -> ast.expr | None:
    """Return what a module assigns to a name at its top, if it does so once."""
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets)
    ]
    return values[0] if len(values) == 1 else None
