"""The queue's files: a folder for each task, and one document that shows all of them, whole at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.private_folder import own_folder
from openai_images.queue.rows import STATUSES, Row, is_task_id, row_read_back
from shared.files import Lock, create_file, disk_errors, make_own_folder, read_document, write_atomically
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALIVE: frozenset[str] = frozenset(("queued", "running"))
STATE, TASKS, TASK, CANCEL = "queue_state.json", "tasks", "task.json", "cancel"
MOST_SHOWN = 1000  # tasks in queue_state.json; older ones keep their folders
MAX_DOCUMENT = 64 << 20  # bytes; a thousand rows have about two million
FLUSH = 0.25  # seconds in which changes are collected before the whole document is written again


class QueueStore:
    """Reads and writes a state folder; a task's own file is written at once, the whole document a little later."""

    def __init__(self, folder: Path) -> None:
        self.folder = own_folder(folder, "--state-dir")
        self.tasks_folder = own_folder(folder / TASKS, "--state-dir")
        self._lock = threading.Lock()
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None
        self.rows: dict[str, Row] = {}

    def task_folder(self, task_id: str) -> Path:
        """Return where the files of a task are."""
        return self.tasks_folder / task_id

    def add(self, row: Row) -> None:
        """Make a task's folder with its files, so that every path of the row exists."""
        folder = self.task_folder(row["task_id"])
        with disk_errors(folder):
            make_own_folder(folder)
            for name in ("stdout.txt", "stderr.txt"):
                os.close(create_file(folder / name))
        self.change(row)

    def change(self, row: Row, **changes: Any) -> None:
        """Change a task's row and write its task.json at once."""
        with self._lock:
            row.update(changes, updated_at=now())
            self.rows[row["task_id"]] = row
            text = _text(row)
        path = self.task_folder(row["task_id"]) / TASK
        with disk_errors(path):
            _replace(path, text)
        self._dirty.set()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep queue_state.json up to date while the block runs; it is exact at the end."""
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
            newest = sorted(self.rows.values(), key=lambda row: row["task_id"])[-MOST_SHOWN:]
            shown = {row["task_id"]: dict(row) for row in newest}
        running = {row["task_id"]: _work(row) for row in shown.values() if row["status"] == "running"}
        document = {
            "version": 1,
            "updated_at": now(),
            "tasks": shown,
            "running": running,
            "workers": {work["worker_id"]: {"task_id": task_id, **work} for task_id, work in running.items()},
            "counters": counters(shown.values()),
        }
        with disk_errors(self.folder / STATE):
            _replace(self.folder / STATE, _text(document))

    def _write_often(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._closing.wait(FLUSH)
            self._dirty.clear()
            with contextlib.suppress(Exception):  # the last write, in the main thread, tells of a full disk
                self.write()

    def load(self) -> None:
        """Read what is known of all tasks; the file of a task that was under way is newer than the document."""
        document = _json_of(self.folder / STATE)
        found = document.get("tasks") if isinstance(document, dict) else None
        listed = found.items() if isinstance(found, dict) else ()
        rows = {}
        for name, value in listed:
            row = row_read_back(value, name, self.task_folder(name)) if is_task_id(name) else None
            if row:
                rows[name] = row
        oldest = min(rows, default="")  # what is older has been left out of the document on purpose
        with disk_errors(self.tasks_folder):
            names = {path.name for path in self.tasks_folder.iterdir() if path.name > oldest}
        unread = {name for name in names if is_task_id(name)} - rows.keys()
        alive = {name for name, row in rows.items() if row["status"] in ALIVE}
        for name in sorted(unread)[-MOST_SHOWN:] + sorted(alive):
            row = self.read(name)
            if row:
                rows[name] = row
        self.rows = rows

    def read(self, task_id: str) -> Row | None:
        """Return a task's row from its own file."""
        if not is_task_id(task_id):
            return None
        return row_read_back(_json_of(self.task_folder(task_id) / TASK), task_id, self.task_folder(task_id))

    def find(self, identifier: str) -> Row | None:
        """Return the task with this id, or the newest with this key; one that was skipped for it comes last."""
        if identifier in self.rows:
            return self.rows[identifier]
        matches = [row for row in self.rows.values() if row["task_key"] == identifier]
        return max(matches, key=lambda row: (row["status"] != "skipped", row["created_at"] or ""), default=None)

    def runner_lock(self) -> Lock | None:
        """Take the lock that a living runner holds; None while there is one.

        Raises:
            DiskError: `disk_failed`.
        """
        lock = Lock(self.folder / "runner.lock")
        with disk_errors(lock.path):
            return lock if lock.try_acquire() else None

    def mark_orphans(self, why: str) -> None:
        """Tell of tasks whose runner is gone, in the words `why`; the caller holds the runner's lock."""
        orphans = [row for row in self.rows.values() if row["status"] in ALIVE]
        for row in orphans:
            if row["pid"] is not None and not row["mock"]:
                row["charged"] = "unknown"  # the same run again asks the journal
            self.change(row, status="orphaned", finished_at=now(), error=why)
        if orphans:
            self.write()


def counters(rows: Any) -> dict[str, int]:
    """Return how many tasks have each status."""
    found = Counter(row["status"] for row in rows)
    return {status: found[status] for status in STATUSES}


def now() -> str:
    """Return the time as the queue's files tell it."""
    return format_time(datetime.now(timezone.utc))


def _work(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("worker_id", "thread_id", "pid", "started_at")}


def _replace(path: Path, text: bytes) -> None:
    """Write a document whose only writer this is, as the runner's lock and the worker of a task see to."""
    write_atomically(path, text, temporary=path.with_suffix(".tmp"), durable=False)


def _json_of(path: Path) -> Any:
    """Return what a file of ours holds, None when it is none, is too large or holds no JSON."""
    try:
        return json.loads(read_document(path, MAX_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return None


def _text(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
