"""Raw arguments: read the value of an option, or remove the option, before click has parsed them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def option_value(argv: Sequence[str], flag: str) -> str:
    """Return the value of a flag in raw arguments, for commands that end before they are parsed."""
    for position, argument in enumerate(argv):
        if argument == flag and position + 1 < len(argv):
            return argv[position + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return ""


def option_values(argv: Sequence[str], flags: Collection[str]) -> list[str]:
    """Return every value of these flags in raw arguments."""
    following = [value for flag, value in pairwise(argv) if flag in flags]
    return following + [
        argument.partition("=")[2] for argument in argv if "=" in argument and argument.partition("=")[0] in flags
    ]


def without_options(argv: Sequence[str], flags: Collection[str]) -> list[str]:
    """Return raw arguments without these flags and their values, in any form."""
    kept: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument in flags:
            next(arguments, None)
        elif argument.partition("=")[0] not in flags:
            kept.append(argument)
    return kept
