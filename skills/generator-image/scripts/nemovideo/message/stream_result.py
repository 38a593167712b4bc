"""Read the agent's stream: its text, its error, and whether it was complete."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nemovideo.api.agent_event import AgentEvent, Words, read_event
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
class StreamResult:
    """The result of a stream; `whole` is False if it broke off, or that is unknown."""

    text: str
    whole: bool
    trouble: AgentEvent | None = None


def read_stream(stream: Stream, clock: Callable[[], float]) -> StreamResult:
    """Read a stream to its end, or until ten minutes of only heartbeats; always close it."""
    parser, words = EventParser(), Words()
    error: AgentEvent | None = None
    last, idle, understood = clock(), False, False
    try:
        for event in _events(stream, parser):
            for agent_event in read_event(event) if event else ():
                words.add(agent_event)
                error = agent_event if agent_event.kind == "trouble" else error
                understood = understood or agent_event.kind != "unknown"
                if agent_event.kind not in ("heartbeat", "unknown"):
                    last = clock()
            idle = clock() - last > IDLE_SECONDS
            if idle:
                break
    except ResponseLost:
        return StreamResult(words.text, whole=False, trouble=error)
    finally:
        stream.close()
    whole = (
        stream.proves_its_end and understood and not idle and not parser.dropped
    )  # a proxy's page is not an answer
    return StreamResult(words.text, whole, error)


def _events(stream: Stream, parser: EventParser) -> Iterator[Event | None]:
    """Yield the events, and None for a block without one, because comments are heartbeats too."""
    for block in stream.blocks():
        events = parser.feed(block)
        yield from events
        if not events:
            yield None
    if stream.proves_its_end:
        yield from parser.end()


@contextlib.contextmanager
def reminding(reporter: Reporter, clock: Callable[[], float], every: float = REMIND_EVERY) -> Iterator[None]:
    """Remind the user every two minutes that the work continues: a stream may be silent for longer."""
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
