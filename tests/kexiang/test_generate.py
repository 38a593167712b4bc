"""What takes minutes in the use case, with a fake clock: links that come late, ids that are gone, estimates."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from kexiang.messages import MESSAGES
from kexiang.provider import Provider, new_entry
from kexiang.request import ImageRequest
from kexiang.wire import Task

from shared import queue_task
from shared.cli.context import CommandContext, Skill
from shared.errors import InvalidRequest, ReadError, StillRunning, TaskFailed, UnusableResult
from shared.journal.claim import Journal
from shared.paid_request import Accepted
from shared.provider import Context
from shared.security.keys import ResolvedKey, Secret
from tests.providers.pictures import make_picture
from tests.shared.fakes import NOW, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from kexiang.client import Client

    from shared.journal.entry import Entry

PNG = make_picture("png", 24, 16, 1)
LINK = "https://img.example/one.png?sig=1"
RUNNING = Task("running", "running")
READY = Task("succeeded", "success", (LINK,))
WITHOUT_LINKS = Task("succeeded", "success")
KEY = ResolvedKey(Secret("dummy-key-of-the-tests"), "-", ())
SKILL = Skill("image2", "kexiang", "1.1.0", MESSAGES, "create_task.py")


def unknown() -> ReadError:
    return ReadError("task_unknown_at_service", http_status=404)


def unreachable() -> ReadError:
    return ReadError("unreachable", host="kexiangai.com", reason="-")


@dataclass
class Service:
    """A fake client: `answer` gets the seconds since the create and returns the task's status."""

    clock: FakeClock
    answer: Callable[[float], Task | ReadError]
    created: float = 0.0
    creates: int = 0
    looks: list[float] = field(default_factory=list)

    @property
    def downloads(self) -> Service:
        return self

    def create(self, _request: ImageRequest) -> Accepted:
        self.creates += 1
        self.created = self.clock.now
        self.looks = []
        return Accepted("77", {"amount": 0.2, "unit": "credits", "source": "charged"})

    def query(self, _task_id: str, _seconds: float) -> Task:
        self.looks.append(round(self.clock.now - self.created, 3))
        answer = self.answer(self.clock.now - self.created)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def download(self, _url: str, target: BinaryIO, **_limits: Any) -> str:
        target.write(PNG)
        return "image/png"


class Scene:
    """One person's requests at one service, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.service = Service(self.clock, lambda _elapsed: READY)
        self.journal = Journal("image2", [folder], now=lambda: NOW + timedelta(seconds=self.clock.now))

    def make(self, variant: str = "", *, timeout: float = 720.0, no_wait: bool = False) -> CommandContext:
        run = CommandContext(SKILL, ["--prompt", "a kite"], str(self.folder / "create_task.py"))
        limits = self.clock.limits(timeout)
        context = Context(run, self.journal, self.folder, self.folder, limits, no_wait=no_wait)
        request = ImageRequest("text2img", "a kite", "3:4")
        draft = new_entry(
            request, base_url="https://kexiangai.com", account="0" * 12, variant=variant, folder=self.folder
        )
        self.run = run
        provider = Provider(cast("Client", self.service), request, KEY)
        run.result = queue_task.create(draft, provider, context, run.result)
        if run.result.error:
            raise run.result.error
        return run

    @property
    def entries(self) -> list[Entry]:
        return sorted(self.journal.history(), key=lambda entry: entry.created_at)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_picture_that_is_ready_at_the_early_look(scene: Scene) -> None:
    run = scene.make()
    assert scene.service.looks == [5.0]
    assert [row["url"] for row in run.result.images] == [LINK]
    (entry,) = scene.entries
    assert (entry.state, entry.seconds, entry.images[0]["url"]) == (
        "succeeded",
        5.0,
        "https://img.example/one.png",
    )
    assert (run.result.status, run.result.charged, run.result.extra["image_urls"]) == ("succeeded", "yes", [LINK])


# ---- ready, and no link


def test_links_that_come_within_a_minute_are_waited_for(scene: Scene) -> None:
    scene.service.answer = lambda elapsed: READY if elapsed >= 62 else WITHOUT_LINKS
    run = scene.make()
    assert scene.service.looks == [5.0 * number for number in range(1, 14)]
    assert run.result.status == "succeeded"


def test_a_minute_without_a_link_is_enough(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: WITHOUT_LINKS
    with pytest.raises(UnusableResult) as caught:
        scene.make()
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == (
        "answer_kept",
        13,
        "resume",
    )
    assert scene.service.looks[-1] == 70.0, "the first look after more than 60 s of being ready"
    (entry,) = scene.entries
    assert (entry.state, entry.task_id, entry.charged) == ("submitted", "77", "yes")


def test_the_minute_counts_from_the_first_look_that_said_ready(scene: Scene) -> None:
    scene.service.answer = lambda elapsed: RUNNING if elapsed < 100 else READY if elapsed > 155 else WITHOUT_LINKS
    assert scene.make().result.status == "succeeded"


def test_a_run_after_that_asks_again_and_pays_nothing(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: WITHOUT_LINKS
    with pytest.raises(UnusableResult):
        scene.make()
    scene.service.answer = lambda _elapsed: READY
    run = scene.make()
    assert (scene.service.creates, run.result.status, len(run.result.images)) == (1, "succeeded", 1)
    assert scene.entries[0].seconds is None, "two processes saw it: no duration to learn from"


# ---- an id that the service does not know


def test_three_404s_in_a_row_end_the_wait(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: unknown()
    with pytest.raises(InvalidRequest) as caught:
        scene.make()
    assert (caught.value.code, caught.value.exit_code) == ("task_unknown_at_service", 7)
    assert scene.service.looks == [5.0, 10.0, 15.0]
    assert scene.entries[0].state == "submitted", "the id is kept"


def test_404s_that_are_not_in_a_row_do_not(scene: Scene) -> None:
    answers: list[Task | ReadError] = [
        unknown(),
        unknown(),
        RUNNING,
        unknown(),
        unreachable(),
        unknown(),
        unknown(),
        READY,
    ]
    scene.service.answer = lambda _elapsed: answers.pop(0)
    assert scene.make().result.status == "succeeded"
    assert answers == []


# ---- the end of the wait


def test_twelve_minutes_of_failed_looks_are_no_failed_task(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: unreachable()
    with pytest.raises(StillRunning):
        scene.make()
    assert len(scene.service.looks) == 143
    assert (scene.entries[0].state, scene.run.result.status) == ("submitted", "running")


def test_a_task_that_failed_may_have_been_charged(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: Task("failed", "failed", reason="no faces")
    with pytest.raises(TaskFailed) as caught:
        scene.make()
    assert caught.value.facts["reason"] == "no faces"
    (entry,) = scene.entries
    assert (entry.state, entry.charged, entry.error) == (
        "failed",
        "unknown",
        {"code": "task_failed", "reason": "no faces"},
    )


def test_pictures_of_a_task_that_failed_are_saved_all_the_same(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: Task("failed", "failed", (LINK,), "second picture refused")
    with pytest.raises(UnusableResult) as caught:
        scene.make()
    assert (caught.value.code, caught.value.facts["saved"]) == ("partly_done", 1)
    assert len(scene.run.result.images) == 1
    assert (scene.entries[0].state, len(scene.entries[0].images)) == ("failed", 1)
    assert scene.entries[0].charged == "yes"
    with pytest.raises(UnusableResult, match="partly_done"):
        scene.make()
    assert len(scene.run.result.images) == 1, "a failed task's images come back"


def test_output_without_a_link_is_kept_in_a_file_at_once(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: Task("succeeded", "success", output=True, document={"odd": ["shape"]})
    with pytest.raises(UnusableResult) as caught:
        scene.make()
    assert (caught.value.code, caught.value.remedy, len(scene.service.looks)) == ("answer_kept", "resume", 1)
    assert json.loads(caught.value.facts["path"].read_text()) == {"odd": ["shape"]}


def test_without_waiting_nothing_is_looked_at(scene: Scene) -> None:
    run = scene.make(no_wait=True)
    assert (scene.service.looks, run.result.status) == ([], "submitted")
    following = run.result_document(None)["next"]
    assert following["argv"][2:] == ["--resume", "77"]
    assert (following["cost"], following["needs_consent"]) == ("none", False)


# ---- estimates


def told_after(scene: Scene, seconds: float, tasks: int) -> list[float]:
    """Make tasks that each take this long, one after the other; return how late each was seen to be ready."""
    scene.service.answer = lambda elapsed: READY if elapsed >= seconds else RUNNING
    late = []
    for _ in range(tasks):
        scene.make(variant=str(scene.service.creates))
        late.append(scene.service.looks[-1] - seconds)
    return late


def test_with_history_fewer_looks_are_made(scene: Scene) -> None:
    told_after(scene, 40.0, 1)
    assert len(scene.service.looks) == 8
    told_after(scene, 40.0, 1)
    assert scene.service.looks == [5.0, 36.0, 41.0]


def test_estimates_do_not_drift_upwards_with_their_own_delay(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.journal.history.MAX_SIMILAR", 5)
    late = told_after(scene, 33.0, 12)
    assert max(late) <= 5.0
    assert all(entry.seconds and 33.0 <= entry.seconds <= 38.0 for entry in scene.entries)


def test_estimates_follow_a_service_that_has_become_faster(scene: Scene) -> None:
    told_after(scene, 100.0, 2)
    late = told_after(scene, 20.0, 18)
    assert late[0] == 70.0, "the silence lasts until 0.9 of the quickest known"
    assert max(late[-3:]) <= 5.0


def test_estimates_follow_a_service_that_has_become_slower(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.journal.history.MAX_SIMILAR", 5)
    told_after(scene, 20.0, 5)
    told_after(scene, 100.0, 6)
    assert len(scene.service.looks) <= 4, "what is older than the history is forgotten"


def test_the_last_charge_is_the_estimate(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.make(variant="1")
    scene.make(variant="2")
    first, second = [line for line in capsys.readouterr().err.splitlines() if line.startswith("image2: ")]
    assert first.endswith("cost: known only after the task is created; no earlier task shows a cost.")
    assert re.search(r"cost: about 0\.2 credits \(the last task with these settings, on [-0-9]{10}\)\.$", second)
