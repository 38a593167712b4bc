"""A mask is sent with its references, and one that cannot work is refused before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.contract.zm.stage import Stage, expect
from tests.providers.openai_images import padded
from tests.providers.pictures import make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from pathlib import Path

    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

SIZE = (96, 64)  # of Stage.picture


def mask_of(stage: Stage, name: str = "mask.png", seed: int = 5) -> Path:
    path = stage.work / name
    path.write_bytes(make_picture("png", *SIZE, seed, transparent=True))
    return path


@pytest.mark.parametrize("references", [1, 2])
def test_a_mask_is_sent_as_it_is_with_its_references(
    references: int, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    mask = mask_of(stage)
    words = [word for seed in range(references) for word in ("--image", stage.picture(f"{seed}.png", seed=seed))]
    document = expect(stage.make("--prompt", "a cup", *words, "--mask", mask), 0)
    (made,) = service.made
    assert (made.asked.mask, len(made.asked.references)) == (mask.read_bytes(), references)
    assert len(document["input_images"]) == references
    again = expect(stage.tried("--prompt", "a cup", *words, "--mask", mask), 0)
    assert (again["reused"], len(house.ledger)) == (True, 1)
    expect(stage.tried("--prompt", "a cup", *words, "--mask", mask_of(stage, "other.png", 6)), 0)
    expect(stage.tried("--prompt", "a cup", *words), 0)
    assert len(house.ledger) == 3
    expect(stage.inside("verify.py", document["run_dir"], "--json"), 0)
    assert service.complaints == []


@pytest.mark.parametrize("command", [("batch_run.py",), ("image_queue.py", "run")], ids=["batch", "queue"])
def test_a_task_has_its_mask(command: tuple[str, ...], stage: Stage, service: OpenAiImagesService) -> None:
    mask, reference = mask_of(stage), stage.picture("r.png")
    tasks = [
        {"prompt": "a cup", "image": str(reference), "mask": str(mask)},
        {"prompt": "a cup", "image": "r.png"},
    ]
    expect(stage.inside(*command, stage.save("t.json", {"tasks": tasks}), "--json"), 0)
    assert {made.asked.mask for made in service.made} == {mask.read_bytes(), None}
    assert service.complaints == []


def test_a_lost_request_is_sent_again_with_its_mask_and_not_with_another(
    stage: Stage, service: OpenAiImagesService
) -> None:
    mask, reference = mask_of(stage), stage.picture("r.png")
    service.plan_create(Plan(fault=Wire.CLOSE_WITHOUT_ANSWER))
    first = expect(stage.tried("--prompt", "a cup", "--image", reference, "--mask", mask), 10)
    whole = mask.read_bytes()
    mask_of(stage, seed=9)
    expect(stage.tried("--resume", first["local_id"], "--on-unknown", "retry"), 2, "reference_changed")
    mask.write_bytes(whole)
    expect(stage.tried("--resume", first["local_id"], "--on-unknown", "retry"), 0)
    assert service.made[-1].asked.mask == whole
    assert service.complaints == []


def _opaque(path: Path) -> None:
    Image.new("RGBA", SIZE, (0, 0, 0, 255)).save(path, "png")


REFUSED: dict[str, tuple[Any, str]] = {
    "of another size": (lambda path: Image.new("RGBA", (64, 96)).save(path, "png"), "its size is 64x96"),
    "without alpha": (lambda path: Image.new("RGB", SIZE).save(path, "png"), "no alpha channel"),
    "a WebP": (lambda path: Image.new("RGBA", SIZE).save(path, "webp"), "not a PNG"),
    "opaque": (_opaque, "none of its pixels is transparent"),
    "too large": (
        lambda path: path.write_bytes(padded(make_picture("png", *SIZE, 1, transparent=True), 4_000_000)),
        "smaller than 4000000 bytes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mask_that_cannot_work_is_refused(name: str, stage: Stage, house: StandInHouse) -> None:
    spoil, reason = REFUSED[name]
    spoil(stage.work / "mask.png")
    ended = stage.tried("--prompt", "a cup", "--image", stage.picture("r.png"), "--mask", "mask.png")
    document = expect(ended, 2, "mask_refused")
    assert reason in document["error"]["message"]
    assert house.contacted == set()
