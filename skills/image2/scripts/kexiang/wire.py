"""The words of kexiangai.com: payloads out, tasks and refusals in (docs/wire facts: references/api-guide.md)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import KeyRefused, OutcomeUnknown, OutOfCredits, RateLimited, ReadFailed, Refused
from shared.messages import quoted
from shared.texts import Said

if TYPE_CHECKING:
    from kexiang.request import ImageRequest
    from shared.entry import Charged

CREATE_PATH = "/api/v1/user_task/asyncCreateWithCost"
QUERY_PATH = "/api/v1/user_task/get/passAuth/"
KEY_HEADER = "x-api-key"
COST_UNIT = "credits"

State = Literal["running", "succeeded", "failed"]
_STATES: dict[str, State] = {
    **dict.fromkeys(("pending", "running"), "running"),
    **dict.fromkeys(("success", "succeeded", "done", "completed"), "succeeded"),
    **dict.fromkeys(("failed", "error", "canceled", "cancelled"), "failed"),
}
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
    task_id = _task_id(document.get("id")) if isinstance(document, dict) else None
    if task_id is None:
        given = document.get("id") if isinstance(document, dict) else None
        raise OutcomeUnknown("answer_without_id", http_status=status, given=given)
    return Created(task_id, _cost(document.get("cost")))


def refusal(
    status: int, document: Any, retry_after: float | None
) -> KeyRefused | OutOfCredits | RateLimited | Refused | None:
    """Return the error of a create that was definitely not accepted, None when that is not certain.

    Certain are HTTP 4xx answers except 408; anything else (5xx, redirects) may have been accepted.
    """
    words = service_words(document)
    if status in (401, 403):
        return KeyRefused("key_refused", http_status=status, words=words, status=status)
    if status == 402:  # noqa: PLR2004  - Payment Required
        return OutOfCredits("out_of_credits", http_status=status, words=words, status=status)
    if status == TOO_MANY_REQUESTS:
        wait = f"{retry_after:.0f} s" if retry_after is not None else Said("wait_unknown")
        return RateLimited(
            "create_limited", http_status=status, retry_after=retry_after, wait=wait, words=words, status=status
        )
    if 400 <= status < SERVER_ERROR and status != REQUEST_TIMEOUT:  # noqa: PLR2004
        return Refused("refused", http_status=status, words=words, status=status)
    return None


def task(status: int, document: Any, retry_after: float | None) -> Task:
    """Read a query's answer.

    Raises:
        KeyRefused: 401 or 403.
        Refused: `task_unknown_at_service` (404).
        ReadFailed: anything else that is no task; the query may be repeated.
    """
    if status in (401, 403):
        raise KeyRefused(
            "key_refused", http_status=status, words=service_words(document), status=status, remedy="resume"
        )
    if status == 404:  # noqa: PLR2004
        raise ReadFailed("task_unknown_at_service", http_status=status, remedy="resume")
    if status != 200 or not isinstance(document, dict) or "task_status" not in document:  # noqa: PLR2004
        raise ReadFailed(
            "read_failed", http_status=status, status=status, retry_after=retry_after, remedy="resume"
        )
    word = quoted(document["task_status"], 40)
    state = _STATES.get(word.lower())
    output = _output(document.get("service_output"))
    return Task(
        state=state or "running",
        word=word,
        links=_links(output),
        reason=quoted(output.get("failReason") or ""),
        known=state is not None,
    )


def service_words(document: Any) -> str:
    """Return what the service says about a refusal, as one harmless line."""
    if isinstance(document, dict):
        for name in ("message", "msg", "error", "detail"):
            words = quoted(document[name]) if isinstance(document.get(name), str) else ""
            if words:
                return words
    return Said("no_words")


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


def _output(value: Any) -> dict[str, Any]:
    """Return `service_output`: an object, JSON text that holds one, or null."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _links(output: dict[str, Any]) -> tuple[str, ...]:
    many = output.get("imgUrls")
    found = many if isinstance(many, list) and many else [output.get("imgUrl")]
    return tuple(link for link in found if isinstance(link, str) and link)
