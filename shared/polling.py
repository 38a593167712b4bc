"""Wait for a task: when to poll, for how long, and how to continue after a failed poll."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from shared.errors import RateLimitError, ReadError, StillRunning
from shared.i18n.catalog import duration

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_POLL_INTERVAL = 0.5  # seconds; what --poll-interval may ask for at least
MAX_RETRY_AFTER = 60.0  # seconds; a service that asks for more ends the command (exit 6)
EARLIEST_SHARE = 0.9  # of the shortest known time: no poll before that
LEFT_SHARE = 1 / 7  # of the time until the longest known time: the longest interval between polls
TOO_MANY_REQUESTS, SERVER_ERRORS = 429, range(500, 600)  # HTTP codes of a service in trouble
FIRST_PAUSE, MAX_PAUSE = 0.5, 8.0  # seconds between two tries of one read


class Status(Protocol):
    """The status of a task, as far as waiting needs it: whether it has ended."""

    @property
    def ended(self) -> bool:
        """True if the service will not change the task any more."""
        ...


StatusT = TypeVar("StatusT", bound=Status)
Value = TypeVar("Value")


@dataclass(frozen=True)
class PollSchedule:
    """When to poll a task, in seconds.

    One early poll after one interval catches quick refusals; then none until 0.9 × the earliest known finish; then
    one every `interval`. `earliest` is 0 if nothing is known.

    With `latest`, the latest known finish, the pause is a seventh of the time until then, never less than
    `interval` nor more than `cautious`, and the end of the silence causes no poll. Tasks of 20-40 s and an
    interval of 2 s need 6.5 polls instead of 8.5, with 1.1 s of delay instead of 1.0; a constant 5 s: 6.5 polls
    and 2.5 s.
    """

    interval: float
    earliest: float = 0.0
    immediate: bool = False
    """Poll for the first time immediately: for a task that is already running."""
    cautious: float = 0.0
    """The least interval once the service has answered 429 or 5xx; 0 keeps `interval`."""
    latest: float = 0.0

    def next_delay(self, polls: int, elapsed: float) -> float:
        """Return the seconds until the next poll, after `polls` polls and `elapsed` seconds."""
        if polls == 0:
            return 0.0 if self.immediate else self.interval
        likely_from = max(elapsed, EARLIEST_SHARE * self.earliest)
        pause = likely_from - elapsed
        if likely_from < self.latest:
            pause += min(LEFT_SHARE * (self.latest - likely_from), self.cautious)
        return max(self.interval, pause)

    def after(self, failure: ReadError) -> PollSchedule:
        """Return the schedule to use after a failed poll."""
        return replace(self, interval=max(self.interval, self.cautious)) if is_overloaded(failure) else self


@dataclass(frozen=True)
class Deadline:
    """How long to wait: until `ends_at` on `clock` (seconds), and for at most `max_polls` polls if set."""

    ends_at: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    max_polls: int | None = None

    @classmethod
    def after(cls, seconds: float, max_polls: int | None = None) -> Deadline:
        """Return the deadline so many seconds from now."""
        return cls(time.monotonic() + seconds, time.monotonic, time.sleep, max_polls)

    @property
    def remaining(self) -> float:
        """Seconds until the end, never negative."""
        return max(0.0, self.ends_at - self.clock())


def wait_for_task(
    fetch: Callable[[float], StatusT],
    *,
    schedule: PollSchedule,
    deadline: Deadline,
    on_update: Callable[[float, StatusT | ReadError | None], None],
) -> StatusT:
    """Poll a task until it has ended, and return its last status.

    `fetch` gets the seconds that it may take, and raises ReadError if a poll failed; that is reported, and the
    task is polled again. `on_update` gets the elapsed seconds with every status, and about once a second in
    between (with None), so that it can keep a person informed.

    Raises:
        StillRunning: `still_running` at the deadline or after `max_polls`.
        RateLimitError: the service's Retry-After is longer than a minute.
    """
    start = deadline.clock()
    polls, pause = 0, schedule.next_delay(0, 0.0)
    while deadline.max_polls is None or polls < deadline.max_polls:
        if not _sleep(pause, deadline, lambda: on_update(deadline.clock() - start, None)):
            break
        status: StatusT | ReadError
        try:
            status = fetch(deadline.remaining)
        except ReadError as failure:
            status = failure
        polls += 1
        elapsed = deadline.clock() - start
        on_update(elapsed, status)
        if isinstance(status, ReadError):
            schedule = schedule.after(status)
        pause = schedule.next_delay(polls, elapsed)
        if isinstance(status, ReadError):
            pause = max(pause, _asked_pause(status))
        elif status.ended:
            return status
    raise StillRunning("still_running", elapsed=f"{deadline.clock() - start:.0f}", looks=polls)


def retry_read(read: Callable[[float], Value], deadline: Deadline, *, tries: int | None = None) -> Value:
    """Repeat a free read until it works, with full jitter between 0.5 and 8 s; `read` gets its seconds.

    Raises:
        ReadError: the last one, when the deadline is reached or `tries` are used up.
        RateLimitError: the service's Retry-After is longer than a minute.
    """
    max_pause, failed_reads = FIRST_PAUSE, 0
    while True:
        try:
            return read(deadline.remaining)
        except ReadError as failure:
            failed_reads += 1
            pause = max(random.uniform(0, max_pause), _asked_pause(failure))  # noqa: S311  - jitter, no secret
            max_pause = min(2 * max_pause, MAX_PAUSE)
            if failed_reads == tries or not _sleep(pause, deadline, lambda: None):
                raise


def is_overloaded(failure: ReadError) -> bool:
    """Return whether the service is overloaded or broken, also if an envelope with HTTP status 200 says so."""
    code = failure.provider_code or ""
    codes = {failure.http_status or 0, int(code) if code.isdecimal() else 0}
    return any(number == TOO_MANY_REQUESTS or number in SERVER_ERRORS for number in codes)


def _asked_pause(failure: ReadError) -> float:
    pause = failure.retry_after or 0.0
    if pause > MAX_RETRY_AFTER:
        raise RateLimitError("rate_limited", retry_after=pause, wait=duration(pause), remedy="resume") from failure
    return pause


def _sleep(seconds: float, deadline: Deadline, tick: Callable[[], None]) -> bool:
    """Sleep in steps of a second and call `tick` after each; return False if the deadline comes first."""
    wake_at = deadline.clock() + seconds
    while (now := deadline.clock()) < min(wake_at, deadline.ends_at):
        deadline.sleep(min(1.0, wake_at - now, deadline.ends_at - now))
        tick()
    return deadline.clock() < deadline.ends_at
