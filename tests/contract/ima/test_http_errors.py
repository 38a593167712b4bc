"""What IMA's HTTP errors without an envelope are called, and what is kept of its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.ima.studio import KITE
from tests.providers import pictures
from tests.providers.ima import TaskPlan
from tests.providers.ima_products import FLASH_VERSION, leaves
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

NO_QUOTA = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}
ENCODED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" * 4


@pytest.mark.parametrize(
    ("plan", "code", "error", "hint"),
    [
        (Plan(status=401), 4, "ima_key_refused", "Create a new key"),
        (Plan(status=403), 7, "not_allowed", "invalid, expired or lacks this permission"),
        (Plan(status=451), 7, "not_available_here", "The key and the prompt are not the problem"),
        (Plan(status=200, body=NO_QUOTA, charge=False), 5, "out_of_credits", "Top up"),
        (Plan(status=500, body=NO_QUOTA, charge=False), 5, "out_of_credits", "Top up"),
    ],
)
def test_an_error_says_what_it_is_and_nothing_is_charged(
    studio: Studio, plan: Plan, code: int, error: str, hint: str
) -> None:
    studio.house.ima.plan_create(plan)
    document = studio.run(*KITE, code=code, error=error)
    assert hint in document["error"]["hint"]
    assert (document["status"], document["charged"], document["possible_charges"]) == ("refused", "no", 0)
    assert (len(studio.bodies()), studio.charged()) == (1, [])
    assert document["messages"]["failure"].startswith("❌ ")
    assert "--" not in document["messages"]["failure"]


@pytest.mark.parametrize("status", [403, 406, 451, 503])
def test_a_web_firewall_is_named_and_may_have_charged(studio: Studio, status: int) -> None:
    studio.house.ima.plan_create(Plan(status=status, body=pictures.HTML))
    document = studio.run(*KITE, code=10, error="answer_is_page")
    assert "A web page answered" in document["error"]["message"]
    assert document["charged"] == "unknown"


def test_a_lasting_web_firewall_is_named_and_the_task_goes_on(studio: Studio) -> None:
    studio.house.ima.plan_detail(*[Plan(status=403, body=pictures.HTML)] * 3)
    document = studio.run(*KITE, code=7, error="firewall_page")
    assert (document["charged"], "--resume" in document["next"]["argv"]) == ("yes", True)
    studio.run(*KITE)
    assert studio.charged() == [6]


def test_an_id_in_an_envelope_is_not_lost(studio: Studio) -> None:
    studio.house.ima.plan_create(
        Plan(body={"code": 0, "data": {"result": [{"task_id": "task-000001"}]}}, charge=True)
    )
    assert studio.run(*KITE)["task_id"] == "task-000001"
    assert studio.charged() == [6]


def test_an_id_beside_an_error_is_in_the_journal(studio: Studio) -> None:
    studio.house.ima.plan_create(Plan(status=500, body={"data": {"id": "task-000001"}}))
    studio.run(*KITE, code=10, error="answer_unclear")
    (entry,) = studio.bench.entries()
    assert entry["error"] == {"code": "answer_unclear", "given": "task-000001"}


def test_names_and_reasons_are_stored_without_the_key_and_said_without_encoded_text(studio: Studio) -> None:
    key = studio.house.ima.key
    (flash,) = [leaf for leaf in leaves(studio.house.ima.trees["text_to_image"]) if leaf["id"] == FLASH_VERSION]
    flash["name"] = f"Banana {key} {ENCODED}\x1b[2J"
    chosen = ("--model-id", "gemini-3.1-flash-image", "--user-id", "u1")
    studio.house.ima.plan_task(TaskPlan(medias=("failed",), reason=f"{key}: no, as {ENCODED} says"))
    for argv, code, error in (((), 8, "task_failed"), ((), 8, "task_failed_before"), (("--new",), 0, None)):
        ended = studio.bench.run(*KITE, *chosen, *argv)
        document = studio.checked(ended, code, error)  # which searches for the key in every file and both streams
        said = [ended.talk, *document["messages"].values(), *(document["error"] or {}).values()]
        assert [text for text in said if isinstance(text, str) and ENCODED in text] == []
