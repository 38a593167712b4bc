"""A dry run of a request, a batch and a queue shows what would be paid, and what an earlier run has made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.contract.zm.stage import expect

if TYPE_CHECKING:
    from tests.contract.zm.stage import Stage
    from tests.providers.house import StandInHouse

TASKS = {"tasks": [{"prompt": "a red kite"}, {"prompt": "a blue kite"}]}


def test_a_batch_and_a_queue_count_what_is_to_be_paid(stage: Stage, house: StandInHouse) -> None:
    file = stage.work / "two.json"
    file.write_text(json.dumps(TASKS), "utf-8")
    for command in (("batch_run.py", "@two.json"), ("image_queue.py", "run", "@two.json")):
        before = expect(stage.run(*command, "--json", "--dry-run"), 0)
        assert before["preview"]["tasks"] == {"pay": 2, "free": 0, "unclear": 0}
        assert (before["next"]["cost"], before["next"]["needs_consent"]) == ("yes", True)
        expect(stage.shell(before["next"]), 0)
        after = expect(stage.run(*command, "--json", "--dry-run"), 0)
        assert (after["preview"]["pays"], after["preview"]["tasks"]["free"]) == (False, 2)
        assert (after["next"]["cost"], after["next"]["needs_consent"]) == ("none", False)
        file.write_text(json.dumps({"tasks": [{**task, "size": "1536x1024"} for task in TASKS["tasks"]]}), "utf-8")
    assert len(house.ledger) == 4


def test_a_request_that_was_paid_is_announced_as_free(stage: Stage, house: StandInHouse) -> None:
    argv = ("run.py", "--prompt", "a red kite", "--json")
    assert expect(stage.run(*argv, "--dry-run"), 0)["preview"]["pays"] is True
    expect(stage.run(*argv), 0)
    document = expect(stage.run(*argv, "--dry-run"), 0)
    assert (document["preview"]["pays"], document["preview"]["size"]) == (False, "1024x1024")
    assert expect(stage.shell(document["next"]), 0)["reused"] is True
    assert len(house.ledger) == 1
