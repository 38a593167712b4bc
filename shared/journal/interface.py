"""The interface of a task store; other stores than SQLite can implement it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from shared.journal.budget import Budget, Reservation, Spending
    from shared.journal.entry import Entry, State


class StoreBusy(Exception):
    """Another process is deciding about a request in this store at this moment."""


class TaskLock(Protocol):
    """The lock of one task: its holder lives and works on the task; it is free as soon as the holder is gone."""

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never wait."""

    def release(self) -> None:
        """Release the lock; do nothing if it is not held."""


class Store(Protocol):
    """The tasks of one skill in one place; every method is durable when it returns, and may raise DiskError."""

    path: Path
    """How the place is named in results and errors."""

    def exists(self) -> bool:
        """Return whether anything was ever kept here."""

    def create(self) -> None:
        """Make the place ready for the first task."""

    def transaction(self, *, claiming: bool = False, paying: bool = False) -> AbstractContextManager[object]:
        """Make what the block writes one step, which no other process sees half of, nor decides during.

        With `paying`, no other process is in such a transaction as long as there is a budget here.

        Raises:
            StoreBusy: when `claiming`, and another process is in a transaction.
        """

    def lock(self, local_id: str) -> TaskLock:
        """Return the lock of a task, not yet taken."""

    def save(self, entry: Entry, reserve: Reservation | None = None) -> None:
        """Write an entry, new or changed, and in the same step what it may have spent.

        The spending of a task is one row for each of its `possible_charges`: the newest is as `reserve` says, or
        without a cost, and gets the entry's cost as soon as that was charged. With `charged` no there is none.

        Raises:
            TaskLocked: `request_busy`; another task of the same request is alive.
        """

    def entry(self, local_id: str) -> Entry | None:
        """Return the entry with this local id."""

    def matching(self, fingerprint: str) -> list[Entry]:
        """Return the entries of a request, newest first."""

    def find(self, identifier: str, base_url: str | None) -> Entry | None:
        """Return the newest entry with this local id, or this id of the service at `base_url` (None: at any)."""

    def history(
        self,
        *,
        state: State | None = None,
        variant: str | None = None,
        similar_to: Entry | None = None,
        charged_beside: Entry | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Return entries, newest first: of a state, of a variant, of the same mode, model and parameters.

        `charged_beside` are the other tasks of its account that may have been charged and had not ended when it
        began.
        """

    def spent(self, since: str) -> tuple[list[dict[str, Any]], list[Entry]]:
        """Return the sums of known charges since a time, by unit and source, and the entries of unknown ones."""

    def budgets(self) -> list[Budget]:
        """Return the budgets that are kept here."""

    def set_budget(self, budget: Budget) -> None:
        """Keep a budget, in place of one of the same period and unit."""

    def remove_budget(self, budget: Budget) -> None:
        """Remove the budget of this period and unit; harmless when there is none."""

    def spending(self, since: str, unit: str, run: str | None = None) -> Spending:
        """Return what was spent since a time, or in a run, by tasks that were forgotten since, too."""

    def highest_cost(self, unit: str) -> float | None:
        """Return the highest cost of one request in a unit, None if none is known."""

    def counts(self) -> dict[str, int]:
        """Return how many entries are in each state."""

    def remove(self, local_id: str) -> None:
        """Remove an entry."""

    def prune(self, before: str) -> int:
        """Remove finished entries with a local id below `before`, free their space, and return their number."""
