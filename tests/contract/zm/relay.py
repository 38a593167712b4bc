"""A relay on loopback over plain http, which answers as a test says: any status, any body, anywhere."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.providers.pictures import make_picture
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

IMAGE = make_picture("png", 64, 48, 3)
OTHER_IMAGE = make_picture("jpeg", 48, 64, 4)
KEY = "sk-dummy-relay-key"


@dataclass
class Seen:
    """A request as the relay got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Relay:
    """A context manager; `answers` are given in turn, the last one again and again."""

    answers: list[Reply] = field(default_factory=list)
    files: dict[str, Reply] = field(default_factory=dict)
    models: Reply = field(default_factory=lambda: json_reply({"object": "list", "data": [{"id": "gpt-image-2"}]}))
    requests: list[Seen] = field(default_factory=list)
    choose: Callable[[Seen], Reply] | None = None

    def __enter__(self) -> Self:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                relay._answer(self, b"")

            def do_POST(self) -> None:
                relay._answer(self, self.rfile.read(int(self.headers["content-length"])))

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def provider(self) -> dict[str, Any]:
        """The provider as OpenClaw's configuration names it."""
        return {"baseUrl": f"{self.origin}/v1", "apiKey": KEY}

    @property
    def paid(self) -> list[Seen]:
        """The requests that cost money."""
        return [request for request in self.requests if request.method == "POST"]

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Seen(handler.command, handler.path, headers, body)
        self.requests.append(request)
        if request.path in self.files:
            reply = self.files[request.path]
        elif request.method == "GET":
            reply = self.models
        elif self.choose:
            reply = self.choose(request)
        else:
            reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in reply.headers:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.close_connection = "Content-Length" in reply.headers  # of a body that is cut
        handler.end_headers()
        handler.wfile.write(reply.body)
