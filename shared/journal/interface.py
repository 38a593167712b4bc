"""The interface of a task store; other stores than SQLite can implement it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

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

    def transaction(self, *, claiming: bool = False) -> AbstractContextManager[object]:
        """Make what the block writes one step, which no other process sees half of, nor decides during.

        Raises:
            StoreBusy: when `claiming`, and another process is in a transaction.
        """

    def lock(self, local_id: str) -> TaskLock:
        """Return the lock of a task, not yet taken."""

    def save(self, entry: Entry) -> None:
        """Write an entry, new or changed.

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

    def counts(self) -> dict[str, int]:
        """Return how many entries are in each state."""

    def remove(self, local_id: str) -> None:
        """Remove an entry."""

    def prune(self, before: str) -> int:
        """Remove finished entries with a local id below `before`, free their space, and return their number."""
