"""Turn the options of generate and say into a request and run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo.api import wire
from nemovideo.attachments import read_attachment
from nemovideo.config import NEW_SESSION, Service
from nemovideo.request import (
    MAX_ATTACHMENTS,
    MODEL,
    ExportRequest,
    MessageRequest,
    Mode,
    checked_address,
    export_request,
    identifier,
    is_address,
)
from shared.cli.next_command import Invocation
from shared.cli.preview import show_preview
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput, SkillError, UnusableResult
from shared.journal.entry import Entry, split_task_ref
from shared.journal.reader import JournalReader
from shared.journal.states import PASSED_OVER_BY_NEW

if TYPE_CHECKING:
    from nemovideo.attachments import Attachment
    from nemovideo.services import Services, TaskContext
    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.cli.next_command import OptionValue

DEFAULT_TIMEOUT = 1500.0  # seconds; the agent's shell kills a command after 1800


class Messenger:
    """One message command: validated completely before anything is sent or written."""

    def __init__(self, context: CommandContext, options: Options, params: dict[str, Any]) -> None:
        self._context = context
        self._options = options
        self._given = params
        self._export = _export(params)
        self._service = Service(context, options, params, DEFAULT_TIMEOUT)
        context.note_own(session_id=None, text=None, changed=None, videos=[], actions=[])
        context.note_own(timeline=None, answer=None, changes=None, wishes=[], missing=[])
        context.note_own(carries=[])
        context.note_own(warnings=context.result.extra.get("warnings", []))

    def generate(self) -> None:
        """Send the message in a new session, or resume one."""
        if self._options.resume is not None:
            self._resume(self._options.resume)
        else:
            self._send("generate")

    def say(self) -> None:
        """Send the message in an existing session."""
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

        with self._service.services() as (services, task_context):
            draft = provider.new_entry(
                request,
                base_url=self._service.base_url,
                account=services.connection.account.name,
                variant=self._options.variant,
                folder=self._service.folder,
            )
            self._context.note(requested=provider.requested_facts(request))
            provider.generate(request, draft, services, task_context)
            self._export_after(services, task_context)

    def _resume(self, named: str) -> None:
        session = identifier("--resume", split_task_ref(named)[1])
        if self._options.dry_run:
            self._service.show_plan({"resume": named})
            return
        from nemovideo.message import provider  # noqa: PLC0415

        with self._service.services() as (services, task_context):
            account = services.connection.account.name
            imported = Entry(
                "", "generator-image", "nemovideo", "", MODEL, base_url=self._service.base_url, account=account
            )
            imported.extra = {"session_id": session}
            provider.resume(named, imported, services, task_context)
            self._export_after(services, task_context)

    def _export_after(self, services: Services, task_context: TaskContext) -> None:
        """Export the session if requested and the message is done; the message stays done if the export fails.

        Raises:
            UnusableResult: `wish_not_exported`; nothing requested was made, so nothing is rendered.
            SkillError: with the export alone as the next command.
        """
        context, wanted = self._context, self._export
        if wanted is None or context.result.status != "succeeded":
            return
        from nemovideo.export.export import export_session  # noqa: PLC0415
        from nemovideo.message.report import nothing_came  # noqa: PLC0415

        if nothing_came(context.result.extra):
            raise UnusableResult("wish_not_exported", session=context.result.extra["session_id"], remedy="none")
        session = str(context.result.extra["session_id"])
        try:
            export_session(session, wanted, None, services, task_context)
        except SkillError as error:
            export: dict[str, OptionValue] = {"--session": session, "--format": wanted.form}
            export |= {"--quality": wanted.quality, **context.resume_options, "--json": context.json}
            context.invocation, context.spends = Invocation(context.launcher, export, subcommand="export"), False
            error.remedy = "again"
            raise

    def _request(self, mode: Mode) -> MessageRequest:
        params, options = self._given, self._options
        if sum(params[name] is not None for name in ("text", "prompt", "prompt_file")) > 1:
            raise BadInput("message_twice")
        text = params["text"] if params["text"] is not None else params["prompt"]
        message = read_prompt(text, params["prompt_file"])
        self._context.set_language(message, options.lang)
        attachments = tuple(attachment("--attach", source) for source in params["attachments"])
        if len(attachments) > MAX_ATTACHMENTS:
            raise BadInput("attachments_count", flag="--attach", most=MAX_ATTACHMENTS, got=len(attachments))
        session = None if params["session"] is None else identifier("--session", params["session"])
        if mode == "say" and session is None:
            session = self._service.newest_session()
        self._context.note(mode=mode, model=MODEL)
        self._context.note(
            input_images=[{"url": source} if isinstance(source, str) else source.row() for source in attachments]
        )
        return MessageRequest(mode, message, attachments, session, self._export)

    def _show_plan(self, request: MessageRequest) -> None:
        from nemovideo.message.provider import SAID_AGAIN, new_entry  # noqa: PLC0415  - with requests

        service, options = self._service, self._options
        draft = new_entry(
            request,
            base_url=service.base_url,
            account=service.account().name,
            variant=options.variant,
            folder=service.folder,
        )
        passed_over = PASSED_OVER_BY_NEW if options.new else SAID_AGAIN if request.mode == "say" else frozenset()
        journal = JournalReader(self._context.skill.slug, service.states, access="read")
        show_preview(self._context, draft, journal, passed_over=passed_over)
        session = request.session or NEW_SESSION
        plan = {"method": "POST", "url": self._service.base_url + wire.MESSAGE_PATH}
        body = wire.message_body(session, request.text)
        self._service.show_plan({**plan, "body": body, "attachments": self._context.result.input_images})


def attachment(flag: str, source: str) -> Attachment | str:
    """Return a checked file or address.

    Raises:
        BadInput.
    """
    return checked_address(flag, source) if is_address(source) else read_attachment(flag, source)


def _export(params: dict[str, Any]) -> ExportRequest | None:
    if params["exported"]:
        return export_request(params["form"], params["quality"])
    for flag, name in (("--format", "form"), ("--quality", "quality")):
        if params[name] is not None:
            raise BadInput("needs_export", flag=flag)
    return None
