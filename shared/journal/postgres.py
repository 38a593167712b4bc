"""The tasks of one skill in PostgreSQL, for a fleet: the same table as SQLite's, and locks that are sessions'."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from shared.errors import DiskError, TaskLocked
from shared.journal import postgres_schema as schema
from shared.journal import postgres_spending as spending
from shared.journal.entry import FINISHED
from shared.journal.interface import StoreBusy
from shared.journal.rows import COLUMNS, DERIVED, entry_of, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.journal.budget import Budget, Reservation, Spending
    from shared.journal.entry import Entry, State

CLAIM_SECONDS = 1.0  # how long a claim waits for another process's decision before it says so
RECONNECT_PAUSE = 0.2  # seconds between two tries to reach the database
DECISION_KEY = 0x696D_6167_6573_6C  # the advisory lock for decisions about requests
_ALL = (*COLUMNS, *DERIVED)
# Every name in these statements is one of the above; values are always bound.
_INSERT = f"INSERT INTO tasks ({', '.join(_ALL)}) VALUES ({', '.join(f'%({name})s' for name in _ALL)})"  # noqa: S608
_SET = f"UPDATE tasks SET {', '.join(f'{name} = %({name})s' for name in _ALL[1:])}, revision = revision + 1"  # noqa: S608
_UPDATE = f"{_SET} WHERE local_id = %(local_id)s RETURNING revision"
_CHANGE = (
    f"{_SET} WHERE local_id = %(local_id)s AND state = %(expected)s AND revision = %(revision)s RETURNING revision"
)
T = TypeVar("T")
_PRICED = "charged = 'yes' AND amount IS NOT NULL"
_CHARGED_SINCE = "created_at >= %s AND possible_charges > 0 AND"
_MAY_FOLLOW = frozenset(("submitted", "succeeded", "failed", "refused", "unreachable", "unknown"))
"""States that the answer of a request may give an entry which was marked unknown while its owner was cut off."""


class PostgresStore:
    """One database, reached by one session of this process; threads may share it, they take turns.

    A task's lock is an advisory lock of that session, so it is free as soon as the process, or its connection, is
    gone. After a lost connection the store takes the locks again; an entry that somebody else changed meanwhile
    is not overwritten. `patience` is how many seconds a write waits for a database that is down; the mark that
    precedes a paid request never waits, and is never repeated.
    """

    def __init__(self, conninfo: str, *, patience: float = 0.0) -> None:
        self.path = schema.place_of(conninfo)
        self.conninfo = conninfo
        self._patience = patience
        self._guard = threading.RLock()
        self._connection: schema.Connection | None = None
        self._depth = 0
        self._held: set[str] = set()
        self._lost: set[str] = set()
        self._expected: dict[str, tuple[str, int]] = {}

    def exists(self) -> bool:
        """Return whether the database is set up.

        Raises:
            DiskError: it cannot be reached.
        """
        if self._connection is None:
            with schema.database_errors(self.path), schema.connect(self.conninfo) as connection:
                return bool(schema.applied_steps(connection, schema.COMPONENT))
        return True

    def create(self) -> None:
        """Check that the database is set up: one command migrates it, and nothing else makes tables.

        Raises:
            DiskError: `database_not_set_up`, `journal_newer`.
        """
        with self._guard, schema.database_errors(self.path):
            self._connected()

    def entries_of(self, connection: schema.Connection, fingerprints: Sequence[str]) -> list[Entry]:
        """Return the entries of several requests, newest first, as a transaction of this store reads them."""
        rows = connection.execute(
            "SELECT * FROM tasks WHERE fingerprint = ANY(%s) ORDER BY sequence DESC, created_at DESC",
            (list(fingerprints),),
        )
        return self._entries(rows.fetchall())

    def ping(self) -> None:
        """Replace a lost session, and take its locks again, before they are missed.

        Raises:
            DiskError: the database cannot be reached.
        """
        with self._guard, schema.database_errors(self.path):
            self._connected().execute("SELECT 1")

    def add(self, connection: schema.Connection, entries: Sequence[Entry]) -> None:
        """Write new entries in a transaction of this store; together they take one round trip.

        Raises:
            DiskError: one of them exists already, or another task of its request is alive.
        """
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [row_of(entry) for entry in entries])

    def close(self) -> None:
        """End the session, and with it every lock."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def transaction(self, *, claiming: bool = False, paying: bool = False) -> Iterator[schema.Connection]:
        """Write the block's changes in one transaction; `claiming` first waits a moment for other decisions."""
        with self._guard, schema.database_errors(self.path):
            connection = self._connected()
            self._depth += 1
            try:
                with connection.transaction():
                    if claiming:
                        self._take_turn(connection)
                    if paying:
                        spending.take_turn(connection)
                    yield connection
            finally:
                self._depth -= 1

    def decide_alone(self, connection: schema.Connection) -> None:
        """Wait, inside a transaction, until no other process decides about requests; its end releases the lock."""
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (DECISION_KEY,))

    def lock(self, local_id: str) -> SessionLock:
        """Return the lock of a task, not yet taken."""
        return SessionLock(self, local_id)

    def save(self, entry: Entry, reserve: Reservation | None = None) -> None:
        """Write an entry, masked, unless it has changed since its owner read it.

        Raises:
            TaskLocked: `request_busy`; another task of the request is alive, or the entry has another owner.
            DiskError: `journal_failed`; for `submitting`, it may or may not be written, and nothing may be sent.
        """
        row = row_of(entry)
        deadline = time.monotonic() + (self._patience if entry.state != "submitting" and not self._depth else 0.0)
        while True:
            try:
                self._save(entry, row, reserve)
            except DiskError as error:
                if not isinstance(error.__cause__, psycopg.OperationalError) or time.monotonic() >= deadline:
                    raise
                time.sleep(RECONNECT_PAUSE)
            else:
                return

    def entry(self, local_id: str) -> Entry | None:
        """Return the entry with this local id."""
        with self._guard:
            rows = self._rows("SELECT * FROM tasks WHERE local_id = %s", (local_id,))
            if rows:
                self._expected[local_id] = rows[0]["state"], rows[0]["revision"]
        return next(iter(self._entries(rows)), None)

    def matching(self, fingerprint: str) -> list[Entry]:
        """Return the entries of a request, newest first."""
        return self._entries_where("fingerprint = %s ORDER BY sequence DESC, created_at DESC", (fingerprint,))

    def find(self, identifier: str, base_url: str | None) -> Entry | None:
        """Return the newest entry with this local id or this id of the service."""
        clause = "local_id = %s OR task_id = %s AND (%s::text IS NULL OR base_url = %s)"
        known = self._entries_where(
            f"{clause} ORDER BY local_id = %s DESC, local_id DESC LIMIT 1",
            (identifier, identifier, base_url, base_url, identifier),
        )
        return next(iter(known), None)

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
        conditions: dict[str, tuple[object, ...]] = {"TRUE": ()}
        if state is not None:
            conditions["state = %s"] = (state,)
        if variant is not None:
            conditions["variant = %s"] = (variant,)
        if similar_to:
            like = row_of(similar_to)
            conditions["mode = %s AND model = %s AND requested = %s"] = (
                like["mode"],
                like["model"],
                like["requested"],
            )
        if charged_beside:
            entry = charged_beside
            conditions["possible_charges > 0 AND account = %s AND base_url = %s AND local_id != %s"] = (
                entry.account, entry.base_url, entry.local_id,
            )  # fmt: skip
            conditions["COALESCE(finished_at, '9') >= %s"] = (entry.created_at,)
        order = "local_id" if similar_to else "created_at"
        values = [value for some in conditions.values() for value in some]
        return self._entries_where(f"{' AND '.join(conditions)} ORDER BY {order} DESC LIMIT %s", [*values, limit])

    def spent(self, since: str) -> tuple[list[dict[str, Any]], list[Entry]]:
        """Return the sums of known charges since a time, and the entries of unknown ones."""
        sums = self._rows(
            "SELECT skill, unit, source, COUNT(*) AS tasks, ROUND(SUM(amount)::numeric, 6)::float8 AS amount "  # noqa: S608
            f"FROM tasks WHERE {_CHARGED_SINCE} {_PRICED} GROUP BY skill, unit, source",
            (since,),
        )
        return sums, self._entries_where(f"{_CHARGED_SINCE} NOT ({_PRICED}) ORDER BY created_at", (since,))

    def budgets(self) -> list[Budget]:
        """Return the budgets."""
        return self._read(spending.budgets)

    def set_budget(self, budget: Budget) -> None:
        """Keep a budget in place of one of the same period and unit."""
        with self.transaction() as connection:
            connection.execute(spending.SET_BUDGET.encode(), (budget.period, budget.unit, budget.amount))

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
        rows = self._rows("SELECT state, COUNT(*) AS tasks FROM tasks GROUP BY state")
        return {row["state"]: row["tasks"] for row in rows}

    def remove(self, local_id: str) -> None:
        """Remove an entry; the next vacuum gives its space back."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM tasks WHERE local_id = %s", (local_id,))

    def prune(self, before: str) -> int:
        """Remove finished entries that are older than a local id, and give their space back."""
        with self.transaction() as connection:
            removed = connection.execute(
                "DELETE FROM tasks WHERE local_id < %s AND state = ANY(%s)", (before, sorted(FINISHED))
            ).rowcount
            spending.prune(connection, before)
        with self._guard, contextlib.suppress(psycopg.Error):  # not the owner, a long reader: autovacuum does it
            self._connected().execute("VACUUM tasks")
        return removed

    def acquire(self, local_id: str) -> bool:
        """Take a task's advisory lock if it is free; a thread of this process that has it counts as an owner."""
        with self._guard, schema.database_errors(self.path):
            connection = self._connected()
            if local_id in self._held or not _try_lock(connection, local_id):
                return False
            self._held.add(local_id)
            self._lost.discard(local_id)
            self._expected.pop(local_id, None)
            return True

    def release(self, local_id: str) -> None:
        """Give a task's lock back; a session that is gone has given it back already."""
        with self._guard, contextlib.suppress(psycopg.Error):
            held = local_id in self._held and local_id not in self._lost
            self._held.discard(local_id)
            self._lost.discard(local_id)
            self._expected.pop(local_id, None)
            if held and self._connection is not None:
                self._connection.execute("SELECT pg_advisory_unlock(%s)", (_key(local_id),))

    def _save(self, entry: Entry, row: dict[str, Any], reserve: Reservation | None) -> None:
        try:
            with self.transaction() as connection:
                if entry.local_id in self._lost:
                    raise TaskLocked("request_busy", about=(self.path, entry), local_id=entry.local_id)
                revision = self._written(connection, entry, row)
                spending.update(connection, row, reserve)
        except DiskError as error:
            if isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                live = next((other for other in self.matching(entry.fingerprint) if other.is_live), entry)
                raise TaskLocked("request_busy", about=(self.path, live), local_id=live.local_id) from error
            raise
        self._expected[entry.local_id] = entry.state, revision

    def _written(self, connection: schema.Connection, entry: Entry, row: dict[str, Any]) -> int:
        """Write a row unless somebody else changed it since it was read; return its revision."""
        expected = self._expected.get(entry.local_id)
        if expected is None:
            changed = connection.execute(_UPDATE, row).fetchone()
            if not changed:
                connection.execute(_INSERT, row)
            return int(changed["revision"]) if changed else 1
        state, revision = expected
        changed = connection.execute(_CHANGE, {**row, "expected": state, "revision": revision}).fetchone()
        changed = changed or self._overtaken(connection, entry, row, revision)
        if not changed:
            raise TaskLocked("request_busy", about=(self.path, entry), local_id=entry.local_id)
        return int(changed["revision"])

    def _overtaken(
        self, connection: schema.Connection, entry: Entry, row: dict[str, Any], revision: int
    ) -> dict[str, Any] | None:
        """Write the end of a request whose entry changed while its owner was cut off from the database.

        Its last commit may have succeeded although the answer to it was lost; or the entry was marked unknown and
        has not been sent again.
        """
        current = connection.execute("SELECT * FROM tasks WHERE local_id = %s FOR UPDATE", (entry.local_id,))
        now = current.fetchone()
        if now is None or entry.local_id not in self._held or entry.state not in _MAY_FOLLOW:
            return None
        if now["revision"] == revision + 1 and all(now[name] == row[name] for name in _ALL):
            return now
        if now["state"] != "unknown" or entry_of(now).attempts != entry.attempts:
            return None
        values = {**row, "expected": "unknown", "revision": now["revision"]}
        return connection.execute(_CHANGE, values).fetchone()

    def _take_turn(self, connection: schema.Connection) -> None:
        """Take the lock for decisions, or raise StoreBusy after a moment."""
        deadline = time.monotonic() + CLAIM_SECONDS
        while True:
            row = connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS taken", (DECISION_KEY,)).fetchone()
            if row and row["taken"]:
                return
            if time.monotonic() >= deadline:
                raise StoreBusy
            time.sleep(RECONNECT_PAUSE / 10)

    def _entries_where(self, clause: str, values: Sequence[object] = ()) -> list[Entry]:
        return self._entries(self._rows(f"SELECT * FROM tasks WHERE {clause}", values))  # noqa: S608

    def _entries(self, rows: list[dict[str, Any]]) -> list[Entry]:
        """Return the entries of rows; one that cannot be judged stops everything."""
        try:
            return [entry_of(row) for row in rows]
        except ValueError:
            raise DiskError("journal_unreadable", path=self.path) from None

    def _read(self, read: Callable[..., T], *values: object) -> T:
        with self._guard, schema.database_errors(self.path):
            return read(self._connected(), *values)

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        with self._guard, schema.database_errors(self.path):
            return self._connected().execute(statement.encode(), values).fetchall()

    def _connected(self) -> schema.Connection:
        """Return the session; a new one takes the locks again, and what somebody else holds now is lost."""
        connection = self._connection
        if connection is None or connection.closed or connection.broken:
            connection = schema.connect(self.conninfo)
            try:
                schema.check_version(connection, self.path)
                self._lost |= {local_id for local_id in self._held if not _try_lock(connection, local_id)}
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            weakref.finalize(self, connection.close)
        return connection


class SessionLock:
    """The lock of one task: an advisory lock of the store's session."""

    def __init__(self, store: PostgresStore, local_id: str) -> None:
        self._store = store
        self._local_id = local_id
        self._taken = False

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never wait."""
        self._taken = self._taken or self._store.acquire(self._local_id)
        return self._taken

    def release(self) -> None:
        """Release the lock; do nothing if it is not held."""
        if self._taken:
            self._taken = False
            self._store.release(self._local_id)


def _key(local_id: str) -> int:
    """Return the 64-bit key of a task's advisory lock."""
    return int.from_bytes(hashlib.sha256(local_id.encode()).digest()[:8], "big", signed=True)


def _try_lock(connection: schema.Connection, local_id: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS taken", (_key(local_id),)).fetchone()
    return bool(row and row["taken"])
