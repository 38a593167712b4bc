"""Command line of image_queue.py, and its `run` command."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__
from openai_images.cli.app import (
    ACCEPTED_OPTIONS,
    ATTEMPT_OPTIONS,
    IMAGE_OPTIONS,
    SKILL,
    run_image_command,
)
from openai_images.cli.options import names_database, refuse_incomplete_proof
from openai_images.queue.inspect_cli import (
    INSPECT_COMMANDS,
    STATE_DIR,
    set_rows,
    state_folder,
)
from openai_images.queue.store import QueueStore, counters
from openai_images.result_rows import aggregate, remaining_cost, stop_error, unclear_only
from openai_images.retry_policy import SEND_AGAIN
from shared import signals
from shared.cli.app import Options, common_options, options_of
from shared.cli.context import is_terminal
from shared.cli.preview import show_many, show_plan
from shared.errors import BadInput, TaskFailed, TaskLocked
from shared.journal.reader import JournalReader
from shared.journal.states import PASSED_OVER_BY_NEW
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openai_images.queue.enqueue import Enqueuer
    from openai_images.queue.rows import Row
    from openai_images.queue.runner import Runner
    from shared.cli.context import CommandContext
    from shared.errors import Remedy, SkillError


FLEET_COMMANDS = ("migrate", "submit", "worker", "reconcile")
"""Commands for tasks in a database; nothing of a fleet is loaded for the others."""


def image_queue(argv: Sequence[str], launcher: str) -> int:
    """Run image_queue.py and return its exit code; print JSON by default if stdout is not a terminal."""
    json_flags = {"--json", "--output-json"} & set(argv)
    extra = (
        ["--json"]
        if argv[:1]
        and argv[0] in (*_queue.commands, *FLEET_COMMANDS)
        and not (json_flags or is_terminal(sys.stdout))
        else []
    )
    skill = SKILL
    if argv[:1] and (argv[0] in FLEET_COMMANDS or names_database(argv)):
        from openai_images.message_tables.fleet import FLEET  # noqa: PLC0415

        skill = replace(SKILL, messages={**SKILL.messages, **FLEET})
    return run_image_command(_queue, [*argv[:1], *extra, *argv[1:]], launcher, skill=skill)


class _Group(click.Group):
    """A group whose fleet commands are loaded when one of them is named, or all are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *FLEET_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in FLEET_COMMANDS:
            from openai_images.fleet.cli import COMMANDS  # noqa: PLC0415

            return COMMANDS[cmd_name]
        return super().get_command(ctx, cmd_name)


@click.group(
    name="image_queue",
    cls=_Group,
    help="Run image tasks as supervised processes or, with a database, as a fleet; inspect or cancel them.",
)
@click.version_option(__version__)
def _queue() -> None:
    pass


for _look in INSPECT_COMMANDS:
    _queue.add_command(_look)


@_queue.command(
    "run", help="Run one task, or the tasks of @tasks.json, JSON text or - (stdin), and wait for them."
)
@click.argument("tasks", required=False, metavar="[@FILE]")
@click.option("--prompt", metavar="TEXT", help="Description of the image, for a single task.")
@click.option(
    "--prompt-file", metavar="FILE", help="Read the prompt from FILE (- for stdin), without a final newline."
)
@click.option("--task-name", metavar="NAME", help="Prefix of the file names.")
@click.option("--task-key", metavar="KEY", help="Unique key of the task; the same key is not paid twice.")
@click.option(
    "--input-image", "--image", "--reference-image", "inputs", multiple=True, metavar="PATH",
    help="Reference image (PNG, JPEG or WebP); repeatable.",
)  # fmt: skip
@click.option(
    "--images", metavar="LIST", help="More reference images: a JSON array, or paths separated by commas."
)
@click.option("--mask", metavar="PATH", help="PNG of the first reference's size; its transparent part is redrawn.")
@click.option("--max-workers", metavar="N", help="Run N tasks at once (default: 4, maximum: 4).")
@click.option("--task-timeout-seconds", metavar="SECONDS", help="Time limit of each task (default: 600).")
@click.option("--max-queue-size", metavar="N", help="Let N tasks wait (default: 100); reject more.")
@click.option("--grace-seconds", metavar="SECONDS", help="Kill a task SECONDS after terminating it (default: 10).")
@STATE_DIR
@options_of(*IMAGE_OPTIONS, *ATTEMPT_OPTIONS, *ACCEPTED_OPTIONS)
@common_options
def _run(
    context: CommandContext, options: Options, tasks: str | None, state_dir: str | None, **params: Any
) -> None:
    from openai_images.queue.enqueue import Enqueuer  # noqa: PLC0415

    if options.resume is not None:
        raise BadInput("option_goes_with", flag="--resume", other="image_queue.py run")
    if options.max_cost is not None:  # each of its tasks is a command of its own
        raise BadInput("max_cost_elsewhere", flag="--max-cost", other="image_queue.py run")
    enqueuer = Enqueuer(context, options, tasks, params)
    folder = state_folder(state_dir)
    context.note_own(state_dir=str(folder), results=[], counters=counters(()))
    if options.dry_run:
        plan, drafts = enqueuer.plan(folder)
        journal = JournalReader(SKILL.slug, state_folders(), access="read")
        show_many(context, drafts, journal, passed_over=PASSED_OVER_BY_NEW if options.new else ())
        show_plan(context, plan)
        return
    context.reporter.info("queue_begins", tasks=enqueuer.total, workers=enqueuer.workers, path=folder)
    context.confirm_spend()
    store = QueueStore(folder)
    with _runner(store), signals.defer_signals():
        context.interrupted_message = "queue_interrupted"
        runner = _run_all(context, store, enqueuer)
    if not context.result.extra["summary"]["ok"]:
        raise _outcome(context.result.extra["results"], runner, enqueuer)


def _outcome(rows: list[Row], runner: Runner, enqueuer: Enqueuer) -> SkillError:
    """Return the error of a run in which not every task completed."""
    incomplete = [row for row in rows if row["status"] != "completed"]
    facts: dict[str, Any] = {"done": len(rows) - len(incomplete), "total": len(rows)}
    provider = enqueuer.provider_config
    if runner.stop_reason and provider:
        places = {"provider": provider.name, **provider.places}
        return stop_error("queue", runner.stop_reason, first=runner.stop_message, **places, **facts)
    first = incomplete[0]["error"] or incomplete[0]["status"]
    remedy: Remedy = "instead" if unclear_only(incomplete) else "again"
    return TaskFailed("queue_incomplete", remedy=remedy, instead=SEND_AGAIN, first=first, **facts)


def _run_all(context: CommandContext, store: QueueStore, enqueuer: Enqueuer) -> Runner:
    """Enqueue the tasks, run those that are accepted, and put the outcome of all into the result."""
    from openai_images.queue.runner import Runner  # noqa: PLC0415
    from shared.journal.claim import Journal  # noqa: PLC0415

    store.load()
    store.mark_orphans(context.catalog.format("queue_orphaned"))
    with store.writing():
        jobs = enqueuer.jobs(store)
        if context.invocation:  # the next command pays for none of them again
            context.invocation = context.invocation.without(["--new"])
        journal = Journal(SKILL.slug, state_folders())
        runner = Runner(context, store, journal, enqueuer.seconds, enqueuer.grace)
        try:
            runner.run(jobs, enqueuer.workers)
        finally:
            _set_results(context, [store.rows[task_id] for task_id in enqueuer.task_ids])
    return runner


def _set_results(context: CommandContext, rows: list[Row]) -> None:
    """Put the outcome of the tasks into the result, also if the run ends before they do."""
    set_rows(context, rows)
    ok = bool(rows) and all(row["status"] == "completed" for row in rows)
    context.note_own(summary={"ok": ok, "total": len(rows), "counters": context.result.extra["counters"]})
    context.note(status="succeeded" if ok else "failed")
    context.note(**aggregate(rows))
    refuse_incomplete_proof(context, sum(row["status"] == "completed" for row in rows), len(rows))
    context.remaining_cost = remaining_cost(row for row in rows if row["status"] != "completed")


@contextlib.contextmanager
def _runner(store: QueueStore) -> Iterator[None]:
    """Lock the state folder for one runner; commands that only read lock it for a moment.

    Raises:
        TaskLocked: another runner works in this folder.
    """
    for _ in range(20):
        lock = store.runner_lock()
        if lock:
            with lock:
                yield
            return
        time.sleep(0.05)
    raise TaskLocked("queue_busy", path=store.folder)
