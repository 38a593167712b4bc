"""The one style of front matter that OpenClaw, ClawHub and the validators all read, and nothing beyond it."""

from __future__ import annotations

import json
import re
from typing import TypeAlias

Value: TypeAlias = "str | bool | list[Value] | dict[str, Value]"

_PAIR = re.compile(r"([A-Za-z][\w-]*):(?: (.+))?")
_PLAIN = re.compile(r"[A-Za-z0-9][\w .@/+-]*")


class Malformed(ValueError):
    """The front matter is not in the expected style; the message names the line and what is expected."""


def split(page: str) -> tuple[str, str]:
    """Return the front matter of a page, without its dashes, and what follows.

    Raises:
        Malformed: the page does not begin with one.
    """
    found = re.match(r"---\n(.*?\n)---\n", page, re.DOTALL)
    if not found:
        raise Malformed("the page does not begin with front matter between two lines of ---")
    return found.group(1), page[found.end() :]


def parse(text: str) -> dict[str, Value]:
    """Return the values; only blocks, two blanks a level, and values that are plain words or in double quotes.

    Raises:
        Malformed: anything else, a key that comes twice, and a tab.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=2) if line.strip()]
    for number, line in lines:
        if "\t" in line:
            raise Malformed(f"line {number} has a tab")
    value, rest = _block(lines, 0)
    if rest or not isinstance(value, dict):
        raise Malformed(f"line {rest[0][0] if rest else 2} is indented like nothing above it")
    return value


_Lines = list[tuple[int, str]]


def _block(lines: _Lines, depth: int) -> tuple[Value, _Lines]:
    if lines and lines[0][1].startswith(" " * depth + "- "):
        return _list(lines, depth)
    return _mapping(lines, depth)


def _list(lines: _Lines, depth: int) -> tuple[Value, _Lines]:
    items: list[Value] = []
    while lines and lines[0][1].startswith(" " * depth + "- "):
        number, line = lines[0]
        inner = line[depth + 2 :]
        if _PAIR.fullmatch(inner):  # a mapping that begins on the line of its dash
            item, lines = _mapping([(number, " " * (depth + 2) + inner), *lines[1:]], depth + 2)
        else:
            item, lines = _scalar(number, inner), lines[1:]
        items.append(item)
    return items, lines


def _mapping(lines: _Lines, depth: int) -> tuple[Value, _Lines]:
    values: dict[str, Value] = {}
    while lines and len(lines[0][1]) - len(lines[0][1].lstrip(" ")) == depth:
        number, line = lines[0]
        pair = _PAIR.fullmatch(line[depth:])
        if not pair:
            raise Malformed(f"line {number} is no `key: value` and no `- item`")
        key, given = pair.groups()
        if key in values:
            raise Malformed(f"line {number} says {key} again")
        lines = lines[1:]
        if given is not None:
            values[key] = _scalar(number, given)
        elif lines and lines[0][1].startswith(" " * (depth + 2)):
            values[key], lines = _block(lines, depth + 2)
        else:
            raise Malformed(f"line {number}: {key} has no value")
    return values, lines


def _scalar(number: int, text: str) -> str | bool:
    if text in ("true", "false"):
        return text == "true"
    if _PLAIN.fullmatch(text):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not (text.startswith('"') and isinstance(value, str)):
        raise Malformed(f"line {number}: the value is neither a plain word nor in double quotes on one line")
    return value
