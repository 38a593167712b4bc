"""A batch and its tasks: their requests, folders, contexts and recorded results."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from openai_images.journal_entry import new_entry
from openai_images.request import request_facts
from openai_images.result_rows import row_from_result
from openai_images.run_folder import RunFolder
from shared.cli.context import CommandContext
from shared.cli.next_command import Invocation
from shared.errors import DiskError, SkillError
from shared.output.outcome import Status
from shared.output.progress import Reporter
from shared.output.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.request import ImageRequest
    from openai_images.retry_policy import RetryPolicy
    from shared.cli.next_command import OptionValue
    from shared.journal.claim import Journal
    from shared.journal.entry import Entry, State
    from shared.signals import Interrupted

    KnownEntry: TypeAlias = tuple[Path, Entry]

PROVE_NOTHING: frozenset[State] = frozenset(("prepared", "refused", "unreachable"))
"""States in which an entry does not show what was paid."""


@dataclass(frozen=True)
class Task:
    """One task of a batch: its request, or the error that makes it invalid."""

    index: int
    name: str
    definition: Any
    retry_policy: RetryPolicy
    variant: str = ""
    request: ImageRequest | None = None
    error: SkillError | None = None
    raw: bool = False

    @property
    def label(self) -> str:
        """The name of its image and its folder."""
        return f"{self.index:04d}-{self.name}"


@dataclass
class Batch:
    """A running batch: its folder, what every task needs, and the results so far."""

    context: CommandContext
    tasks: list[Task]
    folder: Path
    provider: Provider
    journal: Journal
    state: Path
    client: Callable[[], Client]
    deadline: float
    """On time.monotonic: no task runs longer, and none starts that would probably not end before."""
    since: str = ""
    """With --new, its start as `format_time` writes it: older images are made again, newer ones are kept."""
    no_wait: bool = False
    known_entries: dict[int, KnownEntry] = field(default_factory=dict)
    """The journal entries of the tasks at the start, by index."""
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    stop_reason: str | None = None
    """Why no further task is started, as a message id; None unless something but the deadline stops the batch."""
    stopped_by: int | None = None
    """The index of the task whose error stopped the others."""
    slowest_seconds: float = 0.0
    """Duration of the slowest task so far."""
    stop_event: threading.Event = field(default_factory=threading.Event)
    """Set when no further task may be started."""
    running: dict[int, Entry] = field(default_factory=dict)
    """The journal entries of the tasks that a worker has begun, by index."""
    abandoned: Interrupted | None = None
    """The second signal, which abandoned the running tasks."""

    @property
    def images(self) -> Path:
        """The folder of the images."""
        return self.folder / "images"

    def task_folder(self, task: Task) -> Path:
        """Return the folder of a task's documents."""
        return self.folder / "tasks" / task.label

    def fitting(self, tasks: Sequence[Task]) -> int | None:
        """Return how many of these tasks the budgets have room for, in this order; None if a cost is unknown."""
        return self.journal.guard.fitting([task_entry(self, task) for task in tasks])

    def must_remake(self, task: Task) -> bool:
        """Return whether --new makes this task again, and has not done so yet."""
        return bool(self.since) and not (
            task.index in self.known_entries and self.known_entries[task.index][1].created_at >= self.since
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return the results of the tasks, in their order."""
        return [self.results[task.index] for task in self.tasks]

    def counters(self) -> dict[str, int]:
        """Return the number of tasks in each status."""
        counts = Counter(row["status"] for row in self.rows())
        return {"total": len(self.tasks), **{status: counts[status] for status in get_args(Status)}}


def record_result(
    batch: Batch, task: Task, error: SkillError | None, context: CommandContext | None = None
) -> dict[str, Any]:
    """Write the result of a task into its folder, and return its row."""
    context, path = context or context_for(batch, task), batch.task_folder(task)
    document = context.result_document(error)
    with contextlib.suppress(DiskError, OSError):  # its row reports the same
        folder = RunFolder(path)
        folder.note("stdout.txt", summary(document, [], context.catalog))
        if error:
            with folder.messages("a") as messages:
                Reporter(context.catalog, messages).always(error.code, **error.facts)
        folder.finish(document)
    return task_row(task, document, path)


def context_for(batch: Batch, task: Task) -> CommandContext:
    """Return the context of one task: its next commands are run.py's."""
    launcher = batch.context.launcher_named(batch.context.skill.main_launcher)
    context = CommandContext(batch.context.skill, (), launcher)
    context.invocation, context.spends, context.json = _invocation(batch, task, launcher), True, True
    context.catalog = batch.context.catalog
    context.reporter = Reporter(context.catalog, None)
    context.chat_copy = batch.context.chat_copy
    context.yes = True  # the batch has asked for confirmation once
    context.note(provider=batch.provider.name, **(request_facts(task.request) if task.request else {}))
    context.note_own(output=None, bytes=None, run_dir=str(batch.task_folder(task)), raw=task.raw)
    return context


def _invocation(batch: Batch, task: Task, launcher: str) -> Invocation:
    """Return the command of run.py that runs the same task, and finds it in the journal."""
    options: dict[str, OptionValue] = {"--task-name": task.name, "--provider": batch.provider.name, "--json": True}
    if task.request:
        options |= {**task.request.options(), "--variant": task.variant}
        options |= {"--output-dir": str(batch.images), "--prompt": task.request.prompt}
    return Invocation(launcher, options)


def find_known_entries(tasks: Sequence[Task], provider: Provider, journal: Journal) -> dict[int, KnownEntry]:
    """Return the newest relevant journal entry and its path for each known task, by index."""
    entries = {}
    for task in tasks:
        if task.request:
            entry = new_entry(task.request, provider, variant=task.variant, folder=Path())
            newest = journal.newest(entry.fingerprint, but_not=PROVE_NOTHING)
            if newest:
                entries[task.index] = newest
    return entries


def task_entry(batch: Batch, task: Task) -> Entry:
    """Return the journal entry of a task's request."""
    return new_entry(task_request(task), batch.provider, variant=task.variant, folder=batch.images)


def task_request(task: Task) -> ImageRequest:
    """Return the request of a valid task."""
    if task.request is None:
        raise ValueError(f"{task.label} has no request")
    return task.request


def task_row(task: Task, document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the row of one task in the result of a batch."""
    files = {"run_dir": str(path), "result_json": str(path / "result.json")}
    return {"index": task.index, "task_name": task.name, **row_from_result(document), **files}
