"""The fleet's database: its address without a password, its packages, and what is kept of the fleet in it."""

from __future__ import annotations

import importlib.util
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.errors import BadInput, ConfigurationError, DiskError
from shared.i18n.messages import CommandText
from shared.interpreters import environment_folder, environment_python, install_line
from shared.launch import DEPENDENCIES
from shared.security.keys import Secret

if TYPE_CHECKING:
    from shared.journal.postgres import PostgresStore
    from shared.journal.postgres_schema import Connection

PACKAGES = {"procrastinate": "procrastinate>=3.10,<4", "psycopg": "psycopg[binary]>=3.2,<4"}
S3_PACKAGES = {"boto3": "boto3>=1.40,<2"}
"""The packages that only a fleet needs, by the name under which they are imported."""
PASSWORD = re.compile(r"(?i)\b(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]*)")
COMPONENT = "fleet"
MIGRATIONS = (
    (
        "0001",
        """
        CREATE TABLE fleet_tasks (
          local_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tasks ON DELETE CASCADE,
          job_id BIGINT NOT NULL,
          task_key TEXT,
          task_name TEXT NOT NULL
        );
        CREATE INDEX fleet_tasks_by_key ON fleet_tasks (task_key, local_id) WHERE task_key IS NOT NULL;
        CREATE TABLE fleet_settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE account_rates (
          account TEXT NOT NULL PRIMARY KEY,
          per_minute DOUBLE PRECISION,
          next_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
          refusals INTEGER NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50)
        """,
    ),
)


def database_address(option: str | None) -> str | None:
    """Return the address of the fleet's database: --database, else IMAGE_QUEUE_DATABASE; None without either.

    Raises:
        BadInput: `database_password`; the address contains a password, which other users could read.
        BadInput: `database_invalid`.
    """
    address = option if option is not None else os.environ.get("IMAGE_QUEUE_DATABASE") or None
    if address is None:
        return None
    flag = "IMAGE_QUEUE_DATABASE" if option is None else "--database"
    passwords = [match.group(1).strip("'") for match in PASSWORD.finditer(address)]
    is_url = address.startswith(("postgresql://", "postgres://"))
    try:
        passwords += [urlsplit(address).password or ""] if is_url else []
    except ValueError:
        raise BadInput("database_invalid", flag=flag) from None
    if any(passwords):
        for password in passwords:
            Secret(password)  # masked from now on
        raise BadInput("database_password", flag=flag)
    if not address.isprintable() or not (is_url or "=" in address):
        raise BadInput("database_invalid", flag=flag)
    return address


def require_packages(packages: dict[str, str] | None = None) -> None:
    """Check that the packages of a fleet are installed; they are imported only after this.

    Raises:
        ConfigurationError: `fleet_packages_missing`, with the one command that installs them.
    """
    needed = PACKAGES if packages is None else packages
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        everything = {**DEPENDENCIES, "json5": "json5>=0.12", **PACKAGES, **needed}
        raise ConfigurationError(
            "fleet_packages_missing",
            missing=", ".join(missing),
            line=CommandText(install_line([everything[name] for name in sorted(everything)])),
            python=CommandText(environment_python(environment_folder())),
        )


def open_store(address: str, *, patience: float = 0.0) -> PostgresStore:
    """Return the journal in the fleet's database, which is set up and of this version.

    Raises:
        ConfigurationError: a package is missing.
        BadInput: `database_invalid`; PostgreSQL cannot read the address.
        DiskError: `database_not_set_up`, `journal_newer`, `database_moved`, or it cannot be reached.
    """
    require_packages()
    import psycopg  # noqa: PLC0415  - optional, and slow

    from shared.journal import postgres_schema  # noqa: PLC0415
    from shared.journal.postgres import PostgresStore  # noqa: PLC0415

    try:
        store = PostgresStore(address, patience=patience)
    except psycopg.Error:
        raise BadInput("database_invalid", flag="--database") from None
    store.create()
    with store.transaction() as connection:
        applied = postgres_schema.applied_steps(connection, COMPONENT)
        ours = {name for name, _ in MIGRATIONS}
        if applied - ours:
            raise DiskError("journal_newer", path=store.path)
        if ours - applied:
            raise DiskError("database_not_set_up", path=store.path)
    return store


def check_same_cluster(store: PostgresStore) -> None:
    """Check that the database is the one that was set up, not a restored, promoted or copied one.

    A copy may lack the last marks of paid requests: what it holds as waiting may have been sent. A promotion and a
    recovery to a point in time begin a new timeline, another server has another identifier.

    Raises:
        DiskError: `database_moved`, or it cannot be reached.
    """
    with store.transaction() as connection:
        known = setting(connection, "cluster")
        if known != cluster_of(connection):
            raise DiskError("database_moved", path=store.path)


def cluster_of(connection: Connection) -> str:
    """Return the identity of a server and of its history: the system identifier and the timeline."""
    row = connection.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||"
        " left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS identity"
    ).fetchone()
    return str(row["identity"]) if row else ""


def setting(connection: Connection, name: str) -> str | None:
    """Return a setting of the whole fleet, None if it is not set."""
    row = connection.execute("SELECT value FROM fleet_settings WHERE name = %s", (name,)).fetchone()
    return str(row["value"]) if row else None


def put_setting(connection: Connection, name: str, value: str, *, replace: bool = False) -> str:
    """Set a setting of the whole fleet unless it is set, or `replace` it; return its value."""
    action = "DO UPDATE SET value = EXCLUDED.value" if replace else "DO NOTHING"
    connection.execute(
        f"INSERT INTO fleet_settings VALUES (%s, %s) ON CONFLICT (name) {action}".encode(),  # noqa: S608
        (name, value),
    )
    return setting(connection, name) or value
