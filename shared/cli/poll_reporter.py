"""Tells a person how the wait for a task goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.cli.context import CommandContext

MAX_PERCENT = 95  # of a task that is not done


class PollStatus(Protocol):
    """What a look at a task has to tell: the service's own word for its state, and whether we know that word."""

    @property
    def word(self) -> str:
        """The service's own status."""
        ...

    @property
    def known(self) -> bool:
        """False for a status that the wire facts do not name; it counts as running."""
        ...


@dataclass(frozen=True)
class ReminderInterval:
    """How often the user is to hear of the wait, and how long it lasts at most as far as is known; in seconds."""

    every: float
    longest: float

    def percent(self, elapsed: float) -> int:
        """Return how much of the wait is over; 95 until it really is."""
        return min(MAX_PERCENT, int(100 * elapsed / self.longest))


class PollReporter:
    """The `on_update` of a wait; `expected` are the durations of earlier tasks of this kind, in seconds."""

    def __init__(
        self,
        run: CommandContext,
        expected: Sequence[float],
        *,
        word: str = "pending",
        rhythm: ReminderInterval | None = None,
    ) -> None:
        self._run = run
        self._expected = "expected_range" if expected else "expected_unknown"
        self._facts = {"least": f"{min(expected):.0f}", "most": f"{max(expected):.0f}"} if expected else {}
        self._word = word
        self._told_unknown = False
        self._rhythm = rhythm
        self._beats = 0

    def update(self, elapsed: float, seen: PollStatus | ReadError | None) -> None:
        """Hear of a look, or of a second that passed without one (None)."""
        reporter = self._run.reporter
        self._run.result.status = "running"
        if isinstance(seen, ReadError):
            reporter.info("look_failed", elapsed=f"{elapsed:.0f}")
            return
        if seen is not None:
            self._word = seen.word
            if not seen.known and not self._told_unknown:
                self._told_unknown = True
                reporter.info("status_unknown", word=seen.word)
        self._tell_user(elapsed)
        expected = self._run.catalog.format(self._expected, **self._facts)
        reporter.status("waiting", elapsed=f"{elapsed:.0f}", word=self._word, expected=expected)

    def _tell_user(self, elapsed: float) -> None:
        rhythm = self._rhythm
        if rhythm is None or elapsed < (self._beats + 1) * rhythm.every:
            return
        self._beats = int(elapsed // rhythm.every)
        facts = {"elapsed": f"{elapsed:.0f}", "longest": f"{rhythm.longest:.0f}"}
        self._run.reporter.notify_user("progress_for_user", percent=rhythm.percent(elapsed), **facts)
