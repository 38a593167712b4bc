"""What the journal's past tasks tell about the next one: how long it takes and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.summary import cost_in_words

if TYPE_CHECKING:
    from shared.entry import Entry
    from shared.journal.claim import Journal
    from shared.messages import Catalogue


MAX_SIMILAR = 50  # tasks that an estimate looks at


def similar_tasks(journal: Journal, entry: Entry) -> list[Entry]:
    """Return up to 50 of the latest tasks that succeeded with this mode, model and parameters."""
    return journal.history(state="succeeded", similar_to=entry, limit=MAX_SIMILAR)


def durations(journal: Journal, entry: Entry) -> list[float]:
    """Return how long such tasks took from acceptance to the end, in seconds; empty without history."""
    return [past.seconds for past in similar_tasks(journal, entry) if past.seconds]


def likely_cost(journal: Journal, entry: Entry, catalogue: Catalogue) -> str:
    """Say what such a task cost the last time, or that nobody knows before the service tells."""
    for past in similar_tasks(journal, entry):
        if past.cost:
            return cost_in_words({**past.cost, "source": "estimated"}, catalogue)
    return catalogue.say("cost_unknown")
