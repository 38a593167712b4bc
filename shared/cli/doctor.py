"""The command `doctor.py`: check everything that a skill needs to make an image, without spending anything."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import stat
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from shared.cli.app import output_options
from shared.cli.hints import hint_of
from shared.disk_reason import unexpected_error
from shared.errors import ConfigurationError, SkillError
from shared.files import check_could_make
from shared.i18n.catalog import sanitize_line
from shared.interpreters import find_uv
from shared.journal.entry import UNFINISHED
from shared.journal.reader import JournalReader
from shared.launch import DEPENDENCIES
from shared.openclaw.config_variables import env_files
from shared.openclaw.folders import config_path, is_attachable, output_folder, state_folders
from shared.security.keys import KeySource, ResolvedKey, find_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from shared.cli.context import CommandContext, Skill


UV_SECONDS = 10.0
MAX_CLOCK_OFFSET = 60.0  # seconds; a Date header is exact to one, and its answer may have been on its way for some
OTHERS = stat.S_IRWXG | stat.S_IRWXO
CheckStatus = Literal["ok", "note", "failed"]
Line = tuple[CheckStatus, str]


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    check: str
    verdict: CheckStatus
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class DoctorConfig:
    """A skill's settings for the doctor.

    `ask` makes one free authenticated read and returns the id of the message that describes the answer; it raises
    what the skill's client raises. `service` is the base URL.
    """

    sources: Sequence[KeySource]
    service: str
    ask: Callable[[ResolvedKey], str]
    output: Path | None = None
    """The default output folder, for a skill that has its own."""
    without_key: str | None = None
    """The message for a missing key, for a skill that works without one."""
    key_files: Sequence[Path] = ()
    """The files in which the skill itself keeps a key, besides OpenClaw's own."""
    inconclusive: frozenset[str] = frozenset()
    """The messages of `ask` for an answer that leaves open whether the key works."""
    settings: Callable[[Callable[..., str]], Iterator[Line]] | None = None
    """Yields the source of each setting, for a skill with a configuration; gets the catalog's `format`."""
    more: Mapping[str, Callable[[Callable[..., str]], Iterator[Line]]] = field(default_factory=dict)
    """Further checks of the skill, by name; each gets the catalog's `format`."""


def doctor_command(
    skill: Skill,
    make_config: Callable[[dict[str, Any]], DoctorConfig],
    options: Sequence[Callable[[Any], Any]] = (),
) -> click.Command:
    """Return the command; `options` are the skill's own click options, whose values `make_config` gets."""

    def doctor(context: CommandContext, **params: Any) -> None:
        checks = DoctorChecks(context, make_config(params))
        context.note(status="succeeded")
        context.note_own(checks=[asdict(finding) for finding in checks.findings()])
        for finding in context.result.extra["checks"]:
            sign = context.catalog.format(f"verdict_{finding['verdict']}")
            check = context.catalog.format(f"check_{finding['check']}")
            context.summary_lines.append(f"{sign}  {check}: {finding['message']}")
            if finding["hint"]:
                context.summary_lines.append(f"        {finding['hint']}")
        if checks.failure:
            context.note(status="not_started")
            raise checks.failure

    command = output_options(doctor)
    for option in options:
        command = option(command)
    return click.command("doctor", help=f"Check everything that {skill.slug} needs. Free.")(command)


class DoctorChecks:
    """The checks, independent of each other: all of them run, and the first failure is kept."""

    def __init__(self, context: CommandContext, patient: DoctorConfig) -> None:
        self._context = context
        self._say = context.catalog.format
        self._patient = patient
        self._found: ResolvedKey | None = None
        self.failure: SkillError | None = None

    def findings(self) -> Iterator[Finding]:
        """Yield one finding or more for each check."""
        checks: dict[str, Callable[[], Iterator[Line]]] = {
            "python": self._python,
            **({"settings": self._settings} if self._patient.settings else {}),
            "key_files": self._key_files,
            "key": self._key,
            "proxy": self._proxy,
            "certificates": self._certificates,
            "output": self._output,
            "state": self._state,
            "service": self._service,
            "clock": self._clock,
            **{name: functools.partial(check, self._say) for name, check in self._patient.more.items()},
        }
        for name, check in checks.items():
            try:
                for verdict, message in check():
                    yield Finding(name, verdict, message)
            except (SkillError, OSError) as failure:
                error = failure if isinstance(failure, SkillError) else unexpected_error(failure)
                self.failure = self.failure or error
                advice = hint_of(error, self._context.catalog)
                yield Finding(name, "failed", self._say(error.code, **error.facts), advice)

    def _python(self) -> Iterator[Line]:
        yield "ok", self._say("python_found", version=platform.python_version(), path=sys.executable)
        # what is missing or too old, the launcher has refused before this line could run
        names = [requirement.partition(">=")[0] for requirement in DEPENDENCIES.values()]
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
        yield "ok", self._say("packages_found", versions=versions)

        uv = find_uv()
        if uv is None:
            yield "ok", self._say("uv_absent")
            return
        try:
            done = subprocess.run(
                [uv, "--version"],
                cwd=Path(sys.executable).anchor,
                capture_output=True,
                timeout=UV_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            yield "note", self._say("uv_broken", path=uv, reason=type(error).__name__)
        else:
            yield (
                "ok",
                self._say("uv_present", version=sanitize_line(done.stdout.decode("utf-8", "replace")), path=uv),
            )

    def _settings(self) -> Iterator[Line]:
        yield from self._patient.settings(self._say) if self._patient.settings else ()

    def _key_files(self) -> Iterator[Line]:
        """Yield the mode of each file that may hold a key; before one is read, which closes the skill's own."""
        for path in dict.fromkeys((*self._patient.key_files, config_path(), *env_files())):
            try:
                status = path.stat()
            except OSError:
                continue
            mode = f"{stat.S_IMODE(status.st_mode):o}"
            if os.name != "nt" and status.st_uid not in (os.geteuid(), 0):
                yield "note", self._say("key_file_foreign", path=path)
            elif os.name != "nt" and status.st_mode & OTHERS:
                yield "note", self._say("key_file_open", path=path, mode=mode)
            else:
                yield "ok", self._say("key_file_private", path=path, mode=mode)

    def _key(self) -> Iterator[Line]:
        try:
            self._found = find_key(self._patient.sources)
        except ConfigurationError as error:
            if error.code != "key_missing" or self._patient.without_key is None:
                raise
            yield "note", self._say(self._patient.without_key)
            return
        for source, why in self._found.passed_over:
            yield "note", self._say(f"key_source_{why}", source=source)
        yield "ok", self._say("key_found", key=self._found.secret, source=self._found.source)

    def _proxy(self) -> Iterator[Line]:
        from shared.http.proxy import configured_proxy, proxy_for  # noqa: PLC0415  - requests comes with it

        proxy = proxy_for(self._patient.service)
        configured_proxy()  # for the links, which no exception for the service's host concerns
        yield "ok", self._say("proxy_found", proxy=proxy) if proxy else self._say("proxy_none")

    def _certificates(self) -> Iterator[Line]:
        from shared.http.environment import ca_bundle, check_key_log  # noqa: PLC0415

        check_key_log()
        path = ca_bundle()
        yield (
            "ok",
            self._say("certificates_built_in") if path is True else self._say("certificates_found", path=path),
        )

    def _output(self) -> Iterator[Line]:
        from shared.images.download import check_output_folder  # noqa: PLC0415

        state = state_folders()[0]
        folder = output_folder(None, state, default=self._patient.output)
        existed = folder.exists()
        check_output_folder(folder)
        if not existed:
            folder.rmdir()
        attached = "output_attached" if is_attachable(folder, state) else "output_copied"
        yield "ok", self._say(attached, path=folder)

    def _state(self) -> Iterator[Line]:
        states = state_folders()
        check_could_make(states[0])
        counts = JournalReader(self._context.skill.slug, states, access="read").counts()
        unfinished = sum(counts.get(state, 0) for state in UNFINISHED)
        unknown = counts.get("unknown", 0)
        tasks = sum(counts.values())
        facts = {"path": states[0], "tasks": tasks, "unfinished": unfinished, "unknown": unknown}
        yield "note" if unfinished or unknown else "ok", self._say("state_found", **facts)

    def _service(self) -> Iterator[Line]:
        from shared.http.clock import forget_date  # noqa: PLC0415

        forget_date()
        if self._found is None:
            yield "note", self._say("service_not_asked")
            return
        answer = self._patient.ask(self._found)
        verdict: CheckStatus = "note" if answer in self._patient.inconclusive else "ok"
        yield verdict, self._say(answer, service=self._patient.service)

    def _clock(self) -> Iterator[Line]:
        """Yield the clock's deviation, if the service was contacted and dated its answer."""
        from shared.http.clock import clock_offset  # noqa: PLC0415

        offset = clock_offset()
        if offset is None:
            return
        seconds = f"{abs(offset):.0f}"
        if abs(offset) <= MAX_CLOCK_OFFSET:
            yield "ok", self._say("clock_right", seconds=seconds)
        else:
            yield "note", self._say("clock_ahead" if offset > 0 else "clock_behind", seconds=seconds)
