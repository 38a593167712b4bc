"""Tasks are removed only at a person's request and without a living owner; a damaged database is kept."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shared.errors import DiskError, TaskLocked
from shared.journal import retention, schema
from shared.journal.retention import forget, prune, set_damaged_aside
from tests.journals import alter, entries_in
from tests.shared.fakes import FOLDER, NOW, put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.journal.entry import State

AGE = timedelta(days=90)
OLD = AGE + timedelta(days=1)


@pytest.mark.parametrize("state", ["succeeded", "failed", "refused", "unreachable"])
def test_finished_tasks_of_an_age_go(tmp_path: Path, state: State) -> None:
    old, older = (put(tmp_path, state=state, age=OLD * times, sequence=times) for times in (1, 2))
    young = put(tmp_path, state=state, sequence=3)
    assert prune([old.database], NOW - AGE) == 2
    assert (old.exists, older.exists, young.exists) == (False, False, True)


@pytest.mark.parametrize("state", ["prepared", "submitting", "submitted", "unknown"])
def test_what_may_still_be_paid_for_stays_however_old(tmp_path: Path, state: State) -> None:
    row = put(tmp_path, state=state, age=OLD)
    assert prune([row.database], NOW - AGE) == 0
    assert row.exists


def test_pruning_gives_the_space_back_and_leaves_nothing_to_read(tmp_path: Path) -> None:
    for number in range(300):
        row = put(
            tmp_path,
            fingerprint=f"{number:064x}",
            state="succeeded",
            age=OLD,
            sequence=number,
            extra={"text": "w" * 900},
        )
    size = row.database.stat().st_size
    assert prune([row.database], NOW - AGE) == 300
    assert row.database.stat().st_size < size / 4
    assert b"wwww" not in row.database.read_bytes()


def test_a_reader_during_a_prune_sees_the_journal_before_or_after(tmp_path: Path) -> None:
    row = put(tmp_path, state="succeeded", age=OLD)
    reader = schema.connect(row.database, "read")
    reader.execute("BEGIN")
    assert len(reader.execute("SELECT * FROM tasks").fetchall()) == 1
    assert prune([row.database], NOW - AGE) == 1
    assert len(reader.execute("SELECT * FROM tasks").fetchall()) == 1
    reader.execute("COMMIT")
    assert reader.execute("SELECT * FROM tasks").fetchall() == []
    reader.close()


def test_a_task_is_forgotten_unless_somebody_works_on_it(tmp_path: Path) -> None:
    row = put(tmp_path, state="unknown")
    with row.lock as lock:
        assert lock.try_acquire()
        with pytest.raises(TaskLocked) as caught:
            forget(row.database, row.entry)
    assert (caught.value.code, caught.value.facts["local_id"]) == ("request_busy", row.local_id)
    assert row.exists
    forget(row.database, row.entry)
    assert not row.exists


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[:-4096],
    "cut in its header": lambda content: content[:50],
    "noise": lambda content: os.urandom(len(content)),
    "zeros": lambda content: bytes(len(content)),
    "another program's": lambda content: content[:60] + bytes(4) + content[64:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_database_is_kept_and_a_new_one_begun(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    row = put(tmp_path, state="succeeded")
    spoiled = damage(row.database.read_bytes())
    row.database.write_bytes(spoiled)
    aside = set_damaged_aside(row.database)
    assert aside
    assert aside[0].read_bytes() == spoiled
    assert aside[0].name.startswith("journal.db.damaged-")
    assert aside[0].stat().st_mode & 0o777 == 0o600
    assert len(entries_in(row.database)) == aside[1]
    assert set_damaged_aside(row.database) is None


def test_what_can_be_read_of_a_damaged_database_still_protects(tmp_path: Path) -> None:
    whole, spoiled = put(tmp_path, state="succeeded"), put(tmp_path, state="unknown", sequence=2)
    alter(whole.database, "UPDATE tasks SET state = 'lost' WHERE local_id = ?", spoiled.local_id)
    entry = whole.entry
    aside = set_damaged_aside(whole.database)
    assert aside
    assert aside[1] == 1
    assert entries_in(whole.database) == [entry]


def test_what_belongs_to_a_database_is_kept_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(tmp_path)
    monkeypatch.setattr(retention, "_is_whole", lambda _path: False)  # SQLite itself would make use of them
    row.database.write_bytes(b"noise" * 100)
    for name in schema.COMPANIONS:
        row.database.with_name(row.database.name + name).write_bytes(name.encode())
    aside = set_damaged_aside(row.database)
    assert aside
    for name in schema.COMPANIONS:
        assert aside[0].with_name(aside[0].name + name).read_bytes() == name.encode()
    assert entries_in(row.database) == []


def test_a_whole_database_or_none_is_left_alone(tmp_path: Path) -> None:
    row = put(tmp_path)
    content = row.database.read_bytes()
    assert set_damaged_aside(row.database) is None
    assert row.database.read_bytes() == content
    nothing = tmp_path / "other" / "journal.db"
    nothing.parent.mkdir()
    assert set_damaged_aside(nothing) is None


def test_a_newer_database_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    row = put(tmp_path)
    alter(row.database, "PRAGMA user_version = 99")
    with pytest.raises(DiskError, match="journal_newer"):
        set_damaged_aside(row.database)


def test_a_folder_of_another_skill_is_not_a_journal(tmp_path: Path) -> None:
    tmp_path.joinpath(*FOLDER, "journal.db").mkdir(parents=True)
    with pytest.raises(DiskError, match="journal_refused"):
        set_damaged_aside(tmp_path.joinpath(*FOLDER, "journal.db"))
