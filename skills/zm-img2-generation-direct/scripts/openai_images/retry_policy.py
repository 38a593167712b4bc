"""Decides when the paid request of a synchronous service is retried (docs/money.md, section 3, row zm)."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from openai_images.response.refusal import CONTENT_CODES, FIELD_REFUSED
from openai_images.wire import RETRYABLE
from shared import signals
from shared.errors import (
    BudgetExceeded,
    NotSentError,
    OutcomeUnknown,
    RateLimitError,
    RequestRejected,
    SkillError,
)
from shared.paid_request import recorded
from shared.polling import MAX_RETRY_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.journal.submit import LockedTask
    from shared.polling import Deadline

MAX_ATTEMPTS = 5
MIN_RETRY_SECONDS = 30.0  # seconds; with less until a far deadline, another attempt would be paid for and cut off
SEND_AGAIN = {"--on-unknown": "retry"}
"""The options with which a request is sent once more that may have been charged."""
T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Number and timing of attempts, in seconds.

    The delay after attempt n is min(max_delay, base_delay * 2^(n-1)) plus a random jitter.
    """

    max_attempts: int = 3
    base_delay: float = 8.0
    max_delay: float = 45.0
    jitter: float = 5.0
    seconds: float = 600.0
    """For one attempt, from the first byte sent to the last one read."""
    retry_unknown: bool = False
    """The user agreed to retry a request whose outcome is unknown."""

    def delay(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after an attempt, at least the service's `retry_after`."""
        jitter = random.uniform(0, self.jitter)  # noqa: S311  - no secret
        return max(min(self.max_delay, self.base_delay * 2.0 ** (attempt - 1)) + jitter, retry_after or 0.0)


def submit_with_retries(
    task: LockedTask,
    send: Callable[[float], T],
    policy: RetryPolicy,
    deadline: Deadline,
    *,
    begin: Callable[[float], None],
    wait: Callable[[int, float, SkillError], None],
    rename_field: Callable[[], None] = lambda: None,
) -> T:
    """Send the paid request of a task until it is answered or may not be retried, and record the outcome.

    `begin` and `send` get the seconds that an attempt may take: `begin` prepares it before anything is sent,
    `send` records the acceptance. `wait` gets the number of the failed attempt, the seconds to wait, and the
    error. An attempt that may have been charged stays counted in the entry's `possible_charges`, whatever
    follows. `rename_field` prepares a form with the other name of its file fields.

    For a task that may have been charged before, the user agreed to one more request: if that one may have been
    charged as well, no other follows.

    Raises:
        RequestRejected: no attempt can have been charged, and the service rejected the last one.
        NotSentError: no attempt can have been charged, and the last one was not sent.
        OutcomeUnknown: no image arrived, and an attempt may have been charged; the entry is `unknown`.
        BudgetExceeded: no attempt can have been charged, and a budget has no room for this one.
        DiskError: the entry could not be written, or `begin` failed; this attempt sent nothing.
    """
    min_seconds = min(
        policy.seconds, MIN_RETRY_SECONDS, deadline.remaining / 2
    )  # a short time limit means that images are quick
    charged_before = task.entry.possible_charges > 0
    max_attempts = policy.max_attempts
    for number in itertools.count(1):
        seconds = min(policy.seconds, deadline.remaining)
        begin(seconds)
        try:
            task.mark_submitting()
        except BudgetExceeded as error:
            raise _final_error(task, error) from error
        try:
            with recorded(task), signals.defer_signals():
                return send(seconds)
        except (RequestRejected, NotSentError, OutcomeUnknown) as error:
            if task.entry.state != "submitting":  # the answer came: there is nothing to pay for again
                raise
            renamed = error.code == FIELD_REFUSED
            max_attempts += renamed  # refused for a name alone, it counts as none
            delay = 0.0 if renamed else policy.delay(number, error.retry_after)
            in_time = delay + min_seconds <= deadline.remaining
            may_retry = (
                number < max_attempts
                and in_time
                and (renamed or _is_retryable(error, policy, charged_before=charged_before))
            )
            _record_failure(task, error, final=not may_retry)
            if not may_retry:
                signals.discard_pending()
                raise _final_error(task, error) from error
            if renamed:
                rename_field()
            else:
                wait(number, delay, error)
    raise AssertionError("unreachable")


def _is_retryable(error: SkillError, policy: RetryPolicy, *, charged_before: bool) -> bool:
    if error.retry_after is not None and error.retry_after > MAX_RETRY_AFTER:
        return False
    if isinstance(error, (RateLimitError, NotSentError)):
        return True
    if (error.provider_code or "").casefold() in CONTENT_CODES:  # under a 5xx too: another attempt ends alike
        return False
    may_repeat = error.http_status in RETRYABLE or policy.retry_unknown
    return isinstance(error, OutcomeUnknown) and may_repeat and not charged_before


def _record_failure(task: LockedTask, error: SkillError, *, final: bool) -> None:
    """Record the failure of an attempt; once one may have been charged, the entry stays `submitting` if killed."""
    failure = {"code": error.code, "provider_code": error.provider_code, "http_status": error.http_status}
    maybe_charged = task.entry.possible_charges - (not isinstance(error, OutcomeUnknown))
    if isinstance(error, OutcomeUnknown):
        if final:
            task.finish("unknown", error=failure)
    elif maybe_charged:
        task.mark_not_charged("unknown" if final else "submitting", error=failure)
    elif final:
        task.mark_not_charged("refused" if isinstance(error, RequestRejected) else "unreachable", error=failure)
    else:
        task.mark_not_charged("prepared", error=failure)


def _final_error(task: LockedTask, error: SkillError) -> SkillError:
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
