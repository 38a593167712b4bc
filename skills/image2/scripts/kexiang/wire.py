"""The wire format of kexiangai.com: payloads out, tasks and refusals in (facts: references/api-guide.md)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kexiang.request import OTHER_MODELS
from shared.errors import InvalidRequest, OutcomeUnknown, ReadError
from shared.http.envelopes import find_object, id_text, parsed
from shared.http.refusals import FIREWALL_STATUSES, SERVER_ERROR, error_of, http_refusal
from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef
from shared.paid_request import Accepted
from shared.queue_poller import QueueTask

if TYPE_CHECKING:
    from kexiang.request import ImageRequest
    from shared.http.refusals import Refusal
    from shared.queue_poller import State

CREATE_PATH = "/api/v1/user_task/asyncCreateWithCost"
QUERY_PATH = "/api/v1/user_task/get/passAuth/"
KEY_HEADER = "x-api-key"
COST_UNIT = "credits"

_STATES: dict[str, State] = {
    **dict.fromkeys(("pending", "running"), "running"),
    **dict.fromkeys(("success", "succeeded", "done", "completed"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "error", "canceled", "cancelled"), "failed"),
}
ID_NAMES = ("id", "task_id", "taskId")
OUTPUT_NAMES = (
    "imgUrls",
    "imgUrl",
    "images",
    "image_url",
    "url",
    "urls",
    "output",
    "outputs",
    "result",
    "results",
)
LINK = re.compile(r"https?://[^\s\"'<>\\\\)\]}]+")
MINOR = re.compile(r"thumb|cover|preview|avatar|logo|input|callback|webhook|source", re.IGNORECASE)
MAX_NODES, MAX_LINKS = 10_000, 1000
TASK_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
REQUEST_TIMEOUT = 408
DEFINITE = (401, 403, 451)
"""HTTP codes of a query that asking again does not change."""


@dataclass(frozen=True)
class Task(QueueTask):
    """The status of a task."""

    output: bool = False
    """Whether the answer has any output, readable or not."""
    document: object = None
    """The whole answer."""

    @property
    def is_complete(self) -> bool:
        """False for a task that is done and has no output yet."""
        return super().is_complete or self.output


def create_body(request: ImageRequest) -> dict[str, Any]:
    """Return the create's JSON: `cost_type` and `business_url` are fixed, the links are left out of text2img.

    The other models have no such constants and another name for the links, as a public client sends them.
    """
    user_input: dict[str, Any] = {
        "modelName": request.model,
        "modelType": request.mode,
        "prompt": request.prompt,
        **request.parameters,
    }
    is_other = request.model in OTHER_MODELS
    if request.mode == "img2img":
        user_input["image_urls" if is_other else "urls"] = list(request.urls)
    constants = {} if is_other else {"cost_type": 1, "business_url": "gpt-image2/img"}
    return {**constants, "user_input": user_input}


def created(status: int, document: Any, *, retry_after: float | None = None, is_page: bool = False) -> Accepted:
    """Read a create's answer; its id is a number and its cost a string, according to the documents.

    Raises:
        RequestRejected: definitely not accepted.
        OutcomeUnknown: a charge is possible; `given` is the value in place of the id.
    """
    inner = find_object(document, *ID_NAMES)
    candidates = [inner[name] for name in ID_NAMES if inner.get(name) is not None]
    task_id = next((text for value in candidates if (text := _task_id(value))), None)
    if task_id is None and isinstance(document, dict):
        task_id = _bare_id(document.get("data"))
    is_success = 200 <= status < 300  # noqa: PLR2004
    if task_id and is_success:
        return Accepted(task_id, _cost(inner.get("cost")))
    error = refusal(status, document, retry_after, is_page=is_page)
    if error:
        raise error
    code = "answer_without_id" if is_success else "answer_unclear"
    if is_page and status in FIREWALL_STATUSES:
        code = "answer_is_page"
    unusable_id = task_id or (candidates[0] if candidates else document)
    raise OutcomeUnknown(code, http_status=status, status=status, given=unusable_id)


def refusal(status: int, document: Any, retry_after: float | None, *, is_page: bool = False) -> Refusal | None:
    """Return the error of a create that was certainly not accepted, None if that is not certain.

    Certain are the codes and words of shared.http.refusals, and HTTP 4xx except 408; anything else (5xx,
    redirects) may have been accepted.
    """
    error = http_refusal(status, document, is_page=is_page, retry_after=retry_after)
    if error or not 400 <= status < SERVER_ERROR or status == REQUEST_TIMEOUT:  # noqa: PLR2004
        return error
    return InvalidRequest("refused", http_status=status, words=service_words(document), status=status)


def task(status: int, document: Any, retry_after: float | None, *, is_page: bool = False) -> Task:
    """Parse the answer to a query.

    Raises:
        AuthenticationError, InvalidRequest: 401, 403 or 451, in the service's own words.
        ReadError: `task_unknown_at_service` (404), `firewall_page`, or anything else that is not a task; the query
            may be repeated.
    """
    if is_page and status in FIREWALL_STATUSES:
        raise ReadError(
            "firewall_page", http_status=status, status=status, retry_after=retry_after, remedy="resume"
        )
    if status in DEFINITE:
        error = http_refusal(status, document)
        if error:
            error.remedy = "resume"
            raise error
    if status == 404:  # noqa: PLR2004
        raise ReadError("task_unknown_at_service", http_status=status, remedy="resume")
    inner = find_object(document, "task_status") or (document if isinstance(document, dict) else {})
    if status != 200 or "task_status" not in inner:  # noqa: PLR2004
        raise ReadError("read_failed", http_status=status, status=status, retry_after=retry_after, remedy="resume")
    word = sanitize_line(inner["task_status"], 40)
    state = _STATES.get(word.lower())
    output = parsed(inner.get("service_output"))
    return Task(
        state=state or "running",
        word=word,
        links=_links(output) or _links({name: inner.get(name) for name in OUTPUT_NAMES}),
        reason=_reason(output, inner),
        known=state is not None,
        output=_has_text(output),
        document=document,
    )


def service_words(document: Any) -> str:
    """Return the service's text about a refusal, as one harmless line."""
    return error_of(document)[1] or MessageRef("no_words")


def _task_id(value: Any) -> str | None:
    text = id_text(value)
    return text if TASK_ID.fullmatch(text) else None


def _cost(value: Any) -> dict[str, object] | None:
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        amount = None
    if amount is None or not math.isfinite(amount) or amount < 0:
        return None
    return {"amount": amount, "unit": COST_UNIT, "source": "charged"}


def _bare_id(value: Any) -> str | None:
    """Return an id that is an envelope's entire `data`: a number, or digits."""
    text = _task_id(value)
    return text if text and text.isdecimal() else None


def _has_text(output: Any) -> bool:
    """Return whether an output is or contains a text; one without, or truncated JSON, is queried again."""
    torn = isinstance(output, str) and output.lstrip().startswith(("{", "["))
    waiting = [] if torn else [output]
    for _ in range(MAX_NODES):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, str) and value:
            return True
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return True


def _documented(output: Any) -> tuple[str, ...]:
    """Return the full values under the documented names of links, so that a refused link is reported as such."""
    fields = output if isinstance(output, dict) else {}
    values = fields["imgUrls"] if isinstance(fields.get("imgUrls"), list) else [fields.get("imgUrl")]
    return tuple(dict.fromkeys(link for link in values if isinstance(link, str) and link))[:MAX_LINKS]


def _links(output: Any) -> tuple[str, ...]:
    """Return the links of the documented names, else every http(s) link anywhere in the output.

    Smaller versions of an image (thumbnails, covers) are left out if there are others.
    """
    documented = _documented(output)
    if any(link.startswith(("http://", "https://")) for link in documented):
        return documented
    main: dict[str, None] = {}
    minor: dict[str, None] = {}
    waiting: list[tuple[Any, bool]] = [(output, False)]
    for _ in range(MAX_NODES):
        if not waiting:
            break
        value, is_minor = waiting.pop(0)
        value = parsed(value)
        if isinstance(value, dict):
            waiting += [(item, is_minor or bool(MINOR.search(str(name)))) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, is_minor) for item in value]
        elif isinstance(value, str):
            (minor if is_minor else main).update(dict.fromkeys(LINK.findall(value)))
    return (tuple(main or minor)[:MAX_LINKS]) or documented


def _reason(output: Any, inner: dict[str, Any]) -> str:
    """Return the service's reason for a failed task, empty if there is none."""
    inside = output if isinstance(output, dict) else {}
    words = (inside.get("failReason"), *(inner.get(name) for name in ("failReason", "errorMessage", "msg")))
    return next((text for word in words if word and (text := sanitize_line(word))), "")
