"""Map NemoVideo's refusals (codes, HTTP statuses and texts) to errors (facts: references/api.md)."""

from __future__ import annotations

from typing import Any

from shared.errors import AuthenticationError, InvalidRequest, QuotaExceeded, RateLimitError
from shared.i18n.catalog import duration, sanitize_line
from shared.i18n.messages import MessageRef

SUCCESS = ("0", "200")  # the second in envelopes that repeat the HTTP status
TOKEN_REFUSED, SESSION_GONE, NO_CREDITS = "1001", "1002", "2001"
FILE_TYPE, FILE_SIZE, PLAN, LIMITED = "4001", "4002", "402", "429"
REQUEST_TIMEOUT, SERVER_ERROR = 408, 500
NOT_FOUND = 404  # a message without a service code: the Agent Development Kit's form of 1002
FORBIDDEN, LEGAL, PAGE = "403", "451", "page"
_BY_STATUS = {
    401: TOKEN_REFUSED, 403: FORBIDDEN, 402: PLAN, 413: FILE_SIZE, 415: FILE_TYPE, 429: LIMITED, 451: LEGAL,
}  # fmt: skip
FIREWALL_STATUSES = (403, 406, 451)
"""An HTML page with one of these statuses comes from a web firewall: the service answers in JSON."""


class WebPage:
    """Represents the body of an answer that is a web page."""


WEB_PAGE = WebPage()

Rejection = AuthenticationError | QuotaExceeded | RateLimitError | InvalidRequest


def refusal(status: int, document: Any, retry_after: float | None, *, certain: bool = False) -> Rejection | None:
    """Return the error of a refusal, None for an answer that is not one, or not certainly.

    The body's `code` decides, else the HTTP status. With `certain`, for a message, only certain refusals count:
    the documented codes, and HTTP 4xx but 408; any other may have been carried out.
    """
    code = _code(document)
    if code in SUCCESS or (code is None and status < 400):  # noqa: PLR2004
        return None
    http_code = int(code) if code and len(code) == 3 and code.isdecimal() else status  # noqa: PLR2004  - as in HTTP
    known = code if code in _SENTENCES else _BY_STATUS.get(http_code)
    if document is WEB_PAGE and status in FIREWALL_STATUSES:
        known = PAGE
    elif certain and code is None and status == NOT_FOUND:
        known = SESSION_GONE
    if known is None and (
        http_code >= SERVER_ERROR or http_code == REQUEST_TIMEOUT or (certain and http_code < 400)  # noqa: PLR2004
    ):
        return None
    kind = _KINDS.get(known or "", InvalidRequest)
    sentence = _SENTENCES.get(known or "", "refused_by_code")
    wait: object = duration(retry_after) if retry_after is not None else MessageRef("wait_unknown")
    return kind(
        sentence,
        provider_code=code or (None if known == PAGE else known),
        http_status=status,
        retry_after=retry_after,
        words=service_words(document),
        answered=code or status,
        status=status,
        wait=wait,
    )


_KINDS: dict[str, type[Rejection]] = {
    TOKEN_REFUSED: AuthenticationError,
    NO_CREDITS: QuotaExceeded,
    PLAN: QuotaExceeded,
    LIMITED: RateLimitError,
}
_SENTENCES = {
    TOKEN_REFUSED: "token_refused",
    SESSION_GONE: "session_gone",
    NO_CREDITS: "credits_gone",
    FILE_TYPE: "file_type_refused",
    FILE_SIZE: "file_size_refused",
    PLAN: "plan_without_export",
    LIMITED: "create_limited",
    FORBIDDEN: "not_allowed",
    LEGAL: "not_available_here",
    PAGE: "firewall_page",
}


def service_words(document: Any) -> str:
    """Return the service's text about a refusal, as one harmless line."""
    for facts in _facts(document):
        for name in ("message", "msg", "error", "detail"):
            words = sanitize_line(facts[name]) if isinstance(facts.get(name), str) else ""
            if words:
                return words
    return MessageRef("no_words")


def _code(document: Any) -> str | None:
    """Return the service's own code, from the envelope or from an `error` or `detail` in it."""
    for facts in _facts(document):
        code = facts.get("code")
        if isinstance(code, float) and code.is_integer():
            code = int(code)
        if isinstance(code, str | int) and not isinstance(code, bool):
            return sanitize_line(code, 20) or None
    return None


def _facts(document: Any) -> list[dict[str, Any]]:
    """Return the objects of an answer that may describe a refusal."""
    if not isinstance(document, dict):
        return []
    return [document, *(document[name] for name in ("error", "detail") if isinstance(document.get(name), dict))]
