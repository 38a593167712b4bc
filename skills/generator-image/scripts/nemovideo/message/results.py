"""Complete a sent message: reconcile its outcome, save its files, measure its cost, show the agent's reply."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from nemovideo.api.refusals import refusal
from nemovideo.media import save_media
from nemovideo.message.measure_cost import measure_cost
from nemovideo.message.prepare import read_state, state_or_none
from nemovideo.message.reconcile import ELSEWHERE_SECONDS, WORK_SECONDS, Reconciled, ending_of, reconcile
from nemovideo.message.report import outcome, report
from shared.errors import OutcomeUnknown, StillRunning, TaskFailed, UnusableResult
from shared.http.urls import without_query
from shared.i18n.messages import MessageRef
from shared.images.download import reuse_saved_images
from shared.output.summary import format_cost
from shared.security.keys import redact_keys
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nemovideo.api.agent_event import AgentEvent
    from nemovideo.api.session_state import Media
    from nemovideo.message.reconcile import Ending
    from nemovideo.message.stream_result import StreamResult
    from nemovideo.services import Services, TaskContext
    from shared.cli.context import CommandContext
    from shared.journal.claim import TaskLease
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask


def finish(claim: TaskLease, heard: StreamResult | None, services: Services, task_context: TaskContext) -> None:
    """Determine the outcome of a message, save its files, and record its end.

    Raises:
        StillRunning: the time is up; the session can be polled again, at no cost.
        OutcomeUnknown: `message_undecided`; its session is unchanged, and whether it was accepted is unknown.
            TaskFailed, UnusableResult, RateLimitError, Rejected, DiskError.
    """
    task, context = claim.task, task_context.context
    entry = task.entry
    context.note_own(session_id=_session(entry))
    if claim.action == "return":
        _return(task, services, task_context)
        return
    if task_context.no_wait and entry.state == "submitted":
        context.note(next_command=context.resume())
        return
    if task_context.no_wait and entry.state == "unknown":
        raise _undecided(entry)
    settled = _settle(task, heard, services, task_context)
    if entry.state == "unknown":  # what it changed proves that it was accepted
        task.mark_submitted(_session(entry), charged="unknown", cost=None)
    if "outcome" not in entry.extra:  # a run before this one compared it, when less had happened since
        task.save(extra={**entry.extra, "outcome": outcome(entry, settled.state)})
    report(entry, settled.state, settled.changed, context)
    if entry.charged == "unknown":  # else a run before this one drew it up, when less had happened since
        task.save(**measure_cost(entry, services, changed=settled.changed))
    known = entry.extra.get("before", {}).get("media", [])
    _save(task, [item for item in settled.state.generated if item.key not in known], services, task_context)
    if heard and heard.trouble:
        _fail(task, heard.trouble, services, changed=bool(settled.changed))
    task.finish("succeeded")
    if not context.result.images:  # else the common summary shows it
        cost = format_cost(entry.cost or context.result.cost, context.catalog)
        context.summary_lines.append(context.catalog.format("cost_line", cost=cost))


def _session(entry: Entry) -> str:
    return str(entry.extra.get("session_id") or entry.task_id)


def _settle(
    task: LockedTask, heard: StreamResult | None, services: Services, task_context: TaskContext
) -> Reconciled:
    entry, connection = task.entry, services.connection
    session = _session(entry)
    age = (datetime.now(timezone.utc) - parse_time(entry.submitted_at or entry.created_at)).total_seconds()
    before = entry.extra.get("before", {}).get("digest")
    longest = ELSEWHERE_SECONDS if entry.extra.get("answered_elsewhere") else WORK_SECONDS
    ending = _ending(heard, entry)
    try:
        settled = reconcile(
            lambda seconds: connection.poll(lambda: state_or_none(connection, session, seconds)),
            before,
            ending,
            deadline=task_context.deadline,
            interval=task_context.interval,
            patience=max(0.0, longest - age),
            context=task_context.context,
        )
    except StillRunning:
        if entry.state == "unknown":
            raise _undecided(entry) from None
        raise
    if settled.changed is False and ending == "lost" and not (heard and heard.trouble):
        task.finish("unknown", error={"code": "message_undecided"})
        raise _undecided(entry)
    return settled


def _ending(heard: StreamResult | None, entry: Entry) -> Ending:
    if heard and heard.trouble:
        return "silent"  # the agent has stopped, whatever its text was
    if heard is None and entry.extra.get("heard"):  # by a process that is gone
        return "told" if entry.extra.get("text") else "silent"
    return ending_of(heard)


def _undecided(entry: Entry) -> OutcomeUnknown:
    since = entry.submitted_at or entry.created_at
    return OutcomeUnknown("message_undecided", local_id=entry.local_id, since=since, remedy="resume")


def _save(task: LockedTask, media: Sequence[Media], services: Services, task_context: TaskContext) -> None:
    """Save every file that can be downloaded; the entry and the result list them even if one fails.

    Raises:
        UnusableResult, RateLimitError: the first file that could not be saved.
    """
    context, entry = task_context.context, task.entry
    target = task_context.output_dir / entry.local_id
    images, videos, failure = save_media(
        services.connection.client.downloads, media, target, task_context.deadline, context
    )
    show_files(images, videos, context)
    task.save(
        images=[_unsigned(row) for row in images],
        extra={
            **entry.extra,
            "videos": [_unsigned(row) for row in videos],
            "made": [item.key for item in media],
            "changed": context.result.extra["changed"],
        },
    )
    if failure:
        raise failure


def show_files(images: list[dict[str, Any]], videos: list[dict[str, Any]], context: CommandContext) -> None:
    """Put saved files into the result."""
    context.note(images=images)
    context.note_own(videos=videos)
    for row in videos:
        kilobytes = f"{row['bytes'] / 1000:.0f}"
        path, kind = row["path"], row["media_type"]
        context.summary_lines.append(
            context.catalog.format("clip_line", path=path, media_type=kind, kilobytes=kilobytes)
        )


def _unsigned(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "url": redact_keys(without_query(row["url"]))}


def _return(task: LockedTask, services: Services, task_context: TaskContext) -> None:
    """Return the files of a paid message; missing or changed ones are downloaded again.

    Raises:
        UnusableResult: `pictures_gone`; the service no longer returns them.
    """
    entry, context = task.entry, task_context.context
    context.note(reused=True)
    changed = entry.extra.get("changed")
    rows = (entry.images, entry.extra.get("videos", []))
    images, videos = (reuse_saved_images(some, task_context.output_dir) if some else [] for some in rows)
    if images is not None and videos is not None:
        report(entry, None, changed, context)
        show_files(images, videos, context)
        return
    state = read_state(services.connection, _session(entry))
    made = [item for item in state.generated if item.key in entry.extra.get("made", [])]
    report(entry, state, changed, context)
    if len(made) < len(entry.extra.get("made", [])):
        raise UnusableResult("pictures_gone", task_id=_session(entry), remedy="new")
    _save(task, made, services, task_context)


def _fail(task: LockedTask, error: AgentEvent, services: Services, *, changed: bool) -> None:
    """End a message that the agent gave up; save the files that it made before.

    Raises:
        RequestRejected: the service refused it with one of its codes, and nothing changed. TaskFailed,
            UnusableResult.
    """
    reason: object = error.text or MessageRef("no_words")
    record = {"code": "agent_trouble", "provider_code": error.code, "reason": error.text}
    task.finish("failed", error=record)
    if changed:
        saved = len(task.entry.images) + len(task.entry.extra.get("videos", []))
        raise UnusableResult("partly_done", reason=reason, saved=saved, remedy="new", provider_code=error.code)
    refused = refusal(200, {"code": error.code, "message": error.text}, None, certain=True)
    if refused:
        raise services.connection.explained(refused)
    raise TaskFailed("agent_trouble", reason=reason, provider_code=error.code or None)
