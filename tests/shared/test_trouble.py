"""After a 429 or 5xx, polls of a task keep a greater distance; other failures change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.errors import ReadError
from shared.polling import PollSchedule, wait_for_task
from tests.shared.fakes import FakeClock


@dataclass(frozen=True)
class Look:
    ended: bool


def moments(schedule: PollSchedule, *answers: Look | int | str | None) -> list[float]:
    """Return when the polls were made, in seconds.

    A number is the HTTP status of a poll that failed, a string the code of an envelope with HTTP status 200.
    """
    clock, left, at = FakeClock(), list(answers), []

    def fetch(_seconds: float) -> Look:
        at.append(clock.now - 100.0)
        answer = left.pop(0)
        if isinstance(answer, Look):
            return answer
        if isinstance(answer, str):
            raise ReadError("read_failed", http_status=200, provider_code=answer)
        raise ReadError("read_failed", http_status=answer)

    wait_for_task(fetch, schedule=schedule, deadline=clock.limits(600.0), on_update=lambda _elapsed, _seen: None)
    return at


RUNNING, DONE = Look(ended=False), Look(ended=True)


@pytest.mark.parametrize("status", [429, 500, 503, "429", "500", "503"])
def test_in_trouble_the_interval_grows_for_good(status: int | str) -> None:
    assert moments(PollSchedule(2.0, cautious=5.0), RUNNING, status, RUNNING, DONE) == [2.0, 4.0, 9.0, 14.0]


@pytest.mark.parametrize("status", [404, None, "4004", "limited"])
def test_another_failure_changes_nothing(status: int | str | None) -> None:
    assert moments(PollSchedule(2.0, cautious=5.0), RUNNING, status, RUNNING, DONE) == [2.0, 4.0, 6.0, 8.0]


def test_an_interval_without_a_cautious_one_stays() -> None:
    assert moments(PollSchedule(0.5), 503, RUNNING, DONE) == [0.5, 1.0, 1.5]
    assert moments(PollSchedule(9.0, cautious=5.0), 503, DONE) == [9.0, 18.0]
