"""A locked task: the only way to change its state, with each step on the disk before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import signals
from shared.errors import BudgetExceeded, DiskError
from shared.journal.entry import FINISHED
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from shared.journal.budget import BudgetGuard, Reservation
    from shared.journal.entry import Charged, Entry, State
    from shared.journal.interface import Store, TaskLock


class LockedTask:
    """An entry together with its lock: its owner may work on the task and write the entry."""

    def __init__(
        self,
        entry: Entry,
        store: Store,
        lock: TaskLock,
        now: Callable[[], datetime],
        guard: BudgetGuard | None = None,
    ) -> None:
        self.entry = entry
        self._store = store
        self._lock = lock
        self._now = now
        self._guard = guard

    @property
    def path(self) -> Path:
        """Where the entry is kept."""
        return self._store.path

    def save(self, **changes: Any) -> None:
        """Set fields of the entry and make them durable before returning.

        Raises:
            DiskError: `journal_failed`; the journal still contains the former state.
            TaskLocked: `request_busy`; another task of the same request is alive.
        """
        self._save(changes)

    def _save(self, changes: Mapping[str, Any], reserve: Reservation | None = None) -> None:
        for name, value in changes.items():
            setattr(self.entry, name, value)
        with signals.defer_signals(uninterruptible=True):
            self._store.save(self.entry, reserve)

    def mark_submitting(self) -> None:
        """Record, before a paid request is sent, that one may have been charged from now on.

        Raises:
            BudgetExceeded: a budget has no room; the entry has ended as `unreachable` or `unknown`.
            DiskError, TaskLocked, Interrupted: the request must not be sent, and the entry is again what it was.
        """
        entry = self.entry
        before = {name: getattr(entry, name) for name in ("state", "charged", "attempts", "possible_charges")}
        try:
            self._reserve_and_save(
                state="submitting",
                charged="unknown",
                attempts=entry.attempts + 1,
                possible_charges=entry.possible_charges + 1,
            )
        except BudgetExceeded as error:
            self.finish("unknown" if entry.possible_charges else "unreachable", error={"code": error.code})
            raise
        except signals.Interrupted:
            self.save(**before)
            raise
        except BaseException as error:
            vars(entry).update(before)
            if isinstance(error, DiskError) and error.code == "journal_failed":
                error.remedy = "again"
            raise

    def _reserve_and_save(self, **changes: Any) -> None:
        """Reserve what the request may cost and save the entry in one step, if every budget has room."""
        if self._guard is None:
            self._save(changes)
            return
        with signals.defer_signals(uninterruptible=True), self._guard.transaction():
            self._save(changes, self._guard.reserve(self.entry))

    def mark_not_charged(self, state: State, **changes: Any) -> None:
        """Record that the last paid request provably was not accepted.

        If an earlier one may have been charged, the state becomes `unknown` instead.
        """
        remaining = self.entry.possible_charges - 1
        charged = "unknown" if remaining else "no"
        if remaining and state in FINISHED:
            state = "unknown"
        self.save(state=state, possible_charges=remaining, charged=charged, **changes)

    def mark_submitted(self, task_id: str, *, charged: Charged, cost: Mapping[str, Any] | None) -> None:
        """Record the id that the service issued."""
        cost = dict(cost) if cost else None
        self.save(
            state="submitted", task_id=task_id, charged=charged, cost=cost, submitted_at=format_time(self._now())
        )

    def finish(self, state: State, **changes: Any) -> None:
        """Record the end of the task."""
        self.save(state=state, finished_at=format_time(self._now()), **changes)

    def release(self) -> None:
        """Let go of the task; the entry stays as it was last saved."""
        self._lock.release()
