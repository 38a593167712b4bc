"""Turn the options of export and cancel-export into a request and run it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nemovideo.api import wire
from nemovideo.config import Service
from nemovideo.request import export_request, identifier
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.openclaw.folders import expand_path

if TYPE_CHECKING:
    from shared.cli.app import Options
    from shared.cli.context import CommandContext

MAX_DRAFT = 16 << 20  # bytes


def export(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Export a session, or resume a render."""
    context.note(mode="export")
    context.note_own(session_id=None, render_id=None, videos=[])
    request = export_request(params["form"], params["quality"])
    draft = None if params["draft_file"] is None else _draft("--draft", params["draft_file"])
    service = Service(context, options, params)
    resumed = None if options.resume is None else identifier("--resume", options.resume)
    session = None if resumed else service.newest_session()
    context.note(requested={"format": request.form, "quality": request.quality})
    if options.dry_run:
        body = wire.render_body("render_<time>", session or "-", draft or "<of the session>", request)
        url = service.base_url + wire.RENDER_PATH
        plan = {"method": "POST", "url": url, "body": body}
        service.show_plan({"method": "GET", "url": f"{url}/{resumed}"} if resumed else plan)
        return
    from nemovideo.export.export import export_session, resume_render  # noqa: PLC0415  - with requests

    with service.services() as (services, task_context):
        if resumed:
            resume_render(resumed, services, task_context)
        else:
            export_session(str(session), request, draft, services, task_context)


def cancel(context: CommandContext, options: Options, params: dict[str, Any]) -> None:
    """Cancel a render."""
    context.note(mode="cancel-export")
    render_id = identifier("RENDER_ID", params["render_id"])
    service = Service(context, options, params)
    context.note_own(render_id=render_id)
    if options.dry_run:
        service.show_plan({"method": "POST", "url": f"{service.base_url}{wire.RENDER_PATH}/{render_id}/cancel"})
        return
    with service.services(saves=False) as (services, _errand):
        connection = services.connection
        connection.read(lambda seconds: connection.client.cancel_render(render_id, seconds))
    context.note(status="succeeded")
    context.summary_lines.append(context.catalog.format("render_is_cancelled", render=render_id))


def _draft(flag: str, argument: str) -> dict[str, Any]:
    try:
        path = expand_path(argument)
        if not path.is_file():  # a pipe would be waited for
            path.stat()
            raise ValueError  # noqa: TRY301
        with path.open("rb") as file:
            draft = json.loads(file.read(MAX_DRAFT + 1).decode("utf-8-sig"))
        json.dumps(draft, allow_nan=False)  # Python reads NaN and 1e999, which no other JSON has
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or MessageRef("no_draft")
        raise BadInput("draft_unusable", flag=flag, got=short_repr(argument), reason=reason) from error
    if not isinstance(draft, dict):
        raise BadInput("draft_unusable", flag=flag, got=short_repr(argument), reason=MessageRef("no_draft"))
    return draft
