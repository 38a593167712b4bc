"""What takes minutes in the use case, with a fake clock: when it looks, links that come late, ends in part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from ima_studio import provider
from ima_studio.config import SKILL
from ima_studio.products import read_products
from ima_studio.request import FLASH, PRO, ImageRequest
from ima_studio.task_status import Media, Task
from ima_studio.user_messages import with_messages
from ima_studio.wire import Created, quote

from shared.cli.context import CommandContext
from shared.errors import ReadError, StillRunning, UnusableResult
from shared.journal.claim import Journal
from shared.provider import Context
from tests.ima_studio.fakes import FAILED, LINKLESS, WORKING, task
from tests.providers import ima_products
from tests.providers.pictures import make_picture
from tests.shared.fakes import NOW, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from ima_studio.pricing import Offer

    from shared.journal.entry import Entry

PRODUCTS = read_products(ima_products.tree("text_to_image"))
CAT = ImageRequest("text_to_image", "a cat", FLASH)
PNG = make_picture("png", 24, 16, 1)


def ready(sign: str = "1") -> Media:
    return Media("succeeded", f"https://a.example/1.png?sign={sign}", f"https://a.example/c.png?sign={sign}")


def limited() -> ReadError:
    return ReadError("read_refused", http_status=200, provider_code="429", code_=429, words="slow down")


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

    def create(self, _kind: str, _prompt: str, offer: Offer, _links: tuple[str, ...]) -> Created:
        self.creates += 1
        self.created, self.looks = self.clock.now, []
        return Created(f"t{self.creates}", quote(offer))

    def detail(self, _task_id: str, _seconds: float) -> Task:
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
        self.service = Service(self.clock, lambda _elapsed: task(ready()))
        self.journal = Journal(SKILL.slug, [folder], now=lambda: NOW + timedelta(seconds=self.clock.now))
        self.bought: list[Offer] = []

    def make(self, variant: str = "", *, model: str = FLASH, count: int = 1) -> CommandContext:
        self.run = CommandContext(SKILL, ["--prompt", "a cat"], str(self.folder / "ima_image_create.py"))
        self.run.note_own(messages={})
        request = ImageRequest("text_to_image", "a cat", model, count=count)
        order = provider.Order(request, "0" * 12, variant, False, False, self.bought.append)
        context = Context(self.run, self.journal, self.folder, self.folder, self.clock.limits(600.0))
        client = cast("Any", self.service)
        outcome = provider.create(order, PRODUCTS, client, context, self.run.result)
        self.run.result = with_messages(outcome, self.run.catalog)
        if self.run.result.error:
            raise self.run.result.error
        return self.run

    @property
    def entry(self) -> Entry:
        return self.journal.history(limit=1)[0]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def after(seconds: float, end: Task) -> Callable[[float], Task]:
    return lambda elapsed: end if elapsed >= seconds else task(WORKING)


@pytest.mark.parametrize(
    ("model", "finished", "looks"),
    [
        (FLASH, 1.0, [2]),
        (FLASH, 17.0, [2, 21.143]),
        (FLASH, 29.0, [2, 21.143, 23.837, 26.146, 28.146, 30.146]),
        (PRO, 57.0, [2, 59]),
    ],
)
def test_it_looks_early_once_and_then_when_the_picture_is_likely_to_be_there(
    scene: Scene, model: str, finished: float, looks: list[float]
) -> None:
    scene.service.answer = after(finished, task(ready()))
    run = scene.make(model=model)
    assert scene.service.looks == looks
    assert (run.result.status, len(run.result.images)) == ("succeeded", 1)
    assert scene.entry.seconds == round(looks[-1], 1)
    assert [offer.product.model_id for offer in scene.bought] == [model]


def test_history_says_better_when_to_look(scene: Scene) -> None:
    scene.service.answer = after(40.5, task(ready()))
    for number in range(5):
        scene.make(str(number))
    scene.make("last")
    assert scene.service.looks == [2, 37.72, 39.72, 41.72]
    assert "expected 41-42 s" in scene.run.result.extra["messages"]["success"]


def test_a_service_in_trouble_is_asked_less_often_and_never_given_up(scene: Scene) -> None:
    scene.service.answer = lambda elapsed: task(ready()) if elapsed > 40 else limited()
    assert scene.make().result.status == "succeeded"
    assert scene.service.looks == [2, 21.143, 26.143, 31.143, 36.143, 41.143]  # 2 s apart it would be, at the end


def test_a_link_that_comes_within_a_minute_is_waited_for(scene: Scene) -> None:
    scene.service.answer = lambda elapsed: task(ready()) if elapsed > 60 else task(LINKLESS)
    assert scene.make().result.status == "succeeded"


def test_ready_without_a_link_for_a_minute_ends_with_a_command_to_ask_again(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: task(LINKLESS)
    with pytest.raises(UnusableResult) as caught:
        scene.make()
    assert (caught.value.code, caught.value.remedy) == ("result_without_pictures", "resume")
    assert 60 < scene.service.looks[-1] < 70
    assert (scene.entry.state, scene.entry.charged) == ("submitted", "yes")
    scene.service.answer = lambda _elapsed: task(ready())
    scene.make()
    assert (scene.service.creates, scene.entry.state) == (1, "succeeded")


def test_ready_while_processing_is_not_done(scene: Scene) -> None:
    scene.service.answer = lambda _elapsed: task(WORKING)
    with pytest.raises(StillRunning):
        scene.make()
    assert scene.clock.now - scene.service.created == 600


@pytest.mark.parametrize(
    ("seen", "code", "remedy", "state"),
    [
        (task(ready(), FAILED), "partly_done", "new", "failed"),
        (task(ready(), LINKLESS), "pictures_missing", "resume", "submitted"),
        (task(ready()), "pictures_missing", "resume", "submitted"),
    ],
    ids=["failed", "without a link", "not listed"],
)
def test_one_of_two_is_kept(scene: Scene, seen: Task, code: str, remedy: str, state: str) -> None:
    scene.service.answer = lambda _elapsed: seen
    with pytest.raises(UnusableResult) as caught:
        scene.make(count=2)
    assert (caught.value.code, caught.value.remedy, scene.entry.state) == (code, remedy, state)
    assert len(scene.run.result.images) == len(scene.entry.images) == 1
    assert scene.entry.cost == {"amount": 12, "unit": "points", "source": "quoted"}


def test_the_same_again_comes_with_links_that_open(scene: Scene) -> None:
    scene.make()
    scene.service.answer = lambda _elapsed: task(ready("2"))
    run = scene.make()
    assert (run.result.reused, scene.service.creates) == (True, 1)
    assert [row["url"] for row in run.result.images] == ["https://a.example/1.png?sign=2"]
    assert run.result.extra["cover_url"] == "https://a.example/c.png?sign=2"
    assert "6 (paid earlier; nothing charged now)" in run.result.extra["messages"]["success"]
    assert "sign" not in scene.entry.images[0]["url"]


@pytest.mark.parametrize("answer", [limited(), task(), task(ready(), ready())], ids=["limited", "gone", "other"])
def test_without_fresh_links_the_same_pictures_are_returned_all_the_same(
    scene: Scene, answer: Task | ReadError
) -> None:
    scene.make()
    scene.service.answer = lambda _elapsed: answer
    run = scene.make()
    assert [row["url"] for row in run.result.images] == ["https://a.example/1.png"]
    assert run.result.extra["url"] == run.result.extra["cover_url"] == "https://a.example/1.png"
