"""The commands `tasks.py budget set, show, remove`: the user's own limits of what a skill may spend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.cli.app import output_options, parse_number
from shared.cli.journals import from_each, journals
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.journal.budget import MAX_BUDGET, MIN_BUDGET, PERIODS, REQUESTS, Budget, Room, amount_text, period_end
from shared.openclaw.folders import state_folders
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.cli.context import CommandContext
    from shared.journal.interface import Store
    from shared.journal.reader import JournalReader

_SKILL = click.option("--skill", metavar="SKILL", help="Skill of the budget (default: the one of this tasks.py).")


def budget_command() -> click.Group:
    """Return the command group."""
    group = click.Group("budget", no_args_is_help=False, help="Limit what paid requests may cost in a period.")
    for command in (_set, _show, _remove):
        group.add_command(command)
    return group


@click.command("set", help="Set a budget; requests above it are not sent. Days, weeks and months are in UTC.")
@_SKILL
@click.option("--per-day", metavar="N", help="Spend at most N per day.")
@click.option("--per-week", metavar="N", help="Spend at most N per week, from Monday.")
@click.option("--per-month", metavar="N", help="Spend at most N per calendar month.")
@click.option("--unit", metavar="UNIT", help=f"The unit of the skill's costs, or {REQUESTS}: paid requests.")
@output_options
def _set(context: CommandContext, skill: str | None, unit: str | None, **limits: str | None) -> None:
    _check_skill(context, skill)
    unit = _checked_unit(context, unit)
    budgets = [
        Budget(period, unit, amount)
        for period in PERIODS
        if (amount := _amount(f"--per-{period}", limits[f"per_{period}"], unit)) is not None
    ]
    if not budgets:
        raise BadInput("budget_period_missing", expected=", ".join(f"--per-{period}" for period in PERIODS))
    stores = _stores(context)
    stores[0].create()
    for store in stores:
        for budget in budgets:
            if store.exists():
                store.set_budget(budget)
    _report(context)


@click.command("show", help="Show the budgets of all skills, and what is left of them.")
@output_options
def _show(context: CommandContext) -> None:
    _report(context)


@click.command("remove", help="Remove budgets of this skill; without options, all of them.")
@_SKILL
@click.option("--period", metavar="|".join(PERIODS), help="Only that of this period.")
@click.option("--unit", metavar="UNIT", help="Only those in this unit.")
@output_options
def _remove(context: CommandContext, skill: str | None, period: str | None, unit: str | None) -> None:
    _check_skill(context, skill)
    if period is not None and period not in PERIODS:
        raise BadInput("not_one_of", flag="--period", expected=", ".join(PERIODS), got=short_repr(period))
    unit = None if unit is None else _checked_unit(context, unit)
    for store in _stores(context):
        for budget in store.budgets() if store.exists() else ():
            if period in (None, budget.period) and unit in (None, budget.unit):
                store.remove_budget(budget)
    _report(context)


def _report(context: CommandContext) -> None:
    """Put the budgets of every skill into the result."""
    rows = [
        _row(journal, room)
        for journal, rooms in from_each(context, journals(), lambda journal: (journal, journal.guard.rooms()))
        for room in rooms
    ]
    context.note(status="succeeded")
    context.note_own(budgets=rows)
    for row in rows:
        names = {"unit": MessageRef(f"unit_{row['unit']}"), "period": MessageRef(f"budget_{row['period']}")}
        numbers = {name: amount_text(row[name]) for name in ("amount", "spent", "left")}
        line = context.catalog.format("budget_line", skill=row["skill"], at=row["renews_at"], **numbers, **names)
        context.summary_lines.append(line)
    if not rows:
        context.summary_lines.append(context.catalog.format("budget_none"))


def _row(journal: JournalReader, room: Room) -> dict[str, Any]:
    budget = room.budget
    return {
        "skill": journal.skill,
        "period": budget.period,
        "unit": budget.unit,
        "amount": budget.amount,
        "spent": room.spent,
        "left": room.left,
        "unpriced": room.unpriced,
        "renews_at": format_time(period_end(budget.period, journal.now())),
    }


def _stores(context: CommandContext) -> list[Store]:
    """Return the stores of this skill in every state folder; the first is made where it is missing."""
    from shared.journal.claim import Journal  # noqa: PLC0415

    return Journal(context.skill.slug, state_folders()).all_stores


def _amount(flag: str, text: str | None, unit: str) -> float | None:
    whole = unit == REQUESTS
    return parse_number(flag, text, 1 if whole else MIN_BUDGET, MAX_BUDGET, whole=whole)


def _checked_unit(context: CommandContext, unit: str | None) -> str:
    units = [*([context.skill.cost_unit] if context.skill.cost_unit else []), REQUESTS]
    if unit is None:
        raise BadInput("option_missing", flag="--unit", expected=", ".join(units))
    if unit not in units:
        raise BadInput("not_one_of", flag="--unit", expected=", ".join(units), got=short_repr(unit))
    return unit


def _check_skill(context: CommandContext, skill: str | None) -> None:
    """Refuse the name of another skill: only its own code knows its units, and obeys its budgets.

    Raises:
        BadInput: `budget_elsewhere`, or `not_one_of` for a skill that is not installed beside this one.
    """
    own = context.skill.slug
    if skill in (None, own):
        return
    launchers = _launchers_beside(context)
    if skill not in launchers:
        raise BadInput("not_one_of", flag="--skill", expected=", ".join([own, *launchers]), got=short_repr(skill))
    raise BadInput("budget_elsewhere", skill=skill, own=own, launcher=launchers[skill])


def _launchers_beside(context: CommandContext) -> dict[str, Path]:
    """Return the tasks.py of each image skill beside this one that keeps a journal, by slug."""
    folder = Path(context.launcher).parents[2]
    names: Iterable[str] = (journal.skill for journal in journals())
    paths = {name: folder / name / "scripts" / "tasks.py" for name in names if name != context.skill.slug}
    return {name: path for name, path in paths.items() if path.is_file()}
