"""Saves or reuses the images of a response, and finishes its task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_images.applied import applied_parameters, report_differences
from openai_images.delivery import UNREACHABLE, save_delivered
from openai_images.model_tables.prices import money
from openai_images.request import DEFAULT_COUNT
from shared.errors import UnusableResult
from shared.files import disk_errors
from shared.http.urls import without_query
from shared.i18n.messages import MessageRef
from shared.images.download import reuse_saved_images

if TYPE_CHECKING:
    from openai_images.config.provider import Provider
    from openai_images.run_folder import RunFolder
    from openai_images.services import Services
    from openai_images.wire import Delivered
    from shared.journal.submit import LockedTask
    from shared.pipeline import Job

NEVER_FETCHED = frozenset(("link_refused", "link_private", "picture_too_large"))
"""Error codes of images that are never fetched: another paid request would end the same."""


def reused_images(services: Services, job: Job) -> list[dict[str, Any]]:
    """Return the unchanged images of a task in the output folder; [] if the first is gone or changed.

    A copy may be all that is left of an image, because an edited batch has its own folder.
    """
    task = job.task
    copies = task.entry.extra.get("copies", [])  # the latest first
    rows: list[dict[str, Any]] = []
    for number, image in enumerate(task.entry.images, 1):
        name = services.paths.name if services.paths.unique else None
        file_name = f"{name}-{number}" if name and number > 1 else name
        places = [image, *(copy for copy in copies if copy["sha256"] == image["sha256"])]
        existing = next(
            filter(None, (reuse_saved_images([row], job.context.output_dir, called=file_name) for row in places)),
            None,
        )
        if not existing and not rows:
            return []
        rows += existing or []
    new = [row for row in rows if row not in (*task.entry.images, *copies)]
    if new:
        task.save(extra={**task.entry.extra, "copies": [*new, *copies]})
    return rows


def record_payment(task: LockedTask, delivered: Delivered, provider: Provider) -> None:
    """Record that a response came: its tokens are kept, with what they cost by the table of prices."""
    kept = {"usage": delivered.usage, "money": money(delivered.usage, task.entry.model, [provider.prices])}
    extra = {**task.entry.extra, **{name: value for name, value in kept.items() if value is not None}}
    task.save(state="submitted", charged="yes", cost=delivered.cost, extra=extra)


def save(delivered: Delivered, folder: RunFolder, services: Services, job: Job) -> None:
    """Save the images and finish the task.

    Raises:
        UnusableResult: there is no complete image, or fewer than requested (`partly_done`); the entry is `failed`,
            unless a link may still work later.
        DiskError: the entry and the response are kept.
    """
    task, entry = job.task, job.task.entry
    target = job.context.output_dir / entry.extra["picture"]
    try:
        saved = save_delivered(delivered, folder.answer, target, services.client, job.context.deadline)
    except UnusableResult as error:
        if error.code == UNREACHABLE:
            error.remedy = "again"
        elif error.code in NEVER_FETCHED:
            error.remedy = "none"
        else:
            fail(error, job)
        raise
    job.note(images=saved.rows)
    with disk_errors(target):
        applied = applied_parameters(entry.requested, delivered, saved.rows)
    images = [{**image, "url": image["url"] and without_query(image["url"])} for image in saved.rows]
    note_output(job)
    requested = int(entry.requested.get("n", DEFAULT_COUNT))
    if len(images) < requested and saved.unreachable:
        task.save(images=images, applied=applied)
        saved.unreachable.remedy = "again"
        raise saved.unreachable
    if len(images) < requested:
        reason = job.context.ui.reporter.catalog.format("images_missing", saved=len(images), requested=requested)
        task.finish("failed", images=images, applied=applied, error={"code": "images_missing", "reason": reason})
    else:
        task.finish("succeeded", images=images, applied=applied)
    if saved.left_out:
        job.context.ui.reporter.always(
            "images_left_out", saved=len(images), count=saved.left_out, path=folder.answer
        )
    else:
        folder.drop_answer()
    if delivered.images[0].draft:
        job.context.ui.reporter.always("image_is_draft")
    report_differences(entry.requested, applied, job.context.ui.reporter)
    raise_if_partly_done(job)


def raise_if_partly_done(job: Job) -> None:
    """Report a task with fewer images than requested, each time that it is named; the result lists their files.

    Raises:
        UnusableResult: `partly_done`.
    """
    entry = job.task.entry
    if entry.state == "failed" and entry.images:
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        raise UnusableResult("partly_done", reason=reason, saved=len(job.outcome.images), remedy="new")


def fail(error: UnusableResult, job: Job) -> None:
    """Finish a task as failed that was paid and has no image."""
    error.remedy = "new"
    reason = job.context.ui.reporter.catalog.format(error.code, **error.facts).rstrip(
        ".。"
    )  # it is quoted inside another one
    job.task.finish("failed", error={"code": error.code, "reason": reason})


def note_output(job: Job) -> None:
    """Note the document's `output` and `bytes`, of the first image."""
    row = job.outcome.images[0]
    job.note_own(output=row["path"], bytes=row["bytes"])
