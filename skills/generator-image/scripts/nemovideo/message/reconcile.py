"""Reads the state of a session after a message until it is clear what came of it; sends nothing that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.cli.poll_reporter import PollReporter
from shared.polling import PollSchedule, wait_for_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from nemovideo.api.session_state import State
    from nemovideo.message.stream_result import Heard
    from shared.cli.context import CommandContext
    from shared.errors import ReadError
    from shared.polling import Deadline

FIRST_LOOK, INTERVAL = 2.0, 5.0  # seconds; the wire facts' own
WORK_SECONDS = 900.0  # for so long a message may be worked on
ELSEWHERE_SECONDS = 60.0  # for so long the state is read after a redirect: a gateway's answer, not the agent's
REMIND_EVERY = 120.0  # seconds between two lines for the user

Ending = Literal["told", "silent", "lost"]
"""How a message's stream ended: with words, without any, or nobody knows how."""


@dataclass(frozen=True)
class Settled:
    """What the state says in the end; `changed` is None where there is nothing to compare it with."""

    state: State
    changed: bool | None


@dataclass(frozen=True)
class _Looks(PollSchedule):
    """First early, then at an interval."""

    first: float = 0.0

    def next_delay(self, looks: int, elapsed: float) -> float:  # noqa: ARG002
        return self.first if looks == 0 else self.interval


@dataclass(frozen=True)
class _Seen:
    state: State
    changed: bool | None
    ended: bool
    word: str
    known: bool = True


def ending_of(heard: Heard | None) -> Ending:
    """Return how a stream ended; None is one that another process heard, or nobody."""
    if heard is None or not heard.whole:
        return "lost"
    return "told" if heard.text else "silent"


def settle(
    read: Callable[[float], State],
    before: str | None,
    ending: Ending,
    *,
    limits: Deadline,
    interval: float | None,
    patience: float,
    run: CommandContext,
) -> Settled:
    """Look at the state until it tells what a message did to it.

    `before` is its digest before the message. After words: a look at once, and a second one if nothing has changed
    yet. After silence: two equal looks. When nobody knows how the stream ended, a state that is as before says
    nothing while the message may still be worked on: it has to be another one and equal twice, or `patience`
    seconds have to pass.

    Raises:
        StillRunning: `still_running` at the deadline.
        RequestRejected: the service says no, such as `session_gone`.
    """
    started = limits.clock()
    previous: list[str] = []

    def look(seconds: float) -> _Seen:
        state = read(seconds)
        changed = None if before is None else state.digest != before
        equal = previous[-1:] == [state.digest]
        previous.append(state.digest)
        ended = {
            "told": bool(changed) or len(previous) > 1,
            "silent": equal,
            "lost": equal and (changed is not False or limits.clock() - started > patience),
        }[ending]
        return _Seen(state, changed, ended, run.catalog.format("state_changed" if changed else "state_as_before"))

    schedule = _Looks(
        interval or INTERVAL, first=0.0 if ending == "told" else min(FIRST_LOOK, interval or INTERVAL)
    )
    watcher, told = PollReporter(run, []), 0

    def update(elapsed: float, seen: _Seen | ReadError | None) -> None:
        """Tell the user that the wait goes on, without a share: nobody knows how much of it is over."""
        nonlocal told
        if elapsed >= (told + 1) * REMIND_EVERY:
            told = int(elapsed // REMIND_EVERY)
            run.reporter.notify_user("still_reading", minutes=f"{elapsed / 60:.0f}")
        watcher.update(elapsed, seen)

    seen = wait_for_task(look, schedule=schedule, limits=limits, on_update=update)
    return Settled(seen.state, seen.changed)
