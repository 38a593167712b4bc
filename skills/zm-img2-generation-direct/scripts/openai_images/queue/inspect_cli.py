"""The commands of image_queue.py that look at a queue, and the one that cancels."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import click

from openai_images.cli.options import number
from openai_images.queue.rows import FILES, STATUSES
from openai_images.queue.store import ALIVE, CANCEL, TASKS, QueueStore, counters, now
from openai_images.result_rows import add_up
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

MOST_LISTED = 10_000
MAX_LOG = 2 << 20  # bytes; the queue keeps one MiB of each
TAIL = 4000  # characters of each log that `get` shows
PATIENCE = 5.0  # seconds for a living runner to heed a cancel
STATE_DIR = click.option("--state-dir", metavar="DIR", help="Where the queue's files are (default: image-queue).")


@click.command("status", help="How many tasks are in which state, and what runs now.")
@STATE_DIR
@output_options
def _status(run: CommandContext, state_dir: str | None) -> None:
    store = _seen(run, state_dir)
    rows = list(store.rows.values())
    run.result.status = "succeeded"
    run.result.extra["counters"] = counters(rows)
    running = [row for row in rows if row["status"] == "running"]
    run.result.extra |= {"running": running, "workers": {row["worker_id"]: row["task_id"] for row in running}}
    for name, count in counters(rows).items():
        if count:
            run.summary_lines.append(f"{count:>5}  {run.catalog.format(f'queue_is_{name}')}")
    run.summary_lines += [_line(run, row) for row in running]


@click.command("list", help="The tasks, oldest first.")
@click.option("--status", metavar="STATUS", help="Only those: " + ", ".join(STATUSES) + ".")
@STATE_DIR
@output_options
def _list_tasks(run: CommandContext, status: str | None, state_dir: str | None) -> None:
    if status is not None and status not in STATUSES:
        raise BadInput("not_one_of", flag="--status", expected=", ".join(STATUSES), got=short_repr(status))
    rows = sorted(_seen(run, state_dir).rows.values(), key=lambda row: row["task_id"])
    tell(run, [row for row in rows if status in (None, row["status"])])


@click.command("history", help="The last tasks that ended, newest first.")
@click.option("-n", "--limit", default="50", metavar="N", help="At most this many (default: 50).")
@STATE_DIR
@output_options
def _history(run: CommandContext, limit: str, state_dir: str | None) -> None:
    most = int(number("--limit", limit, 1, MOST_LISTED, whole=True) or MOST_LISTED)
    ended = [row for row in _seen(run, state_dir).rows.values() if row["status"] not in ALIVE]
    ended.sort(key=lambda row: (row["finished_at"] or "", row["task_id"]), reverse=True)
    tell(run, ended[:most])


@click.command("get", help="One task by its id or key: its data, where its files are, the ends of its logs.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@STATE_DIR
@output_options
def _get(run: CommandContext, identifier: str, state_dir: str | None) -> None:
    store = _seen(run, state_dir)
    row = _found(store, identifier)
    folder = store.task_folder(row["task_id"])
    logs = {f"{name}_tail": _tail(folder / FILES[name]) for name in ("stdout", "stderr")}
    run.result.extra |= {"task": row, **logs}
    add_up(run.result, [row])
    run.summary_lines += [
        _line(run, row),
        *(f"{name}: {row[name]}" for name in ("stdout", "stderr", "result_json")),
    ]
    run.summary_lines += [sanitize_line(line) for text in logs.values() for line in text.splitlines()]
    if row["status"] in ALIVE:
        run.result.status = "running"
        raise StillRunning("queue_task_alive", remedy="again", task_id=row["task_id"])
    if row["status"] != "completed":
        run.result.status = "failed"
        error = row["error"] or row["status"]
        raise TaskFailed("queue_task_ended", remedy="none", task_id=row["task_id"], error=error)
    run.result.status = "succeeded"


@click.command("cancel", help="Cancel a waiting task; a running one only if nothing paid can be lost.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@STATE_DIR
@output_options
def _cancel(run: CommandContext, identifier: str, state_dir: str | None) -> None:
    store = _seen(run, state_dir)
    lock = store.runner_lock()
    if lock:
        with lock:
            _look(run, store)
            row = _not_ended(store, identifier)
            store.change(row, status="cancelled", finished_at=now(), error=run.catalog.format("queue_cancelled"))
            store.write()
    else:
        row = _not_ended(store, identifier)
        if row["status"] == "running" and not row["mock"]:
            raise StillRunning("cancel_running", remedy="none", task_id=row["task_id"])
        wish = store.task_folder(row["task_id"]) / CANCEL
        with disk_errors(wish), contextlib.suppress(FileExistsError):
            os.close(create_file(wish))
        row = _heeded(store, row, wish)
    run.result.status = "succeeded"
    run.result.extra["task"] = row
    run.summary_lines.append(_line(run, row))


def _not_ended(store: QueueStore, identifier: str) -> Row:
    """Return a task that has not ended; one that was left waiting by a runner that is gone has not begun.

    Raises:
        BadInput: `cancel_ended`, or there is no such task.
    """
    row = _found(store, identifier)
    begun = row["status"] == "orphaned" and row["pid"] is not None
    if begun or row["status"] not in (*ALIVE, "orphaned"):
        raise BadInput("cancel_ended", task_id=row["task_id"], status=MessageRef(f"queue_is_{row['status']}"))
    return row


def _heeded(store: QueueStore, row: Row, wish: Path) -> Row:
    """Wait until the living runner has cancelled the task.

    Raises:
        BadInput: `cancel_ended`; it ended otherwise meanwhile.
        StillRunning: `cancel_running`; the task had begun, or the runner did not look.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = store.read(row["task_id"]) or row
        if seen["status"] == "cancelled":
            return seen
        if seen["status"] not in ALIVE:
            raise BadInput("cancel_ended", task_id=row["task_id"], status=MessageRef(f"queue_is_{seen['status']}"))
        time.sleep(0.05)
    with contextlib.suppress(FileNotFoundError):
        wish.unlink()
    raise StillRunning("cancel_running", remedy="none", task_id=row["task_id"])


def _seen(run: CommandContext, state_dir: str | None) -> QueueStore:
    """Return the queue as it is now; tasks of a runner that is gone are orphans."""
    folder = state_folder(state_dir)
    if not (folder / TASKS).is_dir():
        raise BadInput("queue_missing", flag="--state-dir", got=short_repr(state_dir or folder))
    store = QueueStore(folder)
    lock = store.runner_lock()
    if lock:
        with lock:
            _look(run, store)
    else:
        store.load()
    return store


def _look(run: CommandContext, store: QueueStore) -> None:
    """Read the queue that nobody works on: who holds the runner's lock sees it as it stays."""
    store.load()
    store.mark_orphans(run.catalog.format("queue_orphaned"))


def _found(store: QueueStore, identifier: str) -> Row:
    row = store.find(identifier) or (store.read(identifier))
    if not row:
        raise BadInput("queue_task_unknown", identifier=short_repr(identifier))
    return row


def state_folder(given: str | None) -> Path:
    """Return the folder that --state-dir names, or the usual one."""
    state = state_folders()[0]
    try:
        return output_folder(given, state, default=state / "image-queue")
    except BadInput as error:
        error.facts["flag"] = "--state-dir"
        raise


def tell(run: CommandContext, rows: list[Row]) -> None:
    """Put tasks into the result, and their lines below it."""
    run.result.status = "succeeded"
    run.result.extra |= {"counters": counters(rows), "results": rows}
    run.summary_lines += [_line(run, row) for row in rows] or [run.catalog.format("tasks_none")]


def _line(run: CommandContext, row: Row) -> str:
    status = run.catalog.format(f"queue_is_{row['status']}")
    key, told = (sanitize_line(text) for text in (row["task_key"] or "-", row.get("output") or row["error"] or ""))
    return f"{row['task_id']}  {key}  {status}  {told}".rstrip()


def _tail(path: Path) -> str:
    """Return the end of a log of ours: no link, no pipe, and only as much of it as the queue writes."""
    try:
        return read_document(path, MAX_LOG).decode("utf-8", "replace")[-TAIL:]
    except OSError:
        return ""


LOOKS: tuple[click.Command, ...] = (_status, _list_tasks, _history, _get, _cancel)
