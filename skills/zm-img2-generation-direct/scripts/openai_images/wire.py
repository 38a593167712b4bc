"""The words of the OpenAI-style images API: payloads out, pictures and refusals in (docs: references/api.md)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from openai_images.answer import LongText
from shared.errors import KeyRefused, OutcomeUnknown, OutOfCredits, RateLimited, Refused
from shared.messages import quoted
from shared.pictures import EXTENSIONS
from shared.texts import Said

if TYPE_CHECKING:
    from openai_images.request import ImageRequest, Mode
    from shared.errors import Rejected

PATHS: Final[dict[Mode, str]] = {"generation": "/images/generations", "edit": "/images/edits"}
MODELS_PATH = "/models"
IDEMPOTENCY_HEADER = "Idempotency-Key"
RETRYABLE = frozenset((408, 429, 500, 502, 503, 504))
OK, REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 408, 429, 500
CONTENT_CODES = frozenset(("moderation_blocked", "content_policy_violation", "content_filter", "safety_violation"))
MONEY_CODES = frozenset(
    ("insufficient_quota", "billing_hard_limit_reached", "insufficient_user_quota", "billing_not_active")
)


@dataclass(frozen=True)
class Delivered:
    """What an answer holds: the picture, in the spool or behind a link, and what was said with it."""

    picture: LongText | str | None
    url: str | None
    cost: dict[str, object] | None
    told: dict[str, Any] = field(default_factory=dict)
    """The answer without its pictures."""
    request_id: str | None = None


def generation_body(request: ImageRequest) -> dict[str, Any]:
    """Return the JSON of images/generations; `response_format` is not sent, GPT image models refuse it."""
    return {**_fields(request), "n": 1}


def edit_parts(request: ImageRequest) -> list[tuple[bytes, bytes | int]]:
    """Return the parts of the form of images/edits: the head of each, and its content or its reference's index."""
    parts: list[tuple[bytes, bytes | int]] = [
        (f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), text.encode())
        for name, text in {**_fields(request), "n": "1"}.items()
    ]
    for index, reference in enumerate(request.references):
        file = f"reference-{index + 1}{EXTENSIONS[reference.media_type]}"
        head = f'Content-Disposition: form-data; name="image[]"; filename="{file}"\r\n'
        parts.append((f"{head}Content-Type: {reference.media_type}\r\n\r\n".encode(), index))
    return parts


def _fields(request: ImageRequest) -> dict[str, str]:
    return {"model": request.model, "prompt": request.prompt, "size": request.size}


def delivered(status: int, document: Any, request_id: str | None) -> Delivered:
    """Read the answer of a call that succeeded.

    Raises:
        OutcomeUnknown: `answer_without_picture`; a charge is possible.
    """
    data = document.get("data") if isinstance(document, dict) else None
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    picture, url = first.get("b64_json"), first.get("url")
    picture = picture if isinstance(picture, LongText) or (isinstance(picture, str) and picture) else None
    if isinstance(url, LongText) or (isinstance(url, str) and url.startswith("data:")):
        picture, url = picture or url, None
    url = url if isinstance(url, str) and url else None
    if not isinstance(document, dict) or (picture is None and url is None):
        raise OutcomeUnknown(
            "answer_without_picture",
            http_status=status,
            provider_code=service_code(document) or None,
            request_id=request_id,
            words=service_words(document),
        )
    told = {name: value for name, value in document.items() if name != "data"}
    told["data"] = [_without_picture(row) for row in data or ()]
    return Delivered(picture, url, _cost(document.get("usage")), told, request_id)


def _without_picture(row: Any) -> Any:
    if not isinstance(row, dict):
        return None
    return {name: None if _is_picture(name, value) else value for name, value in row.items()}


def _is_picture(name: str, value: Any) -> bool:
    inline = isinstance(value, str) and value.startswith("data:")
    return name == "b64_json" or isinstance(value, LongText) or inline


def _cost(usage: Any) -> dict[str, object] | None:
    amount = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= sys.float_info.max:
        return None
    return {"amount": float(amount), "unit": "tokens", "source": "charged"}


def lists_models(document: Any) -> bool:
    """Tell whether this is the list of models, which a service keeps for those whose key it accepts."""
    return isinstance(document, dict) and isinstance(document.get("data"), list)


def refusal(status: int, document: Any, retry_after: float | None) -> Rejected | None:
    """Return the error of a call that was definitely not accepted, None when that is not certain.

    Certain are HTTP 4xx answers except 408; anything else may have been accepted and charged.
    """
    if not 400 <= status < SERVER_ERROR or status == REQUEST_TIMEOUT:  # noqa: PLR2004
        return None
    words, code = service_words(document), service_code(document)
    facts: dict[str, Any] = {
        "http_status": status,
        "provider_code": code or None,
        "words": words,
        "status": status,
    }
    if status == 402 or code in MONEY_CODES:  # noqa: PLR2004  - Payment Required
        return OutOfCredits("out_of_credits", **facts)
    if code in CONTENT_CODES:
        return Refused("content_refused", rule=code, **facts)
    if status in (401, 403):
        return KeyRefused("key_refused", **facts)
    if status == TOO_MANY_REQUESTS:
        wait = f"{retry_after:.0f} s" if retry_after is not None else Said("wait_unknown")
        return RateLimited("create_limited", retry_after=retry_after, wait=wait, **facts)
    return Refused("refused", **facts)


def service_words(document: Any) -> str:
    """Return what the service says instead of giving a picture, as one harmless line."""
    error = document.get("error") if isinstance(document, dict) else None
    for place, name in ((error, "message"), (document, "message"), (document, "error"), (document, "detail")):
        value = place.get(name) if isinstance(place, dict) else None
        words = quoted(value) if isinstance(value, str) else ""
        if words:
            return words
    if not document:
        return Said("no_words")
    return quoted(json.dumps(document, ensure_ascii=False, default=lambda _: None))  # a form that nobody knows


def service_code(document: Any) -> str:
    """Return the service's own name of an error, its `code` before its `type`; empty without one."""
    error = document.get("error") if isinstance(document, dict) else None
    for name in ("code", "type"):
        value = error.get(name) if isinstance(error, dict) else None
        if isinstance(value, str) and value:
            return quoted(value, 80)
    return ""
