"""The command line of batch_run.py."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__, task_file
from openai_images.cli.app import ATTEMPT_OPTIONS, PASSED_OPTIONS, PICTURE_OPTIONS, SKILL, options_of, planned
from openai_images.cli.options import TOTAL_SECONDS, model_name, number, policy, provider_name, tell_proof
from openai_images.config.provider import find_provider
from openai_images.request import DEFAULT_NAME, task_name
from shared import signals
from shared.cli.app import Options, common_options, run_command
from shared.cli.context import is_terminal
from shared.errors import BadInput, SkillError, StillRunning, TaskFailed
from shared.i18n.catalog import short_repr
from shared.journal.claim import Journal
from shared.openclaw.folders import (
    configured_workspace,
    enclosing_skill,
    expand_path,
    output_folder,
    state_folders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai_images.batch.task import Batch, Task
    from openai_images.config.provider import Provider
    from openai_images.task_file import TaskFile
    from shared.cli.context import CommandContext

DEFAULT_PLACE = Path("content-factory", "live-course-design", "img2", "batches")
FIELDS = frozenset(("batch_name", "max_workers", "send_to_feishu", "provider", "model", "size"))
ATTEMPT_FIELDS = ("timeout_ms", "max_attempts")
MAY_PASS = frozenset(("task_not_started", "disk_failed", "journal_failed", "journal_damaged"))
REFUSED_HERE = frozenset(("link_refused", "link_private", "picture_too_large"))
"""What is never fetched: the same command costs nothing and ends the same."""
MENDED_FIRST = frozenset(("stopped_by_key", "stopped_by_address"))
NO_LIMIT = 7 * 86400.0  # seconds; for a person at a terminal


def batch_run(argv: Sequence[str], launcher: str) -> int:
    """Run batch_run.py and return its exit code."""
    return run_command(_batch_run, SKILL, argv, launcher)


HELP = """Make the pictures of a batch: @batch.json, JSON text, or - for stdin.

Run again, it goes on, and after an edit only what changed is made and paid; under another name of the file (or
batch_name) all is. --new makes every picture again. Relative paths start from the current folder. Pictures go to
content-factory/live-course-design/img2/batches in OpenClaw's workspace, else in the current folder.
"""


@click.command(help=HELP)
@click.argument("batch", metavar="@FILE")
@click.option("--max-workers", metavar="N", help="Tasks at once (default: 4, at most 4).")
@options_of(*PICTURE_OPTIONS, *ATTEMPT_OPTIONS, *PASSED_OPTIONS)
@click.version_option(__version__)
@common_options
def _batch_run(run: CommandContext, options: Options, batch: str, **given: Any) -> None:
    from openai_images.batch import run as batches  # noqa: PLC0415  - with requests
    from openai_images.batch.documents import new_since  # noqa: PLC0415

    if options.resume is not None:
        raise BadInput("option_goes_with", flag="--resume", other="@FILE")
    fields = FIELDS | frozenset(ATTEMPT_FIELDS)
    file = task_file.read_tasks(batch, fields=fields, most=batches.MOST_TASKS)
    settings = _settings(file, given)
    run.set_language(
        " ".join(str(task.get("prompt")) for task in file.tasks if isinstance(task, dict)), options.lang
    )
    provider = find_provider(provider_name(settings["provider"]))
    run.result.provider = provider.name
    if task_file.some_take_the_default(file.tasks):
        provider.check_model(model_name(settings.get("model")))
    seen: Counter[str] = Counter()
    tasks = [
        _task(index, task, file, settings, options, provider, seen) for index, task in enumerate(file.tasks, 1)
    ]
    folder = _folder(file, settings, options)
    run.result.extra |= {"batch_dir": str(folder), "results": [], "counters": {}}
    task_file.tell_of_delivery(file, run)
    if options.dry_run:
        since = new_since(folder) if options.new else ""
        made = _made(tasks, provider, Journal(SKILL.slug, state_folders()), since)
        _show_plan(run, tasks, provider, folder, made)
        return
    _carry_out(_batch(run, tasks, folder, provider, options), settings, file)


def _settings(file: TaskFile, given: dict[str, Any]) -> dict[str, Any]:
    """Return what holds for every task: the flags, else the fields of the file."""
    document = task_file.check_fields(file.document, FIELDS | frozenset(ATTEMPT_FIELDS) | {"tasks"})
    settings = {**document, **{name: value for name, value in given.items() if value is not None}}
    settings["provider"] = settings.get("provider")
    task_file.check_defaults(settings)
    policy(settings)
    workers = number("--max-workers", settings.get("max_workers"), 1, 1000, whole=True)
    settings["max_workers"] = int(workers or 4)
    if "batch_name" in document:
        settings["batch_name"] = task_name("batch_name", document["batch_name"])
    return settings


def _task(  # noqa: PLR0917  - each is used, and no two belong together
    index: int,
    given: Any,
    file: TaskFile,
    settings: dict[str, Any],
    options: Options,
    provider: Provider,
    seen: Counter[str],
) -> Task:
    """Return a task of the batch; what is wrong with it is its own affair."""
    from openai_images.batch.task import Task  # noqa: PLC0415

    name, attempts = DEFAULT_NAME, policy(settings)
    try:
        task = task_file.check_fields(given, task_file.TASK_FIELDS)
        name = task_name("task_name", task.get("task_name", DEFAULT_NAME))
        key = task_file.task_key(task)
        if key:
            seen[key] += 1
            if seen[key] > 1:
                raise BadInput("task_key_twice", got=short_repr(key))
        attempts = policy({**settings, **{one: task[one] for one in ATTEMPT_FIELDS if one in task}})
        raw = bool(task.get("raw") or settings.get("raw"))
        request = task_file.task_request(task, settings)
        provider.check_model(request.model)
        variant = task_file.row_variant(options.variant, file, key or task_file.own_key(request, seen))
        return Task(index, name, given, attempts, variant, request, raw=raw)
    except SkillError as error:
        return Task(index, name, given, attempts, refused=error)


def _folder(file: TaskFile, settings: dict[str, Any], options: Options) -> Path:
    """Return the batch's folder; the same batch has the same one, so that it goes on after a kill."""
    state = state_folders()[0]
    place = output_folder(options.output_dir, state) if options.output_dir is not None else _default_place(state)
    try:
        name = settings.get("batch_name") or task_name("@FILE", file.name or "batch")
    except BadInput:
        name = "batch"
    asked = [provider_name(settings["provider"]), model_name(settings.get("model")), settings.get("size")]
    identity = [file.tasks, *asked, options.variant]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return place / f"{name}-{digest[:8]}"


def _default_place(state: Path) -> Path:
    base = configured_workspace() or expand_path(".")
    if enclosing_skill(base):
        base = output_folder(None, state).parent
    return base / DEFAULT_PLACE


def _batch(run: CommandContext, tasks: list[Task], folder: Path, provider: Provider, options: Options) -> Batch:
    from openai_images.batch.documents import new_since  # noqa: PLC0415
    from openai_images.batch.task import Batch  # noqa: PLC0415
    from openai_images.client import Client  # noqa: PLC0415

    seconds = options.seconds() or (NO_LIMIT if is_terminal(sys.stderr) else TOTAL_SECONDS)
    states = state_folders()
    return Batch(
        run=run,
        tasks=tasks,
        folder=folder,
        provider=provider,
        journal=Journal(SKILL.slug, states),
        state=states[0],
        client=functools.partial(Client, provider, user_agent=SKILL.user_agent),
        deadline=time.monotonic() + seconds,
        since=new_since(folder) if options.new else "",
        no_wait=options.no_wait,
    )


def _carry_out(batch: Batch, settings: dict[str, Any], file: TaskFile) -> None:
    from openai_images.batch import documents  # noqa: PLC0415
    from openai_images.batch.run import MOST_WORKERS, carry_out  # noqa: PLC0415

    run = batch.run
    workers = min(settings["max_workers"], MOST_WORKERS)
    if workers < settings["max_workers"]:
        run.reporter.always("workers_capped", asked=settings["max_workers"], most=MOST_WORKERS)
    tell_proof(run, batch.provider.name, [task.request.model for task in batch.tasks if task.request])
    made = _made(batch.tasks, batch.provider, batch.journal, batch.since)
    run.reporter.info("batch_begins", tasks=len(batch.tasks), made=len(made), workers=workers, path=batch.folder)
    run.confirm_spend()
    with documents.opened(batch, file.document, settings), signals.defer_signals():
        run.interrupted_message = "batch_stopped"
        carry_out(batch, workers)
        ended = _ended(batch)
        if not ended:
            signals.discard_pending()
        documents.close(batch, ended)
    if ended:
        raise ended


def _made(tasks: Sequence[Task], provider: Provider, journal: Journal, since: str) -> set[int]:
    """Return the indices of the tasks whose pictures the journal knows, and that cost nothing now."""
    from openai_images.batch.task import known  # noqa: PLC0415

    found = known(tasks, provider, journal).items()
    return {index for index, (_, entry) in found if entry.state == "succeeded" and entry.created_at >= since}


def _ended(batch: Batch) -> SkillError | signals.Interrupted | None:
    """Return how the batch ended; well only when every task did."""
    rows = batch.rows()
    done = sum(row["ok"] for row in rows)
    if done == len(rows):
        return None
    if batch.abandoned:
        batch.run.interrupted_message = "batch_abandoned"
        return batch.abandoned
    if signals.pending():  # the same ends the command
        return SkillError("batch_stopped", remedy="again")
    others = [row for row in rows if not row["ok"]]
    first = next((row for row in others if row["error"]["code"] != "task_not_started"), others[0])
    facts = {"done": done, "total": len(rows), "number": first["index"], "name": first["task_name"]}
    facts["first"] = first["error"]["message"]
    if batch.stopped in MENDED_FIRST:  # until then, the same command would end like this one
        return TaskFailed(f"batch_{batch.stopped}", remedy="none", **facts)
    if batch.stopped is None and all(row["error"]["code"] == "task_not_started" for row in others):
        return StillRunning("batch_unfinished", remedy="again", **facts)
    final = batch.stopped is None and all(_is_final(row) for row in others)
    return TaskFailed(
        "batch_refused" if final else "batch_incomplete", remedy="none" if final else "again", **facts
    )


def _is_final(row: Mapping[str, Any]) -> bool:
    """Tell whether the same task would end like that again: no request, refused, or paid and its picture lost."""
    error = row["error"]
    final = row["status"] in {"refused", "not_started", "failed"} and not error["retryable"]
    return (final and error["code"] not in MAY_PASS) or error["code"] in REFUSED_HERE


def _show_plan(run: CommandContext, tasks: list[Task], provider: Provider, folder: Path, made: set[int]) -> None:
    rows = []
    for task in tasks:
        row: dict[str, Any] = {"index": task.index, "task_name": task.name, "output": f"images/{task.label}.png"}
        if task.request:
            row |= {"made": task.index in made, **planned(task.request, provider)}
        elif task.refused:
            row["error"] = run.catalog.format(task.refused.code, **task.refused.facts)
        rows.append(row)
    run.result.status = "prepared"
    run.result.extra["plan"] = {"batch_dir": str(folder), "tasks": rows}
    run.summary_lines.append(json.dumps(run.result.extra["plan"], ensure_ascii=False, indent=2))
    refused = next((task.refused for task in tasks if task.refused), None)
    if refused:
        raise refused
