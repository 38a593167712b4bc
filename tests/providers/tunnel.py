"""A proxy that understands only CONNECT: it records and tunnels to a simulated service, and never opens TLS."""

from __future__ import annotations

import base64
import select
import socket
from collections import defaultdict, deque
from enum import Enum, auto
from typing import TYPE_CHECKING

from tests.providers.sockets import LOOPBACK, LoopbackServer, drain, reset

if TYPE_CHECKING:
    from collections.abc import Mapping

_APPLICATION_DATA = 23  # TLS record type, RFC 8446 section 5.1


class TunnelFault(Enum):
    """What the proxy does to one connection instead of tunnelling it."""

    HANG = auto()  # never answers the CONNECT
    CUT_BEFORE_ANSWER = auto()  # reads the CONNECT and closes
    CUT_BEFORE_TLS = auto()  # answers 200 and closes
    CUT_REQUEST = auto()  # lets the client finish TLS, swallows its request and closes


class TunnelProxy(LoopbackServer):
    """A proxy for https; `routes` maps a host name to the loopback port that replaces it.

    `connects` lists the target of every request in order ("host:port"; a plain http request by its URL).
    A host without a route is answered 502, any method but CONNECT 405.
    `refuse_with` answers every CONNECT with that status; `password` demands "user:password", else 407.
    """

    def __init__(self, routes: Mapping[str, int]) -> None:
        super().__init__()
        self.routes = routes
        self.connects: list[str] = []
        self.heads: list[bytes] = []
        self.refuse_with: int | None = None
        self.password: str | None = None
        self._plans: defaultdict[str, deque[TunnelFault | int | None]] = defaultdict(deque)

    @property
    def url(self) -> str:
        """What HTTPS_PROXY names."""
        return f"http://{LOOPBACK}:{self.port}"

    def url_with_password(self, password: str) -> str:
        """Return the same URL with "user:password" in it."""
        return f"http://{password}@{LOOPBACK}:{self.port}"

    def plan(self, host: str, *faults: TunnelFault | int | None) -> None:
        """Queue what happens to the next connections to a host: a fault, a status, or None for a tunnel."""
        self._plans[host].extend(faults)

    def serve(self, connection: socket.socket) -> None:
        head = _read_head(connection)
        if not head:
            return
        method, target = head.split(b"\r\n")[0].decode("latin-1").split(" ")[:2]
        self.heads.append(head)
        self.connects.append(target)
        host = target.rpartition(":")[0]
        with self._lock:
            planned = self._plans[host].popleft() if self._plans[host] else None
        if planned is TunnelFault.HANG:
            drain(connection)
        elif planned is not TunnelFault.CUT_BEFORE_ANSWER:
            status = self._status(method, host, head, planned)
            connection.sendall(f"HTTP/1.1 {status} Stand-in proxy\r\nContent-Length: 0\r\n\r\n".encode())
            if status == 200 and planned is not TunnelFault.CUT_BEFORE_TLS:
                with self.tracked(socket.create_connection((LOOPBACK, self.routes[host]))) as service:
                    service.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    _relay(connection, service, cut_request=planned is TunnelFault.CUT_REQUEST)

    def _status(self, method: str, host: str, head: bytes, planned: TunnelFault | int | None) -> int:
        if method != "CONNECT":
            return 405
        if isinstance(planned, int):
            return planned
        if self.refuse_with:
            return self.refuse_with
        if self.password and base64.b64encode(self.password.encode()) not in head:
            return 407
        return 200 if host in self.routes else 502


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece or len(head) > 65536:
            return b""
        head += piece
    return head


def _relay(client: socket.socket, service: socket.socket, *, cut_request: bool) -> None:
    peers = {client: service, service: client}
    records = _RecordCounter()
    try:
        while peers:
            for source in select.select(list(peers), [], [])[0]:
                piece = source.recv(65536)
                # In TLS 1.3 the client's first record of this type is its Finished, the second its request.
                if cut_request and source is client and records.feed(piece) > 1:
                    return
                if piece:
                    peers[source].sendall(piece)
                else:
                    peers.pop(source).shutdown(socket.SHUT_WR)
    except OSError:
        reset(client)
        reset(service)


class _RecordCounter:
    """Counts the application-data records that begin in a stream of TLS records, from their headers alone."""

    def __init__(self) -> None:
        self._pending = b""
        self._count = 0

    def feed(self, piece: bytes) -> int:
        self._pending += piece
        while len(self._pending) >= 5:
            end = 5 + int.from_bytes(self._pending[3:5], "big")
            if len(self._pending) < end:
                break
            self._count += self._pending[0] == _APPLICATION_DATA
            self._pending = self._pending[end:]
        return self._count
