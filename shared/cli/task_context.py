"""Make what the steps of a task share from the options of its command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from pathlib import Path

    from shared.cli.app import Options
    from shared.cli.context import CommandContext
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
