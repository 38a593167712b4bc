"""What a command came to: the facts of its result document, however it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from shared.errors import SkillError
    from shared.journal.entry import Charged, Entry, State
    from shared.output.result import NextCommand
    from shared.signals import Interrupted

Status = Literal["prepared", "submitted", "running", "succeeded", "failed", "refused", "unknown", "not_started"]
_STATUS_OF_ENTRY: dict[State, Status] = {
    "prepared": "not_started",
    "submitting": "unknown",
    "submitted": "submitted",
    "succeeded": "succeeded",
    "failed": "failed",
    "refused": "refused",
    "unreachable": "not_started",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `render` makes the document, the lines for a person and the next command of it.

    `charged`, `possible_charges` and `cost` speak of the task, not of this run: with `reused` true, this run
    sent nothing that costs.
    """

    skill: str
    skill_version: str
    provider: str
    status: Status = "not_started"
    model: str | None = None
    mode: str | None = None
    task_id: str | None = None
    local_id: str | None = None
    reused: bool = False
    images: list[dict[str, Any]] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    input_images: list[dict[str, Any]] = field(default_factory=list)
    requested: dict[str, Any] = field(default_factory=dict)
    applied: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=lambda: {"amount": None, "unit": None, "source": "unknown"})
    charged: Charged = "no"
    possible_charges: int = 0
    attempts: int = 0
    journal: str | None = None
    next_command: NextCommand | None = None
    continues: bool = False
    """The task continues at the service, and the next command resumes it; an error names its own."""
    error: SkillError | Interrupted | None = None
    lines: tuple[str, ...] = ()
    """More lines for a person on stdout, without --json."""
    entry: Entry | None = None
    """The journal's entry of the task."""
    expected: tuple[float, float] | None = None
    """The shortest and the longest duration of such tasks in seconds, as known before this one ended."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the skill's own contract names at the top level."""
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    started: float = field(default_factory=time.monotonic)

    def with_entry(self, entry: Entry, path: object) -> Outcome:
        """Return this outcome with what the journal's entry knows about the task."""
        is_polled = entry.state == "submitted" and self.status == "running"  # the journal does not record polls
        return replace(
            self,
            entry=entry,
            status=self.status if is_polled else _STATUS_OF_ENTRY[entry.state],
            local_id=entry.local_id,
            task_id=entry.task_id,
            journal=str(path),
            model=entry.model or self.model,
            mode=entry.mode or self.mode,
            charged=entry.charged,
            possible_charges=entry.possible_charges,
            attempts=entry.attempts,
            requested=entry.requested or self.requested,
            applied=entry.applied or self.applied,
            cost=entry.cost or self.cost,
        )
