"""Carries out the tasks of a batch in threads: each on its own, with its own folder and its own messages."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from openai_images.draft import draft_of
from openai_images.generate import generate
from openai_images.hands import Hands, Place
from openai_images.rows import row_of
from openai_images.run_folder import RunFolder
from shared import interrupts
from shared.command import bug
from shared.errand import Errand
from shared.errors import DiskError, KeyRefused, NotFinished, OutOfCredits, SkillError
from shared.files import sha256_of
from shared.polling import Limits
from shared.progress import Reporter
from shared.result import Status
from shared.run import Run
from shared.summary import summary
from shared.texts import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.attempts import Policy
    from openai_images.client import Client
    from openai_images.provider import Provider
    from openai_images.request import ImageRequest
    from shared.entry import Entry
    from shared.journal import Journal

MOST_WORKERS, MOST_TASKS = 4, 200
NOTE = "batch_task.json"
CAUTION = 1.5  # times what the slowest task took must be left, or no further one begins
LOOK = 0.2  # seconds between two looks of the main thread at what the workers do


@dataclass(frozen=True)
class Task:
    """One task of a batch: its request, or why it cannot be one."""

    index: int
    name: str
    given: Any
    variant: str
    policy: Policy
    request: ImageRequest | None = None
    refused: SkillError | None = None
    raw: bool = False

    @property
    def label(self) -> str:
        """What its picture and its folder are called."""
        return f"{self.index:04d}-{self.name}"


@dataclass
class Batch:
    """A batch on its way: its folder, what every task needs, and what came of each, in order."""

    run: Run
    tasks: list[Task]
    folder: Path
    provider: Provider
    journal: Journal
    state: Path
    client: Callable[[], Client]
    deadline: float
    """On time.monotonic: no task goes on after that; none begins that would hardly end before."""
    new: bool = False
    no_wait: bool = False
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    stopped: str | None = None
    """Why no further task was begun, as the id of a sentence; None while nothing stops it but the time."""
    longest: float = 0.0
    """Seconds that the slowest task took."""

    @property
    def pictures(self) -> Path:
        """Where the pictures go."""
        return self.folder / "images"

    def task_folder(self, task: Task) -> Path:
        """Where the documents of a task go."""
        return self.folder / "tasks" / task.label

    def rows(self) -> list[dict[str, Any]]:
        """Return what came of the tasks, in their order."""
        return [self.results[task.index] for task in self.tasks]

    def counters(self) -> dict[str, int]:
        """Return how many tasks ended how."""
        found = Counter(row["status"] for row in self.rows())
        return {"total": len(self.tasks), **{status: found[status] for status in get_args(Status)}}


def carry_out(batch: Batch, workers: int) -> None:
    """Carry out every task that is not done yet, up to `workers` at once.

    A task that fails stops no other. A refused key or an empty account, SIGINT and SIGTERM, and a time that runs
    out let what is under way end, and the rest stays `not_started`.
    """
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in batch.tasks:
        if task.refused:
            batch.results[task.index] = _record(batch, task, task.refused)
        elif not _keep(batch, task):
            waiting.put(task)
    stop = threading.Event()
    threads = [threading.Thread(target=_work, args=(batch, waiting, stop), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    while alive := [thread for thread in threads if thread.is_alive()]:
        alive[0].join(LOOK)
        if interrupts.pending():
            batch.stopped = batch.stopped or "stopped_by_signal"
            stop.set()
        facts = {"done": len(batch.results), "total": len(batch.tasks)}
        batch.run.reporter.waiting("batch_progress", elapsed=f"{time.monotonic() - started:.0f}", **facts)
    for task in batch.tasks:
        if task.index not in batch.results:
            reason = Said(batch.stopped or "stopped_by_time")
            batch.results[task.index] = _record(batch, task, NotFinished("task_not_started", reason=reason))


def _keep(batch: Batch, task: Task) -> bool:
    """Keep what an earlier run of the same batch finished, if its picture is still what it was."""
    path = batch.task_folder(task)
    try:
        document = json.loads((path / "result.json").read_bytes())
        noted = json.loads((path / NOTE).read_bytes())
        (image,) = document["images"]
        same = noted["fingerprint"] == _draft(batch, task).fingerprint
        if batch.new or not (document["ok"] and same and sha256_of(Path(image["path"])) == image["sha256"]):
            return False
        run = _run_of(batch, task)
        run.result.local_id, run.result.images = document["local_id"], [image]
        run.attach(batch.state)  # what OpenClaw may attach is cleared after a week
        batch.results[task.index] = _row(task, {**document, "reused": True, "media": run.result.media}, path)
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return True


def _work(batch: Batch, waiting: queue.SimpleQueue[Task], stop: threading.Event) -> None:
    """One worker: a client of its own, one task after another until none is left or something says stop."""
    with batch.client() as client:
        while time.monotonic() + CAUTION * batch.longest < batch.deadline:
            if stop.is_set() or interrupts.pending():
                return
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            started = time.monotonic()
            batch.results[task.index] = _one(batch, task, client, stop)
            batch.longest = max(batch.longest, time.monotonic() - started)


def _one(batch: Batch, task: Task, client: Client, stop: threading.Event) -> dict[str, Any]:
    """Carry out one task and return its row; nothing that goes wrong leaves this function."""
    place = Place(batch.pictures, batch.folder / "tasks", task.label, unique=True)
    hands = Hands(batch.provider, client, batch.journal, task.policy, place, watched=False)
    error: SkillError | None = None
    run = _run_of(batch, task)
    try:
        folder = RunFolder(batch.task_folder(task))
        with folder.messages("w") as messages:
            run.reporter = Reporter(run.catalogue, messages)
            draft = _draft(batch, task)
            folder.note(NOTE, {"index": task.index, "fingerprint": draft.fingerprint, "task": task.given})
            limits = Limits(batch.deadline, time.monotonic, time.sleep)
            errand = Errand(run, batch.pictures, limits, None, batch.no_wait, batch.new)
            generate(_request(task), draft, hands, errand)
            run.attach(batch.state)
    except SkillError as failure:
        error = failure
    except Exception as failure:  # noqa: BLE001  - a bug in one task is told in its row and stops no other
        error = bug(failure)
    if isinstance(error, KeyRefused | OutOfCredits):
        batch.stopped = "stopped_by_key" if isinstance(error, KeyRefused) else "stopped_by_credits"
        stop.set()
    return _record(batch, task, error, run)


def _record(batch: Batch, task: Task, error: SkillError | None, run: Run | None = None) -> dict[str, Any]:
    """Write how a task ended into its folder, and return its row."""
    run, path = run or _run_of(batch, task), batch.task_folder(task)
    document = run.document(error)
    with contextlib.suppress(DiskError, OSError):  # its row tells the same
        folder = RunFolder(path)
        folder.note("stdout.txt", summary(document, [], run.catalogue))
        if error:
            with folder.messages("a") as messages:
                Reporter(run.catalogue, messages).insist(error.code, **error.facts)
        folder.finish(document)
    return _row(task, document, path)


def _run_of(batch: Batch, task: Task) -> Run:
    """Return the run of one task: its `next` commands are run.py's."""
    launcher = Path(batch.run.launcher).with_name(batch.run.skill.main_launcher)
    run = Run(batch.run.skill, _argv(batch, task), str(launcher))
    run.catalogue = batch.run.catalogue
    run.reporter = Reporter(run.catalogue, None)
    run.result.provider = batch.provider.name
    run.result.extra |= {"output": None, "bytes": None, "run_dir": str(batch.task_folder(task)), "raw": task.raw}
    if task.request:
        run.result.mode, run.result.model = task.request.mode, task.request.model
        run.result.requested = run.result.applied = {"size": task.request.size}
        run.result.input_images = [reference.row() for reference in task.request.references]
    return run


def _argv(batch: Batch, task: Task) -> list[str]:
    """Return the arguments with which run.py would carry out the same task, and find it again."""
    argv = ["--task-name", task.name, "--provider", batch.provider.name, "--json"]
    if task.request:
        for reference in task.request.references:
            argv += ["--input-image", str(reference.path)]
        argv += ["--model", task.request.model, "--size", task.request.size, "--variant", task.variant]
        argv += ["--output-dir", str(batch.pictures), "--prompt", task.request.prompt]
    return argv


def _draft(batch: Batch, task: Task) -> Entry:
    return draft_of(_request(task), batch.provider, variant=task.variant, folder=batch.pictures)


def _request(task: Task) -> ImageRequest:
    if task.request is None:
        raise ValueError(f"{task.label} has no request")
    return task.request


def _row(task: Task, document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return what the result of a batch tells of one task."""
    files = {"run_dir": str(path), "result_json": str(path / "result.json")}
    return {"index": task.index, "task_name": task.name, **row_of(document), **files}
