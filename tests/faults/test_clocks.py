"""Clocks that jump, in process: a machine that was suspended while a command waited, a wall clock a day off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shared.errors import OutcomeUnknown, StillRunning
from shared.journal.claim import Journal, LockWait
from shared.polling import Deadline, PollSchedule, wait_for_task
from tests.shared.fakes import NOW, FakeClock, draft, put

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.claim import TaskLease

HOURS = 8 * 3600.0
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Look:
    """A poll of a task."""

    ended: bool
    word: str = "running"
    known: bool = True


class Suspended(FakeClock):
    """Jumps by so many seconds when it has slept for the third time."""

    def __init__(self, jump: float) -> None:
        super().__init__()
        self._jump = jump

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.now += self._jump if len(self.slept) == 3 else 0.0


def looks_until(clock: FakeClock, timeout: float) -> list[float]:
    """Poll a task that ends after ten minutes; return the moments of the polls."""
    start, moments = clock.now, list[float]()

    def fetch(_seconds: float) -> Look:
        moments.append(clock.now - start)
        return Look(ended=clock.now - start > 600.0)

    limits = Deadline(clock.now + timeout, clock, clock.sleep)
    try:
        wait_for_task(fetch, schedule=PollSchedule(5.0), deadline=limits, on_update=lambda _elapsed, _look: None)
    except StillRunning:
        moments.append(-1.0)
    return moments


def test_a_suspension_within_the_deadline_is_followed_by_one_look() -> None:
    assert looks_until(Suspended(HOURS), 2 * HOURS) == [HOURS + 3.0]


def test_a_suspension_beyond_the_deadline_ends_the_wait_and_nothing_else() -> None:
    assert looks_until(Suspended(HOURS), HOURS) == [-1.0]


def claim(state: Path, shift: timedelta) -> TaskLease:
    """Ask the journal by a wall clock that is off by this much."""
    clock = FakeClock()
    journal = Journal("image2", [state], now=lambda: NOW + shift)
    return journal.claim(draft(), LockWait(clock.now, False, clock, clock.sleep, lambda _entry: None))


@pytest.mark.parametrize("shift", [-DAY, DAY], ids=["behind", "ahead"])
def test_a_task_on_its_way_is_attached_to_whatever_the_day(tmp_path: Path, shift: timedelta) -> None:
    put(tmp_path, state="submitted", charged="yes", possible_charges=1, attempts=1, task_id="77")
    with claim(tmp_path, shift) as found:
        assert (found.action, found.task.entry.task_id) == ("attach", "77")


@pytest.mark.parametrize("shift", [-DAY, DAY], ids=["behind", "ahead"])
def test_an_unknown_outcome_stops_whatever_the_day(tmp_path: Path, shift: timedelta) -> None:
    put(tmp_path, state="unknown", charged="unknown", possible_charges=1, attempts=1)
    with pytest.raises(OutcomeUnknown):
        claim(tmp_path, shift)


def test_a_picture_from_tomorrow_is_returned_not_paid_for_again(tmp_path: Path) -> None:
    put(tmp_path, state="succeeded", charged="yes", possible_charges=1, attempts=1, task_id="77")
    with claim(tmp_path, -DAY) as found:
        assert found.action == "return"
