"""The words of IMA's Open API: payloads out, envelopes and refusals in (facts: references/api-guide.md)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import (
    AuthenticationError,
    InvalidRequest,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimitError,
    ReadError,
    RequestRejected,
)
from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.pricing import Offer
    from ima_studio.request import TaskType
    from shared.journal.entry import Charged

HOST, UPLOAD_HOST = "api.imastudio.com", "imapi.liveme.com"
LIST_PATH, CREATE_PATH, DETAIL_PATH = "/open/v1/product/list", "/open/v1/tasks/create", "/open/v1/tasks/detail"
TOKEN_PATH = "/api/rest/oss/getuploadtoken"  # noqa: S105  - a path
COST_UNIT = "points"
KEY_PAGE = "https://www.imaclaw.ai/imaclaw/apikey"
POINTS_PAGE = "https://www.imaclaw.ai/imaclaw/subscription"
TASK_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}")

SUCCESS = (0, 200)
TOO_COMPLEX, PRICE_CHANGED, ATTRIBUTE_MISSING, ATTRIBUTE_WRONG = 500, 6006, 6009, 6010
"""The refusals of a create that may be followed by a corrected one: nothing was charged."""
NO_KEY, NO_POINTS, TIER_TOO_LOW = 401, 4008, 4014
TOO_MANY_REQUESTS = 429
UNDECIDED = frozenset((408, *range(501, 600)))
"""Codes that say that something went wrong on the way, and not that the create was refused."""

UPLOAD_APP, UPLOAD_APP_WORD = "webAgent", "32jdskjdk320eew"
"""How every client of IMA introduces itself for uploads: published by the vendor, the same for all, no secret."""


@dataclass(frozen=True)
class Created:
    """What the service gave out for a create."""

    task_id: str
    cost: dict[str, object] | None
    charged: Charged = "yes"


def headers(language: str) -> dict[str, str]:
    """Return the headers of the main API, besides the key and the User-Agent."""
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "x-app-source": "ima_skills",
        "x_app_language": language,
    }


def list_query(task_type: TaskType) -> dict[str, str]:
    """Return the query of the product list."""
    return {"app": "ima", "platform": "web", "category": task_type}


def create_body(task_type: TaskType, prompt: str, offer: Offer, links: Sequence[str]) -> dict[str, Any]:
    """Return the create's JSON; `credit` is the rule's points for one picture, whatever `n` is."""
    rule, product = offer.rule, offer.product
    inner: dict[str, Any] = {
        "prompt": prompt,
        **offer.parameters,
        "input_images": list(links),
        "cast": {"points": rule.points, "attribute_id": rule.attribute_id},
    }
    outer = {
        "attribute_id": rule.attribute_id,
        "model_id": product.model_id,
        "model_name": product.name,
        "model_version": product.version_id,
        "app": "ima",
        "platform": "web",
        "category": task_type,
        "credit": rule.points,
        "parameters": inner,
    }
    return {
        "task_type": task_type,
        "enable_multi_model": False,
        "src_img_url": list(links),
        "parameters": [outer],
    }


def quote(offer: Offer) -> dict[str, Any]:
    """Return the price of all pictures as the result's `cost`."""
    return {"amount": offer.points, "unit": COST_UNIT, "source": "quoted"}


def code_of(document: Any) -> int | None:
    """Return the envelope's code, None when this is no envelope: then nothing is known but the HTTP status."""
    code = document.get("code") if isinstance(document, dict) else None
    if isinstance(code, str) and re.fullmatch(r"\d{1,6}", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def created(status: int, document: Any, offer: Offer, retry_after: float | None) -> Created:
    """Read a create's answer; the envelope's code decides, not the HTTP status.

    Raises:
        RequestRejected: definitely refused; its `provider_code` is the envelope's code.
        OutcomeUnknown: no envelope, no id, or a code that leaves it open: a charge is possible.
    """
    code = code_of(document)
    if code is None:
        if status == TOO_MANY_REQUESTS:
            raise _limited(status, None, retry_after)
        raise OutcomeUnknown("answer_unclear", http_status=status, status=status)
    data = document.get("data")
    task_id = _task_id(data.get("id")) if isinstance(data, dict) else None
    if task_id and code in SUCCESS:
        return Created(task_id, quote(offer))
    if task_id or code in SUCCESS:
        given = data.get("id") if isinstance(data, dict) else None
        raise OutcomeUnknown("answer_without_id", http_status=status, given=given)
    if code in UNDECIDED:
        raise OutcomeUnknown("answer_unclear", http_status=status, status=code, provider_code=str(code))
    raise refusal(code, status, document, retry_after)


def refusal(code: int, status: int, document: Any, retry_after: float | None) -> RequestRejected:
    """Return the error that an envelope's code stands for."""
    facts: dict[str, Any] = {"http_status": status, "provider_code": str(code), "words": service_words(document)}
    if code == NO_KEY:
        return AuthenticationError("ima_key_refused", link=KEY_PAGE, **facts)
    if code == NO_POINTS:
        return QuotaExceeded("points_missing", link=POINTS_PAGE, **facts)
    if code == TIER_TOO_LOW:
        return QuotaExceeded("tier_too_low", link=POINTS_PAGE, **facts)
    if code == TOO_MANY_REQUESTS:
        return _limited(status, document, retry_after)
    known = {
        TOO_COMPLEX: "too_complex",
        PRICE_CHANGED: "price_changed",
        ATTRIBUTE_MISSING: "attribute_missing",
        ATTRIBUTE_WRONG: "attribute_wrong",
    }
    return InvalidRequest(known.get(code, "ima_refused"), code_=code, **facts)


def _limited(status: int, document: Any, retry_after: float | None) -> RateLimitError:
    wait = f"{retry_after:.0f} s" if retry_after is not None else MessageRef("wait_unknown")
    return RateLimitError(
        "create_limited",
        http_status=status,
        provider_code=str(TOO_MANY_REQUESTS) if document else None,
        retry_after=retry_after,
        wait=wait,
        words=service_words(document),
    )


def read_data(status: int, document: Any, retry_after: float | None) -> Any:
    """Return the `data` of an answer to a request that costs nothing.

    Raises:
        AuthenticationError, QuotaExceeded: what says so for a create too.
        ReadError: anything else that is no success; `provider_code` is the envelope's code, where there is one.
    """
    code = code_of(document)
    if code in SUCCESS:
        return document.get("data")
    if code in (NO_KEY, NO_POINTS, TIER_TOO_LOW):
        raise refusal(code, status, document, retry_after)
    if code is None:
        raise ReadError("read_failed", http_status=status, status=status, retry_after=retry_after)
    raise ReadError(
        "read_refused",
        http_status=status,
        provider_code=str(code),
        retry_after=retry_after,
        code_=code,
        words=service_words(document),
    )


def upload_form(key: str, media_type: str, timestamp: int, nonce: str) -> dict[str, str]:
    """Return the form that asks for a place to upload to; `privite` is the vendor's spelling."""
    text = "|".join((UPLOAD_APP, UPLOAD_APP_WORD, str(timestamp), nonce))
    return {
        "appUid": key,
        "cmimToken": key,
        "appId": UPLOAD_APP,
        "appKey": UPLOAD_APP_WORD,
        "sign": hashlib.sha1(text.encode()).hexdigest().upper(),  # noqa: S324  - the vendor's scheme
        "timestamp": str(timestamp),
        "nonce": nonce,
        "fService": "privite",
        "fType": "picture",
        "fSuffix": media_type.partition("/")[2],
        "fContentType": media_type,
    }


def upload_links(data: Any) -> tuple[str, str]:
    """Return where to put the bytes, and the address under which the service finds them.

    Raises:
        ReadError: they are not there.
    """
    links = [data.get(name) if isinstance(data, dict) else None for name in ("ful", "fdl")]
    put, get = (link if isinstance(link, str) else "" for link in links)
    if not put or not get:
        raise ReadError("upload_without_link")
    return put, get


def service_words(document: Any) -> str:
    """Return what the service says about a refusal, as one harmless line."""
    words = document.get("message") if isinstance(document, dict) else None
    return (sanitize_line(words) if isinstance(words, str) else "") or MessageRef("no_words")


def _task_id(value: Any) -> str | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if TASK_ID.fullmatch(text) else None
