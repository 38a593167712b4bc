"""The row of a task in the queue's files; rows read from disk are validated like any other input."""

from __future__ import annotations

import contextlib
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shared.journal.entry import LOCAL_ID
from shared.openclaw.folders import is_attachable, state_folders

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
TaskStatus = Literal[
    "queued", "running", "completed", "failed", "timed_out", "rejected", "skipped", "orphan_late_output",
    "cancelled", "orphaned",
]  # fmt: skip
STATUSES: tuple[TaskStatus, ...] = (
    "queued", "running", "completed", "failed", "timed_out", "rejected", "skipped", "orphan_late_output",
    "cancelled", "orphaned",
)  # fmt: skip
FILES = {"stdout": "stdout.txt", "stderr": "stderr.txt", "result_json": "result.json"}
_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
MAX_COUNT = 1 << 53  # every JSON reader takes it for an integer


def is_task_id(name: object) -> bool:
    """Return whether this is a valid task id: the name of its folder, never a path."""
    return isinstance(name, str) and bool(_TASK_ID.fullmatch(name))


def parse_row(value: Any, task_id: str, folder: Path) -> Row | None:
    """Return the row of a task from its file, None if it is invalid; missing fields become None.

    The paths of the task's files are derived from its folder. A field of a wrong type makes the whole row invalid;
    unknown fields are dropped.
    """
    if not isinstance(value, dict) or value.get("task_id") != task_id or value.get("status") not in list(STATUSES):
        return None
    row = {name: value.get(name) for name in _FIELDS}
    if not all(content is None or _FIELDS[name](content) for name, content in row.items()):
        return None
    row |= {name: str(folder / file) for name, file in FILES.items()}
    row["mock"] = bool(row["mock"])
    row["media"] = row["media"] and [path for path in row["media"] if _is_attached(path)]
    return row


def has_row_types(document: dict[str, Any]) -> bool:
    """Return whether the fields of a task's result have the types of a row, and its images are complete."""
    texts = {"started_at", "finished_at"}
    wrong = [
        name for name, check in _FIELDS.items() if document.get(name) is not None and not check(document[name])
    ]
    images = [{"output": image["path"], **image} for image in document["images"]]
    sizes = all(_is_count(image[name]) for image in images for name in ("width", "height", "bytes"))
    texts_fit = all(isinstance(document[name], str) for name in texts)
    seconds, sizes_requested = document["elapsed_seconds"], (document["requested"], document["applied"])
    is_time = isinstance(seconds, int | float) and math.isfinite(seconds)
    return not wrong and sizes and texts_fit and is_time and all(isinstance(row, dict) for row in sizes_requested)


def _is_attached(path: str) -> bool:
    with contextlib.suppress(OSError, RuntimeError):  # a loop of links
        return any(is_attachable(Path(path), state) for state in state_folders())
    return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -MAX_COUNT <= value <= MAX_COUNT


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_image(value: Any) -> bool:
    return _is_name(value) and value.lower().endswith((".png", ".jpg", ".jpeg", ".webp", ".gif"))


def _is_image_row(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_image(value.get("path"))
        and all(_is_count(value.get(name)) for name in ("width", "height", "bytes"))
        and all(_is_text(value.get(name)) for name in ("media_type", "sha256"))
    )


def _is_cost(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("source") not in ("charged", "quoted", "estimated", "unknown"):
        return False
    amount, unit = value.get("amount"), value.get("unit")
    is_amount = _is_count(amount) or (isinstance(amount, float) and math.isfinite(amount))
    is_complete = is_amount or (amount is None and value["source"] != "charged")
    return is_complete and (unit is None or _is_text(unit))


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and _is_name(value.get("path"))


_FIELDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("task_id", "task_key", "task_name", "status", "worker_id", "variant", "model"), _is_text),
    **dict.fromkeys(("created_at", "started_at", "finished_at", "updated_at", "error"), _is_text),
    **dict.fromkeys(("stdout", "stderr", "result_json", "provider", "mode", "media_type", "sha256"), _is_text),
    **dict.fromkeys(("thread_id", "pid", "exit_code", "width", "height", "bytes"), _is_count),
    **dict.fromkeys(("possible_charges", "attempts"), _is_count),
    **dict.fromkeys(("mock", "ok", "reused"), _is_flag),
    "charged": lambda value: value in ("yes", "no", "unknown"),
    "cost": _is_cost,
    "output": _is_image,
    "images": lambda value: isinstance(value, list) and all(map(_is_image_row, value)),
    "run_dir": _is_name,
    "local_id": lambda value: isinstance(value, str) and bool(LOCAL_ID.fullmatch(value)),
    "media": lambda value: isinstance(value, list) and all(map(_is_name, value)),
    "input_images": lambda value: isinstance(value, list) and all(map(_is_reference, value)),
}
