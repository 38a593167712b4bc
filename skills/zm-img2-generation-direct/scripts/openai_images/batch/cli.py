"""Command line of batch_run.py."""

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
from openai_images.cli.app import (
    ACCEPTED_OPTIONS,
    ATTEMPT_OPTIONS,
    IMAGE_OPTIONS,
    SKILL,
    request_plan,
    run_image_command,
)
from openai_images.cli.options import (
    TOTAL_SECONDS,
    image_options,
    model_name,
    note_other_models,
    number,
    provider_name,
    refuse_incomplete_proof,
    retry_policy,
    set_proof,
)
from openai_images.config.provider import find_provider
from openai_images.journal_entry import new_entry
from openai_images.request import DEFAULT_NAME, OPTIONS, task_name
from openai_images.result_rows import STOP_REASONS, remaining_cost, stop_error, unclear_only
from openai_images.retry_policy import SEND_AGAIN
from shared import signals
from shared.cli.app import Options, common_options, options_of
from shared.cli.context import is_terminal
from shared.cli.preview import show_many, show_plan
from shared.errors import BadInput, SkillError, StillRunning, TaskFailed
from shared.i18n.catalog import short_repr
from shared.journal.claim import Journal
from shared.journal.states import PASSED_OVER_BY_NEW
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

DEFAULT_FOLDER = Path("content-factory", "live-course-design", "img2", "batches")
BATCH_FIELDS = frozenset(
    (
        *("batch_name", "max_workers", "send_to_feishu", "provider", "model", "size"),
        *(*OPTIONS, *task_file.ATTEMPT_FIELDS),
    )
)
TRANSIENT_CODES = frozenset(("task_not_started", "disk_failed", "journal_failed", "journal_damaged"))
NEVER_FETCHED = frozenset(("link_refused", "link_private", "picture_too_large"))
"""Error codes of images that are never fetched: the same command costs nothing and ends the same."""
UNLIMITED_SECONDS = 7 * 86400.0  # seconds; for a person at a terminal


def batch_run(argv: Sequence[str], launcher: str) -> int:
    """Run batch_run.py and return its exit code."""
    return run_image_command(_batch_run, argv, launcher)


HELP = """Create the images of a batch: @batch.json, JSON text, or - for stdin.

The same command resumes the batch. After an edit of the file, only changed tasks are created and paid; under
another file name or batch_name, all are. --new pays for every image again. Relative paths start from the current
folder. Images are saved to content-factory/live-course-design/img2/batches in OpenClaw's workspace, else in the
current folder.
"""


@click.command(help=HELP)
@click.argument("batch", metavar="@FILE")
@click.option("--max-workers", metavar="N", help="Run N tasks at once (default: 4, maximum: 4).")
@options_of(*IMAGE_OPTIONS, *ATTEMPT_OPTIONS, *ACCEPTED_OPTIONS)
@click.version_option(__version__)
@common_options
def _batch_run(context: CommandContext, options: Options, batch: str, **params: Any) -> None:
    from openai_images.batch import run as batches  # noqa: PLC0415  - with requests
    from openai_images.batch.documents import new_since  # noqa: PLC0415

    if options.resume is not None:
        raise BadInput("option_goes_with", flag="--resume", other="@FILE")
    file = task_file.read_tasks(batch, fields=BATCH_FIELDS, maximum=batches.MAX_TASKS)
    settings = _settings(file, params)
    context.set_language(
        " ".join(str(task.get("prompt")) for task in file.tasks if isinstance(task, dict)), options.lang
    )
    context.note(provider=provider_name(settings["provider"]))
    provider = find_provider(context.result.provider)
    if task_file.uses_default_model(file.tasks):
        provider.check_model(model_name(settings.get("model")))
    key_counts: Counter[str] = Counter()
    tasks = [
        _task(index, task, file, settings, options, provider, key_counts)
        for index, task in enumerate(file.tasks, 1)
    ]
    folder = _folder(file, settings, options)
    context.note_own(batch_dir=str(folder), results=[], counters={})
    task_file.warn_no_delivery(file, context)
    note_other_models(context, [task.request.model for task in tasks if task.request])
    if options.dry_run:
        since = new_since(folder) if options.new else ""
        journal = Journal(SKILL.slug, state_folders())
        done = _done_indices(tasks, provider, journal, since)
        drafts = [
            new_entry(task.request, provider, variant=task.variant, folder=folder)
            for task in tasks
            if task.request and task.index not in done
        ]
        show_many(
            context,
            drafts,
            journal,
            made=len(done),
            passed_over=PASSED_OVER_BY_NEW if options.new else (),
        )
        _show_plan(context, tasks, provider, folder, done)
        return
    _run_batch(_batch(context, tasks, folder, provider, options), settings, file)


def _settings(file: TaskFile, params: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of every task: the flags, otherwise the fields of the file."""
    document = task_file.check_fields(file.document, BATCH_FIELDS | {"tasks"})
    settings = {**document, **{name: value for name, value in params.items() if value is not None}}
    settings["provider"] = settings.get("provider")
    task_file.check_defaults(settings)
    retry_policy(settings)
    workers = number("--max-workers", settings.get("max_workers"), 1, 1000, whole=True)
    settings["max_workers"] = int(workers or 4)
    if "batch_name" in document:
        settings["batch_name"] = task_name("batch_name", document["batch_name"])
    return settings


def _task(  # noqa: PLR0917  - each is used, and no two belong together
    index: int,
    definition: Any,
    file: TaskFile,
    settings: dict[str, Any],
    options: Options,
    provider: Provider,
    key_counts: Counter[str],
) -> Task:
    """Return a task of the batch; an invalid one carries its error."""
    from openai_images.batch.task import Task  # noqa: PLC0415

    name, attempts = DEFAULT_NAME, retry_policy(settings)
    try:
        task = task_file.check_fields(definition, task_file.TASK_FIELDS)
        name = task_name("task_name", task.get("task_name", DEFAULT_NAME))
        key = task_file.task_key(task)
        if key:
            key_counts[key] += 1
            if key_counts[key] > 1:
                raise BadInput("task_key_twice", got=short_repr(key))
        attempts = retry_policy({**settings, **task_file.attempt_settings(task)})
        raw = bool(task.get("raw") or settings.get("raw"))
        request = task_file.task_request(task, settings)
        provider.check_model(request.model)
        variant = task_file.row_variant(options.variant, file, key or task_file.default_key(request, key_counts))
        return Task(index, name, definition, attempts, variant, request, raw=raw)
    except SkillError as error:
        return Task(index, name, definition, attempts, error=error)


def _folder(file: TaskFile, settings: dict[str, Any], options: Options) -> Path:
    """Return the batch's folder; the same batch has the same folder, so that it resumes after a kill."""
    state = state_folders()[0]
    parent = output_folder(options.output_dir, state) if options.output_dir is not None else _default_folder(state)
    try:
        name = settings.get("batch_name") or task_name("@FILE", file.name or "batch")
    except BadInput:
        name = "batch"
    selection = [provider_name(settings["provider"]), model_name(settings.get("model")), settings.get("size")]
    selection += [image_options(settings)] if image_options(settings) else []
    identity = [file.tasks, *selection, options.variant]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return parent / f"{name}-{digest[:8]}"


def _default_folder(state: Path) -> Path:
    base = configured_workspace() or expand_path(".")
    if enclosing_skill(base):
        base = output_folder(None, state).parent
    return base / DEFAULT_FOLDER


def _batch(
    context: CommandContext, tasks: list[Task], folder: Path, provider: Provider, options: Options
) -> Batch:
    from openai_images.batch.documents import new_since  # noqa: PLC0415
    from openai_images.batch.task import Batch  # noqa: PLC0415
    from openai_images.client import Client  # noqa: PLC0415

    seconds = options.seconds() or (UNLIMITED_SECONDS if is_terminal(sys.stderr) else TOTAL_SECONDS)
    states = state_folders()
    return Batch(
        context=context,
        tasks=tasks,
        folder=folder,
        provider=provider,
        journal=Journal(SKILL.slug, states, run_budget=options.run_budget(SKILL)),
        state=states[0],
        client=functools.partial(Client, provider, user_agent=SKILL.user_agent),
        deadline=time.monotonic() + seconds,
        since=new_since(folder) if options.new else "",
        no_wait=options.no_wait,
    )


def _run_batch(batch: Batch, settings: dict[str, Any], file: TaskFile) -> None:
    from openai_images.batch import documents  # noqa: PLC0415
    from openai_images.batch.run import MAX_WORKERS, run_tasks  # noqa: PLC0415

    context = batch.context
    workers = min(settings["max_workers"], MAX_WORKERS)
    if workers < settings["max_workers"]:
        context.reporter.always("workers_capped", asked=settings["max_workers"], most=MAX_WORKERS)
    set_proof(context, batch.provider.name, [task.request.model for task in batch.tasks if task.request])
    done = _done_indices(batch.tasks, batch.provider, batch.journal, batch.since)
    context.reporter.info(
        "batch_begins", tasks=len(batch.tasks), made=len(done), workers=workers, path=batch.folder
    )
    _say_what_fits(batch, [task for task in batch.tasks if task.request and task.index not in done])
    context.confirm_spend()
    with documents.hold_folder(batch, file.document, settings), signals.defer_signals():
        context.interrupted_message = "batch_stopped"
        run_tasks(batch, workers)
        refuse_incomplete_proof(context, sum(row["ok"] for row in batch.rows()), len(batch.tasks))
        outcome = _outcome(batch)
        if not outcome:
            signals.discard_pending()
        documents.write_documents(batch, outcome)
    if outcome:
        raise outcome


def _say_what_fits(batch: Batch, pending: Sequence[Task]) -> None:
    """Say how many of the tasks that are to be paid the budgets have room for, if it is not all of them."""
    fits = batch.fitting(pending)
    if fits is not None and fits < len(pending):
        batch.context.reporter.always("batch_fits", fits=fits, tasks=len(pending))


def _done_indices(tasks: Sequence[Task], provider: Provider, journal: Journal, since: str) -> set[int]:
    """Return the indices of the tasks whose images the journal knows, and which are free now."""
    from openai_images.batch.task import find_known_entries  # noqa: PLC0415

    entries = find_known_entries(tasks, provider, journal).items()
    return {index for index, (_, entry) in entries if entry.state == "succeeded" and entry.created_at >= since}


def _outcome(batch: Batch) -> SkillError | signals.Interrupted | None:
    """Return the error of the batch, None if every task succeeded."""
    incomplete = [row for row in batch.rows() if not row["ok"]]
    if not incomplete:
        return None
    batch.context.remaining_cost = remaining_cost(incomplete)
    if batch.abandoned:
        batch.context.interrupted_message = "batch_abandoned"
        return batch.abandoned
    if signals.pending():  # the same ends the command
        return SkillError("batch_stopped", remedy="again")
    return _incomplete(batch, incomplete)


def _incomplete(batch: Batch, incomplete: Sequence[Mapping[str, Any]]) -> SkillError:
    """Return the error of a batch in which some tasks did not succeed."""
    total = len(batch.tasks)
    begun = [row for row in incomplete if row["error"]["code"] != "task_not_started"]
    stopping = [row for row in begun if row["index"] == batch.stopped_by]
    first = next(iter(stopping or begun or incomplete))
    facts = {"done": total - len(incomplete), "total": total, "number": first["index"], "name": first["task_name"]}
    facts["first"] = first["error"]["message"]
    if batch.stop_reason in STOP_REASONS:
        places = {"provider": batch.provider.name, **batch.provider.places}
        return stop_error("batch", batch.stop_reason, **places, **facts)
    if batch.stop_reason is None and all(row["error"]["code"] == "task_not_started" for row in incomplete):
        return StillRunning("batch_unfinished", remedy="again", **facts)
    if batch.stop_reason is None and unclear_only(incomplete):
        return TaskFailed("batch_incomplete", remedy="instead", instead=SEND_AGAIN, **facts)
    final = batch.stop_reason is None and all(_is_final(row) for row in incomplete)
    return TaskFailed(
        "batch_refused" if final else "batch_incomplete", remedy="none" if final else "again", **facts
    )


def _is_final(row: Mapping[str, Any]) -> bool:
    """Return whether the task would end the same if repeated: invalid, rejected, or paid and its image lost."""
    error = row["error"]
    final = row["status"] in {"refused", "not_started", "failed"} and not error["retryable"]
    return (final and error["code"] not in TRANSIENT_CODES) or error["code"] in NEVER_FETCHED


def _show_plan(
    context: CommandContext, tasks: list[Task], provider: Provider, folder: Path, done: set[int]
) -> None:
    rows = []
    for task in tasks:
        row: dict[str, Any] = {"index": task.index, "task_name": task.name, "output": f"images/{task.label}.png"}
        if task.request:
            row |= {"made": task.index in done, **request_plan(task.request, provider)}
        elif task.error:
            row["error"] = context.catalog.format(task.error.code, **task.error.facts)
        rows.append(row)
    show_plan(context, {"batch_dir": str(folder), "tasks": rows})
    refused = next((task.error for task in tasks if task.error), None)
    if refused:
        raise refused
