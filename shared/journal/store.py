"""The tasks of one skill in a SQLite database."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from shared.disk_reason import system_reason
from shared.errors import DiskError, TaskLocked
from shared.files import Lock, make_private_folder
from shared.journal import schema, spending
from shared.journal.entry import FINISHED
from shared.journal.interface import StoreBusy
from shared.journal.rows import COLUMNS, DERIVED, entry_of, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.journal.budget import Budget, Reservation, Spending
    from shared.journal.entry import Entry, State

NAME, LOCKS = "journal.db", "locks"
_ALL = (*COLUMNS, *DERIVED)
# Every name in these statements is one of the above; values are always bound.
_INSERT = f"INSERT INTO tasks ({', '.join(_ALL)}) VALUES ({', '.join(':' + name for name in _ALL)})"  # noqa: S608
_UPDATE = f"UPDATE tasks SET {', '.join(f'{name} = :{name}' for name in _ALL[1:])} WHERE local_id = :local_id"  # noqa: S608
_PRUNE = f"DELETE FROM tasks WHERE local_id < ? AND state IN ({', '.join(map(repr, sorted(FINISHED)))})"  # noqa: S608
_PRICED = "charged = 'yes' AND amount IS NOT NULL"
T = TypeVar("T")
_CHARGED_SINCE = "FROM tasks WHERE created_at >= ? AND possible_charges > 0 AND"


class SqliteStore:
    """One database and the locks beside it; threads may share it and take turns."""

    def __init__(self, folder: Path, access: schema.Access = "own") -> None:
        self.path = folder / NAME
        self._access = access
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """Return whether something with the database's name exists, whatever it is."""
        return os.path.lexists(self.path)

    def create(self) -> None:
        """Make the database and the folder of its locks."""
        with self._errors():
            make_private_folder(self.path.parent / LOCKS)
            if not self.exists():
                schema.create(self.path)

    def lock(self, local_id: str) -> Lock:
        """Return the kernel lock of a task; `local_id` comes from an entry, never from outside."""
        return Lock(self.path.parent / LOCKS / f"{local_id}.lock")

    @contextlib.contextmanager
    def transaction(self, *, claiming: bool = False, paying: bool = False) -> Iterator[sqlite3.Connection]:  # noqa: ARG002  - SQLite has one writer
        """Hold the database's only write lock; what the block wrote is on the disk when it ends well."""
        with self._guard, self._errors(claiming=claiming):
            connection = self._connected()
            if connection.in_transaction:
                yield connection
                return
            if claiming:
                connection.execute(f"PRAGMA busy_timeout = {schema.CLAIM_BUSY_MS}")
            try:
                connection.execute("BEGIN IMMEDIATE")
            finally:
                if claiming:
                    connection.execute(f"PRAGMA busy_timeout = {schema.BUSY_MS}")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    def save(self, entry: Entry, reserve: Reservation | None = None) -> None:
        """Write an entry, masked; the database refuses a second live task of one request."""
        row = row_of(entry)
        with self.transaction() as connection:
            try:
                if not connection.execute(_UPDATE, row).rowcount:
                    connection.execute(_INSERT, row)
                spending.update(connection, row, reserve)
            except sqlite3.IntegrityError as error:
                live = next((one for one in self.matching(entry.fingerprint) if one.is_live), entry)
                raise TaskLocked("request_busy", about=(self.path, live), local_id=live.local_id) from error

    def entry(self, local_id: str) -> Entry | None:
        """Return the entry with this local id."""
        return next(iter(self._entries("WHERE local_id = ?", (local_id,))), None)

    def matching(self, fingerprint: str) -> list[Entry]:
        """Return the entries of a request, newest first."""
        return self._entries("WHERE fingerprint = ? ORDER BY sequence DESC, created_at DESC", (fingerprint,))

    def find(self, identifier: str, base_url: str | None) -> Entry | None:
        """Return the newest entry with this local id or this id of the service."""
        where, values = "WHERE task_id = ?", [identifier]
        if base_url is not None:
            where, values = f"{where} AND base_url = ?", [identifier, base_url]
        known = self._entries(f"{where} ORDER BY local_id DESC LIMIT 1", values)
        return self.entry(identifier) or next(iter(known), None)

    def history(
        self,
        *,
        state: State | None = None,
        variant: str | None = None,
        similar_to: Entry | None = None,
        charged_beside: Entry | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Return entries, newest first; see the interface."""
        conditions: dict[str, tuple[object, ...]] = {"1": ()}
        if state is not None:
            conditions["state = ?"] = (state,)
        if variant is not None:
            conditions["variant = ?"] = (variant,)
        if similar_to:
            like = row_of(similar_to)
            conditions["mode = ? AND model = ? AND requested = ?"] = (
                like["mode"],
                like["model"],
                like["requested"],
            )
        if charged_beside:
            entry = charged_beside
            conditions["possible_charges > 0 AND account = ? AND base_url = ? AND local_id != ?"] = (
                entry.account, entry.base_url, entry.local_id,
            )  # fmt: skip
            conditions["COALESCE(finished_at, '9') >= ?"] = (entry.created_at,)
        order = "local_id" if similar_to else "created_at"
        clause = f"WHERE {' AND '.join(conditions)} ORDER BY {order} DESC LIMIT ?"
        values = [value for some in conditions.values() for value in some]
        return self._entries(clause, [*values, -1 if limit is None else limit])

    def spent(self, since: str) -> tuple[list[dict[str, Any]], list[Entry]]:
        """Return the sums of known charges since a time, and the entries of unknown ones."""
        with self._guard, self._errors():
            rows = self._connected().execute(
                "SELECT skill, unit, source, COUNT(*) AS tasks, ROUND(SUM(amount), 6) AS amount "
                f"{_CHARGED_SINCE} {_PRICED} GROUP BY skill, unit, source",
                (since,),
            )
            sums = [dict(row) for row in rows]
        unclear = _CHARGED_SINCE.removeprefix("FROM tasks ")
        return sums, self._entries(f"{unclear} NOT ({_PRICED}) ORDER BY created_at", (since,))

    def budgets(self) -> list[Budget]:
        """Return the budgets; a database of an older version has none."""
        return self._read(spending.budgets)

    def set_budget(self, budget: Budget) -> None:
        """Keep a budget in place of one of the same period and unit."""
        with self.transaction() as connection:
            connection.execute(spending.SET_BUDGET, (budget.period, budget.unit, budget.amount))

    def remove_budget(self, budget: Budget) -> None:
        """Remove the budget of this period and unit."""
        with self.transaction() as connection:
            connection.execute(spending.REMOVE_BUDGET, (budget.period, budget.unit))

    def spending(self, since: str, unit: str, run: str | None = None) -> Spending:
        """Return what was spent in a unit since a time, or in a run."""
        return self._read(spending.spent, since, unit, run)

    def highest_cost(self, unit: str) -> float | None:
        """Return the highest cost of one request in a unit; None if none is known."""
        return self._read(spending.highest_cost, unit)

    def counts(self) -> dict[str, int]:
        """Return how many entries are in each state."""
        with self._guard, self._errors():
            return dict(self._connected().execute("SELECT state, COUNT(*) FROM tasks GROUP BY state").fetchall())

    def remove(self, local_id: str) -> None:
        """Remove an entry; its bytes are overwritten."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM tasks WHERE local_id = ?", (local_id,))

    def prune(self, before: str) -> int:
        """Remove finished entries that are older than a local id, and shrink the file."""
        with self.transaction() as connection:
            removed = connection.execute(_PRUNE, (before,)).rowcount
            spending.prune(connection, before)
        with self._guard, contextlib.suppress(sqlite3.OperationalError):  # a full disk, a long reader: later
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def _entries(self, clause: str, values: tuple[object, ...] | list[Any]) -> list[Entry]:
        """Return the entries of a query; one that cannot be judged is damage, unless it is only read."""
        with self._guard, self._errors():
            rows = self._connected().execute(f"SELECT * FROM tasks {clause}", values).fetchall()  # noqa: S608
        entries = []
        for row in rows:
            try:
                entries.append(entry_of(row))
            except ValueError:
                if self._access == "own":
                    raise schema.damaged(self.path) from None
        return entries

    def _read(self, read: Callable[..., T], *values: object) -> T:
        with self._guard, self._errors():
            return read(self._connected(), *values)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = schema.connect(self.path, self._access)
            weakref.finalize(self, self._connection.close)
        return self._connection

    @contextlib.contextmanager
    def _errors(self, *, claiming: bool = False) -> Iterator[None]:
        """Convert errors of SQLite and the disk into the errors of the contract."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and schema.is_damage(error):
                raise schema.damaged(self.path) from error
            if claiming and isinstance(error, sqlite3.Error) and schema.is_busy(error):
                raise StoreBusy from error
            reason = system_reason(schema.system_error(error, self.path))
            raise DiskError("journal_failed", path=self.path, reason=reason, remedy="resume") from error
