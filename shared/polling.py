"""Waiting for a task: when to look, how long, and that a failed look is no failed task."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from shared.errors import RateLimitError, ReadError, StillRunning

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_POLL_INTERVAL = 0.5  # seconds; what --poll-interval may ask for at least
MAX_RETRY_AFTER = 60.0  # seconds; a service that asks for more ends the command (exit 6)
EARLIEST_SHARE = 0.9  # of the quickest task known: no look before that
LEFT_SHARE = 1 / 7  # of the time until the slowest task known: how far apart looks are at most
TOO_MANY_REQUESTS, SERVER_ERRORS = 429, range(500, 600)  # HTTP codes of a service in trouble
FIRST_PAUSE, MAX_PAUSE = 0.5, 8.0  # seconds between two tries of one read


class Status(Protocol):
    """What a look at a task has to tell: whether there is any use in looking again."""

    @property
    def ended(self) -> bool:
        """True when the service will not change the task any more."""
        ...


StatusT = TypeVar("StatusT", bound=Status)
Value = TypeVar("Value")


@dataclass(frozen=True)
class PollSchedule:
    """When to look at a task, in seconds.

    One early look after one interval catches quick refusals; then silence until 0.9 × the earliest finish
    that is known; then the short polite interval. `earliest` 0 means that nothing is known.

    With `latest`, the latest finish that is known, a look follows when the end has become likely enough: a seventh
    of what is left until then, never less than `interval` nor more than `cautious`; the end of the silence is no
    reason to look. Tasks of 20-40 s and an interval of 2 s make 6.5 looks instead of 8.5, and 1.1 s of delay
    instead of 1.0; 5 s always: 6.5 looks and 2.5 s.
    """

    interval: float
    earliest: float = 0.0
    immediate: bool = False
    """Make the first look right away: for a task that is already on its way."""
    cautious: float = 0.0
    """The least interval once the service has answered 429 or 5xx; 0 keeps `interval`."""
    latest: float = 0.0

    def next_delay(self, looks: int, elapsed: float) -> float:
        """Return how long to wait before the next look, `looks` having been made `elapsed` after the start."""
        if looks == 0:
            return 0.0 if self.immediate else self.interval
        likely_from = max(elapsed, EARLIEST_SHARE * self.earliest)
        pause = likely_from - elapsed
        if likely_from < self.latest:
            pause += min(LEFT_SHARE * (self.latest - likely_from), self.cautious)
        return max(self.interval, pause)

    def after(self, failure: ReadError) -> PollSchedule:
        """Return the schedule to go on with after a look that did not work."""
        return replace(self, interval=max(self.interval, self.cautious)) if is_overloaded(failure) else self


@dataclass(frozen=True)
class Deadline:
    """How long to wait: until `deadline` on `clock` (seconds), and for `most_looks` looks when given."""

    ends_at: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    max_polls: int | None = None

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.ends_at - self.clock())


def wait_for_task(
    fetch: Callable[[float], StatusT],
    *,
    schedule: PollSchedule,
    limits: Deadline,
    on_update: Callable[[float, StatusT | ReadError | None], None],
) -> StatusT:
    """StatusT at a task until it ended, and return that last look.

    `fetch` gets the seconds it may take and raises ReadError when a look did not work: that is told and
    looked again. `on_update` hears the elapsed seconds with every look, and in between (None) about once a
    second, so that it can keep a person informed.

    Raises:
        StillRunning: `still_running` at the deadline or after `most_looks`.
        RateLimitError: the service asks to wait longer than a minute.
    """
    start = limits.clock()
    looks, pause = 0, schedule.next_delay(0, 0.0)
    while limits.max_polls is None or looks < limits.max_polls:
        if not _sleep(pause, limits, lambda: on_update(limits.clock() - start, None)):
            break
        seen: StatusT | ReadError
        try:
            seen = fetch(limits.remaining)
        except ReadError as failure:
            seen = failure
        looks += 1
        elapsed = limits.clock() - start
        on_update(elapsed, seen)
        if isinstance(seen, ReadError):
            schedule = schedule.after(seen)
        pause = schedule.next_delay(looks, elapsed)
        if isinstance(seen, ReadError):
            pause = max(pause, _asked_pause(seen))
        elif seen.ended:
            return seen
    raise StillRunning("still_running", elapsed=f"{limits.clock() - start:.0f}", looks=looks)


def retry_read(read: Callable[[float], Value], limits: Deadline, *, tries: int | None = None) -> Value:
    """Repeat a free read until it works, with full jitter between 0.5 and 8 s; `read` gets its seconds.

    Raises:
        ReadError: the last one, when the deadline is reached or `tries` are used up.
        RateLimitError: the service asks to wait longer than a minute.
    """
    longest, done = FIRST_PAUSE, 0
    while True:
        try:
            return read(limits.remaining)
        except ReadError as failure:
            done += 1
            pause = max(random.uniform(0, longest), _asked_pause(failure))  # noqa: S311  - jitter, no secret
            longest = min(2 * longest, MAX_PAUSE)
            if done == tries or not _sleep(pause, limits, lambda: None):
                raise


def is_overloaded(failure: ReadError) -> bool:
    """Tell whether the service is overloaded or broken; it may say so in an envelope with HTTP status 200."""
    code = failure.provider_code or ""
    said = {failure.http_status or 0, int(code) if code.isdecimal() else 0}
    return any(number == TOO_MANY_REQUESTS or number in SERVER_ERRORS for number in said)


def _asked_pause(failure: ReadError) -> float:
    pause = failure.retry_after or 0.0
    if pause > MAX_RETRY_AFTER:
        raise RateLimitError(
            "rate_limited", retry_after=pause, wait=f"{pause:.0f} s", remedy="resume"
        ) from failure
    return pause


def _sleep(seconds: float, limits: Deadline, tick: Callable[[], None]) -> bool:
    """Sleep in steps of a second, telling each; False when the deadline comes first (it is waited for)."""
    until = limits.clock() + seconds
    while (now := limits.clock()) < min(until, limits.ends_at):
        limits.sleep(min(1.0, until - now, limits.ends_at - now))
        tick()
    return limits.clock() < limits.ends_at
