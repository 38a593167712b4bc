"""Keeps a person informed while one long call is under way, and while the next attempt is waited for."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from shared.cli.poll_reporter import PollReporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.cli.context import CommandContext
    from shared.polling import Deadline


@contextlib.contextmanager
def ticking(run: CommandContext, expected: Sequence[float]) -> Iterator[None]:
    """Tell every second how long the call in the block has taken; the reporter decides what of it is shown."""
    over = threading.Event()
    watcher = PollReporter(run, expected, word=run.catalog.format("word_sent"))
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


def wait_before_retry(run: CommandContext, seconds: float, limits: Deadline) -> None:
    """Sleep in steps of a second, telling how much is left."""
    until = limits.clock() + seconds
    while (left := until - limits.clock()) > 0:
        limits.sleep(min(1.0, left))
        run.reporter.status("waiting_to_retry", left=f"{left:.0f}")
