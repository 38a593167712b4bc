"""When the paid request of a synchronous service is sent again: docs/money.md, section 3, row zm."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from openai_images.response.refusal import FIELD_REFUSED
from openai_images.wire import RETRYABLE
from shared import signals
from shared.errors import NotSentError, OutcomeUnknown, RateLimitError, RequestRejected, SkillError
from shared.paid_request import recorded
from shared.polling import MAX_RETRY_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.journal.submit import LockedTask
    from shared.polling import Deadline

MOST_ATTEMPTS = 5
SHORTEST_RETRY = 30.0  # seconds; with less until a far deadline, another attempt would be paid for and cut off
Made = TypeVar("Made")


@dataclass(frozen=True)
class Policy:
    """How often and how soon; seconds. The pause after attempt n is min(longest, base * 2^(n-1)) plus jitter."""

    most: int = 3
    base: float = 8.0
    longest: float = 45.0
    jitter: float = 5.0
    seconds: float = 600.0
    """For one attempt, from the first byte sent to the last one read."""
    retry_unknown: bool = False
    """The user agreed that a request whose outcome is unknown is sent again."""

    def pause(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to wait after an attempt, at least what the service asked for."""
        jitter = random.uniform(0, self.jitter)  # noqa: S311  - no secret
        return max(min(self.longest, self.base * 2.0 ** (attempt - 1)) + jitter, asked or 0.0)


def spend(
    task: LockedTask,
    send: Callable[[float], Made],
    policy: Policy,
    limits: Deadline,
    *,
    begin: Callable[[float], None],
    wait: Callable[[int, float, SkillError], None],
    rename_field: Callable[[], None] = lambda: None,
) -> Made:
    """Send the paid request of a task until it is answered or may not be sent again, and record what came of it.

    `begin` and `send` get the seconds that an attempt may take: the one does what has to be done before anything
    leaves, the other records the acceptance. `wait` gets the number of the attempt that failed, the seconds to
    wait, and why. An attempt that may have been charged stays counted in the
    entry's `possible_charges`, whatever follows. `rename_field` prepares a form with the other name of its files.

    A task that may have been charged before is only here because the user agreed to one more request: after one
    that may have been charged, no other follows.

    Raises:
        RequestRejected, NotSentError: the last attempt's, when no attempt can have been charged.
        OutcomeUnknown: no picture, and an attempt may have been charged; the entry is `unknown`.
        DiskError: the entry could not be written, or `begin` could not; then nothing was sent by this attempt.
    """
    shortest = min(
        policy.seconds, SHORTEST_RETRY, limits.remaining / 2
    )  # who gives little time has quick pictures
    once = task.entry.possible_charges > 0
    most = policy.most
    for number in itertools.count(1):
        seconds = min(policy.seconds, limits.remaining)
        begin(seconds)
        task.mark_submitting()
        try:
            with recorded(task), signals.defer_signals():
                return send(seconds)
        except (RequestRejected, NotSentError, OutcomeUnknown) as error:
            if task.entry.state != "submitting":  # the answer came: there is nothing to pay for again
                raise
            renamed = error.code == FIELD_REFUSED
            most += renamed  # refused for a name alone, it counts as none
            pause = 0.0 if renamed else policy.pause(number, error.retry_after)
            in_time = pause + shortest <= limits.remaining
            again = number < most and in_time and (renamed or _repeatable(error, policy, once=once))
            _record(task, error, over=not again)
            if not again:
                signals.discard_pending()
                raise _end(task, error) from error
            if renamed:
                rename_field()
            else:
                wait(number, pause, error)
    raise AssertionError("unreachable")


def _repeatable(error: SkillError, policy: Policy, *, once: bool) -> bool:
    if error.retry_after is not None and error.retry_after > MAX_RETRY_AFTER:
        return False
    if isinstance(error, (RateLimitError, NotSentError)):
        return True
    may_repeat = error.http_status in RETRYABLE or policy.retry_unknown
    return isinstance(error, OutcomeUnknown) and may_repeat and not once


def _record(task: LockedTask, error: SkillError, *, over: bool) -> None:
    """Write down what an attempt came to; once one may have been charged, a kill leaves the entry `submitting`."""
    told = {"code": error.code, "provider_code": error.provider_code, "http_status": error.http_status}
    maybe_charged = task.entry.possible_charges - (not isinstance(error, OutcomeUnknown))
    if isinstance(error, OutcomeUnknown):
        if over:
            task.finish("unknown", error=told)
    elif maybe_charged:
        task.mark_not_charged("unknown" if over else "submitting", error=told)
    elif over:
        task.mark_not_charged("refused" if isinstance(error, RequestRejected) else "unreachable", error=told)
    else:
        task.mark_not_charged("prepared", error=told)


def _end(task: LockedTask, error: SkillError) -> SkillError:
    if not task.entry.possible_charges or isinstance(error, OutcomeUnknown):
        return error
    return OutcomeUnknown(
        "attempts_unclear",
        http_status=error.http_status,
        provider_code=error.provider_code,
        request_id=error.request_id,
        count=task.entry.possible_charges,
        last=error,
    )
