"""Measure how the cost of a fleet's task grows with the journal: at 10,000 and 100,000 entries, or others.

Prints a row of the table in docs/fleet.md for each size: enqueuing, the steps of one task in the database, bytes.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *map(str, ROOT.glob("skills/*/scripts"))]  # the tests' server does not ship

from openai_images.fleet import engine  # noqa: E402

from shared.journal.entry import Entry  # noqa: E402
from shared.journal.postgres import PostgresStore  # noqa: E402
from shared.journal.postgres_schema import connect  # noqa: E402
from tests.fleet.server import PostgresServer, database  # noqa: E402

if TYPE_CHECKING:
    from shared.journal.postgres_schema import Connection

SIZES = (10_000, 100_000)
BATCH = 500  # tasks in one transaction, as `submit` writes them
MEASURED = 300  # tasks whose steps are timed at each size
ACCOUNT = "0" * 12
QUEUE = engine.queue_of("https://images.example/v1", ACCOUNT)


def main(sizes: list[int]) -> int:
    """Measure each size in one growing database; return the exit code."""
    with PostgresServer(durable="--no-fsync" not in sys.argv) as server, database(server) as address:
        os.environ["PGPASSFILE"] = str(server.pgpass)
        with connect(address) as connection:
            engine.migrate(connection)
            store, known = PostgresStore(address), 0
            print("| entries | enqueued a second | ms a task in the database | MB in all | WAL a task, kB |")
            print("| --- | --- | --- | --- | --- |")
            for size in sizes:
                rate = enqueue(store, known, size)
                known = size
                finish_all_but(connection, MEASURED)
                milliseconds, wal = measure(store, connection)
                row = connection.execute(
                    "SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'public'"
                ).fetchone()
                megabytes = int(row["bytes"] if row else 0) / 1e6
                print(
                    f"| {size:,} | {rate:,.0f} | {milliseconds:.1f} | {megabytes:,.0f} | {wal:.1f} |", flush=True
                )
            store.close()
    return 0


def enqueue(store: PostgresStore, first: int, last: int) -> float:
    """Write entries and jobs as `submit` does; return how many a second."""
    started = time.monotonic()
    for begin in range(first, last, BATCH):
        entries = [entry(number) for number in range(begin, min(begin + BATCH, last))]
        with store.transaction() as connection:
            store.decide_alone(connection)
            store.entries_of(connection, [one.fingerprint for one in entries])
            store.add(connection, entries)
            task = {
                "request": {"prompt": "a prompt of usual length, " * 10},
                "references": [],
                "name": "p",
                "seconds": 600,
            }
            ids = engine.enqueue(connection, [engine.NewJob(one.local_id, QUEUE, task) for one in entries])
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO fleet_tasks VALUES (%s, %s, %s, %s)",
                    [(one.local_id, job, one.variant, "p") for one, job in zip(entries, ids, strict=True)],
                )
    return (last - first) / (time.monotonic() - started)


def entry(number: int) -> Entry:
    """Return an entry as `submit` makes it."""
    print_ = f"{number:064x}"
    made = Entry(print_, "zm", "happy", "generation", "gpt-image-2", "https://images.example/v1", ACCOUNT)
    made.local_id, made.created_at = f"20260301T110000Z-{number:08x}", "2026-03-01T11:00:00.000Z"
    made.sequence, made.variant = 1, f"bench/{number}"
    made.prompt = {"sha256": print_, "length": 260, "start": "a prompt of usual length, a prompt of us"}
    made.requested = made.applied = {"size": "1024x1024"}
    made.extra = {"idempotency_key": print_[:36], "input_images": [], "picture": f"p-{made.local_id}"}
    return made


def finish_all_but(connection: Connection, waiting: int) -> None:
    """End every entry but the newest, as a long-lived fleet's journal is: jobs are deleted when they are done."""
    ended = (
        "state = 'prepared' AND local_id < (SELECT local_id FROM tasks ORDER BY local_id DESC OFFSET %s LIMIT 1)"
    )
    connection.execute(
        f"UPDATE tasks SET state = 'succeeded', charged = 'yes', possible_charges = 1 WHERE {ended}".encode(),  # noqa: S608
        (waiting,),
    )
    connection.execute(
        "DELETE FROM procrastinate_jobs USING fleet_tasks f JOIN tasks t USING (local_id)"
        " WHERE procrastinate_jobs.id = f.job_id AND t.state = 'succeeded'"
    )
    connection.execute("VACUUM ANALYZE")


def measure(store: PostgresStore, connection: Connection) -> tuple[float, float]:
    """Return the milliseconds and the kB of WAL that one task takes in the database, from fetch to finish."""
    row = connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id").fetchone()
    worker = row["id"] if row else 0
    before = wal_bytes(connection)
    started = time.monotonic()
    for _ in range(MEASURED):
        job = connection.execute(
            "SELECT id, args FROM procrastinate_fetch_job_v2(%s::varchar[], %s)", ([QUEUE], worker)
        ).fetchone()
        if job is None or job["id"] is None:
            raise RuntimeError("no job waits")
        lock = store.lock(job["args"]["local_id"])
        lock.try_acquire()
        task = store.entry(job["args"]["local_id"])
        if task is None:
            raise RuntimeError("no entry")
        for state in ("submitting", "submitted", "succeeded"):
            task.state, task.charged, task.possible_charges, task.attempts = state, "yes", 1, 1  # type: ignore[assignment]
            store.save(task)
        lock.release()
        connection.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", (job["id"],))
    seconds = time.monotonic() - started
    return 1000 * seconds / MEASURED, (wal_bytes(connection) - before) / MEASURED / 1000


def wal_bytes(connection: Connection) -> int:
    """Return how many bytes of write-ahead log there were so far."""
    row = connection.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS bytes"
    ).fetchone()
    return int(row["bytes"]) if row else 0


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--no-fsync"]
    sys.exit(main([int(word.replace(",", "")) for word in words] or list(SIZES)))
