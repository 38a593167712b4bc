"""Prepare a message before it is paid: its session, its uploads, and a snapshot of the session's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo.api.session_state import EMPTY, State
from nemovideo.message.report import warn
from nemovideo.message.track_changes import track_facts, wishes
from shared.errors import InvalidRequest, ReadError, SkillError
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from nemovideo.api.connection import Connection
    from nemovideo.api.wire import Balance
    from nemovideo.attachments import Attachment
    from nemovideo.request import MessageRequest
    from nemovideo.services import Services, TaskContext
    from shared.cli.context import CommandContext
    from shared.journal.submit import LockedTask

NOT_FOUND = 404


def prepare(request: MessageRequest, task: LockedTask, services: Services, task_context: TaskContext) -> None:
    """Open or reuse the session, upload the attachments, and record the state before the message in the journal.

    Raises:
        RequestRejected, ReadError, BadInput, DiskError: nothing was paid yet.
    """
    connection, context = services.connection, task_context.context
    if request.session:
        session = request.session
        services.sessions.note(session)
    else:
        _warn_of_waiting_uploads(services, context)
        session = open_session(services, context)
    _note(task, context, {"session_id": session})
    upload_all(request.attachments, session, services, context)
    before = read_state(connection, session)
    held = _balance(connection)
    facts: dict[str, Any] = {"digest": before.digest, "media": [item.key for item in before.generated]}
    facts["tracks"] = track_facts(before.draft)
    carried = services.sessions.waiting_uploads(session)
    services.sessions.note(session, carried=carried)
    held_facts = vars(held) if held else None
    _note(
        task, context, {"before": facts, "credits": held_facts, "wishes": wishes(request.text), "carries": carried}
    )


def use_new_session(
    request: MessageRequest, task: LockedTask, services: Services, task_context: TaskContext
) -> None:
    """Prepare again in a new session: the service does not know the one that was opened for this message."""
    task_context.context.reporter.always("session_reopened")
    prepare(request, task, services, task_context)


def open_session(services: Services, context: CommandContext) -> str:
    """Open a session and remember it; report only that we connect and are ready."""
    services.connection.greet()
    opened = services.connection.read(
        lambda seconds: services.connection.client.open_session(services.language, seconds)
    )
    services.sessions.note(opened.session_id, task_id=opened.task_id, language=services.language)
    context.note_own(session_id=opened.session_id)
    context.reporter.notify_user("ready")
    return opened.session_id


def upload_all(
    sources: tuple[Attachment | str, ...], session: str, services: Services, context: CommandContext
) -> list[dict[str, Any]]:
    """Upload files and addresses in their order; return the service's rows.

    Raises:
        Rejected, ReadError, BadInput.
    """
    rows: list[dict[str, Any]] = []
    for number, source in enumerate(sources, 1):
        name = source if isinstance(source, str) else source.filename
        rows += _upload(source, session, services.connection, context, f"{number}/{len(sources)}")
        context.reporter.info("uploaded", name=name, number=number, count=len(sources))
        services.sessions.note(session, uploads=[name.partition("?")[0]])
    return rows


def _upload(
    source: Attachment | str, session: str, connection: Connection, context: CommandContext, place: str
) -> list[dict[str, Any]]:
    client = connection.client
    if isinstance(source, str):
        url = source
        return connection.read(lambda seconds: client.upload_addresses(session, [url], seconds))
    file = source

    def tell(sent: int) -> None:
        share = f"{100 * min(sent, file.size) / max(file.size, 1):.0f}%"
        context.reporter.status("uploading", name=file.filename, place=place, share=share)

    return connection.read(lambda seconds: client.upload(session, file, tell, seconds))


def read_state(connection: Connection, session: str) -> State:
    """Read the state, with a few retries; a session in which nothing has happened may have none.

    Raises:
        Rejected, ReadError.
    """
    return connection.read(lambda seconds: state_or_none(connection, session, seconds))


def state_or_none(connection: Connection, session: str, seconds: float) -> State:
    """Read the state once; a plain 404 is the state of a session in which nothing has happened.

    Raises:
        Rejected, ReadError.
    """
    try:
        return connection.client.state(session, seconds)
    except InvalidRequest as error:
        if error.http_status == NOT_FOUND and error.code == "refused_by_code":
            return EMPTY
        raise


def _balance(connection: Connection) -> Balance | None:
    """Read the credits to compare them later; a failure does not stop the message."""
    try:
        return connection.read(connection.client.credits, tries=1)
    except (InvalidRequest, ReadError):
        return None
    except SkillError as error:
        if error.code.startswith("token_refused"):
            raise
        return None


def _warn_of_waiting_uploads(services: Services, context: CommandContext) -> None:
    """Warn if files wait in the newest session for a message, which a message in a new session does not carry."""
    newest = next(iter(services.sessions.newest_first()), None)
    if newest and newest.waiting:
        names = ", ".join(newest.waiting)
        warn(context, "uploads_elsewhere", names=sanitize_line(names), session=newest.session_id)


def _note(task: LockedTask, context: CommandContext, facts: dict[str, Any]) -> None:
    task.save(extra={**task.entry.extra, **facts})
    context.note_own(session_id=task.entry.extra["session_id"])
