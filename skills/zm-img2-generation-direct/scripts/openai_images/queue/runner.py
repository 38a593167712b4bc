"""Runs the tasks of a queue as processes, a few at a time, and believes only results that are this run's own."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import json
import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.queue.child_process import Child, Lifeline
from openai_images.queue.store import ALIVE, CANCEL, now
from openai_images.queue.task_command import own_seconds
from openai_images.result_rows import picture_of
from shared import signals
from shared.errors import DiskError, SkillError
from shared.files import read_document, write_atomically
from shared.i18n.catalog import sanitize_line
from shared.output.result import to_json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai_images.queue.child_process import Reason
    from openai_images.queue.rows import Row
    from openai_images.queue.store import QueueStore
    from shared.cli.context import CommandContext
    from shared.journal.claim import Journal

MAX_RESULT = 16 << 20  # bytes
LOOK = 0.1  # seconds between two looks of the main thread
PROOF = ("provider", "model", "mode", "input_images", "media", "local_id", "run_dir")
MONEY = ("charged", "possible_charges", "attempts", "cost", "reused")


@dataclass(frozen=True)
class Job:
    """A task of the queue: its row, the command that does it, and what that reads on stdin."""

    row: Row
    argv: Sequence[str]
    stdin: bytes = b""


@dataclass
class Runner:
    """One run of the queue; `seconds` is for each task."""

    run: CommandContext
    store: QueueStore
    journal: Journal
    seconds: float
    grace: float
    lifeline: Lifeline = field(default_factory=Lifeline)
    stopping: threading.Event = field(default_factory=threading.Event)
    _taken: set[str] = field(default_factory=set)
    """The tasks that a worker has in hand: from then on nobody cancels them as waiting ones."""
    _choosing: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, jobs: Sequence[Job], workers: int) -> None:
        """Run the jobs; SIGINT and SIGTERM end what is under way and cancel the rest."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        names = [f"worker-{number}" for number in range(1, workers + 1)]
        threads = [threading.Thread(target=self._work, args=(name, waiting), daemon=True) for name in names]
        for thread in threads:
            thread.start()
        try:
            while alive := [thread for thread in threads if thread.is_alive()]:
                alive[0].join(LOOK)
                if signals.pending():
                    self.stopping.set()
                with self._choosing:
                    for job in jobs:
                        self._heed_cancel(job)
                ended = sum(job.row["status"] not in ALIVE for job in jobs)
                self.run.reporter.status("queue_progress", done=ended, total=len(jobs))
        finally:
            for job in jobs:  # after a second signal, what is under way ends without us
                if job.row["status"] == "running" and not job.row["mock"]:
                    job.row.update(self._from_journal(job))
        self.lifeline.close()

    def _heed_cancel(self, job: Job) -> None:
        waits = job.row["status"] == "queued" and job.row["task_id"] not in self._taken
        if waits and (self._cancel_wanted(job) or self.stopping.is_set()):
            why = "queue_stopped" if self.stopping.is_set() else "queue_cancelled"
            self._end(job, "cancelled", {"ok": False, "error": self._words(why)})

    def _cancel_wanted(self, job: Job) -> bool:
        return (self.store.task_folder(job.row["task_id"]) / CANCEL).exists()

    def _work(self, worker: str, waiting: queue.SimpleQueue[Job]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                job = waiting.get_nowait()
                with self._choosing:
                    self._heed_cancel(job)
                    if job.row["status"] != "queued":
                        continue
                    self._taken.add(job.row["task_id"])
                try:
                    self._one(job, worker)
                except Exception as error:  # noqa: BLE001  - one task's trouble stops no other
                    told = self._words(error.code, **error.facts) if isinstance(error, SkillError) else repr(error)
                    with contextlib.suppress(OSError, DiskError):  # the row that is printed tells it all the same
                        self._end(job, "failed", {"ok": False, "error": told})

    def _one(self, job: Job, worker: str) -> None:
        """Run one child to its end and judge what it left."""
        row, folder = job.row, self.store.task_folder(job.row["task_id"])
        begun = now()  # before the child can have begun anything
        child = Child(
            job.argv,
            stdin=job.stdin,
            stdout=folder / "stdout.txt",
            stderr=folder / "stderr.txt",
            lifeline=self.lifeline,
            grace=self.grace,
        )
        binding = {"worker_id": worker, "thread_id": threading.get_ident(), "pid": child.pid}
        try:
            self.store.change(row, status="running", started_at=begun, **binding)
        except DiskError:
            child.supervise(0, lambda: "stopped")
            raise
        started = time.monotonic()
        reason, code = child.supervise(self.seconds, self._why_end(job))
        overdue = not row["mock"] and time.monotonic() - started >= own_seconds(self.seconds)
        row["exit_code"] = code
        document = _document(folder, mock=row["mock"])
        if (self.store.read(row["task_id"]) or {}).get("pid") != child.pid or _late(document, row):
            self._end(job, "orphan_late_output", {"ok": False, "error": self._words("queue_late")})
        elif reason == "timed_out":
            told = {"ok": False, "error": self._words("queue_timed_out", seconds=f"{self.seconds:g}")}
            self._end(job, "timed_out", {**document, **told})
        elif reason == "stopped" and code == 0 and document.get("ok") is True:
            self._end(job, "completed", document)
        elif reason != "exited":
            told = {"ok": False, "error": self._words("queue_stopped")}
            self._end(job, "cancelled" if reason == "cancelled" else "failed", {**document, **told})
        elif code == 0 and document.get("ok", row["mock"]) is True:
            self._end(job, "completed", {**document, "ok": True})
        else:
            error = document.get("error") or self._words("queue_child_failed", code=code)
            self._end(job, "timed_out" if overdue else "failed", {**document, "ok": False, "error": error})

    def _why_end(self, job: Job) -> Callable[[], Reason | None]:
        """Return what a running child is ended for: a stop of the runner, or a cancel that loses nothing paid."""

        def why() -> Reason | None:
            if self.stopping.is_set():
                return "stopped"
            return "cancelled" if job.row["mock"] and self._cancel_wanted(job) else None

        return why

    def _end(self, job: Job, status: str, document: dict[str, Any]) -> None:
        """Write the result of a task and its last row."""
        row = job.row
        if row["mock"]:
            document["mock"] = True
        elif row["pid"] and "charged" not in document:
            document |= self._from_journal(job)
        made = {} if row["mock"] else document
        row |= {name: made.get(name) for name in (*PROOF, *MONEY)} | picture_of(made)
        error = document.get("error")
        if isinstance(error, dict):  # its next command would wait for the prompt on stdin
            document |= {"error": {**error, "next": None}, "next": None}
        told = error.get("message") if isinstance(error, dict) else error
        row["error"] = None if told is None else sanitize_line(told)
        result = {
            **document,
            "ok": status == "completed",
            "status": document.get("status"),
            "queue_status": status,
        }
        result |= {
            name: row[name]
            for name in ("task_id", "task_key", "task_name", "worker_id", "thread_id", "pid", "mock")
        }
        try:
            write_atomically(Path(row["result_json"]), (to_json_line(result, ascii_only=False) + "\n").encode())
        finally:
            self.store.change(row, status=status, finished_at=now())

    def _from_journal(self, job: Job) -> dict[str, Any]:
        """Return what the journal knows of the money of a task whose child left no result."""
        digest = hashlib.sha256(job.stdin.removeprefix(codecs.BOM_UTF8)).hexdigest()
        entries = [
            entry
            for entry in self.journal.history(variant=job.row["variant"])
            if entry.prompt.get("sha256") == digest
        ]
        if not entries:
            return {"charged": "no", "possible_charges": 0, "attempts": 0}
        last = max(entries, key=lambda entry: entry.local_id)
        money = {"charged": last.charged, "possible_charges": last.possible_charges, "attempts": last.attempts}
        return {**money, "local_id": last.local_id}

    def _words(self, message: str, **facts: object) -> str:
        return self.run.catalog.format(message, **facts)


def reject(store: QueueStore, row: Row, status: str, error: str) -> None:
    """Give a task that is never run its folder and its result."""
    row |= {"status": status, "error": error, "finished_at": now()}
    store.add(row)
    same = ("task_id", "task_key", "task_name", "mock")
    result = {"ok": False, "queue_status": status, "error": error, **{name: row[name] for name in same}}
    text = to_json_line(result, ascii_only=False) + "\n"
    write_atomically(Path(row["result_json"]), text.encode(), durable=False)


def _document(folder: Path, *, mock: bool) -> dict[str, Any]:
    """Return what a child said of its task: its result file, or the last line of a mock's output."""
    try:
        if mock:
            lines = read_document(folder / "stdout.txt", MAX_RESULT).splitlines() or [b""]
            document = json.loads(lines[-1])
        else:
            document = json.loads(read_document(folder / "result.json", MAX_RESULT))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _late(document: dict[str, Any], row: Row) -> bool:
    """Tell whether a result is older than the child that should have made it."""
    told = document.get("started_at")
    return isinstance(told, str) and told < row["started_at"]
