"""The context of one command: its arguments, language, reporter, result and next command."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from shared import signals
from shared.cli.hints import hint_of
from shared.cli.next_command import PYTHON_COMMAND, Invocation, early_options
from shared.cli.progress_bar import bar_text
from shared.disk_reason import system_reason
from shared.errors import DiskError, RateLimitError, SkillError, StillRunning, TaskLocked
from shared.i18n.catalog import Catalog, choose_language, harmless, sanitize_line, short_repr
from shared.output.hyperlink import knows_links, with_links
from shared.output.media import CHAT_COPY, attachable
from shared.output.outcome import Outcome
from shared.output.progress import Reporter
from shared.output.result import NextCommand, document, to_json_line
from shared.output.result_file import is_result, write_replaceable
from shared.output.summary import next_line, summary
from shared.security.keys import Secret, redact_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.cli.next_command import OptionValue
    from shared.i18n.messages import Translation
    from shared.journal.entry import Entry
    from shared.output.result import Charges


@dataclass(frozen=True)
class Skill:
    """The skill of a command; `messages` are those that only this skill uses."""

    slug: str
    provider: str
    version: str
    messages: Mapping[str, Translation]
    main_launcher: str
    """The launcher that takes --resume; it is in the same folder as the others."""
    secret_options: tuple[str, ...] = ()
    """Options whose value is a key: never repeated in a `next` command."""
    key_variables: tuple[str, ...] = ()
    """Variables that hold a key: masked from the start, also where it was typed by mistake."""
    repeat_options: tuple[str, ...] = ()
    """Options besides --new that send a request again that may have been charged."""
    cost_unit: str = ""
    """The unit of what the service charges, as in `cost`; empty if it never reports a cost."""

    @property
    def user_agent(self) -> str:
        """The User-Agent of this skill's requests."""
        return f"openclaw-{self.slug}/{self.version}"


class CommandContext:
    """One command: its arguments, language, reporter, result and next command."""

    def __init__(self, skill: Skill, argv: Sequence[str], launcher: str) -> None:
        self.skill = skill
        early = early_options(argv, skill.secret_options)
        for key in (*early.get("secrets", ()), *(os.environ.get(name, "") for name in skill.key_variables)):
            Secret(key.strip() if key.isascii() else "")  # masked from now on, also in what a usage error quotes
        self.words = " ".join(argv)
        """What was typed; it shows the language before the prompt is known."""
        self.launcher = str(Path(launcher).absolute())
        self.json: bool = early["json"]
        self.catalog = Catalog(choose_language(early["lang"] or "", self.words), skill.messages)
        self.reporter = Reporter(
            self.catalog, sys.stderr, quiet=early["quiet"], live=_is_live_terminal(sys.stderr), bar=bar_text
        )
        signals.set_deferred_note(self.catalog.format("interrupt_deferred"))
        self.result = Outcome(skill.slug, skill.version, skill.provider)
        self.result_file = ""
        self.yes = False
        self.lang = "auto"
        self.invocation: Invocation | None = None
        """This command, once its options are parsed."""
        self.chat_copy = "auto"
        """Whether a large image gets a smaller copy for chats; see output.media.CHAT_COPY."""
        self.spends = False
        """Whether this command may send a paid request."""
        self.remaining_cost: Charges | None = None
        """What running again may cost, for a command with more than one task."""
        self.summary_lines: list[str] = []
        """More lines for a person on stdout, without --json."""
        self.declined = False
        """Whether the person answered no when asked before spending."""
        self.interrupted_message: str | None = None
        """The message for an interruption, for a command with more than one task."""
        self.resume_options: dict[str, OptionValue] = {}
        """Options that a resume needs besides the id: service address, key source, output folder; never a key."""

    def note(self, **changes: Any) -> None:
        """Replace facts of the outcome so far."""
        self.result = replace(self.result, **changes)

    def note_own(self, **facts: Any) -> None:
        """Add keys of the document that only this command has."""
        self.note(extra={**self.result.extra, **facts})

    def set_language(self, language_of: str, lang: str) -> None:
        """Set the language once the prompt is known (it may come from a file)."""
        self.catalog = Catalog(choose_language(lang, language_of), self.skill.messages)
        self.reporter.catalog = self.catalog
        signals.set_deferred_note(self.catalog.format("interrupt_deferred"))

    def rerun(self) -> NextCommand | None:
        """Return the command that runs this one again, None before its options were parsed."""
        command = self._once()
        return NextCommand(command.to_argv(), self._rerun_cost()) if command else None

    def pay_for(self, changes: Mapping[str, OptionValue]) -> NextCommand | None:
        """Return this command with options that only the user can agree to, because they may charge again."""
        command = self._once()
        argv = command.with_options(changes).to_argv() if command else None
        return NextCommand(argv, "yes", needs_consent=True) if argv else None

    def resume(self, *, unrecorded: bool = False) -> NextCommand | None:
        """Return the command that resumes the current task, or runs this one again if nothing was sent for it.

        It names both ids if the service's is `unrecorded`, so that the entry can record it.
        """
        identifier = self.result.task_id or self.result.local_id
        if unrecorded and self.result.task_id and self.result.local_id:
            identifier = f"{self.result.local_id}/{self.result.task_id}"
        if identifier is None or (self.result.task_id is None and self.result.status == "not_started"):
            return self.rerun()
        options = {"--resume": identifier, **self.resume_options, **self.chat_copy_option(), "--json": self.json}
        return NextCommand(Invocation(self.launcher_named(self.skill.main_launcher), options).to_argv())

    def command_record(self) -> dict[str, Any]:
        """Return what an entry keeps of this command, so that its request can be made again; it may be empty."""
        return {"command": self.invocation.record()} if self.invocation else {}

    def chat_copy_option(self) -> dict[str, OptionValue]:
        """Return --chat-copy as another command of this run needs it; empty for the default."""
        return {} if self.chat_copy == CHAT_COPY[0] else {"--chat-copy": self.chat_copy}

    def launcher_named(self, name: str) -> str:
        """Return the path of another launcher of this skill."""
        return str(Path(self.launcher).with_name(name))

    def _once(self) -> Invocation | None:
        """Return this command without the options that would pay again for what may have been charged."""
        if not (self.invocation and self.result.possible_charges):
            return self.invocation
        repeated = {"--new"} if self.result.local_id else set()  # a --new of many tasks is one whole: it resumes
        return self.invocation.without({*repeated, *self.skill.repeat_options})

    def _rerun_cost(self) -> Charges:
        """Return what running this command again may cost, as docs/money.md's table decides."""
        if not self.spends:
            return "none"
        if self.remaining_cost:
            return self.remaining_cost
        if self.result.possible_charges:  # the entry is resumed or returned, or stops the command
            return "none"
        return "yes" if self.result.local_id else "maybe"

    def attach_media(
        self, state: Path, others: Sequence[tuple[Mapping[str, Any], str]] = (), identifier: str = ""
    ) -> None:
        """Add to `media` a path of every image, and of `others`, that OpenClaw may attach, or of its chat copy.

        Copies are stored under the task's local id, or `identifier` if there is none. `others` are rows, each with
        its own id, or "" for the task's.
        """
        local_id = self.result.local_id or identifier or "result"
        rows = (*((row, local_id) for row in self.result.images), *((row, own or local_id) for row, own in others))
        for path in attachable(rows, state, self.reporter, self.chat_copy):
            self.note(media=[*self.result.media, path])

    def confirm_spend(self, entry: Entry | None = None, cost: str = "") -> None:
        """On a terminal, let the person confirm before money is spent; without one, do nothing.

        The question follows the start of the prompt and the size of an `entry`, and its `cost`.

        Raises:
            Interrupted: the person said no; nothing was sent.
        """
        if self.yes or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
            return
        if entry:
            size = entry.applied.get("size") or "-"
            start = short_repr(entry.prompt.get("start", ""))
            self.reporter.always("confirm_summary", start=start, size=sanitize_line(size, 40), cost=cost or "-")
        self.reporter.always("confirm_create")
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "是", "好", "确认"):
            self.declined = True
            raise signals.Interrupted(signal.SIGINT)

    def result_document(self, error: SkillError | signals.Interrupted | None) -> dict[str, Any]:
        """Return the result document with this outcome."""
        if isinstance(error, SkillError) and error.about:
            path, entry = error.about
            self.result = self.result.with_entry(entry, path)
        described = self._error_document(error) if error else None
        if self.result.continues and not error:
            self.note(next_command=self.resume())
        return document(self.result, described)

    def finish(self, error: SkillError | signals.Interrupted | None) -> int:
        """Print how the command ended and return its exit code."""
        self.reporter.end()
        result = self.result_document(error)
        code = _exit_code(error)
        if self.result_file and not (isinstance(error, SkillError) and error.code.startswith("result_file_")):
            try:
                text = to_json_line(result, ascii_only=False) + "\n"
                write_replaceable(Path(self.result_file).absolute(), text.encode(), is_result)
            except OSError as failure:
                reason = system_reason(failure)
                late = DiskError(
                    "result_file_failed", path=self.result_file, reason=reason, option="--result-file"
                )
                if error is None:
                    error, code = late, late.exit_code
                    result = document(self.result, self._error_document(late))
                else:
                    self.reporter.always(late.code, **late.facts)
        if error:
            self._print_error(result)
        if not self._print_result(result):
            return code or DiskError.exit_code
        return code

    def _error_document(self, error: SkillError | signals.Interrupted) -> dict[str, Any]:
        """Return the `error` of the document."""
        if isinstance(error, signals.Interrupted):
            error = self._interruption()
        if error.remedy is None and self.result.status in ("submitted", "running"):
            error.remedy = "resume"  # the task keeps running at the service, whatever failed here
        following = self._next_command(error)
        self.note(next_command=following or self.result.next_command)
        return {
            "code": error.code,
            "message": self.catalog.format(error.code, **error.facts),
            "hint": hint_of(error, self.catalog),
            "next": following.document() if following else None,
            "retryable": error.retryable,
            "charged": self.result.charged,
            "provider_code": error.provider_code,
            "http_status": error.http_status,
            "request_id": error.request_id,
            "help_url": error.help_url,
        }

    def _interruption(self) -> SkillError:
        """Return the error for an interruption."""
        if self.declined:
            return SkillError("declined", remedy="none")
        if self.interrupted_message:
            return SkillError(self.interrupted_message, remedy="again")
        if self.result.status == "unknown":
            error = SkillError("interrupted_unknown", remedy="again")
        elif self.result.task_id:
            error = SkillError("interrupted", remedy="resume")
        else:
            error = SkillError("interrupted_early", remedy="again")
        error.retryable = True
        return error

    def _next_command(self, error: SkillError) -> NextCommand | None:
        """Return the command that an error proposes; after a limit, only the user decides to pay later."""
        following = self._remedy(error)
        if following is None or following.cost == "none":
            return following
        if isinstance(error, RateLimitError):
            return replace(following, needs_consent=True)
        if isinstance(error, StillRunning | TaskLocked) and not following.needs_consent:
            return replace(following, cost="maybe")  # what the other process does decides
        return following

    def _remedy(self, error: SkillError) -> NextCommand | None:
        if error.remedy == "again":
            return self.rerun()
        if error.remedy == "new":
            return self.pay_for({"--new": True}) if self.spends else None
        if error.remedy == "instead":
            return self.pay_for(error.facts["instead"])
        if error.remedy == "resume":
            return self.resume(unrecorded=error.code == "journal_failed")
        if error.remedy == "set_aside":
            return NextCommand([PYTHON_COMMAND, self.launcher_named("tasks.py"), "set-aside"])
        return None

    def _print_error(self, document: Mapping[str, Any]) -> None:
        """Print the error on stderr, for people."""
        error = document["error"]
        self.reporter.always("error_line", message=error["message"])
        if error["hint"]:
            self.reporter.always("hint_line", hint=error["hint"])
        if error["next"]:
            self.reporter.line(next_line({**document, "next": error["next"]}, self.catalog))

    def _print_result(self, result: dict[str, Any]) -> bool:
        """Print the result on stdout; return False if stdout is closed."""
        if sys.stdout is None:
            self.reporter.always("stdout_failed")
            return False
        if self.json:
            utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
            text = to_json_line(result, ascii_only=not utf8)
        else:
            text = harmless(redact_keys(summary(result, [*self.result.lines, *self.summary_lines], self.catalog)))
            if is_terminal(sys.stdout) and knows_links(os.environ):
                text = with_links(text, [str(row["path"]) for row in result["images"]])
        try:
            if text:
                sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):  # or the interpreter's own flush complains at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.reporter.always("stdout_failed")
            return False
        return True


def _exit_code(error: SkillError | signals.Interrupted | None) -> int:
    if error is None:
        return 0
    return 128 + error.signal_number if isinstance(error, signals.Interrupted) else error.exit_code


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _is_live_terminal(stream: TextIO | None) -> bool:
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"
