"""From the product list and a request to one rule: the whole parameter resolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ima_studio.pricing import choose, resolve, smaller
from ima_studio.products import Product, read_products
from ima_studio.request import FLASH, PRO, ImageRequest

from shared.errors import BadInput, InvalidRequest
from tests.providers import ima_products
from tests.providers.ima_products import group, leaf

CAT = ImageRequest("text_to_image", "a cat", FLASH)
NEAT = [{"field": "size", "value": "1K"}, {"field": "aspect_ratio", "value": "1:1"}]
PANEL = {
    "field": "panel",
    "value": "2K",
    "is_ui_virtual": True,
    "ui_params": [{"field": "clarity", "value": "standard"}, {"field": "hdr", "value": False}],
    "value_mapping": {
        "target_param": "size",
        "mapping_rules": [
            {"source_values": {"clarity": "standard", "hdr": False}, "target_value": "1K"},
            {"source_values": {"clarity": "high", "hdr": False}, "target_value": "2K"},
            {"source_values": {"clarity": "high", "hdr": True}, "target_value": "4K"},
        ],
    },
}


def product(rules: list[dict[str, Any]], form: list[dict[str, Any]] | None = None) -> Product:
    (found,) = read_products([leaf(FLASH, "v1", "Nano", NEAT if form is None else form, rules)])
    return found


def rule(attribute_id: int, points: float, **attributes: Any) -> dict[str, Any]:
    return {"attribute_id": attribute_id, "points": points, "attributes": attributes}


SIZES = [rule(1, 4, size="512px"), rule(2, 6, size="1K"), rule(3, 10, size="2K"), rule(4, 13, size="4K")]


def test_only_leaves_of_the_two_models_are_read_in_their_order() -> None:
    products = read_products(ima_products.tree("text_to_image"))
    assert [one.version_id for one in products] == [
        ima_products.OLD_FLASH_VERSION,
        ima_products.FLASH_VERSION,
        ima_products.PRO_VERSION,
    ]


@pytest.mark.parametrize(
    "tree", [None, {}, [], [None, 3], [group("empty", None)], [{"type": "3"}], [{"children": 5}]]
)
def test_an_odd_tree_holds_nothing(tree: Any) -> None:
    assert read_products(tree) == []


def test_a_deep_tree_is_walked() -> None:
    tree = leaf(FLASH, "v1", "Nano", NEAT, SIZES)
    for number in range(5000):
        tree = group(str(number), [tree])
    assert len(read_products([tree])) == 1


def test_the_newest_version_is_the_last_one_and_a_named_one_wins() -> None:
    products = read_products(ima_products.tree("text_to_image"))
    assert choose(products, FLASH, None).version_id == ima_products.FLASH_VERSION
    assert choose(products, FLASH, ima_products.OLD_FLASH_VERSION).version_id == ima_products.OLD_FLASH_VERSION
    with pytest.raises(BadInput) as caught:
        choose(products, FLASH, ima_products.PRO_VERSION)
    assert ima_products.OLD_FLASH_VERSION in caught.value.facts["known"]
    with pytest.raises(InvalidRequest):
        choose(products[:2], PRO, None)


@pytest.mark.parametrize(
    ("model", "size", "attribute_id", "points", "written"),
    [
        (FLASH, None, 4401, 6, "1K"),
        (FLASH, "512", 4400, 4, "512px"),
        (FLASH, "2K", 4402, 10, "2K"),
        (FLASH, "4K", 4403, 13, "4K"),
        (FLASH, "8K", 4403, 13, "4K"),
        (PRO, None, 2399, 10, "1K"),
        (PRO, "2K", 2400, 10, "2K"),
        (PRO, "4K", 2401, 18, "4K"),
    ],
)
def test_the_documented_points(model: str, size: str | None, attribute_id: int, points: int, written: str) -> None:
    products = read_products(ima_products.tree("text_to_image"))
    offer = resolve(choose(products, model, None), replace(CAT, model_id=model, size=size))
    assert (offer.rule.attribute_id, offer.points, offer.parameters["size"]) == (attribute_id, points, written)
    assert offer.parameters["aspect_ratio"] == "1:1"


def test_names_are_case_blind_and_the_rule_s_spelling_wins() -> None:
    found = resolve(product([rule(7, 5, SIZE="1k", HD=True)], [*NEAT, {"field": "hd", "value": "TRUE"}]), CAT)
    assert found.rule.attribute_id == 7
    assert found.parameters == {"size": "1k", "aspect_ratio": "1:1", "hd": True, "n": 1}


def test_the_most_specific_rule_wins_and_default_is_no_attribute() -> None:
    rules = [
        rule(1, 9, default="enabled", size="1K"),
        rule(2, 6, size="2K"),
        rule(3, 8, size="2K", aspect_ratio="16:9"),
    ]
    offered = product(rules)
    assert resolve(offered, replace(CAT, size="2K")).rule.attribute_id == 2
    assert resolve(offered, replace(CAT, size="2K", aspect_ratio="16:9")).rule.attribute_id == 3
    assert resolve(offered, CAT).rule.attribute_id == 1
    assert "default" not in resolve(offered, CAT).parameters


def test_the_fallback_fills_in_what_nobody_chose() -> None:
    offered = product([rule(1, 9, default="enabled", size="2K"), rule(2, 6, size="4K")], [])
    found = resolve(offered, CAT)
    assert (found.rule.attribute_id, found.parameters["size"]) == (1, "2K")


def test_the_fallback_never_replaces_a_choice() -> None:
    rules = [rule(1, 9, default="enabled", size="1K"), rule(2, 6, size="2K", hdr=True)]
    with pytest.raises(BadInput) as caught:
        resolve(product(rules), replace(CAT, size="2K"))
    assert caught.value.code == "combination_not_offered"


def test_a_size_without_a_price_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(BadInput) as caught:
        resolve(product(SIZES[1:]), replace(CAT, size="512"))
    assert caught.value.facts["offered"] == "1K (6), 2K (10), 4K (13)"


def test_a_rule_with_attribute_id_0_is_named_unusable() -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve(product([rule(0, 6, size="1K")]), CAT)
    assert caught.value.code == "rule_unusable"


@pytest.mark.parametrize(
    "rules", [[], [rule(1, 6, size="9K")], [{"attribute_id": "1", "points": 6}], [rule(1, -1, size="1K")]]
)
def test_no_price_is_no_request(rules: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve(product(rules), CAT)
    assert caught.value.code == "no_rule"


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        (CAT, "1K"),
        (replace(CAT, extra=(("clarity", "high"),)), "2K"),
        (replace(CAT, extra=(("clarity", "HIGH"), ("hdr", "true"))), "4K"),
        (replace(CAT, extra=(("clarity", "high"),), size="1K"), "1K"),
    ],
)
def test_a_virtual_field_decides_its_target_for_defaults_and_choices(request_: ImageRequest, size: str) -> None:
    found = resolve(product(SIZES, [PANEL]), request_)
    assert found.parameters == {"size": size, "n": 1}


def test_a_choice_that_a_virtual_field_does_not_know_lists_what_it_knows() -> None:
    with pytest.raises(BadInput) as caught:
        resolve(product(SIZES, [PANEL]), replace(CAT, extra=(("clarity", "blurry"),)))
    assert caught.value.facts["valid"] == '"clarity": "standard", "high"'


def test_defaults_without_a_mapping_leave_the_field_s_own_value() -> None:
    odd = {**PANEL, "ui_params": [{"field": "clarity", "value": "nothing"}]}
    assert resolve(product(SIZES, [odd]), CAT).parameters["size"] == "2K"


def test_a_virtual_field_without_target_sets_itself() -> None:
    mapping = {"mapping_rules": [{"source_values": {"look": "a"}, "target_value": "2K"}]}
    own = {
        "field": "size",
        "is_ui_virtual": True,
        "ui_params": [{"field": "look", "value": "a"}],
        "value_mapping": mapping,
    }
    assert resolve(product(SIZES, [own]), CAT).parameters == {"size": "2K", "n": 1}


def test_an_unknown_parameter_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadInput) as caught:
        resolve(product(SIZES), replace(CAT, extra=(("seed", 3),)))
    assert caught.value.facts["known"] == "aspect_ratio, n"


def test_a_parameter_of_the_form_may_be_set() -> None:
    offered = product(SIZES, [*NEAT, {"field": "style", "value": "plain"}])
    assert resolve(offered, CAT).parameters["style"] == "plain"
    assert resolve(offered, replace(CAT, extra=(("style", "vivid"),))).parameters["style"] == "vivid"


def test_a_missing_attribute_is_added_from_the_rule_that_agrees_best() -> None:
    rules = [
        rule(1, 9, default="enabled"),
        rule(2, 12, size="1K", tier="fast"),
        rule(3, 6, size="1K", tier="slow"),
    ]
    offered = product(rules)
    assert resolve(offered, CAT).rule.attribute_id == 1
    found = resolve(offered, CAT, complete=True)
    assert (found.rule.attribute_id, found.parameters["tier"]) == (3, "slow")


def test_each_picture_costs() -> None:
    assert resolve(product(SIZES), replace(CAT, count=3)).points == 18


def test_one_size_down_at_a_time() -> None:
    offered = product(SIZES)
    steps = []
    size: str | None = "4K"
    while lower := smaller(offered, CAT, size):
        size = lower.size
        steps.append((size, lower.points))
    assert steps == [("2K", 10), ("1K", 6), ("512", 4)]
    assert smaller(product(SIZES[1:]), CAT, "1K") is None
    assert smaller(offered, CAT, None) is None
