"""image2's create command, when everything goes well."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

CREATE = ("create_task.py", "--mode", "text2img", "--size", "3:4", "--poll-interval", "0.5", "--json")


def test_a_picture_is_made_paid_once_and_saved(bench: Bench, house: StandInHouse) -> None:
    ended = bench.run(*CREATE, "--prompt", "a red kite")
    assert ended.code == 0, ended.talk
    document = ended.document
    (row,) = document["images"]
    path = Path(row["path"])
    with Image.open(path) as picture:
        picture.load()
        assert (picture.width, picture.height) == (row["width"], row["height"])
    assert path.parent == bench.work / "generated-images"
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (document["status"], document["charged"], document["possible_charges"]) == ("succeeded", "yes", 1)
    assert document["cost"] == {"amount": 0.2, "unit": "credits", "source": "charged"}
    assert [entry["state"] for entry in bench.entries()] == ["succeeded"]
    assert len(house.ledger) == 1
    assert house.kexiang.complaints == []
    assert house.contacted == {"kexiangai.com", "img.kexiangai.example"}


@pytest.mark.parametrize("model", ["GPT-Image-2", "GPT-Image-2.5-Flare", "gemini-3-pro-image"])
@pytest.mark.parametrize("mode", ["text2img", "img2img"])
def test_resolution_and_quality_of_any_model_are_another_picture(
    model: str, mode: str, bench: Bench, house: StandInHouse
) -> None:
    words = ["create_task.py", "--mode", mode, "--size", "3:4", "--poll-interval", "0.5", "--json"]
    words += ["--model-name", model, "--prompt", "a red kite", "--url", "https://a.example/1.png"]
    words = words[:-2] if mode == "text2img" else words
    for more in ((), ("--resolution", "2k"), ("--resolution", "2k", "--quality", "high"), ()):
        ended = bench.run(*words, *more)
        assert ended.code == 0, ended.talk
        note = "known only from a public client"
        assert (note in ended.talk) is (bool(more) or model != "GPT-Image-2")
        asked = dict(zip((word[2:] for word in more[::2]), more[1::2], strict=True))
        assert ended.document["requested"] == {"size": "3:4", **asked}
    assert len(house.ledger) == 3
    assert house.kexiang.complaints == []
