"""The demo's chapter on image2: from text, again, from a reference image with a kill, a chat copy, a budget."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from scripts.demo_stage import Chapter
from tests.providers import kexiang
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from scripts.demo_stage import Stage

CHAT_BYTES = 6_000_000  # what many chats accept
BUDGET_EXIT = 5


def play(stage: Stage) -> None:
    """Show image2: from text, the same again, and from a reference image with a kill in the middle."""
    house, service = stage.house, stage.house.kexiang
    create = ("create_task.py", "--poll-interval", "0.5")
    words = (*create, "--mode", "text2img", "--size", "16:9", "--prompt", "雨夜里的红色电车，霓虹倒映在石板路上")

    first = stage.run("A picture from words", *words)
    stage.observe("It ended well; the picture on disk is the one in the result", kept=first.delivered)
    stage.observe("One request was paid", kept=len(first.charges) == 1)

    second = stage.run("The same command again", *words)
    same = [row["sha256"] for row in first.images] == [row["sha256"] for row in second.images]
    stage.observe("The picture of the first time came back", kept=second.delivered and same)
    stage.observe("Nothing was paid twice", kept=not second.charges)

    link = first.images[0]["url"]
    redraw = (
        *create,
        "--mode",
        "img2img",
        "--size",
        "3:4",
        "--url",
        link,
        "--prompt",
        "the same tram, deep in snow",
    )
    service.plan_task(TaskPlan(duration=3.0))
    looks = house.recorder.requests_to(kexiang.QUERY_PATH)
    killed = stage.run(
        "A new picture after the first one, killed while it waits",
        *redraw,
        kill_when=lambda: len(house.recorder.requests_to(kexiang.QUERY_PATH)) > len(looks),
    )
    stage.observe("SIGKILL ended it, paid and without a picture", kept=killed.killed and killed.document is None)
    stage.observe("One request was paid", kept=len(killed.charges) == 1)

    resumed = stage.run("The same command after the kill", *redraw)
    task = house.ledger.charges[-1].task_id
    stage.observe("It went on with the task that was paid", kept=resumed.delivered and resumed.task_id == task)
    stage.observe("Nothing was paid twice", kept=not resumed.charges)
    stage.run("A budget for today", "tasks.py", "budget", "set", "--per-day", "0.7", "--unit", "credits")
    service.plan_picture(Plan(body=_large_picture()))
    poster = (*create, "--mode", "text2img", "--size", "16:9", "--prompt")
    large = stage.run("A picture that chats would refuse", *poster, "a poster full of confetti")
    (row,), (copy,) = large.images, map(Path, large.document["media"] if large.document else ())
    fits = copy.stat().st_size <= CHAT_BYTES < row["bytes"]
    stage.observe("A copy that fits is attached; the original stays as it was", kept=large.delivered and fits)

    refused = stage.run("One picture more than the budget allows", *poster, "another poster, all in blue")
    told = "0.1 left" in refused.said and "renews at" in refused.said
    stage.observe(
        "It was refused, with what is left and when it renews", kept=refused.code == BUDGET_EXIT and told
    )
    stage.observe("Nothing was sent, and nothing paid", kept=not refused.charges)
    stage.observe("Every request was as the service expects it", kept=not service.complaints)


def _large_picture() -> bytes:
    """Return a PNG of noise, which no PNG makes smaller than its pixels."""
    channels = [Image.effect_noise((2400, 1350), 90) for _ in "RGB"]
    stream = BytesIO()
    Image.merge("RGB", channels).save(stream, "png", compress_level=1)
    return stream.getvalue()


CHAPTER = Chapter(
    skill="image2",
    service=kexiang.HOST,
    unit="credits",
    hosts=frozenset((kexiang.HOST, kexiang.PICTURE_HOST)),
    key=lambda house: {"X_API_KEY": house.kexiang.key},
    play=play,
)
