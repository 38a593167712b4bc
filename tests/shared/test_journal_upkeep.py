"""Entries leave the journal by age, by a word, or aside when unreadable; never under a living owner."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shared.errors import Busy, DiskError
from shared.files import Lock
from shared.journal_upkeep import KEPT_FOR, forget, prune, set_unreadable_aside
from tests.shared.fakes import FOLDER, NOW, put

if TYPE_CHECKING:
    from pathlib import Path

    from shared.entry import State

OLD = KEPT_FOR + timedelta(days=1)


@pytest.mark.parametrize("state", ["succeeded", "failed", "refused", "unreachable"])
def test_finished_entries_go_when_they_are_old(tmp_path: Path, state: State) -> None:
    old, older = (put(tmp_path, state=state, age=OLD * times, sequence=times) for times in (1, 2))
    young = put(tmp_path, state=state, sequence=3)
    assert prune([tmp_path.joinpath(*FOLDER)], KEPT_FOR, NOW) == 2
    assert (old.exists(), older.exists(), young.exists()) == (False, False, True)


@pytest.mark.parametrize("state", ["prepared", "submitting", "submitted", "unknown"])
def test_what_may_still_be_paid_for_stays_however_old(tmp_path: Path, state: State) -> None:
    path = put(tmp_path, state=state, age=OLD)
    assert prune([path.parent], KEPT_FOR, NOW) == 0
    assert path.exists()


def test_what_somebody_works_on_or_nobody_can_read_stays(tmp_path: Path) -> None:
    held, unreadable = put(tmp_path, state="succeeded", age=OLD), put(tmp_path, sequence=2, age=OLD)
    unreadable.write_bytes(b"{")
    (held.parent / "20200101T000000Z-00000000.json").mkdir()
    with Lock(held.with_suffix(".lock")) as lock:
        assert lock.try_acquire()
        assert prune([held.parent], KEPT_FOR, NOW) == 0
    assert held.exists()
    assert unreadable.exists()


def test_an_entry_is_forgotten_unless_somebody_works_on_it(tmp_path: Path) -> None:
    path = put(tmp_path, state="unknown")
    with Lock(path.with_suffix(".lock")) as lock:
        assert lock.try_acquire()
        with pytest.raises(Busy) as caught:
            forget(path)
    assert (caught.value.code, caught.value.facts["local_id"]) == ("request_busy", path.stem)
    assert path.exists()
    forget(path)
    assert not path.exists()


def test_what_is_not_there_cannot_be_forgotten(tmp_path: Path) -> None:
    path = put(tmp_path)
    forget(path)
    with pytest.raises(DiskError) as caught:
        forget(path)
    assert (caught.value.code, caught.value.facts["path"]) == ("disk_failed", path)


def test_what_cannot_be_set_aside_is_named(tmp_path: Path) -> None:
    cut = put(tmp_path)
    cut.write_bytes(b"{")
    cut.with_suffix(".unreadable").mkdir()
    with pytest.raises(DiskError) as caught:
        set_unreadable_aside([cut.parent], cut.stem)
    assert (caught.value.code, caught.value.facts["path"]) == ("disk_failed", cut)


def test_only_what_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "empty", tmp_path.joinpath(*FOLDER)
    whole, cut = put(tmp_path), put(tmp_path, sequence=2)
    cut.write_bytes(cut.read_bytes()[:40])
    assert set_unreadable_aside([elsewhere, folder], whole.stem) is None
    assert set_unreadable_aside([elsewhere, folder], "20260101T000000Z-00000000") is None
    aside = set_unreadable_aside([elsewhere, folder], cut.stem)
    assert aside == cut.with_suffix(".unreadable")
    assert (aside.exists(), cut.exists(), whole.exists()) == (True, False, True)
