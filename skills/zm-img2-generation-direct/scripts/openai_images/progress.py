"""Reports progress during one long call, and while waiting for the next attempt."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.i18n.messages import MessageRef
from shared.output.poll_reporter import PollReporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.output.progress import Reporter
    from shared.pipeline import Job
    from shared.polling import Deadline


MAX_SHARE = 0.99  # while a task has not ended


@dataclass(frozen=True)
class Throughput:
    """How fast the tasks of a batch or a queue end; `at_start` were ended before."""

    total: int
    at_start: int = 0
    started: float = field(default_factory=time.monotonic)

    def facts(self, done: int, now: float) -> dict[str, object]:
        """Return the facts of the progress message at a time on time.monotonic, in seconds."""
        elapsed, ended = now - self.started, done - self.at_start
        rate = ended / elapsed if ended and elapsed > 0 else 0.0
        left = MessageRef("left_about", seconds=f"{(self.total - done) / rate:.0f}") if rate else None
        return {
            "done": done,
            "total": self.total,
            "elapsed": f"{elapsed:.0f}",
            "rate": f"{60 * rate:.1f}" if rate else "-",
            "left": left or MessageRef("left_unknown"),
        }


def report_tasks(reporter: Reporter, message: str, throughput: Throughput, done: int) -> None:
    """Report how many tasks of a batch or a queue have ended, how fast, and the time left."""
    share = min(MAX_SHARE, done / throughput.total) if done < throughput.total else 1.0
    facts = throughput.facts(done, time.monotonic())
    reporter.status(message, progress=share, **facts)


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
