"""Several images of one paid request: one POST, one entry, n files; fewer than requested is exit 13."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.zm.stage import Stage, expect, on_disk
from tests.providers.openai_images import ImagePlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

COMMANDS = [("batch_run.py",), ("image_queue.py", "run")]


@pytest.mark.parametrize("count", [2, 10])
@pytest.mark.parametrize("references", [0, 2])
def test_one_paid_request_makes_n_images(
    count: int, references: int, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    words = [word for seed in range(references) for word in ("--image", stage.picture(f"{seed}.png", seed=seed))]
    document = expect(stage.tried("--prompt", "a cup", "--n", str(count), *words), 0)
    assert [on_disk(row) for row in document["images"]] == service.pictures
    assert len({row["path"] for row in document["images"]}) == len(document["media"]) == count
    assert (document["requested"]["n"], document["applied"]["n"]) == (count, count)
    assert service.made[0].asked.fields["n"] == count
    assert (document["attempts"], document["possible_charges"], len(house.ledger)) == (1, 1, 1)
    again = expect(stage.tried("--prompt", "a cup", "--n", str(count), *words), 0)
    assert (again["reused"], again["images"], len(house.ledger)) == (True, document["images"], 1)
    assert service.complaints == []


def test_one_image_is_the_request_that_it_was_before(stage: Stage, house: StandInHouse) -> None:
    expect(stage.tried("--prompt", "a cup"), 0)
    document = expect(stage.tried("--prompt", "a cup", "--n", "1"), 0)
    assert (document["reused"], document["requested"], len(house.ledger)) == (True, {"size": "1024x1024"}, 1)


def test_fewer_images_than_requested_are_kept_and_said_each_time(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.max_images = 2
    ended = stage.make("--prompt", "a cup", "--n", "3")
    document = expect(ended, 13, "partly_done")
    assert "2 of 3 requested images arrived" in document["error"]["message"]
    assert [on_disk(row) for row in document["images"]] == service.pictures
    assert (document["charged"], document["applied"]["n"], document["status"]) == ("yes", 2, "failed")
    assert "--new" in document["error"]["next"]["argv"]
    again = expect(stage.tried("--prompt", "a cup", "--n", "3"), 13, "partly_done")
    assert (again["images"], len(house.ledger)) == (document["images"], 1)
    resumed = expect(stage.tried("--resume", document["local_id"]), 13, "partly_done")
    assert (resumed["images"], len(house.ledger)) == (document["images"], 1)


def test_an_image_behind_a_broken_link_is_fetched_by_the_same_command(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_image(ImagePlan(as_url=True), ImagePlan(as_url=True))
    service.plan_picture(Plan(), *[Plan(status=503)] * 50)
    document = expect(stage.tried("--prompt", "a cup", "--n", "2", "--timeout", "2"), 13, "picture_unreachable")
    assert len(document["images"]) == 1
    service._plans.picture.clear()
    again = expect(stage.tried("--prompt", "a cup", "--n", "2"), 0)
    assert ([on_disk(row) for row in again["images"]], len(house.ledger)) == (service.pictures, 1)


def test_all_images_of_a_lost_answer_come_with_the_next_request(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(fault=Wire.CLOSE_WITHOUT_ANSWER))
    first = expect(stage.tried("--prompt", "a cup", "--n", "4"), 10)
    document = expect(stage.tried("--resume", first["local_id"], "--on-unknown", "retry"), 0)
    assert (len(document["images"]), len(house.ledger)) == (4, 1)


@pytest.mark.parametrize("command", COMMANDS, ids=["batch", "queue"])
def test_a_task_lists_all_its_images_and_each_is_counted_and_proven(
    command: tuple[str, ...], stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    tasks = {"tasks": [{"prompt": "a cup", "n": 3, "task_key": "cup"}, {"prompt": "a bowl"}]}
    argv = (*command, stage.save("t.json", tasks), "--json")
    document = expect(stage.inside(*argv), 0)
    assert [len(row["images"]) for row in document["results"]] == [3, 1]
    assert sorted(on_disk(row) for row in document["images"]) == sorted(service.pictures)
    assert len(document["media"]) == 4
    again = expect(stage.inside(*argv), 0)
    assert ([len(row["images"]) for row in again["results"]], len(house.ledger)) == ([3, 1], 2)
    for row in document["results"]:
        expect(stage.inside("verify.py", row["result_json"], "--json"), 0)
    Path(document["results"][0]["images"][2]["path"]).write_bytes(b"changed")
    verdict = stage.inside("verify.py", document["results"][0]["result_json"], "--json")
    expect(verdict, 13)


def test_a_batch_pays_for_no_image_again_that_is_gone_from_its_folder(stage: Stage, house: StandInHouse) -> None:
    argv = ("batch_run.py", stage.save("b.json", {"tasks": [{"prompt": "a cup", "n": 2}]}), "--json")
    document = expect(stage.inside(*argv), 0)
    report = Path(document["batch_report"]).read_text()
    assert report.count('class="picture"') == 2
    Path(document["results"][0]["images"][1]["path"]).unlink()
    again = stage.inside(*argv)
    assert (again.code, len(house.ledger)) in ((0, 1), (8, 1))  # never paid for again
    assert len(json.loads(again.stdout)["results"][0]["images"]) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=["batch", "queue"])
def test_a_task_with_too_few_images_lists_those_that_came(
    command: tuple[str, ...], stage: Stage, service: OpenAiImagesService
) -> None:
    service.max_images = 1
    tasks: dict[str, Any] = {"tasks": [{"prompt": "a cup"}], "n": 2}
    document = expect(stage.inside(*command, stage.save("t.json", tasks), "--json"), 8)
    (row,) = document["results"]
    assert ([on_disk(image) for image in row["images"]], row["charged"]) == (service.pictures, "yes")
    assert "1 of 2" in json.dumps(row["error"])
