"""The use case of an export, which is free: a render under an id of ours is begun, waited for, saved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nemovideo.api.timeline import is_exportable
from nemovideo.export.render import Order, begin, go_on, wait_for
from nemovideo.media import save_clip
from nemovideo.message.prepare import read_state
from nemovideo.message.results import show_files
from nemovideo.request import STILLS
from shared.errors import ReadError, TaskFailed, UnusableResult
from shared.i18n.messages import MessageRef
from shared.images.download import save_images

if TYPE_CHECKING:
    from typing import BinaryIO

    from nemovideo.api.render_status import Render
    from nemovideo.request import ExportRequest
    from nemovideo.services import Hands
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.http.download import Progress

LINK_TRIES = 2  # before the service itself is asked for the file


def export_session(session: str, request: ExportRequest, draft: Any, hands: Hands, errand: TaskContext) -> None:
    """Save a session as a file; `draft` is another one than the session's own, or None.

    Raises:
        UnusableResult: `nothing_to_export`, or the file cannot be had.
        TaskFailed: the render failed twice, or was cancelled.
        StillRunning: `still_running`; it can be resumed by its id.
        Rejected, ReadError, DiskError.
    """
    run = errand.context
    run.result.extra["session_id"] = session
    run.result.requested |= {"format": request.form, "quality": request.quality}
    state = read_state(hands.connection, session) if draft is None or request.is_still else None
    if request.is_still:
        links = [one.url for one in state.generated if one.kind == "image"] if state else []
        _save_stills(session, request, links, hands, errand)
        return
    draft = state.draft if state else draft
    if not is_exportable(draft):
        raise UnusableResult("nothing_to_export", session=session, remedy="none")
    order = Order(session, draft, request)
    for last in (False, True):
        render_id = (None if last else go_on(order, hands, errand)) or begin(order, hands, errand)
        if errand.no_wait:
            run.result.status = "submitted"
            run.result.next_argv = run.resume()
            return
        seen = wait_for(render_id, hands, errand)
        if seen.condition == "failed" and not last:
            run.reporter.always("render_again", reason=seen.reason or MessageRef("no_words"))
            continue
        _end(render_id, seen, request, hands, errand)
        return


def resume_render(render_id: str, hands: Hands, errand: TaskContext) -> None:
    """Go on with a render that was begun before.

    Raises:
        SkillError: as export_session.
    """
    run = errand.context
    session = hands.sessions.of_render(render_id)
    run.result.extra |= {"session_id": session.session_id if session else None, "render_id": render_id}
    run.result.task_id = render_id
    _end(render_id, wait_for(render_id, hands, errand), None, hands, errand)


def _end(render_id: str, seen: Render, request: ExportRequest | None, hands: Hands, errand: TaskContext) -> None:
    """Save a render that completed; `request` is None where another command knew it.

    Raises:
        TaskFailed, UnusableResult, RateLimitError, DiskError.
    """
    run = errand.context
    if seen.condition != "completed":
        _forget(render_id, hands, run)
        code = "render_cancelled" if seen.condition == "cancelled" else "render_failed"
        run.result.status = "failed"
        raise TaskFailed(code, render=render_id, reason=seen.reason or MessageRef("no_words"), remedy="none")
    row = _save_render(render_id, seen.url, hands, errand)
    kind = row["path"].rpartition(".")[2]
    run.result.applied |= {"format": kind, **({"quality": request.quality} if request else {})}
    if request and kind != request.form:
        run.reporter.always("render_other_format", asked=request.form, found=row["media_type"])
    _forget(render_id, hands, run)
    show_files(run.result.images, [*run.result.extra.get("videos", []), row], run)
    run.result.status = "succeeded"


def _forget(render_id: str, hands: Hands, run: CommandContext) -> None:
    """Have the next export begin anew: this render has ended, and what it made lies here."""
    session = run.result.extra.get("session_id")
    if session:
        hands.sessions.note(str(session), ended=[render_id])


def _save_render(render_id: str, url: str, hands: Hands, errand: TaskContext) -> dict[str, Any]:
    """Save the file: from its link, else from the service itself."""
    client = hands.connection.client
    failed = 0 if url else LINK_TRIES
    mending = hands.connection.mending()

    def fetch(file: BinaryIO, seconds: float, progress: Progress) -> None:
        nonlocal failed
        if failed < LINK_TRIES:
            try:
                client.downloads.download(url, file, seconds=seconds, largest=LARGEST_RENDER, progress=progress)
            except ReadError:
                failed += 1
                raise
            except UnusableResult:
                failed = LINK_TRIES
            else:
                return
        progress.etag = ""
        file.seek(0)
        file.truncate()
        hands.connection.once(lambda: client.download_render(render_id, file, seconds), mending)

    row = save_clip(fetch, errand.output_dir / render_id, errand.deadline, errand.context)
    sizes = dict.fromkeys(("width", "height", "duration"))
    return {**row, "url": url or None, "render_id": render_id, **sizes}


LARGEST_RENDER = 4 << 30  # bytes


def _save_stills(
    session: str, request: ExportRequest, links: list[str], hands: Hands, errand: TaskContext
) -> None:
    """Save the pictures of a session as they are: nothing converts them, and another type is said so."""
    run = errand.context
    if not links:
        raise UnusableResult("nothing_to_export", session=session, remedy="none")
    name = re.sub(r"[^\w-]", "_", f"still-{session}", flags=re.ASCII)
    run.result.extra["stills_id"] = name
    target = errand.output_dir / name
    images, failure = save_images(hands.connection.client.downloads, links, target, errand.deadline)
    _show_stills(images, request, run)
    if failure:
        raise failure
    run.result.status = "succeeded"


def _show_stills(images: list[dict[str, Any]], request: ExportRequest, run: CommandContext) -> None:
    known = {row["path"] for row in run.result.images}
    run.result.images = [*run.result.images, *(row for row in images if row["path"] not in known)]
    types = sorted({row["media_type"] for row in images})
    run.result.applied = {**run.result.applied, "format": [one.partition("/")[2] for one in types]}
    if any(one != STILLS[request.form] for one in types):
        run.reporter.always("still_other_format", asked=request.form, found=", ".join(types))
