"""The settings of one task besides its request: output folder, deadline, and whether to pay again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.journal.claim import LockWait, TaskLease
    from shared.journal.entry import Entry
    from shared.polling import Deadline
    from shared.provider import Context


def task_context(
    ui: CommandContext, options: Options, folder: Path, deadline: Deadline, interval: float | None = None
) -> Context:
    """Return what the steps of a task share; its output folder is made and checked.

    Raises:
        DiskError: `disk_failed`, or `folder_planted`.
    """
    from shared.images.download import check_output_folder  # noqa: PLC0415  - all of it for a paid command only
    from shared.journal.claim import Journal  # noqa: PLC0415
    from shared.provider import Context  # noqa: PLC0415

    states = state_folders()
    check_output_folder(folder)
    journal = Journal(ui.skill.slug, states, run_budget=options.run_budget(ui.skill))
    return Context(ui, journal, states[0], folder, deadline, interval, options.no_wait, options.new)


@dataclass(frozen=True)
class TaskContext:
    """The settings of one task that are not part of its request."""

    context: CommandContext
    output_dir: Path
    deadline: Deadline
    interval: float | None = None
    """Seconds between two polls if the user set them."""
    no_wait: bool = False
    new: bool = False
    summary: dict[str, object] = field(default_factory=dict)
    """Facts of the message that is shown before a create."""

    @property
    def lock_wait(self) -> LockWait:
        """Return how to wait for another process that works on the same request."""
        from shared.journal.claim import LockWait  # noqa: PLC0415  - what a first free request need not wait for

        reported = set()

        def report(entry: Entry) -> None:
            reporter = self.context.reporter
            say = reporter.status if entry.local_id in reported else reporter.info
            say("waiting_for_other", local_id=entry.local_id)
            reported.add(entry.local_id)

        deadline = self.deadline
        return LockWait(deadline.ends_at, not self.no_wait, deadline.clock, deadline.sleep, report)

    @contextlib.contextmanager
    def reporting(self, claim: TaskLease) -> Iterator[None]:
        """Copy the journal's entry into the result when the block ends, with or without an error."""
        entry = claim.task.entry
        if claim.action == "create":
            entry.extra = {**entry.extra, **self.context.command_record()}
        try:
            self.context.result = self.context.result.with_entry(claim.task.entry, claim.task.path)
            yield
        finally:
            self.context.result = self.context.result.with_entry(claim.task.entry, claim.task.path)
