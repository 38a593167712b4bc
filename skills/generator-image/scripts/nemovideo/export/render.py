"""Renders: begin one under an id that we choose, find it again after a kill, wait for it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nemovideo.api.render_status import Render
from nemovideo.api.session_state import without_signatures
from nemovideo.request import RENDER_START
from shared.errors import InvalidRequest, NotSentError, ReadError, RequestRejected
from shared.output.poll_reporter import PollReporter, ReminderInterval
from shared.paid_request import PAUSES
from shared.polling import PollSchedule, wait_for_task

if TYPE_CHECKING:
    from nemovideo.request import ExportRequest
    from nemovideo.services import Services, TaskContext

POLITE_INTERVAL = 10.0  # seconds; the vendor's reference
REMIND_EVERY, USUAL_SECONDS = 120.0, 90.0  # seconds; the seed promises 30 to 90
MAX_RENDER = 3600.0  # seconds; an older unfinished one is ignored
MAX_UNKNOWN = 3  # polls in a row at which the service does not know a render


@dataclass(frozen=True)
class Order:
    """What to render."""

    session: str
    draft: Any
    request: ExportRequest

    @property
    def digest(self) -> str:
        """A digest that distinguishes it from renders of another draft or format."""
        content = {"draft": without_signatures(self.draft), **vars(self.request)}
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def go_on(order: Order, services: Services, task_context: TaskContext) -> str | None:
    """Return the id of the same render if an earlier command began it and did not see its end."""
    connection = services.connection
    render_id = services.sessions.unfinished(order.session, order.digest)
    if render_id is None or time.time() - int(render_id.removeprefix(RENDER_START)) / 1000 > MAX_RENDER:
        return None
    try:
        status = connection.read(lambda seconds: connection.client.render(render_id, seconds))
    except (RequestRejected, ReadError):
        return None
    if status.condition not in ("running", "completed"):
        return None
    _tell(render_id, "render_goes_on", task_context)
    return render_id


def begin(order: Order, services: Services, task_context: TaskContext) -> str:
    """Begin a render; if the answer is lost, query it by its id, never begin it again.

    Raises:
        RequestRejected: among others `plan_without_export`.
        ReadError: the request never reached the service.
    """
    client, deadline = services.connection.client, task_context.deadline
    render_id = f"{RENDER_START}{time.time_ns() // 1_000_000}"
    services.sessions.note(order.session, renders={render_id: order.digest})
    _tell(render_id, "render_begins", task_context)
    mending = services.connection.mending()
    for pause in (*PAUSES, None):
        try:
            services.connection.once(
                lambda: client.begin_render(
                    render_id, order.session, order.draft, order.request, deadline.remaining
                ),
                mending,
            )
        except ReadError as error:
            if not isinstance(error.__cause__, NotSentError):
                break
            if pause is None:
                raise
            deadline.sleep(pause)
        else:
            break
    return render_id


def _tell(render_id: str, message: str, task_context: TaskContext) -> None:
    context = task_context.context
    context.note_own(render_id=render_id)
    if context.result.local_id is None:  # else the result is about the message that came before
        context.note(task_id=render_id, status="running")
    context.reporter.always(message, render=render_id)


def wait_for(render_id: str, services: Services, task_context: TaskContext) -> Render:
    """Return the last status of a render.

    Raises:
        StillRunning: `still_running`; it can be resumed by its id.
        RateLimitError.
    """
    connection = services.connection
    unknown = 0

    def look(seconds: float) -> Render:
        nonlocal unknown
        try:
            status = connection.poll(lambda: connection.client.render(render_id, seconds))
        except InvalidRequest as error:
            unknown += 1
            if unknown >= MAX_UNKNOWN:
                return Render("failed", "unknown", reason=str(error.facts.get("words", "")))
            raise ReadError("read_failed", status=error.http_status, http_status=error.http_status) from error
        unknown = 0
        return status

    context = task_context.context
    watcher = PollReporter(context.reporter, rhythm=ReminderInterval(REMIND_EVERY, USUAL_SECONDS))

    def update(elapsed: float, status: Render | ReadError | None) -> None:
        context.note(status="running")
        watcher.update(elapsed, status)

    return wait_for_task(
        look,
        schedule=PollSchedule(task_context.interval or POLITE_INTERVAL),
        deadline=task_context.deadline,
        on_update=update,
    )
