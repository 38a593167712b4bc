"""Create or resume a task: look up the journal, submit as the policy allows, save the image, fill the result."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openai_images.delivery import reread, salvage
from openai_images.prepared_request import prepare
from openai_images.progress import report_elapsed, wait_before_retry
from openai_images.results import fail, note_output, raise_if_partly_done, record_payment, reused_images, save
from openai_images.retry_policy import SEND_AGAIN, submit_with_retries
from openai_images.run_folder import RESPONSE_FILE, RunFolder, recorded_request, request_record
from shared import signals
from shared.errors import BadInput, DiskError, OutcomeUnknown, ResponseLost, SkillError, UnusableResult
from shared.files import disk_errors
from shared.i18n.catalog import duration, short_repr
from shared.i18n.messages import MessageRef
from shared.journal.claim import TaskLease
from shared.journal.history import cost_text, durations
from shared.pipeline import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.prepared_request import PreparedRequest
    from openai_images.request import ImageRequest
    from openai_images.services import Services
    from openai_images.wire import Delivered
    from shared.journal.claim import Journal
    from shared.journal.entry import Entry
    from shared.output.outcome import Outcome
    from shared.pipeline import Job
    from shared.provider import Context


def generate(
    request: ImageRequest, entry: Entry, services: Services, context: Context, outcome: Outcome
) -> Outcome:
    """Create the image of a request, submitting as often as the policy allows; every end is an outcome."""
    claim = partial(context.journal.claim, entry, context.lock_wait, new=context.new)
    return carry_out(
        lambda: _acquire(claim, services, context), lambda job: _steps(request, services, job), context, outcome
    )


def resume(identifier: str, services: Services, context: Context, outcome: Outcome) -> Outcome:
    """Resume a task by its local id; free unless its outcome is unknown and the user agreed to another request.

    Raises:
        BadInput: the journal does not know the task, or it belongs to another provider.
    """
    match = context.journal.find(identifier)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    if (match[1].base_url, match[1].account) != (services.provider.base_url, services.provider.secret.account()):
        raise BadInput("resume_elsewhere", identifier=identifier, provider=services.provider.name)
    claim = partial(context.journal.resume, identifier, match[1], context.lock_wait)
    return carry_out(
        lambda: _acquire(claim, services, context), lambda job: _steps(None, services, job), context, outcome
    )


def _steps(request: ImageRequest | None, services: Services, job: Job) -> None:
    """Create the image, or finish an existing task; the request of a resumed task comes from its folder."""
    if job.action == "create":
        _create(request or recorded_request(job.task.entry), services, job)
    else:
        _finish_existing(services, job)


def _create(request: ImageRequest, services: Services, job: Job) -> None:
    """Print the summary, confirm the cost, then submit."""
    ui, entry = job.context.ui, job.task.entry
    name = entry.extra.get("picture") or services.paths.name_for(entry.local_id)
    folder = RunFolder(Path(entry.extra.get("run_dir") or services.paths.runs / name))
    if entry.possible_charges:  # images that arrived before must not be lost
        folder.keep_answer()
    folder.drop_answer()
    entry.extra |= {"run_dir": str(folder.path), "picture": name}
    entry.provider = services.provider.name  # a resume may go by another one of the same address and account
    job.note_own(run_dir=str(folder.path))
    job.note(input_images=entry.extra["input_images"])
    ui.reporter.info("create_summary", **_summary(request, services.provider))
    ui.confirm_spend(entry, cost_text(job.context.journal, entry, ui.reporter.catalog))
    ui.reporter.always("task_begins", local_id=entry.local_id)
    with prepare(request, folder.path) as package:
        _submit(request, package, folder, services, job)


def _summary(request: ImageRequest, provider: Provider) -> dict[str, object]:
    """Return the values of the summary that is printed before the paid request."""
    return {
        "provider": provider.name,
        "model": request.model,
        "mode": MessageRef(f"mode_{request.mode}"),
        "size": request.size,
        "references": len(request.references),
        "key": provider.secret,
        "cost": _cost_text(request, provider),
    }


def _cost_text(request: ImageRequest, provider: Provider) -> MessageRef:
    """Return the text of the estimated cost, or that it is unknown."""
    cost = request.estimate(provider.prices)
    if cost is None:
        return MessageRef("cost_of_images_unknown")
    least, most = f"{cost['least']:.3g}", f"{cost['most']:.3g}"
    amount = least if least == most else f"{least}-{most}"
    return MessageRef("cost_of_images", amount=amount, currency=cost["unit"], source=cost["prices"])


def _acquire(acquire: Callable[[], TaskLease], services: Services, context: Context) -> TaskLease:
    """Acquire a task; one with an unknown outcome only if its response is on disk or may be requested again."""
    while True:
        try:
            return acquire()
        except OutcomeUnknown as error:
            lease = _reopen(error, services, context.journal)
        if lease:
            return lease


def _reopen(error: OutcomeUnknown, services: Services, journal: Journal) -> TaskLease | None:
    """Acquire a task whose response the journal does not know; return None if another process was faster.

    A process killed between the last byte of a response and the next journal write leaves a complete response on
    disk. Another request needs the user's consent, because it may be charged twice.

    Raises:
        OutcomeUnknown: there is neither a response nor consent.
    """
    lease = journal.reopen(*error.about) if error.about else None
    if not lease and error.about:
        return None
    if lease:
        delivered = salvage(Path(lease.task.entry.extra["run_dir"]) / RESPONSE_FILE)
        if delivered:
            record_payment(lease.task, delivered, services.provider)
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


def _submit(
    request: ImageRequest, package: PreparedRequest, folder: RunFolder, services: Services, job: Job
) -> None:
    """Send the request as often as the policy allows, and save the returned image."""
    context, task, entry = job.context, job.task, job.task.entry
    reporter, catalog = context.ui.reporter, context.ui.reporter.catalog
    expected = durations(context.journal, entry) if services.interactive else []
    if expected:
        reporter.info("expected_line", duration=duration(min(expected), max(expected)))

    def begin(seconds: float) -> None:
        record = request_record(request, services.provider, package, entry.extra["idempotency_key"], seconds)
        folder.begin_attempt(entry.attempts + 1, record)
        with disk_errors(folder.path):
            folder.spool().close()  # what the disk refuses, it refuses before anything is sent

    def send(seconds: float) -> None:
        started = time.monotonic()
        try:
            with report_elapsed(job, expected):
                delivered = send_once(package, entry.extra["idempotency_key"], seconds, folder, services.client)
        except SkillError as error:
            with contextlib.suppress(DiskError):  # what the attempt came to is what counts
                folder.end_attempt(started, error, catalog.format(error.code, **error.facts))
            raise
        entry.seconds = round(time.monotonic() - started, 1)
        record_payment(task, delivered, services.provider)
        folder.end_attempt(started, delivered)
        save(delivered, folder, services, job)
        signals.discard_pending()

    def wait(number: int, delay: float, error: SkillError) -> None:
        reason = catalog.format(error.code, **error.facts)
        max_attempts = services.retry_policy.max_attempts
        reporter.info("attempt_failed", number=number, most=max_attempts, pause=f"{delay:.0f}", why=reason)
        wait_before_retry(reporter, delay, context.deadline)

    try:
        rename = package.rename_field or (lambda: None)
        submit_with_retries(
            task, send, services.retry_policy, context.deadline, begin=begin, wait=wait, rename_field=rename
        )
    except OutcomeUnknown as error:
        last = error.facts.get("last")
        if isinstance(last, SkillError):
            error.facts["last"] = catalog.format(last.code, **last.facts)
        raise _with_retry_hint(error) from error


def send_once(
    package: PreparedRequest, idempotency_key: str, seconds: float, folder: RunFolder, client: Client
) -> Delivered:
    """Send the request once and return the images of its response; keep a response without any for inspection.

    Raises:
        SkillError: as Client.create.
    """
    try:
        with disk_errors(folder.path), folder.spool() as spool:
            return client.create(package, idempotency_key, seconds, spool)
    except OutcomeUnknown as error:
        if isinstance(error, ResponseLost):  # cut, or too long: an image may still be complete
            delivered = salvage(folder.answer)
            if delivered:
                return delivered
        if error.code == "answer_unclear":
            error.facts["path"] = folder.keep_answer()
        raise


def _finish_existing(services: Services, job: Job) -> None:
    """Return the image of a finished task, or save the image of a response that was received but not processed."""
    entry = job.task.entry
    job.note(provider=entry.provider, input_images=entry.extra["input_images"])
    job.note_own(run_dir=entry.extra["run_dir"])
    if job.action == "attach":
        folder = RunFolder(Path(entry.extra["run_dir"]))
        try:
            delivered = reread(folder.answer)
        except UnusableResult as error:
            fail(error, job)
            raise
        save(delivered, folder, services, job)
        return
    images = reused_images(services, job)
    if not images:
        raise UnusableResult("pictures_gone", task_id=entry.local_id, remedy="new")
    job.note(images=images)
    note_output(job)
    raise_if_partly_done(job)
