"""What the next command of a batch and a queue costs, and whether the user has to agree to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.zm.stage import QUICK, expect
from tests.providers.openai_images import GENERATIONS
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.zm.stage import Stage
    from tests.providers.house import StandInHouse

LOST = Plan(fault=Fault.CLOSE_WITHOUT_ANSWER)
LIMITED = Plan(status=429, body={"error": {"message": "slow down"}})
KINDS = [("batch_run.py",), ("image_queue.py", "run")]
ONE_EACH = ("--max-attempts", "1", "--max-workers", "1")


def run(stage: Stage, kind: tuple[str, ...], *prompts: str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    tasks = stage.save("tasks.json", {"tasks": [{"prompt": prompt} for prompt in prompts]})
    return expect(stage.run(*kind, tasks, "--json", *ONE_EACH, *QUICK, *more), 8)


@pytest.mark.parametrize("kind", KINDS, ids=["batch", "queue"])
def test_only_tasks_of_unknown_outcome_are_left_so_the_user_decides(
    stage: Stage, house: StandInHouse, kind: tuple[str, ...]
) -> None:
    house.openai_images.plan_create(LOST)
    document = run(stage, kind, "a red kite")
    following = document["next"]
    assert (following["cost"], following["needs_consent"]) == ("yes", True)
    assert following["argv"][-2:] == ["--on-unknown", "retry"]
    assert len(house.ledger) == 1
    expect(stage.shell(following), 0)
    requests = house.recorder.requests_to(GENERATIONS)
    assert len(requests) == 2
    assert len({request.headers["idempotency-key"] for request in requests}) == 1


@pytest.mark.parametrize("kind", KINDS, ids=["batch", "queue"])
def test_what_was_refused_is_made_and_what_may_have_been_charged_is_not_sent_again(
    stage: Stage, house: StandInHouse, kind: tuple[str, ...]
) -> None:
    house.openai_images.plan_create(LOST, LIMITED)
    document = run(stage, kind, "a red kite", "a blue kite", more=("--on-unknown", "retry"))
    following = document["next"]
    assert (following["cost"], following["needs_consent"]) == ("yes", False)
    assert "--on-unknown" not in following["argv"]
    expect(stage.shell(following), 8)
    assert len(house.ledger) == 2
