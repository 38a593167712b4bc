"""Taking entries out of the journal: by age when they are finished, one at a time when a person says so."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from shared.entry import FINISHED, Entry
from shared.errors import Busy
from shared.files import Lock, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEPT_FOR = timedelta(days=90)


def prune(folders: Iterable[Path], older_than: timedelta, now: datetime | None = None) -> int:
    """Remove finished entries of that age and return how many; unfinished and unknown ones stay.

    The age is read off the name, so that nothing but the old files is opened.
    """
    oldest = f"{(now or datetime.now(timezone.utc)) - older_than:%Y%m%dT%H%M%SZ}"
    removed = 0
    for folder in folders:
        for path in folder.glob("*.json"):
            if path.name >= oldest:
                continue
            with contextlib.suppress(OSError, ValueError), Lock(path.with_suffix(".lock")) as lock:
                if lock.try_acquire() and Entry.from_json(path.read_bytes()).state in FINISHED:
                    path.unlink()
                    removed += 1
    return removed


def forget(path: Path) -> None:
    """Remove one entry.

    Raises:
        Busy: `request_busy`; a living process works on the task.
        DiskError: `disk_failed`.
    """
    with disk_errors(path), Lock(path.with_suffix(".lock")) as lock:
        if not lock.try_acquire():
            raise Busy("request_busy", local_id=path.stem)
        path.unlink()


def set_unreadable_aside(folders: Iterable[Path], local_id: str) -> Path | None:
    """Rename an entry that cannot be read, so that it blocks nothing and is still there; return its new name.

    None when there is no such entry, or it can be read.

    Raises:
        DiskError: `disk_failed`.
    """
    for folder in folders:
        path = folder / f"{local_id}.json"
        if not path.is_file():
            continue
        with disk_errors(path):
            try:
                Entry.from_json(path.read_bytes())
            except ValueError:
                aside = path.with_suffix(".unreadable")
                path.replace(aside)
                return aside
    return None
