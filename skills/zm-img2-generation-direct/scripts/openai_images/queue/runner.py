"""Runs the tasks of a queue as processes, a few at a time, and accepts only results of this run."""

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

from openai_images.progress import Throughput, report_tasks
from openai_images.queue.child_process import Child, ParentPipe
from openai_images.queue.store import ALIVE, CANCEL, now
from openai_images.queue.task_command import child_seconds
from openai_images.result_rows import image_columns, stop_reason
from shared import signals
from shared.errors import DiskError, SkillError
from shared.files import read_document, write_atomically
from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef
from shared.output.result import to_json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai_images.queue.child_process import ExitReason
    from openai_images.queue.rows import Row
    from openai_images.queue.store import QueueStore
    from shared.cli.context import CommandContext
    from shared.journal.claim import Journal

MAX_RESULT_BYTES = 16 << 20  # bytes
JOIN_INTERVAL = 0.1  # seconds between two checks by the main thread
PROOF_FIELDS = ("provider", "model", "mode", "input_images", "media", "local_id", "run_dir")
COST_FIELDS = ("charged", "possible_charges", "attempts", "cost", "reused")


@dataclass(frozen=True)
class Job:
    """A task of the queue: its row, its command and the command's stdin."""

    row: Row
    argv: Sequence[str]
    stdin: bytes = b""


@dataclass
class Runner:
    """One run of the queue; `seconds` is for each task."""

    context: CommandContext
    store: QueueStore
    journal: Journal
    seconds: float
    grace: float
    parent_pipe: ParentPipe = field(default_factory=ParentPipe)
    stopping: threading.Event = field(default_factory=threading.Event)
    stop_reason: str | None = None
    """Why no further task is started, as a message id; running ones end."""
    stop_message: str = ""
    """The error of the task that stopped the others."""
    _assigned: set[str] = field(default_factory=set)
    """Ids of the tasks that a worker has taken; they can no longer be cancelled as queued."""
    _assign_lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, jobs: Sequence[Job], workers: int) -> None:
        """Run the jobs; SIGINT and SIGTERM end the running ones and cancel the rest."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        names = [f"worker-{number}" for number in range(1, workers + 1)]
        threads = [threading.Thread(target=self._work, args=(name, waiting), daemon=True) for name in names]
        for thread in threads:
            thread.start()
        throughput = Throughput(len(jobs))
        try:
            while alive := [thread for thread in threads if thread.is_alive()]:
                alive[0].join(JOIN_INTERVAL)
                if signals.pending():
                    self.stopping.set()
                with self._assign_lock:
                    for job in jobs:
                        self._apply_cancel(job)
                ended = sum(job.row["status"] not in ALIVE for job in jobs)
                report_tasks(self.context.reporter, "queue_progress", throughput, ended)
        finally:
            for job in jobs:  # after a second signal, what is under way ends without us
                if job.row["status"] == "running" and not job.row["mock"]:
                    job.row.update(self._from_journal(job))
        self.parent_pipe.close()

    def _apply_cancel(self, job: Job) -> None:
        waits = job.row["status"] == "queued" and job.row["task_id"] not in self._assigned
        if not waits:
            return
        if self.stop_reason:
            error = self._message("task_not_started", reason=MessageRef(self.stop_reason))
            self._finish(job, "cancelled", {"ok": False, "error": error})
        elif self._cancel_requested(job) or self.stopping.is_set():
            reason = "queue_stopped" if self.stopping.is_set() else "queue_cancelled"
            self._finish(job, "cancelled", {"ok": False, "error": self._message(reason)})

    def _cancel_requested(self, job: Job) -> bool:
        return (self.store.task_folder(job.row["task_id"]) / CANCEL).exists()

    def _work(self, worker: str, waiting: queue.SimpleQueue[Job]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                job = waiting.get_nowait()
                with self._assign_lock:
                    self._apply_cancel(job)
                    if job.row["status"] != "queued":
                        continue
                    self._assigned.add(job.row["task_id"])
                try:
                    self._run_job(job, worker)
                except Exception as error:  # noqa: BLE001  - one task's trouble stops no other
                    message = (
                        self._message(error.code, **error.facts) if isinstance(error, SkillError) else repr(error)
                    )
                    with contextlib.suppress(OSError, DiskError):  # the printed row reports it anyway
                        self._finish(job, "failed", {"ok": False, "error": message})

    def _run_job(self, job: Job, worker: str) -> None:
        """Run one child to its end and evaluate its result."""
        row, folder = job.row, self.store.task_folder(job.row["task_id"])
        started_at = now()  # before the child can have begun anything
        child = Child(
            job.argv,
            stdin=job.stdin,
            stdout=folder / "stdout.txt",
            stderr=folder / "stderr.txt",
            parent_pipe=self.parent_pipe,
            grace=self.grace,
        )
        binding = {"worker_id": worker, "thread_id": threading.get_ident(), "pid": child.pid}
        try:
            self.store.change(row, status="running", started_at=started_at, **binding)
        except DiskError:
            child.wait(0, lambda: "stopped")
            raise
        started = time.monotonic()
        reason, code = child.wait(self.seconds, self._stop_reason(job))
        overdue = not row["mock"] and time.monotonic() - started >= child_seconds(self.seconds)
        row["exit_code"] = code
        document = _document(folder, mock=row["mock"])
        if (self.store.read(row["task_id"]) or {}).get("pid") != child.pid or _is_stale(document, row):
            self._finish(job, "orphan_late_output", {"ok": False, "error": self._message("queue_late")})
        elif reason == "timed_out":
            failure = {"ok": False, "error": self._message("queue_timed_out", seconds=f"{self.seconds:g}")}
            self._finish(job, "timed_out", {**document, **failure})
        elif reason == "stopped" and code == 0 and document.get("ok") is True:
            self._finish(job, "completed", document)
        elif reason != "exited":
            failure = {"ok": False, "error": self._message("queue_stopped")}
            self._finish(job, "cancelled" if reason == "cancelled" else "failed", {**document, **failure})
        elif code == 0 and document.get("ok", row["mock"]) is True:
            self._finish(job, "completed", {**document, "ok": True})
        else:
            error = document.get("error") or self._message("queue_child_failed", code=code)
            self._stop_after(job, code, error)
            self._finish(job, "timed_out" if overdue else "failed", {**document, "ok": False, "error": error})

    def _stop_after(self, job: Job, code: int, error: dict[str, Any] | str) -> None:
        """Start no further task after an error that each of them would meet as well."""
        details = error if isinstance(error, dict) else {"message": error}
        reason = None if job.row["mock"] else stop_reason(code, details.get("code"))
        with self._assign_lock:
            if reason and not self.stop_reason:
                self.stop_reason, self.stop_message = reason, sanitize_line(details.get("message"))

    def _stop_reason(self, job: Job) -> Callable[[], ExitReason | None]:
        """Return a function that returns why to end a running child: runner stopped, or a mock task cancelled."""

        def why() -> ExitReason | None:
            if self.stopping.is_set():
                return "stopped"
            return "cancelled" if job.row["mock"] and self._cancel_requested(job) else None

        return why

    def _finish(self, job: Job, status: str, document: dict[str, Any]) -> None:
        """Write the result of a task and its final row."""
        row = job.row
        if row["mock"]:
            document["mock"] = True
        elif row["pid"] and "charged" not in document:
            document |= self._from_journal(job)
        recorded = {} if row["mock"] else document
        known = {name: row.get(name) for name in ("provider", "model", "mode")}
        row |= {name: recorded.get(name) for name in (*PROOF_FIELDS, *COST_FIELDS)} | image_columns(recorded)
        row |= {name: value for name, value in known.items() if row[name] is None}
        error = document.get("error")
        if isinstance(error, dict):  # its next command would wait for the prompt on stdin
            document |= {"error": {**error, "next": None}, "next": None}
        message = error.get("message") if isinstance(error, dict) else error
        row["error"] = None if message is None else sanitize_line(message)
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
        """Return the charges in the journal of a task whose child left no result."""
        prompt = job.stdin.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n")  # as run.py reads it
        digest = hashlib.sha256(prompt).hexdigest()
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

    def _message(self, message: str, **facts: object) -> str:
        return self.context.catalog.format(message, **facts)


def reject(store: QueueStore, row: Row, status: str, error: str) -> None:
    """Create the folder and the result of a task that will not run."""
    row |= {"status": status, "error": error, "finished_at": now()}
    store.add(row)
    same = ("task_id", "task_key", "task_name", "mock")
    result = {"ok": False, "queue_status": status, "error": error, **{name: row[name] for name in same}}
    text = to_json_line(result, ascii_only=False) + "\n"
    write_atomically(Path(row["result_json"]), text.encode(), durable=False)


def _document(folder: Path, *, mock: bool) -> dict[str, Any]:
    """Return the result of a child: its result file, or the last line of a mock's output."""
    try:
        if mock:
            lines = read_document(folder / "stdout.txt", MAX_RESULT_BYTES).splitlines() or [b""]
            document = json.loads(lines[-1])
        else:
            document = json.loads(read_document(folder / "result.json", MAX_RESULT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_stale(document: dict[str, Any], row: Row) -> bool:
    """Return whether a result is older than the child that should have written it."""
    started_at = document.get("started_at")
    return isinstance(started_at, str) and started_at < row["started_at"]
