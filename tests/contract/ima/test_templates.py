"""The command templates of the skill's earlier versions work to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.ima.studio import LAUNCHER
from tests.launcher import SKILLS
from tests.providers import ima

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

BASE = SKILLS / "ai-nano-banana-ima"
LIST = """python3 {baseDir}/scripts/ima_image_create.py \\
  --api-key "$IMA_API_KEY" \\
  --task-type text_to_image \\
  --list-models
"""
FROM_WORDS = """python3 {baseDir}/scripts/ima_image_create.py \\
  --api-key "$IMA_API_KEY" \\
  --task-type text_to_image \\
  --model-id gemini-3.1-flash-image \\
  --prompt "a cute puppy on grass" \\
  --size 1K \\
  --extra-params '{"aspect_ratio":"1:1"}' \\
  --user-id {user_id} \\
  --output-json
"""
FROM_A_LINK = """python3 {baseDir}/scripts/ima_image_create.py \\
  --api-key "$IMA_API_KEY" \\
  --task-type image_to_image \\
  --model-id gemini-3.1-flash-image \\
  --prompt "turn into oil painting" \\
  --input-images "https://example.com/photo.jpg" \\
  --user-id {user_id} \\
  --output-json
"""
FROM_A_FILE = FROM_A_LINK.replace("https://example.com/photo.jpg", "./local-photo.jpg")
KEY_FLAG = '  --api-key "$IMA_API_KEY" \\\n'


def command(template: str) -> dict[str, str]:
    return {"shell": template.replace("{baseDir}", str(BASE)).replace("{user_id}", "ou_7d8a")}


@pytest.mark.parametrize("template", [FROM_WORDS, FROM_A_LINK, FROM_A_FILE], ids=["words", "link", "file"])
def test_a_picture_template(studio: Studio, template: str) -> None:
    studio.picture("local-photo.jpg", "jpeg")
    document = studio.checked(studio.bench.shell(command(template)))
    assert (len(document["images"]), studio.charged()) == (1, [6])
    (body,) = studio.bodies()
    inner = body["parameters"]
    assert (inner["size"], inner["aspect_ratio"], inner["n"]) == (
        "1K",
        "4:3" if template is FROM_A_FILE else "1:1",
        1,
    )
    if template is FROM_A_LINK:
        assert inner["input_images"] == ["https://example.com/photo.jpg"]
    if template is FROM_A_FILE:
        (stored,) = studio.house.ima.stored.values()
        assert stored == (studio.bench.work / "local-photo.jpg").read_bytes()


def test_a_picture_template_with_the_key_from_the_environment(studio: Studio) -> None:
    studio.picture("local-photo.jpg", "jpeg")
    ended = studio.bench.shell(command(FROM_A_FILE.replace(KEY_FLAG, "")))
    assert (len(studio.checked(ended)["images"]), studio.charged()) == (1, [6])
    assert "--api-key" not in ended.talk


@pytest.mark.parametrize(
    "model", ["--model-id gemini-3-pro-image", "--model-id gemini-3.1-flash-image --size 512"]
)
def test_the_notes_to_the_template(studio: Studio, model: str) -> None:
    template = FROM_WORDS.replace("--model-id gemini-3.1-flash-image", model)
    if "512" in model:
        template = template.replace("  --size 1K \\\n", "")
    template = template.replace("--output-json", "--output-json --no-wait")
    document = studio.checked(studio.bench.shell(command(template)))
    assert (document["status"], studio.charged()) == ("submitted", [4 if "512" in model else 10])


def test_the_list_is_a_table_for_people(studio: Studio) -> None:
    ended = studio.bench.shell(command(LIST))
    assert ended.code == 0
    lines = ended.stdout.decode().splitlines()
    assert "    points by size: 512 = 4, 1K = 6, 2K = 10, 4K = 13" in lines
    assert "    clarity: standard, high, ultra" in lines
    assert not any("Midjourney" in line or "SeeDream" in line for line in lines)
    assert studio.house.contacted == {ima.HOST}
    studio.nothing_leaked(ended.stdout, ended.stderr)


def test_the_list_as_json_has_every_leaf_with_its_points(studio: Studio) -> None:
    document = studio.run(LAUNCHER, "--list-models", "--output-json")
    rows = document["models"]["text_to_image"]
    assert [(row["model_id"], row["version_id"], row["newest"]) for row in rows] == [
        ("gemini-3.1-flash-image", "gemini-3.1-flash-image-preview-0900", False),
        ("gemini-3.1-flash-image", "gemini-3.1-flash-image-preview", True),
        ("gemini-3-pro-image", "gemini-3-pro-image-preview", True),
    ]
    assert rows[1]["points_by_size"] == {"512": 4, "1K": 6, "2K": 10, "4K": 13}
    assert rows[2]["points_by_size"] == {"1K": 10, "2K": 10, "4K": 18}
    assert rows[2]["ratios"] == ["1:1", "16:9", "9:16", "4:3", "3:4"]
    assert rows[2]["virtual_fields"] == [
        {
            "parameter": "size",
            "parts": {"clarity": ["standard", "high", "ultra"]},
            "default": {"clarity": "standard"},
        }
    ]
    assert document["models"]["image_to_image"][2]["points_by_size"]["4K"] == 10
    assert (document["status"], document["charged"], studio.charged()) == ("succeeded", "no", [])


def test_a_note_recommends_the_environment_for_the_key(studio: Studio) -> None:
    key = studio.house.ima.key
    ended = studio.bench.run(LAUNCHER, "--list-models", "--api-key", key, "--json", env={"IMA_API_KEY": ""})
    studio.checked(ended)
    assert "IMA_API_KEY" in ended.talk
