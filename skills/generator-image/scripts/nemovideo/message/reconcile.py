"""Poll the state of a session after a message until its outcome is clear; free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.output.poll_reporter import PollReporter
from shared.polling import PollSchedule, wait_for_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from nemovideo.api.session_state import State
    from nemovideo.message.stream_result import StreamResult
    from shared.cli.context import CommandContext
    from shared.errors import ReadError
    from shared.polling import Deadline

FIRST_LOOK, INTERVAL = 2.0, 5.0  # seconds; the wire facts' own
WORK_SECONDS = 900.0  # for so long a message may be worked on
ELSEWHERE_SECONDS = 60.0  # for so long the state is read after a redirect: a gateway's answer, not the agent's
REMIND_EVERY = 120.0  # seconds between two lines for the user

Ending = Literal["told", "silent", "lost"]
"""How a message's stream ended: with text, without any, or unknown."""


@dataclass(frozen=True)
class Reconciled:
    """The reconciled state; `changed` is None if there is nothing to compare it with."""

    state: State
    changed: bool | None


@dataclass(frozen=True)
class _ReconcileSchedule(PollSchedule):
    """Polls early once, then at an interval."""

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


def ending_of(heard: StreamResult | None) -> Ending:
    """Return how a stream ended; None for a stream that another process read, or that was not read."""
    if heard is None or not heard.whole:
        return "lost"
    return "told" if heard.text else "silent"


def reconcile(
    read: Callable[[float], State],
    before: str | None,
    ending: Ending,
    *,
    deadline: Deadline,
    interval: float | None,
    patience: float,
    context: CommandContext,
) -> Reconciled:
    """Poll the state until it shows what a message changed.

    `before` is its digest before the message. After text: one poll at once, and a second one if nothing has
    changed yet. After silence: two equal states. If the end of the stream is unknown, an unchanged state proves
    nothing
    while the message may still be processed: it must have changed and be equal twice, or `patience` seconds must
    have passed.

    Raises:
        StillRunning: `still_running` at the deadline.
        RequestRejected: the service refuses, such as `session_gone`.
    """
    started = deadline.clock()
    previous: list[str] = []

    def look(seconds: float) -> _Seen:
        state = read(seconds)
        changed = None if before is None else state.digest != before
        equal = previous[-1:] == [state.digest]
        previous.append(state.digest)
        ended = {
            "told": bool(changed) or len(previous) > 1,
            "silent": equal,
            "lost": equal and (changed is not False or deadline.clock() - started > patience),
        }[ending]
        return _Seen(
            state, changed, ended, context.catalog.format("state_changed" if changed else "state_as_before")
        )

    schedule = _ReconcileSchedule(
        interval or INTERVAL, first=0.0 if ending == "told" else min(FIRST_LOOK, interval or INTERVAL)
    )
    watcher, reminders = PollReporter(context.reporter), 0

    def update(elapsed: float, status: _Seen | ReadError | None) -> None:
        """Remind the user that the wait continues, without a percentage, because its length is unknown."""
        nonlocal reminders
        if elapsed >= (reminders + 1) * REMIND_EVERY:
            reminders = int(elapsed // REMIND_EVERY)
            context.reporter.notify_user("still_reading", minutes=f"{elapsed / 60:.0f}")
        context.note(status="running")
        watcher.update(elapsed, status)

    status = wait_for_task(look, schedule=schedule, deadline=deadline, on_update=update)
    return Reconciled(status.state, status.changed)
