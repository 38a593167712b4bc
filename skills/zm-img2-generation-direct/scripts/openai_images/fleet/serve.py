"""The command `worker`: puts a worker together, lets it run, and reports what it did."""

from __future__ import annotations

import os
import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from openai_images.cli.app import SKILL
from openai_images.client import Client
from openai_images.config.provider import find_provider
from openai_images.fleet import engine
from openai_images.fleet.database import put_setting
from openai_images.fleet.draw import Worker
from openai_images.fleet.rate import AccountRate
from openai_images.fleet.tasks import STATUSES, status_of
from openai_images.fleet.worker import Fleet
from openai_images.private_folder import private_folder
from shared.errors import BadInput, DiskError
from shared.openclaw.folders import output_folder, state_folders

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.fleet.picture_store import PictureStore
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry
    from shared.journal.postgres import PostgresStore


def serve(
    context: CommandContext,
    journal: PostgresStore,
    pictures: PictureStore,
    *,
    provider: str,
    spool: Path,
    concurrency: int,
    per_minute: float | None,
    drain: bool,
) -> None:
    """Run a worker until a signal stops it, or, when draining, until no task waits.

    Raises:
        ConfigurationError: the provider's settings are missing or invalid.
        SkillError: an error of every further task: the key, the credits, a full disk, the store.
    """
    account = find_provider(provider)
    queue = engine.queue_of(account.base_url, account.secret.account())
    context.note(provider=account.name)
    with journal.transaction() as connection:
        if not engine.engine_is_ready(connection):
            raise DiskError("database_not_set_up", path=journal.path)
        put_setting(connection, "version", SKILL.version, replace=True)
    rate = AccountRate(journal, queue)
    if per_minute is not None:
        rate.limit(per_minute or None)
    counts: Counter[str] = Counter()
    guard = threading.Lock()

    def report(entry: Entry) -> None:
        with guard:
            counts[status_of(entry)] += 1
        status = context.catalog.format(f"queue_is_{status_of(entry)}")
        error = (entry.error or {}).get("reason") or (entry.error or {}).get("code") or ""
        context.reporter.info("fleet_task", local_id=entry.local_id, status=status, detail=error)

    worker = Worker(
        name=f"{socket.gethostname()}-{os.getpid()}",
        store=journal,
        pictures=pictures,
        provider=account,
        rate=rate,
        spool=private_folder(spool, "--spool"),
        new_client=lambda: Client(account, user_agent=SKILL.user_agent),
        explain=lambda error: context.catalog.format(error.code, **error.facts),
        report=report,
    )
    context.reporter.info("fleet_begins", name=worker.name, path=journal.path, store=pictures.address)
    fleet = Fleet(
        worker,
        queue,
        concurrency=concurrency,
        drain=drain,
        on_trouble=lambda reason: context.reporter.always("fleet_database_away", path=journal.path, reason=reason),
        on_back=lambda: context.reporter.always("fleet_database_back", path=journal.path),
    )
    fleet.run()
    _conclude(context, fleet, counts)
    if worker.failure:
        raise worker.failure


def _conclude(context: CommandContext, fleet: Fleet, counts: Counter[str]) -> None:
    context.note(status="succeeded")
    ended: dict[str, Any] = {status: counts[status] for status in STATUSES}
    context.note_own(counters=ended, stopped_by=fleet.signal_number)
    facts = {status: counts[status] for status in ("completed", "unknown", "failed")}
    context.summary_lines.append(context.catalog.format("fleet_ended", **facts))


def spool_folder(option: str | None) -> Path:
    """Return the folder of this worker's answers; nothing is made yet.

    Raises:
        BadInput: --spool cannot be used.
    """
    state = state_folders()[0]
    try:
        return output_folder(option, state, default=state / "image-fleet" / "spool")
    except BadInput as error:
        error.facts["flag"] = "--spool"
        raise
