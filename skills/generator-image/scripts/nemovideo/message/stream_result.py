"""Hears an answer out: the agent's words, trouble, and whether the stream is known to be whole."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nemovideo.api.agent_event import Utterance, Words, read_event
from nemovideo.api.event_stream import EventParser
from shared.errors import ResponseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nemovideo.api.event_stream import Event
    from shared.http.stream import Stream
    from shared.output.progress import Reporter

LISTEN_SECONDS = 900.0  # for one answer, as the service's own skills wait
IDLE_SECONDS = 600.0  # nothing but heartbeats for so long is the end
REMIND_EVERY = 120.0  # seconds between two lines for the user


@dataclass(frozen=True)
class Heard:
    """What came of a stream; `whole` is false when it broke off, or nobody can tell."""

    text: str
    whole: bool
    trouble: Utterance | None = None


def listen(stream: Stream, clock: Callable[[], float]) -> Heard:
    """Read a stream to its end, or to ten minutes of nothing but heartbeats; close it in any case."""
    parser, words = EventParser(), Words()
    trouble: Utterance | None = None
    last, idle, understood = clock(), False, False
    try:
        for event in _events(stream, parser):
            for said in read_event(event) if event else ():
                words.add(said)
                trouble = said if said.kind == "trouble" else trouble
                understood = understood or said.kind != "unknown"
                if said.kind not in ("heartbeat", "unknown"):
                    last = clock()
            idle = clock() - last > IDLE_SECONDS
            if idle:
                break
    except ResponseLost:
        return Heard(words.text, whole=False, trouble=trouble)
    finally:
        stream.close()
    whole = stream.proves_its_end and understood and not idle and not parser.dropped  # a proxy's page is no answer
    return Heard(words.text, whole, trouble)


def _events(stream: Stream, parser: EventParser) -> Iterator[Event | None]:
    """Yield the events, and None for a block without one: comments are heartbeats too."""
    for block in stream.blocks():
        events = parser.feed(block)
        yield from events
        if not events:
            yield None
    if stream.proves_its_end:
        yield from parser.end()


@contextlib.contextmanager
def reminding(reporter: Reporter, clock: Callable[[], float], every: float = REMIND_EVERY) -> Iterator[None]:
    """Tell the user every two minutes that the work goes on: a stream may be silent for longer."""
    started, done = clock(), threading.Event()

    def remind() -> None:
        while not done.wait(every):
            reporter.notify_user("agent_works", minutes=f"{(clock() - started) / 60:.0f}")

    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        done.set()
        reminder.join()
