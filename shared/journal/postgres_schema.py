"""The journal's database in PostgreSQL: how it is reached, set up, migrated, and recognized."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from shared.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Connection: TypeAlias = psycopg.Connection[dict[str, Any]]

CONNECT_SECONDS = 10
MIGRATION_KEY = 0x696D_6167_6573_6B  # "imagesk": the advisory lock for migrations
COMPONENT = "journal"
DURABLE = "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
"""The settings of our sessions: a mark is on the disk, and on synchronous standbys, before a request leaves."""

MIGRATIONS = (
    """
    CREATE TABLE tasks (
      local_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
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
      created_at TEXT COLLATE "C" NOT NULL,
      submitted_at TEXT,
      finished_at TEXT COLLATE "C",
      charged TEXT NOT NULL,
      possible_charges INTEGER NOT NULL,
      amount DOUBLE PRECISION,
      unit TEXT,
      source TEXT,
      details TEXT NOT NULL,
      revision BIGINT NOT NULL DEFAULT 1
    ) WITH (fillfactor = 80);
    CREATE UNIQUE INDEX one_live_task ON tasks (fingerprint)
      WHERE state IN ('prepared', 'submitting', 'submitted');
    CREATE INDEX of_request ON tasks (fingerprint, sequence);
    CREATE INDEX of_service ON tasks (task_id) WHERE task_id IS NOT NULL;
    CREATE INDEX of_variant ON tasks (variant, created_at);
    CREATE INDEX of_kind ON tasks (mode, model, requested, local_id) WHERE state = 'succeeded';
    CREATE INDEX by_time ON tasks (created_at);
    CREATE INDEX by_state ON tasks (state, created_at);
    CREATE INDEX by_end ON tasks (account, COALESCE(finished_at, '9')) WHERE possible_charges > 0
    """,
    """
    CREATE TABLE budgets (
      period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month')),
      unit TEXT NOT NULL,
      amount DOUBLE PRECISION NOT NULL CHECK (amount > 0 AND amount < 'Infinity'),
      PRIMARY KEY (period, unit)
    );
    CREATE TABLE spending (
      local_id TEXT COLLATE "C" NOT NULL,
      number INTEGER NOT NULL,
      at TEXT COLLATE "C" NOT NULL,
      run TEXT,
      unit TEXT,
      amount DOUBLE PRECISION,
      PRIMARY KEY (local_id, number)
    );
    INSERT INTO spending (local_id, number, at, unit, amount)
      SELECT local_id, possible_charges, COALESCE(submitted_at, created_at),
        CASE charged WHEN 'yes' THEN unit END, CASE charged WHEN 'yes' THEN amount END
      FROM tasks WHERE possible_charges > 0 AND charged != 'no';
    CREATE INDEX spent_at ON spending (at);
    CREATE INDEX spent_in_run ON spending (run) WHERE run IS NOT NULL;
    CREATE INDEX spent_most ON spending (unit, amount)
    """,
)
"""The statements that bring a database from each version to the next: the columns of schema.py and a revision."""
VERSION = len(MIGRATIONS)


def place_of(conninfo: str) -> Path:
    """Return how a database is named in results and errors: its host, port and name, without user or password."""
    parts = conninfo_to_dict(conninfo)
    host = str(parts.get("host") or parts.get("hostaddr") or parts.get("service") or "local")
    return Path("postgresql:") / f"{host}:{parts.get('port') or 5432}" / str(parts.get("dbname") or "")


def connect(conninfo: str) -> Connection:
    """Open a session in which a committed transaction is durable.

    Raises:
        psycopg.Error: there is no such database, it is down, or it refuses this user.
    """
    parts = conninfo_to_dict(conninfo)
    options = " ".join(filter(None, (str(parts.get("options") or ""), DURABLE)))
    ours = make_conninfo(
        conninfo,
        options=options,
        connect_timeout=parts.get("connect_timeout") or CONNECT_SECONDS,
        application_name=parts.get("application_name") or "image-skills",
        keepalives_idle=parts.get("keepalives_idle") or 30,
        keepalives_interval=parts.get("keepalives_interval") or 10,
        keepalives_count=parts.get("keepalives_count") or 3,
    )
    return psycopg.connect(ours, autocommit=True, row_factory=dict_row)


def migrate(connection: Connection, component: str, steps: Sequence[tuple[str, str]]) -> list[str]:
    """Bring a component's tables up to date; return the names of the steps that were missing.

    `steps` are (name, statements) in their order. All missing ones are applied in one transaction, under an
    advisory lock that a second command waits for: it finds nothing left to do.

    Raises:
        psycopg.Error: a statement failed, and everything is as before.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_KEY,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS image_skills_migrations (component TEXT NOT NULL, name TEXT NOT NULL,"
            " applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (component, name))"
        )
        applied = applied_steps(connection, component)
        missing = [step for step in steps if step[0] not in applied]
        for name, statements in missing:
            connection.execute(statements.encode())
            connection.execute("INSERT INTO image_skills_migrations VALUES (%s, %s)", (component, name))
    return [name for name, _ in missing]


def applied_steps(connection: Connection, component: str) -> set[str]:
    """Return the names of the steps that were applied for a component; empty in a database that is not set up."""
    if not has_table(connection, "image_skills_migrations"):
        return set()
    rows = connection.execute("SELECT name FROM image_skills_migrations WHERE component = %s", (component,))
    return {row["name"] for row in rows}


def has_table(connection: Connection, name: str) -> bool:
    """Return whether a table is there, on the search path."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", (name,)).fetchone()
    return bool(row and row["there"])


def journal_steps() -> list[tuple[str, str]]:
    """Return the journal's own migrations."""
    return [(f"{number:04d}", statements) for number, statements in enumerate(MIGRATIONS, 1)]


def check_version(connection: Connection, path: Path) -> None:
    """Check that the journal has this version of the tables.

    Raises:
        DiskError: `database_not_set_up` (never migrated, or older), `journal_newer`.
    """
    applied = applied_steps(connection, COMPONENT)
    ours = {name for name, _ in journal_steps()}
    if applied - ours:
        raise DiskError("journal_newer", path=path)
    if ours - applied or not has_table(connection, "tasks"):
        raise DiskError("database_not_set_up", path=path)


@contextlib.contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turn what PostgreSQL and the connection report into the error of the contract.

    Raises:
        DiskError: `journal_failed` with the reason in PostgreSQL's words, on one line.
    """
    try:
        yield
    except psycopg.Error as error:
        raise DiskError("journal_failed", path=path, reason=reason_of(error), remedy="resume") from error


def reason_of(error: psycopg.Error) -> str:
    """Return PostgreSQL's own words, on one line and without the statement."""
    words = error.diag.message_primary or str(error).partition("\nLINE ")[0] or type(error).__name__
    return re.sub(r"\s+", " ", words).strip()[:300]
