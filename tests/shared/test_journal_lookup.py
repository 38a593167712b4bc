"""Looking a request up: each entry is judged on its own, and an error names its folder."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from shared.errors import OutcomeUnknown, TaskFailed
from shared.i18n.messages import MessageRef
from shared.journal.claim import Journal, LockWait
from shared.journal.retention import prune
from shared.timefmt import parse_time
from tests.journals import kept
from tests.shared.fakes import NOW, draft, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = LockWait(0.0, wait=False)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal("image2", [tmp_path], now=lambda: NOW)


def test_only_the_word_new_passes_over_an_unknown_outcome(tmp_path: Path, journal: Journal) -> None:
    put(tmp_path, state="unknown", charged="unknown")
    with pytest.raises(OutcomeUnknown):
        journal.claim(draft(), AT_ONCE)


def test_a_failure_without_words_says_so(tmp_path: Path, journal: Journal) -> None:
    row = put(tmp_path, state="failed", charged="yes")
    with pytest.raises(TaskFailed) as caught:
        journal.claim(draft(), AT_ONCE)
    assert caught.value.facts == {"local_id": row.local_id, "reason": "no_words"}
    assert isinstance(caught.value.facts["reason"], MessageRef)


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
        assert abs(datetime.now(timezone.utc) - parse_time(claim.task.entry.created_at)) < timedelta(minutes=5)


@pytest.mark.usefixtures("_in_shanghai")
def test_the_age_of_an_entry_is_told_in_utc_wherever_the_machine_stands(tmp_path: Path) -> None:
    made = datetime.now(timezone.utc) - timedelta(hours=3)
    row = put(tmp_path, state="succeeded", local_id=f"{made:%Y%m%dT%H%M%SZ}-00000001")
    now = datetime.now(timezone.utc)
    assert prune([row.database], now - timedelta(hours=4)) == 0
    assert prune([row.database], now - timedelta(hours=2)) == 1


def test_a_new_task_can_be_ended(journal: Journal) -> None:
    with journal.claim(draft(), AT_ONCE) as claim:
        claim.task.finish("failed")
    assert kept(claim.task).entry.finished_at == "2026-03-01T12:00:00.000Z"
