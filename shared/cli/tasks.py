"""The command `tasks.py`: list, show and remove the entries of all skills' journals; it sends nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from shared.cli.again import again_command
from shared.cli.app import output_options
from shared.cli.budget import budget_command
from shared.cli.journals import age, journals
from shared.cli.report import report_command
from shared.cli.task_list import add_costs, known_task, list_tasks, show_task
from shared.errors import BadInput
from shared.i18n.messages import MessageRef
from shared.journal.entry import FINISHED
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from shared.cli.context import CommandContext, Skill

MAX_LISTED = 1000


def tasks_command(skill: Skill) -> click.Group:
    """Return the command group; `resume` is only documented here and done by the skill's own command."""
    group = click.Group(
        "tasks", no_args_is_help=False, help="Show and manage the paid tasks of all image skills on this machine."
    )
    for command in (
        again_command([]),
        list_tasks,
        show_task,
        add_costs,
        budget_command(),
        report_command,
        _forget,
        _prune,
        _set_aside,
    ):
        group.add_command(command)
    described = f"Resume a task of {skill.slug}. Free. Takes the options of {skill.main_launcher}."
    identifier = click.Argument(["id"], metavar="ID [OPTIONS]")  # in this order: the id is what --resume gets
    group.add_command(click.Command("resume", help=described, options_metavar="", params=[identifier]))
    return group


@click.command("forget", help="Remove one task from the journal.")
@click.argument("identifier", metavar="ID")
@click.option(
    "--yes", "agreed", is_flag=True, help="Also remove a task that is unfinished or has an unknown outcome."
)
@output_options
def _forget(context: CommandContext, identifier: str, agreed: bool) -> None:
    path, entry = known_task(context, identifier)
    if entry.state not in FINISHED and not agreed:
        state = MessageRef(f"state_{entry.state}")
        raise BadInput("forget_needs_yes", flag="--yes", local_id=entry.local_id, state=state)
    from shared.journal.retention import forget  # noqa: PLC0415

    forget(path, entry)
    context.note(status="succeeded")
    context.note_own(tasks=[asdict(entry)])
    context.summary_lines.append(
        context.catalog.format("entry_forgotten", local_id=entry.local_id, task_id=entry.task_id or "-")
    )


@click.command("prune", help="Remove old finished tasks; keep unfinished and unknown ones.")
@click.option(
    "--older-than", "older_than", required=True, metavar="AGE", help="Remove tasks older than AGE, such as 30d."
)
@output_options
def _prune(context: CommandContext, older_than: str) -> None:
    from shared.journal.retention import prune  # noqa: PLC0415

    before = datetime.now(timezone.utc) - age("--older-than", older_than)
    count = prune((store.path for journal in journals() for store in journal.stores), before)
    context.note(status="succeeded")
    context.note_own(removed=count)
    context.summary_lines.append(context.catalog.format("entries_pruned", count=count))


@click.command("set-aside", help="Rename and keep a damaged journal of this skill, and start a new one.")
@output_options
def _set_aside(context: CommandContext) -> None:
    from shared.journal.retention import set_damaged_aside  # noqa: PLC0415

    rows = []
    for store in JournalReader(context.skill.slug, state_folders()).stores:
        aside = set_damaged_aside(store.path)
        if aside:
            rows.append({"journal": str(store.path), "set_aside": str(aside[0]), "tasks": aside[1]})
            context.summary_lines.append(
                context.catalog.format("journal_set_aside", path=store.path, aside=aside[0], count=aside[1])
            )
    context.note(status="succeeded")
    context.note_own(set_aside=rows)
    if not rows:
        context.summary_lines.append(context.catalog.format("journal_whole"))
