"""Runs the tasks of a batch in threads, each with its own folder and messages."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.batch.task import (
    context_for,
    find_known_entries,
    record_result,
    task_entry,
    task_request,
    task_row,
)
from openai_images.progress import Throughput, report_tasks
from openai_images.provider import generate
from openai_images.queue.rows import has_row_types
from openai_images.result_rows import stop_reason
from openai_images.run_folder import RunFolder
from openai_images.services import OutputPaths, Services
from shared import signals
from shared.disk_reason import unexpected_error
from shared.errors import SkillError, StillRunning
from shared.files import is_same_file, read_document
from shared.i18n.messages import MessageRef
from shared.journal.entry import LOCAL_ID
from shared.output.progress import Reporter
from shared.polling import Deadline
from shared.provider import Context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai_images.batch.task import Batch, Task
    from openai_images.client import Client
    from shared.cli.context import CommandContext

MAX_WORKERS, MAX_TASKS = 4, 200
TASK_RECORD = "batch_task.json"
MAX_RESULT_BYTES = 16 << 20  # bytes
TIME_MARGIN = 1.5  # times what the slowest task took must be left, or no further one begins
JOIN_INTERVAL = 0.2  # seconds between two checks of the workers by the main thread


def run_tasks(batch: Batch, workers: int) -> None:
    """Run every unfinished task, up to `workers` at once.

    A failed task does not stop the others. After a rejected key, an empty account, a budget without room, SIGINT,
    SIGTERM or the deadline, running tasks end and the rest stays `not_started`.

    Raises:
        ConfigurationError: certificates or a proxy cannot be used; nothing was sent.
    """
    pending: list[Task] = []
    batch.known_entries = find_known_entries(batch.tasks, batch.provider, batch.journal)
    for task in batch.tasks:
        if task.error:
            batch.results[task.index] = record_result(batch, task, task.error)
        elif not _reuse_result(batch, task):
            pending.append(task)
    alone = 0 if batch.fitting(pending) is not None else 1  # its cost is what a budget needs to know
    for tasks in (pending[:alone], pending[alone:]):
        _run_together(batch, tasks, min(workers, len(tasks)))
    if len(batch.results) < len(batch.tasks):
        _record_not_started(batch)


def _run_together(batch: Batch, tasks: Sequence[Task], workers: int) -> None:
    """Run tasks in this number of threads, until they have ended or the batch stops."""
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    clients = [batch.client() for _ in range(workers)]
    threads = [threading.Thread(target=_work, args=(batch, waiting, client), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        _wait_for_workers(batch, threads)
    except signals.Interrupted as interrupted:  # the second signal
        batch.abandoned = interrupted
        _abandon(batch)


def _wait_for_workers(batch: Batch, threads: list[threading.Thread]) -> None:
    """Wait for the workers, report their progress, and stop them at a signal."""
    throughput = Throughput(len(batch.tasks), len(batch.results))
    while alive := [thread for thread in threads if thread.is_alive()]:
        alive[0].join(JOIN_INTERVAL)
        if signals.pending():
            batch.stop_event.set()
        report_tasks(batch.context.reporter, "batch_progress", throughput, len(batch.results))


def _abandon(batch: Batch) -> None:
    """Record the running tasks as the journal knows them, without waiting for them."""
    batch.stop_event.set()
    batch.stop_reason = "stopped_by_signal"
    for task in batch.tasks:
        entry = batch.running.get(task.index)
        if entry and task.index not in batch.results:
            match = batch.journal.find(entry.local_id) if entry.local_id else None
            if match and match[1].state not in {"prepared", "succeeded"}:
                error = SkillError("interrupted_unknown", about=match, remedy="again")
                batch.results[task.index] = record_result(batch, task, error)


def _record_not_started(batch: Batch) -> None:
    """Record the tasks that were not started, with what an earlier run may have been charged for them."""
    entries = find_known_entries(batch.tasks, batch.provider, batch.journal)
    reason = MessageRef(batch.stop_reason or ("stopped_by_signal" if signals.pending() else "stopped_by_time"))
    for task in batch.tasks:
        if task.index not in batch.results:
            context = context_for(batch, task)
            if task.index in entries:
                path, entry = entries[task.index]
                context.result = context.result.with_entry(entry, path)
            if context.result.status == "succeeded":
                context.note(status="not_started")
            batch.results[task.index] = record_result(
                batch, task, StillRunning("task_not_started", reason=reason), context
            )


def _reuse_result(batch: Batch, task: Task) -> bool:
    """Reuse the result of an earlier run of the same batch if its image is unchanged; return whether it was."""
    path = batch.task_folder(task)
    try:
        document = json.loads(read_document(path / "result.json", MAX_RESULT_BYTES))
        task_record = json.loads(read_document(path / TASK_RECORD, MAX_RESULT_BYTES))
        images = document["images"]
        is_same_request = task_record["fingerprint"] == task_entry(batch, task).fingerprint
        files = [batch.images / Path(str(image["path"])).name for image in images]  # no other path is believed
        is_intact = (
            document["ok"] is True
            and document["error"] is None
            and has_row_types(document)
            and is_same_request
            and bool(images)
            and all(map(is_same_file, files, (str(image["sha256"]) for image in images)))
        )
        newest = (
            batch.known_entries[task.index][1].local_id
            if task.index in batch.known_entries
            else document["local_id"]
        )
        if not is_intact or document["local_id"] != newest or batch.must_remake(task):
            return False
        if not LOCAL_ID.fullmatch(document["local_id"]) or list(map(str, files)) != [
            image["path"] for image in images
        ]:
            return False
        context = context_for(batch, task)
        context.note(local_id=document["local_id"], images=images)
        context.attach_media(batch.state)  # what OpenClaw may attach is cleared after a week
        batch.results[task.index] = task_row(
            task, {**document, "reused": True, "media": context.result.media}, path
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _work(batch: Batch, waiting: queue.SimpleQueue[Task], client: Client) -> None:
    """Run one worker: process tasks with its own client until none is left or the batch stops."""
    with client:
        while time.monotonic() + TIME_MARGIN * batch.slowest_seconds < batch.deadline:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            context = context_for(batch, task)
            if batch.stop_event.is_set() or signals.pending():
                return
            started = time.monotonic()
            batch.results[task.index] = _run_task(batch, task, client, context)
            batch.slowest_seconds = max(batch.slowest_seconds, time.monotonic() - started)


def _run_task(batch: Batch, task: Task, client: Client, context: CommandContext) -> dict[str, Any]:
    """Run one task and return its row; never raises a task's error."""
    paths = OutputPaths(batch.images, batch.folder / "tasks", task.label, unique=True)
    services = Services(batch.provider, client, task.retry_policy, paths, interactive=False)
    error: SkillError | None = None
    try:
        folder = RunFolder(batch.task_folder(task))
        with folder.messages("w") as messages:
            context.reporter = Reporter(context.catalog, messages)
            entry = task_entry(batch, task)
            folder.note(
                TASK_RECORD, {"index": task.index, "fingerprint": entry.fingerprint, "task": task.definition}
            )
            deadline = Deadline(batch.deadline, time.monotonic, time.sleep)
            settings = Context(
                context,
                batch.journal,
                batch.state,
                batch.images,
                deadline,
                no_wait=batch.no_wait,
                new=batch.must_remake(task),
            )
            batch.running[task.index] = entry
            context.result = generate(task_request(task), entry, services, settings, context.result)
            if isinstance(context.result.error, SkillError):
                error = context.result.error
    except SkillError as failure:
        error = failure
    except Exception as failure:  # noqa: BLE001  - a bug in one task is reported in its row and stops no other
        error = unexpected_error(failure)
    reason = stop_reason(error.exit_code, error.code) if error else None
    if reason:
        batch.stop_reason, batch.stopped_by = reason, task.index
        batch.stop_event.set()
    return record_result(batch, task, error, context)
