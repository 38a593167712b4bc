"""From an answer to the end of its task: images saved, kept from an earlier run, or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_images.delivery import save_delivered
from shared.errors import UnusableResult
from shared.http.urls import without_query
from shared.images.download import reuse_saved_images

if TYPE_CHECKING:
    from openai_images.run_folder import RunFolder
    from openai_images.services import Hands
    from openai_images.wire import Delivered
    from shared.cli.task_context import TaskContext
    from shared.journal.submit import LockedTask

STILL_THERE = "picture_unreachable"
"""A picture behind a link that may be had later; the link stays in the spooled answer."""
REFUSED_HERE = frozenset(("link_refused", "link_private", "picture_too_large"))
"""What this program does not fetch: another request, paid again, would end like this one."""


def kept_images(task: LockedTask, hands: Hands, errand: TaskContext) -> list[dict[str, Any]]:
    """Return the images of a task that are still what they were, in the output folder; [] without the first.

    A copy may be all that is left of an image: an edited batch has a folder of its own.
    """
    copies = task.entry.extra.get("copies", [])  # the latest first
    rows: list[dict[str, Any]] = []
    for number, image in enumerate(task.entry.images, 1):
        name = hands.place.name if hands.place.unique else None
        called = f"{name}-{number}" if name and number > 1 else name
        places = [image, *(copy for copy in copies if copy["sha256"] == image["sha256"])]
        kept = next(
            filter(None, (reuse_saved_images([row], errand.output_dir, called=called) for row in places)), None
        )
        if not kept and not rows:
            return []
        rows += kept or []
    new = [row for row in rows if row not in (*task.entry.images, *copies)]
    if new:
        task.save(extra={**task.entry.extra, "copies": [*new, *copies]})
    return rows


def save(delivered: Delivered, task: LockedTask, folder: RunFolder, hands: Hands, errand: TaskContext) -> None:
    """Save the picture and end the task.

    Raises:
        UnusableResult: there is no whole picture; the entry is failed, unless a link may still give it.
        DiskError: the entry stays, and so does the answer.
    """
    result, entry = errand.context.result, task.entry
    target = errand.output_dir / entry.extra["picture"]
    try:
        saved = save_delivered(delivered, folder.answer, target, hands.client, errand.deadline)
    except UnusableResult as error:
        if error.code == STILL_THERE:
            error.remedy = "again"
        elif error.code in REFUSED_HERE:
            error.remedy = "none"
        else:
            fail(task, error, errand)
        raise
    result.images = saved.rows
    row = saved.rows[0]
    applied = {**entry.applied, "size": f"{row['width']}x{row['height']}"}
    kept = [{**image, "url": image["url"] and without_query(image["url"])} for image in saved.rows]
    task.finish("succeeded", images=kept, applied=applied)
    if saved.left_out:
        errand.context.reporter.always(
            "images_left_out", saved=len(kept), count=saved.left_out, path=folder.answer
        )
    else:
        folder.drop_answer()
    if delivered.images[0].draft:
        errand.context.reporter.always("image_is_draft")
    tell_image(errand)
    if entry.requested["size"] not in ("auto", applied["size"]):
        errand.context.reporter.info("size_differs", asked=entry.requested["size"], got=applied["size"])


def fail(task: LockedTask, error: UnusableResult, errand: TaskContext) -> None:
    """End a task that was paid and has no picture to show for it."""
    error.remedy = "new"
    reason = errand.context.catalog.format(error.code, **error.facts).rstrip(
        ".。"
    )  # it is quoted inside another one
    task.finish("failed", error={"code": error.code, "reason": reason})


def tell_image(errand: TaskContext) -> None:
    """Put the first image into the result's `output` and `bytes`."""
    row = errand.context.result.images[0]
    errand.context.result.extra |= {"output": row["path"], "bytes": row["bytes"]}
