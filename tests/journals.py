"""Journals as tests put them together and read them: entries in databases, and the locks beside."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from shared.journal import schema
from shared.journal.rows import COLUMNS
from shared.journal.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from shared.files import Lock
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask


class WatchedConnection(sqlite3.Connection):
    """A connection whose statements a test hears of, before and after; it may fail them, or die there."""

    before: ClassVar[Callable[[str], None]] = staticmethod(lambda _statement: None)
    after: ClassVar[Callable[[str], None]] = staticmethod(lambda _statement: None)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Carry out a statement."""
        if statement.startswith("PRAGMA synchronous"):
            statement = "PRAGMA synchronous = OFF"  # no power is cut in these tests
        WatchedConnection.before(statement)
        cursor = super().execute(statement, *values)
        WatchedConnection.after(statement)
        return cursor


def watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection that is opened from now on be a watched one."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=WatchedConnection))


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every write of a watched connection fail from now on, as on a full disk."""

    def full(statement: str) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(WatchedConnection, "before", staticmethod(full))


@dataclass(frozen=True)
class Kept:
    """An entry in a database."""

    database: Path
    local_id: str

    @property
    def entry(self) -> Entry:
        """What the database says of it now."""
        return next(entry for entry in entries_in(self.database) if entry.local_id == self.local_id)

    @property
    def exists(self) -> bool:
        """Whether it is still there."""
        return self.local_id in [entry.local_id for entry in entries_in(self.database)]

    @property
    def lock(self) -> Lock:
        """Its lock, not yet taken."""
        return SqliteStore(self.database.parent).lock(self.local_id)

    def remove(self) -> None:
        """Take it out."""
        SqliteStore(self.database.parent).remove(self.local_id)


def keep(folder: Path, entry: Entry) -> Kept:
    """Put an entry into the journal of a skill's folder."""
    store = SqliteStore(folder)
    store.create()
    store.save(entry)
    return Kept(store.path, entry.local_id)


def keep_raw(folder: Path, document: Mapping[str, Any]) -> None:
    """Put a row into a journal as it is, whatever is in it, if the database takes it."""
    store = SqliteStore(folder)
    store.create()
    known = {name: document.get(name) for name in (*COLUMNS, "requested")}
    rest = {name: value for name, value in document.items() if name not in known}
    row = known | {"requested": json.dumps(known["requested"]), "details": json.dumps(rest)}
    names = ", ".join(row)
    values = [value if isinstance(value, str | int | None) else json.dumps(value) for value in row.values()]
    with suppress(sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
        alter(store.path, f"INSERT INTO tasks ({names}) VALUES ({', '.join('?' * len(row))})", *values)  # noqa: S608


def kept(task: LockedTask) -> Kept:
    """Return where a task in someone's hands is kept."""
    return Kept(task.path, task.entry.local_id)


def entries_in(database: Path) -> list[Entry]:
    """Return the entries of a database, oldest first."""
    store = SqliteStore(database.parent, "read")
    return sorted(store.history(), key=lambda entry: entry.local_id) if store.exists() else []


def alter(database: Path, statement: str, *values: object) -> None:
    """Change a database by hand, past all checks of the journal."""
    with closing(schema.connect(database, "remove")) as connection:
        connection.execute(statement, values)
