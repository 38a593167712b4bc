"""Remove tasks at a person's request, and set a damaged database aside; nothing is removed automatically."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from typing import TYPE_CHECKING

from shared.errors import DiskError, TaskLocked
from shared.files import create_file, disk_errors
from shared.journal import schema, spending
from shared.journal.rows import entry_of
from shared.journal.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from shared.journal.entry import Entry


def forget(path: Path, entry: Entry) -> None:
    """Remove one task from the database at `path`, of any skill.

    Raises:
        TaskLocked: `request_busy`; a living process works on it.
        DiskError: the database cannot be written.
    """
    store = SqliteStore(path.parent, "remove")
    with disk_errors(path), store.lock(entry.local_id) as lock:
        if not lock.try_acquire():
            raise TaskLocked("request_busy", local_id=entry.local_id)
        store.remove(entry.local_id)


def prune(paths: Iterable[Path], before: datetime) -> int:
    """Remove the finished tasks that started before a time, free their space, and return their number.

    Raises:
        DiskError: a database cannot be written.
    """
    return sum(SqliteStore(path.parent, "remove").prune(f"{before:%Y%m%dT%H%M%SZ}") for path in paths)


def set_damaged_aside(path: Path) -> tuple[Path, int] | None:
    """Rename a damaged database, and start a new one with the tasks that can still be read.

    Return the path of the damaged one and the number of tasks read; None if there is none, or it is undamaged.

    Raises:
        DiskError: `journal_refused`, `journal_newer`, `journal_failed`, `disk_failed`.
    """
    with disk_errors(path), schema.creation_lock(path):
        if not os.path.lexists(path) or _is_whole(path):
            return None
        aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
        for name in schema.COMPANIONS:  # first, so that a kill loses none; SQLite drops what lacks its database
            companion = path.with_name(path.name + name)
            if companion.exists():
                with os.fdopen(create_file(aside.with_name(aside.name + name)), "wb") as copy:
                    copy.write(companion.read_bytes())
        os.replace(path, aside)  # noqa: PTH105  - as in shared.files
        for name in schema.COMPANIONS:
            path.with_name(path.name + name).unlink(missing_ok=True)
    store = SqliteStore(path.parent)
    store.create()
    readable = _readable(aside)
    with store.transaction() as connection:
        for entry in readable:
            store.save(entry)
        for statement, rows in _readable_budgets(aside):
            connection.executemany(statement, rows)
    return aside, len(readable)


def _is_whole(path: Path) -> bool:
    """Return whether SQLite finds no fault in a database and every task in it can be read."""
    try:
        with contextlib.closing(schema.connect(path, "own")) as connection:
            rows = connection.execute("SELECT * FROM tasks").fetchall()
            whole = [row[0] for row in connection.execute("PRAGMA quick_check")] == ["ok"]
        return whole and all(map(entry_of, rows))
    except (sqlite3.DatabaseError, ValueError):
        return False
    except DiskError as error:
        if error.code == "journal_damaged":
            return False
        raise


def _readable(path: Path) -> list[Entry]:
    """Return the tasks of a damaged database up to the place where it cannot be read any further."""
    entries: list[Entry] = []
    with (
        contextlib.suppress(sqlite3.DatabaseError, DiskError),
        contextlib.closing(schema.connect(path, "read")) as connection,
    ):
        for row in connection.execute("SELECT * FROM tasks"):
            with contextlib.suppress(ValueError):
                entries.append(entry_of(row))
    return entries


def _readable_budgets(path: Path) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Return what keeps the budgets of a damaged database and their spending, as statements with their rows."""
    known: list[tuple[str, list[tuple[object, ...]]]] = []
    for statement, columns, table in spending.SALVAGED:
        rows: list[tuple[object, ...]] = []
        with (
            contextlib.suppress(sqlite3.DatabaseError, DiskError),
            contextlib.closing(schema.connect(path, "read")) as connection,
        ):
            rows.extend(map(tuple, connection.execute(f"SELECT {columns} FROM {table}")))  # noqa: S608
        known.append((statement, rows))
    return known
