"""A threaded server on loopback that leaves no socket and no thread behind."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

LOOPBACK = "127.0.0.1"


def reset(connection: socket.socket) -> None:
    """Make the last close of this connection send RST instead of FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drain(connection: socket.socket) -> None:
    """Read and forget until the peer leaves or the server stops."""
    while connection.recv(65536):
        pass


class LoopbackServer:
    """Accepts on 127.0.0.1 at a free port; each connection is served in a thread of its own.

    Use it as a context manager. Leaving it shuts every connection down and joins every thread.
    """

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client; the connection is closed after the return or an OSError."""
        raise NotImplementedError

    @property
    def port(self) -> int:
        """The listening port, once the server runs."""
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self._start(self._accept)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stopping.set()
        socket.create_connection((LOOPBACK, self.port)).close()  # wakes accept() on every system
        self._threads[0].join()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @contextlib.contextmanager
    def tracked(self, connection: socket.socket) -> Iterator[socket.socket]:
        """Close the connection at the end of the block; shut it down when the server stops before."""
        with connection:
            with self._lock:
                self._open.add(connection)
            try:
                yield connection
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.stopping.is_set():
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with self.tracked(connection), contextlib.suppress(OSError):
            self.serve(connection)
