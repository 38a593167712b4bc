"""What kexiangai.com's HTTP errors are called and prove, and what is kept of its words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.evidence import files, traces
from tests.contract.paid import KITE, creates, ended_well, ended_with, states
from tests.providers import pictures
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

NO_QUOTA = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}
ENCODED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" * 4


@pytest.mark.parametrize(
    ("plan", "code", "error", "hint"),
    [
        (Plan(status=403), 7, "not_allowed", "invalid, expired or lacks this permission"),
        (Plan(status=403, body={"message": "content policy"}), 7, "not_allowed", "change the prompt"),
        (Plan(status=403, body=pictures.HTML), 7, "firewall_page", "The key was not checked"),
        (Plan(status=406, body=pictures.HTML), 7, "firewall_page", "The key was not checked"),
        (Plan(status=451, body=pictures.HTML), 7, "firewall_page", "The key was not checked"),
        (Plan(status=451), 7, "not_available_here", "The key and the prompt are not the problem"),
        (Plan(status=200, body=NO_QUOTA, charge=False), 5, "out_of_credits", "Top up"),
        (Plan(status=503, body=NO_QUOTA, charge=False), 5, "out_of_credits", "Top up"),
    ],
)
def test_an_error_says_what_it_is_and_nothing_is_charged(  # noqa: PLR0917  - the columns of a table
    bench: Bench, house: StandInHouse, plan: Plan, code: int, error: str, hint: str
) -> None:
    house.kexiang.plan_create(plan)
    document = ended_with(bench.run(*KITE), code, error)
    assert hint in document["error"]["hint"]
    assert (document["charged"], document["possible_charges"], states(bench)) == ("no", 0, ["refused"])
    assert (creates(house), len(house.ledger)) == (1, 0)


def test_a_page_with_503_is_named_and_may_have_been_charged(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_create(Plan(status=503, body=pictures.HTML))
    document = ended_with(bench.run(*KITE), 10, "answer_is_page")
    assert "A web page answered" in document["error"]["message"]
    assert (document["charged"], states(bench)) == ("unknown", ["unknown"])


def test_a_web_firewall_between_two_queries_is_survived_and_a_lasting_one_is_named(
    bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_query(*[Plan(status=403, body=pictures.HTML)] * 5)
    document = ended_with(bench.run(*KITE), 7, "firewall_page")
    assert (document["charged"], states(bench)) == ("yes", ["submitted"])
    assert "--resume" in document["next"]["argv"]
    ended_well(bench.run(*KITE))
    assert (creates(house), len(house.ledger)) == (1, 1)


@pytest.mark.parametrize(
    "output", [{"note": "{key}"}, "{key}", ["{key}", ENCODED]], ids=["object", "text", "list"]
)
def test_what_is_kept_of_an_answer_holds_no_key_and_no_message_quotes_encoded_text(
    bench: Bench, house: StandInHouse, output: Any
) -> None:
    key = house.kexiang.key
    text = json.dumps(output).replace("{key}", key)
    house.kexiang.plan_query(Plan(fields={"task_status": "success", "service_output": json.loads(text)}))
    ended = bench.run(*KITE)
    document = ended_with(ended, 13, "answer_kept")
    (kept,) = (bench.work / "generated-images").glob("*-answer.json")
    assert str(kept) in document["error"]["message"]
    assert json.loads(kept.read_bytes())["task_status"] == "success"
    assert ENCODED not in ended.talk
    assert traces(key, {**files(bench.folder), "stdout": ended.stdout, "stderr": ended.stderr}) == []


def test_a_reason_that_quotes_the_key_and_an_image_is_stored_and_said_without_them(
    bench: Bench, house: StandInHouse
) -> None:
    key = house.kexiang.key
    house.kexiang.plan_task(TaskPlan(outcome="failed", reason=f"{key}: no, as {ENCODED} says"))
    for expected in ("task_failed", "task_failed_before"):
        ended = bench.run(*KITE)
        ended_with(ended, 8, expected)
        assert "says" in ended.talk
        assert ENCODED not in ended.talk + ended.stdout.decode()
        assert traces(key, {**files(bench.folder), "stdout": ended.stdout, "stderr": ended.stderr}) == []
