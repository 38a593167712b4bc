"""The connection that proves whether a byte of a request can have reached its service."""

from __future__ import annotations

import contextlib
import functools
import http.client
import logging
import re
import socket
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from shared.errors import UnusableResult
from shared.http.departure import note_departure
from shared.http.proxy import authorization
from shared.http.urls import is_public_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool


QUERY = re.compile(r"\?[^\s'\"]*")
MAX_INTERIM = 20  # 1xx heads before the answer; a service sends one or two


class _WithoutQueries(logging.Filter):
    """Removes the query from the URLs that urllib3 logs: it may hold a link's signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = QUERY.sub("?...", record.getMessage()), ()
        return True


for _name in ("urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_WithoutQueries())


class RequestTracker:
    """Tracks one request: whether it may have left, and when to abort it.

    `may_have_left` turns true with the first byte after TCP, CONNECT and TLS are done. The class of an
    exception proves nothing: behind a proxy, a refused CONNECT and a cut after the request raise the same.
    """

    def __init__(self) -> None:
        self.may_have_left = False
        self.overdue = False
        self.public_peer = False
        """Refuse a direct connection whose peer has a private address, before a byte is sent."""
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def uses(self, connected: socket.socket | None) -> None:
        """Remember the socket that a deadline has to close; raise TimeoutError when it has passed already."""
        self._socket = connected
        if self.overdue:  # in a name lookup or a handshake, which abort() cannot end
            raise TimeoutError("the deadline has passed")

    def check_end(self, *, framed: bool) -> None:
        """Raise TimeoutError if an abort could be taken for the end of an answer that is not `framed`."""
        if self.overdue and not framed:
            raise TimeoutError("the deadline has passed")

    def limit(self, seconds: float | None) -> None:
        """Abort the request after `seconds` in total, replacing an earlier limit; None: never."""
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        self._timer = None
        if seconds is not None:
            timer = threading.Timer(seconds, self.abort)
            timer.daemon = True
            timer.start()
            self._timer = timer  # not before: a signal may come in between, and what never began cannot be joined

    def abort(self) -> None:
        """End the request from another thread: reading or writing its socket fails at once."""
        self.overdue = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # SSLSocket.shutdown would take the TLS state away from under the reading thread
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_current: ContextVar[RequestTracker] = ContextVar("transmission")


@contextlib.contextmanager
def track_request(transmission: RequestTracker, seconds: float) -> Iterator[None]:
    """Track the requests sent in the block, and abort them after `seconds` in total.

    A timeout of requests is per read: a service that sends one byte a second never meets it.
    """
    token = _current.set(transmission)
    transmission.limit(seconds)
    try:
        yield
    finally:
        transmission.limit(None)
        _current.reset(token)


class _FinalAnswer(http.client.HTTPResponse):
    """Skips every interim response (102 Processing, 103 Early Hints), as RFC 9110, section 15.2, requires.

    http.client does so for 100 alone, without a limit, and would take any other for the final response.
    """

    _interim = 0

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        if http.client.CONTINUE <= status < http.client.OK:
            self._interim += 1
            if self._interim > MAX_INTERIM or status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.BadStatusLine(f"HTTP {status} instead of an answer")
            status = http.client.CONTINUE
        return version, status, reason


class _TrackedConnection:
    """Mixin that goes in front of urllib3's connection classes."""

    response_class = _FinalAnswer
    sock: socket.socket | None
    auto_open: bool
    _ready = False

    def _new_conn(self) -> socket.socket:
        transmission = _current.get()
        with contextlib.ExitStack() as closing:
            connected: socket.socket = closing.enter_context(super()._new_conn())  # type: ignore[misc]
            if transmission.public_peer and not is_public_address(connected.getpeername()[0], from_name=True):
                raise UnusableResult("link_private")
            transmission.uses(connected)
            # urllib3 leaves this off behind a proxy, where each body then waits 40 ms for its headers' ACK
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            closing.pop_all()
        return connected

    def connect(self) -> None:
        self._ready = False
        super().connect()  # type: ignore[misc]
        self._ready = True

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        transmission = _current.get()
        transmission.uses(self.sock)
        if self._ready:  # before that, what is sent is CONNECT, for the proxy
            transmission.may_have_left = True
            note_departure()
        super().send(data)  # type: ignore[misc]


@functools.cache
def _tracking_pool(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    connection: type[HTTPConnection] = pool.ConnectionCls  # type: ignore[assignment]
    proving = type(f"Proving{connection.__name__}", (_TrackedConnection, connection), {})
    return type(f"Proving{pool.__name__}", (pool,), {"ConnectionCls": proving})


class TrackingAdapter(HTTPAdapter):
    """A requests adapter whose direct, proxied and SOCKS connections all track what was sent; it never retries."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """Make direct connections track what was sent."""
        super().init_poolmanager(*args, **keywords)
        self._replace_pools(self.poolmanager)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return the headers for a proxy; its user name and password may hold any character."""
        value = authorization(proxy)
        return {} if value is None else {"Proxy-Authorization": value}

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        """Make connections through a proxy track what was sent."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **keywords)
        if not known:
            self._replace_pools(manager)
        return manager

    @staticmethod
    def _replace_pools(manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _tracking_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
        }
