"""The most that may be paid: what --max-points says, else the lowest price that was shown for the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.ima.studio import CHANGE, KITE
from tests.providers import ima
from tests.providers.ima import refused
from tests.providers.ima_products import FLASH_VERSION, leaves
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio


def set_points(studio: Studio, points: float, size: str = "1K", task_type: str = "text_to_image") -> None:
    """Let the default model's images of a size cost this from now on."""
    for leaf in leaves(studio.house.ima.trees[task_type]):
        for rule in leaf["credit_rules"]:
            if leaf["id"] == FLASH_VERSION and rule["attributes"].get("size") == size:
                rule["points"] = points


def test_a_dry_run_keeps_to_max_points(studio: Studio) -> None:
    document = studio.run(*KITE, "--dry-run", "--max-points", "5.5", code=7, error="price_above_limit")
    assert document["next"]["argv"][-2:] == ["--max-points", "6"]
    assert studio.run(*KITE, "--dry-run", "--max-points", "6")["cost"]["amount"] == 6
    assert (studio.bodies(), studio.bench.entries()) == ([], [])


@pytest.mark.parametrize("more", [(), ("--yes",), ("--max-points", "13")])
def test_a_smaller_size_that_costs_more_is_not_sent(studio: Studio, more: tuple[str, ...]) -> None:
    set_points(studio, 900, "2K")
    studio.house.ima.plan_create(refused(500))
    document = studio.run(*KITE, "--size", "4K", "--allow-downgrade", *more, code=7, error="price_above_limit")
    argv = document["next"]["argv"]
    assert (argv[argv.index("--size") + 1], argv[argv.index("--max-points") + 1]) == ("2K", "900")
    assert (len(studio.bodies()), studio.charged()) == (1, [])
    studio.checked(studio.bench.shell(document["next"]))
    assert studio.charged() == [900]


def test_the_price_of_a_run_that_sent_nothing_is_the_ceiling_of_the_next(studio: Studio) -> None:
    command = (*CHANGE, "--input-images", studio.picture("photo.png"))
    studio.house.ima.plan_token(Plan(status=403))
    shown = studio.run(*command, code=7, error="not_allowed")["cost"]["amount"]
    set_points(studio, 900_000, task_type="image_to_image")
    for _ in range(2):
        document = studio.run(*command, code=7, error="price_above_limit")
        assert document["next"]["argv"][-2:] == ["--max-points", "900000"]
    assert (studio.requests(ima.CREATE_PATH), studio.charged()) == ([], [])
    studio.checked(studio.bench.shell(document["next"]))
    assert (shown < 900_000, studio.charged()) == (True, [900_000])


def test_a_price_that_was_paid_is_no_ceiling_of_another_purchase(studio: Studio) -> None:
    studio.run(*KITE)
    set_points(studio, 8)
    studio.run(*KITE, "--new")
    assert studio.charged() == [6, 8]
