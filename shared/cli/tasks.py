"""The command `tasks.py`: what the journals of all image skills know; it sends nothing."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from shared.cli.app import output_options, parse_number
from shared.errors import BadInput, DiskError, OutcomeUnknown, StillRunning, TaskFailed, UnusableResult
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.journal.entry import FINISHED, UNFINISHED, State
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders
from shared.output.summary import format_cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.cli.context import CommandContext, Skill
    from shared.errors import Remedy
    from shared.journal.entry import Entry

AGE = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
MAX_LISTED = 1000
Answer = TypeVar("Answer")


def tasks_command(skill: Skill) -> click.Group:
    """Return the command group; `resume` is only described here, the skill's own command does it."""
    group = click.Group(
        "tasks", no_args_is_help=False, help="The paid tasks that this machine remembers, of all image skills."
    )
    for command in (_list, _show, _cost, _forget, _prune, _set_aside):
        group.add_command(command)
    described = f"Go on with a task of {skill.slug}; costs nothing. Takes the options of {skill.main_launcher}."
    identifier = click.Argument(["id"], metavar="ID [OPTIONS]")  # in this order: the id is what --resume gets
    group.add_command(click.Command("resume", help=described, options_metavar="", params=[identifier]))
    return group


def journals() -> list[JournalReader]:
    """Return the journals of every image skill that has one, in all state folders in force; they are only read."""
    states = state_folders()
    names = {path.parent.name for state in states for path in (state / "image-skills").glob("*/journal.db")}
    return [JournalReader(name, states, access="read") for name in sorted(names)]


def _from_each(run: CommandContext, read: Callable[[JournalReader], Answer]) -> Iterator[Answer]:
    """Yield what each journal answers; one of another skill that cannot be read is named and passed over."""
    for journal in journals():
        try:
            yield read(journal)
        except DiskError as error:
            if journal.skill == run.skill.slug:
                raise
            run.reporter.always(error.code, **error.facts)


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
@click.option("--state", metavar="STATE", help="Only tasks in this state, such as submitted or unknown.")
@click.option("--limit", default="20", metavar="N", help="At most this many (default 20).")
@output_options
def _list(run: CommandContext, state: str | None, limit: str) -> None:
    if state is not None and state not in get_args(State):
        raise BadInput("not_one_of", flag="--state", expected=", ".join(get_args(State)), got=short_repr(state))
    most = int(parse_number("--limit", limit, 1, MAX_LISTED, whole=True) or MAX_LISTED)
    known = chain.from_iterable(_from_each(run, lambda journal: journal.history(state=state, limit=most)))
    newest = sorted(known, key=lambda entry: entry.created_at, reverse=True)[:most]
    run.result.status = "succeeded"
    run.result.extra["tasks"] = [asdict(entry) for entry in newest]
    run.summary_lines += [_line(entry, run) for entry in newest] or [run.catalog.format("tasks_none")]


@click.command("show", help="Show one task by its local or service id.")
@click.argument("identifier", metavar="ID")
@output_options
def _show(run: CommandContext, identifier: str) -> None:
    path, entry = _known(run, identifier)
    run.result.update_from_entry(entry, path)
    run.result.skill, run.result.provider = entry.skill, entry.provider
    run.result.images = [row for row in entry.images if isinstance(row, dict)]
    run.result.extra["tasks"] = [asdict(entry)]
    run.summary_lines.append(_line(entry, run))
    state = MessageRef(f"state_{entry.state}")
    if entry.state in UNFINISHED:
        remedy: Remedy = "resume" if entry.skill == run.skill.slug else "none"
        raise StillRunning(
            "task_unfinished", local_id=entry.local_id, state=state, skill=entry.skill, remedy=remedy
        )
    if entry.state == "unknown":
        since = entry.created_at
        raise OutcomeUnknown("outcome_unknown_before", local_id=entry.local_id, since=since, remedy="none")
    if entry.state == "failed" and run.result.images:
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        raise UnusableResult("partly_done", reason=reason, saved=len(run.result.images), remedy="none")
    if entry.state != "succeeded":
        raise TaskFailed("task_without_pictures", local_id=entry.local_id, state=state, remedy="none")


@click.command("cost", help="What the tasks cost, by skill and unit; unknown outcomes are listed as such.")
@click.option("--since", default="30d", metavar="AGE", help="Of this age at most: 24h, 7d, 30d (default).")
@output_options
def _cost(run: CommandContext, since: str) -> None:
    oldest = datetime.now(timezone.utc) - age("--since", since)
    sums: list[dict[str, Any]] = []
    unclear: list[Entry] = []
    for known, unknown in _from_each(run, lambda journal: journal.spent(oldest)):
        sums += known
        unclear += unknown
    run.result.status = "succeeded"
    run.result.extra["costs"] = sums
    run.result.extra["unknown"] = [asdict(entry) for entry in unclear]
    for row in sums:
        cost = format_cost(row, run.catalog)
        run.summary_lines.append(run.catalog.format("cost_sum", skill=row["skill"], tasks=row["tasks"], cost=cost))
    if unclear:
        run.summary_lines.append(run.catalog.format("cost_unclear", tasks=len(unclear)))
        run.summary_lines += [_line(entry, run) for entry in unclear]
    if not run.summary_lines:
        run.summary_lines.append(run.catalog.format("tasks_none"))


@click.command("forget", help="Remove one task from the journal.")
@click.argument("identifier", metavar="ID")
@click.option("--yes", "agreed", is_flag=True, help="Also a task that is unfinished or whose outcome is unknown.")
@output_options
def _forget(run: CommandContext, identifier: str, agreed: bool) -> None:
    path, entry = _known(run, identifier)
    if entry.state not in FINISHED and not agreed:
        state = MessageRef(f"state_{entry.state}")
        raise BadInput("forget_needs_yes", flag="--yes", local_id=entry.local_id, state=state)
    from shared.journal.retention import forget  # noqa: PLC0415

    forget(path, entry)
    run.result.status = "succeeded"
    run.result.extra["tasks"] = [asdict(entry)]
    run.summary_lines.append(
        run.catalog.format("entry_forgotten", local_id=entry.local_id, task_id=entry.task_id or "-")
    )


@click.command("prune", help="Remove finished tasks of a certain age; unfinished and unknown ones stay.")
@click.option("--older-than", "older_than", required=True, metavar="AGE", help="Such as 30d.")
@output_options
def _prune(run: CommandContext, older_than: str) -> None:
    from shared.journal.retention import prune  # noqa: PLC0415

    before = datetime.now(timezone.utc) - age("--older-than", older_than)
    count = prune((store.path for journal in journals() for store in journal.stores), before)
    run.result.status = "succeeded"
    run.result.extra["removed"] = count
    run.summary_lines.append(run.catalog.format("entries_pruned", count=count))


@click.command("set-aside", help="Put a damaged journal of this skill aside, kept, and start a new one.")
@output_options
def _set_aside(run: CommandContext) -> None:
    from shared.journal.retention import set_damaged_aside  # noqa: PLC0415

    rows = []
    for store in JournalReader(run.skill.slug, state_folders()).stores:
        aside = set_damaged_aside(store.path)
        if aside:
            rows.append({"journal": str(store.path), "set_aside": str(aside[0]), "tasks": aside[1]})
            run.summary_lines.append(
                run.catalog.format("journal_set_aside", path=store.path, aside=aside[0], count=aside[1])
            )
    run.result.status = "succeeded"
    run.result.extra["set_aside"] = rows
    if not rows:
        run.summary_lines.append(run.catalog.format("journal_whole"))


def _known(run: CommandContext, identifier: str) -> tuple[Path, Entry]:
    match = next(filter(None, _from_each(run, lambda journal: journal.find(identifier))), None)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    return match


def _line(entry: Entry, run: CommandContext) -> str:
    cost = format_cost(entry.cost, run.catalog) if entry.cost else "-"
    state = run.catalog.format(f"state_{entry.state}")
    start = short_repr(entry.prompt.get("start", ""))
    return f"{entry.local_id}  {entry.skill}  {state}  {entry.task_id or '-'}  {cost}  {start}"
