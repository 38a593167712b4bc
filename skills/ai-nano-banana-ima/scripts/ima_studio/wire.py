"""The wire format of IMA's Open API: payloads out, envelopes and refusals in (facts: references/api-guide.md)."""

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
from shared.http.envelopes import find_object, id_text
from shared.http.refusals import FIREWALL_STATUSES, http_refusal
from shared.i18n.catalog import duration, sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.pricing import Offer
    from ima_studio.request import TaskType
    from shared.http.refusals import Refusal
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
"""Codes for an internal failure, which do not prove that the create was refused."""

DEFINITE = (401, 403, 451)
"""HTTP codes of a free request that asking again does not change."""
ID_NAMES = ("id", "task_id", "taskId")
"""The documented name of a task's id, and those of the other endpoints and of gateways."""

UPLOAD_APP, UPLOAD_APP_WORD = "webAgent", "32jdskjdk320eew"
"""The upload credentials of every IMA client: published by the vendor, the same for all, not a secret."""


@dataclass(frozen=True)
class Created:
    """The service's answer to a create."""

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
    """Return the create's JSON; `credit` is the rule's points for one image, regardless of `n`."""
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
    """Return the price of all images as the result's `cost`."""
    return {"amount": offer.points, "unit": COST_UNIT, "source": "quoted"}


def code_of(document: Any) -> int | None:
    """Return the envelope's code; None if this is not an envelope, so that only the HTTP status is known."""
    code = document.get("code") if isinstance(document, dict) else None
    if isinstance(code, str) and re.fullmatch(r"\d{1,6}", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def created(
    status: int, document: Any, offer: Offer, retry_after: float | None, *, is_page: bool = False
) -> Created:
    """Read a create's answer; the envelope's code decides, and the HTTP status only where there is none.

    Raises:
        RequestRejected: definitely refused; its `provider_code` is the envelope's code.
        OutcomeUnknown: no envelope, no id, or an inconclusive code: a charge is possible. `given` is the
            value in place of the id.
    """
    envelope = find_object(document, "code")
    code = code_of(envelope)
    data = document if code is None else envelope.get("data")
    inner = find_object(data, *ID_NAMES)
    returned = next((inner[name] for name in ID_NAMES if inner.get(name) is not None), None)
    task_id = _task_id(returned)
    if task_id and code in SUCCESS:
        return Created(task_id, quote(offer))
    facts: dict[str, Any] = {"http_status": status, "status": status if code is None else code}
    facts["given"] = data if returned is None else returned
    if code is not None and (returned is not None or code in SUCCESS):
        raise OutcomeUnknown("answer_without_id", **facts)
    if code is None and is_page and status in FIREWALL_STATUSES:
        raise OutcomeUnknown("answer_is_page", **facts)
    if code is None:
        error = http_error(status, document, retry_after) if returned is None else None
        raise error or OutcomeUnknown("answer_unclear", **facts)
    if code in UNDECIDED:
        raise OutcomeUnknown("answer_unclear", provider_code=str(code), **facts)
    raise refusal(code, status, envelope, retry_after)


def http_error(status: int, document: Any, retry_after: float | None) -> Refusal | None:
    """Return the error of an answer without an envelope's code, None where nothing is certain.

    The status is not a business code: `provider_code` stays empty.
    """
    error = http_refusal(status, document, retry_after=retry_after)
    if error and error.code == "key_refused":
        return AuthenticationError(
            "ima_key_refused", http_status=status, link=KEY_PAGE, words=error.facts["words"]
        )
    return error


def refusal(code: int, status: int, document: Any, retry_after: float | None) -> RequestRejected:
    """Return the error of an envelope's code."""
    facts: dict[str, Any] = {"http_status": status, "provider_code": str(code), "words": service_words(document)}
    if code == NO_KEY:
        return AuthenticationError("ima_key_refused", link=KEY_PAGE, **facts)
    if code == NO_POINTS:
        return QuotaExceeded("points_missing", link=POINTS_PAGE, **facts)
    if code == TIER_TOO_LOW:
        return QuotaExceeded("tier_too_low", link=POINTS_PAGE, **facts)
    if code == TOO_MANY_REQUESTS:
        wait = duration(retry_after) if retry_after is not None else MessageRef("wait_unknown")
        return RateLimitError("create_limited", retry_after=retry_after, wait=wait, **facts)
    known = {
        TOO_COMPLEX: "too_complex",
        PRICE_CHANGED: "price_changed",
        ATTRIBUTE_MISSING: "attribute_missing",
        ATTRIBUTE_WRONG: "attribute_wrong",
    }
    return InvalidRequest(known.get(code, "ima_refused"), code_=code, **facts)


def read_data(status: int, document: Any, retry_after: float | None, *, is_page: bool = False) -> Any:
    """Return the `data` of the answer to a free request.

    Raises:
        AuthenticationError, QuotaExceeded, InvalidRequest: what a repetition does not change.
        ReadError: anything else but success; `provider_code` is the envelope's code, if there is one.
    """
    envelope = find_object(document, "code")
    code = code_of(envelope)
    if code in SUCCESS:
        return envelope.get("data")
    if code in (NO_KEY, NO_POINTS, TIER_TOO_LOW):
        raise refusal(code, status, envelope, retry_after)
    facts: dict[str, Any] = {"http_status": status, "retry_after": retry_after}
    if code is not None:
        facts |= {"provider_code": str(code), "code_": code, "words": service_words(envelope)}
        raise ReadError("read_refused", **facts)
    if is_page and status in FIREWALL_STATUSES:
        raise ReadError("firewall_page", status=status, **facts)
    error = http_error(status, document, retry_after) if status in DEFINITE else None
    raise error or ReadError("read_failed", status=status, **facts)


def upload_form(key: str, media_type: str, timestamp: int, nonce: str) -> dict[str, str]:
    """Return the form that requests an upload URL; `privite` is how the vendor spells it."""
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
    """Return the upload URL, and the public URL of the uploaded file.

    Raises:
        ReadError: they are missing.
    """
    links = [data.get(name) if isinstance(data, dict) else None for name in ("ful", "fdl")]
    put, get = (link if isinstance(link, str) else "" for link in links)
    if not put or not get:
        raise ReadError("upload_without_link")
    return put, get


def service_words(document: Any) -> str:
    """Return the service's text about a refusal, as one harmless line."""
    words = document.get("message") if isinstance(document, dict) else None
    return (sanitize_line(words) if isinstance(words, str) else "") or MessageRef("no_words")


def _task_id(value: Any) -> str | None:
    text = id_text(value)
    return text if TASK_ID.fullmatch(text) else None
