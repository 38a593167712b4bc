"""Records whether a byte of a request may have left; the connection writes it, the paid request reads it."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Departure:
    """Whether a connection opened inside a `departures()` block has sent a byte."""

    def __init__(self) -> None:
        self.may_have_left = False
        """True from the first byte that is passed to a service."""


_current: ContextVar[Departure | None] = ContextVar("departure", default=None)


@contextlib.contextmanager
def departures() -> Iterator[Departure]:
    """Watch every request of this thread inside the block."""
    departure = Departure()
    token = _current.set(departure)
    try:
        yield departure
    finally:
        _current.reset(token)


def note_departure() -> None:
    """Record that a byte of a request is about to be sent."""
    departure = _current.get()
    if departure is not None:
        departure.may_have_left = True
