"""The doctor's checks of a fleet: the database, the store, the account's queue, and this worker's clock."""

from __future__ import annotations

import secrets
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.cli.options import provider_name
from openai_images.config.provider import find_provider
from openai_images.fleet.database import (
    check_same_cluster,
    database_address,
    open_store,
    require_packages,
    setting,
)
from openai_images.fleet.picture_store import picture_store
from shared.errors import BadInput, DiskError
from shared.files import is_same_file, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai_images.fleet.picture_store import PictureStore
    from shared.cli.doctor import Line
    from shared.journal.postgres import PostgresStore

    Check = Callable[[Callable[..., str]], Iterator[Line]]

MAX_CLOCK_OFFSET = 30.0  # seconds; more makes the times in documents misleading
PROBE = b"a probe of the fleet's doctor\n"


def fleet_checks(options: dict[str, Any]) -> dict[str, Check]:
    """Return the checks by name; each opens the database for itself, so that one failure hides no other."""
    address = database_address(options["database"])
    if address is None:
        return {}
    require_packages()
    pictures = picture_store(options["store"])

    def database(say: Callable[..., str]) -> Iterator[Line]:
        from openai_images.fleet.engine import engine_is_ready  # noqa: PLC0415  - optional, and slow

        store = open_store(address)
        with store.transaction() as connection:
            if not engine_is_ready(connection):
                raise DiskError("database_not_set_up", path=store.path)
            row = connection.execute("SELECT current_setting('server_version') AS version").fetchone()
        check_same_cluster(store)
        counts = store.counts()
        yield "ok", say("fleet_database_ok", path=store.path, version=row["version"] if row else "?")
        unknown = counts.get("unknown", 0)
        facts = {"tasks": sum(counts.values()), "waiting": counts.get("prepared", 0), "unknown": unknown}
        yield "note" if unknown else "ok", say("fleet_tasks_found", **facts)

    def store(say: Callable[..., str]) -> Iterator[Line]:
        yield from _store_lines(pictures, open_store(address), say)

    def account(say: Callable[..., str]) -> Iterator[Line]:
        yield from _account_lines(provider_name(options["provider"]), open_store(address), say)

    def worker_clock(say: Callable[..., str]) -> Iterator[Line]:
        journal = open_store(address)
        before = datetime.now(timezone.utc)
        with journal.transaction() as connection:
            row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
        seconds = (row["now"] - before).total_seconds() if row else 0.0
        verdict = "fleet_clock_ok" if abs(seconds) <= MAX_CLOCK_OFFSET else "fleet_clock_off"
        yield "ok" if verdict == "fleet_clock_ok" else "note", say(verdict, seconds=f"{abs(seconds):.0f}")

    return {"database": database, "store": store, "account": account, "worker_clock": worker_clock}


def _store_lines(pictures: PictureStore | None, journal: PostgresStore, say: Callable[..., str]) -> Iterator[Line]:
    """Write, read and compare a probe; the store is the fleet's, or becomes it with the first submit or worker."""
    if pictures is None:
        raise BadInput("store_missing", flag="--store")
    with journal.transaction() as connection:
        known, first = setting(connection, "store"), setting(connection, "store_marked")
    if known is not None and pictures.marker() != known:
        raise DiskError("store_not_shared", place=pictures.address, first=first or "?")
    with tempfile.TemporaryDirectory() as folder:
        probe, back = Path(folder) / "probe", Path(folder) / f"back-{secrets.token_hex(4)}"
        probe.write_bytes(PROBE)
        digest = sha256_of(probe)
        pictures.put("probe/doctor", probe, digest)
        if not pictures.get("probe/doctor", back) or not is_same_file(back, digest):
            raise DiskError("store_failed", place=pictures.address, reason="probe")
    yield "ok", say("fleet_store_ok" if known else "fleet_store_new", place=pictures.address)


def _account_lines(provider: str, journal: PostgresStore, say: Callable[..., str]) -> Iterator[Line]:
    from openai_images.fleet.engine import queue_of  # noqa: PLC0415  - optional, and slow

    account = find_provider(provider)
    queue = queue_of(account.base_url, account.secret.account())
    with journal.transaction() as connection:
        rows = connection.execute(
            "SELECT queue_name = %s AS ours, count(*) AS jobs FROM procrastinate_jobs"
            " WHERE status = 'todo' GROUP BY 1",
            (queue,),
        ).fetchall()
    jobs = {row["ours"]: row["jobs"] for row in rows}
    yield "ok", say("fleet_account_ok", provider=account.name, waiting=jobs.get(True, 0))
    if jobs.get(False):
        yield "note", say("fleet_account_others", waiting=jobs[False])
