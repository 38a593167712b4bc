"""What the journal of a skill knows of past tasks, over all state folders; nothing is changed by asking."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from shared.journal.budget import BudgetGuard, existing
from shared.journal.entry import Entry
from shared.journal.states import LEFT_BY_THE_DEAD, action_for
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from shared.journal.budget import Budget
    from shared.journal.entry import State
    from shared.journal.interface import Store
    from shared.journal.schema import Access
    from shared.journal.states import Action

Known = tuple["Path", Entry]
"""Where an entry is kept, and the entry."""


class JournalReader:
    """The tasks of one skill, in the state folder in force and in the default one."""

    def __init__(
        self,
        skill: str,
        state_folders: Sequence[Path],
        *,
        now: Callable[[], datetime] | None = None,
        access: Access = "own",
        stores: Sequence[Store] | None = None,
        run_budget: Budget | None = None,
    ) -> None:
        self.skill = skill
        self._stores = list(_sqlite_stores(skill, state_folders, access) if stores is None else stores)
        self.now = self._now = now or (lambda: datetime.now(timezone.utc))
        self.guard = BudgetGuard(self._stores, self._now, run_budget)

    @property
    def all_stores(self) -> list[Store]:
        """The stores, also those that do not exist yet; the first is the one that is written to."""
        return list(self._stores)

    @property
    def stores(self) -> list[Store]:
        """The stores that exist, in an order that every process keeps to."""
        return existing(self._stores)

    def find(self, identifier: str, base_url: str | None = None) -> Known | None:
        """Return the newest entry with this local or service id, and its location.

        Two services may issue the same id: with a `base_url`, a service id is searched for at that one only.
        """
        known = self._find(identifier, base_url)
        return (known[0].path, known[1]) if known else None

    def newest(self, print_: str, but_not: Collection[State] = ()) -> Known | None:
        """Return the newest entry of a request that is in none of these states, and where it is."""
        matching = [pair for pair in self._matching(print_) if pair[1].state not in but_not]
        return (matching[0][0].path, matching[0][1]) if matching else None

    def foresee(self, print_: str, passed_over: Collection[State] = ()) -> tuple[Action, Entry | None]:
        """Return what a command would do with a request, and the earlier entry that decides; takes no lock.

        `create` is without an entry. One that is being sent counts as `stop`, though its owner may be alive.
        """
        for _, entry in self._matching(print_):
            if entry.state in passed_over:
                continue
            state = LEFT_BY_THE_DEAD[entry.state][0] if entry.state in LEFT_BY_THE_DEAD else entry.state
            action = action_for(replace(entry, state=state), self._now(), resumed=False)
            if action == "create":
                break
            if action != "next":
                return action, entry
        return "create", None

    def has_paid(self, print_: str) -> bool:
        """Return whether an entry of a request may have been charged."""
        return any(entry.possible_charges for _, entry in self._matching(print_))

    def unpaid(self, print_: str) -> list[Entry]:
        """Return the entries of a request since the last one that may have been charged, newest first."""
        entries = (entry for _, entry in self._matching(print_))
        return list(takewhile(lambda entry: not entry.possible_charges, entries))

    def history(self, *, limit: int | None = None, **wanted: Any) -> list[Entry]:
        """Return entries, newest first; for the filters, see `Store.history`."""
        known = [entry for store in self.stores for entry in store.history(limit=limit, **wanted)]
        return sorted(known, key=lambda entry: entry.created_at, reverse=True)[:limit]

    def spent(self, since: datetime) -> tuple[list[dict[str, Any]], list[Entry]]:
        """Return what the tasks since then cost, by unit and source, and the entries of unknown costs."""
        parts = [store.spent(format_time(since)) for store in self.stores]
        return [row for sums, _ in parts for row in sums], [entry for _, unclear in parts for entry in unclear]

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in each state."""
        total: Counter[str] = Counter()
        for store in self.stores:
            total.update(store.counts())
        return dict(total)

    def _find(self, identifier: str, base_url: str | None) -> tuple[Store, Entry] | None:
        known = [(store, entry) for store in self.stores if (entry := store.find(identifier, base_url))]
        return max(known, key=lambda pair: pair[1].local_id, default=None)

    def _matching(self, print_: str) -> list[tuple[Store, Entry]]:
        known = [(store, entry) for store in self.stores for entry in store.matching(print_)]
        return sorted(known, key=lambda pair: (pair[1].sequence, pair[1].created_at), reverse=True)


def _sqlite_stores(skill: str, state_folders: Sequence[Path], access: Access) -> list[Store]:
    from shared.journal.store import SqliteStore  # noqa: PLC0415  - what --help need not wait for

    folders = dict.fromkeys(state / "image-skills" / skill for state in state_folders)
    return [SqliteStore(folder, access) for folder in folders]
