"""Export a session, which is free: begin a render under an id that we choose, wait for it, save it."""

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
    from nemovideo.services import Services, TaskContext
    from shared.cli.context import CommandContext
    from shared.http.download import Progress

LINK_TRIES = 2  # before the file is requested from the service itself


def export_session(
    session: str, request: ExportRequest, draft: Any, services: Services, task_context: TaskContext
) -> None:
    """Save a session as a file; `draft` replaces the session's own unless it is None.

    Raises:
        UnusableResult: `nothing_to_export`, or the file cannot be downloaded.
        TaskFailed: the render failed twice, or was cancelled.
        StillRunning: `still_running`; it can be resumed by its id.
        Rejected, ReadError, DiskError.
    """
    context = task_context.context
    context.note_own(session_id=session)
    context.note(requested={**context.result.requested, "format": request.form, "quality": request.quality})
    state = read_state(services.connection, session) if draft is None or request.is_still else None
    if request.is_still:
        links = [media.url for media in state.generated if media.kind == "image"] if state else []
        _save_stills(session, request, links, services, task_context)
        return
    draft = state.draft if state else draft
    if not is_exportable(draft):
        raise UnusableResult("nothing_to_export", session=session, remedy="none")
    order = Order(session, draft, request)
    for last in (False, True):
        render_id = (None if last else go_on(order, services, task_context)) or begin(
            order, services, task_context
        )
        if task_context.no_wait:
            context.note(status="submitted")
            context.note(next_command=context.resume())
            return
        status = wait_for(render_id, services, task_context)
        if status.condition == "failed" and not last:
            context.reporter.always("render_again", reason=status.reason or MessageRef("no_words"))
            continue
        _end(render_id, status, request, services, task_context)
        return


def resume_render(render_id: str, services: Services, task_context: TaskContext) -> None:
    """Resume a render.

    Raises:
        SkillError: as export_session.
    """
    context = task_context.context
    session = services.sessions.of_render(render_id)
    context.note_own(session_id=session.session_id if session else None, render_id=render_id)
    context.note(task_id=render_id)
    _end(render_id, wait_for(render_id, services, task_context), None, services, task_context)


def _end(
    render_id: str, status: Render, request: ExportRequest | None, services: Services, task_context: TaskContext
) -> None:
    """Save a completed render; `request` is None if another command began it.

    Raises:
        TaskFailed, UnusableResult, RateLimitError, DiskError.
    """
    context = task_context.context
    if status.condition != "completed":
        _forget(render_id, services, context)
        code = "render_cancelled" if status.condition == "cancelled" else "render_failed"
        context.note(status="failed")
        raise TaskFailed(code, render=render_id, reason=status.reason or MessageRef("no_words"), remedy="none")
    row = _save_render(render_id, status.url, services, task_context)
    kind = row["path"].rpartition(".")[2]
    context.note(
        applied={**context.result.applied, "format": kind, **({"quality": request.quality} if request else {})}
    )
    if request and kind != request.form:
        context.reporter.always("render_other_format", asked=request.form, found=row["media_type"])
    _forget(render_id, services, context)
    show_files(context.result.images, [*context.result.extra.get("videos", []), row], context)
    context.note(status="succeeded")


def _forget(render_id: str, services: Services, context: CommandContext) -> None:
    """Forget this render, which has ended, so that the next export begins a new one."""
    session = context.result.extra.get("session_id")
    if session:
        services.sessions.note(str(session), ended=[render_id])


def _save_render(render_id: str, url: str, services: Services, task_context: TaskContext) -> dict[str, Any]:
    """Download the file from its link, else from the service itself."""
    client = services.connection.client
    failed = 0 if url else LINK_TRIES
    mending = services.connection.mending()

    def fetch(file: BinaryIO, seconds: float, progress: Progress) -> None:
        nonlocal failed
        if failed < LINK_TRIES:
            try:
                client.downloads.download(url, file, seconds=seconds, max_bytes=MAX_RENDER, progress=progress)
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
        services.connection.once(lambda: client.download_render(render_id, file, seconds), mending)

    row = save_clip(fetch, task_context.output_dir / render_id, task_context.deadline, task_context.context)
    sizes = dict.fromkeys(("width", "height", "duration"))
    return {**row, "url": url or None, "render_id": render_id, **sizes}


MAX_RENDER = 4 << 30  # bytes
MAX_STILLS = 100  # of a session, which several messages may have filled


def _save_stills(
    session: str, request: ExportRequest, links: list[str], services: Services, task_context: TaskContext
) -> None:
    """Save the images of a session without converting them; report types other than the requested one."""
    context = task_context.context
    if not links:
        raise UnusableResult("nothing_to_export", session=session, remedy="none")
    name = re.sub(r"[^\w-]", "_", f"still-{session}", flags=re.ASCII)
    context.note_own(stills_id=name)
    target = task_context.output_dir / name
    images, failure = save_images(
        services.connection.client.downloads, links, target, task_context.deadline, context.reporter.always,
        max_images=MAX_STILLS,
    )  # fmt: skip
    _show_stills(images, request, context)
    if failure:
        raise failure
    context.note(status="succeeded")


def _show_stills(images: list[dict[str, Any]], request: ExportRequest, context: CommandContext) -> None:
    known = {row["path"] for row in context.result.images}
    context.note(images=[*context.result.images, *(row for row in images if row["path"] not in known)])
    types = sorted({row["media_type"] for row in images})
    context.note(
        applied={
            **context.result.applied,
            "format": [media_type.partition("/")[2] for media_type in types],
        }
    )
    if any(media_type != STILLS[request.form] for media_type in types):
        context.reporter.always("still_other_format", asked=request.form, found=", ".join(types))
