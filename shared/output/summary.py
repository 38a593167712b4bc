"""The result in a few lines for a person who did not ask for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.i18n.messages import CommandText, MessageRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.i18n.catalog import Catalog


def summary(document: Mapping[str, Any], more: Sequence[str], catalog: Catalog) -> str:
    """Return what stdout shows without --json: after an error only what there is, stderr has told the rest."""
    lines = [
        catalog.format("picture_line", **row, kilobytes=f"{row['bytes'] / 1000:.0f}") for row in document["images"]
    ]
    lines += more
    if document["error"]:
        return "\n".join(lines)
    if document["reused"]:
        lines.append(catalog.format("reused_line", local_id=document["local_id"]))
    elif document["images"]:
        lines.append(catalog.format("cost_line", cost=format_cost(document["cost"], catalog)))
    if document["status"] == "submitted":
        lines.append(catalog.format("submitted_line", task_id=document["task_id"]))
    if document["next"]:
        lines.append(catalog.format("next_line", command=CommandText(document["next"]["shell"])))
    return "\n".join(lines)


def format_cost(cost: Mapping[str, Any], catalog: Catalog) -> str:
    """Return a cost as people say it, with where the figure comes from."""
    source, unit = f"cost_{cost['source']}", f"unit_{cost['unit']}"
    if cost["amount"] is None or not (catalog.has(source) and catalog.has(unit)):
        return catalog.format("cost_unknown")
    return catalog.format(source, amount=f"{cost['amount']:g}", unit=MessageRef(unit))
