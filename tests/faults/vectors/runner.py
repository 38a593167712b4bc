"""Runs a launcher's command in this process without a network, and checks the promises of every refusal."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from shared.cli import prompt_input
from shared.openclaw import config_files
from shared.security import keys
from tests.contract.inside import Inside, command_of
from tests.launcher import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.launcher import Bench, Ended

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "shared" / "output" / "result.schema.json").read_bytes())
)
_KNOWN: set[tuple[str, ...]] = set()
PATIENCE = 30  # seconds, after which a command that waits for ever fails its test


class Unplugged:
    """Runs the launchers of a bench in this process, where every connection is refused and noted in `calls`."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bench = bench
        self._patch = monkeypatch
        self.calls: list[str] = []
        monkeypatch.setattr(keys, "_in_play", {})  # a key that one row types would be masked in the next
        monkeypatch.setattr(prompt_input, "PIPE_SECONDS", 0.01)
        config_files.parse.cache_clear()
        for owner, name in ((socket, "getaddrinfo"), (socket.socket, "connect"), (socket.socket, "connect_ex")):
            monkeypatch.setattr(owner, name, self._refuse)

    def run(self, launcher: str, *argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ended:
        inside = Inside(self._bench, self._patch, command_of(self._bench.skill, launcher), launcher)

        def give_up(_number: int, _frame: object) -> None:
            command = shlex.join([self._bench.skill, launcher, *argv])
            pytest.fail(f"still running after {PATIENCE} s: {command[:500]}")

        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(PATIENCE)
        try:
            return inside.run(*argv, stdin=stdin, env=env)
        finally:
            signal.alarm(0)

    def _refuse(self, *arguments: object, **_named: object) -> Any:
        self.calls.append(repr(arguments))
        raise OSError("no network in here")


@contextlib.contextmanager
def nothing_written(bench: Bench) -> Iterator[None]:
    """Hold the block to it: no file is made, changed or removed in a bench's home and working folder."""
    before = _facts(bench.home, bench.work)
    yield
    after = _facts(bench.home, bench.work)
    assert {path for path in before | after if before.get(path) != after.get(path)} == set()


def _facts(*folders: Path) -> dict[str, tuple[int, ...]]:
    """Return the state of a file, to detect changes; of a folder, its content."""
    found: dict[str, tuple[int, ...]] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.lstat()
            changing = (0, 0) if path.is_dir() else (status.st_size, status.st_mtime_ns)
            found[str(path)] = (status.st_mode, status.st_ino, *changing)
    return found


def told(ended: Ended, code: int) -> dict[str, Any]:
    """Return the error of a refusal, in the one document and as a sentence on stderr."""
    document = ended.document
    assert ended.code == code, ended.talk
    assert isinstance(document["error"], dict)
    shape = (document["skill"], document["error"]["code"], *document)
    if shape not in _KNOWN:  # what differs between two of one shape are words
        SCHEMA.validate(document)
        _KNOWN.add(shape)
    assert (document["ok"], document["status"], document["charged"]) == (False, "not_started", "no")
    assert (document["attempts"], document["local_id"], document["journal"]) == (0, None, None)
    assert "Traceback" not in ended.talk
    error = document["error"]
    assert isinstance(error, dict)
    assert error["message"] in ended.talk
    assert error["message"].isprintable()
    assert len(error["message"]) < 500
    if error["next"]:
        argv = error["next"]["argv"]
        assert shlex.split(error["next"]["shell"]) == argv
        assert os.path.isabs(argv[1])  # noqa: PTH117  - a word of a command
        assert Path(argv[1]).is_file()
    return error
