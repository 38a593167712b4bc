"""The words of NemoVideo: paths, payloads out, answers and refusals in (references/api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nemovideo.request import IDENTIFIER
from shared.errors import KeyRefused, OutOfCredits, RateLimited, ReadFailed, Refused
from shared.messages import quoted
from shared.texts import Said

if TYPE_CHECKING:
    from nemovideo.request import ExportRequest

DEFAULT_BASE_URL = "https://mega-api-prod.nemovideo.ai"
TOKEN_PATH = "/api/auth/anonymous-token"  # noqa: S105  - a path
SESSION_PATH = "/api/tasks/me/with-session/nemo_agent"
MESSAGE_PATH = "/run_sse"
UPLOAD_PATH = "/api/upload-video/nemo_agent/me/"
CREDITS_PATH = "/api/credits/balance/simple"
STATE_PATH = "/api/state/nemo_agent/me/{session}/latest"
RENDER_PATH = "/api/render/proxy/lambda"
DOWNLOAD_PATH = "/api/render/proxy/{render}/download"
CLIENT_HEADER = "X-Client-Id"
SITE = "https://nemovideo.com"
COST_UNIT = "credits"

TOKEN_REFUSED, SESSION_GONE, NO_CREDITS = "1001", "1002", "2001"
FILE_TYPE, FILE_SIZE, PLAN, LIMITED = "4001", "4002", "402", "429"
REQUEST_TIMEOUT, SERVER_ERROR = 408, 500
NOT_FOUND = 404  # a message without a code of the service's own: the Agent Development Kit's word for 1002
_BY_STATUS = {401: TOKEN_REFUSED, 403: TOKEN_REFUSED, 402: PLAN, 413: FILE_SIZE, 415: FILE_TYPE, 429: LIMITED}

Rejection = KeyRefused | OutOfCredits | RateLimited | Refused


def headers(version: str, platform: str) -> dict[str, str]:
    """Return who calls; where one is missing, the service answers 402 to an export."""
    return {"X-Skill-Source": "generator-image", "X-Skill-Version": version, "X-Skill-Platform": platform}


def session_body(language: str) -> dict[str, Any]:
    """Return what opens a session."""
    return {"task_name": "project", "language": language}


def message_body(session: str, text: str) -> dict[str, Any]:
    """Return a message; its text goes out as it is."""
    return {
        "app_name": "nemo_agent",
        "user_id": "me",
        "session_id": session,
        "new_message": {"parts": [{"text": text}]},
    }


def addresses_body(urls: list[str]) -> dict[str, Any]:
    """Return what uploads from addresses."""
    return {"urls": urls, "source_type": "url"}


def render_body(render: str, session: str, draft: Any, request: ExportRequest) -> dict[str, Any]:
    """Return what begins a render; here the session is spelled in camel case."""
    output = {"format": request.form, "quality": request.quality}
    return {"id": render, "sessionId": session, "draft": draft, "output": output}


def refusal(status: int, document: Any, retry_after: float | None, *, certain: bool = False) -> Rejection | None:
    """Return the error of an answer that says no, None for one that does not, or not certainly.

    The body's `code` decides, else the HTTP status. With `certain`, for a message, only what surely was not
    accepted counts: the documented codes, and HTTP 4xx but 408; any other may have been carried out.
    """
    code = _code(document)
    if code == "0" or (code is None and status < 400):  # noqa: PLR2004
        return None
    told = int(code) if code and len(code) == 3 and code.isdecimal() else status  # noqa: PLR2004  - as in HTTP
    known = code if code in _SENTENCES else _BY_STATUS.get(told)
    if certain and code is None and status == NOT_FOUND:
        known = SESSION_GONE
    if known is None and (told >= SERVER_ERROR or told == REQUEST_TIMEOUT or (certain and told < 400)):  # noqa: PLR2004
        return None
    kind = _KINDS.get(known or "", Refused)
    sentence = _SENTENCES.get(known or "", "refused_by_code")
    wait: object = f"{retry_after:.0f} s" if retry_after is not None else Said("wait_unknown")
    return kind(
        sentence,
        provider_code=code or known,
        http_status=status,
        retry_after=retry_after,
        words=service_words(document),
        answered=code or status,
        status=status,
        wait=wait,
    )


_KINDS: dict[str, type[Rejection]] = {
    TOKEN_REFUSED: KeyRefused,
    NO_CREDITS: OutOfCredits,
    PLAN: OutOfCredits,
    LIMITED: RateLimited,
}
_SENTENCES = {
    TOKEN_REFUSED: "token_refused",
    SESSION_GONE: "session_gone",
    NO_CREDITS: "credits_gone",
    FILE_TYPE: "file_type_refused",
    FILE_SIZE: "file_size_refused",
    PLAN: "plan_without_export",
    LIMITED: "create_limited",
}


def data_of(status: int, document: Any, retry_after: float | None) -> dict[str, Any]:
    """Return the `data` of a free call's answer; one without an envelope is its own data.

    Raises:
        Rejected: the service says no.
        ReadFailed: neither yes nor no; the call may be repeated.
    """
    error = refusal(status, document, retry_after)
    if error:
        raise error
    if status >= 300 or not isinstance(document, dict):  # noqa: PLR2004
        raise ReadFailed("read_failed", http_status=status, status=status, retry_after=retry_after, remedy="again")
    data = document.get("data")
    return data if isinstance(data, dict) else document


@dataclass(frozen=True)
class Anonymous:
    """A token for whoever has none; times as the service writes them."""

    token: str
    user_id: str
    expires_at: str


def anonymous(data: dict[str, Any]) -> Anonymous:
    """Read a new token.

    Raises:
        ReadFailed: there is none.
    """
    token = data.get("token")
    if not (isinstance(token, str) and token and token.isascii() and token.isprintable() and " " not in token):
        raise ReadFailed("read_failed", status=200, remedy="again")
    return Anonymous(token, str(data.get("user_id") or ""), str(data.get("expires_at") or ""))


@dataclass(frozen=True)
class Opened:
    """A new session."""

    session_id: str
    task_id: str


def opened(data: dict[str, Any]) -> Opened:
    """Read a new session.

    Raises:
        ReadFailed: there is no id that can be used.
    """
    session = data.get("session_id")
    session = str(session) if isinstance(session, str | int) and session is not True else ""
    if not IDENTIFIER.fullmatch(session):
        raise ReadFailed("read_failed", status=200, remedy="again")
    return Opened(session, str(data.get("task_id") or ""))


@dataclass(frozen=True)
class Balance:
    """Credits of an account; None where the service does not tell."""

    available: float | None
    frozen: float | None
    total: float | None


def balance(data: dict[str, Any]) -> Balance:
    """Read the credits.

    Raises:
        ReadFailed: no number among them.
    """
    told = Balance(*(amount(data.get(name)) for name in ("available", "frozen", "total")))
    if told.available is None:
        raise ReadFailed("read_failed", status=200, remedy="again")
    return told


def uploaded(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Read what was uploaded, with the service's facts that people may want to know."""
    rows = data.get("files")
    names = ("filename", "file_type", "cdn_url", "width", "height", "duration")
    found = rows if isinstance(rows, list) else []
    return [{name: row.get(name) for name in names} for row in found if isinstance(row, dict)]


def service_words(document: Any) -> str:
    """Return what the service says about a refusal, as one harmless line."""
    if isinstance(document, dict):
        for name in ("message", "msg", "error", "detail"):
            words = quoted(document[name]) if isinstance(document.get(name), str) else ""
            if words:
                return words
    return Said("no_words")


def _code(document: Any) -> str | None:
    code = document.get("code") if isinstance(document, dict) else None
    return quoted(code, 20) if isinstance(code, str | int) and not isinstance(code, bool) else None


def amount(value: Any) -> float | None:
    """Return a number that is 0 or more, however the service spells it; None for anything else."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None
