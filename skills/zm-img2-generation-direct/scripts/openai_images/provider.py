"""Create or resume a task: look up the journal, submit as the policy allows, save the image, fill the result."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from openai_images.delivery import reread, salvage
from openai_images.prepared_request import prepare
from openai_images.progress import report_elapsed, wait_before_retry
from openai_images.results import fail, reused_images, save, set_output
from openai_images.retry_policy import SEND_AGAIN, submit_with_retries
from openai_images.run_folder import RESPONSE_FILE, RunFolder, recorded_request, request_record
from shared import signals
from shared.errors import BadInput, DiskError, OutcomeUnknown, ResponseLost, SkillError, UnusableResult
from shared.files import disk_errors
from shared.i18n.catalog import duration, short_repr
from shared.i18n.messages import MessageRef
from shared.journal.claim import TaskLease
from shared.journal.history import durations

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.config.provider import Provider
    from openai_images.prepared_request import PreparedRequest
    from openai_images.request import ImageRequest
    from openai_images.services import Services
    from openai_images.wire import Delivered
    from shared.cli.task_context import TaskContext
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask


def generate(request: ImageRequest, entry: Entry, services: Services, task_context: TaskContext) -> None:
    """Create the image of a request, submitting as often as the policy allows; fill the context's result.

    Raises:
        SkillError: every outcome but success, see docs/contract.md.
    """
    lease = _acquire(lambda: services.journal.claim(entry, task_context.lock_wait, new=task_context.new), services)
    with lease, task_context.reporting(lease):
        if lease.action == "create":
            _create(request, lease.task, services, task_context)
        else:
            _finish_existing(lease, services, task_context)


def resume(identifier: str, services: Services, task_context: TaskContext) -> None:
    """Resume a task by its local id; free unless its outcome is unknown and the user agreed to another request.

    Raises:
        SkillError: every outcome but success, see docs/contract.md.
    """
    match = services.journal.find(identifier)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    if (match[1].base_url, match[1].account) != (services.provider.base_url, services.provider.secret.account()):
        raise BadInput("resume_elsewhere", identifier=identifier, provider=services.provider.name)
    lease = _acquire(lambda: services.journal.resume(identifier, match[1], task_context.lock_wait), services)
    with lease, task_context.reporting(lease):
        if lease.action == "create":
            _create(recorded_request(lease.task.entry), lease.task, services, task_context)
        else:
            _finish_existing(lease, services, task_context)


def _create(request: ImageRequest, task: LockedTask, services: Services, task_context: TaskContext) -> None:
    """Print the summary, confirm the cost, then submit."""
    context, entry = task_context.context, task.entry
    name = entry.extra.get("picture") or services.paths.name_for(entry.local_id)
    folder = RunFolder(Path(entry.extra.get("run_dir") or services.paths.runs / name))
    if entry.possible_charges:  # images that arrived before must not be lost
        folder.keep_answer()
    folder.drop_answer()
    entry.extra |= {"run_dir": str(folder.path), "picture": name}
    entry.provider = services.provider.name  # a resume may go by another one of the same address and account
    context.result.extra["run_dir"] = str(folder.path)
    context.result.input_images = entry.extra["input_images"]
    context.reporter.info("create_summary", **_summary(request, services.provider))
    context.confirm_spend()
    context.reporter.always("task_begins", local_id=entry.local_id)
    with prepare(request, folder.path) as package:
        _submit(request, package, task, folder, services, task_context)


def _summary(request: ImageRequest, provider: Provider) -> dict[str, object]:
    """Return the values of the summary that is printed before the paid request."""
    return {
        "provider": provider.name,
        "model": request.model,
        "mode": MessageRef(f"mode_{request.mode}"),
        "size": request.size,
        "references": len(request.references),
        "key": provider.secret,
    }


def _acquire(acquire: Callable[[], TaskLease], services: Services) -> TaskLease:
    """Acquire a task; one with an unknown outcome only if its response is on disk or may be requested again."""
    while True:
        try:
            return acquire()
        except OutcomeUnknown as error:
            lease = _reopen(error, services)
        if lease:
            return lease


def _reopen(error: OutcomeUnknown, services: Services) -> TaskLease | None:
    """Acquire a task whose response the journal does not know; return None if another process was faster.

    A process killed between the last byte of a response and the next journal write leaves a complete response on
    disk. Another request needs the user's consent, because it may be charged twice.

    Raises:
        OutcomeUnknown: there is neither a response nor consent.
    """
    lease = services.journal.reopen(*error.about) if error.about else None
    if not lease and error.about:
        return None
    if lease:
        delivered = salvage(Path(lease.task.entry.extra["run_dir"]) / RESPONSE_FILE)
        if delivered:
            lease.task.save(state="submitted", charged="yes", cost=delivered.cost)
            return TaskLease("attach", lease.task)
        if services.retry_policy.retry_unknown:
            return lease
        lease.task.release()
    raise _with_retry_hint(error) from error


def _with_retry_hint(error: OutcomeUnknown) -> OutcomeUnknown:
    """Add the next command, which reuses the Idempotency-Key: a service that honours it does not charge twice."""
    error.remedy = "instead"
    error.facts["instead"] = SEND_AGAIN
    return error


def _submit(  # noqa: PLR0917  - each is used, and no two belong together
    request: ImageRequest,
    package: PreparedRequest,
    task: LockedTask,
    folder: RunFolder,
    services: Services,
    task_context: TaskContext,
) -> None:
    """Send the request as often as the policy allows, and save the returned image."""
    context, entry = task_context.context, task.entry
    expected = durations(services.journal, entry) if services.interactive else []
    if expected:
        context.reporter.info("expected_line", duration=duration(min(expected), max(expected)))

    def begin(seconds: float) -> None:
        record = request_record(request, services.provider, package, entry.extra["idempotency_key"], seconds)
        folder.begin_attempt(entry.attempts + 1, record)
        with disk_errors(folder.path):
            folder.spool().close()  # what the disk refuses, it refuses before anything is sent

    def send(seconds: float) -> None:
        started = time.monotonic()
        try:
            with report_elapsed(context, expected):
                delivered = _send_once(package, entry.extra["idempotency_key"], seconds, folder, services)
        except SkillError as error:
            with contextlib.suppress(DiskError):  # what the attempt came to is what counts
                folder.end_attempt(started, error, context.catalog.format(error.code, **error.facts))
            raise
        entry.seconds = round(time.monotonic() - started, 1)
        task.save(state="submitted", charged="yes", cost=delivered.cost)
        folder.end_attempt(started, delivered)
        save(delivered, task, folder, services, task_context)
        signals.discard_pending()

    def wait(number: int, delay: float, error: SkillError) -> None:
        reason = context.catalog.format(error.code, **error.facts)
        max_attempts = services.retry_policy.max_attempts
        context.reporter.info("attempt_failed", number=number, most=max_attempts, pause=f"{delay:.0f}", why=reason)
        wait_before_retry(context, delay, task_context.deadline)

    try:
        rename = package.rename_field or (lambda: None)
        submit_with_retries(
            task, send, services.retry_policy, task_context.deadline, begin=begin, wait=wait, rename_field=rename
        )
    except OutcomeUnknown as error:
        last = error.facts.get("last")
        if isinstance(last, SkillError):
            error.facts["last"] = context.catalog.format(last.code, **last.facts)
        raise _with_retry_hint(error) from error


def _send_once(
    package: PreparedRequest, idempotency_key: str, seconds: float, folder: RunFolder, services: Services
) -> Delivered:
    """Send the request once and return the images of its response; keep a response without any for inspection.

    Raises:
        SkillError: as Client.create.
    """
    try:
        with disk_errors(folder.path), folder.spool() as spool:
            return services.client.create(package, idempotency_key, seconds, spool)
    except OutcomeUnknown as error:
        if isinstance(error, ResponseLost):  # cut, or too long: an image may still be complete
            delivered = salvage(folder.answer)
            if delivered:
                return delivered
        if error.code == "answer_unclear":
            error.facts["path"] = folder.keep_answer()
        raise


def _finish_existing(lease: TaskLease, services: Services, task_context: TaskContext) -> None:
    """Return the image of a finished task, or save the image of a response that was received but not processed."""
    task, result = lease.task, task_context.context.result
    result.provider = task.entry.provider
    result.extra["run_dir"] = task.entry.extra["run_dir"]
    result.input_images = task.entry.extra["input_images"]
    if lease.action == "attach":
        folder = RunFolder(Path(task.entry.extra["run_dir"]))
        try:
            delivered = reread(folder.answer)
        except UnusableResult as error:
            fail(task, error, task_context)
            raise
        save(delivered, task, folder, services, task_context)
        return
    result.reused = True
    images = reused_images(task, services, task_context)
    if not images:
        raise UnusableResult("pictures_gone", task_id=task.entry.local_id, remedy="new")
    result.images = images
    set_output(task_context)
