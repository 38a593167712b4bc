"""A clock that only sleeping moves, and journal entries of made-up requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from shared.journal.entry import Entry
from shared.polling import Deadline
from shared.timefmt import format_time
from tests.journals import Kept, keep

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
OURS, OTHERS = "ab" * 32, "cd" * 32
"""Fingerprints: of the request a test makes, and of another one."""
FOLDER = ("image-skills", "image2")


class FakeClock:
    """Counts seconds from 100; `slept` lists the requested sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def limits(self, seconds: float, most_looks: int | None = None) -> Deadline:
        """Return limits that end this many seconds from now."""
        return Deadline(self.now + seconds, self, self.sleep, most_looks)


def draft(print_: str = OURS, **changes: Any) -> Entry:
    """Return the description of a request that the journal has not seen yet."""
    blank = Entry(print_, "image2", "kexiang", "text2img", "GPT-Image-2", "https://kexiangai.com", "0" * 12)
    return replace(blank, **changes)


def put(state_folder: Path, **changes: Any) -> Kept:
    """Keep an entry, an hour old unless `age` says otherwise."""
    age = changes.pop("age", timedelta(hours=1))
    number = changes.setdefault("sequence", 1)
    entry = draft(
        **{
            "local_id": f"{NOW - age:%Y%m%dT%H%M%SZ}-{number:08x}",
            "created_at": format_time(NOW - age),
            "finished_at": format_time(NOW - age),
            **changes,
        }
    )
    return keep(state_folder.joinpath(*FOLDER), entry)
