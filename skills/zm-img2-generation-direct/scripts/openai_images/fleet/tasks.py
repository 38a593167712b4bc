"""A task of the fleet: what a job carries of it, and the row that people and scripts see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from openai_images.request import ImageRequest, image_request
from openai_images.result_rows import image_columns
from shared.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.entry import Entry

CANCELLED = "cancelled"
STATUSES = ("queued", "running", "completed", "failed", "unknown", "cancelled")
_OF_STATE = {
    "prepared": "queued",
    "submitting": "running",
    "submitted": "running",
    "succeeded": "completed",
    "unknown": "unknown",
}
STATES_OF = {
    "queued": ("prepared",),
    "running": ("submitting", "submitted"),
    "completed": ("succeeded",),
    "failed": ("failed", "refused", "unreachable"),
    "unknown": ("unknown",),
    "cancelled": ("unreachable", "unknown"),
}
"""The states of the journal that a status may stand for."""


@dataclass(frozen=True)
class DrawTask:
    """What a job's arguments hold: the request without its references' bytes, and how its files are named."""

    request: dict[str, Any]
    references: list[dict[str, str]]
    """`sha256` and `extension` of each, in their order; their bytes are in the store."""
    name: str
    seconds: float
    """The most that the one paid request may take."""

    @classmethod
    def of(cls, request: ImageRequest, *, name: str, seconds: float) -> DrawTask:
        """Return the task that makes the image of a request."""
        if request.mask:
            raise BadInput("option_goes_with", flag="mask", other="fleet")
        names = [one.name for one in fields(ImageRequest) if one.name != "references"]
        references = [
            {"sha256": reference.sha256, "extension": reference.media_type.partition("/")[2]}
            for reference in request.references
        ]
        values = {name: getattr(request, name) for name in names}
        plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
        return cls(plain, references, name, seconds)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DrawTask:
        """Return the task of a job's arguments.

        Raises:
            TypeError, KeyError: they are not those of a task.
        """
        return cls(
            dict(document["request"]),
            [{name: str(row[name]) for name in ("sha256", "extension")} for row in document["references"]],
            str(document["name"]),
            float(document["seconds"]),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the job's arguments."""
        return dict(vars(self))

    def to_request(self, references: list[Path]) -> ImageRequest:
        """Return the request, its references read from these files.

        Raises:
            BadInput: a value or a file cannot be used.
            TypeError: a field is missing or unknown.
        """
        first = {name: self.request[name] for name in ("prompt", "model", "size")}
        request = image_request(**first, references=[("images", str(path)) for path in references])
        return replace(request, **self.request)


def status_of(entry: Entry) -> str:
    """Return the status of an entry, in the queue's words."""
    if (entry.error or {}).get("code") == CANCELLED:
        return CANCELLED
    return _OF_STATE.get(entry.state, "failed")


def task_row(entry: Entry, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a task; `named` holds its task_key and task_name."""
    error = entry.error or {}
    return {
        "task_id": entry.local_id,
        "local_id": entry.local_id,
        "task_key": named.get("task_key"),
        "task_name": named.get("task_name"),
        "status": status_of(entry),
        "state": entry.state,
        "ok": entry.state == "succeeded",
        "variant": entry.variant,
        "provider": entry.provider,
        "account": entry.account,
        "model": entry.model,
        "mode": entry.mode,
        **image_columns({"images": entry.images}),
        "charged": entry.charged,
        "possible_charges": entry.possible_charges,
        "attempts": entry.attempts,
        "cost": entry.cost,
        "worker": entry.extra.get("worker"),
        "error": error.get("reason") or error.get("code"),
        "created_at": entry.created_at,
        "finished_at": entry.finished_at,
    }
