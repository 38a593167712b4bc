"""Everything before a message is paid for: its session, its attachments, and how the session is before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo.api.session_state import EMPTY, State
from shared.errors import InvalidRequest, ReadError, SkillError

if TYPE_CHECKING:
    from nemovideo.api.connection import Connection
    from nemovideo.api.wire import Balance
    from nemovideo.attachments import Attachment
    from nemovideo.request import MessageRequest
    from nemovideo.services import Hands
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.journal.submit import LockedTask

NOT_FOUND = 404


def prepare(request: MessageRequest, task: LockedTask, hands: Hands, errand: TaskContext) -> None:
    """Open or take the session, upload what is attached, and note in the journal how things are before.

    Raises:
        RequestRejected, ReadError, BadInput, DiskError: nothing was paid.
    """
    connection, run = hands.connection, errand.context
    if request.session:
        session = request.session
        hands.sessions.note(session)
    else:
        session = open_session(hands, run)
    _note(task, run, {"session_id": session})
    upload_all(request.attachments, session, hands, run)
    before = read_state(connection, session)
    held = _balance(connection)
    facts: dict[str, Any] = {"digest": before.digest, "media": [one.key for one in before.generated]}
    _note(task, run, {"before": facts, "credits": vars(held) if held else None})


def use_new_session(request: MessageRequest, task: LockedTask, hands: Hands, errand: TaskContext) -> None:
    """Do the same in another session: the service does not know the one that was opened for this message."""
    errand.context.reporter.always("session_reopened")
    prepare(request, task, hands, errand)


def open_session(hands: Hands, run: CommandContext) -> str:
    """Open a session and remember it; the person hears that we connect and are ready, no more."""
    hands.connection.greet()
    opened = hands.connection.read(lambda seconds: hands.connection.client.open_session(hands.language, seconds))
    hands.sessions.note(opened.session_id, task_id=opened.task_id, language=hands.language)
    run.result.extra["session_id"] = opened.session_id
    run.reporter.notify_user("ready")
    return opened.session_id


def upload_all(
    sources: tuple[Attachment | str, ...], session: str, hands: Hands, run: CommandContext
) -> list[dict[str, Any]]:
    """Upload files and addresses in their order; return the service's rows.

    Raises:
        Rejected, ReadError, BadInput.
    """
    rows: list[dict[str, Any]] = []
    for number, source in enumerate(sources, 1):
        name = source if isinstance(source, str) else source.filename
        rows += _upload(source, session, hands.connection, run, f"{number}/{len(sources)}")
        run.reporter.info("uploaded", name=name, number=number, count=len(sources))
        hands.sessions.note(session, uploads=[name.partition("?")[0]])
    return rows


def _upload(
    source: Attachment | str, session: str, connection: Connection, run: CommandContext, place: str
) -> list[dict[str, Any]]:
    client = connection.client
    if isinstance(source, str):
        url = source
        return connection.read(lambda seconds: client.upload_addresses(session, [url], seconds))
    file = source

    def tell(sent: int) -> None:
        share = f"{100 * min(sent, file.size) / max(file.size, 1):.0f}%"
        run.reporter.status("uploading", name=file.filename, place=place, share=share)

    return connection.read(lambda seconds: client.upload(session, file, tell, seconds))


def read_state(connection: Connection, session: str) -> State:
    """Read the state a few times at most; a session in which nothing has happened may have none.

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
    """Read the credits for the comparison afterwards; that nobody can tell them stops no message."""
    try:
        return connection.read(connection.client.credits, tries=1)
    except (InvalidRequest, ReadError):
        return None
    except SkillError as error:
        if error.code.startswith("token_refused"):
            raise
        return None


def _note(task: LockedTask, run: CommandContext, facts: dict[str, Any]) -> None:
    task.save(extra={**task.entry.extra, **facts})
    run.result.extra["session_id"] = task.entry.extra["session_id"]
