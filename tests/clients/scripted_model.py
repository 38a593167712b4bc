"""A model that speaks OpenAI's chat protocol on loopback and says what a script tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

MODEL = "scripted/one"


@dataclass(frozen=True)
class Call:
    """The model wants a tool called."""

    tool: str
    arguments: dict[str, Any]


@dataclass
class Conversation:
    """What one request tells the model: the system prompt, and each tool's answer so far, oldest first."""

    system: str
    answers: list[str] = field(default_factory=list)


Script = Callable[[Conversation], Call | str]
"""Maps a conversation to the next tool call, or to the reply that ends the turn."""


class ScriptedModel:
    """The server; a context manager. `conversations` are all that it was asked to continue."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.conversations: list[Conversation] = []
        self.failures: list[Exception] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:  # noqa: N805  - names of http.server; self is the model
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                answer = self._answer(body)
                handler.send_response(200)
                handler.send_header("Content-Type", "text/event-stream")
                handler.send_header("Content-Length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            def log_message(handler, *arguments: object) -> None:  # noqa: N805
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def configuration(self) -> dict[str, Any]:
        """Return the part of openclaw.json that makes this the agent's model."""
        url = f"http://127.0.0.1:{self._server.server_port}/v1"
        provider, _, model = MODEL.partition("/")
        described = {
            "baseUrl": url,
            "apiKey": "dummy",
            "api": "openai-completions",
            "models": [{"id": model, "name": model}],
        }
        return {
            "models": {"providers": {provider: described}},
            "agents": {"defaults": {"model": {"primary": MODEL}}},
        }

    def _answer(self, body: dict[str, Any]) -> bytes:
        messages = body["messages"]
        conversation = Conversation(
            "\n".join(_text(one) for one in messages if one["role"] in ("system", "developer")),
            [_text(one) for one in messages if one["role"] == "tool"],
        )
        self.conversations.append(conversation)
        try:
            step = self._script(conversation)
        except Exception as failure:  # noqa: BLE001  - a script that asserts must end the turn, and the test asks why
            self.failures.append(failure)
            step = f"the script failed: {failure!r}"
        return _stream(body["model"], len(self.conversations), step)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _stream(model: str, number: int, step: Call | str) -> bytes:
    if isinstance(step, str):
        delta: dict[str, Any] = {"role": "assistant", "content": step}
        reason = "stop"
    else:
        function = {"name": step.tool, "arguments": json.dumps(step.arguments)}
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        delta = {"role": "assistant", "content": None, "tool_calls": [call]}
        reason = "tool_calls"
    head = {"id": f"answer_{number}", "object": "chat.completion.chunk", "created": 0, "model": model}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {
            **head,
            "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        },
    ]
    lines = [json.dumps(chunk) for chunk in chunks] + ["[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()
