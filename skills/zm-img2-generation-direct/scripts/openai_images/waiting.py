"""Keeps a person informed while one long call is under way, and while the next attempt is waited for."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from shared.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.polling import Limits
    from shared.run import Run


@contextlib.contextmanager
def ticking(run: Run, expected: Sequence[float]) -> Iterator[None]:
    """Tell every second how long the call in the block has taken; the reporter decides what of it is shown."""
    over = threading.Event()
    watcher = Watcher(run, expected, word=run.catalogue.say("word_sent"))
    started = time.monotonic()

    def tick() -> None:
        while not over.wait(1.0):
            watcher.update(time.monotonic() - started, None)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_before_retry(run: Run, seconds: float, limits: Limits) -> None:
    """Sleep in steps of a second, telling how much is left."""
    until = limits.clock() + seconds
    while (left := until - limits.clock()) > 0:
        limits.sleep(min(1.0, left))
        run.reporter.waiting("waiting_to_retry", left=f"{left:.0f}")
