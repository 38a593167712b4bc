"""ai-nano-banana-ima's command, when everything goes well."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.providers import ima

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

MAKE = ("ima_image_create.py", "--task-type", "text_to_image", "--poll-interval", "0.5", "--json")


def test_a_picture_is_made_paid_once_and_saved(bench: Bench, house: StandInHouse) -> None:
    ended = bench.run(*MAKE, "--prompt", "a red kite", "--extra-params", '{"aspect_ratio":"16:9"}')
    assert ended.code == 0, ended.talk
    document = ended.document
    (row,) = document["images"]
    path = Path(row["path"])
    with Image.open(path) as picture:
        picture.load()
        assert (picture.width, picture.height) == (row["width"], row["height"]) == (640, 360)
    assert path.parent == bench.work / "generated-images"
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (document["status"], document["charged"], document["possible_charges"]) == ("succeeded", "yes", 1)
    assert document["cost"] == {"amount": 6, "unit": "points", "source": "quoted"}
    assert (document["url"], document["cover_url"]) == (row["url"], row["url"].replace("?", "?cover=1&"))
    assert document["model_id"] == "gemini-3.1-flash-image"
    assert (document["model_name"], document["credit"]) == ("Nano Banana2", 6)
    assert document["requested"] == {"size": "1K", "aspect_ratio": "16:9", "n": 1}
    assert [entry["state"] for entry in bench.entries()] == ["succeeded"]
    assert [charge.amount for charge in house.ledger.charges] == [Decimal(6)]
    assert house.ima.complaints == []
    assert house.contacted == {ima.HOST, ima.PICTURE_HOST}
