"""tasks.py again of zm: also a task of a batch, and one with reference images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.contract.zm.stage import Stage, expect
from tests.contract.zm.test_batch import batch, tasks
from tests.providers.openai_images import EDITS, GENERATIONS

if TYPE_CHECKING:
    from tests.launcher import Ended
    from tests.providers.house import StandInHouse


def again(stage: Stage, *arguments: str, **more: Any) -> Ended:
    return stage.run("tasks.py", "again", *arguments, "--json", **more)


def test_a_task_of_a_batch_is_made_again(stage: Stage, house: StandInHouse) -> None:
    document = expect(stage.inside(*batch(stage.save("b.json", {"tasks": tasks(2)}))), 0)
    row = document["results"][1]
    second = expect(again(stage, row["local_id"]), 0)
    assert second["local_id"] != row["local_id"]
    bodies = [json.loads(request.body) for request in house.recorder.requests_to(GENERATIONS)]
    assert bodies[-1] in bodies[:2]
    assert bodies[-1]["prompt"] == "picture 2"
    assert len(house.ledger) == 3


def test_references_are_sent_again_from_where_they_were(stage: Stage, house: StandInHouse) -> None:
    stage.picture("cup.png")
    first = expect(stage.make("--prompt", "in oil", "--image", "cup.png", "--size", "1024x1024"), 0)
    second = expect(again(stage, first["local_id"]), 0)
    assert second["input_images"] == first["input_images"]
    assert len(house.recorder.requests_to(EDITS)) == 2
    (newest, *_) = sorted(stage.entries(), key=lambda entry: -entry["sequence"])
    assert newest["requested"] == {"size": "1024x1024"}
