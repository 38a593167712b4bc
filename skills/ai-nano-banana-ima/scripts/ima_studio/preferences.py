"""The model that a user chose for each task type: one small file, shared by all runs."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ima_studio.request import MODELS, TASK_TYPES
from shared.files import Lock, make_private_folder, write_atomically
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ima_studio.request import TaskType

LOCK_SECONDS = 5.0  # a change takes milliseconds
LOCK_PAUSE = 0.02


@dataclass(frozen=True)
class Remembered:
    """A model that the user chose, and the points that an image cost then."""

    model_id: str
    model_name: str
    credit: int | float


class Preferences:
    """The file `memory/ima_prefs.json` of a state folder, in the format of the skill's earlier versions."""

    def __init__(self, state: Path) -> None:
        self.path = state / "memory" / "ima_prefs.json"

    def remembered(self, user_id: str, task_type: TaskType) -> Remembered | None:
        """Return the user's model; None if it is not set, not offered any more, or the file is unreadable."""
        try:
            row = self._read()[_name(user_id)][task_type]
            preference = Remembered(row["model_id"], str(row["model_name"]), row["credit"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return preference if preference.model_id in MODELS and isinstance(preference.credit, int | float) else None

    def remember(self, user_id: str, task_type: TaskType, model_id: str, model_name: str, credit: float) -> None:
        """Remember the user's model, keeping what other runs write at the same time.

        Raises:
            OSError, ValueError: the file cannot be written, or is not a file of preferences.
        """
        row = {
            "model_id": model_id,
            "model_name": model_name,
            "credit": credit,
            "last_used": format_time(datetime.now(timezone.utc)),
        }
        with self._changing() as document:
            document.setdefault(_name(user_id), {})[task_type] = row

    def forget(self, user_id: str, task_type: TaskType | None) -> list[TaskType]:
        """Forget the user's model, for every task type if none is named; return the affected task types.

        Raises:
            OSError, ValueError: the file cannot be written, or is not a file of preferences.
        """
        if not self.path.exists():
            return []
        with self._changing() as document:
            kept = document.get(_name(user_id), {})
            gone = [name for name in TASK_TYPES if name in kept and task_type in (None, name)]
            for name in gone:
                del kept[name]
            if not kept:
                document.pop(_name(user_id), None)
        return gone

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        make_private_folder(self.path.parent)
        with Lock(self.path.with_suffix(".lock")) as lock:
            deadline = time.monotonic() + LOCK_SECONDS
            while not lock.try_acquire():
                if time.monotonic() > deadline:
                    raise TimeoutError("another process holds the file")
                time.sleep(LOCK_PAUSE)
            try:
                document = self._read()
            except FileNotFoundError:
                document = {}
            yield document
            text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
            write_atomically(self.path, text.encode())

    def _read(self) -> dict[str, Any]:
        document = json.loads(self.path.read_bytes())
        if not isinstance(document, dict) or not all(isinstance(row, dict) for row in document.values()):
            raise ValueError("not a file of preferences")
        return document


def _name(user_id: str) -> str:
    return f"user_{user_id}"
