"""The skill's log: one file a day, kept for a week; never a key, a prompt or the query of a link."""

from __future__ import annotations

import contextlib
import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from shared.files import make_private_folder, open_to_append
from shared.i18n.catalog import sanitize_line
from shared.security.keys import redact
from shared.timefmt import format_time

if TYPE_CHECKING:
    from pathlib import Path

    from shared.output.outcome import Outcome

KEPT_FOR = 7 * 24 * 3600  # seconds


class Logbook:
    """Writes to `logs/ima_skills/` of a state folder; a log that cannot be written is ignored."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "logs" / "ima_skills"

    def note(self, event: str, **facts: object) -> None:
        """Write one line: time, process, event, its facts."""
        now = datetime.now(timezone.utc)
        known = {name: value for name, value in facts.items() if value is not None}
        words = " ".join(f"{name}={sanitize_line(value, 120)!r}" for name, value in known.items())
        line = redact(f"{format_time(now)} {os.getpid()} {event} {words}".rstrip()) + "\n"
        with contextlib.suppress(Exception):
            make_private_folder(self._folder)
            descriptor = open_to_append(self._folder / f"ima_skills_{now:%Y-%m-%d}.log")
            try:
                os.write(descriptor, line.encode())  # one write: lines of two processes do not mix
            finally:
                os.close(descriptor)

    def task(self, outcome: Outcome) -> None:
        """Write the line about the task of a command."""
        self.note(
            "task",
            local_id=outcome.local_id,
            task_id=outcome.task_id,
            status=outcome.status,
            cost=outcome.cost["amount"],
            attempts=outcome.attempts,
            pictures=len(outcome.images),
        )

    def clear(self) -> None:
        """Remove log files that were not written to for a week."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.log"):
                if time.time() - path.lstat().st_mtime > KEPT_FOR:
                    path.unlink()
