"""What a service brings to the pipeline, and what the pipeline gives to its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shared.journal.claim import LockWait
from shared.output.poll_reporter import PollStatus
from shared.queue_poller import PollPolicy, QueueStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shared.errors import SkillError
    from shared.images.download import Downloads
    from shared.journal.claim import Journal
    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask
    from shared.output.progress import Reporter
    from shared.polling import Deadline

Row = dict[str, Any]
"""One image in the document's `images`."""


class UserInterface(Protocol):
    """How the person or agent is spoken to."""

    reporter: Reporter
    chat_copy: str
    """Whether a large image gets a smaller copy for chats; see output.media.CHAT_COPY."""

    def command_record(self) -> dict[str, Any]:
        """Return what an entry keeps of this command, so that its request can be made again; it may be empty."""

    def confirm_spend(self, entry: Entry, cost: str) -> None:
        """Ask before money is spent on this entry, where there is somebody to ask; raise Interrupted for a no."""


@dataclass(frozen=True)
class Context:
    """What the steps of one task share besides the request; it goes down and does not change."""

    ui: UserInterface
    journal: Journal
    state: Path
    output_dir: Path
    deadline: Deadline
    interval: float | None = None
    """Seconds between two polls if the user set them."""
    no_wait: bool = False
    new: bool = False

    @property
    def lock_wait(self) -> LockWait:
        """Return how to wait for another process that works on the same request."""
        reported = set()

        def report(entry: Entry) -> None:
            say = self.ui.reporter.status if entry.local_id in reported else self.ui.reporter.info
            say("waiting_for_other", local_id=entry.local_id)
            reported.add(entry.local_id)

        deadline = self.deadline
        return LockWait(deadline.ends_at, not self.no_wait, deadline.clock, deadline.sleep, report)


class TaskStatus(QueueStatus, PollStatus, Protocol):
    """The status of a task as the service reports it."""

    @property
    def state(self) -> str:
        """Whether it is `running`, `succeeded` or `failed`."""
        ...

    @property
    def links(self) -> Sequence[str]:
        """The links of the images that can be downloaded."""
        ...

    @property
    def reason(self) -> str:
        """The service's reason for a failure, empty without one."""
        ...


StatusT = TypeVar("StatusT", bound=TaskStatus)


class Provider(Protocol[StatusT]):
    """What one service brings to the pipeline; an instance is about one task."""

    @property
    def downloads(self) -> Downloads:
        """Fetches image links, without the key."""

    def polling(self, entry: Entry) -> PollPolicy:
        """Return how a task is polled."""
        ...

    def prepare(self, task: LockedTask, context: Context) -> None:
        """Check and announce what is about to be paid; free, and before any confirmation."""

    def submit(self, task: LockedTask, context: Context) -> None:
        """Upload what the request needs, and send the one paid request through `submit`."""

    def poll(self, entry: Entry, seconds: float) -> StatusT:
        """Query the task once; free. A ReadError may be repeated."""

    def results(self, status: StatusT) -> Mapping[str, Any]:
        """Return the skill's own keys of the document for the images of a status."""

    def reused(self, rows: list[Row], entry: Entry, seconds: float) -> tuple[list[Row], Mapping[str, Any]]:
        """Return saved images as they are returned again, and the skill's own keys for them."""

    def missing(self, status: StatusT, saved: int, entry: Entry, context: Context) -> SkillError | None:
        """Return why a task that the service calls done is not, None if nothing is missing."""
