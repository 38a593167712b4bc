"""The result in a few lines for a person who did not ask for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.texts import Command, Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.messages import Catalogue


def summary(document: Mapping[str, Any], more: Sequence[str], catalogue: Catalogue) -> str:
    """Return what stdout shows without --json: after an error only what there is, stderr has told the rest."""
    lines = [
        catalogue.say("picture_line", **row, kilobytes=f"{row['bytes'] / 1000:.0f}") for row in document["images"]
    ]
    lines += more
    if document["error"]:
        return "\n".join(lines)
    if document["reused"]:
        lines.append(catalogue.say("reused_line", local_id=document["local_id"]))
    elif document["images"]:
        lines.append(catalogue.say("cost_line", cost=cost_in_words(document["cost"], catalogue)))
    if document["status"] == "submitted":
        lines.append(catalogue.say("submitted_line", task_id=document["task_id"]))
    if document["next"]:
        lines.append(catalogue.say("next_line", command=Command(document["next"]["shell"])))
    return "\n".join(lines)


def cost_in_words(cost: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Return a cost as people say it, with where the figure comes from."""
    source, unit = f"cost_{cost['source']}", f"unit_{cost['unit']}"
    if cost["amount"] is None or not (catalogue.knows(source) and catalogue.knows(unit)):
        return catalogue.say("cost_unknown")
    return catalogue.say(source, amount=f"{cost['amount']:g}", unit=Said(unit))
