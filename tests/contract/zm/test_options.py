"""The optional parameters of an image: sent as asked, applied or said to be otherwise, part of the request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.contract.zm.stage import Stage, expect
from tests.providers.openai_images import ImagePlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

FLAGS = {
    "--quality": "high",
    "--format": "webp",
    "--compression": "80",
    "--background": "transparent",
    "--moderation": "low",
}
WORDS = [word for flag in FLAGS.items() for word in flag]
FIELDS = {"quality": "high", "format": "webp", "compression": 80, "background": "transparent", "moderation": "low"}
SENT = {
    "quality": "high",
    "output_format": "webp",
    "output_compression": 80,
    "background": "transparent",
    "moderation": "low",
}
BASIC = {"model": "gpt-image-2", "prompt": "a cup", "size": "1024x1024", "n": 1}


def test_every_option_of_a_picture_from_words(stage: Stage, service: OpenAiImagesService) -> None:
    document = expect(stage.make("--prompt", "a cup", *WORDS), 0)
    assert service.made[0].asked.fields == {**BASIC, **SENT}
    assert document["requested"] == {"size": "1024x1024", **SENT}
    assert document["applied"] == {"size": "256x256", **SENT}  # of the simulated picture
    (row,) = document["images"]
    assert (row["media_type"], Path(row["path"]).suffix) == ("image/webp", ".webp")
    with Image.open(row["path"]) as image:
        assert image.mode == "RGBA"
    assert service.complaints == []


def test_every_option_of_a_picture_after_a_reference(stage: Stage, service: OpenAiImagesService) -> None:
    words = ["--model", "gpt-image-1.5", "--input-fidelity", "high", "--image", str(stage.picture("r.png"))]
    words += [word for flag in FLAGS.items() if flag[0] != "--moderation" for word in flag]
    document = expect(stage.tried("--prompt", "a cup", *words), 0)
    sent = {**SENT, "input_fidelity": "high"}
    del sent["moderation"]
    assert service.made[0].asked.fields == {**BASIC, "model": "gpt-image-1.5", **sent}
    assert document["requested"] == {"size": "1024x1024", **sent}
    assert service.complaints == []


@pytest.mark.parametrize("command", [("batch_run.py",), ("image_queue.py", "run")], ids=["batch", "queue"])
def test_options_of_a_task_come_before_those_of_its_file_and_these_after_flags(
    command: tuple[str, ...], stage: Stage, service: OpenAiImagesService
) -> None:
    file = {"tasks": [{"prompt": "a cup", "quality": "low"}, {"prompt": "a bowl"}], **FIELDS}
    expect(
        stage.inside(*command, stage.save("t.json", file), "--format", "jpeg", "--background=auto", "--json"), 0
    )
    sent = {made.asked.fields["prompt"]: made.asked.fields for made in service.made}
    flagged = {**SENT, "output_format": "jpeg", "background": "auto"}
    assert sent["a bowl"] == {**BASIC, "prompt": "a bowl", **flagged}
    assert sent["a cup"] == {**BASIC, **flagged, "quality": "low"}
    assert service.complaints == []


def test_another_option_is_another_picture_and_the_same_ones_are_not_paid_again(
    stage: Stage, house: StandInHouse
) -> None:
    runs = [(), *(flag for flag in FLAGS.items() if flag[0] != "--compression"), tuple(WORDS)]
    for words in (*runs, *runs):
        expect(stage.tried("--prompt", "a cup", *words), 0)
    assert len(house.ledger) == len(runs)


def test_a_batch_with_another_option_makes_other_pictures(stage: Stage, house: StandInHouse) -> None:
    for quality, reused in (("low", False), ("high", False), ("low", True)):
        file = stage.save("b.json", {"tasks": [{"prompt": "a cup", "task_key": "k"}], "quality": quality})
        (row,) = expect(stage.inside("batch_run.py", file, "--json"), 0)["results"]
        assert (row["reused"], row["requested"]["quality"]) == (reused, quality)
    assert len(house.ledger) == 2


def test_a_task_without_a_key_keeps_its_name_when_nothing_is_set(stage: Stage, house: StandInHouse) -> None:
    rows: list[dict[str, Any]] = [{"prompt": "a cup"}, {"prompt": "a cup", "quality": "low"}]
    for tasks in (rows, rows[::-1]):
        expect(stage.inside("batch_run.py", stage.save("b.json", {"tasks": tasks}), "--json"), 0)
    assert len(house.ledger) == 2


@pytest.mark.parametrize(
    ("kind", "transparent", "applied"),
    [("png", False, "opaque"), ("webp", False, "opaque"), ("png", True, "transparent")],
)
def test_the_background_is_measured_and_a_difference_is_said(
    kind: str, transparent: bool, applied: str, stage: Stage, service: OpenAiImagesService
) -> None:
    service.plan_image(ImagePlan(kind=kind, transparent=transparent))
    service.applies = {"background": "transparent"}  # whatever the service says
    ended = stage.tried("--prompt", "a cup", "--background", "transparent", "--format", kind, "--quiet")
    assert expect(ended, 0)["applied"]["background"] == applied
    note = "background transparent was requested, the service applied opaque"
    assert (note in ended.talk) is not transparent


def test_an_opaque_background_is_measured_as_well(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_image(ImagePlan(transparent=True))
    ended = stage.tried("--prompt", "a cup", "--background", "opaque")
    assert expect(ended, 0)["applied"]["background"] == "transparent"
    assert "background opaque was requested, the service applied transparent" in ended.talk


def test_what_the_service_applied_otherwise_is_said(stage: Stage, service: OpenAiImagesService) -> None:
    service.applies = {"quality": "medium", "output_format": "webp"}
    service.plan_image(ImagePlan(kind="jpeg"))
    ended = stage.tried("--prompt", "a cup", "--quality", "high", "--format", "webp", "--lang", "zh")
    document = expect(ended, 0)
    assert (document["requested"]["quality"], document["applied"]["quality"]) == ("high", "medium")
    assert document["applied"]["output_format"] == "jpeg"  # the file says so, whatever the answer says
    assert "请求的 quality 是 high，服务实际采用的是 medium" in ended.talk
    assert "请求的 output_format 是 webp，服务实际采用的是 jpeg" in ended.talk


def test_a_choice_that_is_left_to_the_service_is_reported_and_no_difference(
    stage: Stage, service: OpenAiImagesService
) -> None:
    ended = stage.tried("--prompt", "a cup", "--quality", "auto", "--background", "auto", "--size", "auto")
    document = expect(ended, 0)
    assert document["requested"] == {"size": "auto", "quality": "auto", "background": "auto"}
    assert (document["applied"]["quality"], document["applied"]["background"]) == ("high", "opaque")
    assert "was requested" not in ended.talk
    assert service.complaints == []


def test_a_refused_transparent_background_is_a_refusal_and_costs_nothing(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    body = {
        "error": {"message": "Transparent background is not supported for this model.", "code": "invalid_value"}
    }
    service.plan_create(Plan(status=400, body=body, charge=False))
    document = expect(stage.tried("--prompt", "a cup", "--background", "transparent"), 7, "refused")
    assert (document["charged"], len(house.ledger)) == ("no", 0)


def test_a_task_that_is_sent_once_more_has_its_options(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(Plan(fault=Wire.CLOSE_WITHOUT_ANSWER))
    first = expect(stage.tried("--prompt", "a cup", *WORDS), 10)
    expect(stage.tried("--resume", first["local_id"], "--on-unknown", "retry"), 0)
    record = json.loads((Path(first["run_dir"]) / "attempt-2" / "request.json").read_bytes())
    assert record["body"] == {**BASIC, **SENT}
    assert service.complaints == []


def test_a_dry_run_shows_the_options(stage: Stage, house: StandInHouse) -> None:
    plan = expect(stage.tried("--prompt", "a cup", *WORDS, "--dry-run"), 0)["plan"]
    assert plan["body"] == {**BASIC, **SENT}
    assert house.contacted == set()


@pytest.mark.parametrize(("model", "listed"), [("gpt-image-2.6-flare", True), ("another-model", False)])
def test_a_model_beyond_the_table_is_passed_on_with_a_note(
    model: str, listed: bool, stage: Stage, service: OpenAiImagesService
) -> None:
    ended = stage.tried("--prompt", "a cup", "--model", model, "--quality", "max")
    expect(ended, 0)
    assert service.made[0].asked.fields["model"] == model
    assert (f"{model} is not in this skill's table" in ended.talk) is not listed
