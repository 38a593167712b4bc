"""The demo's chapter on ai-nano-banana-ima: from text, from a local file, and a refusal that is explained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.demo_stage import ROOT, Chapter
from tests.providers import ima
from tests.providers.ima import refused

if TYPE_CHECKING:
    from scripts.demo_stage import Stage


def play(stage: Stage) -> None:
    """Show an image from text, the same image edited, and a size that the service refuses."""
    house, service = stage.house, stage.house.ima
    make = ("ima_image_create.py", "--poll-interval", "0.5", "--task-type")
    ratio = ("--extra-params", '{"aspect_ratio":"16:9"}')

    first = stage.run("A picture from words", *make, "text_to_image", "--prompt", "湖边的木屋，清晨有薄雾", *ratio)
    stage.observe("It ended well; the picture on disk is the one in the result", kept=first.delivered)
    quoted = first.document["cost"]["amount"] if first.document else None
    paid = [charge.amount for charge in first.charges]
    stage.observe("The price was known before and is what was charged", kept=paid == [quoted])
    seen = house.recorder.hosts_that_saw(service.key)
    stage.observe("Only the main API saw the key", kept=seen == {ima.HOST})

    picture = os.path.relpath(first.images[0]["path"], ROOT)
    change = (*make, "image_to_image", "--prompt", "the same hut as an oil painting", "--input-images", picture)
    second = stage.run("That picture, changed: it is uploaded from this machine", *change)
    stage.observe("It ended well and was paid once", kept=second.delivered and len(second.charges) == 1)
    stored = list(service.stored.values())
    stage.observe("The service got exactly that file", kept=stored == [Path(first.images[0]["path"]).read_bytes()])
    seen = house.recorder.hosts_that_saw(service.key)
    stage.observe("The upload service saw the key, bucket and picture host did not", kept=seen == KEY_HOSTS)

    service.plan_create(refused(500, "parameter complexity"))
    large = ("text_to_image", "--prompt", "a hall of mirrors", "--model-id", "gemini-3-pro-image", "--size", "4K")
    third = stage.run("A size that the service refuses", *make, *large)
    told = third.document["error"] if third.document else None
    explained = told is not None and told["code"] == "too_complex_smaller"
    stage.observe("It stopped and explained why; nothing was made smaller unasked", kept=explained)
    stage.observe("Nothing was paid", kept=third.code == REFUSED and not third.charges)

    fourth = stage.run("The smaller size that it proposed", *make, *large[:-1], "2K")
    proposed = told["next"]["argv"][-4:] if told and told["next"] else []
    stage.observe("That is what was proposed", kept=proposed == ["--size", "2K", "--max-points", "10"])
    stage.observe("It ended well and was paid once", kept=fourth.delivered and len(fourth.charges) == 1)
    stage.observe("Every request was as the service expects it", kept=not service.complaints)


REFUSED = 7  # the exit code
KEY_HOSTS = {ima.HOST, ima.UPLOAD_HOST}
CHAPTER = Chapter(
    skill="ai-nano-banana-ima",
    service=ima.HOST,
    unit="points",
    hosts=frozenset((ima.HOST, ima.UPLOAD_HOST, ima.BUCKET_HOST, ima.PICTURE_HOST)),
    key=lambda house: {"IMA_API_KEY": house.ima.key},
    play=play,
)
