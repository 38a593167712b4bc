"""A server of Google's Agent Development Kit with a scripted model, and the rest of NemoVideo around it.

Run by the Python of build/clients/adk. Its argument is a folder, where the server writes its port to `port` and
the body of every message to `messages`, one a line; `link` there is the address of its images. The first word of
a message chooses what the model says; sessions in Chinese are streamed in partial texts.
"""

# The kit is not installed where types are checked:
# mypy: disable-error-code="import-not-found,misc,untyped-decorator"

from __future__ import annotations

import json
import socket
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import Request  # noqa: TC002  - fastapi looks annotations up while it runs
from fastapi.responses import JSONResponse
from google.adk.agents import LlmAgent
from google.adk.cli.fast_api import get_fast_api_app
from google.adk.models import BaseLlm, LlmResponse
from google.genai import types

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.adk.models.llm_request import LlmRequest

FOLDER = Path(sys.argv[1])
AGENT = "nemo_agent"
STATES: dict[str, dict[str, Any]] = {}
STREAMING: set[str] = set()  # sessions


def make_picture(prompt: str, tool_context: Any) -> dict[str, str]:
    """Make an image and put it into the state."""
    state = STATES[tool_context.session.id]
    state["generated_media"].append({"url": (FOLDER / "link").read_text(), "type": "image", "prompt": prompt})
    state["draft"]["t"] = [{"tt": 0, "sg": [{"d": 5000, "m": {"name": "kite"}}]}]
    return {"status": "inner success"}


class Scripted(BaseLlm):
    """A model that says what the message's first word asks for."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        """Yield the model's turn."""
        last = llm_request.contents[-1].parts[-1]
        word = (last.text or "").split(" ")[0]
        if word == "fails":
            raise ValueError("the model broke at the service")
        if word == "refuses":
            yield LlmResponse(error_code="SAFETY", error_message="the model may not say this")
        elif word == "kite":
            yield said(types.Part.from_function_call(name="make_picture", args={"prompt": "an inner prompt"}))
        elif word == "thinks":
            yield said(types.Part(text="an inner thought", thought=True), types.Part(text="Thought over."))
        elif word == "silent":
            yield said(types.Part(text=""))
        else:
            halves = ["Your kite is ", "ready: 风筝😀"]
            if stream:
                for half in halves:
                    yield LlmResponse(content=content(types.Part(text=half)), partial=True)
            yield said(types.Part(text="".join(halves)))


def content(*parts: types.Part) -> types.Content:
    """Return what the model says as its turn."""
    return types.Content(role="model", parts=list(parts))


def said(*parts: types.Part) -> LlmResponse:
    """Return a whole turn."""
    return LlmResponse(content=content(*parts))


class Agents:
    """Loads the one agent, where the kit would search for modules in a folder."""

    def load_agent(self, name: str) -> LlmAgent:
        """Return the agent."""
        assert name == AGENT
        return LlmAgent(name=AGENT, model=Scripted(model="scripted"), tools=[make_picture])

    def list_agents(self) -> list[str]:
        """Name the agent."""
        return [AGENT]

    def list_agents_detailed(self) -> list[dict[str, Any]]:
        """Name the agent."""
        return [{"name": AGENT}]

    def remove_agent_from_cache(self, name: str) -> None:
        """Forget nothing."""


app = get_fast_api_app(
    agents_dir=str(FOLDER), agent_loader=Agents(), session_service_uri="memory://",
    artifact_service_uri="memory://", memory_service_uri="memory://", web=False, auto_create_session=True,
)  # fmt: skip


def enveloped(data: Any) -> dict[str, Any]:
    """Return NemoVideo's envelope."""
    return {"code": 0, "message": "success", "data": data}


@app.post("/api/tasks/me/with-session/nemo_agent")
async def open_session(request: Request) -> dict[str, Any]:
    """Open a session; the kit makes its own at the first message."""
    session = f"s-{uuid.uuid4()}"
    STATES[session] = {"draft": {"t": []}, "generated_media": [], "video_infos": [], "canvas_config": {}}
    if (await request.json())["language"] == "zh":
        STREAMING.add(session)
    return enveloped({"task_id": f"t-{session}", "session_id": session})


@app.get("/api/state/nemo_agent/me/{session}/latest")
async def read_state(session: str) -> dict[str, Any]:
    """Tell the state."""
    return enveloped({"state": STATES[session]})


@app.get("/api/credits/balance/simple")
async def read_credits() -> dict[str, Any]:
    """Tell a balance."""
    return enveloped({"available": 95, "frozen": 0, "total": 95})


@app.exception_handler(KeyError)
async def unknown(_request: Request, error: KeyError) -> JSONResponse:
    """Answer for a session that is not there."""
    return JSONResponse({"code": 1002, "message": f"session not found: {error}", "data": None})


class Streaming:
    """Writes each message down, and asks for partial texts where its session wants them; the client never does."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a request on."""
        if scope["type"] != "http" or scope["path"] != "/run_sse":
            await self._inner(scope, receive, send)
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        with (FOLDER / "messages").open("ab") as file:
            file.write(body + b"\n")
        document = json.loads(body)
        body = json.dumps({**document, "streaming": document["session_id"] in STREAMING}).encode()
        kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        scope = {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}
        parts = [{"type": "http.request", "body": body, "more_body": False}]
        await self._inner(scope, lambda: _next(parts, receive), send)


async def _next(parts: list[dict[str, Any]], receive: Any) -> Any:
    return parts.pop() if parts else await receive()


def main() -> None:
    """Serve until someone ends the process."""
    listener = socket.create_server(("127.0.0.1", 0))
    (FOLDER / "port").write_text(str(listener.getsockname()[1]))
    config = uvicorn.Config(Streaming(app), log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
