"""Outcome rows of commands with many tasks, and their aggregate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.errors import AuthenticationError, BudgetExceeded, QuotaExceeded, TaskFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.errors import SkillError
    from shared.output.result import Charges

_COPIED_FIELDS = (
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
STOP_REASONS = ("stopped_by_key", "stopped_by_credits", "stopped_by_budget", "stopped_by_address")
"""Message ids of what every further task would meet as well."""
IMAGE_FIELDS = ("media_type", "width", "height", "bytes", "sha256")


def row_from_result(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a task's result document, with the columns of its image instead of a list.

    A task that succeeded earlier, and whose image is gone, counts as failed.
    """
    row = {**{name: document[name] for name in _COPIED_FIELDS}, **image_columns(document)}
    if row["status"] == "succeeded" and not row["ok"]:
        row |= {"status": "failed", "reused": False}
    return row


def stop_reason(exit_code: int, error_code: str | None) -> str | None:
    """Return the message id of a task's error that every further task would meet as well, None for any other."""
    if error_code == "address_wrong":
        return "stopped_by_address"
    if error_code in {"budget_exceeded", "budget_undecided"}:
        return "stopped_by_budget"
    exits = {AuthenticationError.exit_code: "stopped_by_key", QuotaExceeded.exit_code: "stopped_by_credits"}
    return exits.get(exit_code)


def stop_error(command: str, reason: str, **facts: Any) -> SkillError:
    """Return the error of a `command` (batch, queue) that one of the STOP_REASONS stopped.

    Until the key or the address is corrected, the same command would end the same way, so it is not offered.
    """
    if reason == "stopped_by_key":
        return AuthenticationError(f"{command}_stopped_by_key", remedy="none", **facts)
    if reason == "stopped_by_credits":
        return QuotaExceeded(f"{command}_stopped_by_credits", remedy="again", **facts)
    if reason == "stopped_by_budget":
        return BudgetExceeded(f"{command}_stopped_by_budget", remedy="again", **facts)
    return TaskFailed(f"{command}_stopped_by_address", remedy="none", **facts)


def image_columns(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the image columns of a row: those of the first image (None if there is none), and all `images`."""
    images: Sequence[Mapping[str, Any]] = document.get("images") or []
    first = images[0] if images else {}
    columns = {"output": first.get("path"), **{name: first.get(name) for name in IMAGE_FIELDS}}
    return {**columns, "images": [{**image, "url": None} for image in images]}


def aggregate(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the aggregate of all tasks as facts of an outcome: images, charges and common values."""
    charges = {row.get("charged") for row in rows}
    return {
        "images": [image for row in rows for image in row.get("images") or ()],
        "media": [path for row in rows for path in row.get("media") or ()],
        "attempts": sum(row.get("attempts") or 0 for row in rows),
        "possible_charges": sum(row.get("possible_charges") or 0 for row in rows),
        "charged": "unknown" if "unknown" in charges else "yes" if "yes" in charges else "no",
        "cost": _cost([row for row in rows if row.get("charged") in {"yes", "unknown"}]),
        **{name: common_value(row.get(name) for row in rows) for name in ("model", "mode")},
    }


def remaining_cost(incomplete: Iterable[Mapping[str, Any]]) -> Charges:
    """Return what running the same command again may cost: a task that may have been charged is not sent again."""
    return "yes" if any(row.get("charged") in {None, "no"} for row in incomplete) else "none"


def unclear_only(incomplete: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether nothing is left but tasks that may have been charged and have no image."""
    return all(row.get("charged") == "unknown" for row in incomplete)


def common_value(values: Iterable[str | None]) -> str | None:
    """Return the value that all have except those without one, None if they differ."""
    distinct = {value for value in values if value}
    return distinct.pop() if len(distinct) == 1 else None


def _cost(paid: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    costs = [row.get("cost") or {"source": "unknown"} for row in paid]
    if not costs or any(cost["source"] != "charged" for cost in costs):
        return {"amount": None, "unit": None, "source": "unknown"}
    return {**costs[0], "amount": sum(cost["amount"] for cost in costs)}
