"""Procrastinate as the fleet uses it: its tables, the queue of an account, and jobs in our own transactions."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import procrastinate
from procrastinate import exceptions, jobs
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.schema import SchemaManager

from openai_images.fleet import database
from shared.journal import postgres_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from shared.journal.postgres_schema import Connection

COMPONENT = "procrastinate"
TASK_NAME = "image_skills.draw"
FORMAT = 1
"""The format of a job's arguments; a worker of another format has another queue, so it never sees the job."""
DEFER_BATCH = 500  # jobs in one transaction

for _name in ("procrastinate", "psycopg"):  # they would print prompts and stack traces on stderr
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


class PutBackError(Exception):
    """The task was not sent, and waits again: from `at` on, or at once (None)."""

    def __init__(self, at: datetime | None = None) -> None:
        super().__init__(at)
        self.at = at


class EndedUnclearError(Exception):
    """The task ended in a way that a person must see; its job stays in the database as failed."""


class _PutBack(BaseRetryStrategy):
    """Retry only what was provably not sent."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision | None:  # noqa: ARG002
        return RetryDecision(retry_at=exception.at) if isinstance(exception, PutBackError) else None


@dataclass(frozen=True)
class NewJob:
    """A job to be enqueued for an entry that is written in the same transaction."""

    local_id: str
    queue: str
    task: dict[str, Any]
    priority: int = 0
    start_at: datetime | None = None


def queue_of(base_url: str, account: str) -> str:
    """Return the queue of one account at one service, for jobs in this version's format."""
    address = hashlib.sha256(base_url.encode()).hexdigest()[:12]
    return f"images-v{FORMAT}-{account}-{address}"


def migrate(connection: Connection) -> list[str]:
    """Set up the fleet's tables and the engine's, or bring them up to date; return what was applied.

    Safe when two run it: the second waits, and finds nothing left to do.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (postgres_schema.MIGRATION_KEY,))
        components = {
            postgres_schema.COMPONENT: postgres_schema.journal_steps(),
            database.COMPONENT: database.MIGRATIONS,
            COMPONENT: _engine_steps(postgres_schema.applied_steps(connection, COMPONENT)),
        }
        applied = [
            f"{component} {name}"
            for component, steps in components.items()
            for name in postgres_schema.migrate(connection, component, steps)
        ]
        database.put_setting(connection, "cluster", database.cluster_of(connection))
    return applied


def engine_is_ready(connection: Connection) -> bool:
    """Return whether the engine's tables are those of the installed version."""
    applied = postgres_schema.applied_steps(connection, COMPONENT)
    return bool(applied) and not _engine_steps(applied)


def new_app(address: str) -> procrastinate.App:
    """Return the engine's application, connected to nothing yet."""
    connector = procrastinate.PsycopgConnector(
        conninfo=address, kwargs={"application_name": "image-skills-engine"}
    )
    return procrastinate.App(connector=connector)


def add_task(app: procrastinate.App, draw: Callable[..., None]) -> None:
    """Let a worker carry out jobs with this function; it is run in a thread."""
    app.task(name=TASK_NAME, retry=_PutBack())(draw)


def enqueue(connection: Connection, new_jobs: Sequence[NewJob]) -> list[int]:
    """Enqueue jobs in the transaction of a connection; return their ids in order."""
    manager = new_app("").job_manager
    deferred = manager.batch_defer_jobs(
        [
            jobs.Job(
                queue=job.queue,
                lock=None,
                queueing_lock=job.local_id,
                task_name=TASK_NAME,
                task_kwargs={"local_id": job.local_id, "task": job.task},
                priority=job.priority,
                scheduled_at=job.start_at,
            )
            for job in new_jobs
        ],
        connection=connection,
    )
    return [int(job.id or 0) for job in deferred]


def cancel(connection: Connection, job_id: int) -> None:
    """Take a job that waits out of its queue, in the transaction of a connection."""
    new_app("").job_manager.cancel_job_by_id(job_id, delete_job=True, connection=connection)


def put_back(connection: Connection, job_id: int) -> None:
    """Let a job wait again whose worker is gone."""
    connection.execute(
        "SELECT procrastinate_retry_job_v2(id, NULL, NULL, NULL, NULL) FROM procrastinate_jobs"
        " WHERE id = %s AND status IN ('doing', 'failed')",
        (job_id,),
    )


def finish(connection: Connection, job_id: int, *, failed: bool) -> None:
    """End a job whose worker is gone; one that did not fail is deleted."""
    connection.execute(
        "SELECT procrastinate_finish_job_v1(id, %s, %s) FROM procrastinate_jobs"
        " WHERE id = %s AND status = 'doing'",
        ("failed" if failed else "succeeded", not failed, job_id),
    )
    if not failed:
        connection.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'failed'", (job_id,))


def waiting(connection: Connection, queue: str, *, within: float) -> int:
    """Return how many jobs of a queue wait and may start within these seconds."""
    row = connection.execute(
        "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE queue_name = %s AND status = 'todo'"
        " AND (scheduled_at IS NULL OR scheduled_at <= clock_timestamp() + make_interval(secs => %s))",
        (queue, within),
    ).fetchone()
    return int(row["jobs"]) if row else 0


def _engine_steps(applied: set[str]) -> list[tuple[str, str]]:
    """Return the engine's steps that are missing: its whole schema for a new database, else its later migrations.

    A new database is marked with the last migration, which its schema contains.
    """
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    if not applied:
        return [(files[-1].name, SchemaManager.get_schema())]
    return [(file.name, file.read_text(encoding="utf-8")) for file in files if file.name > max(applied)]


ConnectorError = exceptions.ConnectorException
