"""From a message that was sent to its end: what it changed, saved files, what it cost, the agent's words."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from nemovideo.api import timeline
from nemovideo.api.refusals import refusal
from nemovideo.media import save_media
from nemovideo.message.measure_cost import bill
from nemovideo.message.prepare import read_state, state_or_none
from nemovideo.message.reconcile import ELSEWHERE_SECONDS, WORK_SECONDS, Settled, ending_of, settle
from nemovideo.message.reply_rewriter import translate
from shared.errors import OutcomeUnknown, StillRunning, TaskFailed, UnusableResult
from shared.http.urls import without_query
from shared.i18n.messages import MessageRef
from shared.images.download import reuse_saved_images
from shared.output.summary import format_cost
from shared.security.keys import redact_keys
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nemovideo.api.agent_event import Utterance
    from nemovideo.api.session_state import Media, State
    from nemovideo.message.reconcile import Ending
    from nemovideo.message.stream_result import Heard
    from nemovideo.services import Hands
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import TaskLease
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask

LONGEST_TEXT = 4000  # characters of the answer that the journal keeps, so that a kill does not lose it


def finish(claim: TaskLease, heard: Heard | None, hands: Hands, errand: TaskContext) -> None:
    """Find out what came of a message, save what it made, and record its end.

    Raises:
        StillRunning: the time is up; the session can be looked at again, at no cost.
        OutcomeUnknown: `message_undecided`; its session is as before, and nobody knows whether it was accepted.
        TaskFailed, UnusableResult, RateLimitError, Rejected, DiskError.
    """
    task, run = claim.task, errand.context
    entry = task.entry
    run.result.extra["session_id"] = _session(entry)
    if claim.action == "return":
        _return(task, hands, errand)
        return
    if errand.no_wait and entry.state == "submitted":
        run.result.next_argv = run.resume()
        return
    if errand.no_wait and entry.state == "unknown":
        raise _undecided(entry)
    settled = _settle(task, heard, hands, errand)
    if entry.state == "unknown":  # what it changed proves that it was accepted
        task.mark_submitted(_session(entry), charged="unknown", cost=None)
    _tell(entry, settled.state, settled.changed, run)
    if entry.charged == "unknown":  # else a run before this one drew it up, when less had happened since
        task.save(**bill(entry, hands, changed=settled.changed))
    known = entry.extra.get("before", {}).get("media", [])
    _save(task, [one for one in settled.state.generated if one.key not in known], hands, errand)
    if heard and heard.trouble:
        _fail(task, heard.trouble, hands, changed=bool(settled.changed))
    task.finish("succeeded")
    if not run.result.images:  # else the summary of every skill says it
        cost = format_cost(entry.cost or run.result.cost, run.catalog)
        run.summary_lines.append(run.catalog.format("cost_line", cost=cost))


def _session(entry: Entry) -> str:
    return str(entry.extra.get("session_id") or entry.task_id)


def _settle(task: LockedTask, heard: Heard | None, hands: Hands, errand: TaskContext) -> Settled:
    entry, connection = task.entry, hands.connection
    session = _session(entry)
    age = (datetime.now(timezone.utc) - parse_time(entry.submitted_at or entry.created_at)).total_seconds()
    before = entry.extra.get("before", {}).get("digest")
    longest = ELSEWHERE_SECONDS if entry.extra.get("answered_elsewhere") else WORK_SECONDS
    ending = _ending(heard, entry)
    try:
        settled = settle(
            lambda seconds: connection.poll(lambda: state_or_none(connection, session, seconds)),
            before,
            ending,
            limits=errand.deadline,
            interval=errand.interval,
            patience=max(0.0, longest - age),
            run=errand.context,
        )
    except StillRunning:
        if entry.state == "unknown":
            raise _undecided(entry) from None
        raise
    if settled.changed is False and ending == "lost" and not (heard and heard.trouble):
        task.finish("unknown", error={"code": "message_undecided"})
        raise _undecided(entry)
    return settled


def _ending(heard: Heard | None, entry: Entry) -> Ending:
    if heard and heard.trouble:
        return "silent"  # the agent has stopped, whatever it said before
    if heard is None and entry.extra.get("heard"):  # by a process that is gone
        return "told" if entry.extra.get("text") else "silent"
    return ending_of(heard)


def _undecided(entry: Entry) -> OutcomeUnknown:
    since = entry.submitted_at or entry.created_at
    return OutcomeUnknown("message_undecided", local_id=entry.local_id, since=since, remedy="resume")


def _tell(entry: Entry, state: State | None, changed: bool | None, run: CommandContext) -> None:
    """Put what is for people into the result: the agent's words, what changed, the timeline."""
    say = run.catalog.format
    text, actions = translate(str(entry.extra.get("text") or "")[:LONGEST_TEXT], say)
    line = timeline.timeline(state.draft, say) if state and timeline.tracks(state.draft) else None
    run.result.extra |= {"text": text or None, "changed": changed, "actions": actions, "timeline": line}
    if text:
        run.summary_lines.append(text)
    if changed is not None:
        run.summary_lines.append(say("session_changed" if changed else "session_unchanged"))
    if line:
        run.summary_lines.append(line)


def _save(task: LockedTask, media: Sequence[Media], hands: Hands, errand: TaskContext) -> None:
    """Save everything that can be had; the entry and the result list it even when something cannot.

    Raises:
        UnusableResult, RateLimitError: the first that could not be saved.
    """
    run, entry = errand.context, task.entry
    target = errand.output_dir / entry.local_id
    images, videos, failure = save_media(hands.connection.client.downloads, media, target, errand.deadline, run)
    show_files(images, videos, run)
    task.save(
        images=[_unsigned(row) for row in images],
        extra={
            **entry.extra,
            "videos": [_unsigned(row) for row in videos],
            "made": [one.key for one in media],
            "changed": run.result.extra["changed"],
        },
    )
    if failure:
        raise failure


def show_files(images: list[dict[str, Any]], videos: list[dict[str, Any]], run: CommandContext) -> None:
    """Put saved files into the result."""
    run.result.images = images
    run.result.extra["videos"] = videos
    for row in videos:
        kilobytes = f"{row['bytes'] / 1000:.0f}"
        path, kind = row["path"], row["media_type"]
        run.summary_lines.append(run.catalog.format("clip_line", path=path, media_type=kind, kilobytes=kilobytes))


def _unsigned(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "url": redact_keys(without_query(row["url"]))}


def _return(task: LockedTask, hands: Hands, errand: TaskContext) -> None:
    """Return what was paid before; what is gone or altered is fetched again.

    Raises:
        UnusableResult: `pictures_gone`; the service does not give it any more.
    """
    entry, run = task.entry, errand.context
    run.result.reused = True
    changed = entry.extra.get("changed")
    rows = (entry.images, entry.extra.get("videos", []))
    images, videos = (reuse_saved_images(some, errand.output_dir) if some else [] for some in rows)
    if images is not None and videos is not None:
        _tell(entry, None, changed, run)
        show_files(images, videos, run)
        return
    state = read_state(hands.connection, _session(entry))
    made = [one for one in state.generated if one.key in entry.extra.get("made", [])]
    _tell(entry, state, changed, run)
    if len(made) < len(entry.extra.get("made", [])):
        raise UnusableResult("pictures_gone", task_id=_session(entry), remedy="new")
    _save(task, made, hands, errand)


def _fail(task: LockedTask, trouble: Utterance, hands: Hands, *, changed: bool) -> None:
    """End a message that the agent gave up, beside whatever it had done before.

    Raises:
        RequestRejected: the agent was refused by a code of the service's own, and nothing changed.
        TaskFailed, UnusableResult.
    """
    reason: object = trouble.text or MessageRef("no_words")
    told = {"code": "agent_trouble", "provider_code": trouble.code, "reason": trouble.text}
    task.finish("failed", error=told)
    if changed:
        saved = len(task.entry.images) + len(task.entry.extra.get("videos", []))
        raise UnusableResult("partly_done", reason=reason, saved=saved, remedy="new", provider_code=trouble.code)
    refused = refusal(200, {"code": trouble.code, "message": trouble.text}, None, certain=True)
    if refused:
        raise hands.connection.explained(refused)
    raise TaskFailed("agent_trouble", reason=reason, provider_code=trouble.code or None)
