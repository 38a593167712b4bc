"""Times as text: ISO 8601 in UTC, to the millisecond."""

from __future__ import annotations

from datetime import datetime, timezone


def format_time(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond, ending in Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
