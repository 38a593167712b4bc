"""Polling a task: grace for links, for images that are not listed yet, and none for refusals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from ima_studio.provider import Provider, pictures_of

from shared.errors import AuthenticationError, InvalidRequest, ReadError
from shared.journal import history
from shared.journal.entry import Entry
from shared.queue_poller import LINKS_GRACE, QueuePoller
from tests.ima_studio.fakes import FAILED, LINKLESS, READY, WORKING, FakeClient, task
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from ima_studio.task_status import Task


def looks(clock: FakeClock, *answers: Task | Exception, count: int = 1) -> QueuePoller[Task]:
    provider = Provider(cast("Any", FakeClient(answers)))
    created = entry("m", task_id="t1", applied={"n": count})
    return QueuePoller(partial(provider.poll, created), provider.polling(created), "t1", clock)


def expected_range(entry: Entry, journal: Any) -> tuple[float, float] | None:
    usual = Provider(cast("Any", None)).polling(entry).usual_seconds
    return history.expected_range(journal, entry, usual)


def test_a_task_whose_pictures_are_ready_has_ended() -> None:
    assert looks(FakeClock(), task(READY)).poll(1.0).state == "succeeded"


@pytest.mark.parametrize(
    ("seen", "count", "state", "ready"),
    [
        (task(LINKLESS), 1, "succeeded", 0),
        (task(READY, LINKLESS), 2, "succeeded", 1),
        (task(READY), 2, "succeeded", 1),
        (task(FAILED, LINKLESS), 2, "failed", 0),
    ],
)
def test_what_is_missing_is_asked_for_a_minute_longer(seen: Task, count: int, state: str, ready: int) -> None:
    clock = FakeClock()
    looking = looks(clock, seen, count=count)
    for _ in range(3):
        assert looking.poll(1.0).state == "running"
        clock.now += LINKS_GRACE / 2
    ended = looking.poll(1.0)
    assert (ended.state, len(ended.ready)) == (state, ready)


def test_the_minute_begins_anew_when_the_service_takes_it_back() -> None:
    clock = FakeClock()
    looking = looks(clock, task(LINKLESS), task(WORKING), task(LINKLESS))
    assert looking.poll(1.0).state == "running"
    clock.now += LINKS_GRACE
    assert looking.poll(1.0).state == "running"
    clock.now += LINKS_GRACE
    assert looking.poll(1.0).state == "running"


def test_a_picture_that_failed_does_not_end_the_wait_for_the_others() -> None:
    looking = looks(FakeClock(), task(FAILED, WORKING), task(FAILED, READY), count=2)
    assert looking.poll(1.0).state == "running"
    assert looking.poll(1.0).state == "failed"


def no_answer(code: str | None) -> ReadError:
    return ReadError("read_refused", provider_code=code, http_status=200, code_=code, words="no")


def test_a_service_that_keeps_refusing_ends_the_wait() -> None:
    looking = looks(FakeClock(), no_answer("4004"))
    for _ in range(2):
        with pytest.raises(ReadError):
            looking.poll(1.0)
    with pytest.raises(InvalidRequest) as caught:
        looking.poll(1.0)
    assert (caught.value.code, caught.value.provider_code, caught.value.remedy) == (
        "look_refused",
        "4004",
        "resume",
    )


@pytest.mark.parametrize("between", [no_answer(None), no_answer("4005"), task(WORKING)])
def test_only_the_same_refusal_in_a_row_counts(between: Task | Exception) -> None:
    looking = looks(
        FakeClock(), no_answer("4004"), no_answer("4004"), between, no_answer("4004"), no_answer("4004")
    )
    for _ in range(5):
        try:
            looking.poll(1.0)
        except ReadError:
            continue


@pytest.mark.parametrize("code", ["429", "500", "503"])
def test_a_service_in_trouble_is_no_refusal(code: str) -> None:
    looking = looks(FakeClock(), no_answer(code))
    for _ in range(9):
        with pytest.raises(ReadError):
            looking.poll(1.0)


def test_a_refused_key_leaves_the_task_to_be_resumed() -> None:
    with pytest.raises(AuthenticationError) as caught:
        looks(FakeClock(), AuthenticationError("ima_key_refused")).poll(1.0)
    assert caught.value.remedy == "resume"


@pytest.mark.parametrize(
    ("model", "seconds"),
    [("gemini-3.1-flash-image", (20.0, 40.0)), ("gemini-3-pro-image", (60.0, 120.0)), ("", None)],
)
def test_without_history_the_published_times_are_expected(model: str, seconds: tuple[float, float] | None) -> None:
    assert expected_range(entry(model), cast("Any", History([]))) == seconds


@pytest.mark.parametrize(
    ("past", "expected"), [([12.0, 31.0], (12.0, 40.0)), ([12.0, 31.0, 20.0, 21.0, 22.0], (12.0, 31.0))]
)
def test_history_is_better_than_what_was_published_once_there_is_enough(
    past: list[float], expected: tuple[float, float]
) -> None:
    entries = [entry("gemini-3.1-flash-image", seconds=seconds) for seconds in past]
    assert expected_range(entry("gemini-3.1-flash-image"), cast("Any", History(entries))) == expected


def test_how_many_pictures_a_task_is_for() -> None:
    assert pictures_of(entry("m", applied={"n": 3})) == 3
    assert pictures_of(entry("m")) == pictures_of(entry("m", applied={"n": "x"})) == 1


class History:
    """A journal that knows these entries."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def history(self, *, similar_to: Entry, **_wanted: Any) -> list[Entry]:
        return [one for one in self._entries if one.model == similar_to.model]


def entry(model: str, **more: Any) -> Entry:
    return Entry("f" * 64, "ai-nano-banana-ima", "ima", "text_to_image", model, "", "", **more)
