"""The words of NemoVideo: paths, payloads out, answers and refusals in (references/api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nemovideo.api.refusals import refusal
from nemovideo.request import IDENTIFIER
from shared.errors import ReadError
from shared.security.keys import redact_keys

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
MAX_NUMBER_LENGTH = 40  # characters of a number that is sent as text


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
    """Return the body that starts a render; its session key is in camel case."""
    output = {"format": request.form, "quality": request.quality}
    return {"id": render, "sessionId": session, "draft": draft, "output": output}


def data_of(status: int, document: Any, retry_after: float | None) -> dict[str, Any]:
    """Return the `data` of a free call's answer; one without an envelope is its own data.

    Raises:
        RequestRejected: the service refused.
        ReadError: neither accepted nor refused; the call may be repeated.
    """
    error = refusal(status, document, retry_after)
    if error:
        raise error
    if status >= 300 or not isinstance(document, dict):  # noqa: PLR2004
        raise ReadError("read_failed", http_status=status, status=status, retry_after=retry_after, remedy="again")
    data = document.get("data")
    return data if isinstance(data, dict) else document


@dataclass(frozen=True)
class Anonymous:
    """An anonymous token; times as the service writes them."""

    token: str
    user_id: str
    expires_at: str


def anonymous(data: dict[str, Any]) -> Anonymous:
    """Read a new token.

    Raises:
        ReadError: there is none.
    """
    token = data.get("token")
    if not (isinstance(token, str) and token and token.isascii() and token.isprintable() and " " not in token):
        raise ReadError("read_failed", status=200, remedy="again")
    return Anonymous(token, str(data.get("user_id") or ""), str(data.get("expires_at") or ""))


@dataclass(frozen=True)
class Opened:
    """A new session."""

    session_id: str
    task_id: str


def opened(data: dict[str, Any]) -> Opened:
    """Read a new session.

    Raises:
        ReadError: there is no id that can be used.
    """
    session = data.get("session_id")
    session = str(session) if isinstance(session, str | int) and not isinstance(session, bool) else ""
    if not IDENTIFIER.fullmatch(session) or redact_keys(session) != session:  # a token is not an id to keep
        raise ReadError("read_failed", status=200, remedy="again")
    return Opened(session, str(data.get("task_id") or ""))


@dataclass(frozen=True)
class Balance:
    """Credits of an account; None where the service states none."""

    available: float | None
    frozen: float | None
    total: float | None


def balance(data: dict[str, Any]) -> Balance:
    """Read the credits.

    Raises:
        ReadError: no number among them.
    """
    result = Balance(*(amount(data.get(name)) for name in ("available", "frozen", "total")))
    if result.available is None:
        raise ReadError("read_failed", status=200, remedy="again")
    return result


def uploaded(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Read what was uploaded, with the service's facts that people may want to know.

    `in_session` is False where the service says that the session does not hold the file.
    """
    rows = data.get("files")
    names = ("filename", "file_type", "cdn_url", "width", "height", "duration")
    files = rows if isinstance(rows, list) else []
    applied = {"in_session": data.get("session_state_applied") is not False}
    return [{**{name: row.get(name) for name in names}, **applied} for row in files if isinstance(row, dict)]


def amount(value: Any) -> float | None:
    """Return a number that is 0 or more, in any form that the service uses; None for anything else."""
    if isinstance(value, str) and len(value) > MAX_NUMBER_LENGTH:
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None
