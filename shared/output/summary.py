"""Render the result as a few lines for a person, without --json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.i18n.messages import CommandText, MessageRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.i18n.catalog import Catalog


def summary(document: Mapping[str, Any], more: Sequence[str], catalog: Catalog) -> str:
    """Return the lines of stdout without --json: after an error only the saved files, stderr has the rest."""
    lines = [*more]
    lines += [
        catalog.format("picture_line", **row, kilobytes=f"{row['bytes'] / 1000:.0f}") for row in document["images"]
    ]
    if document["error"]:
        return "\n".join(lines)
    if document["reused"]:
        lines.append(catalog.format("reused_line", local_id=document["local_id"]))
    elif document["images"]:
        lines.append(catalog.format("cost_line", cost=format_cost(document["cost"], catalog)))
    if document["status"] == "submitted":
        lines.append(catalog.format("submitted_line", task_id=document["task_id"]))
    if document["next"]:
        lines.append(next_line(document, catalog))
    return "\n".join(lines)


def next_line(document: Mapping[str, Any], catalog: Catalog) -> str:
    """Return the line that names the next command; one that needs consent is named under that condition."""
    following = document["next"]
    command = CommandText(following["shell"])
    if not following["needs_consent"]:
        return catalog.format("next_line", command=command)
    second = "consent_second_line" if document["possible_charges"] else "consent_line"
    return catalog.format(second, command=command)


def format_cost(cost: Mapping[str, Any], catalog: Catalog) -> str:
    """Return a cost as text, with the source of the figure."""
    source, unit = f"cost_{cost['source']}", f"unit_{cost['unit']}"
    if cost["amount"] is None or not (catalog.has(source) and catalog.has(unit)):
        return catalog.format("cost_unknown")
    return catalog.format(source, amount=f"{cost['amount']:g}", unit=MessageRef(unit))
