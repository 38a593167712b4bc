"""The table of docs/money.md: what a request does with an existing entry that no process works on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from shared.errors import OutcomeUnknown, SkillError, TaskFailed
from shared.i18n.messages import MessageRef
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.entry import Entry, State

REUSED_FOR = timedelta(hours=24)
PASSED_OVER_BY_NEW: frozenset[State] = frozenset(("succeeded", "failed", "unknown"))
LEFT_BY_THE_DEAD: dict[State, tuple[State, str]] = {
    "prepared": ("unreachable", "ended_before_sending"),
    "submitting": ("unknown", "ended_while_sending"),
}
"""For a state in which an owner died, the state that follows and the code of its error."""

Action = Literal["create", "attach", "return", "next", "stop"]


def action_for(entry: Entry, now: datetime, *, resumed: bool) -> Action:
    """Return what to do about an entry without a living owner, after LEFT_BY_THE_DEAD.

    `next`: the entry proves that nothing was accepted, so the next older one decides; otherwise a refused --new
    would hide a paid image of the same request. `stop`: raise `refusal`.
    """
    if entry.state in ("refused", "unreachable") or (entry.state == "failed" and entry.charged == "no"):
        return "next"
    if entry.state == "submitted":
        return "attach"
    if entry.state == "succeeded":
        age = now - parse_time(entry.finished_at or entry.created_at)
        return "return" if resumed or entry.variant or age < REUSED_FOR else "create"
    return "return" if entry.state == "failed" and entry.images else "stop"


def refusal(entry: Entry, path: Path) -> SkillError:
    """Return the error that explains why an entry must not be paid for again without the user's consent."""
    about = (path, entry)
    if entry.state == "failed":
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        return TaskFailed("task_failed_before", about=about, local_id=entry.local_id, reason=reason)
    since = entry.created_at
    return OutcomeUnknown("outcome_unknown_before", about=about, local_id=entry.local_id, since=since)
