"""The database of a journal: made privately and once, refused where it is not ours, never half written."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import DiskError, TaskLocked
from shared.files import Lock
from shared.journal import schema
from shared.journal.claim import Journal, LockWait
from shared.journal.interface import StoreBusy
from shared.journal.store import SqliteStore
from shared.part_files import PartFile
from shared.security.keys import Secret
from tests.journals import WatchedConnection, alter, entries_in, keep, watch
from tests.shared.fakes import FOLDER, NOW, OTHERS, draft, put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT_ONCE = LockWait(0.0, wait=False)
ID = "20260301T110000Z-00000001"


def claim_in(state: Path, print_: str = OTHERS) -> None:
    Journal("image2", [state]).claim(draft(print_), AT_ONCE).task.release()


# ---- bad input


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "journal_damaged"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-4096]), "journal_damaged"),
    "random bytes": (lambda path: path.write_bytes(os.urandom(8192)), "journal_damaged"),
    "without its table": (lambda path: alter(path, "DROP TABLE tasks"), "journal_damaged"),
    "with another column": (
        lambda path: alter(path, "ALTER TABLE tasks RENAME COLUMN state TO s"),
        "journal_damaged",
    ),
    "with details that are no JSON": (
        lambda path: alter(path, "UPDATE tasks SET details = '['"),
        "journal_damaged",
    ),
    "with details that are a list": (
        lambda path: alter(path, "UPDATE tasks SET details = '[]'"),
        "journal_damaged",
    ),
    "with deep details": (
        lambda path: alter(path, "UPDATE tasks SET details = ?", "[" * 100_000),
        "journal_damaged",
    ),
    "with an id that is a path": (
        lambda path: alter(path, "UPDATE tasks SET local_id = '../x'"),
        "journal_damaged",
    ),
    "newer": (lambda path: alter(path, "PRAGMA user_version = 99"), "journal_newer"),
    "a link": (a_link, "journal_refused"),
    "a folder": (a_folder, "journal_refused"),
    "a pipe": (a_pipe, "journal_refused"),
}


@pytest.mark.parametrize(("spoil", "code"), BAD.values(), ids=BAD)
def test_a_database_that_cannot_be_relied_on_stops_everything(
    tmp_path: Path, spoil: Callable[[Path], object], code: str
) -> None:
    row = put(tmp_path, state="succeeded", fingerprint=OTHERS)
    spoil(row.database)
    with pytest.raises(DiskError) as caught:
        claim_in(tmp_path)
    assert (caught.value.code, caught.value.exit_code, caught.value.facts["path"]) == (code, 12, row.database)
    assert caught.value.remedy == ("set_aside" if code == "journal_damaged" else None)


def test_a_database_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path)
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(DiskError) as caught:
        SqliteStore(tmp_path.joinpath(*FOLDER)).counts()
    assert (caught.value.code, caught.value.facts["reason"]) == ("journal_refused", "belongs_to_another")


def test_where_files_have_no_owner_none_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(tmp_path)
    monkeypatch.delattr(os, "geteuid")
    assert row.exists


def test_a_database_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    row = put(tmp_path)
    row.database.chmod(0o644)
    claim_in(tmp_path)
    assert stat.S_IMODE(row.database.stat().st_mode) == 0o600


def test_what_is_never_there_is_not_made_by_reading(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "skill", "read")
    assert not store.exists()
    with pytest.raises(DiskError, match="journal_failed"):
        store.counts()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EDQUOT, errno.EACCES, None])
@pytest.mark.parametrize("words", ["attempt to write a readonly database", "disk I/O error"])
def test_database_that_cannot_be_written_says_what_the_folder_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, number: int | None
) -> None:
    watch(monkeypatch)
    put(tmp_path, fingerprint=OTHERS)

    def fail(statement: str) -> None:
        if statement.startswith("BEGIN"):
            raise sqlite3.OperationalError(words)

    def refuse(*_anything: object, **_more: object) -> None:
        if number is not None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(WatchedConnection, "before", staticmethod(fail))
    monkeypatch.setattr(PartFile, "sync", refuse)
    with pytest.raises(DiskError) as caught:
        claim_in(tmp_path)
    without = "Input/output error" if "I/O" in words else words
    reason = without if number is None else os.strerror(number)
    assert (caught.value.code, caught.value.facts["reason"]) == ("journal_failed", reason)
    assert not list(tmp_path.rglob("*.part"))


def test_a_planted_temporary_file_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*FOLDER)
    folder.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / "journal.db.new").symlink_to(victim)
    (folder / "journal.db.new-journal").write_bytes(b"left by a kill")
    claim_in(tmp_path)
    assert victim.read_text() == "mine"
    assert len(entries_in(folder / "journal.db")) == 1


# ---- making it


def make(state: Path, barrier: Any) -> None:
    barrier.wait()
    claim_in(state, f"{os.getpid():064x}")


def test_processes_that_make_it_at_once_share_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    processes = [context.Process(target=make, args=(tmp_path, barrier)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(entries_in(tmp_path.joinpath(*FOLDER, "journal.db"))) == 4


def test_a_lock_that_nobody_lets_go_of_ends_the_making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_MS", 50)
    folder = tmp_path.joinpath(*FOLDER)
    folder.mkdir(parents=True)
    with Lock(folder / "journal.db.lock") as lock:
        assert lock.try_acquire()
        with pytest.raises(DiskError, match="journal_failed"):
            claim_in(tmp_path)
    claim_in(tmp_path)


def test_it_is_durable_and_in_wal_mode(tmp_path: Path) -> None:
    row = put(tmp_path)
    with closing(schema.connect(row.database, "own")) as connection:
        answers = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
        assert answers == [2, "wal"]
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION


@pytest.fixture
def _newer_code(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (
        *schema.MIGRATIONS,
        "ALTER TABLE tasks ADD COLUMN colour TEXT; CREATE INDEX by_colour ON tasks (colour)",
    )
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps))


@pytest.mark.usefixtures("_newer_code")
def test_an_older_database_is_migrated_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
        older.setattr(schema, "VERSION", schema.VERSION - 1)
        row = put(tmp_path, state="unknown")
        entry = row.entry
    claim_in(tmp_path)
    assert entry in entries_in(row.database)
    with closing(schema.connect(row.database, "read")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
        assert connection.execute("SELECT colour FROM tasks").fetchall()


@pytest.mark.usefixtures("_newer_code")
def test_a_migration_that_fails_leaves_the_older_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
        older.setattr(schema, "VERSION", schema.VERSION - 1)
        row = put(tmp_path, state="unknown")

    def full(statement: str) -> None:
        if "by_colour" in statement:
            raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(WatchedConnection, "before", staticmethod(full))
        with pytest.raises(DiskError, match="journal_failed"):
            claim_in(tmp_path)
    with closing(schema.connect(row.database, "read")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION - 1


def test_other_skills_databases_are_read_older_or_newer_and_left_alone(tmp_path: Path) -> None:
    row = put(tmp_path, state="succeeded")
    alter(row.database, "ALTER TABLE tasks ADD COLUMN colour TEXT")
    alter(row.database, "PRAGMA user_version = 99")
    assert [entry.state for entry in entries_in(row.database)] == ["succeeded"]
    alter(row.database, "PRAGMA user_version = 1")
    alter(row.database, "ALTER TABLE tasks DROP COLUMN submitted_at")
    assert [entry.state for entry in entries_in(row.database)] == ["succeeded"]


# ---- one step, or none


def test_two_live_tasks_of_one_request_cannot_exist(tmp_path: Path) -> None:
    live = put(tmp_path, state="submitted")
    with pytest.raises(TaskLocked) as caught:
        put(tmp_path, state="prepared", sequence=2)
    assert caught.value.about == (live.database, live.entry)
    ended = put(tmp_path, state="unknown", sequence=3)
    with pytest.raises(TaskLocked):
        keep(tmp_path.joinpath(*FOLDER), replace(ended.entry, state="submitting"))
    assert ended.entry.state == "unknown"


def test_who_decides_does_not_wait_for_another_who_does(tmp_path: Path) -> None:
    first, second = (SqliteStore(tmp_path.joinpath(*FOLDER)) for _ in "12")
    first.create()
    begun = time.monotonic()
    with first.transaction(), pytest.raises(StoreBusy), second.transaction(claiming=True):
        pass
    assert time.monotonic() - begun < 5


def test_a_write_that_waits_too_long_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_MS", 10)
    first, second = (SqliteStore(tmp_path.joinpath(*FOLDER)) for _ in "12")
    first.create()
    with first.transaction(), pytest.raises(DiskError) as caught:
        second.save(draft(local_id=ID))
    assert (caught.value.code, caught.value.facts["reason"]) == ("journal_failed", "database is locked")


def test_what_fails_halfway_is_undone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path.joinpath(*FOLDER))
    store.create()

    def halfway() -> None:
        with store.transaction():
            store.save(draft(local_id=ID))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        halfway()
    assert store.entry(ID) is None


def test_threads_share_a_journal(tmp_path: Path) -> None:
    journal = Journal("image2", [tmp_path], now=lambda: NOW)

    def work(number: int) -> None:
        with journal.claim(draft(f"{number:064x}"), LockWait(time.monotonic() + 30)) as lease:
            lease.task.mark_submitting()
            lease.task.mark_submitted(str(number), charged="yes", cost=None)
            lease.task.finish("succeeded")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.counts() == {"succeeded": 8}


# ---- what is kept


def test_an_entry_is_read_as_it_was_written(tmp_path: Path) -> None:
    cost = {"amount": 0.2, "unit": "credits", "source": "charged", "more": [1]}
    row = put(tmp_path, task_id="7", cost=cost, state="submitted", seconds=2.5, requested={"b": 1, "a": "猫"})
    entry = row.entry
    assert (entry.task_id, entry.cost, entry.seconds, entry.requested) == ("7", cost, 2.5, {"a": "猫", "b": 1})


FREE_TEXTS = ("error", "extra", "requested", "applied", "prompt")


@pytest.mark.parametrize("name", FREE_TEXTS)
def test_no_key_in_play_is_kept_whatever_text_it_comes_in(tmp_path: Path, name: str) -> None:
    key = Secret("dummy-" + "key-that-comes-back")
    words = f"bad key {key.reveal()}"
    row = put(tmp_path, **{name: {"words": words, "deep": [{"a": (words,)}], key.reveal(): 1}})
    assert getattr(row.entry, name)["words"] == f"bad key {key}"
    files = [path for path in row.database.parent.iterdir() if path.is_file()]
    assert not any(key.reveal().encode() in path.read_bytes() for path in files)


def test_no_query_of_a_link_is_kept(tmp_path: Path) -> None:
    row = put(tmp_path, images=[{"url": "https://a.example/1.png?signature=abc"}])
    assert row.entry.images == [{"url": "https://a.example/1.png"}]


def test_a_key_is_masked_in_what_is_compared_too(tmp_path: Path) -> None:
    key = Secret("dummy-" + "key-in-a-parameter")
    row = put(tmp_path, state="succeeded", requested={"size": key.reveal()})
    store = SqliteStore(row.database.parent)
    assert store.history(similar_to=draft(requested={"size": key.reveal()})) == [row.entry]


def test_a_forgotten_task_leaves_no_bytes(tmp_path: Path) -> None:
    row = put(tmp_path, extra={"text": "a very particular wish"})
    row.remove()
    assert b"particular" not in row.database.read_bytes()


def test_what_was_charged_beside_a_task(tmp_path: Path) -> None:
    began = put(tmp_path, state="submitted", possible_charges=1).entry
    beside = [
        put(tmp_path, sequence=2, state="unknown", possible_charges=1, finished_at=None),
        put(tmp_path, sequence=3, state="succeeded", possible_charges=1, age=timedelta(0)),
    ]
    put(tmp_path, sequence=4, state="succeeded", possible_charges=1, age=timedelta(days=1))
    put(tmp_path, sequence=5, state="succeeded", possible_charges=0, age=timedelta(0))
    put(tmp_path, sequence=6, state="succeeded", possible_charges=1, age=timedelta(0), account="1" * 12)
    put(
        tmp_path, sequence=7, state="succeeded", possible_charges=1, age=timedelta(0), base_url="https://b.example"
    )
    known = SqliteStore(tmp_path.joinpath(*FOLDER)).history(charged_beside=began)
    assert {entry.local_id for entry in known} == {row.local_id for row in beside}


def test_no_lookup_reads_the_whole_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)
    asked: list[tuple[str, Any]] = []

    class Asking(WatchedConnection):
        """A connection that records its queries."""

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement.startswith("SELECT"):
                asked.append((statement, values))
            return super().execute(statement, *values)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Asking))
    row = put(tmp_path, state="succeeded", possible_charges=1)
    journal = Journal("image2", [tmp_path], now=lambda: NOW)
    journal.claim(draft(OTHERS), AT_ONCE).task.finish("succeeded")
    journal.find("77", "https://kexiangai.com")
    journal.spent(NOW)
    journal.history(state="succeeded", similar_to=draft(), limit=50)
    journal.history(charged_beside=row.entry)
    journal.history(variant="a")
    journal.history(state="unknown", limit=20)
    with closing(schema.connect(row.database, "read")) as connection:
        plans = {
            f"{question}: {step[3]}"
            for question, values in asked
            for step in connection.execute(f"EXPLAIN QUERY PLAN {question}", *values)
        }
    assert len(asked) >= 9
    assert not [plan for plan in plans if "SCAN" in plan and "ORDER BY created_at DESC LIMIT" not in plan]
