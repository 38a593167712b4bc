"""A command line that must be refused, the text of the refusal, and a skill's table of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Row:
    """One refusal: `says` is in its sentence: the flag first, then what was expected, then what came.

    `files` are put in place before, by their path from the bench's folder; one that marks itself `process` runs
    through the launcher as well.
    """

    launcher: str
    name: str
    argv: tuple[str, ...]
    says: tuple[str, ...]
    code: int = 2
    error: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    process: bool = False


@dataclass(frozen=True)
class Line:
    """A launcher, its subcommand if it has any, and words that are right; every row spoils it in one place."""

    launcher: str
    words: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def row(self, name: str, *words: str, says: Iterable[str], **more: Any) -> Row:
        """Return the row of these words after the right ones."""
        name = " ".join((*self.command, name))
        return Row(self.launcher, name, (*self.command, "--json", *self.words, *words), tuple(says), **more)

    def refused(self, flag: str, expected: str, values: Mapping[str, str], *words: str, **more: Any) -> list[Row]:
        """Return a row for each value of a flag: its message contains the start of the value."""
        return [
            self.row(f"{flag} {name}", *words, f"{flag}={value}", says=(flag, expected, came(value)), **more)
            for name, value in values.items()
        ]

    def argument(self, name: str, expected: str, values: Mapping[str, str], **more: Any) -> list[Row]:
        """Return a row for each value of an argument without a flag."""
        return [
            self.row(f"{name} {kind}", "--", value, says=(expected, came(value)), **more)
            for kind, value in values.items()
        ]

    def usage(self, *flags: str, arguments: bool = False) -> list[Row]:
        """Return the rows of what click refuses: unknown options, options without and flags with a value.

        `flags` take no value; with `arguments`, words without a flag are expected.
        """
        rows = [
            self.row("an unknown option", "--nonsense", says=("--nonsense",), error="usage"),
            self.row("an option cut short", "--resu", says=("--resu",), error="usage"),
            self.row("--lang without a value", "--lang", says=("--lang",), error="usage"),
            *[
                self.row(f"{flag} with a value", f"{flag}=yes", says=(flag,), error="usage")
                for flag in ("--quiet", *flags)
            ],
        ]
        if not arguments:
            rows.append(self.row("words without a flag", "a", "cup", says=("a cup",), error="usage"))
        return rows


@dataclass(frozen=True)
class Table:
    """The rows of a skill; `least` says how many each of its launchers must have.

    `environment` and `files` are what its commands need to get as far as the network.
    """

    skill: str
    rows: Sequence[Row]
    least: Mapping[str, int]
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def came(value: str) -> str:
    """Return how a value is shown: one line, its start only, no password and no query of a URL."""
    value = value.rpartition("@")[2].partition("?")[0].partition("#")[0]
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in value)[:60]
