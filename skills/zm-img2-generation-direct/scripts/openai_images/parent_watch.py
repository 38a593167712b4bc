"""The pipe by which a child of the queue learns that its runner is gone, however it went."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from shared import signals

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "IMAGE_QUEUE_LIFELINE"
"""Holds the number of the descriptor; the runner keeps the other end and never writes to it."""


def watch(on_end: Callable[[], None] | None = None) -> None:
    """Call `on_end` once the runner is gone; by default this process gets SIGTERM, and ends in order."""
    descriptor = os.environ.pop(VARIABLE, "")
    if not descriptor.isdecimal():
        return

    def wait() -> None:
        try:
            while os.read(int(descriptor), 1):
                pass
        except OSError:
            return
        (on_end or _terminate)()

    threading.Thread(target=wait, daemon=True).start()


def _terminate() -> None:
    if signals.pending():  # the runner has said so before it went; a second signal would give up a paid answer
        return
    os.kill(os.getpid(), signal.SIGTERM)
