"""The table of docs/money.md: what a request does with an entry whose lock is in our hands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from shared.entry import State, moment
from shared.errors import OutcomeUnknown, TaskFailed
from shared.texts import Said

if TYPE_CHECKING:
    from shared.entry import OpenTask

REUSED_FOR = timedelta(hours=24)
PASSED_OVER_BY_NEW: frozenset[State] = frozenset(("succeeded", "failed", "unknown"))

Verdict = Literal["create", "attach", "return", "next"]


def verdict_on(task: OpenTask, now: datetime, *, resumed: bool) -> Verdict:
    """Decide by the state of an entry; one that a dead process left gets its end first.

    `next` means that the entry proves nothing was accepted, so that the next older one decides: a refused
    --new must not make a paid picture of the same request forgotten.

    Raises:
        TaskFailed: it failed and may have been charged.
        OutcomeUnknown: it may have been accepted, and its answer is lost.
        DiskError: the end of a dead process's entry could not be written.
    """
    entry, about = task.entry, (task.path.parent, task.entry)
    if entry.state == "prepared":
        task.finish("unreachable", error={"code": "ended_before_sending"})
    elif entry.state == "submitting":
        task.finish("unknown", error={"code": "ended_while_sending"})
    if entry.state in ("refused", "unreachable") or (entry.state == "failed" and entry.charged == "no"):
        return "next"
    if entry.state == "submitted":
        return "attach"
    if entry.state == "succeeded":
        age = now - moment(entry.finished_at or entry.created_at)
        return "return" if resumed or entry.variant or age < REUSED_FOR else "create"
    if entry.state == "failed" and entry.images:
        return "return"
    if entry.state == "failed":
        reason = (entry.error or {}).get("reason") or Said("no_words")
        raise TaskFailed("task_failed_before", about=about, local_id=entry.local_id, reason=reason)
    since = entry.created_at
    raise OutcomeUnknown("outcome_unknown_before", about=about, local_id=entry.local_id, since=since)
