"""The published formula and prices give the published figures; a table that cannot be right is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openai_images.model_tables.prices import estimate, list_prices, money, output_tokens, parse_prices

from tests.contract.zm.stage import Stage, expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.providers.house import StandInHouse

TABLE = {
    "currency": "CNY",
    "as_of": "2026-11-20",
    "models": {
        "gpt-image-2": {"unit": "million_tokens", "text_input": 35, "image_input": 56, "image_output": 210},
        "relay-image": {"unit": "image", "prices": {"1024x1024": {"low": 0.1, "medium": 0.2, "high": 1}}},
    },
}


@pytest.mark.parametrize(
    ("size", "quality", "tokens"),
    [
        ("1024x1024", "low", 196),
        ("1024x1024", "medium", 1756),
        ("1024x1024", "high", 7024),
        ("1536x1024", "high", 5488),
        ("1024x1536", "high", 5488),
    ],
)
def test_the_formula_gives_the_published_tokens(size: str, quality: str, tokens: int) -> None:
    assert output_tokens(size, quality) == tokens


@pytest.mark.parametrize(
    ("model", "size", "prices"),
    [
        ("gpt-image-2", "1024x1024", (0.006, 0.053, 0.211)),
        ("gpt-image-2", "3840x2160", (0.011, 0.100, 0.400)),
        ("gpt-image-1.5", "1024x1024", (0.009, 0.034, 0.133)),
        ("gpt-image-1-mini", "1024x1024", (0.005, 0.011, 0.036)),
    ],
)
def test_the_estimate_gives_the_published_prices(model: str, size: str, prices: tuple[float, ...]) -> None:
    for quality, price in zip(("low", "medium", "high"), prices, strict=True):
        cost = estimate(model, size, quality, 1)
        assert cost is not None
        assert (round(cost["least"], 3), cost["least"], cost["unit"]) == (price, cost["most"], "USD")
        many = estimate(model, size, quality, 10)
        assert many is not None
        assert many["most"] == pytest.approx(10 * cost["most"], abs=1e-5)


def test_what_is_left_to_the_service_is_a_range() -> None:
    cost = estimate("happy/gpt-image-2-2026-04-21", "auto", None, 1)
    assert cost is not None
    assert cost["output_tokens"] == [output_tokens("1536x1024", "low"), output_tokens("1024x1024", "high")]
    assert (cost["as_of"], cost["prices"]) == ("2026-12-01", "OpenAI's list prices, late 2026")


@pytest.mark.parametrize(
    ("model", "size", "quality"),
    [
        ("gpt-image-2.6-flare", "1024x1024", "low"),
        ("gpt-image-1.5", "1536x1024", "low"),
        ("gpt-image-1.5", "auto", "low"),
        ("another-model", "1024x1024", "low"),
    ],
)
def test_a_price_that_is_not_established_is_not_made_up(model: str, size: str, quality: str) -> None:
    assert estimate(model, size, quality, 1) is None


def test_a_table_of_the_user_comes_before_the_list() -> None:
    table = parse_prices(TABLE, "mine")
    ours = estimate("gpt-image-2", "1024x1024", "high", 2, [table])
    assert ours is not None
    assert (ours["most"], ours["unit"], ours["prices"]) == (round(2 * 7024 * 210 / 1e6, 6), "CNY", "mine")
    relay = estimate("relay-image", "1024x1024", "auto", 3, [table])
    assert relay is not None
    assert (relay["least"], relay["most"], relay["output_tokens"]) == (0.3, 3, None)
    other = estimate("gpt-image-1.5", "1024x1024", "low", 1, [table])
    assert other is not None
    assert other["unit"] == "USD"


def test_the_tokens_of_an_answer_become_money() -> None:
    details = {"text_tokens": 50, "image_tokens": 300}
    usage = {"input_tokens": 350, "input_tokens_details": details, "output_tokens": 7024}
    paid = money(usage, "gpt-image-2")
    assert paid is not None
    assert paid["amount"] == round((50 * 5 + 300 * 8 + 7024 * 30) / 1e6, 6)
    plain = money({"input_tokens": 50, "output_tokens": 196}, "gpt-image-2")
    assert plain is not None
    assert plain["amount"] == round((50 * 5 + 196 * 30) / 1e6, 6)
    odd_usages: list[Any] = [None, {}, [], {"input_tokens": True, "output_tokens": 1}]
    for odd in (*odd_usages, {"input_tokens": 1, "output_tokens": -1}):
        assert money(odd, "gpt-image-2") is None
    assert money(usage, "gpt-image-2.5-flare") is None


def spoiled(**changes: Any) -> dict[str, Any]:
    return {**TABLE, "models": {"m": {**TABLE["models"]["gpt-image-2"], **changes}}}  # type: ignore[index]


BAD: dict[str, Any] = {
    "a list": [],
    "nothing": {},
    "no currency": {**TABLE, "currency": None},
    "a currency of two lines": {**TABLE, "currency": "US\nD"},
    "a date that is none": {**TABLE, "as_of": "yesterday"},
    "no models": {**TABLE, "models": {}},
    "a model that is a number": {**TABLE, "models": {"m": 7}},
    "a negative price": spoiled(image_output=-30),
    "a price that is true": spoiled(image_output=True),
    "a price of words": spoiled(image_output="30"),
    "a price beyond all": spoiled(image_output=1e300),
    "NaN": spoiled(image_output=float("nan")),
    "infinity": spoiled(image_output=float("inf")),
    "an unknown unit": spoiled(unit="thousand_tokens"),
    "no unit": spoiled(unit=None),
    "a price missing": spoiled(text_input=None),
    "no prices of an image": {**TABLE, "models": {"m": {"unit": "image"}}},
    "a negative price of an image": {**TABLE, "models": {"m": {"unit": "image", "prices": {"1x1": {"low": -1}}}}},
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_lies_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_prices(BAD[name], "mine")


def test_the_list_prices_are_valid() -> None:
    assert list_prices().currency == "USD"


@pytest.fixture
def stage(tmp_path: Path, house: StandInHouse) -> Stage:
    return Stage(tmp_path, house)


def with_prices(stage: Stage, prices: Any) -> None:
    provider = json.loads((stage.state / "openclaw.json").read_text())["models"]["providers"]["happy"]
    stage.provide({**provider, "imagePrices": prices})


def test_the_price_is_shown_before_and_kept_after(stage: Stage) -> None:
    ended = stage.make("--prompt", "a cup", "--quality", "high")
    document = expect(ended, 0)
    assert "estimated 0.211 USD for the images, without input tokens (OpenAI's list prices" in ended.talk
    assert document["cost"] == {"amount": 4210.0, "unit": "tokens", "source": "charged"}
    listed = stage.inside("tasks.py", "cost", "--json").document
    amount = round((50 * 5 + 4160 * 30) / 1e6, 6)
    (row,) = listed["money"]
    assert (row["tasks"], row["amount"], row["unit"]) == (1, amount, "USD")
    assert (
        f"1 task(s), about {amount:g} USD, estimated by OpenAI's list prices"
        in stage.inside("tasks.py", "cost", "--lang", "en").stdout.decode()
    )


@pytest.mark.parametrize("place", ["object", "file"])
def test_the_prices_of_a_provider_replace_the_list(place: str, stage: Stage, house: StandInHouse) -> None:
    (stage.home / "prices.json").write_text(json.dumps(TABLE))
    with_prices(stage, TABLE if place == "object" else "~/prices.json")
    plan = expect(stage.tried("--prompt", "a cup", "--quality", "low", "--n", "2", "--dry-run"), 0)["plan"]
    assert plan["estimate"]["most"] == round(2 * 196 * 210 / 1e6, 6)
    assert (plan["estimate"]["unit"], plan["estimate"]["prices"]) == ("CNY", "models.providers.happy.imagePrices")
    assert house.contacted == set()


@pytest.mark.parametrize(
    "prices", [7, [], "~/gone.json", spoiled(image_output=-1), spoiled(unit="gallon")], ids=str
)
def test_prices_that_lie_end_the_command_before_anything_is_sent(
    prices: Any, stage: Stage, house: StandInHouse
) -> None:
    with_prices(stage, prices)
    document = expect(stage.tried("--prompt", "a cup"), 3, "prices_invalid")
    assert "models.providers.happy.imagePrices" in document["error"]["message"]
    assert house.contacted == set()
