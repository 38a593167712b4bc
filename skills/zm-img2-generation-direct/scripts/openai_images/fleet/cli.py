"""Commands of image_queue.py for a fleet: migrate, submit, worker, reconcile; what they use is loaded later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from openai_images.cli.app import DATABASE_OPTION, IMAGE_OPTIONS, PROVIDER_OPTIONS, STORE_OPTION
from openai_images.cli.options import number, provider_name
from shared.cli.app import enqueuing_options, options_of, output_options
from shared.errors import BadInput, TaskFailed
from shared.i18n.catalog import short_repr

if TYPE_CHECKING:
    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.journal.postgres import PostgresStore

MAX_CONCURRENCY = 64
ORDER_OPTIONS = ("priority", "start_at", "delay", "on_unknown")
"""Options of `submit` about the order of the tasks, not about their images."""
DEFAULT_CONCURRENCY = 4
PATIENCE = 600.0  # seconds that a worker waits for a lost database before it gives up writing down a paid answer
FORMAT_MAX_PER_MINUTE = 1_000_000


@click.command("migrate", help="Set up the fleet's database, or bring it up to date after an update of the skill.")
@DATABASE_OPTION
@output_options
def migrate(context: CommandContext, database: str | None) -> None:
    """Set up the database."""
    address = _address(database)
    from openai_images.fleet import engine  # noqa: PLC0415  - with the engine, which is optional
    from shared.journal import postgres_schema  # noqa: PLC0415

    path = postgres_schema.place_of(address)
    with postgres_schema.database_errors(path), postgres_schema.connect(address) as connection:
        applied = engine.migrate(connection)
    context.note(status="succeeded")
    context.note_own(steps=applied)
    steps = ", ".join(applied)
    context.summary_lines.append(
        context.catalog.format("fleet_migrated" if applied else "fleet_up_to_date", path=path, steps=steps)
    )


@click.command("submit", help="Enqueue the tasks of @tasks.json, JSON text or - (stdin) for the fleet's workers.")
@click.argument("tasks", metavar="@FILE")
@DATABASE_OPTION
@STORE_OPTION
@options_of(*IMAGE_OPTIONS)
@click.option("--timeout-ms", metavar="MS", help="For each task's one paid request (default: 600000).")
@click.option("--priority", metavar="N", help="Higher ones first, -1000 to 1000 (default: 0).")
@click.option("--start-at", metavar="TIME", help="Not before this time: ISO 8601 with its time zone.")
@click.option("--delay", metavar="SECONDS", help="Not before so many seconds have passed.")
@click.option(
    "--on-unknown",
    metavar="fail|retry",
    help="Tasks that may have been charged: leave them (default), or send each once more.",
)
@enqueuing_options
def submit(
    context: CommandContext, options: Options, tasks: str, database: str | None, store: str | None, **params: Any
) -> None:
    """Enqueue tasks."""
    from openai_images import task_file  # noqa: PLC0415
    from openai_images.fleet.submit import MAX_TASKS, Order, Submission  # noqa: PLC0415

    address = _address(database)
    order = Order.of(params, new=options.new)
    file = task_file.read_tasks(tasks, fields=task_file.QUEUE_FIELDS, maximum=MAX_TASKS)
    settings = {name: value for name, value in params.items() if name not in ORDER_OPTIONS}
    submission = Submission(context, file, settings, variant=options.variant, lang=options.lang)
    context.note(provider=submission.provider.name)
    pictures = _pictures(store, required=submission.needs_store and not options.dry_run)
    if options.dry_run:
        _report_submission(context, submission.rows())
        return
    journal = _journal(address, pictures)
    context.reporter.info("fleet_submits", tasks=len(submission.candidates), path=journal.path)
    context.confirm_spend()
    submission.enqueue(journal, pictures, order)
    _report_submission(context, submission.rows())


@click.command("worker", help="Carry out the tasks of this machine's account until told to stop (SIGTERM).")
@DATABASE_OPTION
@STORE_OPTION
@options_of(*PROVIDER_OPTIONS)
@click.option("--max-workers", metavar="N", help="Requests at once (default: 4, at most 64).")
@click.option("--max-per-minute", metavar="N", help="For the account, all workers together; 0: no limit.")
@click.option(
    "--spool", metavar="DIR", help="Where answers are until their picture is in the store (on this machine)."
)
@click.option("--drain", is_flag=True, help="End when no task waits.")
@output_options
def worker(context: CommandContext, database: str | None, store: str | None, **params: Any) -> None:
    """Carry out tasks."""
    concurrency = int(number("--max-workers", params["max_workers"], 1, MAX_CONCURRENCY, whole=True) or 0)
    rate = number("--max-per-minute", params["max_per_minute"], 0, FORMAT_MAX_PER_MINUTE)
    provider = provider_name(params["provider"])
    address = _address(database)
    from openai_images.fleet.serve import serve, spool_folder  # noqa: PLC0415

    pictures = _pictures(store, required=True)
    spool = spool_folder(params["spool"])
    serve(
        context,
        _journal(address, pictures, patience=PATIENCE),
        pictures,
        provider=provider,
        spool=spool,
        concurrency=concurrency or DEFAULT_CONCURRENCY,
        per_minute=rate,
        drain=params["drain"],
    )


@click.command("reconcile", help="Show what crashed workers left; with --apply, let what was not sent wait again.")
@DATABASE_OPTION
@click.option("--apply", is_flag=True, help="Change it: not sent waits again, possibly sent becomes unknown.")
@click.option("--heartbeat", metavar="SECONDS", help="A worker without a sign of life for so long (default: 30).")
@click.option(
    "--after-restore",
    metavar="trust|distrust",
    help="Accept a restored or promoted database: as it is, or with every waiting task as unknown.",
)
@output_options
def reconcile(
    context: CommandContext, database: str | None, apply: bool, heartbeat: str | None, after_restore: str | None
) -> None:
    """Look into the jobs of crashed workers."""
    if after_restore not in (None, "trust", "distrust"):
        raise BadInput(
            "not_one_of", flag="--after-restore", expected="trust, distrust", got=short_repr(after_restore)
        )
    if after_restore and not apply:
        raise BadInput("option_needs", flag="--after-restore", other="--apply")
    seconds = number("--heartbeat", heartbeat, 1, 86_400)
    address = _address(database)
    from openai_images.fleet.database import open_store  # noqa: PLC0415
    from openai_images.fleet.reconcile import HEARTBEAT_SECONDS, settle_after_restore  # noqa: PLC0415
    from openai_images.fleet.reconcile import reconcile as look_into  # noqa: PLC0415

    journal = open_store(address)
    if after_restore:
        changed = settle_after_restore(journal, trust=after_restore == "trust")
        context.summary_lines.append(context.catalog.format("fleet_restored", count=changed))
    outcome = look_into(journal, apply=apply, heartbeat=seconds or HEARTBEAT_SECONDS)
    context.note(status="succeeded")
    counts = outcome.counts()
    context.note_own(changed=apply, counters=counts, **vars(outcome))
    again, unknown, ended, alive = counts["again"], counts["unknown"], counts["ended"], counts["alive"]
    context.summary_lines.append(
        context.catalog.format(
            "fleet_reconciled" if apply else "fleet_would_reconcile",
            again=again,
            unknown=unknown,
            ended=ended,
            alive=alive,
        )
    )


COMMANDS: dict[str, click.Command] = {
    str(command.name): command for command in (migrate, submit, worker, reconcile)
}


def _address(option: str | None) -> str:
    """Return the database's address.

    Raises:
        BadInput: `database_missing`, or it is not an address.
        ConfigurationError: a package is missing.
    """
    from openai_images.fleet.database import database_address, require_packages  # noqa: PLC0415

    address = database_address(option)
    if address is None:
        raise BadInput("database_missing", flag="--database")
    require_packages()
    return address


def _journal(address: str, pictures: Any, *, patience: float = 0.0) -> PostgresStore:
    """Return the journal of a database that may send, whose store this is."""
    from openai_images.fleet.database import check_same_cluster, open_store  # noqa: PLC0415
    from openai_images.fleet.picture_store import check_shared  # noqa: PLC0415

    journal = open_store(address, patience=patience)
    check_same_cluster(journal)
    if pictures is not None:
        check_shared(pictures, journal)
    return journal


def _pictures(option: str | None, *, required: bool) -> Any:
    """Return the store, None if there is none and none is needed.

    Raises:
        BadInput: `store_missing`, `store_invalid`.
    """
    from openai_images.fleet.picture_store import picture_store  # noqa: PLC0415

    pictures = picture_store(option)
    if pictures is None and required:
        raise BadInput("store_missing", flag="--store")
    return pictures


def _report_submission(context: CommandContext, rows: list[dict[str, Any]]) -> None:
    """Put the outcome of every task into the result.

    Raises:
        TaskFailed: `submit_incomplete`; a task was neither enqueued nor made before.
    """
    outcomes = ("planned", "queued", "in_queue", "reused", "unknown", "failed", "rejected")
    counts = {name: sum(row["outcome"] == name for row in rows) for name in outcomes}
    context.note_own(results=rows, counters=counts)
    context.summary_lines.append(context.catalog.format("fleet_submitted", **counts))
    context.note(status="prepared")
    left = [row for row in rows if row["outcome"] in ("unknown", "failed", "rejected")]
    if left:
        first = next(row["error"] or row["outcome"] for row in left)
        raise TaskFailed("submit_incomplete", remedy="none", count=len(left), total=len(rows), first=first)
