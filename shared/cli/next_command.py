"""A command as click parsed it, from which the next command of a result is built."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.security.keys import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

OptionValue = bool | str | tuple[str, ...]
"""A flag, the value of an option, or the values of one that may be repeated."""
OF_ONE_RUN = frozenset((
    "--prompt", "--prompt-file", "--new", "--yes", "--dry-run", "--json", "--result-file", "--quiet", "--no-wait",
    "--timeout", "--resume", "--max-cost", "--max-points", "--on-unknown", "--api-key-stdin",
))  # fmt: skip
"""Options that are no part of a request: the prompt, consent, waiting, and how the result is reported."""
PYTHON_COMMAND = "python" if os.name == "nt" else "python3"


@dataclass(frozen=True)
class Invocation:
    """A command line of a launcher; `options` are by their flag, in the order in which they are written."""

    launcher: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    subcommand: str = ""

    def with_options(self, changes: Mapping[str, OptionValue]) -> Invocation:
        """Return the same command with other values of some options, which come last."""
        return replace(self, options={**self.without(changes).options, **changes})

    def without(self, flags: Collection[str]) -> Invocation:
        """Return the same command without some options."""
        return replace(self, options={flag: value for flag, value in self.options.items() if flag not in flags})

    def record(self) -> dict[str, Any]:
        """Return what the journal keeps of a command, so that its request can be made again.

        Neither the prompt nor the query of a link is kept; `cut` says that a link lost one.
        """
        kept = {flag: value for flag, value in self.options.items() if flag not in OF_ONE_RUN}
        values = [text for value in kept.values() for text in _words("", value)]
        cut = any(redact(text) != text for text in values)
        return {"subcommand": self.subcommand, "options": kept, "folder": _current_folder(), "cut": cut}

    def to_argv(self) -> list[str]:
        """Return the words of the command, which click parses into the same options."""
        words = [PYTHON_COMMAND, self.launcher, *self.subcommand.split()]
        options = [word for flag, value in self.options.items() for word in _words(flag, value)]
        if any(argument.startswith("-") and argument != "-" for argument in self.arguments):
            return [*words, *options, "--", *self.arguments]
        return [*words, *self.arguments, *options]


def _current_folder() -> str:
    """Return the current folder; empty if it has been removed."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def _words(flag: str, value: OptionValue) -> list[str]:
    if isinstance(value, bool):
        return [flag] if value else []
    return [word for text in ((value,) if isinstance(value, str) else value) for word in (flag, text)]


def parsed_invocation(parsed: click.Context, launcher: str, hidden: Collection[str]) -> Invocation:
    """Return the command that click parsed: the options that were typed, without those that hold a key."""
    options: dict[str, OptionValue] = {}
    arguments: tuple[str, ...] = ()
    declared = {str(param.name): param for param in parsed.command.params}
    for name, value in parsed.params.items():
        param = declared[name]
        if parsed.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE or value is None:
            continue
        if isinstance(param, click.Argument):
            arguments += (value,) if isinstance(value, str) else tuple(value)
        elif not set(hidden) & set(param.opts):
            options[param.opts[0]] = value
    return Invocation(launcher, options, arguments, _subcommand(parsed))


def _subcommand(parsed: click.Context) -> str:
    """Return the words that lead from the launcher to a command, such as "budget set"; empty for its only one."""
    names: list[str] = []
    while parsed.parent:
        names.insert(0, str(parsed.info_name))
        parsed = parsed.parent
    return " ".join(names)


def early_options(argv: Sequence[str], secret_options: Collection[str] = (), *more: str) -> dict[str, Any]:
    """Return `json`, `quiet`, `lang`, `secrets` and `more` options of a command line that may be invalid.

    How an error of usage is reported depends on them; click passes over every option that is not one of these.
    """
    declared: list[click.Parameter] = [
        click.Option(["--json", "--output-json"], is_flag=True),
        click.Option(["--quiet"], is_flag=True),
        *(click.Option([flag]) for flag in ("--lang", *more)),
        *([click.Option([*secret_options, "secrets"], multiple=True)] if secret_options else []),
    ]
    command = click.Command(
        "early",
        params=declared,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    return command.make_context("early", list(argv), resilient_parsing=True).params
