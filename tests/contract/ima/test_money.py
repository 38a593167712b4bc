"""When IMA's create is sent again, when it is not, and what is said: each row of the error table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.ima.studio import CHANGE, KITE
from tests.providers import ima
from tests.providers.ima import refused
from tests.providers.ima_products import FLASH_VERSION, leaves, tree
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

SMALLER = "too_complex_smaller"
KEY_PAGE = "https://www.imaclaw.ai/imaclaw/apikey"
POINTS_PAGE = "https://www.imaclaw.ai/imaclaw/subscription"


@pytest.mark.parametrize(
    ("code", "creates", "exit_code", "error", "link"),
    [
        (401, 1, 4, "ima_key_refused", KEY_PAGE),
        (4008, 1, 5, "points_missing", POINTS_PAGE),
        (4014, 1, 5, "tier_too_low", POINTS_PAGE),
        (500, 1, 7, "too_complex_smaller", ""),
        (6006, 2, 7, "price_changed", ""),
        (6009, 3, 7, "attribute_missing", ""),
        (6010, 3, 7, "attribute_wrong", ""),
        (429, 1, 6, "create_limited", ""),
        (1234, 1, 7, "ima_refused", ""),
    ],
)
def test_each_row_of_the_error_table(  # noqa: PLR0917  - the columns of the table
    studio: Studio, code: int, creates: int, exit_code: int, error: str, link: str
) -> None:
    studio.house.ima.plan_create(*[refused(code, "the service's own words")] * 5)
    document = studio.run(*KITE, code=exit_code, error=error)
    told = document["error"]
    assert link in told["hint"]
    assert (told["provider_code"], told["http_status"]) == (str(code), 200)
    assert "the service's own words" in told["message"]
    assert (document["status"], document["charged"], document["possible_charges"]) == ("refused", "no", 0)
    assert (document["attempts"], len(studio.bodies()), studio.charged()) == (creates, creates, [])
    assert document["messages"]["failure"].startswith("❌ ")
    assert link in document["messages"]["failure"]
    assert "--" not in document["messages"]["failure"]


@pytest.mark.parametrize("code", [6006, 6009, 6010])
def test_a_refused_create_is_corrected_and_paid_once(studio: Studio, code: int) -> None:
    studio.house.ima.plan_create(refused(code))
    document = studio.run(*KITE)
    assert (document["attempts"], document["possible_charges"], studio.charged()) == (2, 1, [6])
    assert len(studio.requests(ima.LIST_PATH)) == 2
    (entry,) = studio.bench.entries()
    assert (entry["state"], entry["error"]) == ("succeeded", None)


def test_a_price_that_has_changed_is_read_again_and_told(studio: Studio) -> None:
    stale = tree("text_to_image")
    (flash,) = [one for one in leaves(studio.house.ima.trees["text_to_image"]) if one["id"] == FLASH_VERSION]
    flash["credit_rules"][1]["points"] = 8
    studio.house.ima.plan_products(Plan(body={"code": 0, "message": "", "data": stale}))
    refusal = studio.run(*KITE, code=7, error="price_above_limit")
    assert (refusal["charged"], len(studio.bodies()), studio.charged()) == ("no", 1, []), "6 was shown"
    assert refusal["next"]["argv"][-2:] == ["--max-points", "8"]
    document = studio.checked(studio.bench.shell(refusal["next"]))
    assert [(body["credit"], body["parameters"]["cast"]["points"]) for body in studio.bodies()] == [(6, 6), (8, 8)]
    assert (document["cost"]["amount"], document["credit"], studio.charged()) == (8, 8, [8])


@pytest.mark.parametrize("code", [6006, 6009, 6010])
@pytest.mark.parametrize("points", [7, 6.5, 900_000])
def test_no_correction_raises_the_price(studio: Studio, code: int, points: float) -> None:
    stale = tree("text_to_image")
    (flash,) = [one for one in leaves(studio.house.ima.trees["text_to_image"]) if one["id"] == FLASH_VERSION]
    flash["credit_rules"][1]["points"] = points
    studio.house.ima.plan_products(Plan(body={"code": 0, "message": "", "data": stale}))
    studio.house.ima.plan_create(refused(code))
    document = studio.run(*KITE, "--yes", code=7, error="price_above_limit")
    assert document["next"]["argv"][-2:] == ["--max-points", str(points)]
    assert (len(studio.bodies()), studio.charged()) == (1, [])


def test_nothing_is_sent_above_max_points(studio: Studio) -> None:
    document = studio.run(*KITE, "--max-points", "5.5", code=7, error="price_above_limit")
    assert document["next"]["argv"][-2:] == ["--max-points", "6"]
    assert (studio.bodies(), studio.charged()) == ([], [])


def test_a_change_of_the_product_list_never_pays_twice(studio: Studio) -> None:
    studio.run(*KITE, "--no-wait")
    for leaf in leaves(studio.house.ima.trees["text_to_image"]):
        leaf["form_config"] = [{"field": "size", "value": "4K"}, {"field": "tier", "value": "fast"}]
        for rule in leaf["credit_rules"]:
            rule["attributes"] |= {"tier": "slow"}
    studio.run(*KITE)
    studio.house.ima.trees["text_to_image"].clear()
    assert studio.run(*KITE)["reused"]
    assert studio.charged() == [6]


def test_a_rule_that_has_moved_is_found_again(studio: Studio) -> None:
    stale = tree("text_to_image")
    (flash,) = [one for one in leaves(studio.house.ima.trees["text_to_image"]) if one["id"] == FLASH_VERSION]
    for rule in flash["credit_rules"]:
        rule["attribute_id"] += 500
    studio.house.ima.plan_products(Plan(body={"code": 0, "message": "", "data": stale}))
    studio.run(*KITE)
    assert [body["attribute_id"] for body in studio.bodies()] == [4401, 4901]
    assert studio.charged() == [6]


def test_a_missing_attribute_is_added_from_the_best_rule(studio: Studio) -> None:
    (flash,) = [one for one in leaves(studio.house.ima.trees["text_to_image"]) if one["id"] == FLASH_VERSION]
    flash["credit_rules"] = [
        {"attribute_id": 1, "points": 5, "attributes": {"default": "enabled"}},
        {"attribute_id": 2, "points": 5, "attributes": {"size": "1K", "tier": "fast"}},
    ]
    studio.house.ima.plan_create(refused(6009))
    studio.run(*KITE)
    assert [body["parameters"].get("tier") for body in studio.bodies()] == [None, "fast"]
    assert studio.charged() == [5]


def test_a_refused_size_is_never_made_smaller_without_a_word(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(500))
    document = studio.run(
        *KITE, "--size", "4K", "--api-key", studio.house.ima.key, code=7, error="too_complex_smaller"
    )
    assert document["next"]["argv"][-4:] == ["--size", "2K", "--max-points", "10"]
    assert "10 points" in document["error"]["hint"]
    assert studio.charged() == []
    following = studio.checked(studio.bench.shell(document["next"]))
    assert (following["requested"]["size"], studio.charged()) == ("2K", [10])


def test_allow_downgrade_steps_down_and_shows_both(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(500), refused(500))
    ended = studio.bench.run(*KITE, "--size", "4K", "--allow-downgrade")
    document = studio.checked(ended)
    assert [body["parameters"]["size"] for body in studio.bodies()] == ["4K", "2K", "1K"]
    assert (document["requested"]["size"], document["applied"]["size"]) == ("4K", "1K")
    assert document["applied"]["notice"]
    assert "2K" in ended.talk
    assert (studio.charged(), document["cost"]["amount"], document["attempts"]) == ([6], 6, 3)
    again = studio.run(*KITE, "--size", "4K", "--allow-downgrade")
    assert (again["reused"], again["applied"], studio.charged()) == (True, document["applied"], [6])


def test_three_creates_in_all_whatever_refuses_them(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(6010), refused(500), refused(6009), refused(6006))
    studio.run(*KITE, "--size", "4K", "--allow-downgrade", code=7, error="attribute_missing")
    assert [body["parameters"]["size"] for body in studio.bodies()] == ["4K", "4K", "2K"]
    assert studio.charged() == []


def test_there_is_nothing_below_the_smallest_size(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(500))
    document = studio.run(*KITE, "--size", "512", "--allow-downgrade", code=7, error="too_complex")
    assert (document["next"], len(studio.bodies())) == (None, 1)


LOST: dict[str, Plan] = {  # more kinds of answers: tests/ima_studio/test_wire.py
    "no answer": Plan(fault=Fault.CLOSE_WITHOUT_ANSWER),
    "cut": Plan(fault=Fault.CUT_LENGTH),
    "plain 500": Plan(status=500),
    "html 403": Plan(status=403, body=b"<html>who are you</html>", charge=True),
    "no id": Plan(body={"code": 200, "message": "success", "data": {}}),
}


@pytest.mark.parametrize("plan", LOST.values(), ids=LOST)
def test_a_lost_answer_is_never_sent_again(studio: Studio, plan: Plan) -> None:
    studio.house.ima.plan_create(plan)
    first = studio.bench.run(*KITE)
    assert first.code == 10, first.talk
    document = first.document
    assert (document["status"], document["charged"], document["possible_charges"]) == ("unknown", "unknown", 1)
    assert document["next"]["argv"][-1] == "--new"
    assert document["messages"]["failure"].startswith("⚠️")
    again = studio.run(*KITE, code=10, error="outcome_unknown_before")
    assert again["local_id"] == document["local_id"]
    assert (len(studio.bodies()), studio.charged()) == (1, [6])


def test_after_a_correction_a_lost_answer_is_lost_all_the_same(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(6010), Plan(fault=Fault.CLOSE_WITHOUT_ANSWER), refused(6010))
    document = studio.run(*KITE, code=10, error="answer_lost")
    assert (document["attempts"], document["possible_charges"], len(studio.bodies())) == (2, 1, 2)
    assert studio.charged() == [6]
    studio.run(*KITE, "--new", "--no-wait")


def test_a_create_that_provably_never_left_is_sent_again(studio: Studio) -> None:
    picture = studio.picture("a.png")
    studio.house.ima.plan_token(Plan(delay=2.2))  # so long idle, the connection is not trusted with a create
    studio.house.proxy.plan(ima.HOST, None, 502, None)
    document = studio.run(*CHANGE, "--input-images", picture)
    assert (document["attempts"], document["possible_charges"], studio.charged()) == (2, 1, [6])


@pytest.mark.parametrize("wrong", ["ima_wrong", "another-word"])
def test_a_wrong_key_is_told_before_anything_is_spent(studio: Studio, wrong: str) -> None:
    ended = studio.bench.run(*KITE, env={"IMA_API_KEY": wrong})
    document = studio.checked(ended, 4, "ima_key_refused")
    assert KEY_PAGE in document["error"]["hint"]
    assert (studio.bodies(), document["journal"]) == ([], None)
    assert ("ima_;" in ended.talk) is (wrong == "another-word")


def test_no_key_at_all(studio: Studio) -> None:
    document = studio.run(
        *KITE, "--api-key", "$IMA_API_KEY", code=3, error="key_missing", env={"IMA_API_KEY": " "}
    )
    assert KEY_PAGE in document["error"]["hint"]
    assert studio.house.contacted == set()


def test_a_list_that_does_not_come_spends_nothing(studio: Studio) -> None:
    html, reset, refusal = Plan(body=b"<html>"), Plan(fault=Fault.RESET), refused(500)
    studio.house.ima.plan_products(Plan(status=503), html, reset, refusal)
    document = studio.run(*KITE, code=11, error="read_refused")
    assert (document["charged"], document["journal"], studio.bodies()) == ("no", None, [])
    studio.house.ima.plan_products(html)
    assert studio.checked(studio.bench.shell(document["next"]))["charged"] == "yes"


def test_the_same_request_twice_is_paid_once(studio: Studio) -> None:
    first, second = (
        studio.run(*KITE),
        studio.run(*KITE),
    )
    assert (second["reused"], second["local_id"], studio.charged()) == (True, first["local_id"], [6])
    assert second["images"][0]["sha256"] == first["images"][0]["sha256"]
    assert "?sign=" in second["url"]


def test_the_dry_run_shows_payload_and_price_and_sends_nothing_that_costs(studio: Studio) -> None:
    picture = studio.picture("a.png")
    ended = studio.bench.run(*CHANGE, "--input-images", picture, "--size", "8k", "--dry-run")
    document = studio.checked(ended)
    assert "8K is not available; the largest size, 4K" in ended.talk
    plan: dict[str, Any] = document["plan"]
    assert plan["url"] == "https://api.imastudio.com/open/v1/tasks/create"
    assert plan["headers"]["Authorization"] == "Bearer ****d-in"
    assert plan["body"]["parameters"][0]["credit"] == 13
    assert plan["uploads"] == [f"{picture} -> imapi.liveme.com"]
    assert document["cost"] == {"amount": 13, "unit": "points", "source": "quoted"}
    assert (document["status"], document["charged"], document["local_id"]) == ("prepared", "no", None)
    assert studio.house.contacted == {ima.HOST}
    assert [request.path for request in studio.house.recorder.requests] == [ima.LIST_PATH]
    assert not (studio.bench.work / "generated-images").exists()
