"""Reports progress during one long call, and while waiting for the next attempt."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from shared.output.poll_reporter import PollReporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.output.progress import Reporter
    from shared.pipeline import Job
    from shared.polling import Deadline


@contextlib.contextmanager
def report_elapsed(job: Job, expected: Sequence[float]) -> Iterator[None]:
    """Report every second how long the block has been running; the reporter decides what is shown."""
    over = threading.Event()
    reporter = job.context.ui.reporter
    watcher = job.watcher = job.watcher or PollReporter(
        reporter, expected, word=reporter.catalog.format("word_sent")
    )
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


def wait_before_retry(reporter: Reporter, seconds: float, deadline: Deadline) -> None:
    """Sleep in steps of a second, reporting the remaining time."""
    until = deadline.clock() + seconds
    while (left := until - deadline.clock()) > 0:
        deadline.sleep(min(1.0, left))
        reporter.status("waiting_to_retry", left=f"{left:.0f}")
