"""After a crash: what was not sent waits again, what may have been sent is unknown, what is here is saved."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.delivery import salvage
from openai_images.fleet import engine
from openai_images.fleet.draw import recover
from openai_images.run_folder import RESPONSE_FILE
from shared.errors import TaskLocked
from shared.journal.entry import LOCAL_ID
from shared.journal.submit import LockedTask

if TYPE_CHECKING:
    from openai_images.fleet.draw import Worker
    from shared.journal.entry import Entry
    from shared.journal.postgres import PostgresStore

HEARTBEAT_SECONDS = 30.0  # without a heartbeat for so long, a worker's jobs are looked into
_STALLED = """
    SELECT job.id, job.args ->> 'local_id' AS local_id FROM procrastinate_jobs job
    LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    LEFT JOIN tasks task ON task.local_id = job.args ->> 'local_id'
    WHERE job.task_name = %s AND (job.status = 'failed' AND task.state = 'prepared'
      OR job.status = 'doing' AND (worker.id IS NULL
        OR worker.last_heartbeat < clock_timestamp() - make_interval(secs => %s)))
    ORDER BY job.id LIMIT 10000
"""
_DONE_AFTER_ALL = """
    DELETE FROM procrastinate_jobs job USING fleet_tasks named JOIN tasks task USING (local_id)
    WHERE job.id = named.job_id AND job.status = 'failed' AND task.state = 'succeeded'
"""
"""Jobs that ended as failed while their worker was cut off, and whose answer came all the same."""


@dataclass
class Reconciled:
    """The findings, and the changes made with `apply`: local ids by their new state."""

    again: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    alive: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in each group."""
        return {name: len(ids) for name, ids in vars(self).items()}


def reconcile(store: PostgresStore, *, apply: bool, heartbeat: float = HEARTBEAT_SECONDS) -> Reconciled:
    """Look into every job whose worker has given no sign of life; a held lock means a living owner.

    A heartbeat only chooses what is looked into. What happens to money is decided by the entry's state, under its
    lock: prepared waits again, submitting becomes unknown.

    Raises:
        DiskError: the database cannot be reached.
    """
    outcome = Reconciled()
    with store.transaction() as connection:
        stalled = connection.execute(_STALLED, (engine.TASK_NAME, heartbeat)).fetchall()
    for job in stalled:
        local_id = str(job["local_id"])
        lock = store.lock(local_id)
        if not lock.try_acquire():
            outcome.alive.append(local_id)
            continue
        try:
            entry = store.entry(local_id)
            _group(outcome, entry).append(local_id)
            if apply:
                _apply(store, job["id"], LockedTask(entry, store, lock, _now) if entry else None)
        finally:
            lock.release()
    if apply:
        with store.transaction() as connection:
            connection.execute(_DONE_AFTER_ALL)
    return outcome


def _group(outcome: Reconciled, entry: Entry | None) -> list[str]:
    if entry is not None and entry.state == "prepared":
        return outcome.again
    return outcome.unknown if entry is None or entry.state in ("submitting", "unknown") else outcome.ended


def _apply(store: PostgresStore, job_id: int, task: LockedTask | None) -> None:
    """Write what becomes of a stalled job and of its entry, in one transaction."""
    with store.transaction() as connection:
        if task is not None and task.entry.state == "prepared":
            engine.put_back(connection, job_id)
            return
        if task is not None and task.entry.state == "submitting":
            task.finish("unknown", error={"code": "ended_while_sending"})
        unclear = task is None or task.entry.state in ("unknown", "submitted")
        engine.finish(connection, job_id, failed=unclear)


def salvage_spool(worker: Worker) -> int:
    """Finish the tasks whose complete answers are in this worker's spool; return their number.

    A worker that was killed between the last byte of an answer and the journal's next write has paid for an image
    that is on its disk; so has one whose store was unavailable.
    """
    finished = 0
    for folder in sorted(worker.spool.iterdir()):
        local_id = folder.name
        if not LOCAL_ID.fullmatch(local_id) or not (folder / RESPONSE_FILE).is_file():
            continue
        with contextlib.suppress(engine.EndedUnclearError, TaskLocked):
            task = worker.locked(local_id)
            if task is None:
                continue
            try:
                finished += _salvage(worker, task)
            finally:
                task.release()
    return finished


def _salvage(worker: Worker, task: LockedTask) -> bool:
    """Finish one task from its answer, if that is complete and the task has not ended otherwise."""
    if task.entry.state not in ("submitting", "submitted", "unknown"):
        return False
    if task.entry.state != "submitted" and not salvage(worker.folder(task.entry.local_id) / RESPONSE_FILE):
        return False
    recover(worker, task)
    with worker.store.transaction() as connection:
        row = connection.execute("SELECT job_id FROM fleet_tasks WHERE local_id = %s", (task.entry.local_id,))
        job = row.fetchone()
        if job:
            engine.finish(connection, job["job_id"], failed=False)
    worker.report(task.entry)
    return True


def settle_after_restore(store: PostgresStore, *, trust: bool) -> int:
    """Accept a restored or promoted database: with `trust` as it is, else every waiting task becomes unknown.

    A copy that lacks the last commits may hold as waiting what was sent; unknown is sent again only by the user's
    word. Returns how many tasks became unknown.
    """
    from openai_images.fleet.database import cluster_of, put_setting  # noqa: PLC0415

    changed = 0
    with store.transaction() as connection:
        store.decide_alone(connection)
        if not trust:
            rows: list[dict[str, Any]] = connection.execute(
                "SELECT local_id, job_id FROM tasks LEFT JOIN fleet_tasks USING (local_id)"
                " WHERE state = 'prepared'"
            ).fetchall()
            for row in rows:
                entry = store.entry(row["local_id"])
                if entry is None:
                    continue
                entry.state, entry.charged = "unknown", "unknown"
                entry.possible_charges += 1
                entry.error = {"code": "database_restored"}
                store.save(entry)
                if row["job_id"] is not None:
                    connection.execute(
                        "UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s AND status = 'todo'",
                        (row["job_id"],),
                    )
                changed += 1
        put_setting(connection, "cluster", cluster_of(connection), replace=True)
    return changed


def _now() -> datetime:
    return datetime.now(timezone.utc)
