"""Each model takes the values of its row in the table, and nothing else is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai_images.cli.options import image_options
from openai_images.model_tables.capabilities import capabilities_of
from openai_images.request import ImageRequest, image_request

from shared.errors import BadInput
from tests.checkout import ROOT

OLD = ("gpt-image-1-mini", "gpt-image-1.5")
NEWEST = ("gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2.6-sunburst", "gpt-image-2.6-flare")
LISTED = (*OLD, "gpt-image-2", *NEWEST)


def request(
    model: str = "gpt-image-2", size: str = "1024x1024", prompt: str = "a cup", **options: Any
) -> ImageRequest:
    return image_request(prompt=prompt, model=model, size=size, references=(), options=image_options(options))


def refused(**options: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        request(**options)
    return caught.value


def test_the_table_lists_the_models_of_the_api_once_each() -> None:
    path = ROOT / "skills/zm-img2-generation-direct/scripts/openai_images/model_tables/capabilities.json"
    table = json.loads(path.read_bytes())
    names = [name for row in table["models"] for name in row["names"]]
    assert sorted(names) == sorted(LISTED)
    for row in table["models"]:
        assert row.keys() - {"names", "prompt"} == table["other_models"].keys()


@pytest.mark.parametrize("model", LISTED)
def test_the_standard_sizes_suit_every_model(model: str) -> None:
    for size in ("1024x1024", "1536x1024", "1024x1536", "auto"):
        assert request(model, size).size == size


@pytest.mark.parametrize("model", [LISTED[2], *NEWEST])
@pytest.mark.parametrize("size", ["1536x864", "3840x2160", "2160x3840", "816x816", "1408x480", "2880x2880"])
def test_newer_models_take_any_size_within_their_limits(model: str, size: str) -> None:
    assert request(model, size).size == size


@pytest.mark.parametrize(
    "size",
    ["1000x1024", "1024x1000", "3856x2160", "3200x1040", "800x800", "3840x2176", "2896x2896", "1456x480", "16x16"],
)
def test_a_size_beyond_a_limit_is_refused_with_all_limits(size: str) -> None:
    error = refused(size=size)
    limits = {"multiple": 16, "max_ratio": 3, "min_pixels": 655_360, "max_pixels": 8_294_400, "max_edge": 3840}
    assert (error.code, error.facts | limits) == ("size_not_taken", error.facts)


@pytest.mark.parametrize("model", OLD)
def test_older_models_take_the_standard_sizes_alone(model: str) -> None:
    error = refused(model=model, size="1536x864")
    assert (error.code, error.facts["expected"]) == ("option_not_taken", "1024x1024, 1536x1024, 1024x1536, auto")


@pytest.mark.parametrize("quality", ["xhigh", "max"])
def test_the_highest_qualities_are_for_the_newest_models(quality: str) -> None:
    for model in NEWEST:
        assert request(model, quality=quality).api_options == {"quality": quality}
    for model in (*OLD, "gpt-image-2"):
        error = refused(model=model, quality=quality)
        assert (error.code, error.facts["expected"]) == ("option_not_taken", "auto, low, medium, high")


@pytest.mark.parametrize(
    "model", ["happy/gpt-image-1.5", "gpt-image-1.5-2025-12-16", "openai/gpt-image-1.5-2025-12-16"]
)
def test_a_prefix_and_the_date_of_a_snapshot_make_no_other_model(model: str) -> None:
    assert capabilities_of(model).listed
    assert refused(model=model, quality="max").facts["model"] == model


@pytest.mark.parametrize(
    "model", ["grok-image", "gpt-image-2-fast", "gpt-image-20", "gpt-image-2-2026", "dall-e-3"]
)
def test_another_model_takes_what_any_model_of_the_api_takes(model: str) -> None:
    assert not capabilities_of(model).listed
    options = {
        "quality": "max",
        "format": "webp",
        "compression": 3,
        "background": "transparent",
        "moderation": "low",
    }
    api_names = {"output_format": "webp", "output_compression": 3}
    rest = {name: options[name] for name in ("quality", "background", "moderation")}
    assert request(model, "512x512", "x" * 40_000, **options).api_options == {**rest, **api_names}
    error = refused(model=model, quality="best")
    assert (error.code, error.facts["expected"]) == ("option_not_taken", "auto, low, medium, high, xhigh, max")


def test_a_prompt_has_at_most_32000_characters() -> None:
    assert len(request(prompt="茶" * 32_000).prompt) == 32_000
    error = refused(prompt="x" * 32_001)
    assert (error.code, error.facts["most"], error.facts["got"]) == ("prompt_too_long", 32_000, 32_001)


@pytest.mark.parametrize(
    ("options", "flag", "other"),
    [
        ({"compression": 80}, "--compression", "--format jpeg, --format webp"),
        ({"compression": "0", "format": "png"}, "--compression", "--format jpeg, --format webp"),
        (
            {"background": "transparent", "format": "jpeg"},
            "--background transparent",
            "--format png, --format webp",
        ),
        ({"input_fidelity": "high", "model": "gpt-image-1.5"}, "--input-fidelity", "--input-image"),
    ],
)
def test_options_that_the_api_takes_only_together(options: dict[str, Any], flag: str, other: str) -> None:
    error = refused(**options)
    assert (error.code, error.facts) == ("option_needs", {"flag": flag, "other": other})


@pytest.mark.parametrize("model", ["gpt-image-2", *NEWEST])
def test_input_fidelity_is_for_the_models_that_take_it(model: str) -> None:
    error = refused(model=model, input_fidelity="high")
    assert (error.code, error.facts) == ("option_unknown_to_model", {"flag": "--input-fidelity", "model": model})
    assert refused(model="gpt-image-1-mini", input_fidelity="high").facts["expected"] == "low"


def test_the_flags_of_a_request_make_the_same_request() -> None:
    chosen = request(quality="low", format="webp", compression=0, background="transparent", moderation="low")
    flags: dict[str, Any] = {flag[2:].replace("-", "_"): value for flag, value in chosen.options().items()}
    assert flags.pop("input_image") == ()
    assert request(**flags) == chosen
