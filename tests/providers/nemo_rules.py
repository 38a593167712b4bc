"""What requests to NemoVideo must look like (references/api.md of the skill), checked to the letter."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.providers.kexiang_rules import ComplaintError, refuse

if TYPE_CHECKING:
    import mmap

    from tests.providers.request import Request

__all__ = ["ComplaintError", "refuse"]

TYPES = {
    "mp4": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo", "webm": "video/webm",
    "mkv": "video/x-matroska", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "mp3": "audio/mpeg", "wav": "audio/wav", "m4a": "audio/mp4", "aac": "audio/aac",
}  # fmt: skip
LARGEST = 200 << 20  # bytes of one file
VIDEO_FORMATS = ("mp4", "mov", "avi", "webm", "mkv", "gif")
PRIVATE_HEADERS = ("authorization", "x-client-id", "x-skill-source", "x-skill-version", "cookie")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BOUNDARY = re.compile(r'multipart/form-data; boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?')
_PART = re.compile(
    rb'Content-Disposition: form-data; name="files"; filename="([^"\r\n]+)"'
    rb"(?:; filename\*=[^\r\n]+)?(?:\r\nContent-Type: ([a-z0-9/.+-]+))?"
)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Sent:
    """A file as it arrived; `start` are its first 64 bytes, `content` is None where it is over 16 MB."""

    name: str
    size: int
    sha256: str
    start: bytes
    content: bytes | None


def check_attribution(request: Request) -> list[str]:
    """Name the headers of attribution that are missing or wrong; an export without them answers 402."""
    rules = {
        "x-skill-source": "generator-image",
        "x-skill-version": r"\d+\.\d+\.\d+",
        "x-skill-platform": "clawhub|cursor|unknown",
    }
    return [name for name, rule in rules.items() if not re.fullmatch(rule, request.headers.get(name, ""))]


def check_anonymous(request: Request) -> str | None:
    """Return the client id of a request for a token, None where there is none."""
    _method(request, "POST")
    if "authorization" in request.headers:
        refuse("anonymous-token: carries authorization")
    client = request.headers.get("x-client-id")
    if client is not None and not _UUID.fullmatch(client):
        refuse(f"X-Client-Id: {client!r}")
    return client


def check_session(request: Request, path: str) -> str:
    """Return the language of a new session."""
    check_path(request, path)
    document = _json(request)
    _names("with-session", document, "task_name language")
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", str(document["language"])) or document["task_name"] != "project":
        refuse(f"with-session: {document!r}")
    return str(document["language"])


def check_message(request: Request, path: str) -> tuple[str, str]:
    """Return the session and the text of a message."""
    check_path(request, path)
    document = _json(request)
    if request.headers.get("accept") != "text/event-stream":
        refuse(f"accept: {request.headers.get('accept')!r}")
    _names("run_sse", document, "app_name user_id session_id new_message")
    _names("new_message", document["new_message"], "parts")
    parts = document["new_message"]["parts"]
    if (document["app_name"], document["user_id"]) != ("nemo_agent", "me"):
        refuse(f"run_sse: {document!r}")
    if not isinstance(parts, list) or len(parts) != 1 or parts[0].keys() != {"text"}:
        refuse(f"parts: {parts!r}")
    text = parts[0]["text"]
    if not isinstance(text, str) or not text.strip():
        refuse(f"text: {text!r}")
    return str(document["session_id"]), text


def check_urls(request: Request) -> list[str]:
    """Return the links of an upload by link."""
    document = _json(request)
    _names("upload", document, "urls source_type")
    urls = document["urls"]
    if document["source_type"] != "url" or not isinstance(urls, list) or not urls:
        refuse(f"upload: {document!r}")
    for url in urls:
        if not isinstance(url, str) or not url.startswith("https://") or not urlsplit(url).hostname:
            refuse(f"urls: {url!r}")
    return urls


def check_files(request: Request) -> list[Sent]:
    """Read a form of files, strictly as RFC 7578 and RFC 2046 allow, without holding a large one in memory."""
    _method(request, "POST")
    match = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if not match:
        refuse(f"Content-Type: {request.headers.get('content-type')!r}")
    body = request.body if request.large is None else request.large
    delimiter = b"--" + match[1].encode()
    end = b"\r\n" + delimiter + b"--"
    closing = body.find(end)
    if (
        body[: len(delimiter) + 2] != delimiter + b"\r\n"
        or closing < 0
        or body[closing:] not in (end, end + b"\r\n")
    ):
        refuse("the form does not begin and end with its boundary")
    files = []
    place = len(delimiter) + 2
    while place < closing:
        following = body.find(b"\r\n" + delimiter + b"\r\n", place)
        stop = closing if following < 0 else following
        files.append(_file(body, place, stop))
        place = stop + len(delimiter) + 4 if following >= 0 else closing
    if not files:
        refuse("the form holds no file")
    return files


def _file(body: bytes | mmap.mmap, start: int, stop: int) -> Sent:
    content = body.find(b"\r\n\r\n", start, stop) + 4
    head = _PART.fullmatch(body[start : content - 4]) if content >= 4 else None
    if not head:
        refuse(f"the head of a part: {body[start : start + 200]!r}")
    name = head[1].decode()
    if "/" in name or "\\" in name:
        refuse(f"filename: {name!r}")
    digest = hashlib.sha256()
    for place in range(content, stop, _BLOCK):
        digest.update(body[place : min(place + _BLOCK, stop)])
    kept = body[content:stop] if isinstance(body, bytes) else None
    return Sent(name, stop - content, digest.hexdigest(), body[content : min(content + 64, stop)], kept)


def check_render(request: Request) -> dict[str, Any]:
    """Return the body of an export whose shape is right."""
    document = _json(request)
    _names("export", document, "id sessionId draft output")
    _names("output", document["output"], "format quality")
    if not re.fullmatch(r"render_[0-9A-Za-z_-]{4,60}", str(document["id"])):
        refuse(f"id: {document['id']!r}")
    if document["output"]["format"] not in VIDEO_FORMATS or not isinstance(document["output"]["quality"], str):
        refuse(f"output: {document['output']!r}")
    draft = document["draft"]
    if not isinstance(draft, dict) or not any(track.get("sg") for track in draft.get("t", [])):
        refuse("draft: no track with segments")
    return document


def check_path(request: Request, path: str) -> None:
    """Check that a request is for exactly this path."""
    if request.path != path:
        refuse(f"no such path: {request.path}")


def check_read(request: Request, path: str) -> None:
    """Check that a request only reads this path."""
    check_path(request, path)
    _method(request, "GET")
    if request.body:
        refuse(f"{request.target}: a body")


def check_foreign(request: Request, secrets: list[str]) -> None:
    """Check that a request to the media host carries no credentials or headers of the API."""
    _method(request, "GET", query=True)
    for name in PRIVATE_HEADERS:
        if name in request.headers:
            refuse(f"{request.host}: the request carries {name}")
    if any(secret.encode() in request.head for secret in secrets):
        refuse(f"{request.host}: the request carries a token")


def _json(request: Request) -> dict[str, Any]:
    _method(request, "POST")
    try:
        return request.json_object()
    except (ValueError, RecursionError) as error:
        refuse(f"{request.path}: {error}")


def _method(request: Request, method: str, *, query: bool = False) -> None:
    if request.method != method or (request.query and not query):
        refuse(f"{request.method} {request.target}")


def _names(place: str, document: Any, names: str) -> None:
    if not isinstance(document, dict) or document.keys() != set(names.split()):
        refuse(f"{place}: has {sorted(document)} instead of {sorted(names.split())}")
