"""A budget stops a batch before the task that would exceed it, and a retry that it has no room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.zm.stage import QUICK, Stage, expect
from tests.contract.zm.test_batch import batch, statuses, tasks
from tests.providers.openai_images import GENERATIONS
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse

TOKENS = 4210  # what the simulated service reports for each image


def budget(stage: Stage, amount: float, unit: str = "tokens") -> None:
    expect(stage.run("tasks.py", "budget", "set", "--per-day", f"{amount:g}", "--unit", unit, "--json"), 0)


def requests(house: StandInHouse) -> int:
    return len(house.recorder.requests_to(GENERATIONS))


def test_a_batch_stops_before_the_task_that_would_exceed_the_budget(stage: Stage, house: StandInHouse) -> None:
    budget(stage, 2.5 * TOKENS)
    name = stage.save("b.json", {"tasks": tasks(6), "max_workers": 4})
    ended = stage.inside(*batch(name))
    document = expect(ended, 5, "batch_stopped_by_budget")
    assert statuses(document).count("succeeded") == 2
    assert statuses(document)[0] == "succeeded"  # it ran alone: its cost was needed
    assert (requests(house), len(house.ledger), document["possible_charges"]) == (2, 2, 2)
    message = document["error"]["message"]
    assert message.startswith("2 of 6 tasks are done; then the budget had no room.")
    assert "This request may cost 4210 tokens" in message
    assert document["error"]["next"]

    again = stage.inside(*batch(name))
    assert "The budget has room for 0 of the 4 tasks to be paid" in again.talk
    assert statuses(expect(again, 5, "batch_stopped_by_budget")).count("succeeded") == 2
    assert requests(house) == 2
    budget(stage, 10 * TOKENS)
    assert statuses(expect(stage.inside(*batch(name)), 0)) == ["succeeded"] * 6
    assert (requests(house), len(house.ledger)) == (6, 6)


def test_max_cost_of_a_batch_counts_all_its_tasks(stage: Stage, house: StandInHouse) -> None:
    expect(stage.make("--prompt", "to know the cost"), 0)
    name = stage.save("b.json", {"tasks": tasks(5), "max_workers": 4})
    ended = stage.inside(*batch(name, "--max-cost", str(3 * TOKENS)))
    document = expect(ended, 5, "batch_stopped_by_budget")
    assert "The budget has room for 3 of the 5 tasks to be paid" in ended.talk
    assert statuses(document).count("succeeded") == 3
    assert len(house.ledger) == 4


def test_a_retry_without_room_reports_what_may_have_been_charged(stage: Stage, house: StandInHouse) -> None:
    budget(stage, 1, "requests")
    house.openai_images.plan_create(Plan(status=500))
    document = expect(stage.make("--prompt", "a cup"), 10, "attempts_unclear")
    assert (document["status"], document["charged"], document["possible_charges"]) == ("unknown", "unknown", 1)
    assert "budget of 1 paid requests per day has 0 left" in document["error"]["message"]
    assert requests(house) == 1


def test_a_queue_stops_at_the_budget_and_takes_no_limit_of_its_own(stage: Stage, house: StandInHouse) -> None:
    budget(stage, 1, "requests")
    name = stage.save("q.json", {"tasks": tasks(3)})
    run = ("image_queue.py", "run", name, *QUICK, "--max-workers", "1", "--json")
    expect(stage.run(*run, "--max-cost", "5"), 2, "max_cost_elsewhere")
    document = expect(stage.run(*run), 5, "queue_stopped_by_budget")
    assert [row["status"] for row in document["results"]].count("completed") == 1
    assert requests(house) == 1
