"""What a synchronous service needs of shared: streamed answers, reopened tasks, threads, OpenClaw's JSON5."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared import files, signals
from shared.errors import DiskError, ReadError, ResponseLost
from shared.http.session import Session
from shared.journal.claim import Journal, LockWait
from shared.openclaw import folders
from tests.providers.house import StandInHouse
from tests.providers.reply import Reply
from tests.shared.fakes import FakeClock, draft

if TYPE_CHECKING:
    from shared.http.response import HttpResponse
    from tests.providers.request import Request

HOST = "stream.example"


def echo(request: Request) -> Reply:
    return Reply(body=request.body * 3, headers={"x-length": request.headers["content-length"]})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    with StandInHouse(handlers={HOST: echo}) as house:
        for name, value in house.environment().items():
            monkeypatch.setenv(name, value)
        standing = Session(user_agent="test/1", hosts={HOST})
        yield standing
        standing.close()


def test_a_file_is_sent_and_the_answer_goes_to_a_file(session: Session, tmp_path: Path) -> None:
    body = os.urandom(200_000)
    (tmp_path / "body").write_bytes(body)
    with (tmp_path / "body").open("rb") as sent, (tmp_path / "answer").open("w+b") as sink:
        answer = session.post_once("POST", f"https://{HOST}/", headers={}, body=sent, seconds=20, sink=sink)
    assert (answer.status, answer.body, answer.headers["x-length"]) == (200, b"", "200000")
    assert (tmp_path / "answer").read_bytes() == body * 3


def test_an_answer_over_the_limit_is_lost(session: Session, tmp_path: Path) -> None:
    with (tmp_path / "answer").open("w+b") as sink, pytest.raises(ResponseLost):
        session.post_once(
            "POST", f"https://{HOST}/", headers={}, body=b"x" * 400, seconds=20, sink=sink, max_bytes=1000
        )


def test_a_free_answer_goes_to_a_file_up_to_its_limit(session: Session, tmp_path: Path) -> None:
    def read(max_bytes: int) -> HttpResponse:
        with (tmp_path / "answer").open("wb") as sink:
            body = b"x" * 400
            return session.read(
                "POST", f"https://{HOST}/", headers={}, body=body, seconds=20, sink=sink, max_bytes=max_bytes
            )

    assert read(1200).body == b""
    assert (tmp_path / "answer").read_bytes() == b"x" * 1200
    with pytest.raises(ReadError):
        read(1199)


def test_an_answer_that_cannot_be_written_is_a_disk_error(session: Session) -> None:
    full = Path("/dev/full")
    with full.open("wb", buffering=0) as sink, pytest.raises(DiskError):
        session.post_once("POST", f"https://{HOST}/", headers={}, body=b"x", seconds=20, sink=sink)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal("image2", [tmp_path])


def test_an_unknown_outcome_is_reopened_with_all_that_belongs_to_it(journal: Journal) -> None:
    patience = LockWait(FakeClock().now)
    with journal.claim(draft(extra={"key": "k"}), patience) as claim:
        claim.task.mark_submitting()
        claim.task.finish("unknown")
        path, entry = claim.task.path, claim.task.entry
        assert journal.reopen(path, entry) is None  # another process has it
    reopened = journal.reopen(path, entry)
    assert reopened
    with reopened:
        task = reopened.task
        assert (reopened.action, task.entry.extra, task.entry.possible_charges) == ("create", {"key": "k"}, 1)
        task.mark_submitting()
        task.finish("succeeded")
        assert (task.entry.attempts, task.entry.possible_charges) == (2, 2)
    assert journal.reopen(path, entry) is None  # it is not unknown any more


def test_a_thread_holds_no_signal_back_and_drops_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 0)
    seen: list[bool] = []

    def work() -> None:
        with signals.defer_signals():
            signals.discard_pending()
            seen.append(signals.pending())

    def main() -> None:
        with signals.handle_signals(), signals.defer_signals():
            signal.raise_signal(signal.SIGINT)
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            seen.append(signals.pending())

    with pytest.raises(signals.Interrupted):
        main()
    assert seen == [True, True]


def test_what_need_not_survive_a_power_cut_is_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    files.write_atomically(tmp_path / "a", b"1", durable=False)
    assert files.move_into_place(tmp_path / "a", tmp_path / "b", durable=False) == tmp_path / "b"
    assert (flushed, (tmp_path / "b").read_bytes()) == ([], b"1")
    files.write_atomically(tmp_path / "a", b"2")
    assert len(flushed) == 2


def test_the_configuration_of_openclaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "named.json5"
    monkeypatch.setenv("OPENCLAW_CONFIG_PATH", str(path))
    with pytest.raises(FileNotFoundError):
        folders.read_config()
    assert folders.configured_workspace() is None
    path.write_text("\ufeff" + json.dumps({"agents": {"defaults": {"workspace": "~/w"}}}), encoding="utf-8")
    assert folders.configured_workspace() == Path.home() / "w"
    path.write_text("{agents: {defaults: {workspace: '/x',}}, /* mine */}")
    assert folders.workspace(tmp_path) == Path("/x")
    for wrong in ("[]", "{", '{"agents": 7}'):
        path.write_text(wrong)
        assert folders.workspace(tmp_path) == tmp_path / "workspace"


def test_plain_json_is_read_without_json5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.json"
    monkeypatch.setenv("OPENCLAW_CONFIG_PATH", str(path))
    monkeypatch.setitem(sys.modules, "json5", None)
    path.write_text('{"a": 1}')
    assert folders.read_config() == {"a": 1}
    path.write_text("{a: 1}")
    with pytest.raises((ValueError, ImportError)):
        folders.read_config()


def test_an_output_folder_of_the_skills_own(tmp_path: Path) -> None:
    assert folders.output_folder(None, tmp_path, default=tmp_path / "own") == tmp_path / "own"
    assert folders.output_folder(str(tmp_path / "x"), tmp_path, default=tmp_path / "own") == tmp_path / "x"
