"""What the result of a command with many tasks tells of each of them, and of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.output.result import Result

_SAME = (
    "ok",
    "status",
    "provider",
    "model",
    "mode",
    "input_images",
    "requested",
    "applied",
    "local_id",
    "reused",
    "attempts",
    "possible_charges",
    "charged",
    "cost",
    "started_at",
    "elapsed_seconds",
    "media",
    "error",
)
PICTURE = ("media_type", "width", "height", "bytes", "sha256")


def row_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a task's result document tells, with its picture beside it instead of in a list.

    A task that was done before, and whose picture is gone by now, counts as failed.
    """
    row = {**{name: document[name] for name in _SAME}, **picture_of(document)}
    if row["status"] == "succeeded" and not row["ok"]:
        row |= {"status": "failed", "reused": False}
    return row


def picture_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the picture of a result as a row tells it; None everywhere when there is none."""
    image: Mapping[str, Any] = next(iter(document.get("images") or ()), {})
    return {"output": image.get("path"), **{name: image.get(name) for name in PICTURE}}


def add_up(result: Result, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put what all tasks come to into the result: pictures, money, and what they have in common."""
    result.images = [
        {"path": row["output"], "url": None, **{name: row[name] for name in PICTURE}}
        for row in rows
        if row.get("output")
    ]
    result.media = [path for row in rows for path in row.get("media") or ()]
    result.attempts = sum(row.get("attempts") or 0 for row in rows)
    result.possible_charges = sum(row.get("possible_charges") or 0 for row in rows)
    told = {row.get("charged") for row in rows}
    result.charged = "unknown" if "unknown" in told else "yes" if "yes" in told else "no"
    result.cost = _cost([row for row in rows if row.get("charged") in {"yes", "unknown"}])
    result.model, result.mode = (shared_by(row.get(name) for row in rows) for name in ("model", "mode"))


def shared_by(values: Iterable[str | None]) -> str | None:
    """Return what all have that have anything, None where they differ."""
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else None


def _cost(paid: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    costs = [row.get("cost") or {"source": "unknown"} for row in paid]
    if not costs or any(cost["source"] != "charged" for cost in costs):
        return {"amount": None, "unit": None, "source": "unknown"}
    return {**costs[0], "amount": sum(cost["amount"] for cost in costs)}
