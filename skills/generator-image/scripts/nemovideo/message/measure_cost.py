"""Measure the cost of a message by the balance before and after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nemovideo.api.wire import COST_UNIT
from nemovideo.message.reconcile import WORK_SECONDS
from shared.errors import SkillError
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from nemovideo.api.wire import Balance
    from nemovideo.services import Services
    from shared.journal.entry import Entry


def measure_cost(entry: Entry, services: Services, *, changed: bool | None) -> dict[str, Any]:
    """Return the fields of the entry for the cost: the balance before, minus the balance after.

    The cost is unknown if the frozen credits changed, if a balance is missing, or if another message of this
    account may have been charged in between.
    """
    before = entry.extra.get("credits")
    try:
        after: Balance | None = services.connection.read(services.connection.client.credits, tries=2)
    except SkillError:
        after = None
    if not before or after is None or after.available is None or after.frozen != before.get("frozen"):
        return {"charged": "unknown"}
    spent = round(float(before["available"]) - after.available, 6)
    if spent < 0:
        return {"charged": "unknown"}
    if spent and not _is_alone(entry, services):
        return {"charged": "yes" if changed else "unknown"}
    cost = {"amount": spent, "unit": COST_UNIT, "source": "charged"}
    return {"charged": "yes", "cost": cost} if spent else {"charged": "no", "cost": cost, "possible_charges": 0}


def _is_alone(entry: Entry, services: Services) -> bool:
    """Return whether no other message of this account was active since this one began."""
    began = parse_time(entry.created_at)
    return all(_end(other) < began for other in services.journal.history(charged_beside=entry))


def _end(entry: Entry) -> datetime:
    """Return the latest time at which a message was charged."""
    if entry.finished_at:
        return parse_time(entry.finished_at)
    return parse_time(entry.submitted_at or entry.created_at) + timedelta(seconds=WORK_SECONDS)
