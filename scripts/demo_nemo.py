"""The demo's chapter on generator-image: describe, attach, add music through a broken stream, check, export."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.demo_stage import DEMO, ROOT, Chapter
from tests.providers import nemo
from tests.providers.nemo import MessagePlan, RenderPlan
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from scripts.demo_page import Step
    from scripts.demo_stage import Stage

LAUNCHER = "generator_image.py"
QUICK = ("--poll-interval", "0.5")
TRACKS = ("Video", "BGM", "Title")


def play(stage: Stage) -> None:
    """Show an image from text, a video of one's own image, music, the timeline and a film of all that."""
    house, service = stage.house, stage.house.nemo
    service.plan_message(MessagePlan(text="Here is the lake at sunset."))
    words = ("--prompt", "sunset over a mountain lake, wide, calm water")
    first = stage.run("Describe a picture", LAUNCHER, "generate", *words, *QUICK)
    stage.observe("It ended well; the picture on disk is the one in the result", kept=first.delivered)
    stage.observe("A token of its own was taken, and one message was paid", kept=len(first.charges) == 1)

    picture = DEMO / "desk.png"
    picture.write_bytes(make_picture("png", 640, 360, 7))
    service.plan_message(MessagePlan(text="Your clip and its title are ready.", effects=("clip", "title")))
    wish = ("--prompt", "make a clip of this desk with a title", "--attach", str(picture.relative_to(ROOT)))
    second = stage.run("Attach a picture and ask for a clip", LAUNCHER, "generate", *wish, *QUICK)
    stage.observe("The clip on disk is the one in the result", kept=_films(second) == 1)
    sent = [one.content for one in service.uploads]
    stage.observe("The service got exactly that file", kept=sent == [picture.read_bytes()])

    service.plan_message(
        MessagePlan(shape="adk", text=None, effects=("music",), cut=2, seconds=2.0, stream_seconds=0.5)
    )
    words = ("--prompt", "加一段轻快的音乐")
    third = stage.run("Add music, in Chinese; the stream breaks on the way", LAUNCHER, "say", *words, *QUICK)
    told = third.document or {}
    stage.observe("What changed was read from the state", kept=third.code == 0 and told.get("changed") is True)
    stage.observe("The message was sent and paid once", kept=len(third.charges) == 1)

    fourth = stage.run("Show the timeline", LAUNCHER, "state")
    timeline = str((fourth.document or {}).get("timeline"))
    stage.observe("Video, music and title are on it", kept=all(word in timeline for word in TRACKS))

    service.plan_render(RenderPlan(shape="nested", seconds=2.0))
    fifth = stage.run("Export it", LAUNCHER, "export", *QUICK)
    stage.observe("The film on disk is the one in the result", kept=_films(fifth) == 1)
    stage.observe("Looking and exporting cost nothing", kept=not fourth.charges and not fifth.charges)
    tokens = [account.token for account in service.accounts.values() if account.client]
    seen = house.recorder.hosts_that_saw(tokens[0])
    stage.observe(
        "One token for all of it, and only the API saw it", kept=len(tokens) == 1 and seen == {nemo.HOST}
    )
    stage.observe("Every request was as the service expects it", kept=not service.complaints)


def _films(step: Step) -> int:
    """Count the videos of a result; 0 if one of them is not on disk as its row describes."""
    rows: list[dict[str, Any]] = (step.document or {}).get("videos", [])
    whole = all(hashlib.sha256(Path(row["path"]).read_bytes()).hexdigest() == row["sha256"] for row in rows)
    return len(rows) if whole and step.code == 0 else 0


CHAPTER = Chapter(
    skill="generator-image",
    service=nemo.HOST,
    unit="credits",
    hosts=frozenset((nemo.HOST, nemo.CDN_HOST)),
    key=lambda _house: {},
    play=play,
)
