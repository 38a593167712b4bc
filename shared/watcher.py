"""Tells a person how the wait for a task goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.errors import ReadFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.run import Run


class Seen(Protocol):
    """What a look at a task has to tell: the service's own word for its state, and whether we know that word."""

    @property
    def word(self) -> str:
        """The service's own status."""
        ...

    @property
    def known(self) -> bool:
        """False for a status that the wire facts do not name; it counts as running."""
        ...


class Watcher:
    """The `on_update` of a wait; `expected` are the durations of earlier tasks of this kind, in seconds."""

    def __init__(self, run: Run, expected: Sequence[float], *, word: str = "pending") -> None:
        self._run = run
        self._expected = "expected_range" if expected else "expected_unknown"
        self._facts = {"least": f"{min(expected):.0f}", "most": f"{max(expected):.0f}"} if expected else {}
        self._word = word
        self._told_unknown = False

    def update(self, elapsed: float, seen: Seen | ReadFailed | None) -> None:
        """Hear of a look, or of a second that passed without one (None)."""
        reporter = self._run.reporter
        self._run.result.status = "running"
        if isinstance(seen, ReadFailed):
            reporter.say("look_failed", elapsed=f"{elapsed:.0f}")
            return
        if seen is not None:
            self._word = seen.word
            if not seen.known and not self._told_unknown:
                self._told_unknown = True
                reporter.say("status_unknown", word=seen.word)
        expected = self._run.catalogue.say(self._expected, **self._facts)
        reporter.waiting("waiting", elapsed=f"{elapsed:.0f}", word=self._word, expected=expected)
