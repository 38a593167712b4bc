"""The use case of an export, which is free: a render under an id of ours is begun, waited for, saved."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from nemovideo.draft import is_exportable
from nemovideo.outcome import show_files
from nemovideo.preparing import read_state
from nemovideo.renders import Render
from nemovideo.request import RENDER_START, STILLS
from nemovideo.saving import save_clip
from shared.errors import NeverReached, RateLimited, ReadFailed, Refused, TaskFailed, UnusableResult
from shared.images import save_pictures
from shared.polling import Schedule, wait_for_task
from shared.spend import PAUSES
from shared.texts import Said
from shared.watcher import Rhythm, Watcher

if TYPE_CHECKING:
    from typing import BinaryIO

    from nemovideo.hands import Hands
    from nemovideo.request import ExportRequest
    from shared.errand import Errand
    from shared.http_download import Progress
    from shared.run import Run

POLITE_INTERVAL = 10.0  # seconds; the vendor's reference
REMIND_EVERY, USUAL_SECONDS = 120.0, 90.0  # seconds; the seed promises 30 to 90
MOST_UNKNOWN = 3  # looks in a row at which the service does not know a render
LINK_TRIES = 2  # before the service itself is asked for the file


def export_session(session: str, request: ExportRequest, draft: Any, hands: Hands, errand: Errand) -> None:
    """Save a session as a file; `draft` is another one than the session's own, or None.

    Raises:
        UnusableResult: `nothing_to_export`, or the file cannot be had.
        TaskFailed: the render failed twice, or was cancelled.
        NotFinished: `still_running`; it can be resumed by its id.
        Rejected, ReadFailed, DiskError.
    """
    run = errand.run
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
    for last in (False, True):
        render_id = _begin(session, draft, request, hands, errand)
        if errand.no_wait:
            run.result.status = "submitted"
            run.result.next_argv = run.resume()
            return
        seen = _wait(render_id, hands, errand)
        if seen.condition == "failed" and not last:
            run.reporter.insist("render_again", reason=seen.reason or Said("no_words"))
            continue
        _end(render_id, seen, request.quality, hands, errand)
        return


def resume_render(render_id: str, hands: Hands, errand: Errand) -> None:
    """Go on with a render that was begun before.

    Raises:
        SkillError: as export_session.
    """
    run = errand.run
    session = hands.sessions.of_render(render_id)
    run.result.extra |= {"session_id": session.session_id if session else None, "render_id": render_id}
    run.result.task_id = render_id
    _end(render_id, _wait(render_id, hands, errand), None, hands, errand)


def _begin(session: str, draft: Any, request: ExportRequest, hands: Hands, errand: Errand) -> str:
    """Begin a render; an answer that is lost is looked for under its id, never asked for again."""
    connection, run = hands.connection, errand.run
    render_id = f"{RENDER_START}{time.time_ns() // 1_000_000}"
    hands.sessions.note(session, renders=[render_id])
    run.result.extra["render_id"] = render_id
    if run.result.local_id is None:  # else the result is about the message that came before
        run.result.task_id, run.result.status = render_id, "running"
    run.reporter.insist("render_begins", render=render_id)
    for pause in (*PAUSES, None):
        try:
            connection.once(
                lambda: connection.client.begin_render(render_id, session, draft, request, errand.limits.left)
            )
        except ReadFailed as error:
            if not isinstance(error.__cause__, NeverReached):
                break
            if pause is None:
                raise
            errand.limits.sleep(pause)
        else:
            break
    return render_id


def _wait(render_id: str, hands: Hands, errand: Errand) -> Render:
    connection = hands.connection
    unknown = 0

    def look(seconds: float) -> Render:
        nonlocal unknown
        try:
            seen = connection.once(lambda: connection.client.render(render_id, seconds))
        except RateLimited as error:
            raise ReadFailed("read_failed", status=429, http_status=429, retry_after=error.retry_after) from error
        except Refused as error:
            unknown += 1
            if unknown >= MOST_UNKNOWN:
                return Render("failed", "unknown", reason=str(error.facts.get("words", "")))
            raise ReadFailed("read_failed", status=error.http_status, http_status=error.http_status) from error
        unknown = 0
        return seen

    return wait_for_task(
        look,
        schedule=Schedule(errand.interval or POLITE_INTERVAL),
        limits=errand.limits,
        on_update=Watcher(errand.run, [], rhythm=Rhythm(REMIND_EVERY, USUAL_SECONDS)).update,
    )


def _end(render_id: str, seen: Render, quality: str | None, hands: Hands, errand: Errand) -> None:
    """Save a render that completed.

    Raises:
        TaskFailed, UnusableResult, RateLimited, DiskError.
    """
    run = errand.run
    if seen.condition != "completed":
        code = "render_cancelled" if seen.condition == "cancelled" else "render_failed"
        run.result.status = "failed"
        raise TaskFailed(code, render=render_id, reason=seen.reason or Said("no_words"), remedy="none")
    row = _save_render(render_id, seen.url, hands, errand)
    kind = row["path"].rpartition(".")[2]
    run.result.applied = {**run.result.applied, "format": kind, **({"quality": quality} if quality else {})}
    show_files(run.result.images, [*run.result.extra.get("videos", []), row], run)
    run.result.status = "succeeded"


def _save_render(render_id: str, url: str, hands: Hands, errand: Errand) -> dict[str, Any]:
    """Save the file: from its link, else from the service itself."""
    client = hands.connection.client
    failed = 0 if url else LINK_TRIES

    def fetch(file: BinaryIO, seconds: float, progress: Progress) -> None:
        nonlocal failed
        if failed < LINK_TRIES:
            try:
                client.downloads.download(url, file, seconds=seconds, largest=LARGEST_RENDER, progress=progress)
            except ReadFailed:
                failed += 1
                raise
            except UnusableResult:
                failed = LINK_TRIES
            else:
                return
        progress.etag = ""
        file.seek(0)
        file.truncate()
        client.download_render(render_id, file, seconds)

    row = save_clip(fetch, errand.folder / render_id, errand.limits, errand.run)
    sizes = dict.fromkeys(("width", "height", "duration"))
    return {**row, "url": url or None, "render_id": render_id, **sizes}


LARGEST_RENDER = 4 << 30  # bytes


def _save_stills(session: str, request: ExportRequest, links: list[str], hands: Hands, errand: Errand) -> None:
    """Save the pictures of a session as they are: nothing converts them, and another type is said so."""
    run = errand.run
    if not links:
        raise UnusableResult("nothing_to_export", session=session, remedy="none")
    target = errand.folder / re.sub(r"[^\w-]", "_", f"still-{session}", flags=re.ASCII)
    images, failure = save_pictures(hands.connection.client.downloads, links, target, errand.limits)
    _show_stills(images, request, run)
    if failure:
        raise failure
    run.result.status = "succeeded"


def _show_stills(images: list[dict[str, Any]], request: ExportRequest, run: Run) -> None:
    known = {row["path"] for row in run.result.images}
    run.result.images = [*run.result.images, *(row for row in images if row["path"] not in known)]
    types = sorted({row["media_type"] for row in images})
    run.result.applied = {**run.result.applied, "format": [one.partition("/")[2] for one in types]}
    if any(one != STILLS[request.form] for one in types):
        run.reporter.insist("still_other_format", asked=request.form, found=", ".join(types))
