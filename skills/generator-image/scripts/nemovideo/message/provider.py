"""Send a message: look up the journal, prepare a session, send once, read the stream, reconcile, save."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nemovideo.message.prepare import prepare, use_new_session
from nemovideo.message.report import MAX_TEXT
from nemovideo.message.results import finish
from nemovideo.message.stream_result import LISTEN_SECONDS, read_stream, reminding
from nemovideo.request import MODEL
from shared.errors import InvalidRequest, OutcomeUnknown, RequestRejected
from shared.journal.claim import TaskLease
from shared.journal.entry import entry_of_request
from shared.journal.history import likely_cost
from shared.paid_request import submit_once

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from nemovideo.message.stream_result import StreamResult
    from nemovideo.request import MessageRequest
    from nemovideo.services import Services, TaskContext
    from shared.cli.context import CommandContext
    from shared.http.stream import Stream
    from shared.journal.claim import Journal
    from shared.journal.entry import Charged, Entry, State

SKILL = "generator-image"
REDIRECTS = range(300, 400)
SAID_AGAIN: frozenset[State] = frozenset(("succeeded", "failed"))
"""Journal states that `say` ignores: "make it louder", said twice, is two messages."""


@dataclass(frozen=True)
class Sent:
    """A message that the service has begun to answer; its only id is the session."""

    task_id: str
    stream: Stream
    charged: Charged = "unknown"
    cost: dict[str, object] | None = None


def new_entry(request: MessageRequest, *, base_url: str, account: str, variant: str, folder: Path) -> Entry:
    """Return the journal entry of a message, without its text and token."""
    parameters = {"session": request.session} if request.session else {}
    requested = {"attachments": len(request.attachments)}
    return entry_of_request(
        skill=SKILL,
        provider="nemovideo",
        base_url=base_url,
        account=account,
        mode=request.mode,
        model=MODEL,
        prompt=request.text,
        parameters=parameters,
        references=request.references(),
        variant=variant,
        requested=requested,
        applied=requested,
        output_dir=str(folder),
    )


def generate(request: MessageRequest, draft: Entry, services: Services, task_context: TaskContext) -> None:
    """Send a message, paying for it at most once; the outcome is in the context's result.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    again: Collection[State] = SAID_AGAIN if request.mode == "say" else ()
    with (
        _claimed(
            services.journal,
            lambda: services.journal.claim(draft, task_context.lock_wait, new=task_context.new, again=again),
        ) as claim,
        task_context.reporting(claim),
    ):
        heard = None
        if claim.action == "create":
            with _beginning_anew(task_context.context):
                prepare(request, claim.task, services, task_context)
                cost = likely_cost(services.journal, draft, task_context.context.catalog)
                task_context.context.reporter.info(
                    "message_summary", attachments=len(request.attachments), cost=cost
                )
                task_context.context.confirm_spend(claim.task.entry, cost)
                heard = _converse(request, claim, services, task_context)
        elif claim.action == "attach":
            _say_resumed(claim.task.entry, task_context)
        finish(claim, heard, services, task_context)


def resume(identifier: str, imported: Entry, services: Services, task_context: TaskContext) -> None:
    """Resume a message by its local id or its session; sends nothing that costs.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    journal = services.journal
    with (
        _claimed(journal, lambda: journal.resume(identifier, imported, task_context.lock_wait)) as claim,
        task_context.reporting(claim),
    ):
        _say_resumed(claim.task.entry, task_context)
        finish(claim, None, services, task_context)


def _claimed(journal: Journal, claim: Callable[[], TaskLease]) -> TaskLease:
    """Lock the task of a message, also one with an unknown outcome, because its session may show the outcome.

    Raises:
        SkillError: as the journal's claim and resume.
    """
    try:
        return claim()
    except OutcomeUnknown as lost:
        reopened = journal.reopen(*lost.about) if lost.about else None
        if reopened is None:
            raise
        if not reopened.task.entry.extra.get("session_id"):
            reopened.task.release()
            raise
        return TaskLease("attach", reopened.task)


@contextlib.contextmanager
def _beginning_anew(context: CommandContext) -> Iterator[None]:
    """Set `generate` without a session as the next command if the message's session is gone."""
    try:
        yield
    except InvalidRequest as error:
        if error.code == "session_gone":
            if context.invocation:
                context.invocation = replace(context.invocation.without(["--session"]), subcommand="generate")
            error.remedy = "again"
        raise


def _say_resumed(entry: Entry, task_context: TaskContext) -> None:
    session = entry.extra.get("session_id") or entry.task_id
    task_context.context.reporter.always("resumed", local_id=entry.local_id, task_id=session)


def _converse(
    request: MessageRequest, claim: TaskLease, services: Services, task_context: TaskContext
) -> StreamResult | None:
    """Send the message and read the answer; return None if it may have been accepted and nothing came back.

    Raises:
        RequestRejected, NotSentError: the message was not accepted.
    """
    task, context = claim.task, task_context.context
    try:
        sent = _send(request, claim, services, task_context)
    except OutcomeUnknown as error:
        if error.http_status in REDIRECTS:
            task.save(extra={**task.entry.extra, "answered_elsewhere": True})
            context.reporter.always("answer_redirected_reading", status=error.http_status)
        else:
            context.reporter.always("answer_lost_reading")
        return None
    if task_context.no_wait:
        sent.stream.close()
        return None
    context.note(status="running")
    with reminding(context.reporter, task_context.deadline.clock):
        sent.stream.limit(min(task_context.deadline.remaining, LISTEN_SECONDS))
        heard = read_stream(sent.stream, task_context.deadline.clock)
    if not heard.whole:
        context.reporter.always("stream_broke_reading")
    task.save(extra={**task.entry.extra, "heard": heard.whole, "text": heard.text[:MAX_TEXT]})
    return heard


def _send(request: MessageRequest, claim: TaskLease, services: Services, task_context: TaskContext) -> Sent:
    """Send the message once, and once more after a certain refusal with a remedy.

    Remedies exist for a refused anonymous token, a 429 (after its wait), and a session of our own that is gone.
    """
    connection, task, context = services.connection, claim.task, task_context.context
    mending, reopened = connection.mending(), False

    def send() -> Sent:
        session = str(task.entry.extra["session_id"])
        return Sent(session, connection.client.send(session, request.text))

    def announce(sent: Sent) -> None:
        context.note(task_id=sent.task_id)
        context.reporter.always("message_accepted", local_id=task.entry.local_id, session=sent.task_id)

    while True:
        try:
            connection.ready()
            return submit_once(task, send, sleep=task_context.deadline.sleep, on_accepted=announce, last=False)
        except RequestRejected as error:
            if error.code == "session_gone" and request.session is None and not reopened:
                reopened = True
                use_new_session(request, task, services, task_context)
            elif not mending.mended(error):
                raise connection.explained(error) from error


def requested_facts(request: MessageRequest) -> dict[str, Any]:
    """Return the result's `requested`."""
    export = request.export
    facts: dict[str, Any] = {"attachments": len(request.attachments), "session": request.session}
    return {**facts, **({"format": export.form, "quality": export.quality} if export else {})}
