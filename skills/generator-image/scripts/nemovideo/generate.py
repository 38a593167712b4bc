"""The use case: look up the journal, prepare a session, send the message once, hear, look, save, tell."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nemovideo.listening import LISTEN_SECONDS, listen, reminding
from nemovideo.outcome import LONGEST_TEXT, finish
from nemovideo.preparing import prepare, use_new_session
from nemovideo.request import MODEL
from shared.arguments import without_options
from shared.entry import Entry, fingerprint, prompt_record
from shared.errors import OutcomeUnknown, Refused, Rejected
from shared.estimates import likely_cost
from shared.journal.claim import TaskLease
from shared.spend import spend_once

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from nemovideo.hands import Hands
    from nemovideo.listening import Heard
    from nemovideo.request import MessageRequest
    from shared.entry import Charged, State
    from shared.errand import Errand
    from shared.http_stream import Stream
    from shared.journal.claim import Journal
    from shared.run import Run

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


def generate(request: MessageRequest, draft: Entry, hands: Hands, errand: Errand) -> None:
    """Send a message, paying for it at most once; the run's result tells what came of it.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    again: Collection[State] = SAID_AGAIN if request.mode == "say" else ()
    with (
        _claimed(
            hands.journal, lambda: hands.journal.claim(draft, errand.lock_wait, new=errand.new, again=again)
        ) as claim,
        errand.telling(claim),
    ):
        heard = None
        if claim.action == "create":
            with _beginning_anew(errand.run):
                prepare(request, claim.task, hands, errand)
                cost = likely_cost(hands.journal, draft, errand.run.catalogue)
                errand.run.reporter.say("message_summary", attachments=len(request.attachments), cost=cost)
                errand.run.ask()
                heard = _converse(request, claim, hands, errand)
        elif claim.action == "attach":
            _say_resumed(claim.task.entry, errand)
        finish(claim, heard, hands, errand)


def resume(identifier: str, imported: Entry, hands: Hands, errand: Errand) -> None:
    """Go on with a message by its local id or its session; sends nothing that costs.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    journal = hands.journal
    with (
        _claimed(journal, lambda: journal.resume(identifier, imported, errand.lock_wait)) as claim,
        errand.telling(claim),
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
def _beginning_anew(run: Run) -> Iterator[None]:
    """Name `generate` without a session as the next command of a message whose session is gone."""
    try:
        yield
    except Refused as error:
        if error.code == "session_gone":
            run.argv = ["generate", *without_options(run.argv[1:], ["--session"])]
            error.remedy = "again"
        raise


def _say_resumed(entry: Entry, errand: Errand) -> None:
    session = entry.extra.get("session_id") or entry.task_id
    errand.run.reporter.insist("resumed", local_id=entry.local_id, task_id=session)


def _converse(request: MessageRequest, claim: TaskLease, hands: Hands, errand: Errand) -> Heard | None:
    """Send the message and hear the answer; None when it may have been accepted and nothing came back.

    Raises:
        Rejected, NeverReached: it was not accepted.
    """
    task, run = claim.task, errand.run
    try:
        sent = _send(request, claim, hands, errand)
    except OutcomeUnknown as error:
        if error.http_status in REDIRECTS:
            task.save(extra={**task.entry.extra, "answered_elsewhere": True})
            run.reporter.insist("answer_redirected_reading", status=error.http_status)
        else:
            run.reporter.insist("answer_lost_reading")
        return None
    if errand.no_wait:
        sent.stream.close()
        return None
    run.result.status = "running"
    with reminding(run.reporter, errand.limits.clock):
        sent.stream.limit(min(errand.limits.left, LISTEN_SECONDS))
        heard = listen(sent.stream, errand.limits.clock)
    if not heard.whole:
        run.reporter.insist("stream_broke_reading")
    task.save(extra={**task.entry.extra, "heard": heard.whole, "text": heard.text[:LONGEST_TEXT]})
    return heard


def _send(request: MessageRequest, claim: TaskLease, hands: Hands, errand: Errand) -> Sent:
    """Send the message once; after a definite refusal that can be mended, once more.

    Mended are a refused anonymous token, a 429 (after its wait), and a session of our own that is gone.
    """
    connection, task, run = hands.connection, claim.task, errand.run
    mending, reopened = connection.mending(), False

    def send() -> Sent:
        session = str(task.entry.extra["session_id"])
        return Sent(session, connection.client.send(session, request.text))

    def announce(sent: Sent) -> None:
        run.result.task_id = sent.task_id
        run.reporter.insist("message_accepted", local_id=task.entry.local_id, session=sent.task_id)

    while True:
        try:
            connection.ready()
            return spend_once(task, send, sleep=errand.limits.sleep, on_accepted=announce, last=False)
        except Rejected as error:
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
