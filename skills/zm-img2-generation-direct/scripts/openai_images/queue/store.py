"""The queue's files: a folder for each task, and one document of all tasks, replaced atomically."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.private_folder import private_folder
from openai_images.queue.rows import STATUSES, Row, is_task_id, parse_row
from shared.files import Lock, create_file, disk_errors, make_own_folder, read_document, write_atomically
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALIVE: frozenset[str] = frozenset(("queued", "running"))
OPTION = "--state-dir"
STATE, TASKS, TASK, CANCEL = "queue_state.json", "tasks", "task.json", "cancel"
MAX_SHOWN = 1000  # tasks in queue_state.json; older ones keep their folders
MAX_DOCUMENT = 64 << 20  # bytes; a thousand rows have about two million
MIN_FLUSH_INTERVAL = 0.25  # seconds in which changes are collected before the whole document is written again
MAX_FLUSH_SHARE = 0.02  # of the time for writing it: a long document is written less often


class QueueStore:
    """Read and write a state folder: a task's own file immediately, the complete document periodically."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder, OPTION)
        self.tasks_folder = private_folder(folder / TASKS, OPTION)
        self._lock = threading.Lock()
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None
        self.rows: dict[str, Row] = {}

    def task_folder(self, task_id: str) -> Path:
        """Return the folder of a task."""
        return self.tasks_folder / task_id

    def add(self, row: Row) -> None:
        """Create a task's folder and files, so that every path of the row exists."""
        folder = self.task_folder(row["task_id"])
        with disk_errors(folder, option=OPTION):
            make_own_folder(folder)
            for name in ("stdout.txt", "stderr.txt"):
                os.close(create_file(folder / name))
        self.change(row)

    def change(self, row: Row, **changes: Any) -> None:
        """Change a task's row and write its task.json immediately."""
        with self._lock:
            row.update(changes, updated_at=now())
            self.rows[row["task_id"]] = row
            text = _text(row)
        path = self.task_folder(row["task_id"]) / TASK
        with disk_errors(path, option=OPTION):
            _replace(path, text)
        self._dirty.set()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep queue_state.json up to date while the block runs; it is complete at the end."""
        self._writer = threading.Thread(target=self._write_often, daemon=True)
        self._writer.start()
        try:
            yield
        finally:
            self._closing.set()
            self._dirty.set()
            self._writer.join()
            self.write()

    def write(self) -> None:
        """Write queue_state.json.

        Raises:
            DiskError: `disk_failed`.
        """
        with self._lock:
            newest = sorted(self.rows.values(), key=lambda row: row["task_id"])[-MAX_SHOWN:]
            shown = {row["task_id"]: dict(row) for row in newest}
        running = {row["task_id"]: _worker_fields(row) for row in shown.values() if row["status"] == "running"}
        document = {
            "version": 1,
            "updated_at": now(),
            "tasks": shown,
            "running": running,
            "workers": {work["worker_id"]: {"task_id": task_id, **work} for task_id, work in running.items()},
            "counters": counters(shown.values()),
        }
        with disk_errors(self.folder / STATE, option=OPTION):
            _replace(self.folder / STATE, _text(document))

    def _write_often(self) -> None:
        interval = MIN_FLUSH_INTERVAL
        while not self._closing.is_set():
            self._dirty.wait()
            self._closing.wait(interval)
            self._dirty.clear()
            started = time.monotonic()
            with contextlib.suppress(Exception):  # the last write, in the main thread, reports a full disk
                self.write()
            interval = max(MIN_FLUSH_INTERVAL, (time.monotonic() - started) / MAX_FLUSH_SHARE)

    def load(self) -> None:
        """Load all tasks; the file of a task that was running is newer than the document."""
        document = _read_json(self.folder / STATE)
        listed_tasks = document.get("tasks") if isinstance(document, dict) else None
        items = listed_tasks.items() if isinstance(listed_tasks, dict) else ()
        rows = {}
        for name, value in items:
            row = parse_row(value, name, self.task_folder(name)) if is_task_id(name) else None
            if row:
                rows[name] = row
        oldest = min(rows, default="")  # what is older has been left out of the document on purpose
        with disk_errors(self.tasks_folder, option=OPTION):
            names = {path.name for path in self.tasks_folder.iterdir() if path.name > oldest}
        unread = {name for name in names if is_task_id(name)} - rows.keys()
        alive = {name for name, row in rows.items() if row["status"] in ALIVE}
        for name in sorted(unread)[-MAX_SHOWN:] + sorted(alive):
            row = self.read(name)
            if row:
                rows[name] = row
        self.rows = rows

    def read(self, task_id: str) -> Row | None:
        """Return a task's row from its own file, None if there is no valid one."""
        if not is_task_id(task_id):
            return None
        return parse_row(_read_json(self.task_folder(task_id) / TASK), task_id, self.task_folder(task_id))

    def find(self, identifier: str) -> Row | None:
        """Return the task with this id, or the newest with this key; skipped duplicates come last."""
        if identifier in self.rows:
            return self.rows[identifier]
        matches = [row for row in self.rows.values() if row["task_key"] == identifier]
        return max(matches, key=lambda row: (row["status"] != "skipped", row["created_at"] or ""), default=None)

    def runner_lock(self) -> Lock | None:
        """Acquire the runner's lock; return None if a runner has it.

        Raises:
            DiskError: `disk_failed`.
        """
        lock = Lock(self.folder / "runner.lock")
        with disk_errors(lock.path, option=OPTION):
            return lock if lock.try_acquire() else None

    def mark_orphans(self, message: str) -> None:
        """Mark tasks whose runner is gone, with `message` as error; the caller holds the runner's lock."""
        orphans = [row for row in self.rows.values() if row["status"] in ALIVE]
        for row in orphans:
            if row["pid"] is not None and not row["mock"]:
                row["charged"] = "unknown"  # the same run again asks the journal
            self.change(row, status="orphaned", finished_at=now(), error=message)
        if orphans:
            self.write()


def counters(rows: Any) -> dict[str, int]:
    """Return the number of tasks in each status."""
    counts = Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES}


def now() -> str:
    """Return the current time in the format of the queue's files."""
    return format_time(datetime.now(timezone.utc))


def _worker_fields(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("worker_id", "thread_id", "pid", "started_at")}


def _replace(path: Path, text: bytes) -> None:
    """Write a document that has only one writer, guaranteed by the runner's lock or the task's worker."""
    write_atomically(path, text, temporary=path.with_suffix(".tmp"), durable=False)


def _read_json(path: Path) -> Any:
    """Return the JSON of a file, None if it is missing, too large or not JSON."""
    try:
        return json.loads(read_document(path, MAX_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return None


def _text(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
