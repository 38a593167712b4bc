"""Looking a request up: each file is judged by itself, whatever lies before it, and trouble names its folder."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from shared.entry import moment
from shared.errors import DiskError, OutcomeUnknown, TaskFailed
from shared.journal import Journal, Patience
from shared.journal_upkeep import prune
from shared.texts import Said
from tests.shared.fakes import FOLDER, NOW, OTHERS, draft, put, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = Patience(0.0, wait=False)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal("image2", [tmp_path], now=lambda: NOW)


@pytest.fixture
def _oldest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """List files in the order of their names; a folder has none."""
    glob = type(tmp_path).glob

    def in_order(folder: Path, pattern: str) -> Iterator[Path]:
        return iter(sorted(glob(folder, pattern)))

    monkeypatch.setattr(type(tmp_path), "glob", in_order)


@pytest.mark.usefixtures("_oldest_first")
def test_an_entry_after_one_of_another_request_is_found(tmp_path: Path, journal: Journal) -> None:
    put(tmp_path, fingerprint=OTHERS, sequence=1)
    ours = put(tmp_path, state="submitted", sequence=2)
    with journal.claim(draft(), AT_ONCE) as claim:
        assert (claim.verdict, claim.task.path) == ("attach", ours)


@pytest.mark.usefixtures("_oldest_first")
def test_an_entry_after_one_that_was_just_removed_is_found(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, ours = put(tmp_path, sequence=1), put(tmp_path, state="submitted", sequence=2)
    read_bytes = type(gone).read_bytes

    def removed(path: Path) -> bytes:
        gone.unlink(missing_ok=True)
        return read_bytes(path)

    monkeypatch.setattr(type(gone), "read_bytes", removed)
    with journal.claim(draft(), AT_ONCE) as claim:
        assert (claim.verdict, claim.task.path) == ("attach", ours)


def test_entries_after_an_unreadable_one_are_listed(tmp_path: Path, journal: Journal) -> None:
    put(tmp_path, sequence=1).write_bytes(b"{")
    whole = put(tmp_path, sequence=2)
    assert [entry.local_id for _, entry in journal.entries()] == [whole.stem]


def test_only_the_word_new_passes_over_an_unknown_outcome(tmp_path: Path, journal: Journal) -> None:
    put(tmp_path, state="unknown", charged="unknown")
    with pytest.raises(OutcomeUnknown):
        journal.claim(draft(), AT_ONCE)


def test_a_failure_without_words_says_so(tmp_path: Path, journal: Journal) -> None:
    path = put(tmp_path, state="failed", charged="yes")
    with pytest.raises(TaskFailed) as caught:
        journal.claim(draft(), AT_ONCE)
    assert caught.value.facts == {"local_id": path.stem, "reason": "no_words"}
    assert isinstance(caught.value.facts["reason"], Said)


def test_a_journal_that_cannot_be_read_names_its_folder(tmp_path: Path, journal: Journal) -> None:
    folder = tmp_path.joinpath(*FOLDER)
    (folder / "x.json").mkdir(parents=True)
    with pytest.raises(DiskError) as caught:
        journal.claim(draft(), AT_ONCE)
    assert caught.value.facts == {"path": folder, "reason": "Is a directory"}


@pytest.fixture
def _in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_shanghai")
def test_local_ids_are_made_in_utc_wherever_the_machine_stands(tmp_path: Path) -> None:
    with Journal("image2", [tmp_path]).claim(draft(), AT_ONCE) as claim:
        made = datetime.strptime(claim.task.entry.local_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        assert abs(datetime.now(timezone.utc) - made) < timedelta(minutes=5)
        assert abs(datetime.now(timezone.utc) - moment(claim.task.entry.created_at)) < timedelta(minutes=5)


@pytest.mark.usefixtures("_in_shanghai")
def test_the_age_of_an_entry_is_told_in_utc_wherever_the_machine_stands(tmp_path: Path) -> None:
    made = datetime.now(timezone.utc) - timedelta(hours=3)
    path = put(tmp_path, state="succeeded", local_id=f"{made:%Y%m%dT%H%M%SZ}-00000001")
    assert prune([path.parent], timedelta(hours=4)) == 0
    assert prune([path.parent], timedelta(hours=2)) == 1


def test_a_new_task_can_be_ended(journal: Journal) -> None:
    with journal.claim(draft(), AT_ONCE) as claim:
        claim.task.finish("failed")
    assert read(claim.task.path).finished_at == "2026-03-01T12:00:00.000Z"
