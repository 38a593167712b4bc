"""Estimate how long a task takes and what it costs from the journal's past tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.output.summary import format_cost

if TYPE_CHECKING:
    from shared.i18n.catalog import Catalog
    from shared.journal.entry import Entry
    from shared.journal.reader import JournalReader


MAX_SIMILAR = 50  # tasks that an estimate uses


def similar_tasks(journal: JournalReader, entry: Entry) -> list[Entry]:
    """Return up to 50 of the latest tasks that succeeded with this mode, model and parameters."""
    return journal.history(state="succeeded", similar_to=entry, limit=MAX_SIMILAR)


def durations(journal: JournalReader, entry: Entry) -> list[float]:
    """Return how long such tasks took from acceptance to the end, in seconds; empty without history."""
    return [past.seconds for past in similar_tasks(journal, entry) if past.seconds]


def likely_cost(journal: JournalReader, entry: Entry, catalog: Catalog) -> str:
    """Return the text of what such a task cost the last time, or that the cost is unknown so far."""
    for past in similar_tasks(journal, entry):
        if past.cost:
            return format_cost({**past.cost, "source": "estimated"}, catalog)
    return catalog.format("cost_unknown")
