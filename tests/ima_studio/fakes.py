"""What unit tests of ima_studio put in the place of the clock, the client and the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ima_studio.details import Media, Task

from shared.polling import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

READY = Media("succeeded", "https://a.example/1.png")
LINKLESS = Media("linkless")
WORKING = Media("running")
FAILED = Media("failed", reason="unsafe")


@dataclass
class FakeClock:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def limits(self, seconds: float = 600.0) -> Limits:
        """Return limits that end that many seconds from now."""
        return Limits(self.now + seconds, self, self.sleep)


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
    """Make a look whose state follows from its pictures, as `read_task` would."""
    states = {media.state for media in medias}
    running = not medias or states & {"running", "linkless"}
    state = "running" if running else "failed" if "failed" in states else "succeeded"
    return Task(state, "processing" if running else "success", medias, **more)  # type: ignore[arg-type]
