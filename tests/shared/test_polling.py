"""When a task is polled, asserted as the exact seconds slept."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import AuthenticationError, RateLimitError, ReadError, StillRunning
from shared.i18n.messages import MessageRef
from shared.polling import PollSchedule, retry_read, wait_for_task
from tests.shared.fakes import FakeClock


@dataclass(frozen=True)
class Look:
    ended: bool


RUNNING, DONE = Look(ended=False), Look(ended=True)


def failed(retry_after: float | None = None) -> ReadError:
    return ReadError("read_failed", http_status=502, retry_after=retry_after)


@dataclass
class Service:
    """A task that is done `seconds` after the start, or returns the given answers; each poll takes `delay`."""

    seconds: float = 0.0
    answers: list[Look | Exception] = field(default_factory=list)
    delay: float = 0.0

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.started = self.clock.now
        self.looks: list[float] = []
        self.allowed: list[float] = []
        self.updates: list[tuple[float, object]] = []

    @property
    def elapsed(self) -> float:
        return round(self.clock.now - self.started, 6)

    def look(self, seconds: float) -> Look:
        self.looks.append(self.elapsed)
        self.allowed.append(round(seconds, 6))
        self.clock.now += self.delay
        answer = self.answers.pop(0) if self.answers else Look(ended=self.elapsed >= self.seconds)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, schedule: PollSchedule, *, timeout: float = 720.0, most_looks: int | None = None) -> Look:
        return wait_for_task(
            self.look,
            schedule=schedule,
            deadline=self.clock.limits(timeout, most_looks),
            on_update=lambda elapsed, seen: self.updates.append((round(elapsed, 6), seen)),
        )

    @property
    def slept(self) -> list[float]:
        return self.clock.slept


# ---- the schedule

SPARSE = PollSchedule(2.0, 20.0, cautious=5.0, latest=40.0)


@pytest.mark.parametrize(
    ("schedule", "looks", "elapsed", "pause"),
    [
        (PollSchedule(5.0), 0, 0.0, 5.0),
        (PollSchedule(5.0), 1, 5.0, 5.0),
        (PollSchedule(5.0), 9, 500.0, 5.0),
        (PollSchedule(5.0, 40.0), 0, 0.0, 5.0),
        (PollSchedule(5.0, 40.0), 1, 5.0, 31.0),
        (PollSchedule(5.0, 40.0), 1, 35.9, 5.0),
        (PollSchedule(5.0, 40.0), 1, 36.0, 5.0),
        (PollSchedule(5.0, 40.0), 2, 36.0, 5.0),
        (PollSchedule(5.0, 40.0), 3, 41.0, 5.0),
        (PollSchedule(5.0, 5.0), 1, 5.0, 5.0),
        (PollSchedule(5.0, 1.0), 0, 0.0, 5.0),
        (PollSchedule(5.0, immediate=True), 0, 0.0, 0.0),
        (PollSchedule(5.0, immediate=True), 1, 0.0, 5.0),
        (PollSchedule(5.0, 40.0, immediate=True), 1, 0.0, 36.0),
        (SPARSE, 0, 0.0, 2.0),
        (SPARSE, 1, 2.0, 16 + 22 / 7),
        (SPARSE, 2, 18.0, 22 / 7),
        (SPARSE, 3, 23.0, 17 / 7),
        (SPARSE, 5, 32.0, 2.0),
        (SPARSE, 9, 41.0, 2.0),
        (PollSchedule(2.0, 20.0, latest=40.0), 2, 18.0, 2.0),
        (PollSchedule(2.0, 60.0, cautious=5.0, latest=120.0), 1, 2.0, 57.0),
        (PollSchedule(2.0, 30.0, cautious=5.0, latest=30.0), 1, 2.0, 25 + 3 / 7),
        (PollSchedule(2.0, 30.0, cautious=5.0, latest=30.0), 2, 30.0, 2.0),
    ],
)
def test_the_schedule(schedule: PollSchedule, looks: int, elapsed: float, pause: float) -> None:
    assert schedule.next_delay(looks, elapsed) == pytest.approx(pause)


@given(
    interval=st.floats(0.5, 60),
    earliest=st.floats(0, 3600),
    latest=st.floats(0, 7200),
    looks=st.integers(0, 1000),
    elapsed=st.floats(0, 1e5),
)
def test_no_pause_is_shorter_than_the_interval_nor_longer_than_the_silence(
    interval: float, earliest: float, latest: float, looks: int, elapsed: float
) -> None:
    pause = PollSchedule(interval, earliest, cautious=5.0, latest=latest).next_delay(looks, elapsed)
    assert interval <= pause <= max(interval, 0.9 * earliest + 5.0)


def test_without_history_it_looks_every_interval() -> None:
    service = Service(seconds=12.0)
    assert service.wait(PollSchedule(5.0)) == DONE
    assert service.looks == [5.0, 10.0, 15.0]
    assert service.slept == [1.0] * 15


def test_with_history_it_looks_early_then_is_silent_then_looks_every_interval() -> None:
    service = Service(seconds=44.0)
    service.wait(PollSchedule(5.0, 40.0))
    assert service.looks == [5.0, 36.0, 41.0, 46.0]


def test_a_pause_is_slept_in_steps_of_a_second_and_each_is_told() -> None:
    service = Service(seconds=0.0)
    service.wait(PollSchedule(2.5))
    assert service.slept == [1.0, 1.0, 0.5]
    assert service.updates == [(1.0, None), (2.0, None), (2.5, None), (2.5, DONE)]


def test_a_task_on_its_way_is_looked_at_right_away() -> None:
    service = Service(seconds=7.0)
    service.wait(PollSchedule(5.0, immediate=True))
    assert service.looks == [0.0, 5.0, 10.0]


def test_the_time_of_a_look_itself_counts() -> None:
    service = Service(seconds=40.0, delay=3.0)
    service.wait(PollSchedule(5.0, 40.0))
    assert service.looks == [5.0, 36.0, 44.0]


# ---- looks that fail


def test_failed_looks_go_on_and_are_told() -> None:
    failures = [failed() for _ in range(20)]
    service = Service(answers=[*failures, RUNNING, DONE])
    assert service.wait(PollSchedule(2.0)) == DONE
    assert service.slept == [1.0] * 44
    told = [seen for _, seen in service.updates if seen is not None]
    assert told == [*failures, RUNNING, DONE]


@pytest.mark.parametrize(("asked", "pause"), [(1.0, 5.0), (5.0, 5.0), (7.5, 7.5), (60.0, 60.0)])
def test_retry_after_lengthens_the_next_pause_only(asked: float, pause: float) -> None:
    service = Service(answers=[failed(asked), RUNNING, DONE])
    service.wait(PollSchedule(5.0))
    assert service.looks == [5.0, 5.0 + pause, 10.0 + pause]


def test_retry_after_beyond_a_minute_ends_the_wait() -> None:
    service = Service(answers=[failed(60.5)])
    with pytest.raises(RateLimitError) as caught:
        service.wait(PollSchedule(5.0))
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("rate_limited", 6, "resume")
    assert caught.value.retry_after == 60.5
    assert service.slept == [1.0] * 5


def test_an_error_that_is_no_failed_look_ends_the_wait() -> None:
    service = Service(answers=[AuthenticationError("key_refused")])
    with pytest.raises(AuthenticationError):
        service.wait(PollSchedule(5.0))
    assert service.looks == [5.0]


@pytest.mark.parametrize(
    ("status", "looks"),
    [(429, [2.0, 7.0, 12.0]), (500, [2.0, 7.0, 12.0]), (404, [2.0, 4.0, 6.0]), (None, [2.0, 4.0, 6.0])],
)
def test_a_service_in_trouble_is_looked_at_more_slowly_from_then_on(
    status: int | None, looks: list[float]
) -> None:
    service = Service(answers=[ReadError("read_failed", http_status=status), RUNNING, DONE])
    service.wait(PollSchedule(2.0, cautious=5.0))
    assert service.looks == looks


def test_without_a_cautious_interval_trouble_changes_nothing() -> None:
    service = Service(answers=[failed(), RUNNING, DONE])
    service.wait(PollSchedule(2.0))
    assert service.looks == [2.0, 4.0, 6.0]


# ---- limits


def test_the_deadline_ends_the_wait_when_it_comes_not_before() -> None:
    service = Service(seconds=1000.0)
    with pytest.raises(StillRunning) as caught:
        service.wait(PollSchedule(5.0), timeout=12.5)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("still_running", 9, "resume")
    assert caught.value.facts == {"elapsed": "12", "looks": 2}
    assert (service.looks, service.elapsed) == ([5.0, 10.0], 12.5)
    assert service.slept == [1.0] * 12 + [0.5]


def test_a_look_gets_what_is_left_of_the_time() -> None:
    service = Service(seconds=9.0)
    service.wait(PollSchedule(5.0), timeout=12.0)
    assert service.allowed == [7.0, 2.0]


def test_a_deadline_within_the_silence_is_kept() -> None:
    service = Service(seconds=1000.0)
    with pytest.raises(StillRunning):
        service.wait(PollSchedule(5.0, 100.0), timeout=30.0)
    assert (service.looks, service.elapsed) == ([5.0], 30.0)


def test_a_deadline_that_has_passed_allows_no_look() -> None:
    service = Service()
    with pytest.raises(StillRunning):
        service.wait(PollSchedule(5.0, immediate=True), timeout=0.0)
    assert (service.looks, service.slept) == ([], [])


def test_most_looks_ends_the_wait_without_another_pause() -> None:
    service = Service(answers=[failed(), RUNNING, RUNNING, DONE])
    with pytest.raises(StillRunning) as caught:
        service.wait(PollSchedule(5.0), most_looks=3)
    assert caught.value.facts == {"elapsed": "15", "looks": 3}
    assert service.elapsed == 15.0


def test_the_last_of_most_looks_may_be_the_one() -> None:
    service = Service(answers=[RUNNING, RUNNING, DONE])
    assert service.wait(PollSchedule(5.0), most_looks=3) == DONE


def test_what_is_left_is_never_negative() -> None:
    clock = FakeClock()
    limits = clock.limits(2.0)
    clock.now += 1.5
    assert limits.remaining == 0.5
    clock.now += 1.5
    assert limits.remaining == 0.0


# ---- single reads


class Read:
    """A read that fails a given number of times, with jitter replaced by its upper bound."""

    def __init__(self, *failures: Exception) -> None:
        self.clock = FakeClock()
        self.failures = list(failures)
        self.allowed: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.allowed.append(round(seconds, 6))
        if self.failures:
            raise self.failures.pop(0)
        return "value"


@pytest.fixture
def _longest_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)


@pytest.mark.usefixtures("_longest_jitter")
def test_reads_are_repeated_with_growing_pauses_up_to_8_seconds() -> None:
    read = Read(*(failed() for _ in range(7)))
    assert retry_read(read, read.clock.limits(100.0)) == "value"
    pauses = [round(before - after, 6) for before, after in itertools.pairwise(read.allowed)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_the_jitter_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return 0.0

    monkeypatch.setattr(random, "uniform", uniform)
    read = Read(*(failed() for _ in range(6)))
    retry_read(read, read.clock.limits(100.0))
    assert drawn == [(0, 0.5), (0, 1.0), (0, 2.0), (0, 4.0), (0, 8.0), (0, 8.0)]
    assert read.clock.slept == []


@pytest.mark.usefixtures("_longest_jitter")
def test_a_read_gives_up_after_its_tries_without_another_pause() -> None:
    failures = [failed(), failed(), failed()]
    read = Read(*failures)
    with pytest.raises(ReadError) as caught:
        retry_read(read, read.clock.limits(100.0), tries=3)
    assert caught.value is failures[2]
    assert read.clock.slept == [0.5, 1.0]


@pytest.mark.usefixtures("_longest_jitter")
def test_a_read_gives_up_at_the_deadline() -> None:
    read = Read(*(failed() for _ in range(9)))
    with pytest.raises(ReadError):
        retry_read(read, read.clock.limits(2.0))
    assert read.allowed == [2.0, 1.5, 0.5]
    assert sum(read.clock.slept) == 2.0


@pytest.mark.usefixtures("_longest_jitter")
def test_a_read_keeps_a_retry_after_of_up_to_a_minute() -> None:
    read = Read(failed(60.0))
    retry_read(read, read.clock.limits(100.0))
    assert read.clock.slept == [1.0] * 60
    longer = Read(failed(61.0))
    with pytest.raises(RateLimitError) as caught:
        retry_read(longer, longer.clock.limits(100.0))
    wait = caught.value.facts["wait"]
    assert isinstance(wait, MessageRef)
    assert (wait, wait.facts) == ("seconds", {"seconds": "61"})
    assert longer.clock.slept == []


def test_an_error_that_is_no_failed_read_is_not_repeated() -> None:
    read = Read(AuthenticationError("key_refused"))
    with pytest.raises(AuthenticationError):
        retry_read(read, read.clock.limits(100.0))
    assert len(read.allowed) == 1
