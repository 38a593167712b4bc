"""From the options of generate and say to a request, a client and the use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo.api import wire
from nemovideo.attachments import read_attachment
from nemovideo.config import NEW_SESSION, Service
from nemovideo.request import (
    MODEL,
    MOST_ATTACHMENTS,
    ExportRequest,
    MessageRequest,
    Mode,
    checked_address,
    export_request,
    identifier,
    is_address,
)
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput, SkillError
from shared.journal.entry import Entry, split_task_ref

if TYPE_CHECKING:
    from nemovideo.attachments import Attachment
    from nemovideo.services import Hands
    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext

DEFAULT_TIMEOUT = 1500.0  # seconds; the agent's shell kills a command after 1800


class Messenger:
    """One message: checked as a whole before anything is sent or written."""

    def __init__(self, run: CommandContext, options: Options, given: dict[str, Any]) -> None:
        self._run = run
        self._options = options
        self._given = given
        self._export = _export(given)
        self._service = Service(run, options, given, DEFAULT_TIMEOUT)
        run.result.extra |= {"session_id": None, "text": None, "changed": None, "videos": [], "actions": []}
        run.result.extra["timeline"] = None

    def generate(self) -> None:
        """Send the message in a session of its own, or go on with one."""
        if self._options.resume is not None:
            self._resume(self._options.resume)
        else:
            self._send("generate")

    def say(self) -> None:
        """Send the message in a session that is there."""
        if self._options.resume is not None:
            self._resume(self._options.resume)
        else:
            self._send("say")

    def _send(self, mode: Mode) -> None:
        request = self._request(mode)
        if self._options.dry_run:
            self._show_plan(request)
            return
        from nemovideo.message import provider  # noqa: PLC0415  - with requests, which costs more than all of the above

        with self._service.hands() as (hands, errand):
            draft = provider.new_entry(
                request,
                base_url=self._service.base_url,
                account=hands.connection.account.name,
                variant=self._options.variant,
                folder=self._service.folder,
            )
            self._run.result.requested = provider.requested_facts(request)
            provider.generate(request, draft, hands, errand)
            self._export_after(hands, errand)

    def _resume(self, named: str) -> None:
        session = identifier("--resume", split_task_ref(named)[1])
        if self._options.dry_run:
            self._service.show_plan({"resume": named})
            return
        from nemovideo.message import provider  # noqa: PLC0415

        with self._service.hands() as (hands, errand):
            account = hands.connection.account.name
            imported = Entry(
                "", "generator-image", "nemovideo", "", MODEL, base_url=self._service.base_url, account=account
            )
            imported.extra = {"session_id": session}
            provider.resume(named, imported, hands, errand)
            self._export_after(hands, errand)

    def _export_after(self, hands: Hands, errand: TaskContext) -> None:
        """Export the session, if that was asked for too and the message is done; it stays done whatever happens.

        Raises:
            SkillError: with the export alone as the next command.
        """
        run, wanted = self._run, self._export
        if wanted is None or run.result.status != "succeeded":
            return
        from nemovideo.export.export import export_session  # noqa: PLC0415

        session = str(run.result.extra["session_id"])
        try:
            export_session(session, wanted, None, hands, errand)
        except SkillError as error:
            flags = ["--session", session, "--format", wanted.form, "--quality", wanted.quality]
            run.argv = ["export", *flags, *run.resume_flags, *(["--json"] if run.json else [])]
            error.remedy = "again"
            raise

    def _request(self, mode: Mode) -> MessageRequest:
        given, options = self._given, self._options
        if sum(given[name] is not None for name in ("text", "prompt", "prompt_file")) > 1:
            raise BadInput("message_twice")
        text = given["text"] if given["text"] is not None else given["prompt"]
        message = read_prompt(text, given["prompt_file"])
        self._run.set_language(message, options.lang)
        attachments = tuple(attachment("--attach", one) for one in given["attachments"])
        if len(attachments) > MOST_ATTACHMENTS:
            raise BadInput("attachments_count", flag="--attach", most=MOST_ATTACHMENTS, got=len(attachments))
        session = None if given["session"] is None else identifier("--session", given["session"])
        if mode == "say" and session is None:
            session = self._service.newest_session()
        self._run.result.mode, self._run.result.model = mode, MODEL
        self._run.result.input_images = [
            {"url": one} if isinstance(one, str) else one.row() for one in attachments
        ]
        return MessageRequest(mode, message, attachments, session, self._export)

    def _show_plan(self, request: MessageRequest) -> None:
        session = request.session or NEW_SESSION
        plan = {"method": "POST", "url": self._service.base_url + wire.MESSAGE_PATH}
        body = wire.message_body(session, request.text)
        self._service.show_plan({**plan, "body": body, "attachments": self._run.result.input_images})


def attachment(flag: str, source: str) -> Attachment | str:
    """Return a checked file or address.

    Raises:
        BadInput.
    """
    return checked_address(flag, source) if is_address(source) else read_attachment(flag, source)


def _export(given: dict[str, Any]) -> ExportRequest | None:
    if given["exported"]:
        return export_request(given["form"], given["quality"])
    for flag, name in (("--format", "form"), ("--quality", "quality")):
        if given[name] is not None:
            raise BadInput("needs_export", flag=flag)
    return None
