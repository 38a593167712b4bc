"""After a 429 or 5xx, looks at a task keep a greater distance; other failures change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.errors import ReadFailed
from shared.polling import Schedule, wait_for_task
from tests.shared.fakes import FakeClock


@dataclass(frozen=True)
class Look:
    ended: bool


def moments(schedule: Schedule, *answers: Look | int | None) -> list[float]:
    """Return when the looks were made, in seconds; a number is the HTTP status of a look that failed."""
    clock, left, at = FakeClock(), list(answers), []

    def fetch(_seconds: float) -> Look:
        at.append(clock.now - 100.0)
        answer = left.pop(0)
        if isinstance(answer, Look):
            return answer
        raise ReadFailed("read_failed", http_status=answer, status=answer)

    wait_for_task(fetch, schedule=schedule, limits=clock.limits(600.0), on_update=lambda _elapsed, _seen: None)
    return at


RUNNING, DONE = Look(ended=False), Look(ended=True)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_in_trouble_the_interval_grows_for_good(status: int) -> None:
    assert moments(Schedule(2.0, cautious=5.0), RUNNING, status, RUNNING, DONE) == [2.0, 4.0, 9.0, 14.0]


@pytest.mark.parametrize("status", [404, None])
def test_another_failure_changes_nothing(status: int | None) -> None:
    assert moments(Schedule(2.0, cautious=5.0), RUNNING, status, RUNNING, DONE) == [2.0, 4.0, 6.0, 8.0]


def test_an_interval_without_a_cautious_one_stays() -> None:
    assert moments(Schedule(0.5), 503, RUNNING, DONE) == [0.5, 1.0, 1.5]
    assert moments(Schedule(9.0, cautious=5.0), 503, DONE) == [9.0, 18.0]
