"""Report the progress of the wait for a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.errors import ReadError
from shared.i18n.catalog import duration
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.output.progress import Reporter

MAX_PERCENT = 95  # of a task that is not done


class PollStatus(Protocol):
    """The status of a task: the service's own name for it, and whether that name is known."""

    @property
    def word(self) -> str:
        """The service's own status."""
        ...

    @property
    def known(self) -> bool:
        """False for a status that the service's documents do not name; it counts as running."""
        ...


@dataclass(frozen=True)
class ReminderInterval:
    """How often the user gets a reminder, and the longest known duration of the wait; in seconds."""

    every: float
    longest: float

    def percent(self, elapsed: float) -> int:
        """Return the percentage of the wait that is over, at most 95."""
        return min(MAX_PERCENT, int(100 * elapsed / self.longest))


class PollReporter:
    """The `on_update` of `wait_for_task`; `expected` are the durations of similar tasks, in seconds."""

    def __init__(
        self,
        reporter: Reporter,
        expected: Sequence[float] = (),
        *,
        word: str = "pending",
        rhythm: ReminderInterval | None = None,
    ) -> None:
        self._reporter = reporter
        self.has_reported = False
        """Whether anything was heard of the task or of the time since the wait began."""
        self._expected = "expected_range" if expected else "expected_unknown"
        self._facts = {"duration": duration(min(expected), max(expected))} if expected else {}
        self._longest = max(expected, default=rhythm.longest if rhythm else 0.0)
        self._word = word
        self._told_unknown = False
        self._rhythm = rhythm
        self._beats = 0

    def update(self, elapsed: float, status: PollStatus | ReadError | None) -> None:
        """Report a status, or a second that passed without one (None)."""
        reporter = self._reporter
        self.has_reported = True
        if isinstance(status, ReadError):
            reporter.info("look_failed", elapsed=f"{elapsed:.0f}")
            return
        if status is not None:
            self._word = status.word
            if not status.known and not self._told_unknown:
                self._told_unknown = True
                reporter.info("status_unknown", word=status.word)
        self._tell_user(elapsed)
        expected = reporter.catalog.format(self._expected, **self._facts)
        progress = min(MAX_PERCENT / 100, elapsed / self._longest) if self._longest else None
        facts = {"elapsed": f"{elapsed:.0f}", "word": self._status(), "expected": expected}
        reporter.status("waiting", progress=progress, **facts)

    def _status(self) -> str:
        """Return the service's status as a message where the catalog has one, else as it came."""
        message = f"service_status_{self._word.lower()}"
        return MessageRef(message) if self._reporter.catalog.has(message) else self._word

    def _tell_user(self, elapsed: float) -> None:
        rhythm = self._rhythm
        if rhythm is None or elapsed < (self._beats + 1) * rhythm.every:
            return
        self._beats = int(elapsed // rhythm.every)
        facts = {"elapsed": f"{elapsed:.0f}", "longest": f"{rhythm.longest:.0f}"}
        self._reporter.notify_user("progress_for_user", percent=rhythm.percent(elapsed), **facts)
