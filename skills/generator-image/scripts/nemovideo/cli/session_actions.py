"""Run the free subcommands: connect, upload, credits, state, sessions and route."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from nemovideo import __version__
from nemovideo.api import timeline, wire
from nemovideo.cli import routes
from nemovideo.cli.message_request import attachment
from nemovideo.config import NEW_SESSION, Service, base_url, config_folder, own_token, platform
from nemovideo.request import LANGUAGE
from nemovideo.sessions import Sessions
from shared.cli.next_command import Invocation
from shared.errors import BadInput, SkillError
from shared.files import disk_errors
from shared.i18n.catalog import short_repr
from shared.i18n.messages import CommandText
from shared.journal.claim import Journal
from shared.openclaw.folders import expand_path, state_folders
from shared.output.result import NextCommand
from shared.output.result_file import check_written_file, write_replaceable

if TYPE_CHECKING:
    from nemovideo.api.session_state import Media
    from shared.cli.app import Options
    from shared.cli.context import CommandContext

MAX_LISTED = 200  # files of each kind, in the result


def connect(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Get a token if there is none, and open a session."""
    language = params["language"]
    if language is not None and not LANGUAGE.fullmatch(language):
        raise BadInput("language_invalid", flag="--language", got=short_repr(language))
    context.note(mode="connect")
    service = Service(context, options, params)
    if options.dry_run:
        body = wire.session_body(language or context.catalog.language)
        service.show_plan({"method": "POST", "url": service.base_url + wire.SESSION_PATH, "body": body})
        return
    from nemovideo.message.prepare import open_session  # noqa: PLC0415  - with requests

    with service.services(saves=False) as (services, _errand):
        session = open_session(services, context)
        task_id = services.sessions.newest_first()[0].task_id
    facts = {"task": task_id, "session": session, "skill_name": context.skill.slug}
    facts |= {"skill_version": __version__, "skill_source": platform(context)}
    context.note_own(link=f"{wire.SITE}/workspace/claim?{urlencode(facts)}")
    context.note(status="succeeded")
    context.summary_lines.append(context.catalog.format("ready"))


def upload(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Upload files and URLs into the last session, or a new one."""
    context.note(mode="upload")
    sources = tuple(attachment("FILE", source) for source in params["sources"])
    context.note(input_images=[{"url": source} if isinstance(source, str) else source.row() for source in sources])
    service = Service(context, options, params)
    session = service.last_session()
    context.note_own(session_id=session)
    if options.dry_run:
        url = service.base_url + wire.UPLOAD_PATH + (session or NEW_SESSION)
        service.show_plan({"method": "POST", "url": url, "files": context.result.input_images})
        return
    from nemovideo.message.prepare import open_session, upload_all  # noqa: PLC0415

    with service.services(saves=False) as (services, _errand):
        session = session or open_session(services, context)
        rows = upload_all(sources, session, services, context)
    carried = all(row["in_session"] for row in rows)
    context.note_own(session_id=session, uploads=rows)
    context.note_own(next_message={"command": "say", "session_id": session, "carries": carried})
    context.note(status="succeeded")
    context.summary_lines.append(context.catalog.format("uploads_done", count=len(sources)))
    message = "upload_carried" if carried else "upload_not_carried"
    context.summary_lines.append(context.catalog.format(message, session=session))


def show_credits(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Show the balance."""
    context.note(mode="credits")
    service = Service(context, options, params)
    if options.dry_run:
        service.show_plan({"method": "GET", "url": service.base_url + wire.CREDITS_PATH})
        return
    with service.services(saves=False) as (services, _errand):
        balance = services.connection.read(services.connection.client.credits)
    context.note(status="succeeded")
    context.note_own(credits=asdict(balance))
    facts = {name: "?" if value is None else f"{value:g}" for name, value in asdict(balance).items()}
    context.summary_lines.append(context.catalog.format("credits_line", **facts))


def state(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Show the state of a session, as a timeline for people."""
    context.note(mode="state")
    path = None if params["draft_file"] is None else expand_path(params["draft_file"])
    if path is not None:
        check_written_file("--draft-file", str(path), timeline.is_draft, taken="draft_file_taken")
    service = Service(context, options, params)
    session = service.newest_session()
    context.note_own(session_id=session)
    if options.dry_run:
        service.show_plan({"method": "GET", "url": service.base_url + wire.STATE_PATH.format(session=session)})
        return
    from nemovideo.message.prepare import read_state  # noqa: PLC0415

    with service.services(saves=False) as (services, _errand):
        session_state = read_state(services.connection, session)
    if path is not None:
        with disk_errors(path):
            write_replaceable(path, timeline.to_file(session_state.draft), timeline.is_draft)
    line = timeline.timeline(session_state.draft, context.catalog.format)
    context.note(status="succeeded")
    context.note_own(
        timeline=line,
        tracks=[track.row() for track in timeline.tracks(session_state.draft)],
        ready_for_export=timeline.is_exportable(session_state.draft),
        generated_media=[_row(media) for media in session_state.generated[-MAX_LISTED:]],
        video_infos=[_row(media) for media in session_state.uploads[-MAX_LISTED:]],
    )
    if max(len(session_state.generated), len(session_state.uploads)) > MAX_LISTED:
        context.reporter.always("media_over_limit", most=MAX_LISTED)
    counts = {"made": len(session_state.generated), "uploads": len(session_state.uploads)}
    context.summary_lines += [line, context.catalog.format("state_counts", **counts)]


def _row(media: Media) -> dict[str, Any]:
    return {name: value for name, value in asdict(media).items() if name != "place"}


def sessions(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """List the remembered sessions with their messages in the journal."""
    context.note(mode="sessions")
    service = Service(context, options, params)
    remembered = Sessions(service.states, service.base_url, service.account().name).newest_first()
    entries = Journal(context.skill.slug, service.states).history()[::-1]
    rows = []
    for session in remembered:
        messages = [
            {"local_id": entry.local_id, "state": entry.state, "start": entry.prompt.get("start", "")}
            for entry in entries
            if entry.extra.get("session_id") == session.session_id
        ]
        rows.append({**asdict(session), "messages": messages})
        facts = {"messages": len(messages), "uploads": len(session.uploads), "last": session.last_at}
        context.summary_lines.append(context.catalog.format("session_line", session=session.session_id, **facts))
    context.note(status="succeeded")
    context.note_own(sessions=rows)
    if not rows:
        context.summary_lines.append(context.catalog.format("sessions_none"))


def route(context: CommandContext, words: str) -> None:
    """Show the action for a user's sentence, and its command."""
    context.note(mode="route")
    action: str = routes.route(words)
    session = _running_session(context)
    options = {"--session": session} if session and action != "credits" else {}
    if action == "message":
        action = "say" if session else "message"
        subcommand = "say" if session else "generate"
        argv = Invocation(context.launcher, options, (words,), subcommand).to_argv()
        context.note(next_command=NextCommand(argv, "yes", needs_consent=True))
    elif action not in {"unknown", "upload"}:  # upload needs its file, and what is unclear no command
        argv = Invocation(context.launcher, options, subcommand=action).to_argv()
        context.note(next_command=NextCommand(argv))
    context.note(status="succeeded")
    context.note_own(action=action, session_id=session)
    context.summary_lines.append(
        context.catalog.format("routed_line", action=CommandText(action), meaning=_meaning(action))
    )
    if session:
        context.summary_lines.append(context.catalog.format("session_newest", session=session))


def _running_session(context: CommandContext) -> str | None:
    """Return the newest stored session; None if there is none, or if the settings are unclear."""
    from nemovideo.api.account import Account  # noqa: PLC0415

    with contextlib.suppress(SkillError):
        address = base_url({"base_url": None, "trusted": ()})
        account = Account(config_folder(), address, own_token(context)).name
        return next((item.session_id for item in Sessions(state_folders(), address, account).newest_first()), None)
    return None


def _meaning(action: str) -> str:
    from shared.i18n.messages import MessageRef  # noqa: PLC0415

    return MessageRef(f"route_{action}")
