"""The frame of every command: common options, streams, errors and exit codes."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared import signals
from shared.cli.context import CommandContext, Skill, is_terminal
from shared.cli.next_command import parsed_invocation
from shared.disk_reason import unexpected_error
from shared.errors import BadInput, SkillError
from shared.i18n.catalog import LANGUAGES, sanitize_line, short_repr
from shared.journal.budget import MAX_BUDGET, MIN_BUDGET, REQUESTS, Budget
from shared.output.media import CHAT_COPY
from shared.output.outcome import Outcome
from shared.output.result_file import check_written_file, is_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TIMEOUT = 86400.0  # seconds
MAX_VARIANT_LENGTH = 200  # characters


@dataclass(frozen=True)
class Options:
    """The common options of a command, as typed; see docs/contract.md."""

    json: bool = False
    result_file: str | None = None
    quiet: bool = False
    lang: str = "auto"
    dry_run: bool = False
    output_dir: str | None = None
    timeout: str | None = None
    no_wait: bool = False
    resume: str | None = None
    new: bool = False
    variant: str = ""
    yes: bool = False
    max_cost: str | None = None
    chat_copy: str = "auto"

    def run_budget(self, skill: Skill) -> Budget | None:
        """Return --max-cost as the budget of this run; None when it was not set."""
        amount = self.cost_limit()
        return None if amount is None else Budget("run", skill.cost_unit or REQUESTS, amount)

    def cost_limit(self) -> float | None:
        """Return --max-cost as a number; None when it was not set.

        Raises:
            BadInput: not a positive number.
        """
        return parse_number("--max-cost", self.max_cost, MIN_BUDGET, MAX_BUDGET)

    def seconds(self) -> float | None:
        """Return --timeout in seconds; None when it was not set.

        Raises:
            BadInput: not a number of seconds up to a day.
        """
        return parse_number("--timeout", self.timeout, 1.0, MAX_TIMEOUT)


_OUTPUT = (
    click.option("--json", "--output-json", is_flag=True, help="Print one JSON document on stdout."),
    click.option("--result-file", metavar="PATH", help="Also write the JSON document to PATH."),
    click.option("--quiet", is_flag=True, help="Show no progress on stderr."),
    click.option("--lang", default="auto", metavar="auto|en|zh", help="Language of messages (default: auto)."),
)
_WAITING = (
    click.option("--output-dir", metavar="DIR", help="Save images to DIR (default: generated-images)."),
    click.option("--timeout", metavar="SECONDS", help="Stop waiting after SECONDS; the task keeps running."),
    click.option(
        "--chat-copy", default="auto", metavar="|".join(CHAT_COPY), help="Smaller copy of an image above 6 MB."
    ),
)
_SPENDING = {
    "dry_run": click.option("--dry-run", is_flag=True, help="Show what would be sent and its cost; send nothing."),
    "no_wait": click.option("--no-wait", is_flag=True, help="Return as soon as the service accepts the task."),
    "resume": click.option("--resume", metavar="ID", help="Resume the task with this ID. Free."),
    "new": click.option("--new", is_flag=True, help="Pay for the same request again."),
    "variant": click.option(
        "--variant", default="", metavar="TEXT", help="Pay for another image of the same request, named TEXT."
    ),
    "max_cost": click.option("--max-cost", metavar="N", help="Send nothing that would bring the cost above N."),
    "yes": click.option("--yes", is_flag=True, help="Do not ask for confirmation before spending."),
}
_ENQUEUING = tuple(_SPENDING[name] for name in ("dry_run", "new", "variant", "yes"))

Function = Callable[..., Any]


def options_of(*decorators: Function) -> Function:
    """Return one decorator for several options, which --help lists in their order."""

    def decorated(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorated


def output_options(function: Function) -> Function:
    """Add the options of every command, which its run obeys; the function gets the `context`."""

    @functools.wraps(function)
    def without_options(context: CommandContext, options: Options, **arguments: Any) -> Any:  # noqa: ARG001
        return function(context, **arguments)

    return _with_options(without_options, _OUTPUT)


def waiting_options(function: Function) -> Function:
    """Add the options of a command that waits for a task; its function gets the `context` and the `options`."""
    return _with_options(function, _OUTPUT + _WAITING)


def common_options(function: Function) -> Function:
    """Add the options of a command that may spend; its function gets the `context` and the `options`."""
    return _with_options(function, _OUTPUT + _WAITING + tuple(_SPENDING.values()), spends=True)


def enqueuing_options(function: Function) -> Function:
    """Add the options of a command that enqueues paid tasks; its function gets the `context` and the `options`."""
    return _with_options(function, _OUTPUT + _ENQUEUING, spends=True)


def _with_options(function: Function, decorators: tuple[Function, ...], *, spends: bool = False) -> Function:
    @functools.wraps(function)
    def with_options(**arguments: Any) -> Any:
        mine = {option_field.name for option_field in fields(Options)} & arguments.keys()
        options = Options(**{name: arguments.pop(name) for name in mine})
        parsed = click.get_current_context()
        context = parsed.ensure_object(CommandContext)
        context.invocation = parsed_invocation(parsed, context.launcher, context.skill.secret_options)
        context.lang = options.lang
        context.json, context.yes = options.json, options.yes  # in an invalid line it may have been a prompt
        context.spends = spends and not options.dry_run and options.resume is None
        context.result_file = _checked_result_file(options.result_file)
        if options.dry_run:  # it shows what would be done, and leaves every file as it is
            context.result_file = ""
        languages = ("auto", *LANGUAGES)
        if options.lang not in languages:
            raise BadInput(
                "not_one_of", flag="--lang", expected=", ".join(languages), got=short_repr(options.lang)
            )
        if options.variant and not (options.variant.isprintable() and len(options.variant) <= MAX_VARIANT_LENGTH):
            raise BadInput(
                "variant_invalid", flag="--variant", most=MAX_VARIANT_LENGTH, got=short_repr(options.variant)
            )
        if options.chat_copy not in CHAT_COPY:
            expected = ", ".join(CHAT_COPY)
            raise BadInput("not_one_of", flag="--chat-copy", expected=expected, got=short_repr(options.chat_copy))
        context.chat_copy = options.chat_copy
        options.cost_limit()  # a bad one is refused in a dry run too
        return function(context, options=options, **arguments)

    decorated: Function = options_of(*decorators)(with_options)
    return decorated


def _checked_result_file(path: str | None) -> str:
    if path is None:
        return ""
    check_written_file("--result-file", path, is_result, taken="result_file_taken")
    return path


def parse_number(
    flag: str, text: str | None, minimum: float, maximum: float, *, whole: bool = False
) -> float | None:
    """Return the value of a numeric flag, None when it was not set.

    Raises:
        BadInput: `not_a_number`, naming the flag, the range and the value.
    """
    if text is None:
        return None
    plain = re.fullmatch(r"[0-9]{1,20}" if whole else r"[0-9]{1,20}(\.[0-9]{1,20})?", text)
    value = float(text) if plain else float("nan")
    if not minimum <= value <= maximum:
        raise BadInput(
            "not_a_number", flag=flag, least=f"{minimum:.10g}", most=f"{maximum:.10g}", got=short_repr(text)
        )
    return value


def run_command(
    command: click.Command, skill: Skill, argv: Sequence[str], launcher: str, own: Mapping[str, Any] | None = None
) -> int:
    """Run a click command and return its exit code; every error becomes a document and an exit code.

    `own` are the keys that the command adds to the document, with their initial values.
    """
    prepare_streams()
    argv = [restore_utf8(argument) for argument in argv]
    context = CommandContext(skill, argv, launcher)
    context.note_own(**(own or {}))
    error: SkillError | signals.Interrupted | None = None
    with signals.handle_signals():
        try:
            with context.reporter.heartbeat():
                name = Path(launcher).name
                ended = command.main(args=argv, prog_name=name, standalone_mode=False, obj=context)
            if isinstance(ended, int):  # --help and --version have printed their text
                return ended
            if isinstance(ended, Outcome):
                context.result, error = ended, ended.error
        except click.ClickException as failure:
            context.result_file = ""  # nothing was parsed: what looks like this option may be part of a prompt
            error = BadInput("usage", detail=sanitize_line(failure.format_message()), launcher=context.launcher)
        except (SkillError, signals.Interrupted) as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001  - the one place where a bug becomes exit 1, not a traceback
            error = unexpected_error(failure)
        signals.ignore()
        return context.finish(error)


def restore_utf8(argument: str) -> str:
    """Return an argument decoded as UTF-8 if a C locale could not decode it; others unchanged."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(argument).decode()
        except UnicodeDecodeError:
            return argument
    return argument


def prepare_streams() -> None:
    """Make streams UTF-8 unless they are a terminal; a terminal, or PYTHONIOENCODING, keeps its encoding."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed, and the next file or connection would get its number
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None or not hasattr(stream, "reconfigure"):
            continue
        errors = "surrogateescape" if stream is sys.stdin else "backslashreplace"
        if is_terminal(stream) or os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(errors=errors)
        else:
            stream.reconfigure(encoding="utf-8", errors=errors)
