"""Carries out the tasks of a batch in threads: each on its own, with its own folder and its own messages."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.batch.task import known, record, run_of, task_draft, task_request, task_row
from openai_images.provider import generate
from openai_images.queue.rows import fits
from openai_images.run_folder import RunFolder
from openai_images.services import Hands, Place
from shared import signals
from shared.cli.app import bug_error
from shared.cli.task_context import TaskContext
from shared.errors import AuthenticationError, QuotaExceeded, SkillError, StillRunning
from shared.files import is_same_file, read_document
from shared.i18n.messages import MessageRef
from shared.journal.entry import LOCAL_ID
from shared.output.progress import Reporter
from shared.polling import Deadline

if TYPE_CHECKING:
    from openai_images.batch.task import Batch, Task
    from openai_images.client import Client
    from shared.cli.context import CommandContext

MOST_WORKERS, MOST_TASKS = 4, 200
NOTE = "batch_task.json"
LARGEST_RESULT = 16 << 20  # bytes
CAUTION = 1.5  # times what the slowest task took must be left, or no further one begins
LOOK = 0.2  # seconds between two looks of the main thread at what the workers do


def carry_out(batch: Batch, workers: int) -> None:
    """Carry out every task that is not done yet, up to `workers` at once.

    A task that fails stops no other. A refused key or an empty account, SIGINT and SIGTERM, and a time that runs
    out let what is under way end, and the rest stays `not_started`.

    Raises:
        ConfigurationError: certificates or a proxy that cannot be used; nothing was sent.
    """
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    batch.known = known(batch.tasks, batch.provider, batch.journal)
    for task in batch.tasks:
        if task.refused:
            batch.results[task.index] = record(batch, task, task.refused)
        elif not _keep(batch, task):
            waiting.put(task)
    clients = [batch.client() for _ in range(min(workers, waiting.qsize()))]
    threads = [threading.Thread(target=_work, args=(batch, waiting, client), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        _watch(batch, threads)
    except signals.Interrupted as interrupted:  # the second signal
        batch.abandoned = interrupted
        _abandon(batch)
    if len(batch.results) < len(batch.tasks):
        _pass_over(batch)


def _watch(batch: Batch, threads: list[threading.Thread]) -> None:
    """Wait for the workers, tell how far they are, and let them end at a signal."""
    started = time.monotonic()
    while alive := [thread for thread in threads if thread.is_alive()]:
        alive[0].join(LOOK)
        if signals.pending():
            batch.stop.set()
        facts = {"done": len(batch.results), "total": len(batch.tasks)}
        batch.run.reporter.status("batch_progress", elapsed=f"{time.monotonic() - started:.0f}", **facts)


def _abandon(batch: Batch) -> None:
    """Tell of the tasks that are in a worker's hands what the journal knows of them, and wait no longer."""
    batch.stop.set()
    batch.stopped = "stopped_by_signal"
    for task in batch.tasks:
        run = batch.under_way.get(task.index)
        if run and task.index not in batch.results:
            found = batch.journal.find(run.result.local_id) if run.result.local_id else None
            if found and found[1].state not in {"prepared", "succeeded"}:
                error = SkillError("interrupted_unknown", about=found, remedy="again")
                batch.results[task.index] = record(batch, task, error, run)


def _pass_over(batch: Batch) -> None:
    """Record the tasks that were not begun; what an earlier run may have paid for one is not forgotten."""
    found = known(batch.tasks, batch.provider, batch.journal)
    reason = MessageRef(batch.stopped or ("stopped_by_signal" if signals.pending() else "stopped_by_time"))
    for task in batch.tasks:
        if task.index not in batch.results:
            run = run_of(batch, task)
            if task.index in found:
                path, entry = found[task.index]
                run.result.update_from_entry(entry, path)
            if run.result.status == "succeeded":
                run.result.status = "not_started"
            batch.results[task.index] = record(batch, task, StillRunning("task_not_started", reason=reason), run)


def _keep(batch: Batch, task: Task) -> bool:
    """Keep what an earlier run of the same batch finished, if its picture is still what it was."""
    path = batch.task_folder(task)
    try:
        document = json.loads(read_document(path / "result.json", LARGEST_RESULT))
        noted = json.loads(read_document(path / NOTE, LARGEST_RESULT))
        image = document["images"][0]
        same = noted["fingerprint"] == task_draft(batch, task).fingerprint
        picture = batch.pictures / Path(str(image["path"])).name  # no other path is believed
        whole = (
            document["ok"] is True
            and document["error"] is None
            and fits(document)
            and same
            and is_same_file(picture, str(image["sha256"]))
        )
        newest = batch.known[task.index][1].local_id if task.index in batch.known else document["local_id"]
        if not whole or document["local_id"] != newest or batch.makes_again(task):
            return False
        if not LOCAL_ID.fullmatch(document["local_id"]) or str(picture) != image["path"]:
            return False
        run = run_of(batch, task)
        run.result.local_id, run.result.images = document["local_id"], [image]
        run.attach_media(batch.state)  # what OpenClaw may attach is cleared after a week
        batch.results[task.index] = task_row(task, {**document, "reused": True, "media": run.result.media}, path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _work(batch: Batch, waiting: queue.SimpleQueue[Task], client: Client) -> None:
    """One worker: a client of its own, one task after another until none is left or something says stop."""
    with client:
        while time.monotonic() + CAUTION * batch.longest < batch.deadline:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            run = batch.under_way[task.index] = run_of(batch, task)
            if batch.stop.is_set() or signals.pending():
                return
            started = time.monotonic()
            batch.results[task.index] = _one(batch, task, client, run)
            batch.longest = max(batch.longest, time.monotonic() - started)


def _one(batch: Batch, task: Task, client: Client, run: CommandContext) -> dict[str, Any]:
    """Carry out one task and return its row; nothing that goes wrong leaves this function."""
    place = Place(batch.pictures, batch.folder / "tasks", task.label, unique=True)
    hands = Hands(batch.provider, client, batch.journal, task.policy, place, watched=False)
    error: SkillError | None = None
    try:
        folder = RunFolder(batch.task_folder(task))
        with folder.messages("w") as messages:
            run.reporter = Reporter(run.catalog, messages)
            draft = task_draft(batch, task)
            folder.note(NOTE, {"index": task.index, "fingerprint": draft.fingerprint, "task": task.given})
            limits = Deadline(batch.deadline, time.monotonic, time.sleep)
            errand = TaskContext(run, batch.pictures, limits, None, batch.no_wait, batch.makes_again(task))
            generate(task_request(task), draft, hands, errand)
            run.attach_media(batch.state)
    except SkillError as failure:
        error = failure
    except Exception as failure:  # noqa: BLE001  - a bug in one task is told in its row and stops no other
        error = bug_error(failure)
    stopped = _stopped_by(error)
    if stopped:
        batch.stopped = stopped
        batch.stop.set()
    return record(batch, task, error, run)


def _stopped_by(error: SkillError | None) -> str | None:
    """Return what every further task would fail by as well, as the id of a sentence."""
    if isinstance(error, AuthenticationError):
        return "stopped_by_key"
    if isinstance(error, QuotaExceeded):
        return "stopped_by_credits"
    return "stopped_by_address" if error and error.code == "address_wrong" else None
