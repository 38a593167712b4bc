"""From the options of the commands that only look or prepare to what they do; none of them costs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from nemovideo import __version__
from nemovideo.api import timeline, wire
from nemovideo.cli import routes
from nemovideo.cli.message_request import attachment
from nemovideo.config import NEW_SESSION, Service, platform
from nemovideo.request import LANGUAGE
from nemovideo.sessions import Sessions
from shared.cli.app import check_written_file
from shared.errors import BadInput
from shared.files import disk_errors
from shared.i18n.catalog import short_repr
from shared.i18n.messages import CommandText
from shared.journal.claim import Journal
from shared.openclaw.folders import expand_path
from shared.output.result_file import write_replaceable

if TYPE_CHECKING:
    from nemovideo.api.session_state import Media
    from shared.cli.app import Options
    from shared.cli.context import CommandContext


def connect(run: CommandContext, options: Options, given: dict[str, Any]) -> None:
    """Get a token where there is none, and open a session."""
    language = given["language"]
    if language is not None and not LANGUAGE.fullmatch(language):
        raise BadInput("language_invalid", flag="--language", got=short_repr(language))
    run.result.mode = "connect"
    service = Service(run, options, given)
    if options.dry_run:
        body = wire.session_body(language or run.catalog.language)
        service.show_plan({"method": "POST", "url": service.base_url + wire.SESSION_PATH, "body": body})
        return
    from nemovideo.message.prepare import open_session  # noqa: PLC0415  - with requests

    with service.hands(saves=False) as (hands, _errand):
        session = open_session(hands, run)
        task_id = hands.sessions.newest_first()[0].task_id
    facts = {"task": task_id, "session": session, "skill_name": run.skill.slug}
    facts |= {"skill_version": __version__, "skill_source": platform(run)}
    run.result.extra["link"] = f"{wire.SITE}/workspace/claim?{urlencode(facts)}"
    run.result.status = "succeeded"
    run.summary_lines.append(run.catalog.format("ready"))


def upload(run: CommandContext, options: Options, given: dict[str, Any]) -> None:
    """Put files and addresses into a session, a new one where none is remembered."""
    run.result.mode = "upload"
    sources = tuple(attachment("FILE", one) for one in given["sources"])
    run.result.input_images = [{"url": one} if isinstance(one, str) else one.row() for one in sources]
    service = Service(run, options, given)
    session = service.last_session()
    run.result.extra["session_id"] = session
    if options.dry_run:
        url = service.base_url + wire.UPLOAD_PATH + (session or NEW_SESSION)
        service.show_plan({"method": "POST", "url": url, "files": run.result.input_images})
        return
    from nemovideo.message.prepare import open_session, upload_all  # noqa: PLC0415

    with service.hands(saves=False) as (hands, _errand):
        session = session or open_session(hands, run)
        run.result.extra["uploads"] = upload_all(sources, session, hands, run)
    run.result.status = "succeeded"
    run.summary_lines.append(run.catalog.format("uploads_done", count=len(sources)))


def show_credits(run: CommandContext, options: Options, given: dict[str, Any]) -> None:
    """Show the balance."""
    run.result.mode = "credits"
    service = Service(run, options, given)
    if options.dry_run:
        service.show_plan({"method": "GET", "url": service.base_url + wire.CREDITS_PATH})
        return
    with service.hands(saves=False) as (hands, _errand):
        balance = hands.connection.read(hands.connection.client.credits)
    run.result.status = "succeeded"
    run.result.extra["credits"] = asdict(balance)
    facts = {name: "?" if value is None else f"{value:g}" for name, value in asdict(balance).items()}
    run.summary_lines.append(run.catalog.format("credits_line", **facts))


def state(run: CommandContext, options: Options, given: dict[str, Any]) -> None:
    """Show what a session holds, as a timeline for people."""
    run.result.mode = "state"
    path = None if given["draft_file"] is None else expand_path(given["draft_file"])
    if path is not None:
        check_written_file("--draft-file", str(path), timeline.is_draft, taken="draft_file_taken")
    service = Service(run, options, given)
    session = service.newest_session()
    run.result.extra["session_id"] = session
    if options.dry_run:
        service.show_plan({"method": "GET", "url": service.base_url + wire.STATE_PATH.format(session=session)})
        return
    from nemovideo.message.prepare import read_state  # noqa: PLC0415

    with service.hands(saves=False) as (hands, _errand):
        found = read_state(hands.connection, session)
    if path is not None:
        with disk_errors(path):
            write_replaceable(path, timeline.to_file(found.draft), timeline.is_draft)
    line = timeline.timeline(found.draft, run.catalog.format)
    run.result.status = "succeeded"
    run.result.extra |= {
        "timeline": line,
        "tracks": [track.row() for track in timeline.tracks(found.draft)],
        "ready_for_export": timeline.is_exportable(found.draft),
        "generated_media": [_row(one) for one in found.generated],
        "video_infos": [_row(one) for one in found.uploads],
    }
    counts = {"made": len(found.generated), "uploads": len(found.uploads)}
    run.summary_lines += [line, run.catalog.format("state_counts", **counts)]


def _row(media: Media) -> dict[str, Any]:
    return {name: value for name, value in asdict(media).items() if name != "place"}


def sessions(run: CommandContext, options: Options, given: dict[str, Any]) -> None:
    """List the remembered sessions with the messages that the journal holds for each."""
    run.result.mode = "sessions"
    service = Service(run, options, given)
    found = Sessions(service.states, service.base_url, service.account().name).newest_first()
    entries = Journal(run.skill.slug, service.states).history()[::-1]
    rows = []
    for session in found:
        messages = [
            {"local_id": entry.local_id, "state": entry.state, "start": entry.prompt.get("start", "")}
            for entry in entries
            if entry.extra.get("session_id") == session.session_id
        ]
        rows.append({**asdict(session), "messages": messages})
        facts = {"messages": len(messages), "uploads": len(session.uploads), "last": session.last_at}
        run.summary_lines.append(run.catalog.format("session_line", session=session.session_id, **facts))
    run.result.status = "succeeded"
    run.result.extra["sessions"] = rows
    if not rows:
        run.summary_lines.append(run.catalog.format("sessions_none"))


def route(run: CommandContext, words: str) -> None:
    """Tell which action the words mean, and the command that does it."""
    run.result.mode = "route"
    action = routes.route(words)
    more = ["generate", words] if action == "message" else [action]
    run.result.status = "succeeded"
    run.result.extra["action"] = action
    run.result.next_argv = [run.rerun()[0], run.launcher, *more]
    run.summary_lines.append(
        run.catalog.format("routed_line", action=CommandText(action), meaning=_meaning(action))
    )


def _meaning(action: routes.Action) -> str:
    from shared.i18n.messages import MessageRef  # noqa: PLC0415

    return MessageRef(f"route_{action}")
