"""Parse text/event-stream (WHATWG HTML, section 9.2.6) from bytes that may be cut anywhere."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

LONGEST = 1 << 20  # bytes of one line, and of the data of one event; the agent's words have a few thousand
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Event:
    """One event: its name (`message` by default) and its data lines joined by newlines."""

    name: str
    data: str


class EventParser:
    """Incremental parser of a stream; buffers at most one event, and drops one that is too long.

    Data that is not UTF-8 is replaced, as the format requires. Ids and retry times are ignored: a paid message is
    never requested again.
    """

    def __init__(self) -> None:
        self.dropped = 0
        """The number of events that were dropped as too long."""
        self._line = bytearray()
        self._after_return = False
        self._at_start = True
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._overlong = False  # the line
        self._too_long = False  # the event

    def feed(self, block: bytes) -> list[Event]:
        """Return the events that this block completes."""
        if self._after_return and block.startswith(b"\n"):  # the second half of a line end that was cut in two
            block, self._after_return = block[1:], False
        if block:
            self._after_return = block.endswith(b"\r")
        *lines, rest = _LINE_END.split(block)
        events = []
        for line in lines:
            self._keep(line)
            event = self._end_line()
            if event:
                events.append(event)
        self._keep(rest)
        return events

    def end(self) -> list[Event]:
        """Return the last event of a stream that ended without an empty line; for complete streams only.

        The format drops it; services forget the last line end.
        """
        return [event for event in (self._end_line(), self._dispatch()) if event]

    def _keep(self, piece: bytes) -> None:
        if len(self._line) + len(piece) > LONGEST:
            self._overlong = self._too_long = True
        if self._overlong:
            self._line.clear()
        else:
            self._line += piece

    def _end_line(self) -> Event | None:
        line, overlong = bytes(self._line), self._overlong
        self._line.clear()
        self._overlong = False
        if self._at_start:
            line, self._at_start = line.removeprefix(codecs.BOM_UTF8), False
        if overlong:
            return None
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value) + 1
            self._too_long = self._too_long or self._size > LONGEST
            self._data.append(value)
        elif name == b"event":
            self._name = value
        if self._too_long:
            self._data.clear()
        return None

    def _dispatch(self) -> Event | None:
        name, data, too_long = self._name, b"\n".join(self._data), self._too_long
        self._name, self._data, self._size, self._too_long = b"", [], 0, False
        if too_long:
            self.dropped += 1
            return None
        return Event(name.decode(errors="replace") or "message", data.decode(errors="replace")) if data else None
