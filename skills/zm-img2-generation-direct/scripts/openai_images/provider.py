"""The use case: look up the journal, spend as the policy allows, save the picture, tell the result."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from openai_images.delivery import reread, salvage
from openai_images.prepared_request import packed
from openai_images.progress import ticking, wait_before_retry
from openai_images.results import fail, kept_images, save, tell_image
from openai_images.retry_policy import spend
from openai_images.run_folder import ANSWER, RunFolder, recorded_request, request_record
from shared import signals
from shared.errors import BadInput, DiskError, OutcomeUnknown, ResponseLost, SkillError, UnusableResult
from shared.files import disk_errors
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.journal.claim import TaskLease
from shared.journal.history import durations

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.config.provider import Provider
    from openai_images.prepared_request import Package
    from openai_images.request import ImageRequest
    from openai_images.services import Hands
    from openai_images.wire import Delivered
    from shared.cli.task_context import TaskContext
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask


def generate(request: ImageRequest, draft: Entry, hands: Hands, errand: TaskContext) -> None:
    """Make the picture of a request, paying for it as often as the policy allows; the run's result tells the rest.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    claim = _claimed(lambda: hands.journal.claim(draft, errand.lock_wait, new=errand.new), hands)
    with claim, errand.reporting(claim):
        if claim.action == "create":
            _make(request, claim.task, hands, errand)
        else:
            _go_on(claim, hands, errand)


def resume(identifier: str, hands: Hands, errand: TaskContext) -> None:
    """Go on with a task by its local id; costs nothing, unless its outcome is unknown and the user agreed to more.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    found = hands.journal.find(identifier)
    if not found:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    if (found[1].base_url, found[1].account) != (hands.provider.base_url, hands.provider.secret.account()):
        raise BadInput("resume_elsewhere", identifier=identifier, provider=hands.provider.name)
    claim = _claimed(lambda: hands.journal.resume(identifier, found[1], errand.lock_wait), hands)
    with claim, errand.reporting(claim):
        if claim.action == "create":
            _make(recorded_request(claim.task.entry), claim.task, hands, errand)
        else:
            _go_on(claim, hands, errand)


def _make(request: ImageRequest, task: LockedTask, hands: Hands, errand: TaskContext) -> None:
    """Say what is about to happen, then spend."""
    run, entry = errand.context, task.entry
    name = entry.extra.get("picture") or hands.place.named(entry.local_id)
    folder = RunFolder(Path(entry.extra.get("run_dir") or hands.place.runs / name))
    if entry.possible_charges:  # whatever came for it before is not to be lost
        folder.keep_answer()
    folder.drop_answer()
    entry.extra |= {"run_dir": str(folder.path), "picture": name}
    entry.provider = hands.provider.name  # a resume may go by another one of the same address and account
    run.result.extra["run_dir"] = str(folder.path)
    run.result.input_images = entry.extra["input_images"]
    run.reporter.info("create_summary", **_summary(request, hands.provider))
    run.confirm_spend()
    run.reporter.always("task_begins", local_id=entry.local_id)
    with packed(request, folder.path) as package:
        _spend(request, package, task, folder, hands, errand)


def _summary(request: ImageRequest, provider: Provider) -> dict[str, object]:
    """Return the facts of the sentence that is said before money is spent."""
    return {
        "provider": provider.name,
        "model": request.model,
        "mode": MessageRef(f"mode_{request.mode}"),
        "size": request.size,
        "references": len(request.references),
        "key": provider.secret,
    }


def _claimed(take: Callable[[], TaskLease], hands: Hands) -> TaskLease:
    """Take a task in hand; one whose outcome is unknown only when its answer is here or may be asked for again."""
    while True:
        try:
            return take()
        except OutcomeUnknown as error:
            claim = _reopened(error, hands)
        if claim:
            return claim


def _reopened(error: OutcomeUnknown, hands: Hands) -> TaskLease | None:
    """Take a task in hand whose answer the journal does not know; None when another process was quicker.

    A kill between the last byte of an answer and the next line of the journal leaves the answer here, whole. To
    send the request once more needs the user's word, because it may be paid twice.

    Raises:
        OutcomeUnknown: there is neither.
    """
    claim = hands.journal.reopen(*error.about) if error.about else None
    if not claim and error.about:
        return None
    if claim:
        delivered = salvage(Path(claim.task.entry.extra["run_dir"]) / ANSWER)
        if delivered:
            claim.task.save(state="submitted", charged="yes", cost=delivered.cost)
            return TaskLease("attach", claim.task)
        if hands.policy.retry_unknown:
            return claim
        claim.task.release()
    raise _with_way_out(error) from error


def _with_way_out(error: OutcomeUnknown) -> OutcomeUnknown:
    """Name the way to go on: the same Idempotency-Key, so that a service that knows it does not charge twice."""
    error.remedy = "instead"
    error.facts["instead"] = {"--on-unknown": "retry"}
    return error


def _spend(  # noqa: PLR0917  - each is used, and no two belong together
    request: ImageRequest, package: Package, task: LockedTask, folder: RunFolder, hands: Hands, errand: TaskContext
) -> None:
    """Send the request as often as the policy allows, and save the picture that comes."""
    run, entry = errand.context, task.entry
    expected = durations(hands.journal, entry) if hands.watched else []
    if expected:
        run.reporter.info("expected_line", least=f"{min(expected):.0f}", most=f"{max(expected):.0f}")

    def begin(seconds: float) -> None:
        record = request_record(request, hands.provider, package, entry.extra["idempotency_key"], seconds)
        folder.begin_attempt(entry.attempts + 1, record)
        with disk_errors(folder.path):
            folder.spool().close()  # what the disk refuses, it refuses before anything is sent

    def send(seconds: float) -> None:
        started = time.monotonic()
        try:
            with ticking(run, expected):
                delivered = _delivered(package, entry.extra["idempotency_key"], seconds, folder, hands)
        except SkillError as error:
            with contextlib.suppress(DiskError):  # what the attempt came to is what counts
                folder.end_attempt(started, error, run.catalog.format(error.code, **error.facts))
            raise
        entry.seconds = round(time.monotonic() - started, 1)
        task.save(state="submitted", charged="yes", cost=delivered.cost)
        folder.end_attempt(started, delivered)
        save(delivered, task, folder, hands, errand)
        signals.discard_pending()

    def wait(number: int, pause: float, error: SkillError) -> None:
        why = run.catalog.format(error.code, **error.facts)
        most = hands.policy.most
        run.reporter.info("attempt_failed", number=number, most=most, pause=f"{pause:.0f}", why=why)
        wait_before_retry(run, pause, errand.deadline)

    try:
        rename = package.rename_field or (lambda: None)
        spend(task, send, hands.policy, errand.deadline, begin=begin, wait=wait, rename_field=rename)
    except OutcomeUnknown as error:
        last = error.facts.get("last")
        if isinstance(last, SkillError):
            error.facts["last"] = run.catalog.format(last.code, **last.facts)
        raise _with_way_out(error) from error


def _delivered(
    package: Package, idempotency_key: str, seconds: float, folder: RunFolder, hands: Hands
) -> Delivered:
    """Send the request once and return the images of its answer; one without any is kept for a person to look at.

    Raises:
        SkillError: what Client.create raises.
    """
    try:
        with disk_errors(folder.path), folder.spool() as spool:
            return hands.client.create(package, idempotency_key, seconds, spool)
    except OutcomeUnknown as error:
        if isinstance(error, ResponseLost):  # cut, or too long: an image may be whole all the same
            delivered = salvage(folder.answer)
            if delivered:
                return delivered
        if error.code == "answer_unclear":
            error.facts["path"] = folder.keep_answer()
        raise


def _go_on(claim: TaskLease, hands: Hands, errand: TaskContext) -> None:
    """Return the picture of a task that is done, or save the one whose answer came and was not looked at."""
    task, result = claim.task, errand.context.result
    result.provider = task.entry.provider
    result.extra["run_dir"] = task.entry.extra["run_dir"]
    result.input_images = task.entry.extra["input_images"]
    if claim.action == "attach":
        folder = RunFolder(Path(task.entry.extra["run_dir"]))
        try:
            delivered = reread(folder.answer)
        except UnusableResult as error:
            fail(task, error, errand)
            raise
        save(delivered, task, folder, hands, errand)
        return
    result.reused = True
    kept = kept_images(task, hands, errand)
    if not kept:
        raise UnusableResult("pictures_gone", task_id=task.entry.local_id, remedy="new")
    result.images = kept
    tell_image(errand)
