"""One HTTP/1.1 request, read strictly."""

from __future__ import annotations

import json
import mmap
import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MAX_LINE = 65536
_MAX_HEADERS = 100
_MAX_BODY = 256 * 1024 * 1024
_MAX_IN_MEMORY = 16 * 1024 * 1024
_BLOCK = 1024 * 1024


class MalformedRequestError(Exception):
    """The bytes are not a valid HTTP/1.1 request, or exceed a limit."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A whole request; header names are lower case, `received_at` is time.monotonic().

    A body of more than 16 MB with a Content-Length is not `body` but `large`, which lies on the disk.
    """

    host: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    large: mmap.mmap | None = field(default=None, repr=False)
    head: bytes = field(default=b"", repr=False)
    received_at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded query of the target."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json_object(self) -> dict[str, Any]:
        """Parse the body as one JSON object in UTF-8 without duplicate names or NaN; raises ValueError."""
        if self.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise ValueError("Content-Type is not application/json")
        document = json.loads(
            self.body.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
        if not isinstance(document, dict):
            raise ValueError("the body is no JSON object")  # noqa: TRY004 - a wrong body, no wrong call
        return document


def read_request(stream: BinaryIO) -> Request | None:
    """Read one request; None when the client left between two; raises MalformedRequestError."""
    first = _read_line(stream)
    if not first:
        return None
    lines = [first]
    while (line := _read_line(stream)) != b"\r\n":
        if not line or len(lines) > _MAX_HEADERS:
            raise MalformedRequestError("the head does not end")
        lines.append(line)
    try:
        method, target, version = first.decode("ascii").rstrip("\r\n").split(" ")
    except ValueError:
        raise MalformedRequestError(f"request line {first[:80]!r}") from None
    if version != "HTTP/1.1" or not method.isupper() or not target.startswith("/"):
        raise MalformedRequestError(f"request line {first[:80]!r}")
    headers = _parse_headers(lines[1:])
    large = _read_large(stream, headers)
    return Request(
        host=urlsplit("//" + headers.get("host", "")).hostname or "",
        method=method,
        target=target,
        headers=headers,
        body=b"" if large else _read_body(stream, headers),
        large=large,
        head=b"".join(lines),
    )


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(_MAX_LINE)
    if line and not line.endswith(b"\r\n"):
        raise MalformedRequestError("a line that is cut, over 64 kB or does not end in CR LF")
    return line


def _parse_headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip() or name.lower() in headers:
            raise MalformedRequestError(f"header {name!r} is malformed or stands twice")
        headers[name.lower()] = value.strip()
    return headers


def _read_large(stream: BinaryIO, headers: Mapping[str, str]) -> mmap.mmap | None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal() or int(length) <= _MAX_IN_MEMORY:
        return None
    left = int(length)
    if left > _MAX_BODY:
        raise MalformedRequestError(f"a body of {left} bytes")
    with tempfile.TemporaryFile() as file:
        while left:
            block = stream.read(min(left, _BLOCK))
            if not block:
                raise MalformedRequestError("the body is cut")
            file.write(block)
            left -= len(block)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" not in headers:
        return _read_exactly(stream, length, 10)
    if headers["transfer-encoding"] != "chunked" or "content-length" in headers:
        raise MalformedRequestError("two lengths, or a transfer encoding other than chunked")
    body = b""
    while chunk := _read_exactly(stream, _read_line(stream).rstrip(b"\r\n").decode("latin-1"), 16):
        body += chunk
        if _read_line(stream) != b"\r\n" or len(body) > _MAX_BODY:
            raise MalformedRequestError("a chunk longer than its size, or a body over the limit")
    if _read_line(stream) != b"\r\n":
        raise MalformedRequestError("trailers")
    return body


def _read_exactly(stream: BinaryIO, size: str, base: int) -> bytes:
    if not size.isalnum() or not size.isascii():
        raise MalformedRequestError(f"length {size!r}")
    try:
        wanted = int(size, base)
    except ValueError:
        raise MalformedRequestError(f"length {size!r}") from None
    if wanted > _MAX_BODY:
        raise MalformedRequestError(f"a body of {wanted} bytes")
    body = stream.read(wanted)
    if len(body) < wanted:
        raise MalformedRequestError("the body is cut")
    return body


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a name stands twice in one JSON object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
