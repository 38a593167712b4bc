"""Carries out one task of the fleet: from a row in state prepared to its end, with at most one paid request."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.applied import applied_parameters
from openai_images.delivery import UNREACHABLE, save_delivered
from openai_images.fleet.engine import EndedUnclearError, PutBackError
from openai_images.fleet.picture_store import REFERENCES
from openai_images.fleet.tasks import DrawTask
from openai_images.journal_entry import new_entry
from openai_images.prepared_request import prepare
from openai_images.provider import send_once
from openai_images.request import DEFAULT_COUNT
from openai_images.results import NEVER_FETCHED
from openai_images.retry_policy import RetryPolicy, submit_with_retries
from openai_images.run_folder import RunFolder, request_record
from shared.errors import (
    AuthenticationError,
    BadInput,
    DiskError,
    NotSentError,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimitError,
    SkillError,
    TaskLocked,
    UnusableResult,
)
from shared.files import disk_errors, is_same_file, make_own_folder
from shared.journal.submit import LockedTask
from shared.polling import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.fleet.picture_store import PictureStore
    from openai_images.fleet.rate import AccountRate
    from openai_images.request import ImageRequest
    from openai_images.wire import Delivered
    from shared.journal.entry import Entry
    from shared.journal.postgres import PostgresStore

MIN_FREE_BYTES = 256 << 20  # bytes of the spool's disk below which nothing is sent: an answer may have 96 MB
LATER, MUCH_LATER = 5.0, 60.0  # seconds after which a task that was not sent waits again
STOP_CHECK = 0.5  # seconds between two looks whether the worker is stopping
STORE_PAUSES = (1.0, 5.0, 15.0)  # seconds between tries to save a paid image to the store


@dataclass
class Worker:
    """What the threads of one worker share; `failure` is why it takes no more tasks."""

    name: str
    store: PostgresStore
    pictures: PictureStore
    provider: Provider
    rate: AccountRate
    spool: Path
    """The folder of this worker's answers; on a disk of its own machine."""
    new_client: Callable[[], Client]
    explain: Callable[[SkillError], str]
    report: Callable[[Entry], None] = lambda _entry: None
    stopping: threading.Event = field(default_factory=threading.Event)
    failure: SkillError | None = None
    _threads: threading.local = field(default_factory=threading.local)

    def stop(self, failure: SkillError) -> None:
        """Take no more tasks because of an error that every one of them would meet."""
        self.failure = self.failure or failure
        self.stopping.set()

    @property
    def client(self) -> Client:
        """This thread's own client."""
        if not hasattr(self._threads, "client"):
            self._threads.client = self.new_client()
        return self._threads.client  # type: ignore[no-any-return]

    def folder(self, local_id: str) -> Path:
        """Return the folder of a task's answer and documents."""
        return self.spool / local_id

    def locked(self, local_id: str) -> LockedTask | None:
        """Return the locked task, None if another session has it.

        Raises:
            EndedUnclearError: there is no such entry.
        """
        lock = self.store.lock(local_id)
        if not lock.try_acquire():
            return None
        try:
            entry = self.store.entry(local_id)
            if entry is None:
                raise EndedUnclearError("no entry")  # noqa: TRY301  - its lock is given back
        except BaseException:
            lock.release()
            raise
        return LockedTask(entry, self.store, lock, lambda: datetime.now(timezone.utc))


def draw(worker: Worker, local_id: str, document: dict[str, Any]) -> None:
    """Carry out one job.

    Raises:
        PutBackError: it was provably not sent, and waits again.
        EndedUnclearError: it may have been charged, or cannot be carried out; the entry holds why.
    """
    try:
        task = worker.locked(local_id)
    except DiskError as error:  # the database is unavailable: nothing was checked
        raise PutBackError from error
    if task is None:
        raise PutBackError(later(worker, MUCH_LATER))
    try:
        if task.entry.state == "prepared":
            _draw_prepared(worker, task, document)
        elif task.entry.state in ("submitting", "submitted"):
            recover(worker, task)
    except (PutBackError, EndedUnclearError):
        raise
    except DiskError as error:
        raise (PutBackError() if task.entry.state == "prepared" else EndedUnclearError(error.code)) from error
    except Exception as error:
        if task.entry.state == "prepared":  # a bug that this task meets; it would meet it again for ever
            task.finish("unreachable", error={"code": "bug", "reason": type(error).__name__})
        raise EndedUnclearError("bug") from error
    finally:
        task.release()
        worker.report(task.entry)


def _draw_prepared(worker: Worker, task: LockedTask, document: dict[str, Any]) -> None:
    """Prepare the request, wait for the account's turn, send once, and save."""
    if worker.stopping.is_set():
        raise PutBackError
    try:
        draw_task, request = _read(worker, task, document)
        _check_space(worker)
        folder = RunFolder(worker.folder(task.entry.local_id))
        if task.entry.possible_charges:  # whatever came for it before is not to be lost
            folder.keep_answer()
        with prepare(request, folder.path) as package:
            _wait_for_turn(worker)
            _send(worker, task, draw_task, folder, (request, package))
    except DiskError as error:
        _after_disk_error(worker, task, error)
    except TaskLocked as error:  # cancelled, or in other hands since our connection broke: not ours to send
        current = worker.store.entry(task.entry.local_id)
        if current and current.state in ("prepared", "submitting"):
            raise PutBackError(later(worker, MUCH_LATER)) from error
    except BadInput as error:
        if task.entry.state != "prepared":
            raise
        task.finish("unreachable", error={"code": error.code, "reason": worker.explain(error)})
        raise EndedUnclearError(error.code) from error


def _read(worker: Worker, task: LockedTask, document: dict[str, Any]) -> tuple[DrawTask, ImageRequest]:
    """Return the task and the request of a job, which must be the one that its entry describes.

    Raises:
        BadInput: `task_altered`, or a reference is gone.
    """
    identifier = task.entry.local_id
    try:
        draw_task = DrawTask.from_document(document)
        request = draw_task.to_request(_references(worker, identifier, draw_task))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadInput("task_altered", identifier=identifier) from error
    same = new_entry(request, worker.provider, variant=task.entry.variant, folder=Path())
    if same.fingerprint != task.entry.fingerprint:
        raise BadInput("task_altered", identifier=identifier)
    return draw_task, request


def _send(
    worker: Worker, task: LockedTask, draw_task: DrawTask, folder: RunFolder, ready: tuple[Any, Any]
) -> None:
    """Send the request once; what is definitely refused for the moment waits again."""
    request, package = ready
    entry = task.entry
    key = str(entry.extra["idempotency_key"])

    def begin(seconds: float) -> None:
        folder.begin_attempt(entry.attempts + 1, request_record(request, worker.provider, package, key, seconds))
        with disk_errors(folder.path):
            folder.spool().close()
        entry.extra |= {"worker": worker.name, "run_dir": str(folder.path)}

    def send(seconds: float) -> None:
        started = time.monotonic()
        delivered = send_once(package, key, seconds, folder, worker.client)
        entry.seconds = round(time.monotonic() - started, 1)
        task.save(state="submitted", charged="yes", cost=delivered.cost)
        folder.end_attempt(started, delivered)
        deliver(worker, task, delivered, folder)

    policy = RetryPolicy(max_attempts=1, seconds=draw_task.seconds)
    deadline = Deadline(time.monotonic() + draw_task.seconds, time.monotonic, time.sleep)
    try:
        submit_with_retries(
            task, send, policy, deadline, begin=begin, wait=lambda *_: None,
            rename_field=package.rename_field or (lambda: None),
        )  # fmt: skip
        worker.rate.accepted()
    except (RateLimitError, NotSentError, AuthenticationError, QuotaExceeded) as error:
        _wait_again(worker, task, error)
    except OutcomeUnknown as error:
        task.save(error={**(entry.error or {}), "reason": worker.explain(error)})
        raise EndedUnclearError(error.code) from error
    except UnusableResult as error:
        raise EndedUnclearError(error.code) from error
    except SkillError as error:
        if entry.state != "refused":
            raise
        task.save(error={**(entry.error or {}), "reason": worker.explain(error)})
        if error.code == "address_wrong":
            worker.stop(error)


def _wait_again(worker: Worker, task: LockedTask, error: SkillError) -> None:
    """Queue a task again whose request was definitely not accepted, unless an earlier one was sent.

    Raises:
        PutBackError: always, or
        EndedUnclearError: an earlier request may have been charged; its outcome stays unknown.
    """
    if task.entry.possible_charges:
        raise EndedUnclearError(error.code) from error
    if isinstance(error, RateLimitError):
        worker.rate.refused(error.retry_after)
    elif not isinstance(error, NotSentError):
        worker.stop(error)  # the key, the credits: every task would meet the same
    task.save(state="prepared", finished_at=None, error=None)
    tries = min(task.entry.attempts, 6)
    raise PutBackError(later(worker, LATER * 2**tries if isinstance(error, NotSentError) else LATER)) from error


def _after_disk_error(worker: Worker, task: LockedTask, error: DiskError) -> None:
    """Stop the worker: its disk, the store or the database fails, and the next task would meet the same.

    Raises:
        PutBackError: nothing was sent.
        EndedUnclearError: the request was sent; its answer is in the spool, or its outcome is unknown.
    """
    if error.code != "journal_failed":
        worker.stop(error)
    if task.entry.state == "prepared":
        unmark(worker, task)
        raise PutBackError from error
    raise EndedUnclearError(error.code) from error


def unmark(worker: Worker, task: LockedTask) -> None:
    """Take back the mark of a request whose commit may have gone through while its answer was lost.

    Nothing was sent, because the mark was not confirmed; only the holder of the task's lock knows that. A database
    that stays away leaves the mark, which then means unknown.
    """
    before = task.entry
    try:
        known = worker.store.entry(before.local_id)
        if known and known.state == "submitting" and known.attempts == before.attempts + 1:
            task.entry = known
            task.save(state="prepared", charged=before.charged, attempts=before.attempts,
                      possible_charges=before.possible_charges)  # fmt: skip
    except (DiskError, TaskLocked):
        return


def deliver(worker: Worker, task: LockedTask, delivered: Delivered, folder: RunFolder) -> None:
    """Save the images of an answer into the store, and finish the task.

    Raises:
        UnusableResult: the answer contains no complete image (the entry is `failed`), or its link fails now.
        DiskError: the store or the disk fails; the answer stays in the spool, and this worker tries again.
    """
    entry = task.entry
    target = folder.path / str(entry.extra["picture"])
    deadline = Deadline(time.monotonic() + MUCH_LATER, time.monotonic, time.sleep)
    try:
        saved = save_delivered(delivered, folder.answer, target, worker.client, deadline)
    except UnusableResult as error:
        if error.code != UNREACHABLE and error.code not in NEVER_FETCHED:
            task.finish("failed", error={"code": error.code, "reason": worker.explain(error)})
        raise
    images = []
    for row in saved.rows:
        file = Path(row["path"])
        place = _put(worker, f"pictures/{file.name}", file, row["sha256"])
        images.append({**row, "path": place, "url": None})
    with disk_errors(target):
        applied = applied_parameters(entry.requested, delivered, saved.rows)
    requested = int(entry.requested.get("n", DEFAULT_COUNT))
    if len(images) < requested and saved.unreachable:
        task.save(images=images, applied=applied)
        raise saved.unreachable
    if len(images) < requested:
        missing = UnusableResult("images_missing", saved=len(images), requested=requested)
        failure = {"code": missing.code, "reason": worker.explain(missing)}
        task.finish("failed", images=images, applied=applied, error=failure)
    else:
        task.finish("succeeded", images=images, applied=applied, error=None)
    if not saved.left_out:
        shutil.rmtree(folder.path, ignore_errors=True)


def recover(worker: Worker, task: LockedTask) -> None:
    """Finish a task whose worker ended: from its answer if that is here and whole, else as unknown.

    Raises:
        EndedUnclearError: the outcome is unknown, or the answer is at another worker.
    """
    from openai_images.delivery import salvage  # noqa: PLC0415

    path = worker.folder(task.entry.local_id)
    delivered = salvage(path / "answer.json") if path.is_dir() else None
    if delivered:
        if task.entry.state != "submitted":
            task.save(state="submitted", charged="yes", cost=delivered.cost)
        try:
            deliver(worker, task, delivered, RunFolder(path))
        except (DiskError, UnusableResult) as error:
            raise EndedUnclearError(error.code) from error
        return
    if task.entry.state == "submitting":
        task.finish("unknown", error={"code": "ended_while_sending"})
    raise EndedUnclearError("ended_while_sending")


def later(worker: Worker, seconds: float) -> datetime:
    """Return the time in so many seconds by the database's clock, on which the engine compares it."""
    try:
        with worker.store.transaction() as connection:
            row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
    except DiskError:
        row = None
    now = row["now"] if row else datetime.now(timezone.utc)
    return now + timedelta(seconds=seconds)


def _references(worker: Worker, local_id: str, draw_task: DrawTask) -> list[Path]:
    """Return the files of the references, fetched from the store by their SHA-256.

    Raises:
        BadInput: `reference_gone`; the store lacks one.
    """
    folder = worker.folder(local_id)
    if draw_task.references:
        make_own_folder(folder)
    files = []
    for reference in draw_task.references:
        file = folder / f"reference-{reference['sha256']}.{reference['extension']}"
        if not is_same_file(file, reference["sha256"]):
            file.unlink(missing_ok=True)
            name = f"{REFERENCES}/{reference['sha256']}"
            if not worker.pictures.get(name, file) or not is_same_file(file, reference["sha256"]):
                raise BadInput("reference_gone", place=worker.pictures.place(name))
        files.append(file)
    return files


def _check_space(worker: Worker) -> None:
    """Refuse to send where the answer might find no room.

    Raises:
        DiskError: `spool_full`.
    """
    with disk_errors(worker.spool):
        free = shutil.disk_usage(worker.spool).free
    if free < MIN_FREE_BYTES:
        raise DiskError("spool_full", path=worker.spool, free=free >> 20, least=MIN_FREE_BYTES >> 20)


def _wait_for_turn(worker: Worker) -> None:
    """Wait until the account's rate lets a request go; a worker that stops puts the task back.

    Raises:
        PutBackError: the worker stops, or the wait is long: a thread is not kept for it.
    """
    while wait := worker.rate.take():
        if wait > MUCH_LATER:
            raise PutBackError(later(worker, wait))
        if worker.stopping.wait(min(wait, STOP_CHECK)):
            raise PutBackError
    if worker.stopping.is_set():
        raise PutBackError


def _put(worker: Worker, name: str, file: Path, sha256: str) -> str:
    """Save a paid image to the store, with retries."""
    for pause in (*STORE_PAUSES, None):
        try:
            return worker.pictures.put(name, file, sha256)
        except DiskError:
            if pause is None or worker.stopping.wait(pause):
                raise
    raise AssertionError("unreachable")
