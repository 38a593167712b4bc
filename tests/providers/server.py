"""A TLS server with its hands on the raw sockets, so that cuts, resets and drips are real."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from tests.providers.certificates import Authority
from tests.providers.recorder import Recorder
from tests.providers.reply import Fault, Reply, encode, encode_pieces, json_reply
from tests.providers.request import MalformedRequestError, Request, read_request
from tests.providers.sockets import LOOPBACK, LoopbackServer, drain, reset

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from typing_extensions import Self

    from tests.providers.certificates import CertificateFault

    Handler: TypeAlias = "Callable[[Request], Reply]"


class TlsServer(LoopbackServer):
    """Serves many host names on one port; SNI chooses the certificate, the Host header the handler.

    `handshakes` counts finished handshakes by certificate name (127.0.0.1 without SNI), `recorder` has every
    whole request, `malformed` says why others were none. `ca_path` is what REQUESTS_CA_BUNDLE names.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        super().__init__()
        self.handlers = handlers
        self.recorder = Recorder()
        self.handshakes: Counter[str] = Counter()
        self.malformed: list[str] = []
        self.drip_seconds = 1.0
        self._authority = Authority()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._connection_plans: deque[Fault | None] = deque()
        for host in {*handlers, LOOPBACK}:
            self.serve_certificate(host)

    def __enter__(self) -> Self:
        self._ca_file = self._authority.pem.tempfile()
        self.ca_path = self._ca_file.__enter__()
        return super().__enter__()

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._ca_file.__exit__(None, None, None)

    def serve_certificate(self, host: str, fault: CertificateFault | None = None) -> None:
        """Give a host another certificate from the next handshake on."""
        context = self._authority.context(host, fault)
        context.sni_callback = self._choose_certificate
        self._contexts[host] = context

    def plan_connections(self, *faults: Fault | None) -> None:
        """Queue CLOSE_BEFORE_TLS, CLOSE_BEFORE_READING or None (serve it) for the next connections, any host."""
        self._connection_plans.extend(faults)

    def serve(self, connection: socket.socket) -> None:
        with self._lock:
            planned = self._connection_plans.popleft() if self._connection_plans else None
        if planned is Fault.CLOSE_BEFORE_TLS:
            return
        # The duplicate is wrapped, so that `connection` stays a plain socket on the same stream.
        with connection.dup() as duplicate:
            tls = self._contexts[LOOPBACK].wrap_socket(duplicate, server_side=True, do_handshake_on_connect=False)
        with tls:
            tls.do_handshake()
            self.handshakes.update(host for host, context in self._contexts.items() if context is tls.context)
            if planned is not Fault.CLOSE_BEFORE_READING:
                self._serve_requests(connection, tls)

    def _choose_certificate(
        self, tls: ssl.SSLSocket | ssl.SSLObject, name: str | None, _default: ssl.SSLContext
    ) -> None:
        tls.context = self._contexts.get(name or LOOPBACK, self._contexts[LOOPBACK])

    def _serve_requests(self, raw: socket.socket, tls: ssl.SSLSocket) -> None:
        with tls.makefile("rb") as stream:
            while not self.stopping.is_set():
                try:
                    request = read_request(stream)
                except MalformedRequestError as error:
                    self.malformed.append(str(error))
                    tls.sendall(encode(Reply(status=400, headers={"Connection": "close"})))
                    return
                if not request:
                    return
                self.recorder.requests.append(request)
                handler = self.handlers.get(request.host)
                reply = handler(request) if handler else json_reply({"message": "no such host"}, 421)
                self.stopping.wait(reply.delay)
                if reply.pieces is not None and not self._send_pieces(reply, tls):
                    return
                if reply.fault:
                    self._play(reply, raw, tls)
                    return
                if reply.pieces is None:
                    tls.sendall(encode(reply, with_body=request.method != "HEAD"))
                if "close" in (reply.headers.get("Connection"), request.headers.get("connection")):
                    return

    def _send_pieces(self, reply: Reply, tls: ssl.SSLSocket) -> bool:
        for seconds, part in encode_pieces(reply):
            if seconds and self.stopping.wait(seconds):
                return False
            tls.sendall(part)
        return True

    def _play(self, reply: Reply, raw: socket.socket, tls: ssl.SSLSocket) -> None:
        """Let the reply go wrong; the caller closes the connection."""
        if reply.fault in {Fault.RESET, Fault.CLOSE_BEFORE_READING}:
            reset(raw)
        elif reply.fault is Fault.HANG:
            drain(raw)
        elif reply.fault is Fault.GARBAGE_RECORD:
            raw.sendall(b"These bytes are no TLS record.\r\n")
        elif reply.fault in {Fault.DRIP, Fault.DRIP_HEADERS}:
            self._drip(reply, tls)
        elif reply.fault is not Fault.CLOSE_WITHOUT_ANSWER and reply.pieces is None:
            tls.sendall(encode(reply))

    def _drip(self, reply: Reply, tls: ssl.SSLSocket) -> None:
        data = encode(reply)
        at_once = data.index(b"\r\n\r\n") + 4 if reply.fault is Fault.DRIP else 1
        tls.sendall(data[:at_once])
        for byte in data[at_once:]:
            if self.stopping.wait(self.drip_seconds):
                return
            tls.sendall(bytes([byte]))
