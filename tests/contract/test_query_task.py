"""query_task.py: a poll that costs nothing, and the images when there are some."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.providers.kexiang import TaskPlan

if TYPE_CHECKING:
    from tests.launcher import Bench, Ended
    from tests.providers.house import StandInHouse

CREATE = ("create_task.py", "--mode", "text2img", "--size", "3:4", "--prompt", "a red kite", "--no-wait", "--json")


def made(bench: Bench) -> dict[str, Any]:
    ended = bench.run(*CREATE)
    assert (ended.code, ended.document["status"]) == (0, "submitted"), ended.talk
    return ended.document


def query(bench: Bench, identifier: str, *more: str) -> Ended:
    return bench.run("query_task.py", identifier, "--json", *more)


def test_once_is_one_request_and_a_running_task_is_exit_9(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(duration=60))
    task_id = made(bench)["task_id"]
    ended = query(bench, task_id)
    assert (ended.code, ended.document["status"], ended.document["error"]["code"]) == (
        9,
        "running",
        "still_running",
    )
    assert len(house.recorder.requests_to("/api/v1/user_task/get/")) == 1
    assert "--resume" in ended.document["error"]["next"]["argv"]


def test_wait_ends_with_the_picture_and_one_charge(bench: Bench, house: StandInHouse) -> None:
    ended = query(bench, made(bench)["task_id"], "--wait", "--poll-interval", "0.5")
    assert ended.code == 0, ended.talk
    assert Path(ended.document["images"][0]["path"]).is_file()
    assert [entry["state"] for entry in bench.entries()] == ["succeeded"]
    assert len(house.ledger) == 1


def test_a_finished_task_gives_its_picture_at_the_first_look(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(duration=0))
    ended = query(bench, made(bench)["local_id"])
    assert (ended.code, len(ended.document["images"])) == (0, 1), ended.talk


def test_a_task_made_elsewhere_is_adopted(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(duration=0))
    document = made(bench)
    Path(document["journal"]).unlink()
    ended = query(bench, document["task_id"])
    assert (ended.code, ended.document["charged"]) == (0, "unknown"), ended.talk
    assert [entry["task_id"] for entry in bench.entries()] == [document["task_id"]]


def test_a_failed_task_is_exit_8_with_the_reason(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(duration=0, outcome="failed", reason="内容不合规"))
    ended = query(bench, made(bench)["task_id"])
    assert (ended.code, ended.document["status"]) == (8, "failed")
    assert "内容不合规" in ended.document["error"]["message"]
