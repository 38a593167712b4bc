"""Commands of image_queue.py that read the queue, and `cancel`."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import click

from openai_images.cli.app import DATABASE_OPTION
from openai_images.cli.options import names_database, number
from openai_images.queue.rows import FILES, STATUSES
from openai_images.queue.store import ALIVE, CANCEL, TASKS, QueueStore, counters, now
from openai_images.result_rows import aggregate
from shared.cli.app import output_options
from shared.errors import BadInput, StillRunning, TaskFailed
from shared.files import create_file, disk_errors, read_document
from shared.i18n.catalog import sanitize_line, short_repr
from shared.i18n.messages import MessageRef
from shared.openclaw.folders import output_folder, state_folders

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.queue.rows import Row
    from shared.cli.context import CommandContext

MAX_LISTED = 10_000
MAX_LOG_READ = 2 << 20  # bytes; the queue keeps one MiB of each
TAIL = 4000  # characters of each log that `get` shows
CANCEL_TIMEOUT = 5.0  # seconds for a living runner to heed a cancel
STATE_DIR = click.option("--state-dir", metavar="DIR", help="Folder of the queue's files (default: image-queue).")


@click.command(
    "status",
    help="Count the tasks by status, and list what is running. Exits with 0 only if every task completed, with 9 "
    "while one is queued or running, and with 8 if one did not complete in this run or a later one.",
)
@STATE_DIR
@DATABASE_OPTION
@output_options
def _status(context: CommandContext, state_dir: str | None, database: str | None) -> None:
    address = _fleet_address(database, state_dir)
    if address:
        from openai_images.fleet import inspect  # noqa: PLC0415  - optional packages come with it

        inspect.show_status(context, address)
        return
    store = _open_store(context, state_dir)
    rows = list(store.rows.values())
    context.note(status="succeeded")
    context.note_own(counters=counters(rows))
    running = [row for row in rows if row["status"] == "running"]
    context.note_own(running=running, workers={row["worker_id"]: row["task_id"] for row in running})
    for name, count in counters(rows).items():
        if count:
            context.summary_lines.append(f"{count:>5}  {context.catalog.format(f'queue_is_{name}')}")
    context.summary_lines += [_line(context, row) for row in running]
    _raise_unless_complete(context, rows)


def _raise_unless_complete(context: CommandContext, rows: list[Row]) -> None:
    """Raise unless the newest row of every task is completed; a task that a later run completed counts as such.

    Raises:
        StillRunning: `queue_status_running`.
        TaskFailed: `queue_status_incomplete`.
    """
    alive = sum(row["status"] in ALIVE for row in rows)
    if alive:
        context.note(status="running")
        raise StillRunning("queue_status_running", remedy="again", count=alive)
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["status"] != "skipped", row["created_at"] or "")):
        newest[row["task_key"] or row["variant"] or row["task_id"]] = row
    failed = [row for row in newest.values() if row["status"] != "completed"]
    if failed:
        last = max(failed, key=lambda row: row["created_at"] or "")
        context.note(status="failed")
        error = last["error"] or last["status"]
        raise TaskFailed(
            "queue_status_incomplete", remedy="none", count=len(failed), task_id=last["task_id"], error=error
        )


@click.command("list", help="List the tasks, oldest first.")
@click.option("--status", metavar="STATUS", help="Show only tasks with this status: " + ", ".join(STATUSES) + ".")
@STATE_DIR
@DATABASE_OPTION
@output_options
def _list_tasks(context: CommandContext, status: str | None, state_dir: str | None, database: str | None) -> None:
    address = _fleet_address(database, state_dir)
    if address:
        from openai_images.fleet import inspect  # noqa: PLC0415  - optional packages come with it

        inspect.list_tasks(context, address, status)
        return
    if status is not None and status not in STATUSES:
        raise BadInput("not_one_of", flag="--status", expected=", ".join(STATUSES), got=short_repr(status))
    rows = sorted(_open_store(context, state_dir).rows.values(), key=lambda row: row["task_id"])
    set_rows(context, [row for row in rows if status in (None, row["status"])])


@click.command("history", help="List the tasks that ended last, newest first.")
@click.option("-n", "--limit", default="50", metavar="N", help="Show at most N tasks (default: 50).")
@STATE_DIR
@DATABASE_OPTION
@output_options
def _history(context: CommandContext, limit: str, state_dir: str | None, database: str | None) -> None:
    limit_count = int(number("--limit", limit, 1, MAX_LISTED, whole=True) or MAX_LISTED)
    address = _fleet_address(database, state_dir)
    if address:
        from openai_images.fleet import inspect  # noqa: PLC0415  - optional packages come with it

        inspect.show_history(context, address, limit_count)
        return
    finished = [row for row in _open_store(context, state_dir).rows.values() if row["status"] not in ALIVE]
    finished.sort(key=lambda row: (row["finished_at"] or "", row["task_id"]), reverse=True)
    set_rows(context, finished[:limit_count])


@click.command("get", help="Show one task by its ID or key: its data, its files and the ends of its logs.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@STATE_DIR
@DATABASE_OPTION
@output_options
def _get(context: CommandContext, identifier: str, state_dir: str | None, database: str | None) -> None:
    address = _fleet_address(database, state_dir)
    if address:
        from openai_images.fleet import inspect  # noqa: PLC0415  - optional packages come with it

        inspect.get_task(context, address, identifier)
        return
    store = _open_store(context, state_dir)
    row = _find_row(store, identifier)
    folder = store.task_folder(row["task_id"])
    logs = {f"{name}_tail": _tail(folder / FILES[name]) for name in ("stdout", "stderr")}
    context.note_own(task=row, **logs)
    context.note(**aggregate([row]))
    context.summary_lines += [
        _line(context, row),
        *(f"{name}: {row[name]}" for name in ("stdout", "stderr", "result_json")),
    ]
    context.summary_lines += [sanitize_line(line) for text in logs.values() for line in text.splitlines()]
    if row["status"] in ALIVE:
        context.note(status="running")
        raise StillRunning("queue_task_alive", remedy="again", task_id=row["task_id"])
    if row["status"] != "completed":
        context.note(status="failed")
        error = row["error"] or row["status"]
        raise TaskFailed("queue_task_ended", remedy="none", task_id=row["task_id"], error=error)
    context.note(status="succeeded")


@click.command("cancel", help="Cancel a waiting task, or a running one if nothing paid can be lost.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@STATE_DIR
@DATABASE_OPTION
@output_options
def _cancel(context: CommandContext, identifier: str, state_dir: str | None, database: str | None) -> None:
    address = _fleet_address(database, state_dir)
    if address:
        from openai_images.fleet import inspect  # noqa: PLC0415  - optional packages come with it

        inspect.cancel_task(context, address, identifier)
        return
    store = _open_store(context, state_dir)
    lock = store.runner_lock()
    if lock:
        with lock:
            _load(context, store)
            row = _cancellable_row(store, identifier)
            store.change(
                row, status="cancelled", finished_at=now(), error=context.catalog.format("queue_cancelled")
            )
            store.write()
    else:
        row = _cancellable_row(store, identifier)
        if row["status"] == "running" and not row["mock"]:
            raise StillRunning("cancel_running", remedy="none", task_id=row["task_id"])
        marker = store.task_folder(row["task_id"]) / CANCEL
        with disk_errors(marker, option="--state-dir"), contextlib.suppress(FileExistsError):
            os.close(create_file(marker))
        row = _await_cancel(store, row, marker)
    context.note(status="succeeded")
    context.note_own(task=row)
    context.summary_lines.append(_line(context, row))


def _fleet_address(database: str | None, state_dir: str | None) -> str | None:
    """Return the address of the fleet's database if the command is about a fleet; --state-dir means files.

    Raises:
        BadInput: both are named, or the address cannot be used.
        ConfigurationError: a fleet's package is missing.
    """
    if database is not None and state_dir is not None:
        raise BadInput("option_goes_with", flag="--database", other="--state-dir")
    if state_dir is not None or not names_database(() if database is None else ("--database",)):
        return None
    from openai_images.fleet.database import database_address, require_packages  # noqa: PLC0415

    address = database_address(database)
    if address:
        require_packages()
    return address


def _cancellable_row(store: QueueStore, identifier: str) -> Row:
    """Return a task that has not ended; a queued task of a runner that is gone has not started.

    Raises:
        BadInput: `cancel_ended`; the task has ended.
        BadInput: `queue_task_unknown`; there is no such task.
    """
    row = _find_row(store, identifier)
    started = row["status"] == "orphaned" and row["pid"] is not None
    if started or row["status"] not in (*ALIVE, "orphaned"):
        raise BadInput("cancel_ended", task_id=row["task_id"], status=MessageRef(f"queue_is_{row['status']}"))
    return row


def _await_cancel(store: QueueStore, row: Row, marker: Path) -> Row:
    """Wait until the running queue has cancelled the task.

    Raises:
        BadInput: `cancel_ended`; the task ended in another way meanwhile.
        StillRunning: `cancel_running`; the task had started, or the runner did not react in time.
    """
    deadline = time.monotonic() + CANCEL_TIMEOUT
    while time.monotonic() < deadline:
        current = store.read(row["task_id"]) or row
        if current["status"] == "cancelled":
            return current
        if current["status"] not in ALIVE:
            raise BadInput(
                "cancel_ended", task_id=row["task_id"], status=MessageRef(f"queue_is_{current['status']}")
            )
        time.sleep(0.05)
    with contextlib.suppress(FileNotFoundError):
        marker.unlink()
    raise StillRunning("cancel_running", remedy="none", task_id=row["task_id"])


def _open_store(context: CommandContext, state_dir: str | None) -> QueueStore:
    """Return the current queue; tasks of a runner that is gone are marked as orphaned."""
    folder = state_folder(state_dir)
    if not (folder / TASKS).is_dir():
        raise BadInput("queue_missing", flag="--state-dir", got=short_repr(state_dir or folder))
    store = QueueStore(folder)
    lock = store.runner_lock()
    if lock:
        with lock:
            _load(context, store)
    else:
        store.load()
    return store


def _load(context: CommandContext, store: QueueStore) -> None:
    """Load the queue and mark orphaned tasks; the caller holds the runner's lock."""
    store.load()
    store.mark_orphans(context.catalog.format("queue_orphaned"))


def _find_row(store: QueueStore, identifier: str) -> Row:
    row = store.find(identifier) or (store.read(identifier))
    if not row:
        raise BadInput("queue_task_unknown", identifier=short_repr(identifier))
    return row


def state_folder(path: str | None) -> Path:
    """Return the folder that --state-dir names, or the default one."""
    state = state_folders()[0]
    try:
        return output_folder(path, state, default=state / "image-queue")
    except BadInput as error:
        error.facts["flag"] = "--state-dir"
        raise


def set_rows(context: CommandContext, rows: list[Row]) -> None:
    """Put tasks into the result and into the summary."""
    context.note(status="succeeded")
    context.note_own(counters=counters(rows), results=rows)
    context.summary_lines += [_line(context, row) for row in rows] or [context.catalog.format("tasks_none")]


def _line(context: CommandContext, row: Row) -> str:
    status = context.catalog.format(f"queue_is_{row['status']}")
    key, detail = (
        sanitize_line(text) for text in (row["task_key"] or "-", row.get("output") or row["error"] or "")
    )
    return f"{row['task_id']}  {key}  {status}  {detail}".rstrip()


def _tail(path: Path) -> str:
    """Return the end of a log; links and pipes are refused, and at most what the queue writes is read."""
    try:
        return read_document(path, MAX_LOG_READ).decode("utf-8", "replace")[-TAIL:]
    except OSError:
        return ""


INSPECT_COMMANDS: tuple[click.Command, ...] = (_status, _list_tasks, _history, _get, _cancel)
