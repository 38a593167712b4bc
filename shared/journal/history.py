"""Estimate how long a task takes and what it costs from the journal's past tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.i18n.messages import MessageRef
from shared.output.summary import format_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.i18n.catalog import Catalog
    from shared.journal.entry import Entry
    from shared.journal.reader import JournalReader


ENOUGH_HISTORY = 5  # past tasks, below which published durations count too
MAX_SIMILAR = 50  # tasks that an estimate uses


def similar_tasks(journal: JournalReader, entry: Entry) -> list[Entry]:
    """Return up to 50 of the latest tasks that succeeded with this mode, model and parameters."""
    return journal.history(state="succeeded", similar_to=entry, limit=MAX_SIMILAR)


def durations(journal: JournalReader, entry: Entry) -> list[float]:
    """Return how long such tasks took from acceptance to the end, in seconds; empty without history."""
    return [past.seconds for past in similar_tasks(journal, entry) if past.seconds]


def expected_range(
    journal: JournalReader, entry: Entry, usual: tuple[float, ...] = ()
) -> tuple[float, float] | None:
    """Return the shortest and longest known duration in seconds; with little history, the usual ones count too."""
    known = durations(journal, entry)
    if len(known) < ENOUGH_HISTORY:
        known += usual
    return (min(known), max(known)) if known else None


def cost_text(journal: JournalReader, entry: Entry, catalog: Catalog) -> str:
    """Return the text of what a new task costs: as quoted, else as the last one cost."""
    return format_cost(entry.cost, catalog) if entry.cost else likely_cost(journal, entry, catalog)


def likely_cost(journal: JournalReader, entry: Entry, catalog: Catalog) -> str:
    """Return the text of what such a task cost the last time, or that the cost is unknown so far."""
    return format_estimate(estimate(journal, entry), catalog)


def estimate(journal: JournalReader, entry: Entry) -> dict[str, Any] | None:
    """Return what the last task cost, with `at`, its time, and whether it had the `same_settings`.

    A task with the same settings counts before any other; None if the journal knows no cost at all.
    """
    others = journal.history(state="succeeded", limit=MAX_SIMILAR)
    for same_settings, tasks in ((True, similar_tasks(journal, entry)), (False, others)):
        for past in tasks:
            if past.cost and past.cost["source"] in {"charged", "estimated"}:
                return {**past.cost, "source": "estimated", "at": past.created_at, "same_settings": same_settings}
    return None


def format_estimate(cost: Mapping[str, Any] | None, catalog: Catalog) -> str:
    """Return an estimate as text, with the date of the task that it comes from."""
    if not cost or cost["amount"] is None or not catalog.has(f"unit_{cost['unit']}"):
        return catalog.format("cost_no_history")
    message = "cost_last_same" if cost["same_settings"] else "cost_last_other"
    unit = MessageRef(f"unit_{cost['unit']}")
    return catalog.format(message, amount=f"{cost['amount']:g}", unit=unit, date=cost["at"][:10])
