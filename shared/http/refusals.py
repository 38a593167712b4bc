"""Recognise refusals: the codes and phrases that prove that a service did nothing, then its HTTP status.

Relays answer such an error with 200, 4xx or 5xx, so the content decides before the status (docs/money.md, section
3). A code or a phrase belongs in these tables only if the service sends it before it forwards the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import AuthenticationError, InvalidRequest, QuotaExceeded, RateLimitError
from shared.i18n.catalog import duration, plain_line, sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Iterable

Ground = Literal["key", "credits", "model"]
"""What was refused: the key, the credits (too few), or the model (no channel for it)."""
Refusal = AuthenticationError | QuotaExceeded | RateLimitError | InvalidRequest
Reason = Literal[Ground, "limit", "forbidden", "region", "page"]
"""Why a request was definitely refused: what the body proves, else what the HTTP status means."""
Ban = Literal["verification", "content", "region", "firewall", "other"]
"""Why a service that knows the key does not allow a request (HTTP 403)."""

CODES: dict[str, Ground] = {
    # OpenAI, its page on error codes
    "invalid_api_key": "key",
    "account_deactivated": "key",
    "insufficient_quota": "credits",
    "billing_hard_limit_reached": "credits",
    "billing_not_active": "credits",
    "model_not_found": "model",
    # new-api, types/error.go and service/quota.go: raised before a channel is called
    "insufficient_user_quota": "credits",
    "pre_consume_token_quota_failed": "credits",
    "entitlement_required": "credits",
    "entitlement_inactive": "credits",
    "entitlement_daily_limit_exceeded": "credits",
    "entitlement_total_limit_exceeded": "credits",
    "model_price_error": "model",
    "channel:no_available_key": "model",
    "channel:model_mapped_error": "model",
    # LiteLLM: the error types of its proxy
    "auth_error": "key",
    "expired_key": "key",
    "token_not_found_in_db": "key",
    "budget_exceeded": "credits",
    "key_model_access_denied": "model",
    "team_model_access_denied": "model",
    # Azure OpenAI, Volcengine Ark and Alibaba Model Studio: their lists of error codes
    "deploymentnotfound": "model",
    "invalidendpointormodel.notfound": "model",
    "modelnotopen": "model",
    "authenticationerror": "key",
    "invalidapikey": "key",
    "accountoverdueerror": "credits",
    "arrearage": "credits",
    # written by many relays in the same words
    "incorrect_api_key": "key",
    "expired_api_key": "key",
    "missing_api_key": "key",
    "invalid_token": "key",
    "insufficient_balance": "credits",
    "insufficient_credits": "credits",
    "insufficient_funds": "credits",
    "payment_required": "credits",
    "model_not_exist": "model",
    "model_not_supported": "model",
    "unsupported_model": "model",
    "invalid_model": "model",
    "no_available_channel": "model",
}

_PHRASES: tuple[tuple[Ground, re.Pattern[str]], ...] = (
    # one-api, middleware/distributor.go: 503 without a code; new-api, i18n: "No available channel for model …"
    ("model", re.compile(r"no available (?:channel|provider|deployment)s?\b|(?:无|没有)可用的?渠道")),
    ("model", re.compile(r"\bmodel\b[^.]{0,120}\b(does not exist|doesn't exist|was not found|not found)\b")),
    ("model", re.compile(r"\b(?:unknown|unsupported|invalid) model\b|模型[^。]{0,80}(不存在|未找到|不支持)")),
    # OpenAI 429; one-api, middleware/auth.go and relay/billing
    ("credits", re.compile(r"insufficient (?:account |user |token )?(?:balance|quota|credits?|funds)\b")),
    ("credits", re.compile(r"exceeded your current quota|quota is not enough|credit balance is too low")),
    ("credits", re.compile(r"(?:余额|额度|积分|点数)(?:不足|已?用尽|已?用完|已?耗尽)|欠费")),
    # OpenAI 401; one-api, middleware/auth.go; Google: "API key not valid"
    (
        "key",
        re.compile(r"\b(?:incorrect|invalid|wrong|expired|unknown) (?:api[ _-]?key|(?:access|bearer) token)\b"),
    ),
    ("key", re.compile(r"\bapi[ _-]?key (?:is )?(?:not valid|invalid|expired|not found|disabled)\b")),
    ("key", re.compile(r"\A(invalid token)\b[. ]*(?:\(|\Z)|didn't provide an api key")),
    ("key", re.compile(r"(?:无效的|错误的|未提供)(?:令牌|密钥)|(?:令牌|密钥)(?:无效|已过期|不存在|状态不可用)")),
)

_BANS: tuple[tuple[Ban, re.Pattern[str]], ...] = (
    (
        "verification",
        re.compile(r"must be verified|verify (?:your )?organi[sz]ation|verification|unverified|实名|认证"),
    ),
    ("content", re.compile(r"content[ _](?:policy|filter)|moderation|safety|sensitive|prohibited|违规|敏感|审核")),
    ("region", re.compile(r"\bcountry\b|\bregion\b|territory|unsupported_country|地区")),
    ("firewall", re.compile(r"cloudflare|captcha|\bwaf\b|firewall|ray id|access denied|request blocked")),
)


def proven_ground(codes: Iterable[str], words: str, prompt: str = "") -> Ground | None:
    """Return what an error refused if its codes or its text prove that nothing was done, else None.

    Services repeat the prompt in errors of any kind, so words that also occur in `prompt`, which was sent, prove
    nothing.
    """
    for code in codes:
        ground = CODES.get(code.casefold())
        if ground:
            return ground
    return next((ground for ground, phrase in _PHRASES if says(phrase, words, prompt)), None)


def says(phrase: re.Pattern[str], words: str, prompt: str) -> bool:
    """Return whether a service's text contains a phrase (in lower case) that is not part of the prompt.

    If the phrase has a group, only the group must not occur in the prompt.
    """
    sent, text = comparable(prompt), comparable(words)
    if sent and len(sent) <= len(text):
        text = re.sub(rf"(?<!\w){re.escape(sent)}(?!\w)", " ", text)
    return any(match[match.lastindex or 0] not in sent for match in phrase.finditer(text))


def comparable(text: str) -> str:
    """Return a text as it is compared with another: one line, printable, casefolded."""
    return plain_line(text).casefold()


def reason_of_ban(codes: Iterable[str], words: str, *, is_page: bool) -> Ban:
    """Return the reason for HTTP 403, as far as the error states it; `is_page`: the answer is a web page."""
    if is_page:
        return "firewall"
    plain = " ".join((*codes, words)).casefold()
    return next((ban for ban, phrase in _BANS if phrase.search(plain)), "other")


FIREWALL_STATUSES = frozenset((403, 406, 451, 503))
"""A web page with one of these comes from a web firewall or gateway: the services answer in JSON."""
SERVER_ERROR = 500
_BY_STATUS: dict[int, Reason] = {401: "key", 402: "credits", 403: "forbidden", 429: "limit", 451: "region"}
_KINDS: dict[Reason, type[Refusal]] = {
    "key": AuthenticationError,
    "credits": QuotaExceeded,
    "limit": RateLimitError,
}
_MESSAGES: dict[Reason, str] = {
    "key": "key_refused",
    "credits": "out_of_credits",
    "model": "model_unavailable",
    "limit": "create_limited",
    "forbidden": "not_allowed",
    "region": "not_available_here",
    "page": "firewall_page",
}


def http_refusal(
    status: int, document: Any, *, is_page: bool = False, retry_after: float | None = None
) -> Refusal | None:
    """Return the error that an answer definitely is, None if neither its body nor its status is certain.

    Codes and phrases that prove that nothing was done come first, then a web firewall's page, then the status.
    """
    codes, words = error_of(document)
    reason: Reason | None = proven_ground((*codes, words), words)
    if not reason and is_page and status in FIREWALL_STATUSES and status < SERVER_ERROR:
        reason = "page"
    reason = reason or _BY_STATUS.get(status)
    if not reason:
        return None
    kind, code = _KINDS.get(reason, InvalidRequest), _MESSAGES[reason]
    return kind(
        code,
        http_status=status,
        retry_after=retry_after,
        words=words or MessageRef("no_words"),
        status=status,
        way_out=MessageRef(f"not_allowed_{reason_of_ban(codes, words, is_page=False)}"),
        wait=duration(retry_after) if retry_after is not None else MessageRef("wait_unknown"),
    )


def error_of(document: Any) -> tuple[tuple[str, ...], str]:
    """Return the codes of an error and its words as one harmless line, from the answer or an object in it."""
    outer = document if isinstance(document, dict) else {}
    objects = [outer, *(outer[name] for name in ("error", "detail", "data") if isinstance(outer.get(name), dict))]
    codes = [part[name] for part in objects for name in ("code", "type") if isinstance(part.get(name), str)]
    texts = (part.get(name) for part in objects for name in ("message", "msg", "error", "detail"))
    words = next((line for text in texts if isinstance(text, str) and (line := sanitize_line(text))), "")
    return tuple(codes), words
