"""The use case: look up the journal, prepare a session, send the message once, hear, look, save, tell."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nemovideo.message.prepare import prepare, use_new_session
from nemovideo.message.results import LONGEST_TEXT, finish
from nemovideo.message.stream_result import LISTEN_SECONDS, listen, reminding
from nemovideo.request import MODEL
from shared.cli.next_command import without_options
from shared.errors import InvalidRequest, OutcomeUnknown, RequestRejected
from shared.journal.claim import TaskLease
from shared.journal.entry import Entry, fingerprint, prompt_record
from shared.journal.history import likely_cost
from shared.paid_request import submit_once

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from nemovideo.message.stream_result import Heard
    from nemovideo.request import MessageRequest
    from nemovideo.services import Hands
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.http.stream import Stream
    from shared.journal.claim import Journal
    from shared.journal.entry import Charged, State

SKILL = "generator-image"
REDIRECTS = range(300, 400)
SAID_AGAIN: frozenset[State] = frozenset(("succeeded", "failed"))
"""What `say` passes over: "make it louder", said twice, is two messages."""


@dataclass(frozen=True)
class Sent:
    """A message that the service has begun to answer; the session is all the id that it gives out."""

    task_id: str
    stream: Stream
    charged: Charged = "unknown"
    cost: dict[str, object] | None = None


def new_entry(request: MessageRequest, *, base_url: str, account: str, variant: str, folder: Path) -> Entry:
    """Return the journal's description of a message, without its text and token."""
    parameters = {"session": request.session} if request.session else {}
    requested = {"attachments": len(request.attachments)}
    return Entry(
        fingerprint=fingerprint(
            skill=SKILL,
            base_url=base_url,
            account=account,
            mode=request.mode,
            model=MODEL,
            prompt=request.text,
            parameters=parameters,
            references=request.references(),
            variant=variant,
        ),
        skill=SKILL,
        provider="nemovideo",
        mode=request.mode,
        model=MODEL,
        base_url=base_url,
        account=account,
        variant=variant,
        prompt=prompt_record(request.text),
        requested=requested,
        applied=requested,
        output_dir=str(folder),
    )


def generate(request: MessageRequest, draft: Entry, hands: Hands, errand: TaskContext) -> None:
    """Send a message, paying for it at most once; the run's result tells what came of it.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    again: Collection[State] = SAID_AGAIN if request.mode == "say" else ()
    with (
        _claimed(
            hands.journal, lambda: hands.journal.claim(draft, errand.lock_wait, new=errand.new, again=again)
        ) as claim,
        errand.reporting(claim),
    ):
        heard = None
        if claim.action == "create":
            with _beginning_anew(errand.context):
                prepare(request, claim.task, hands, errand)
                cost = likely_cost(hands.journal, draft, errand.context.catalog)
                errand.context.reporter.info("message_summary", attachments=len(request.attachments), cost=cost)
                errand.context.confirm_spend()
                heard = _converse(request, claim, hands, errand)
        elif claim.action == "attach":
            _say_resumed(claim.task.entry, errand)
        finish(claim, heard, hands, errand)


def resume(identifier: str, imported: Entry, hands: Hands, errand: TaskContext) -> None:
    """Go on with a message by its local id or its session; sends nothing that costs.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    journal = hands.journal
    with (
        _claimed(journal, lambda: journal.resume(identifier, imported, errand.lock_wait)) as claim,
        errand.reporting(claim),
    ):
        _say_resumed(claim.task.entry, errand)
        finish(claim, None, hands, errand)


def _claimed(journal: Journal, claim: Callable[[], TaskLease]) -> TaskLease:
    """TaskLease a message; one whose outcome is unknown is taken in hand too, because its session may tell.

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
def _beginning_anew(run: CommandContext) -> Iterator[None]:
    """Name `generate` without a session as the next command of a message whose session is gone."""
    try:
        yield
    except InvalidRequest as error:
        if error.code == "session_gone":
            run.argv = ["generate", *without_options(run.argv[1:], ["--session"])]
            error.remedy = "again"
        raise


def _say_resumed(entry: Entry, errand: TaskContext) -> None:
    session = entry.extra.get("session_id") or entry.task_id
    errand.context.reporter.always("resumed", local_id=entry.local_id, task_id=session)


def _converse(request: MessageRequest, claim: TaskLease, hands: Hands, errand: TaskContext) -> Heard | None:
    """Send the message and hear the answer; None when it may have been accepted and nothing came back.

    Raises:
        RequestRejected, NotSentError: it was not accepted.
    """
    task, run = claim.task, errand.context
    try:
        sent = _send(request, claim, hands, errand)
    except OutcomeUnknown as error:
        if error.http_status in REDIRECTS:
            task.save(extra={**task.entry.extra, "answered_elsewhere": True})
            run.reporter.always("answer_redirected_reading", status=error.http_status)
        else:
            run.reporter.always("answer_lost_reading")
        return None
    if errand.no_wait:
        sent.stream.close()
        return None
    run.result.status = "running"
    with reminding(run.reporter, errand.deadline.clock):
        sent.stream.limit(min(errand.deadline.remaining, LISTEN_SECONDS))
        heard = listen(sent.stream, errand.deadline.clock)
    if not heard.whole:
        run.reporter.always("stream_broke_reading")
    task.save(extra={**task.entry.extra, "heard": heard.whole, "text": heard.text[:LONGEST_TEXT]})
    return heard


def _send(request: MessageRequest, claim: TaskLease, hands: Hands, errand: TaskContext) -> Sent:
    """Send the message once; after a definite refusal that can be mended, once more.

    Mended are a refused anonymous token, a 429 (after its wait), and a session of our own that is gone.
    """
    connection, task, run = hands.connection, claim.task, errand.context
    mending, reopened = connection.mending(), False

    def send() -> Sent:
        session = str(task.entry.extra["session_id"])
        return Sent(session, connection.client.send(session, request.text))

    def announce(sent: Sent) -> None:
        run.result.task_id = sent.task_id
        run.reporter.always("message_accepted", local_id=task.entry.local_id, session=sent.task_id)

    while True:
        try:
            connection.ready()
            return submit_once(task, send, sleep=errand.deadline.sleep, on_accepted=announce, last=False)
        except RequestRejected as error:
            if error.code == "session_gone" and request.session is None and not reopened:
                reopened = True
                use_new_session(request, task, hands, errand)
            elif not mending.mended(error):
                raise connection.explained(error) from error


def requested_facts(request: MessageRequest) -> dict[str, Any]:
    """Return what the result shows as asked for."""
    export = request.export
    facts: dict[str, Any] = {"attachments": len(request.attachments), "session": request.session}
    return {**facts, **({"format": export.form, "quality": export.quality} if export else {})}
