"""The words of kexiangai.com: payloads out, tasks and refusals in (docs/wire facts: references/api-guide.md)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import (
    AuthenticationError,
    InvalidRequest,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimitError,
    ReadError,
)
from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from kexiang.request import ImageRequest
    from shared.journal.entry import Charged

CREATE_PATH = "/api/v1/user_task/asyncCreateWithCost"
QUERY_PATH = "/api/v1/user_task/get/passAuth/"
KEY_HEADER = "x-api-key"
COST_UNIT = "credits"

State = Literal["running", "succeeded", "failed"]
_STATES: dict[str, State] = {
    **dict.fromkeys(("pending", "running"), "running"),
    **dict.fromkeys(("success", "succeeded", "done", "completed"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "error", "canceled", "cancelled"), "failed"),
}
ENVELOPES = ("data", "result", "response", "task", "payload")
"""Names under which another public client of the service has the answer; a task's own `data` is none of them."""
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
MAX_ENVELOPES, MAX_NODES, MAX_LINKS = 6, 10_000, 1000
TASK_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
TOO_MANY_REQUESTS, REQUEST_TIMEOUT, SERVER_ERROR = 429, 408, 500
"""HTTP codes that the service uses for its limit and its troubles."""


@dataclass(frozen=True)
class Created:
    """What the service gave out for a create."""

    task_id: str
    cost: dict[str, object] | None
    charged: Charged = "yes"


@dataclass(frozen=True)
class Task:
    """One look at a task: `word` is the service's own status, `known` whether we know it."""

    state: State
    word: str
    links: tuple[str, ...] = ()
    reason: str = ""
    known: bool = True
    output: bool = False
    """Whether the service gave any output, readable or not."""
    document: object = None
    """The whole answer."""

    @property
    def ended(self) -> bool:
        """True when the service will not change the task any more."""
        return self.state != "running"


def create_body(request: ImageRequest) -> dict[str, Any]:
    """Return the create's JSON: `cost_type` and `business_url` are fixed, `urls` is left out of text2img."""
    user_input: dict[str, Any] = {
        "modelName": request.model,
        "modelType": request.mode,
        "prompt": request.prompt,
        "size": request.size,
    }
    if request.mode == "img2img":
        user_input["urls"] = list(request.urls)
    return {"cost_type": 1, "business_url": "gpt-image2/img", "user_input": user_input}


def created(status: int, document: Any) -> Created:
    """Read a create's answer; it has no envelope, its id is a number and its cost a string.

    Raises:
        OutcomeUnknown: `answer_without_id`: a charge is possible.
    """
    inner = _inside(document, *ID_NAMES)
    candidates = [inner[name] for name in ID_NAMES if name in inner]
    task_id = next((text for value in candidates if (text := _task_id(value))), None)
    if task_id is None and isinstance(document, dict):
        task_id = _bare_id(document.get("data"))
    if task_id is None:
        raise OutcomeUnknown(
            "answer_without_id", http_status=status, given=candidates[0] if candidates else document
        )
    return Created(task_id, _cost(inner.get("cost")))


def refusal(
    status: int, document: Any, retry_after: float | None
) -> AuthenticationError | QuotaExceeded | RateLimitError | InvalidRequest | None:
    """Return the error of a create that was definitely not accepted, None when that is not certain.

    Certain are HTTP 4xx answers except 408; anything else (5xx, redirects) may have been accepted.
    """
    words = service_words(document)
    if status in (401, 403):
        return AuthenticationError("key_refused", http_status=status, words=words, status=status)
    if status == 402:  # noqa: PLR2004  - Payment Required
        return QuotaExceeded("out_of_credits", http_status=status, words=words, status=status)
    if status == TOO_MANY_REQUESTS:
        wait = f"{retry_after:.0f} s" if retry_after is not None else MessageRef("wait_unknown")
        return RateLimitError(
            "create_limited", http_status=status, retry_after=retry_after, wait=wait, words=words, status=status
        )
    if 400 <= status < SERVER_ERROR and status != REQUEST_TIMEOUT:  # noqa: PLR2004
        return InvalidRequest("refused", http_status=status, words=words, status=status)
    return None


def task(status: int, document: Any, retry_after: float | None) -> Task:
    """Read a query's answer.

    Raises:
        AuthenticationError: 401 or 403.
        InvalidRequest: `task_unknown_at_service` (404).
        ReadError: anything else that is no task; the query may be repeated.
    """
    if status in (401, 403):
        raise AuthenticationError(
            "key_refused", http_status=status, words=service_words(document), status=status, remedy="resume"
        )
    if status == 404:  # noqa: PLR2004
        raise ReadError("task_unknown_at_service", http_status=status, remedy="resume")
    inner = _inside(document, "task_status") or (document if isinstance(document, dict) else {})
    if status != 200 or "task_status" not in inner:  # noqa: PLR2004
        raise ReadError("read_failed", http_status=status, status=status, retry_after=retry_after, remedy="resume")
    word = sanitize_line(inner["task_status"], 40)
    state = _STATES.get(word.lower())
    output = _parsed(inner.get("service_output"))
    return Task(
        state=state or "running",
        word=word,
        links=_links(output) or _links({name: inner.get(name) for name in OUTPUT_NAMES}),
        reason=_reason(output, inner),
        known=state is not None,
        output=bool(output),
        document=document,
    )


def service_words(document: Any) -> str:
    """Return what the service says about a refusal, as one harmless line."""
    if isinstance(document, dict):
        for name in ("message", "msg", "error", "detail"):
            words = sanitize_line(document[name]) if isinstance(document.get(name), str) else ""
            if words:
                return words
    return MessageRef("no_words")


def _task_id(value: Any) -> str | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if TASK_ID.fullmatch(text) else None


def _cost(value: Any) -> dict[str, object] | None:
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        amount = None
    if amount is None or not math.isfinite(amount) or amount < 0:
        return None
    return {"amount": amount, "unit": COST_UNIT, "source": "charged"}


def _parsed(value: Any) -> Any:
    """Return what JSON text holds, and anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _inside(document: Any, *names: str) -> dict[str, Any]:
    """Return the object that has one of these names: the answer itself, else the nearest one in its envelopes."""
    level = [_parsed(document)]
    for _ in range(MAX_ENVELOPES):
        objects = [value for value in level if isinstance(value, dict)]
        for value in objects:
            if any(value.get(name) is not None for name in names):
                return value
        level = [_parsed(value.get(name)) for value in objects for name in ENVELOPES]
        level = [item for value in level for item in (value[:1] if isinstance(value, list) else [value])]
    return {}


def _bare_id(value: Any) -> str | None:
    """Return an id that stands alone in an envelope's `data`: a number, or digits."""
    text = _task_id(value)
    return text if text and text.isdecimal() else None


def _links(output: Any) -> tuple[str, ...]:
    """Return the links of the documented names, else every http(s) link that stands anywhere in the output.

    Smaller versions of an image (thumbnails, covers) are left out where there are others.
    """
    if isinstance(output, dict):
        for documented in (output.get("imgUrls"), [output.get("imgUrl")]):
            links = (
                [link for link in documented if isinstance(link, str) and LINK.fullmatch(link)]
                if isinstance(documented, list)
                else []
            )
            if links:
                return tuple(dict.fromkeys(links))[:MAX_LINKS]
    main: dict[str, None] = {}
    minor: dict[str, None] = {}
    waiting: list[tuple[Any, bool]] = [(output, False)]
    for _ in range(MAX_NODES):
        if not waiting:
            break
        value, is_minor = waiting.pop(0)
        value = _parsed(value)
        if isinstance(value, dict):
            waiting += [(item, is_minor or bool(MINOR.search(str(name)))) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, is_minor) for item in value]
        elif isinstance(value, str):
            (minor if is_minor else main).update(dict.fromkeys(LINK.findall(value)))
    return tuple(main or minor)[:MAX_LINKS]


def _reason(output: Any, inner: dict[str, Any]) -> str:
    """Return why the service says that a task failed, empty when it does not."""
    inside = output if isinstance(output, dict) else {}
    words = (inside.get("failReason"), *(inner.get(name) for name in ("failReason", "errorMessage", "msg")))
    return next((text for word in words if word and (text := sanitize_line(word))), "")
