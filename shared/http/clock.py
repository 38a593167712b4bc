"""How far this machine's clock is off, read from the Date header of the last answer."""

from __future__ import annotations

import time

_last: list[tuple[str, float]] = []


def note_date(header: str | None) -> None:
    """Remember the Date header of an answer that has just come, and the time on this machine."""
    if header:
        _last[:] = [(header, time.time())]


def forget_date() -> None:
    """Forget the answers so far."""
    _last.clear()


def clock_offset() -> float | None:
    """Return by how many seconds this machine's clock is ahead of the last answer's; None without its date."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  - for doctor only

    for header, here in _last:
        try:
            return here - parsedate_to_datetime(header).timestamp()
        except Exception:  # noqa: BLE001  - what it raises for garbage differs by version: IndexError, TypeError
            return None
    return None
