"""run.py when everything goes well."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai_images import client
from PIL import Image

from tests.contract.zm.stage import Stage, expect, on_disk
from tests.providers import openai_images
from tests.providers.openai_images import padded
from tests.providers.pictures import make_picture
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService


def test_a_picture_from_words(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    document = expect(stage.make("--prompt", "an orange cat", "--task-name", "cat"), 0)
    (row,) = document["images"]
    content = on_disk(row)
    assert content == service.pictures[0]
    with Image.open(io.BytesIO(content)) as picture:
        assert (picture.width, picture.height) == (row["width"], row["height"])
    assert (document["provider"], document["model"], document["mode"]) == ("happy", "gpt-image-2", "generation")
    assert (document["input_images"], document["bytes"], document["output"]) == ([], len(content), row["path"])
    assert (document["charged"], document["possible_charges"], len(house.ledger)) == ("yes", 1, 1)
    assert document["proof"] == {"acceptable": True, "reason": None}
    assert Path(row["path"]).parent == stage.state / "generated-images"
    assert Path(row["path"]).name == f"cat-{document['local_id']}.png"
    assert house.contacted == {openai_images.HOST}
    assert service.complaints == []


def test_words_of_the_service_that_are_no_text_lose_no_picture(stage: Stage, service: OpenAiImagesService) -> None:
    picture = make_picture("png", 16, 16, 1)
    row = {"b64_json": base64.b64encode(picture).decode(), "revised_prompt": "half an emoji: \ud83d"}
    service.plan_create(Plan(fields={"data": [row]}))
    document = expect(stage.make("--prompt", "a cup"), 0)
    assert on_disk(document["images"][0]) == picture
    said = (Path(document["run_dir"]) / "attempt-1" / "stdout.txt").read_bytes()
    assert json.loads(said)["data"][0]["revised_prompt"] == "half an emoji: ?"


def test_long_words_of_the_service_lose_no_picture(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(Plan(fields={"previews": [{"large": "x" * 70_000}], "note": "small"}))
    document = expect(stage.tried("--prompt", "a cup"), 0)
    said = json.loads((Path(document["run_dir"]) / "attempt-1" / "stdout.txt").read_bytes())
    assert (said["previews"], said["note"]) == ([{"large": None}], "small")


def test_a_picture_after_references(stage: Stage, service: OpenAiImagesService) -> None:
    inputs = [
        stage.picture("one.png"),
        stage.picture("two.jpg", "jpeg", 2),
        stage.picture("three.webp", "webp", 3),
    ]
    document = expect(
        stage.make(
            "--prompt", "重画成手账风格", "--input-image", inputs[0], "--image", inputs[1],
            "--images", json.dumps([str(inputs[2])]),
        ),
        0,
    )  # fmt: skip
    assert document["mode"] == "edit"
    assert [row["path"] for row in document["input_images"]] == [str(path) for path in inputs]
    assert list(service.made[0].asked.references) == [path.read_bytes() for path in inputs]
    assert service.made[0].asked.fields["prompt"] == "重画成手账风格"
    assert service.complaints == []


@pytest.mark.parametrize("wrong", ["--colour", "--result-file=gone/r.json", "--size=big", "--provider=nobody"])
def test_a_document_has_its_keys_however_early_the_end(wrong: str, stage: Stage) -> None:
    document = stage.tried("--prompt", "a cup", wrong).document
    assert {"output", "bytes", "run_dir", "raw", "proof"} <= document.keys()


def test_references_of_many_megabytes_arrive_as_they_are(stage: Stage, service: OpenAiImagesService) -> None:
    inputs = [stage.picture(f"{seed}.png", seed=seed) for seed in range(5)]
    for path in inputs:
        path.write_bytes(padded(path.read_bytes(), 4_000_000))
    flags = [word for path in inputs for word in ("--image", path)]
    expect(stage.tried("--prompt", "all of these", *flags), 0)
    assert list(service.made[0].asked.references) == [path.read_bytes() for path in inputs]


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no such key: KEY, KEY"},
        b"<html>KEY</html>",
        {"data": [{"b64_json": "***"}], "echo": "KEY"},
        b"x" * (client.MASK_BLOCK - 10) + b"KEY",
    ],
    ids=["refusal", "page", "unusable", "between two blocks"],
)
def test_an_answer_that_is_kept_does_not_tell_the_key(
    body: Any, stage: Stage, service: OpenAiImagesService
) -> None:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    service.plan_create(Plan(body=text.replace(b"KEY", service.key.encode())))
    document = stage.tried("--prompt", "a cup").document
    kept = (Path(document["run_dir"]) / "answer.json").read_bytes()
    assert kept == text.replace(b"KEY", b"*" * len(service.key))
