"""What a fleet's database says about its tasks, and the cancelling of one that waits."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.fleet import engine
from openai_images.fleet.database import open_store
from openai_images.fleet.tasks import CANCELLED, STATES_OF, STATUSES, task_row
from openai_images.result_rows import aggregate
from shared.errors import BadInput, StillRunning, TaskFailed
from shared.i18n.catalog import sanitize_line, short_repr
from shared.i18n.messages import MessageRef
from shared.journal.rows import entry_of
from shared.timefmt import format_time

if TYPE_CHECKING:
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry
    from shared.journal.postgres import PostgresStore
    from shared.journal.postgres_schema import Connection

MAX_LISTED = 10_000
WORKER_SECONDS = 30  # without a heartbeat for so long, a worker is not counted
_TASKS = (
    "SELECT task.*, named.job_id, named.task_key, named.task_name"
    " FROM tasks task LEFT JOIN fleet_tasks named USING (local_id)"
)
_ENDED = ("succeeded", "failed", "refused", "unreachable", "unknown")


def show_status(context: CommandContext, address: str) -> None:
    """Report how many tasks are in which status, who works, and which accounts have waiting jobs."""
    with open_store(address).transaction() as connection:
        states = connection.execute(
            'SELECT state, details LIKE \'%%"code": "cancelled"%%\' AS cancelled, count(*) AS tasks'
            " FROM tasks WHERE state <> 'succeeded' GROUP BY 1, 2"
            " UNION ALL SELECT 'succeeded', false, count(*) FROM tasks WHERE state = 'succeeded'"
        ).fetchall()
        queues = connection.execute(
            "SELECT queue_name AS queue, status::text, count(*) AS jobs, min(scheduled_at) AS first_at"
            " FROM procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        workers = connection.execute(
            "SELECT count(*) AS alive FROM procrastinate_workers"
            " WHERE last_heartbeat > clock_timestamp() - make_interval(secs => %s)",
            (WORKER_SECONDS,),
        ).fetchone()
        rates = connection.execute(
            "SELECT account AS queue, per_minute, refusals,"
            " GREATEST(0, EXTRACT(EPOCH FROM next_at - clock_timestamp()))::float8 AS wait_seconds"
            " FROM account_rates WHERE next_at > '-infinity' ORDER BY 1"
        ).fetchall()
    counts: Counter[str] = Counter()
    for row in states:
        counts[CANCELLED if row["cancelled"] else _status_of_state(row["state"])] += row["tasks"]
    context.note(status="succeeded")
    context.note_own(
        counters={status: counts[status] for status in STATUSES},
        queues=[{**row, "first_at": row["first_at"] and format_time(row["first_at"])} for row in queues],
        workers_alive=workers["alive"] if workers else 0,
        rates=[{**row, "wait_seconds": round(row["wait_seconds"], 1)} for row in rates],
    )
    for status in STATUSES:
        if counts[status]:
            context.summary_lines.append(f"{counts[status]:>7}  {context.catalog.format(f'queue_is_{status}')}")
    context.summary_lines.append(
        context.catalog.format("fleet_workers", count=context.result.extra["workers_alive"])
    )


def list_tasks(context: CommandContext, address: str, status: str | None) -> None:
    """List the tasks, oldest first; the newest MAX_LISTED of them."""
    if status is not None and status not in STATUSES:
        raise BadInput("not_one_of", flag="--status", expected=", ".join(STATUSES), got=short_repr(status))
    states = STATES_OF[status] if status else None
    rows = _rows(
        open_store(address),
        "WHERE (%s::text[] IS NULL OR state = ANY(%s)) ORDER BY local_id DESC LIMIT %s",
        (list(states) if states else None, list(states or ()), MAX_LISTED),
    )
    _show(context, [row for row in reversed(rows) if status in (None, row["status"])])


def show_history(context: CommandContext, address: str, limit: int) -> None:
    """List the tasks that ended, newest first."""
    rows = _rows(
        open_store(address),
        "WHERE state = ANY(%s) ORDER BY COALESCE(finished_at, created_at) DESC, local_id DESC LIMIT %s",
        (list(_ENDED), limit),
    )
    _show(context, rows)


def get_task(context: CommandContext, address: str, identifier: str) -> None:
    """Show one task.

    Raises:
        BadInput: there is no such task.
        StillRunning, TaskFailed: its status, as exit code.
    """
    row = _find(open_store(address), identifier)[1]
    context.note_own(task=row)
    context.note(**aggregate([row]))
    context.note(local_id=row["local_id"])
    context.summary_lines.append(_line(context, row))
    if row["status"] in ("queued", "running"):
        context.note(status="running")
        raise StillRunning("queue_task_alive", remedy="again", task_id=row["task_id"])
    if row["status"] != "completed":
        context.note(status="unknown" if row["status"] == "unknown" else "failed")
        error = row["error"] or row["status"]
        raise TaskFailed("queue_task_ended", remedy="none", task_id=row["task_id"], error=error)
    context.note(status="succeeded")


def cancel_task(context: CommandContext, address: str, identifier: str) -> None:
    """Cancel a task that waits: its entry and its job in one transaction, which a worker's mark excludes.

    Raises:
        BadInput: there is no such task, or it has ended.
        StillRunning: its request may be under way.
    """
    store = open_store(address)
    with store.transaction() as connection:
        entry, row, job_id = _find(store, identifier, connection)
        waited = entry.state == "prepared"
        if waited:
            paid = entry.possible_charges > 0
            entry.state = "unknown" if paid else "unreachable"
            entry.error = {"code": CANCELLED}
            entry.finished_at = format_time(datetime.now(timezone.utc))
            store.save(entry)
            if job_id is not None:
                engine.cancel(connection, job_id)
            row = task_row(entry, row)
    if row["status"] == "running":
        raise StillRunning("cancel_running", remedy="none", task_id=row["task_id"])
    if not waited:
        status = MessageRef(f"queue_is_{row['status']}")
        raise BadInput("cancel_ended", task_id=row["task_id"], status=status)
    context.note(status="succeeded")
    context.note_own(task=row)
    context.summary_lines.append(_line(context, row))


def _find(
    store: PostgresStore, identifier: str, connection: Connection | None = None
) -> tuple[Entry, dict[str, Any], int | None]:
    """Return the task with this id, or the newest with this key; in a transaction, it cannot change meanwhile."""
    lock = " FOR UPDATE OF task" if connection else ""
    clause = "WHERE local_id = %s OR task_key = %s ORDER BY local_id = %s DESC, local_id DESC LIMIT 1"
    with store.transaction() as reading:
        found = reading.execute(f"{_TASKS} {clause}{lock}".encode(), (identifier,) * 3).fetchone()
    if not found:
        raise BadInput("queue_task_unknown", identifier=short_repr(identifier))
    entry = store.entry(found["local_id"]) or entry_of(found)
    return entry, task_row(entry, found), found["job_id"]


def _rows(store: PostgresStore, clause: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
    with store.transaction() as connection:
        found = connection.execute(f"{_TASKS} {clause}".encode(), values).fetchall()
    return [task_row(entry_of(row), row) for row in found]


def _show(context: CommandContext, rows: list[dict[str, Any]]) -> None:
    context.note(status="succeeded")
    counts = Counter(row["status"] for row in rows)
    context.note_own(counters={status: counts[status] for status in STATUSES}, results=rows)
    context.summary_lines += [_line(context, row) for row in rows] or [context.catalog.format("tasks_none")]


def _line(context: CommandContext, row: dict[str, Any]) -> str:
    status = context.catalog.format(f"queue_is_{row['status']}")
    key, detail = (sanitize_line(text) for text in (row["task_key"] or "-", row["output"] or row["error"] or ""))
    return f"{row['task_id']}  {key}  {status}  {detail}".rstrip()


def _status_of_state(state: str) -> str:
    return next(status for status, states in STATES_OF.items() if state in states)
