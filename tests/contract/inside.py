"""Runs commands in the tests' own process, ten times as quick; `make test-bundles` makes processes of the same."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from shared.openclaw import config_files
from shared.security import keys
from tests.launcher import ROOT, SKILLS, Bench, Ended

if TYPE_CHECKING:
    from pathlib import Path

Command = Callable[[Sequence[str], str], int]
"""What a launcher hands over to: gets the arguments and the launcher's path, returns the exit code."""


@dataclass
class Streams:
    """Streams in place of the process's, for a command that runs in here."""

    stdin: io.TextIOWrapper
    stdout: io.TextIOWrapper
    stderr: io.TextIOWrapper

    @classmethod
    def with_input(cls, content: bytes) -> Streams:
        return cls(*(io.TextIOWrapper(io.BytesIO(start)) for start in (content, b"", b"")))

    def ended(self, code: int) -> Ended:
        for stream in (self.stdout, self.stderr):
            stream.flush()
        return Ended(code, self.stdout.buffer.getvalue(), self.stderr.buffer.getvalue())  # type: ignore[attr-defined]


class Inside:
    """Runs a command in this process, in a bench's home and working folder."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, command: Command, launcher: str) -> None:
        self._patch = monkeypatch
        self._command = command
        self._launcher = str(SKILLS / bench.skill / "scripts" / launcher)
        for name, value in bench.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(bench.work)

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ended:
        streams = Streams.with_input(stdin)
        with self._patch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            for name, stream in vars(streams).items():
                patch.setattr(sys, name, stream)
            code = self._command(list(arguments), self._launcher)
        return streams.ended(code)


HANDED_OVER = re.compile(r'launch\(__file__, "([a-z_.]+):([a-z_]+)"')


def command_of(skill: str, launcher: str) -> Command:
    """Return the function that a launcher hands over to."""
    found = HANDED_OVER.search((SKILLS / skill / "scripts" / launcher).read_text("utf-8"))
    assert found, launcher
    command: Command = getattr(importlib.import_module(found[1]), found[2])
    return command


class QuickBench(Bench):
    """A bench whose `run` needs no process; bundles, other threads and other folders get one all the same."""

    def run(
        self,
        launcher: str,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bytes = b"",
    ) -> Ended:
        """Run a launcher's command to its end."""
        if SKILLS != ROOT / "skills" or cwd or threading.current_thread() is not threading.main_thread():
            return super().run(launcher, *arguments, env=env, cwd=cwd, stdin=stdin)
        config_files.parse.cache_clear()
        streams = Streams.with_input(stdin)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keys, "_in_play", {})  # a key of one command would be masked in the next
            for name in set(os.environ):
                patch.delenv(name)
            for name, value in {**self.environment, **(env or {})}.items():
                patch.setenv(name, value)
            patch.chdir(self.work)
            for name, stream in vars(streams).items():
                patch.setattr(sys, name, stream)
            code = command_of(self.skill, launcher)(list(map(str, arguments)), self.argv(launcher)[1])
        return streams.ended(code)
