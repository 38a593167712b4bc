"""The wire format of the kettle: payloads out, tasks and refusals in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.errors import InvalidRequest, OutcomeUnknown, ReadError
from shared.http.refusals import http_refusal
from shared.i18n.catalog import sanitize_line
from shared.paid_request import Accepted
from shared.queue_poller import QueueTask

if TYPE_CHECKING:
    from shared.queue_poller import State
    from teapot.request import ImageRequest

CREATE_PATH, QUERY_PATH = "/cups", "/cups/"
STATES: dict[str, State] = {"warming": "running", "poured": "succeeded", "spilled": "failed"}


def create_body(request: ImageRequest) -> dict[str, Any]:
    """Return the JSON of a create."""
    return {"prompt": request.prompt, "cups": request.cups}


def created(status: int, document: Any) -> Accepted:
    """Read the answer to a create, or raise what it means: refused, or possibly accepted."""
    fields = document if isinstance(document, dict) else {}
    if status == 201 and fields.get("id"):
        return Accepted(str(fields["id"]))
    error = http_refusal(status, document)
    if not error and 400 <= status < 500:
        error = InvalidRequest("refused", http_status=status, status=status, words=fields.get("error", "-"))
    raise error or OutcomeUnknown("answer_unclear", http_status=status, status=status)


def task(status: int, document: Any) -> QueueTask:
    """Read the answer to a query; a ReadError may be repeated."""
    if status != 200 or not isinstance(document, dict):
        raise ReadError("read_failed", http_status=status, status=status, remedy="resume")
    word = sanitize_line(document.get("status"), 40)
    links = tuple(str(link) for link in document.get("images") or ())
    state = STATES.get(word, "running")
    return QueueTask(state, word, links, sanitize_line(document.get("error") or ""), known=word in STATES)
