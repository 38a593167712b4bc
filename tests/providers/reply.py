"""A simulated service's answers, complete or with one of the faults of services and networks."""

from __future__ import annotations

import functools
import gzip
import json
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


class Fault(Enum):
    """How a reply goes wrong on the raw socket; the service has acted before, except in the first two."""

    CLOSE_BEFORE_TLS = auto()  # only for TlsServer.plan_connections: accepts and closes
    CLOSE_BEFORE_READING = auto()  # closes after the handshake; in a Reply: resets, and the service did nothing
    CLOSE_WITHOUT_ANSWER = auto()
    CLOSE_AFTER_ANSWER = auto()  # a whole answer, then an unannounced close: a stale kept-alive connection
    RESET = auto()  # TCP RST
    HANG = auto()  # silence until the client leaves or the server stops
    CUT_HEADERS = auto()  # half of the head
    CUT_LENGTH = auto()  # Content-Length of the whole, half of the body
    CUT_CHUNKED = auto()  # half of the body as a chunk, no final chunk
    CUT_CLOSE = auto()  # no length, Connection: close, half of the body
    DRIP = auto()  # the head at once, then one byte of the body a second
    DRIP_HEADERS = auto()  # one byte a second from the first
    GARBAGE_RECORD = auto()  # plain bytes where a TLS record should be
    GZIP_BOMB = auto()  # Content-Encoding: gzip, 100 MB of zeros in 100 kB


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; it is sent after `delay` seconds and in the way of its fault.

    `raw` is sent instead of all of it, byte for byte, and the connection is closed.
    `pieces` are a body that comes bit by bit: the seconds before each bit, and its bytes. Of the faults these know
    CUT_CHUNKED, CUT_CLOSE, RESET and HANG, which happen after the last bit.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Sequence[tuple[float, bytes]] | None = None
    fault: Fault | None = None
    delay: float = 0.0
    raw: bytes | None = None


def json_reply(document: Any, status: int = 200) -> Reply:
    """Answer with a JSON document."""
    return Reply(
        status=status,
        headers={"Content-Type": "application/json"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )


def encode(reply: Reply, *, with_body: bool = True) -> bytes:
    """Return the bytes that the client gets over TLS, as far as the reply's fault lets them through."""
    return _encode(reply, with_body=with_body) if reply.raw is None else reply.raw


def _encode(reply: Reply, *, with_body: bool) -> bytes:
    body = reply.body
    half = body[: len(body) // 2]
    whole = {"Content-Length": str(len(body))}
    if reply.fault is Fault.CUT_HEADERS:
        head = _head(reply, whole)
        return head[: len(head) // 2]
    if reply.fault is Fault.CUT_LENGTH:
        return _head(reply, whole) + half
    if reply.fault is Fault.CUT_CHUNKED:
        chunk = f"{len(half):x}\r\n".encode() + half + b"\r\n" if half else b""
        return _head(reply, {"Transfer-Encoding": "chunked"}) + chunk
    if reply.fault is Fault.CUT_CLOSE:
        return _head(reply, {"Connection": "close"}) + half
    if reply.fault is Fault.GZIP_BOMB:
        bomb = _gzip_bomb()
        return _head(reply, {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))}) + bomb
    return _head(reply, whole) + (body if with_body else b"")


def encode_pieces(reply: Reply) -> Iterator[tuple[float, bytes]]:
    """Return what the client gets of a reply in pieces: the seconds before each part, and the part."""
    chunked = reply.fault is not Fault.CUT_CLOSE
    yield 0.0, _head(reply, {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"})
    for seconds, piece in reply.pieces or ():
        yield seconds, f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if chunked else piece
    if not reply.fault:
        yield 0.0, b"0\r\n\r\n"


def _head(reply: Reply, framing: Mapping[str, str]) -> bytes:
    phrase = next((known.phrase for known in HTTPStatus if known == reply.status), "Unknown")
    lines = [f"HTTP/1.1 {reply.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in {**framing, **reply.headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@functools.cache
def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(100 * 1024 * 1024), mtime=0)
