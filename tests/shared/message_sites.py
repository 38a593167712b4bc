"""Finds in the shipped code which messages of the catalog it uses, and with which facts."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared import errors
from shared.i18n.messages import SHARED_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.i18n.messages import Translation

ROOT = Path(__file__).resolve().parents[2]
ERRORS = frozenset(
    name for name, found in vars(errors).items() if inspect.isclass(found) and issubclass(found, errors.SkillError)
)
SPEAKERS = frozenset({"format", "say", "_say", "info", "always", "status", "notify_user", "tell", "MessageRef"})
TABLES = ("messages.py", "batch_messages.py", "config_messages.py")
HANDED_ON = ""  # an id that comes from an error or from a caller, and is read there


@dataclass(frozen=True)
class Said:
    """One place where a message is used: `message` is an id, or the constant ends of an f-string around `*`."""

    place: str
    message: str
    is_error: bool
    facts: frozenset[str] | None
    """The names of the facts, None where they cannot be read off the code."""

    def matches(self, known: str) -> bool:
        before, star, after = self.message.partition("*")
        if not star:
            return known == self.message
        return len(known) > len(before + after) and known.startswith(before) and known.endswith(after)


@dataclass(frozen=True)
class Speech:
    """A package of shipped code, its own messages, and every place where it uses one."""

    name: str
    texts: Mapping[str, Translation]
    said: list[Said]
    unread: list[str]
    """Places whose message cannot be determined from the code."""


@functools.cache
def speeches() -> list[Speech]:
    """Return the messages of the shared modules, then those of each skill."""
    tables = {path.parent: _table(path) for path in sorted(ROOT.glob("skills/*/scripts/*/messages.py"))}
    texts = {ROOT / "shared": SHARED_MESSAGES, **tables}
    modules = {
        folder: [_Module(path) for path in sorted(folder.rglob("*.py")) if path.name not in TABLES]
        for folder in texts
    }
    code = [module for found in modules.values() for module in found]
    return [
        Speech(
            folder.name,
            texts[folder],
            [said for module in found for said in module.said(code)],
            [place for module in found for place in module.unread(code)],
        )
        for folder, found in modules.items()
    ]


def _table(path: Path) -> Mapping[str, Translation]:
    spec = importlib.util.spec_from_file_location(f"messages_of_{path.parent.name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts: dict[str, Translation] = dict(module.MESSAGES)
    for name, table in getattr(module, "LAZY_TABLES", {}).items():
        texts |= getattr(importlib.import_module(name), table)
    return texts


class _Module:
    """One module: its functions and calls by name, and what its names may stand for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        self._parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self._calls: dict[str, list[ast.Call]] = defaultdict(list)
        self._functions: dict[str, list[ast.FunctionDef]] = defaultdict(list)
        self._assigned: dict[str, list[ast.expr]] = defaultdict(list)
        self._renamed: list[ast.expr] = []  # what the `code` of an error is changed to
        self._open: set[ast.expr] = set()
        for node in nodes:
            if isinstance(node, ast.Call):
                self._calls[_name(node.func)].append(node)
            elif isinstance(node, ast.FunctionDef):
                self._functions[node.name].append(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target, value in _assignments(node):
                    self._assigned[_name(target)].append(value)
                    if isinstance(target, ast.Attribute) and target.attr == "code":
                        self._renamed.append(value)

    def said(self, code: list[_Module]) -> Iterator[Said]:
        for call, is_error in self._sites():
            for message in self._messages(call.args[0], code):
                if message != HANDED_ON:
                    yield Said(self._place(call), message, is_error, _facts(call))
        for value in self._renamed:
            if isinstance(value, ast.Constant):
                yield Said(self._place(value), str(value.value), is_error=True, facts=None)
        for value, is_error in self._handed_to_the_poller():
            for message in self._messages(value, code):
                yield Said(self._place(value), message, is_error, facts=None)

    def _handed_to_the_poller(self) -> Iterator[tuple[ast.expr, bool]]:
        """Yield the ids that a provider hands to the pipeline, which uses them in its place."""
        for keyword in (keyword for call in self._calls.get("PollPolicy", ()) for keyword in call.keywords):
            if keyword.arg == "announced_as":
                yield keyword.value, False
            if keyword.arg == "final_refusals":
                yield from ((value, True) for value in self._values(keyword.value))

    def unread(self, code: list[_Module]) -> Iterator[str]:
        for call, _ in self._sites():
            if not list(self._messages(call.args[0], code)):
                yield f"{self._place(call)}: {ast.unparse(call.args[0])}"

    def _place(self, node: ast.expr) -> str:
        return f"{self.path.relative_to(ROOT)}:{node.lineno}"

    def _sites(self) -> Iterator[tuple[ast.Call, bool]]:
        for name, calls in list(self._calls.items()):
            is_error = name in ERRORS or self._holds_an_error_class(name)
            if is_error or name in SPEAKERS:
                yield from ((call, is_error) for call in calls if call.args and _is_catalog(name, call.func))

    def _holds_an_error_class(self, name: str) -> bool:
        parts = [part for value in self._assigned.get(name, ()) for part in ast.walk(value)]
        called = {_name(part.func) for part in parts if isinstance(part, ast.Call)}
        return bool({_name(part) for part in parts} & ERRORS - called)

    def _messages(self, node: ast.expr, code: list[_Module]) -> Iterator[str]:
        """Yield every id that an expression may stand for."""
        if node not in self._open:  # `word = word or "other"` leads back to itself
            self._open.add(node)
            yield from self._read(node, code)
            self._open.remove(node)

    def _read(self, node: ast.expr, code: list[_Module]) -> Iterator[str]:  # noqa: C901, PLR0912  - a case a line
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
            case ast.IfExp(body=one, orelse=other):
                yield from self._messages(one, code)
                yield from self._messages(other, code)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self._messages(value, code)
            case ast.Attribute(attr="code") | ast.Constant(value=None):
                yield HANDED_ON
            case ast.Attribute(attr=name):
                for module in self._reached(name, code):
                    for value in module._assigned.get(name, ()):
                        yield from module._messages(value, code)
            case ast.Name(id=name):
                for value in self._assigned.get(name, ()):
                    yield from self._messages(value, code)
                yield from self._of_parameter(name, node, code)
            case ast.Call(func=ast.Attribute(attr="get", value=table), args=[_, *default]):
                for value in [*self._values(table), *default]:
                    yield from self._messages(value, code)
            case ast.Call(
                func=ast.Name(id="next"), args=[ast.GeneratorExp(generators=[ast.comprehension(iter=ids)]), *_]
            ):
                for value in ids.elts if isinstance(ids, ast.Tuple) else ():
                    yield from self._messages(value, code)
            case ast.Call(func=function):
                for module in self._reached(_name(function), code):
                    for value in module._returned(_name(function)):
                        yield from module._messages(value, code)
            case ast.Subscript(value=table):
                for value in self._values(table):
                    yield from self._messages(value, code)

    def _of_parameter(self, name: str, node: ast.expr, code: list[_Module]) -> Iterator[str]:
        """Yield what the parameter `name` of a function around the node is given, by default and by callers."""
        for function in self._around(node):
            arguments = function.args
            by_place = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
            if name not in (*by_place, *(one.arg for one in arguments.kwonlyargs)):
                continue
            yield HANDED_ON
            after = len(by_place) - len(arguments.defaults)
            defaults = dict(zip(by_place[after:], arguments.defaults, strict=True))
            for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                defaults |= {one.arg: value} if value else {}
            if name in defaults:
                yield from self._messages(defaults[name], code)
            for module in self._reached(function.name, code) if function.name not in SPEAKERS else ():
                for given in module._given(function.name, name, by_place):
                    yield from module._messages(given, code)

    def _reached(self, function: str, code: list[_Module]) -> list[_Module]:
        """Return where a function of this name may be defined or called: a private one only here."""
        return [self] if function.startswith("_") else code

    def _around(self, node: ast.AST) -> Iterator[ast.FunctionDef]:
        while node in self._parents:
            node = self._parents[node]
            if isinstance(node, ast.FunctionDef):
                yield node

    def _values(self, table: ast.expr) -> Iterator[ast.expr]:
        for found in (table, *self._assigned.get(_name(table), ())):
            if isinstance(found, ast.Dict):
                yield from found.values

    def _returned(self, function: str) -> Iterator[ast.expr]:
        for found in self._functions.get(function, ()):
            yield from (one.value for one in ast.walk(found) if isinstance(one, ast.Return) and one.value)

    def _given(self, function: str, name: str, by_place: list[str]) -> Iterator[ast.expr]:
        """Yield what the calls of a function give for one of its parameters."""
        for call in self._calls.get(function, ()):
            is_method = isinstance(call.func, ast.Attribute) and by_place[:1] == ["self"]
            names = by_place[1:] if is_method else by_place
            yield from (value for one, value in zip(names, call.args, strict=False) if one == name)
            yield from (keyword.value for keyword in call.keywords if keyword.arg == name)


def _assignments(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    if node.value is None:
        return
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_catalog(name: str, function: ast.expr) -> bool:
    """Return whether a call of `format` is one of a catalog and not of a string."""
    return name != "format" or (isinstance(function, ast.Attribute) and _name(function.value) == "catalog")


def _facts(call: ast.Call) -> frozenset[str] | None:
    names = {keyword.arg for keyword in call.keywords}
    return None if None in names else frozenset(str(name) for name in names)
