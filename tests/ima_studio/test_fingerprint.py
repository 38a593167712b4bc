"""Which requests are the same, so that the second one is not paid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from ima_studio.pricing import choose, resolve
from ima_studio.products import read_products
from ima_studio.provider import Order, new_entry
from ima_studio.request import FLASH, PRO, ImageRequest
from ima_studio.submit import Purchase

from shared.images.inputs import InputImage
from tests.providers import ima_products
from tests.providers.ima_products import leaves

CAT = ImageRequest("text_to_image", "a cat", FLASH)
ORDER = Order(CAT, "account1", "", allow_downgrade=False, remembered=False, on_bought=lambda _offer: None)
FILE = InputImage(Path("/tmp/a.png"), "image/png", 3, 3, 99, "a" * 64)


def fingerprint(request: ImageRequest = CAT, tree: Any = None, folder: str = "/a", **changes: Any) -> str:
    order = replace(ORDER, request=request, **changes)
    products = read_products(tree or ima_products.tree(request.task_type))
    offer = resolve(choose(products, request.model_id, request.version_id), request)
    purchase = Purchase(request, offer, cast("Any", None), cast("Any", None), order.allow_downgrade, 10**9)
    return new_entry(order, purchase, Path(folder)).fingerprint


def dearer_tree() -> list[dict[str, Any]]:
    tree = ima_products.tree("text_to_image")
    for one in leaves(tree):
        for rule in one["credit_rules"]:
            rule["points"] += 1
            rule["attribute_id"] += 1
    return tree


@pytest.mark.parametrize(
    "request_",
    [
        replace(CAT, size="2K"),
        replace(CAT, count=2),
        replace(CAT, aspect_ratio="9:16"),
        replace(CAT, model_id=PRO),
        replace(CAT, version_id=ima_products.OLD_FLASH_VERSION),
        replace(CAT, prompt="a cat "),
        replace(CAT, task_type="image_to_image", inputs=("https://example.com/1.png",)),
    ],
)
def test_another_request(request_: ImageRequest) -> None:
    assert fingerprint(request_) != fingerprint()


def test_another_variant_or_account() -> None:
    assert len({fingerprint(), fingerprint(variant="2"), fingerprint(account="account2")}) == 3


@pytest.mark.parametrize(
    "request_",
    [replace(CAT, size="1K"), replace(CAT, aspect_ratio="1:1"), replace(CAT, size="1K", aspect_ratio="1:1")],
)
def test_a_default_of_the_service_is_not_a_default_of_ours(request_: ImageRequest) -> None:
    assert fingerprint(request_) != fingerprint()


def test_what_the_service_changes_in_its_list_changes_nothing() -> None:
    tree = dearer_tree()
    for leaf in leaves(tree):
        leaf["form_config"] = [
            {"field": "size", "value": "2K"},
            {"field": "aspect_ratio", "value": "16:9"},
            {"field": "tier", "value": "fast"},
        ]
        for rule in leaf["credit_rules"]:
            rule["attributes"] |= {"tier": "fast"}
    assert fingerprint(tree=tree) == fingerprint()
    assert fingerprint(replace(CAT, size="2K"), tree=tree) == fingerprint(replace(CAT, size="2K"))


def test_8k_is_the_request_for_4k() -> None:
    assert fingerprint(replace(CAT, size="8K")) == fingerprint(replace(CAT, size="4K"))


def test_price_folder_and_terms_are_no_part_of_it() -> None:
    assert fingerprint(tree=dearer_tree()) == fingerprint()
    assert fingerprint(folder="/b", allow_downgrade=True, remembered=True) == fingerprint()


def test_a_file_is_known_by_its_bytes_and_the_order_counts() -> None:
    def with_inputs(*inputs: Any) -> str:
        return fingerprint(replace(CAT, task_type="image_to_image", inputs=inputs))

    moved = replace(FILE, path=Path("/tmp/b.jpeg"))
    assert with_inputs(FILE) == with_inputs(moved) != with_inputs(replace(FILE, sha256="b" * 64))
    link = "https://example.com/1.png"
    assert with_inputs(FILE, link) != with_inputs(link, FILE)
