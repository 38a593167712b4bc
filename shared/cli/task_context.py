"""How a request is carried out: where files go, how long to wait, what the user said about paying again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.cli.context import CommandContext
    from shared.journal.claim import LockWait, TaskLease
    from shared.journal.entry import Entry
    from shared.polling import Deadline


@dataclass(frozen=True)
class TaskContext:
    """What a use case is told besides the request; no part of what is asked for."""

    context: CommandContext
    output_dir: Path
    deadline: Deadline
    interval: float | None = None
    """Seconds between two looks when the user fixed them."""
    no_wait: bool = False
    new: bool = False
    summary: dict[str, object] = field(default_factory=dict)
    """Facts of the sentence that is said before a create."""

    @property
    def lock_wait(self) -> LockWait:
        """How to wait for another process that works on the same request."""
        from shared.journal.claim import LockWait  # noqa: PLC0415  - what a first free request need not wait for

        told = set()

        def tell(entry: Entry) -> None:
            reporter = self.context.reporter
            say = reporter.status if entry.local_id in told else reporter.info
            say("waiting_for_other", local_id=entry.local_id)
            told.add(entry.local_id)

        limits = self.deadline
        return LockWait(limits.ends_at, not self.no_wait, limits.clock, limits.sleep, tell)

    @contextlib.contextmanager
    def reporting(self, claim: TaskLease) -> Iterator[None]:
        """Let the result know what the journal knows of the task, however the block ends."""
        try:
            self.context.result.update_from_entry(claim.task.entry, claim.task.path)
            yield
        finally:
            self.context.result.update_from_entry(claim.task.entry, claim.task.path)
