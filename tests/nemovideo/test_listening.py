"""How long a stream is listened to, when it counts as whole, and what the state decides after it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from nemovideo.api.session_state import EMPTY, State
from nemovideo.message.reconcile import ELSEWHERE_SECONDS, WORK_SECONDS, Ending, ending_of, reconcile
from nemovideo.message.stream_result import IDLE_SECONDS, StreamResult, read_stream, reminding
from nemovideo.messages import MESSAGES

from shared.errors import ReadError, ResponseLost, StillRunning
from shared.i18n.catalog import Catalog
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.cli.context import CommandContext
    from shared.http.stream import Stream
    from shared.output.progress import Reporter

BEAT = b'data: {"type": "heartbeat"}\n\n'
LIMITED = ReadError("read_failed", status=429, retry_after=9)
AFTER = replace(EMPTY, digest="after")
LATER = replace(EMPTY, digest="later")


def words(text: str) -> bytes:
    return f"data: {json.dumps({'type': 'text', 'content': text})}\n\n".encode()


class Tape:
    """A stream of blocks, each after so many seconds; None is a connection that was cut."""

    def __init__(self, clock: FakeClock, *blocks: tuple[float, bytes | None], proves_its_end: bool = True) -> None:
        self.proves_its_end = proves_its_end
        self.closed = False
        self._clock = clock
        self._blocks = blocks

    def blocks(self) -> Iterator[bytes]:
        for seconds, block in self._blocks:
            self._clock.now += seconds
            if block is None:
                raise ResponseLost("answer_lost")
            yield block

    def close(self) -> None:
        self.closed = True


def hear(clock: FakeClock, *blocks: tuple[float, bytes | None], **more: Any) -> StreamResult:
    tape = Tape(clock, *blocks, **more)
    heard = read_stream(cast("Stream", tape), clock)
    assert tape.closed
    return heard


@pytest.mark.parametrize(
    ("blocks", "heard"),
    [
        ([(1, words("done"))], StreamResult("done", whole=True)),
        ([(500, BEAT), (500, BEAT[:9]), (1, BEAT[9:] + words("done"))], StreamResult("", whole=False)),
        ([(500, BEAT), (90, words("a")), (500, BEAT), (90, words("b"))], StreamResult("ab", whole=True)),
        ([(599, b": ping\n\n"), (2, b": ping\n\n"), (1, words("too late"))], StreamResult("", whole=False)),
        (
            [(599, b"event: heartbeat\ndata: x\n\n"), (1, words("just in time"))],
            StreamResult("just in time", whole=True),
        ),
        ([(1, words("half ")), (1, None)], StreamResult("half ", whole=False)),
        ([], StreamResult("", whole=False)),
        ([(1, b"<html>busy</html>\n\n")], StreamResult("", whole=False)),
        ([(1, b"data: <html>busy</html>\n\n")], StreamResult("", whole=False)),
        ([(1, BEAT)], StreamResult("", whole=True)),
    ],
)
def test_what_counts_as_whole(blocks: list[tuple[float, bytes | None]], heard: StreamResult) -> None:
    """Ten minutes of only heartbeats, a cut, or a body that is not an event stream leave the outcome open."""
    assert hear(FakeClock(), *blocks) == heard


def test_a_stream_whose_framing_proves_nothing_is_open() -> None:
    assert hear(FakeClock(), (1, words("done")), proves_its_end=False) == StreamResult("done", whole=False)


def test_ten_minutes_are_counted_from_the_last_word() -> None:
    beats = [(60.0, BEAT)] * 12
    clock = FakeClock()
    hear(clock, (50, words("a")), *beats)
    assert 50 + IDLE_SECONDS < clock.now - 100 <= 50 + IDLE_SECONDS + 60


def test_the_user_hears_again_and_again_that_work_goes_on() -> None:
    told: list[str] = []

    class Ear:
        def notify_user(self, message: str, **_facts: object) -> None:
            told.append(message)

    clock = FakeClock()
    with reminding(cast("Reporter", Ear()), clock, every=0.01):
        while len(told) < 3:
            pass
    assert set(told) == {"agent_works"}


def nobody() -> CommandContext:
    """Return a run whose streams are closed."""
    catalog = Catalog("en", MESSAGES)
    deaf = SimpleNamespace(
        catalog=catalog,
        info=lambda *_, **__: None,
        status=lambda *_, **__: None,
        notify_user=lambda *_, **__: None,
    )
    return cast(
        "CommandContext",
        SimpleNamespace(note=lambda **_changes: None, catalog=catalog, reporter=deaf),
    )


def settled(
    clock: FakeClock,
    read: Callable[[], State],
    ending: Ending,
    *,
    seconds: float = 2000,
    before: str | None = "before",
    patience: float = WORK_SECONDS,
) -> tuple[str, bool | None]:
    found = reconcile(
        lambda _seconds: read(),
        before,
        ending,
        deadline=clock.limits(seconds),
        interval=None,
        patience=patience,
        context=nobody(),
    )
    return found.state.digest, found.changed


BEFORE = replace(EMPTY, digest="before")


@pytest.mark.parametrize(
    ("ending", "states", "result", "looks_at"),
    [
        ("told", [AFTER], ("after", True), [0]),
        ("told", [BEFORE, AFTER], ("after", True), [0, 5]),
        ("told", [BEFORE, BEFORE], ("before", False), [0, 5]),
        ("silent", [AFTER, LATER, LATER], ("later", True), [2, 7, 12]),
        ("silent", [BEFORE, BEFORE], ("before", False), [2, 7]),
        ("lost", [BEFORE, AFTER, LATER, LATER], ("later", True), [2, 7, 12, 17]),
        ("lost", [ReadError("read_failed"), AFTER, AFTER], ("after", True), [2, 7, 12]),
        (
            "silent",
            [ReadError("read_failed", status=429, retry_after=9), AFTER, AFTER],
            ("after", True),
            [2, 11, 16],
        ),
    ],
)
def test_the_state_is_read_until_it_settles(
    ending: Ending, states: list[State | Exception], result: tuple[str, bool], looks_at: list[float]
) -> None:
    clock, looks, answers = FakeClock(), [], list(states)

    def read() -> State:
        looks.append(clock.now - 100)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert settled(clock, read, ending) == result
    assert (looks, answers) == (looks_at, [])


def test_a_lost_answer_is_given_up_only_when_no_work_can_go_on() -> None:
    clock = FakeClock()
    assert settled(clock, lambda: BEFORE, "lost") == ("before", False)
    assert WORK_SECONDS < clock.now - 100 < WORK_SECONDS + 10
    with pytest.raises(StillRunning):
        settled(FakeClock(), lambda: BEFORE, "lost", seconds=60)


def test_while_nobody_knows_whether_it_was_accepted_no_share_of_the_wait_is_told() -> None:
    told: list[tuple[str, dict[str, object]]] = []
    run = nobody()
    run.reporter.notify_user = lambda message, **facts: told.append((message, facts))  # type: ignore[method-assign]
    clock = FakeClock()
    reconcile(
        lambda _seconds: BEFORE, "before", "lost",
        deadline=clock.limits(2000), interval=None, patience=WORK_SECONDS, context=run,
    )  # fmt: skip
    assert told == [("still_reading", {"minutes": str(2 * number)}) for number in range(1, 8)]


def test_after_a_redirect_the_state_is_read_for_a_minute() -> None:
    clock = FakeClock()
    assert settled(clock, lambda: BEFORE, "lost", patience=ELSEWHERE_SECONDS) == ("before", False)
    assert ELSEWHERE_SECONDS < clock.now - 100 < ELSEWHERE_SECONDS + 10


def test_without_a_state_before_nothing_is_said_of_a_change() -> None:
    assert settled(FakeClock(), lambda: AFTER, "lost", before=None) == ("after", None)


def test_the_ending_of_a_stream() -> None:
    heard = [None, StreamResult("a", whole=False), StreamResult("", whole=True), StreamResult("a", whole=True)]
    assert [ending_of(one) for one in heard] == ["lost", "lost", "silent", "told"]
