"""The agent's answer to a message, as the bytes of its stream, in both documented shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tests.providers.reply import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

Shape = Literal["typed", "adk"]
Effect = Literal["picture", "clip", "music", "title", "louder", "nothing"]
NOISE = (
    b": keep-alive\n\n",
    b"data:\n\n",
    b"event: heartbeat\ndata: {}\n\n",
    b"data: not json at all\n\n",
    b'id: 7\nretry: 3000\nevent: surprise\ndata: {"type": "surprise", "content": 1}\n\n',
)


@dataclass(frozen=True, kw_only=True)
class MessagePlan:
    """What the agent does with one message; what is left out is an ordinary image, made and reported.

    The work ends after `seconds` with its `effects` in the state, evenly spread, the last one at the end; the
    stream lasts `stream_seconds`, by default as long. `text` None is an edit without a word. `cut` ends the stream
    after so many events, in the way of `fault`. `error` is a code and a message that the stream ends with.
    `noise` puts comments, empty data, heartbeats of both kinds and other people's events between. `raw` replaces
    the events. `piece` cuts the stream into pieces of so many bytes. `newline` ends its lines.
    """

    shape: Shape = "typed"
    seconds: float | None = None
    stream_seconds: float | None = None
    effects: tuple[Effect, ...] | None = None
    text: str | None = "Your picture is ready."
    heartbeats: int = 1
    noise: bool = False
    error: tuple[str, str] | None = None
    cut: int | None = None
    fault: Fault = Fault.CUT_CHUNKED
    raw: tuple[bytes, ...] | None = None
    piece: int | None = None
    newline: bytes = b"\n"
    cost: int = 5


def events(plan: MessagePlan) -> list[bytes]:
    """Return the events of a whole stream in order."""
    if plan.raw is not None:
        return list(plan.raw)
    told = _adk(plan) if plan.shape == "adk" else _typed(plan)
    lines = [b"data: " + json.dumps(one, ensure_ascii=False).encode() + b"\n\n" for one in told]
    if plan.noise:
        lines = [piece for line in lines for piece in (*NOISE, line)] + list(NOISE)
    return [line.replace(b"\n", plan.newline) for line in lines]


def stream(plan: MessagePlan, seconds: float) -> Reply:
    """Return the answer with these events, spread over so many seconds."""
    every = events(plan)
    pause = seconds / max(len(every), 1)
    parts = [(pause, one) for one in (every if plan.cut is None else every[: plan.cut])]
    if plan.piece:
        parts = [piece for one in parts for piece in _split(one, plan.piece)]
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    return Reply(headers=headers, pieces=parts, fault=None if plan.cut is None else plan.fault)


def _split(part: tuple[float, bytes], size: int) -> Sequence[tuple[float, bytes]]:
    pause, content = part
    pieces = [content[place : place + size] for place in range(0, len(content), size)]
    return [(0.0 if number else pause, piece) for number, piece in enumerate(pieces)]


def _typed(plan: MessagePlan) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [{"type": "heartbeat"}] * plan.heartbeats
    told.append({"type": "tool_call", "name": "generate_media", "args": {"prompt": "an inner prompt"}})
    told.append({"type": "tool_result", "name": "generate_media", "result": {"status": "inner success"}})
    if plan.text is not None:
        middle = len(plan.text) // 2
        told += [{"type": "text", "content": half} for half in (plan.text[:middle], plan.text[middle:]) if half]
    if plan.error:
        told.append({"type": "error", "code": plan.error[0], "message": plan.error[1]})
    return told


def _adk(plan: MessagePlan) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [{"type": "heartbeat"}] * plan.heartbeats
    call = {"functionCall": {"id": "call-1", "name": "generate_media", "args": {"prompt": "an inner prompt"}}}
    answer = {"functionResponse": {"id": "call-1", "name": "generate_media", "response": {"status": "inner"}}}
    told += [_event([call]), _event([answer], role="user")]
    if plan.text is not None:
        middle = len(plan.text) // 2
        halves = [half for half in (plan.text[:middle], plan.text[middle:]) if half]
        told += [_event([{"text": half}], partial=True) for half in halves]
        told.append(_event([{"text": plan.text}]))
    if plan.error:
        told.append({**_event([]), "errorCode": plan.error[0], "errorMessage": plan.error[1]})
    return told


def _event(parts: list[dict[str, Any]], *, role: str = "model", partial: bool | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"id": "event-1", "author": "nemo_agent", "invocationId": "e-1"}
    event |= {"content": {"role": role, "parts": parts}, "timestamp": 1750000000.5}
    event |= {"actions": {"stateDelta": {}, "artifactDelta": {}, "requestedAuthConfigs": {}}}
    return event if partial is None else {**event, "partial": partial}
