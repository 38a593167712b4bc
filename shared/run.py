"""One run of a command: how it speaks, what it has found out, how it ends, and how it is run again."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from shared import interrupts
from shared.errors import DiskError, SkillError
from shared.files import write_atomically
from shared.messages import Catalogue, choose_language
from shared.openclaw import attachable
from shared.progress import Reporter
from shared.result import Result, encoded, spelled
from shared.summary import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.texts import Text

LARGEST_ATTACHMENT = 6_000_000  # bytes; chat channels refuse more
PYTHON = "python" if os.name == "nt" else "python3"


@dataclass(frozen=True)
class Skill:
    """Who a command belongs to; `texts` are the sentences that only this skill says."""

    slug: str
    provider: str
    version: str
    texts: Mapping[str, Text]
    main_launcher: str
    """The launcher that takes --resume; it lies beside every other one."""

    @property
    def user_agent(self) -> str:
        """How requests of this skill introduce themselves."""
        return f"openclaw-{self.slug}/{self.version}"


class Run:
    """One run of a command: how it speaks, what it has found out, and how it can be run again."""

    def __init__(self, skill: Skill, argv: Sequence[str], launcher: str) -> None:
        self.skill = skill
        self.argv = list(argv)
        self.launcher = str(Path(launcher).absolute())
        self.json = "--json" in argv or "--output-json" in argv
        self.catalogue = Catalogue(choose_language(value_of(argv, "--lang"), " ".join(argv)), skill.texts)
        self.reporter = Reporter(
            self.catalogue, sys.stderr, quiet="--quiet" in argv, live=_is_live_terminal(sys.stderr)
        )
        self.result = Result(skill.slug, skill.version, skill.provider)
        self.result_file = value_of(argv, "--result-file")
        self.lines: list[str] = []
        """More for a person to read on stdout, where no JSON was asked for."""
        self.resume_flags: list[str] = []
        """What a resume needs besides the id: where the service is, which key, where files go; never a key."""

    def speak(self, language_of: str, lang: str) -> None:
        """Settle the language once the prompt is known (it may come from a file)."""
        self.catalogue = Catalogue(choose_language(lang, language_of), self.skill.texts)
        self.reporter.catalogue = self.catalogue

    def again(self, *more: str) -> list[str]:
        """Return the argv that runs this command once more."""
        return [PYTHON, self.launcher, *self.argv, *(flag for flag in more if flag not in self.argv)]

    def resume(self) -> list[str]:
        """Return the argv that goes on with the task in hand; this command again while it has no id yet."""
        identifier = self.result.task_id or self.result.local_id
        if identifier is None:
            return self.again()
        return [
            PYTHON,
            str(Path(self.launcher).with_name(self.skill.main_launcher)),
            "--resume",
            identifier,
            *self.resume_flags,
            *(["--json"] if self.json else []),
        ]

    def attach(self, state: Path) -> None:
        """List under `media` a path of every picture that OpenClaw may attach to the agent's reply."""
        local_id = self.result.local_id or "result"
        for row in self.result.images:
            if row["bytes"] > LARGEST_ATTACHMENT:
                self.reporter.insist("picture_large", path=row["path"], megabytes=f"{row['bytes'] / 1e6:.1f}")
            try:
                self.result.media.append(str(attachable(Path(row["path"]), local_id, state)))
            except OSError as failure:
                reason = failure.strerror or type(failure).__name__
                self.reporter.insist("not_attachable", path=row["path"], reason=reason)

    def ask(self) -> None:
        """On a terminal, let the person say yes before money is spent; without one, do nothing.

        Raises:
            Interrupted: the person said no; nothing was sent.
        """
        if "--yes" in self.argv or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
            return
        self.reporter.insist("confirm_create")
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "是", "好", "确认"):
            raise interrupts.Interrupted(signal.SIGINT)

    def end(self, error: SkillError | interrupts.Interrupted | None) -> int:
        """Print how the command ended and return its exit code."""
        self.reporter.end()
        document = self.result.document(self._told(error) if error else None)
        code = _exit_code(error)
        if self.result_file:
            try:
                text = encoded(document, ascii_only=False) + "\n"
                write_atomically(Path(self.result_file).absolute(), text.encode())
            except OSError as failure:
                reason = failure.strerror or type(failure).__name__
                late = DiskError("result_file_failed", path=self.result_file, reason=reason)
                if error is None:
                    error, code = late, late.exit_code
                    document = self.result.document(self._told(late))
                else:
                    self.reporter.insist(late.code, **late.facts)
        if error:
            self._complain(document["error"])
        if not self._print(document):
            return code or DiskError.exit_code
        return code

    def _told(self, error: SkillError | interrupts.Interrupted) -> dict[str, Any]:
        """Return the `error` of the document."""
        if isinstance(error, interrupts.Interrupted):
            sent = self.result.attempts > 0
            error = SkillError(
                "interrupted" if sent else "interrupted_early", remedy="resume" if sent else "again"
            )
            error.retryable = True
        argv = self._remedy(error)
        self.result.next_argv = argv or self.result.next_argv
        hint = f"{error.code}.hint"
        return {
            "code": error.code,
            "message": self.catalogue.say(error.code, **error.facts),
            "hint": self.catalogue.say(hint, **error.facts) if self.catalogue.knows(hint) else None,
            "next": spelled(argv) if argv else None,
            "retryable": error.retryable,
            "charged": self.result.charged,
            "provider_code": error.provider_code,
            "http_status": error.http_status,
            "request_id": error.request_id,
        }

    def _remedy(self, error: SkillError) -> list[str] | None:
        if error.remedy == "again":
            return self.again()
        if error.remedy == "new":
            return None if "--resume" in self.argv else self.again("--new")
        if error.remedy == "resume":
            return self.resume()
        if error.remedy == "forget":
            tasks = Path(self.launcher).with_name("tasks.py")
            return [PYTHON, str(tasks), "forget", str(error.facts["local_id"])]
        return None

    def _complain(self, told: dict[str, Any]) -> None:
        """Say the error on stderr, for people."""
        say = self.reporter.insist
        say("error_line", message=told["message"])
        if told["hint"]:
            say("hint_line", hint=told["hint"])
        if told["next"]:
            say("next_line", command=told["next"]["shell"])

    def _print(self, document: dict[str, Any]) -> bool:
        """Print the result on stdout; False when nobody can read it there."""
        if sys.stdout is None:
            return False
        if self.json:
            utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
            text = encoded(document, ascii_only=not utf8)
        else:
            text = summary(document, self.lines, self.catalogue)
        try:
            if text:
                sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):  # or the interpreter's own flush complains at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.reporter.insist("stdout_failed")
            return False
        return True


def _exit_code(error: SkillError | interrupts.Interrupted | None) -> int:
    if error is None:
        return 0
    return 128 + error.signal_number if isinstance(error, interrupts.Interrupted) else error.exit_code


def value_of(argv: Sequence[str], flag: str) -> str:
    """Return what a flag was given in raw arguments, for the ends that come before they are parsed."""
    for position, argument in enumerate(argv):
        if argument == flag and position + 1 < len(argv):
            return argv[position + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return ""


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person sits at the other end of a stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _is_live_terminal(stream: TextIO | None) -> bool:
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"
