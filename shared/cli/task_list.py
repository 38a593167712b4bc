"""The commands of tasks.py that read: `list`, `show` and `cost`."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from shared.cli.app import output_options, parse_number
from shared.cli.journals import from_each, journals
from shared.errors import BadInput, OutcomeUnknown, StillRunning, TaskFailed, UnusableResult
from shared.files import is_same_file
from shared.i18n.catalog import sanitize_line, short_repr
from shared.i18n.messages import MessageRef
from shared.journal.entry import UNFINISHED, State
from shared.openclaw.folders import state_folders
from shared.output.summary import format_cost
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.cli.context import CommandContext
    from shared.errors import Remedy
    from shared.journal.entry import Entry
    from shared.journal.reader import JournalReader

MAX_LISTED = 1000
MAX_SEARCH = 200  # characters
SPAN = re.compile(r"([0-9]{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def since_time(flag: str, text: str, now: datetime) -> datetime:
    """Return the time that `today`, `this-week`, an age such as 7d, or a date means; days begin in `now`'s zone.

    Raises:
        BadInput: `since_invalid`.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    span = SPAN.fullmatch(text)
    if text == "today":
        return midnight
    if text == "this-week":
        return midnight - timedelta(days=now.weekday())
    if span:
        return now - timedelta(**{UNITS[span.group(2)]: int(span.group(1))})
    try:
        if DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)
    except ValueError:
        pass
    raise BadInput("since_invalid", flag=flag, got=short_repr(text))


@click.command("list", help="List the tasks, newest first.")
@click.option("--state", metavar="STATE", help="Show only tasks in this state, such as submitted or unknown.")
@click.option("--search", metavar="TEXT", help="Show only tasks whose prompt start, variant or ID contains TEXT.")
@click.option("--limit", default="20", metavar="N", help="Show at most N tasks (default: 20).")
@output_options
def list_tasks(context: CommandContext, state: str | None, search: str | None, limit: str) -> None:
    """List the tasks of every skill."""
    if state is not None and state not in get_args(State):
        raise BadInput("not_one_of", flag="--state", expected=", ".join(get_args(State)), got=short_repr(state))
    if search is not None and not (search.strip() and search.isprintable() and len(search) <= MAX_SEARCH):
        raise BadInput("search_invalid", flag="--search", most=MAX_SEARCH, got=short_repr(search))
    max_listed = int(parse_number("--limit", limit, 1, MAX_LISTED, whole=True) or MAX_LISTED)
    read = None if search else max_listed
    known = chain.from_iterable(
        from_each(context, journals(), lambda journal: journal.history(state=state, limit=read))
    )
    matching = (entry for entry in known if search is None or search.casefold() in _searched(entry))
    newest = sorted(matching, key=lambda entry: entry.created_at, reverse=True)[:max_listed]
    _speak_as(context, newest)
    context.note(status="succeeded")
    context.note_own(tasks=[asdict(entry) for entry in newest])
    context.summary_lines += [task_line(entry, context) for entry in newest]
    if not newest:
        context.summary_lines.append(context.catalog.format("tasks_none"))


@click.command("show", help="Show one task by its local ID or the service's, and attach its saved images again.")
@click.argument("identifier", metavar="ID")
@output_options
def show_task(context: CommandContext, identifier: str) -> None:
    """Show one task."""
    path, entry = known_task(context, identifier)
    _speak_as(context, [entry])
    context.result = context.result.with_entry(entry, path)
    context.note(skill=entry.skill, provider=entry.provider)
    _attach_saved(context, entry)
    context.note_own(tasks=[asdict(entry)])
    context.summary_lines.append(task_line(entry, context))
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


def _attach_saved(context: CommandContext, entry: Entry) -> None:
    """Put the saved images and clips into the result, with paths to attach; report those that are missing."""
    images = [row for row in entry.images if isinstance(row, dict)]
    videos = [row for row in entry.extra.get("videos") or () if isinstance(row, dict)]
    saved = [row for row in (*images, *videos) if is_same_file(Path(row["path"]), row["sha256"])]
    context.note(images=[row for row in images if row in saved])
    context.attach_media(state_folders()[0], [(row, "") for row in videos if row in saved])
    gone = len(images) + len(videos) - len(saved)
    if gone:
        context.reporter.always("images_gone", count=gone)
        if entry.skill == context.skill.slug and entry.state == "succeeded":
            context.note(next_command=context.resume())
    if entry.images and not all(row.get("url") is None for row in images):
        context.reporter.info("links_unsigned")


@click.command(
    "cost", help="Add up the costs by skill and unit, with the last cost of each; list unknown outcomes."
)
@click.option(
    "--since",
    default="30d",
    metavar="WHEN",
    help="Start at today, this-week, a date such as 2026-11-01, or an age such as 24h or 7d (default: 30d).",
)
@output_options
def add_costs(context: CommandContext, since: str) -> None:
    """Add up what the tasks cost."""
    oldest = since_time("--since", since, datetime.now().astimezone()).astimezone(timezone.utc)
    readers = journals()
    sums: list[dict[str, Any]] = []
    unclear: list[Entry] = []
    for known, unknown in from_each(context, readers, lambda journal: journal.spent(oldest)):
        sums += known
        unclear += unknown
    last = [row for row in from_each(context, readers, _last_cost) if row]
    money = [row for rows in from_each(context, readers, lambda journal: _money(journal, oldest)) for row in rows]
    context.note(status="succeeded")
    context.note_own(costs=sums, money=money, unknown=[asdict(entry) for entry in unclear], last_costs=last)
    say = context.catalog.format
    lines = [
        say("cost_sum", skill=row["skill"], tasks=row["tasks"], cost=format_cost(row, context.catalog))
        for row in sums
    ]
    lines += [
        say("cost_last", skill=row["skill"], date=row["at"][:10], cost=format_cost(row, context.catalog))
        for row in last
    ]
    lines += [say("cost_money", **{**row, "amount": f"{row['amount']:g}"}) for row in money]
    if unclear:
        lines.append(say("cost_unclear", tasks=len(unclear)))
        lines += [task_line(entry, context) for entry in unclear]
    context.summary_lines += lines or [say("tasks_none")]


def _money(journal: JournalReader, oldest: datetime) -> list[dict[str, Any]]:
    """Return the estimated money of the tasks since a time that count in another unit, by price list."""
    sums: dict[tuple[str, str, str], list[float]] = {}
    for entry in journal.history():
        money = entry.extra.get("money")
        if money and entry.charged == "yes" and parse_time(entry.created_at) >= oldest:
            sums.setdefault((entry.skill, money["unit"], money["prices"]), []).append(money["amount"])
    return [
        {"skill": skill, "tasks": len(amounts), "amount": round(sum(amounts), 6), "unit": unit, "prices": prices}
        for (skill, unit, prices), amounts in sums.items()
    ]


def _last_cost(journal: JournalReader) -> dict[str, Any] | None:
    """Return the last known cost of a skill, with its time and the task's local id."""
    for entry in journal.history(state="succeeded", limit=50):
        if entry.cost:
            return {**entry.cost, "skill": entry.skill, "at": entry.created_at, "local_id": entry.local_id}
    return None


def known_task(context: CommandContext, identifier: str) -> tuple[Path, Entry]:
    """Return where a task is recorded, and its entry.

    Raises:
        BadInput: `task_unknown`.
    """
    match = next(filter(None, from_each(context, journals(), lambda journal: journal.find(identifier))), None)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    return match


def task_line(entry: Entry, context: CommandContext) -> str:
    """Return one task as a line for a person, with its local time."""
    cost = format_cost(entry.cost, context.catalog) if entry.cost else "-"
    state = context.catalog.format(f"state_{entry.state}")
    start = short_repr(entry.prompt.get("start", ""))
    at = f"{parse_time(entry.created_at).astimezone():%Y-%m-%d %H:%M}" if entry.created_at else "-"
    words = [at, entry.local_id, entry.skill, state, entry.task_id or "-", cost, start]
    return "  ".join([*words, sanitize_line(entry.variant, 60)] if entry.variant else words)


def _searched(entry: Entry) -> str:
    words = (entry.prompt.get("start", ""), entry.variant, entry.local_id, entry.task_id or "", entry.model)
    return "\n".join(map(str, words)).casefold()


def _speak_as(context: CommandContext, entries: Sequence[Entry]) -> None:
    """Use the language of --lang, else that of the newest task's prompt."""
    if entries and context.lang == "auto":
        context.set_language(f"{context.words} {entries[0].prompt.get('start', '')}", "auto")
