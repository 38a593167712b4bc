"""The command `tasks.py`: list, show and remove the entries of all skills' journals; it sends nothing."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any, get_args

import click

from shared.cli.app import output_options, parse_number
from shared.cli.budget import budget_command
from shared.cli.journals import from_each, journals
from shared.errors import BadInput, OutcomeUnknown, StillRunning, TaskFailed, UnusableResult
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.journal.entry import FINISHED, UNFINISHED, State
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders
from shared.output.summary import format_cost

if TYPE_CHECKING:
    from pathlib import Path

    from shared.cli.context import CommandContext, Skill
    from shared.errors import Remedy
    from shared.journal.entry import Entry

AGE = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
MAX_LISTED = 1000


def tasks_command(skill: Skill) -> click.Group:
    """Return the command group; `resume` is only documented here and done by the skill's own command."""
    group = click.Group(
        "tasks", no_args_is_help=False, help="Show and manage the paid tasks of all image skills on this machine."
    )
    for command in (_list, _show, _cost, budget_command(), _forget, _prune, _set_aside):
        group.add_command(command)
    described = f"Resume a task of {skill.slug}. Free. Takes the options of {skill.main_launcher}."
    identifier = click.Argument(["id"], metavar="ID [OPTIONS]")  # in this order: the id is what --resume gets
    group.add_command(click.Command("resume", help=described, options_metavar="", params=[identifier]))
    return group


def age(flag: str, text: str) -> timedelta:
    """Return a span of time such as 30m, 24h or 7d.

    Raises:
        BadInput: `age_invalid`.
    """
    match = AGE.fullmatch(text)
    if not match:
        raise BadInput("age_invalid", flag=flag, got=short_repr(text))
    return timedelta(**{UNITS[match.group(2)]: int(match.group(1))})


@click.command("list", help="List the tasks, newest first.")
@click.option("--state", metavar="STATE", help="Show only tasks in this state, such as submitted or unknown.")
@click.option("--limit", default="20", metavar="N", help="Show at most N tasks (default: 20).")
@output_options
def _list(context: CommandContext, state: str | None, limit: str) -> None:
    if state is not None and state not in get_args(State):
        raise BadInput("not_one_of", flag="--state", expected=", ".join(get_args(State)), got=short_repr(state))
    max_listed = int(parse_number("--limit", limit, 1, MAX_LISTED, whole=True) or MAX_LISTED)
    known = chain.from_iterable(
        from_each(context, journals(), lambda journal: journal.history(state=state, limit=max_listed))
    )
    newest = sorted(known, key=lambda entry: entry.created_at, reverse=True)[:max_listed]
    context.result.status = "succeeded"
    context.result.extra["tasks"] = [asdict(entry) for entry in newest]
    context.summary_lines += [_line(entry, context) for entry in newest] or [context.catalog.format("tasks_none")]


@click.command("show", help="Show one task by its local ID or the service's.")
@click.argument("identifier", metavar="ID")
@output_options
def _show(context: CommandContext, identifier: str) -> None:
    path, entry = _known(context, identifier)
    context.result.update_from_entry(entry, path)
    context.result.skill, context.result.provider = entry.skill, entry.provider
    context.result.images = [row for row in entry.images if isinstance(row, dict)]
    context.result.extra["tasks"] = [asdict(entry)]
    context.summary_lines.append(_line(entry, context))
    state = MessageRef(f"state_{entry.state}")
    if entry.state in UNFINISHED:
        remedy: Remedy = "resume" if entry.skill == context.skill.slug else "none"
        raise StillRunning(
            "task_unfinished", local_id=entry.local_id, state=state, skill=entry.skill, remedy=remedy
        )
    if entry.state == "unknown":
        since = entry.created_at
        raise OutcomeUnknown("outcome_unknown_before", local_id=entry.local_id, since=since, remedy="none")
    if entry.state == "failed" and context.result.images:
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        raise UnusableResult("partly_done", reason=reason, saved=len(context.result.images), remedy="none")
    if entry.state != "succeeded":
        raise TaskFailed("task_without_pictures", local_id=entry.local_id, state=state, remedy="none")


@click.command("cost", help="Add up the costs by skill and unit; list unknown outcomes.")
@click.option(
    "--since", default="30d", metavar="AGE", help="Include tasks up to AGE old, such as 24h or 7d (default: 30d)."
)
@output_options
def _cost(context: CommandContext, since: str) -> None:
    oldest = datetime.now(timezone.utc) - age("--since", since)
    sums: list[dict[str, Any]] = []
    unclear: list[Entry] = []
    for known, unknown in from_each(context, journals(), lambda journal: journal.spent(oldest)):
        sums += known
        unclear += unknown
    context.result.status = "succeeded"
    context.result.extra["costs"] = sums
    context.result.extra["unknown"] = [asdict(entry) for entry in unclear]
    for row in sums:
        cost = format_cost(row, context.catalog)
        context.summary_lines.append(
            context.catalog.format("cost_sum", skill=row["skill"], tasks=row["tasks"], cost=cost)
        )
    if unclear:
        context.summary_lines.append(context.catalog.format("cost_unclear", tasks=len(unclear)))
        context.summary_lines += [_line(entry, context) for entry in unclear]
    if not context.summary_lines:
        context.summary_lines.append(context.catalog.format("tasks_none"))


@click.command("forget", help="Remove one task from the journal.")
@click.argument("identifier", metavar="ID")
@click.option(
    "--yes", "agreed", is_flag=True, help="Also remove a task that is unfinished or has an unknown outcome."
)
@output_options
def _forget(context: CommandContext, identifier: str, agreed: bool) -> None:
    path, entry = _known(context, identifier)
    if entry.state not in FINISHED and not agreed:
        state = MessageRef(f"state_{entry.state}")
        raise BadInput("forget_needs_yes", flag="--yes", local_id=entry.local_id, state=state)
    from shared.journal.retention import forget  # noqa: PLC0415

    forget(path, entry)
    context.result.status = "succeeded"
    context.result.extra["tasks"] = [asdict(entry)]
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
    context.result.status = "succeeded"
    context.result.extra["removed"] = count
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
    context.result.status = "succeeded"
    context.result.extra["set_aside"] = rows
    if not rows:
        context.summary_lines.append(context.catalog.format("journal_whole"))


def _known(context: CommandContext, identifier: str) -> tuple[Path, Entry]:
    match = next(filter(None, from_each(context, journals(), lambda journal: journal.find(identifier))), None)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    return match


def _line(entry: Entry, context: CommandContext) -> str:
    cost = format_cost(entry.cost, context.catalog) if entry.cost else "-"
    state = context.catalog.format(f"state_{entry.state}")
    start = short_repr(entry.prompt.get("start", ""))
    return f"{entry.local_id}  {entry.skill}  {state}  {entry.task_id or '-'}  {cost}  {start}"
