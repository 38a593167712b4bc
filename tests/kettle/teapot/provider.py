"""The kettle as a provider of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import UnusableResult
from shared.pipeline import submit
from shared.queue_poller import PollPolicy, QueueTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask
    from shared.provider import Context, Row
    from shared.security.keys import Secret
    from teapot.client import Client
    from teapot.request import ImageRequest


@dataclass(frozen=True)
class Provider:
    """One task at the kettle; a task that is resumed has no request."""

    client: Client
    key: Secret
    request: ImageRequest | None = None

    @property
    def downloads(self) -> Any:
        """Fetches image links, without the key."""
        return self.client.downloads

    def polling(self, _entry: Entry) -> PollPolicy:
        """Return how a task is polled."""
        return PollPolicy(interval=1.0)

    def prepare(self, task: LockedTask, context: Context) -> None:
        """Say what is about to be paid."""
        context.ui.reporter.info("create_summary", cups=task.entry.requested["cups"], key=self.key)

    def submit(self, task: LockedTask, context: Context) -> None:
        """Send the create."""
        if self.request is None:
            raise ValueError("a task without a request is never submitted")
        request = self.request
        submit(task, lambda: self.client.create(request), context)

    def poll(self, entry: Entry, seconds: float) -> QueueTask:
        """Query the task once."""
        return self.client.query(str(entry.task_id), seconds)

    def results(self, _status: QueueTask) -> Mapping[str, Any]:
        """Return no keys of its own."""
        return {}

    def reused(self, rows: list[Row], _entry: Entry, _seconds: float) -> tuple[list[Row], Mapping[str, Any]]:
        """Return the images as they are."""
        return rows, {}

    def missing(self, _status: QueueTask, saved: int, entry: Entry, _context: Context) -> UnusableResult | None:
        """Return the error for a done task without images."""
        return None if saved else UnusableResult("result_without_pictures", task_id=entry.task_id)
