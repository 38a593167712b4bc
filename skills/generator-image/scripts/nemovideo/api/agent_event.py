"""Parse one event of the agent's stream, in both documented shapes (references/api.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shared.i18n.catalog import sanitize_line
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nemovideo.api.event_stream import Event

Kind = Literal["piece", "growing", "whole", "work", "heartbeat", "trouble", "unknown"]
MAX_TEXT = 1 << 16  # characters kept of the agent's text
MIN_REPEATED = 8  # characters; a shorter piece that starts like all before it may be the next word ("ha", "haha")


@dataclass(frozen=True)
class AgentEvent:
    """The meaning of an event: text (a piece, a growing whole, or the whole), work, a heartbeat, or an error."""

    kind: Kind
    text: str = ""
    code: str = ""


def read_event(event: Event) -> Iterator[AgentEvent]:
    """Yield the meanings of an event; anything but a JSON object counts as unknown, never as text.

    The documented format has one `data:` line per event. If the service omits the empty line between two events,
    each line is parsed as a separate object.
    """
    if event.name == "heartbeat":
        yield AgentEvent("heartbeat")
        return
    for text in [event.data] if _object(event.data) else event.data.split("\n"):
        document = _object(text)
        yield from _read(document) if document else [AgentEvent("heartbeat" if not text.strip() else "unknown")]


def _read(document: dict[str, Any]) -> Iterator[AgentEvent]:
    code, kind = document.get("errorCode"), document.get("type")
    error = document.get("error")
    facts = error if isinstance(error, dict) else {"message": error}
    words = document.get("errorMessage") or facts.get("message") or document.get("message")
    if code or kind == "error" or (error and kind is None) or _is_refusal(document):
        message = words if isinstance(words, str) else ""
        code = code or document.get("code") or facts.get("code")
        yield AgentEvent("trouble", sanitize_line(message), sanitize_line(code or "", 60))
    elif isinstance(document.get("content"), dict):
        yield from _kit(document)
    elif kind == "text" and isinstance(document.get("content"), str):
        yield AgentEvent("piece", document["content"])
    elif kind in ("tool_call", "tool_result"):
        yield AgentEvent("work", sanitize_line(document.get("name") or "", 60))
    else:
        yield AgentEvent("heartbeat" if kind == "heartbeat" else "unknown")


def _kit(document: dict[str, Any]) -> Iterator[AgentEvent]:
    """Parse an event of the Agent Development Kit; the user's own text and the model's thoughts are left out."""
    parts = document["content"].get("parts")
    partial = document.get("partial") is True
    valid_parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    calls = [part.get("functionCall") or part.get("functionResponse") for part in valid_parts]
    for call in calls:
        if isinstance(call, dict):
            yield AgentEvent("work", sanitize_line(call.get("name") or "", 60))
    words = [
        part["text"]
        for part in valid_parts
        if isinstance(part.get("text"), str) and part.get("thought") is not True
    ]
    if document.get("author") != "user" and any(words):
        yield AgentEvent("growing" if partial else "whole", "".join(words))
    elif not any(calls):
        yield AgentEvent("work" if isinstance(document.get("author"), str) else "unknown")


def _is_refusal(document: dict[str, Any]) -> bool:
    """Return whether an event is the service's own envelope with a code other than 0."""
    return document.get("code") not in (None, 0, "0") and "type" not in document and "content" not in document


def _object(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


@dataclass
class _Part:
    """One part of the text, as chunks: joining them at each addition would take quadratic time."""

    chunks: list[str]
    length: int

    def text(self) -> str:
        self.chunks = ["".join(self.chunks)]
        return self.chunks[0]

    def begins(self, text: str) -> bool:
        """Return whether `text` starts with this part."""
        return self.length <= len(text) and text.startswith(self.text())


class Words:
    """The agent's text, assembled from pieces, growing parts, and wholes that repeat them."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._length = 0  # characters of all parts
        self._open: Kind = "whole"

    def add(self, said: AgentEvent) -> None:
        """Add the text of an event; other events, and text beyond the limit, change nothing."""
        if said.kind not in ("piece", "growing", "whole"):
            return
        kind, text = said.kind, said.text
        last = self._parts[-1] if self._parts else None
        if last and kind == "whole" and self._open == "growing":
            self._put(kind, text, instead=last)
        elif last and kind != "whole" and self._open == kind:
            if last.length >= MIN_REPEATED and last.begins(text):
                self._put(kind, text, instead=last)
            elif self._length + len(text) <= MAX_TEXT:
                last.chunks.append(text)
                last.length += len(text)
                self._length += len(text)
        elif last and len(text) == last.length and last.begins(text):  # sent twice
            self._open = kind
        else:
            self._put(kind, text)

    def _put(self, kind: Kind, text: str, *, instead: _Part | None = None) -> None:
        """Add a part, or replace the last one, unless that exceeds the limit."""
        more = len(text) - (instead.length if instead else 0)
        if self._length + more > MAX_TEXT:
            return
        if instead:
            self._parts.pop()
        self._parts.append(_Part([text], len(text)))
        self._length += more
        self._open = kind

    @property
    def text(self) -> str:
        """The text so far, redacted after joining, so that a key cut by the end of an event is found."""
        parts = [part.text() for part in self._parts]
        joined = "\n".join(part.strip("\n") for part in parts if part.strip())
        joined = redact_keys(joined.encode(errors="replace").decode())  # half a character could be written nowhere
        tight = joined.replace("\n", "")
        masked = redact_keys(tight)
        return joined if masked == tight else masked
