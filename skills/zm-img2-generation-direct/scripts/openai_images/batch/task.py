"""A batch and its tasks: what each asks for, where it lies, how it is run again, and how its end is recorded."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from openai_images.journal_entry import new_entry
from openai_images.result_rows import row_of
from openai_images.run_folder import RunFolder
from shared.cli.context import CommandContext
from shared.errors import DiskError, SkillError
from shared.output.progress import Reporter
from shared.output.result import Status
from shared.output.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.request import ImageRequest
    from openai_images.retry_policy import Policy
    from shared.journal.claim import Journal
    from shared.journal.entry import Entry, State
    from shared.signals import Interrupted

    Known: TypeAlias = tuple[Path, Entry]

PROVE_NOTHING: frozenset[State] = frozenset(("prepared", "refused", "unreachable"))
"""States in which an entry says nothing about what was paid."""


@dataclass(frozen=True)
class Task:
    """One task of a batch: its request, or why it cannot be one."""

    index: int
    name: str
    given: Any
    policy: Policy
    variant: str = ""
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

    run: CommandContext
    tasks: list[Task]
    folder: Path
    provider: Provider
    journal: Journal
    state: Path
    client: Callable[[], Client]
    deadline: float
    """On time.monotonic: no task goes on after that; none begins that would hardly end before."""
    since: str = ""
    """With --new, when that began, as `stamp` writes it: what is older is made again, what is younger is kept."""
    no_wait: bool = False
    known: dict[int, Known] = field(default_factory=dict)
    """What the journal knew of the tasks at the start, by index."""
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    stopped: str | None = None
    """Why no further task was begun, as the id of a sentence; None while nothing stops it but the time."""
    longest: float = 0.0
    """Seconds that the slowest task took."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when no further task may be begun."""
    under_way: dict[int, CommandContext] = field(default_factory=dict)
    """The runs of the tasks that a worker has taken in hand, by index."""
    abandoned: Interrupted | None = None
    """The second signal: what was under way was left."""

    @property
    def pictures(self) -> Path:
        """Where the pictures go."""
        return self.folder / "images"

    def task_folder(self, task: Task) -> Path:
        """Where the documents of a task go."""
        return self.folder / "tasks" / task.label

    def makes_again(self, task: Task) -> bool:
        """Tell whether --new makes this task again, and has not done so yet."""
        return bool(self.since) and not (
            task.index in self.known and self.known[task.index][1].created_at >= self.since
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return what came of the tasks, in their order."""
        return [self.results[task.index] for task in self.tasks]

    def counters(self) -> dict[str, int]:
        """Return how many tasks ended how."""
        found = Counter(row["status"] for row in self.rows())
        return {"total": len(self.tasks), **{status: found[status] for status in get_args(Status)}}


def record(
    batch: Batch, task: Task, error: SkillError | None, run: CommandContext | None = None
) -> dict[str, Any]:
    """Write how a task ended into its folder, and return its row."""
    run, path = run or run_of(batch, task), batch.task_folder(task)
    document = run.result_document(error)
    with contextlib.suppress(DiskError, OSError):  # its row tells the same
        folder = RunFolder(path)
        folder.note("stdout.txt", summary(document, [], run.catalog))
        if error:
            with folder.messages("a") as messages:
                Reporter(run.catalog, messages).always(error.code, **error.facts)
        folder.finish(document)
    return task_row(task, document, path)


def run_of(batch: Batch, task: Task) -> CommandContext:
    """Return the run of one task: its `next` commands are run.py's."""
    launcher = Path(batch.run.launcher).with_name(batch.run.skill.main_launcher)
    run = CommandContext(batch.run.skill, _argv(batch, task), str(launcher))
    run.catalog = batch.run.catalog
    run.reporter = Reporter(run.catalog, None)
    run.yes = True  # the batch has asked, once for all
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


def known(tasks: Sequence[Task], provider: Provider, journal: Journal) -> dict[int, Known]:
    """Return the entry that decides about each task that the journal knows, and where it is, by index."""
    entries = {}
    for task in tasks:
        if task.request:
            draft = new_entry(task.request, provider, variant=task.variant, folder=Path())
            newest = journal.newest(draft.fingerprint, but_not=PROVE_NOTHING)
            if newest:
                entries[task.index] = newest
    return entries


def task_draft(batch: Batch, task: Task) -> Entry:
    """Return what the journal is told of a task's request."""
    return new_entry(task_request(task), batch.provider, variant=task.variant, folder=batch.pictures)


def task_request(task: Task) -> ImageRequest:
    """Return the request of a task that can be one."""
    if task.request is None:
        raise ValueError(f"{task.label} has no request")
    return task.request


def task_row(task: Task, document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return what the result of a batch tells of one task."""
    files = {"run_dir": str(path), "result_json": str(path / "result.json")}
    return {"index": task.index, "task_name": task.name, **row_of(document), **files}
