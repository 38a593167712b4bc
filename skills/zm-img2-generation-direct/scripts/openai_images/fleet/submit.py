"""Submits tasks to the fleet: entry and job in one transaction, never a second live one of a request."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images import task_file
from openai_images.cli.options import model_name, number, provider_name, retry_policy
from openai_images.config.provider import find_provider
from openai_images.fleet import engine
from openai_images.fleet.picture_store import REFERENCES
from openai_images.fleet.tasks import DrawTask, task_row
from openai_images.journal_entry import new_entry
from openai_images.request import DEFAULT_NAME, task_name
from shared.errors import BadInput, SkillError
from shared.i18n.catalog import short_repr
from shared.journal.states import PASSED_OVER_BY_NEW, action_for
from shared.timefmt import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openai_images.fleet.picture_store import PictureStore
    from openai_images.request import ImageRequest
    from openai_images.task_file import TaskFile
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry
    from shared.journal.postgres import PostgresStore
    from shared.journal.postgres_schema import Connection

MAX_TASKS = 100_000  # in one file
MAX_PRIORITY = 1000
DEFAULT_SECONDS = 600.0  # for the one paid request
MAX_SECONDS = 3600.0
MAX_DELAY = 366 * 86_400.0  # seconds
BATCH = 500  # tasks that are decided and written in one transaction


@dataclass
class Candidate:
    """A task of the file: its entry and job, or the error that makes it invalid; then what became of it."""

    index: int
    key: str | None
    name: str
    entry: Entry | None = None
    task: DrawTask | None = None
    request: ImageRequest | None = None
    error: str | None = None
    outcome: str = "planned"


@dataclass(frozen=True)
class Order:
    """How a submission is to be carried out."""

    priority: int = 0
    start_at: datetime | None = None
    delay: float = 0.0
    new: bool = False
    retry_unknown: bool = False

    @classmethod
    def of(cls, params: dict[str, Any], *, new: bool) -> Order:
        """Return the order that options describe.

        Raises:
            BadInput: names the flag.
        """
        if params["start_at"] is not None and params["delay"] is not None:
            raise BadInput("option_goes_with", flag="--start-at", other="--delay")
        return cls(
            priority=_priority(params["priority"]),
            start_at=_start_at(params["start_at"]),
            delay=number("--delay", params["delay"], 0, MAX_DELAY) or 0.0,
            new=new,
            retry_unknown=retry_policy({"on_unknown": params["on_unknown"]}).retry_unknown,
        )


class Submission:
    """The checked tasks of a file; `enqueue` writes them."""

    def __init__(
        self, context: CommandContext, file: TaskFile, params: dict[str, Any], *, variant: str, lang: str
    ) -> None:
        self._say = context.catalog.format
        document = task_file.check_fields(file.document, task_file.QUEUE_FIELDS | {"tasks"})
        task_file.warn_no_delivery(file, context)
        self._settings = {**document, **{name: value for name, value in params.items() if value is not None}}
        context.set_language(" ".join(str(t.get("prompt")) for t in file.tasks if isinstance(t, dict)), lang)
        self._say = context.catalog.format
        task_file.check_defaults(self._settings)
        seconds = number("--timeout-ms", self._settings.get("timeout_ms"), 1, MAX_SECONDS * 1000)
        self._seconds = seconds / 1000 if seconds else DEFAULT_SECONDS
        self.provider = find_provider(provider_name(self._settings.get("provider")))
        if task_file.uses_default_model(file.tasks):
            self.provider.check_model(model_name(self._settings.get("model")))
        self.queue = engine.queue_of(self.provider.base_url, self.provider.secret.account())
        self._file = file
        self._variant = variant
        self._counts: Counter[str] = Counter()
        keys: set[str] = set()
        self.candidates = [self._candidate(index, task, keys) for index, task in enumerate(file.tasks, 1)]

    @property
    def needs_store(self) -> bool:
        """Whether any task has a reference, whose bytes every worker must reach."""
        return any(candidate.request and candidate.request.references for candidate in self.candidates)

    def enqueue(self, store: PostgresStore, pictures: PictureStore | None, order: Order) -> None:
        """Put the references into the store, then decide about every task and enqueue what is to be made.

        Raises:
            DiskError: the store or the database fails; what was enqueued before stays so, and the same command
                continues.
        """
        valid = [candidate for candidate in self.candidates if candidate.entry]
        if pictures:
            for candidate in valid:
                _keep_references(candidate, pictures)
        for batch in _batches(valid):
            with store.transaction() as connection:
                store.decide_alone(connection)
                _enqueue(store, connection, batch, order, self.queue)

    def rows(self) -> list[dict[str, Any]]:
        """Return the row of every task, in the order of the file."""
        rows = []
        for candidate in self.candidates:
            named = {"task_key": candidate.key, "task_name": candidate.name}
            row = task_row(candidate.entry, named) if candidate.entry else {**named, "ok": False, "task_id": None}
            status = {"status": "rejected", "error": candidate.error} if candidate.error else {}
            rows.append({"index": candidate.index, **row, **status, "outcome": candidate.outcome})
        return rows

    def _candidate(self, index: int, definition: Any, keys: set[str]) -> Candidate:
        fields = definition if isinstance(definition, dict) else {}
        key, name = fields.get("task_key"), fields.get("task_name", DEFAULT_NAME)
        candidate = Candidate(index, key if isinstance(key, str) else None, str(name))
        try:
            self._check(candidate, definition, keys)
        except SkillError as error:
            candidate.error = self._say(error.code, **error.facts)
            candidate.entry, candidate.outcome = None, "rejected"
        return candidate

    def _check(self, candidate: Candidate, definition: Any, keys: set[str]) -> None:
        """Fill in the request, the entry and the job of a task.

        Raises:
            SkillError: the task is invalid.
        """
        task = task_file.check_fields(definition, task_file.TASK_FIELDS)
        candidate.key = task_file.task_key(task)
        if candidate.key in keys:
            raise BadInput("task_key_twice", got=short_repr(candidate.key))
        if candidate.key is not None:
            keys.add(candidate.key)
        candidate.name = task_name("task_name", task.get("task_name", DEFAULT_NAME))
        request = task_file.task_request(task, self._settings)
        self.provider.check_model(request.model)
        seconds = number("timeout_ms", task.get("timeout_ms"), 1, MAX_SECONDS * 1000)
        key = candidate.key or task_file.default_key(request, self._counts)
        variant = task_file.row_variant(self._variant, self._file, key)
        entry = new_entry(request, self.provider, variant=variant, folder=Path())
        entry.output_dir = ""
        entry.extra["input_images"] = [
            {**row, "path": f"{REFERENCES}/{row['sha256']}"} for row in entry.extra["input_images"]
        ]
        candidate.request, candidate.entry = request, entry
        candidate.task = DrawTask.of(
            request, name=candidate.name, seconds=seconds / 1000 if seconds else self._seconds
        )


def _enqueue(
    store: PostgresStore, connection: Connection, batch: Sequence[Candidate], order: Order, queue: str
) -> None:
    """Decide about tasks under the lock for decisions, and write entries, jobs and names together."""
    row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
    now: datetime = row["now"].astimezone(timezone.utc) if row else datetime.now(timezone.utc)
    known = _known(store, connection, batch)
    created: list[Candidate] = []
    again: list[Candidate] = []
    for candidate in batch:
        if candidate.entry is None:
            continue
        matching = known.get(candidate.entry.fingerprint, [])
        candidate.outcome, entry = _decide(matching, order, now)
        if candidate.outcome == "queued" and entry is None:
            candidate.entry.sequence = 1 + max((other.sequence for other in matching), default=0)
            created.append(candidate)
            known.setdefault(candidate.entry.fingerprint, []).insert(0, candidate.entry)
        elif entry is not None:
            candidate.entry = entry
            again += [candidate] if candidate.outcome == "queued" else []
    _name(connection, created, now)
    _write(store, connection, created, again, (order, queue, now))


def _write(
    store: PostgresStore,
    connection: Connection,
    created: list[Candidate],
    again: list[Candidate],
    how: tuple[Order, str, datetime],
) -> None:
    order, queue, now = how
    start_at = now + timedelta(seconds=order.delay) if order.delay else order.start_at
    store.add(connection, [candidate.entry for candidate in created if candidate.entry])
    for candidate in again:  # the user's consent: one more request, with the same Idempotency-Key
        if candidate.entry:
            candidate.entry.state, candidate.entry.finished_at, candidate.entry.error = "prepared", None, None
            store.save(candidate.entry)
    jobs = [
        engine.NewJob(candidate.entry.local_id, queue, candidate.task.to_document(), order.priority, start_at)
        for candidate in (*created, *again)
        if candidate.entry and candidate.task
    ]
    if not jobs:
        return
    ids = engine.enqueue(connection, jobs)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO fleet_tasks (local_id, job_id, task_key, task_name) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (local_id) DO UPDATE SET job_id = EXCLUDED.job_id",
            [
                (job.local_id, job_id, candidate.key, candidate.name)
                for candidate, job, job_id in zip((*created, *again), jobs, ids, strict=True)
            ],
        )


def _decide(matching: list[Entry], order: Order, now: datetime) -> tuple[str, Entry | None]:
    """Apply the table of docs/money.md to a request's entries, newest first; return the outcome and its entry.

    `queued` without an entry is a new one; with an entry, that one is sent once more with the user's consent.
    """
    for entry in matching:
        if entry.is_live:
            return "in_queue", entry
        if entry.state == "unknown" and order.retry_unknown:
            return "queued", entry
        if order.new and entry.state in PASSED_OVER_BY_NEW:
            continue
        action = action_for(entry, now, resumed=False)
        if action == "create":
            break
        if action == "return":
            return "reused", entry
        if action == "stop":
            return entry.state, entry
    return "queued", None


def _known(store: PostgresStore, connection: Connection, batch: Sequence[Candidate]) -> dict[str, list[Entry]]:
    """Return the entries of the tasks' requests by fingerprint, newest first."""
    prints = [candidate.entry.fingerprint for candidate in batch if candidate.entry]
    known: dict[str, list[Entry]] = {}
    for entry in store.entries_of(connection, prints):
        known.setdefault(entry.fingerprint, []).append(entry)
    return known


def _name(connection: Connection, created: list[Candidate], now: datetime) -> None:
    """Give new entries ids that no other entry has: eight random digits repeat among many of one second."""
    while True:
        ids = {f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}" for _ in created}
        taken = connection.execute("SELECT 1 FROM tasks WHERE local_id = ANY(%s)", (list(ids),)).fetchone()
        if len(ids) == len(created) and not taken:
            break
    for candidate, local_id in zip(created, ids, strict=True):
        if candidate.entry:
            candidate.entry.local_id = local_id
            candidate.entry.created_at = format_time(now)
            candidate.entry.extra["picture"] = f"{candidate.name}-{local_id}"


def _keep_references(candidate: Candidate, pictures: PictureStore) -> None:
    for reference in candidate.request.references if candidate.request else ():
        name = f"{REFERENCES}/{reference.sha256}"
        if not pictures.has(name):
            pictures.put(name, reference.path, reference.sha256)


def _batches(candidates: list[Candidate]) -> Iterator[list[Candidate]]:
    for start in range(0, len(candidates), BATCH):
        yield candidates[start : start + BATCH]


def _priority(text: str | None) -> int:
    """Return the value of --priority.

    Raises:
        BadInput: `not_a_number`.
    """
    if text is None:
        return 0
    if not re.fullmatch(r"-?[0-9]{1,4}", text) or abs(int(text)) > MAX_PRIORITY:
        got = short_repr(text)
        raise BadInput("not_a_number", flag="--priority", least=-MAX_PRIORITY, most=MAX_PRIORITY, got=got)
    return int(text)


def _start_at(text: str | None) -> datetime | None:
    """Return the time of --start-at.

    Raises:
        BadInput: `start_at_invalid`; not ISO 8601 with a time zone.
    """
    if text is None:
        return None
    try:
        moment = parse_time(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput("start_at_invalid", flag="--start-at", got=short_repr(text))
    return moment
