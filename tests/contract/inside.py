"""Runs commands in the tests' own process: what is refused before anything is sent needs no process of its own."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.launcher import SKILLS, Ended

if TYPE_CHECKING:
    import pytest

    from tests.launcher import Bench

Command = Callable[[Sequence[str], str], int]
"""What a launcher hands over to: gets the arguments and the launcher's path, returns the exit code."""


@dataclass
class Streams:
    """Streams in place of the process's, for a command that runs in here."""

    stdin: io.TextIOWrapper
    stdout: io.TextIOWrapper
    stderr: io.TextIOWrapper

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
        streams = Streams(*(io.TextIOWrapper(io.BytesIO(content)) for content in (stdin, b"", b"")))
        with self._patch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            for name, stream in vars(streams).items():
                patch.setattr(sys, name, stream)
            code = self._command(list(arguments), self._launcher)
        return streams.ended(code)
