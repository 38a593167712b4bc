"""The database of a journal: create it privately, open it safely, migrate it, and recognise a damaged one."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING

from shared.errors import DiskError
from shared.files import BLOCK, Lock, create_anew, make_private_folder, sync_folder
from shared.i18n.messages import MessageRef
from shared.part_files import PartFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Literal

    Access = Literal["own", "read", "remove"]

BUSY_MS = 10_000  # how long a write waits for another process's transaction
CLAIM_BUSY_MS = 1000  # how long a claim waits before it reports that and tries again
COMPANIONS = ("-wal", "-shm", "-journal")
"""The files that SQLite keeps beside a database; they belong to it."""

MIGRATIONS = (
    """
    CREATE TABLE tasks (
      local_id TEXT NOT NULL PRIMARY KEY,
      task_id TEXT,
      fingerprint TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      variant TEXT NOT NULL,
      skill TEXT NOT NULL,
      base_url TEXT NOT NULL,
      account TEXT NOT NULL,
      mode TEXT NOT NULL,
      model TEXT NOT NULL,
      requested TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at TEXT NOT NULL,
      submitted_at TEXT,
      finished_at TEXT,
      charged TEXT NOT NULL,
      possible_charges INTEGER NOT NULL,
      amount REAL,
      unit TEXT,
      source TEXT,
      details TEXT NOT NULL
    );
    CREATE UNIQUE INDEX one_live_task ON tasks (fingerprint)
      WHERE state IN ('prepared', 'submitting', 'submitted');
    CREATE INDEX of_request ON tasks (fingerprint, sequence);
    CREATE INDEX of_service ON tasks (task_id) WHERE task_id IS NOT NULL;
    CREATE INDEX of_variant ON tasks (variant, created_at);
    CREATE INDEX of_kind ON tasks (mode, model, requested, state, local_id);
    CREATE INDEX by_time ON tasks (created_at, possible_charges, charged, amount, skill, unit, source);
    CREATE INDEX by_state ON tasks (state, created_at);
    CREATE INDEX by_end ON tasks (account, COALESCE(finished_at, '9')) WHERE possible_charges > 0;
    """,
    """
    CREATE TABLE budgets (
      period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month')),
      unit TEXT NOT NULL,
      amount REAL NOT NULL CHECK (typeof(amount) = 'real' AND amount > 0),
      PRIMARY KEY (period, unit)
    );
    CREATE TABLE spending (
      local_id TEXT NOT NULL,
      number INTEGER NOT NULL,
      at TEXT NOT NULL,
      run TEXT,
      unit TEXT,
      amount REAL,
      PRIMARY KEY (local_id, number)
    );
    INSERT INTO spending (local_id, number, at, unit, amount)
      SELECT local_id, possible_charges, COALESCE(submitted_at, created_at),
        CASE charged WHEN 'yes' THEN unit END, CASE charged WHEN 'yes' THEN amount END
      FROM tasks WHERE possible_charges > 0 AND charged != 'no';
    CREATE INDEX spent_at ON spending (at, unit, amount);
    CREATE INDEX spent_in_run ON spending (run, unit, amount) WHERE run IS NOT NULL;
    CREATE INDEX spent_most ON spending (unit, amount);
    """,
)
"""The statements that bring a database from each version to the next; version 0 is an empty one."""
VERSION = len(MIGRATIONS)


def connect(path: Path, access: Access) -> sqlite3.Connection:
    """Open a database that exists: the `own` one for everything, any one to `read`, or to `remove` tasks.

    The own one is migrated when an older version wrote it. The others are left as they are.

    Raises:
        DiskError: `journal_refused` (a link, a folder, somebody else's), `journal_newer`, `journal_damaged`.
        sqlite3.Error: it cannot be opened or read.
    """
    _refuse_foreign(path)
    if not path.stat().st_size:  # a new one gets its name when it is complete
        raise damaged(path)
    mode = "ro" if access == "read" else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        if access == "own":
            _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def create(path: Path) -> None:
    """Create an empty database of this version atomically, private from its first byte, unless it exists.

    Raises:
        DiskError: `disk_failed` or `folder_planted`; the folder cannot be made.
        OSError, sqlite3.Error: the database cannot be created.
    """
    make_private_folder(path.parent)
    with creation_lock(path):
        if os.path.lexists(path):
            return
        temporary = path.with_name(f"{path.name}.new")
        for name in COMPANIONS:
            temporary.with_name(temporary.name + name).unlink(missing_ok=True)
        os.close(create_anew(temporary))
        connection = sqlite3.connect(temporary, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = WAL")  # stays what it is where the file system cannot
            _migrate(connection, 0)
        finally:
            connection.close()
        os.replace(temporary, path)  # noqa: PTH105  - as in shared.files
        sync_folder(path.parent)


@contextlib.contextmanager
def creation_lock(path: Path) -> Iterator[None]:
    """Hold what keeps two processes from making the database, or setting it aside, at the same time."""
    with Lock(path.with_name(f"{path.name}.lock")) as lock:
        deadline = time.monotonic() + BUSY_MS / 1000
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            time.sleep(0.02)
        yield


def damaged(path: Path) -> DiskError:
    """Return the error of a database that cannot be relied on."""
    return DiskError("journal_damaged", path=path, remedy="set_aside")


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error means that the database is damaged, not only unavailable at the moment."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error).startswith(("no such table", "no such column", "Could not decode"))
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError)


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another process held the database for too long."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def system_error(error: Exception, path: Path) -> OSError:
    """Return the system's error behind one of SQLite, whose text does not distinguish a quota from a broken disk.

    It is found by writing to the folder.
    """
    if isinstance(error, OSError):
        return error
    if "full" in str(error):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    try:
        if path.exists():
            os.close(os.open(path, os.O_RDWR))
        with PartFile.create(path.with_name("probe"), alone=False) as probe:
            probe.file.write(bytes(BLOCK))
            probe.sync()
    except OSError as failure:
        return failure
    return OSError(errno.EIO, os.strerror(errno.EIO)) if "disk I/O" in str(error) else OSError(0, str(error))


def _refuse_foreign(path: Path) -> None:
    """Refuse what this user did not make there, and close to others what is theirs to read."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise DiskError("journal_refused", path=path, reason=MessageRef("is_a_link"))
    if not stat.S_ISREG(status.st_mode):
        raise DiskError("journal_refused", path=path, reason=MessageRef("not_regular_file"))
    if hasattr(os, "geteuid"):
        if status.st_uid != os.geteuid():
            raise DiskError("journal_refused", path=path, reason=MessageRef("belongs_to_another"))
        if status.st_mode & 0o077:
            path.chmod(0o600)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise DiskError("journal_newer", path=path)
    if version < 1:
        raise damaged(path)
    if version < VERSION:
        _migrate(connection, version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a database to this version in one transaction; another process may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = max(version, int(connection.execute("PRAGMA user_version").fetchone()[0]))
        for step in MIGRATIONS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, VERSION)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
