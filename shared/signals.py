"""Handle SIGINT and SIGTERM: end in order, and defer them while a paid task could be lost."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Interrupted(BaseException):
    """The process received a signal to stop; not an Exception, so that no retry swallows it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


class _Holds:
    """How many blocks hold signals back now, how many of them are uninterruptible, and the signal that waits."""

    def __init__(self) -> None:
        self.open = 0
        self.firm = 0
        self.pending: int | None = None
        self.ending = False
        self.note = b""

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.ending:
            return
        if self.firm:
            self.pending = number
        elif self.open and self.pending is None:
            self.pending = number
            with contextlib.suppress(OSError):
                os.write(2, self.note)  # print is not re-entrant in a signal handler
        else:
            self.pending = None
            raise Interrupted(number)


_holds = _Holds()  # signal handlers are global to the process, and so is what they ask


def set_deferred_note(text: str) -> None:
    """Set the line that is written to stderr when a signal is deferred."""
    _holds.note = f"{text}\n".encode()


@contextlib.contextmanager
def handle_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM inside the block into `Interrupted`; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _holds.pending, _holds.ending = None, False
    before = {number: signal.signal(number, _holds.on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def defer_signals(*, uninterruptible: bool = False) -> Iterator[None]:
    """Defer signals until the block ends without an error; `Interrupted` is raised then.

    If the block raises an error, that error is raised instead. A second signal ends the block immediately, unless
    it is `uninterruptible`: for blocks of milliseconds, such as writing the id that the service issued. Outside
    the main thread, the only one that signals interrupt, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _holds.open += 1
    _holds.firm += uninterruptible
    try:
        yield
    finally:
        _holds.open -= 1
        _holds.firm -= uninterruptible
    if _holds.pending is not None and not _holds.open:
        number, _holds.pending = _holds.pending, None
        raise Interrupted(number)


def pending() -> bool:
    """Return whether a signal is deferred: a long block may then end early."""
    return _holds.pending is not None


def discard_pending() -> None:
    """Discard a pending signal: the command ends anyway, and its own outcome is more useful than an interruption.

    Outside the main thread this does nothing: it is not the command that ends there.
    """
    if threading.current_thread() is threading.main_thread():
        _holds.pending = None


def ignore() -> None:
    """Ignore signals from now on: the command has ended, and only its outcome is left to print."""
    _holds.ending = True
