"""What unit tests of ima_studio put in the place of the client, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ima_studio.task_status import Media, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

READY = Media("succeeded", "https://a.example/1.png")
LINKLESS = Media("linkless")
WORKING = Media("running")
FAILED = Media("failed", reason="unsafe")


@dataclass
class FakeClient:
    """Answers looks from a list; the last answer stays."""

    answers: Sequence[Task | Exception]
    looks: int = 0

    def detail(self, _task_id: str, _seconds: float) -> Task:
        answer = self.answers[min(self.looks, len(self.answers) - 1)]
        self.looks += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


def task(*medias: Media, **more: Any) -> Task:
    """Make a poll whose state follows from its images, as `read_task` would."""
    states = {media.state for media in medias}
    running = not medias or states & {"running", "linkless"}
    state = "running" if running else "failed" if "failed" in states else "succeeded"
    return Task(state, "processing" if running else "success", medias, **more)  # type: ignore[arg-type]
