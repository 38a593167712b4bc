"""Let a child process of the queue notice that its runner has ended, for any reason."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from shared import signals

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTOR_VARIABLE = "IMAGE_QUEUE_LIFELINE"
"""Names the pipe's descriptor; the runner holds the other end and never writes to it."""


def watch(on_end: Callable[[], None] | None = None) -> None:
    """Call `on_end` once the runner has ended; by default, send SIGTERM to this process."""
    descriptor = os.environ.pop(DESCRIPTOR_VARIABLE, "")
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
    if signals.pending():  # the runner sent one before it ended; a second signal would give up a paid answer
        return
    os.kill(os.getpid(), signal.SIGTERM)
