"""The use case: look up the journal, spend as the policy allows, save the picture, tell the result."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from openai_images.attempts import spend
from openai_images.delivery import reread, save_delivered
from openai_images.run_folder import ANSWER, RunFolder, recorded_request, request_record
from openai_images.waiting import ticking, wait_before_retry
from shared import interrupts
from shared.errors import BadInput, DiskError, OutcomeUnknown, SkillError, UnusableResult
from shared.estimates import durations
from shared.files import disk_errors
from shared.images import kept_pictures
from shared.journal import Claim
from shared.messages import shown
from shared.texts import Said
from shared.urls import without_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_images.client import Package
    from openai_images.hands import Hands
    from openai_images.provider import Provider
    from openai_images.request import ImageRequest
    from openai_images.wire import Delivered
    from shared.entry import Entry, OpenTask
    from shared.errand import Errand

STILL_THERE = "picture_unreachable"
"""A picture behind a link that may be had later; the link stays in the spooled answer."""


def generate(request: ImageRequest, draft: Entry, hands: Hands, errand: Errand) -> None:
    """Make the picture of a request, paying for it as often as the policy allows; the run's result tells the rest.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    claim = _claimed(lambda: hands.journal.claim(draft, errand.patience, new=errand.new), hands)
    with claim, errand.telling(claim):
        if claim.verdict == "create":
            _make(request, claim.task, hands, errand)
        else:
            _go_on(claim, hands, errand)


def resume(identifier: str, hands: Hands, errand: Errand) -> None:
    """Go on with a task by its local id; costs nothing, unless its outcome is unknown and the user agreed to more.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    found = hands.journal.find(identifier)
    if not found:
        raise BadInput("task_unknown", identifier=shown(identifier))
    if (found[1].base_url, found[1].account) != (hands.provider.base_url, hands.provider.secret.account()):
        raise BadInput("resume_elsewhere", identifier=identifier, provider=hands.provider.name)
    claim = _claimed(lambda: hands.journal.resume(identifier, found[1], errand.patience), hands)
    with claim, errand.telling(claim):
        if claim.verdict == "create":
            _make(recorded_request(claim.task.entry), claim.task, hands, errand)
        else:
            _go_on(claim, hands, errand)


def _make(request: ImageRequest, task: OpenTask, hands: Hands, errand: Errand) -> None:
    """Say what is about to happen, then spend."""
    run, entry = errand.run, task.entry
    name = entry.extra.get("picture") or hands.place.named(entry.local_id)
    folder = RunFolder(Path(entry.extra.get("run_dir") or hands.place.runs / name))
    folder.drop_answer()
    entry.extra |= {"run_dir": str(folder.path), "picture": name}
    entry.provider = hands.provider.name  # a resume may go by another one of the same address and account
    run.result.extra["run_dir"] = str(folder.path)
    run.result.input_images = entry.extra["input_images"]
    run.reporter.say("create_summary", **_summary(request, hands.provider))
    run.ask()
    run.reporter.insist("task_begins", local_id=entry.local_id)
    with hands.client.packed(request, folder.path) as package:
        _spend(request, package, task, folder, hands, errand)


def _summary(request: ImageRequest, provider: Provider) -> dict[str, object]:
    """Return the facts of the sentence that is said before money is spent."""
    return {
        "provider": provider.name,
        "model": request.model,
        "mode": Said(f"mode_{request.mode}"),
        "size": request.size,
        "references": len(request.references),
        "key": provider.secret,
    }


def _claimed(take: Callable[[], Claim], hands: Hands) -> Claim:
    """Take a task in hand; one whose outcome is unknown only when its answer is here or may be asked for again."""
    while True:
        try:
            return take()
        except OutcomeUnknown as error:
            claim = _reopened(error, hands)
        if claim:
            return claim


def _reopened(error: OutcomeUnknown, hands: Hands) -> Claim | None:
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
        with contextlib.suppress(UnusableResult):
            delivered = reread(Path(claim.task.entry.extra["run_dir"]) / ANSWER)
            claim.task.save(state="submitted", charged="yes", cost=delivered.cost)
            return Claim("attach", claim.task)
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
    request: ImageRequest, package: Package, task: OpenTask, folder: RunFolder, hands: Hands, errand: Errand
) -> None:
    """Send the request as often as the policy allows, and save the picture that comes."""
    run, entry = errand.run, task.entry
    expected = durations(hands.journal, entry) if hands.watched else []
    if expected:
        run.reporter.say("expected_line", least=f"{min(expected):.0f}", most=f"{max(expected):.0f}")

    def begin(seconds: float) -> None:
        record = request_record(request, hands.provider, package, entry.extra["idempotency_key"], seconds)
        folder.begin_attempt(entry.attempts + 1, record)

    def send(seconds: float) -> None:
        started = time.monotonic()
        try:
            with disk_errors(folder.path), folder.spool() as spool, ticking(run, expected):
                delivered = hands.client.create(package, entry.extra["idempotency_key"], seconds, spool)
        except SkillError as error:
            with contextlib.suppress(DiskError):  # what the attempt came to is what counts
                folder.end_attempt(started, error, run.catalogue.say(error.code, **error.facts))
            raise
        entry.seconds = round(time.monotonic() - started, 1)
        task.save(state="submitted", charged="yes", cost=delivered.cost)
        folder.end_attempt(started, delivered)
        _save(delivered, task, folder, hands, errand)
        interrupts.drop_pending()

    def wait(number: int, pause: float, error: SkillError) -> None:
        why = run.catalogue.say(error.code, **error.facts)
        most = hands.policy.most
        run.reporter.say("attempt_failed", number=number, most=most, pause=f"{pause:.0f}", why=why)
        wait_before_retry(run, pause, errand.limits)

    try:
        spend(task, send, hands.policy, errand.limits, begin=begin, wait=wait)
    except OutcomeUnknown as error:
        last = error.facts.get("last")
        if isinstance(last, SkillError):
            error.facts["last"] = run.catalogue.say(last.code, **last.facts)
        raise _with_way_out(error) from error


def _go_on(claim: Claim, hands: Hands, errand: Errand) -> None:
    """Return the picture of a task that is done, or save the one whose answer came and was not looked at."""
    task, result = claim.task, errand.run.result
    result.provider = task.entry.provider
    result.extra["run_dir"] = task.entry.extra["run_dir"]
    result.input_images = task.entry.extra["input_images"]
    if claim.verdict == "attach":
        folder = RunFolder(Path(task.entry.extra["run_dir"]))
        try:
            delivered = reread(folder.answer)
        except UnusableResult as error:
            _fail(task, error, errand)
            raise
        _save(delivered, task, folder, hands, errand)
        return
    result.reused = True
    called = hands.place.name if hands.place.unique else None
    copies = task.entry.extra.get("copies", [])  # the latest first: an edited batch has a folder of its own
    places = (kept_pictures([row], errand.folder, called=called) for row in [*task.entry.images, *copies])
    kept = next(filter(None, places), None)
    if not kept:
        raise UnusableResult("pictures_gone", task_id=task.entry.local_id, remedy="new")
    if kept[0] not in (*task.entry.images, *copies):
        task.save(extra={**task.entry.extra, "copies": [*kept, *copies]})
    result.images = kept
    _tell_picture(errand)


def _save(delivered: Delivered, task: OpenTask, folder: RunFolder, hands: Hands, errand: Errand) -> None:
    """Save the picture and end the task.

    Raises:
        UnusableResult: there is no whole picture; the entry is failed, unless a link may still give it.
        DiskError: the entry stays, and so does the answer.
    """
    result, entry = errand.run.result, task.entry
    target = errand.folder / entry.extra["picture"]
    try:
        row = save_delivered(delivered, folder.answer, target, hands.client.downloads, errand.limits)
    except UnusableResult as error:
        if error.code == STILL_THERE:
            error.remedy = "again"
        else:
            _fail(task, error, errand)
        raise
    result.images = [row]
    applied = {**entry.applied, "size": f"{row['width']}x{row['height']}"}
    kept = {**row, "url": row["url"] and without_query(row["url"])}
    task.finish("succeeded", images=[kept], applied=applied)
    folder.drop_answer()
    _tell_picture(errand)
    if entry.requested["size"] not in ("auto", applied["size"]):
        errand.run.reporter.say("size_differs", asked=entry.requested["size"], got=applied["size"])


def _fail(task: OpenTask, error: UnusableResult, errand: Errand) -> None:
    """End a task that was paid and has no picture to show for it."""
    error.remedy = "new"
    reason = errand.run.catalogue.say(error.code, **error.facts).rstrip(".。")  # it is quoted inside another one
    task.finish("failed", error={"code": error.code, "reason": reason})


def _tell_picture(errand: Errand) -> None:
    (row,) = errand.run.result.images
    errand.run.result.extra |= {"output": row["path"], "bytes": row["bytes"]}
