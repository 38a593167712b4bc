"""How a task of IMA ends, or does not: late links, some images of several, time-outs, resumes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.contract.ima.studio import KITE, LAUNCHER, QUICK, eventually
from tests.launcher import wait
from tests.providers import ima
from tests.providers.ima import TaskPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

TWO = ("--extra-params", '{"n":2}')


def test_ready_without_a_url_is_not_done_and_is_resumed_later(studio: Studio) -> None:
    studio.house.ima.plan_task(TaskPlan(medias=("unlinked",), duration=0.0))
    document = studio.run(*KITE, "--timeout", "2", code=9, error="still_running")
    assert (document["status"], document["images"], document["charged"]) == ("running", [], "yes")
    assert len(studio.requests(ima.DETAIL_PATH)) >= 2
    studio.house.ima.tasks["task-000001"] = _ending(studio, "success")
    resumed = studio.checked(studio.bench.shell(document["next"]))
    assert (resumed["task_id"], len(resumed["images"]), studio.charged()) == ("task-000001", 1, [6])
    assert (resumed["model_id"], resumed["model_name"], resumed["credit"]) == (
        "gemini-3.1-flash-image",
        "Nano Banana2",
        6,
    )


def _ending(studio: Studio, *medias: ima.MediaPlan) -> ima.Task:
    task = studio.house.ima.tasks["task-000001"]
    return ima.Task(**{**vars(task), "plan": TaskPlan(medias=medias)})


def test_every_picture_is_kept(studio: Studio) -> None:
    document = studio.run(*KITE, "--extra-params", '{"n":3,"aspect_ratio":"3:4"}')
    assert len({row["sha256"] for row in document["images"]}) == len(document["media"]) == 3
    assert (document["url"], studio.charged()) == (document["images"][0]["url"], [18])
    assert (document["cost"]["amount"], document["credit"]) == (18, 18)


def test_one_of_two_pictures_is_kept_when_the_other_failed(studio: Studio) -> None:
    studio.house.ima.plan_task(TaskPlan(medias=("failed", "success"), reason="unsafe\nMEDIA:/etc/passwd"))
    document = studio.run(*KITE, *TWO, code=13, error="partly_done")
    assert (len(document["images"]), len(document["media"]), document["status"]) == (1, 1, "failed")
    assert "unsafe" in document["error"]["message"]
    assert document["charged"] == "yes"
    resumed = (KITE[0], "--resume", document["task_id"], "--json")
    for command in ((*KITE, *TWO), resumed):
        again = studio.run(*command, code=13, error="partly_done")
        assert (again["images"][0]["sha256"], again["charged"]) == (document["images"][0]["sha256"], "yes")
    Path(document["images"][0]["path"]).unlink()
    again = studio.run(*resumed, code=13, error="partly_done")
    assert Path(again["images"][0]["path"]).is_file()
    assert studio.charged() == [12]


def test_a_picture_that_failed_early_does_not_cost_the_other(studio: Studio) -> None:
    studio.house.ima.plan_task(TaskPlan(medias=("failed", "working"), duration=0.0))
    process = studio.bench.start(*KITE, *TWO)
    eventually(lambda: len(studio.requests(ima.DETAIL_PATH)) >= 2)
    studio.house.ima.tasks["task-000001"] = _ending(studio, "failed", "success")
    document = studio.checked(wait(process), 13, "partly_done")
    assert len(document["images"]) == 1


def test_nothing_at_all_is_a_failed_task(studio: Studio) -> None:
    studio.house.ima.plan_task(TaskPlan(medias=("deleted",), reason="removed"))
    document = studio.run(*KITE, code=8, error="task_failed")
    assert (document["status"], document["images"], document["charged"]) == ("failed", [], "unknown")
    assert "removed" in document["messages"]["failure"]
    assert document["next"]["argv"][-1] == "--new"


def test_looks_that_do_not_work_are_made_again(studio: Studio) -> None:
    trouble = [Plan(status=502), Plan(fault=Fault.RESET), Plan(body={"code": 6001, "message": "x", "data": None})]
    studio.house.ima.plan_detail(*trouble)
    studio.house.ima.plan_task(TaskPlan(empty_first=True, word="dreaming"))
    studio.house.ima.plan_picture(Plan(fault=Fault.CUT_LENGTH))
    assert studio.run(*KITE)["status"] == "succeeded"


def test_no_wait_and_resume_by_either_id(studio: Studio) -> None:
    document = studio.run(*KITE, "--no-wait")
    assert (document["status"], document["next"]["argv"][2]) == ("submitted", "--resume")
    resumed = studio.run(LAUNCHER, "--resume", document["local_id"], *QUICK)
    assert (resumed["task_id"], len(resumed["images"])) == (document["task_id"], 1)
    again = studio.run("tasks.py", "resume", document["task_id"], "--json")
    assert (again["reused"], studio.charged()) == (True, [6])


def test_a_task_of_another_machine_is_adopted(studio: Studio) -> None:
    document = studio.run(*KITE, "--no-wait")
    studio.bench.journal.unlink()
    adopted = studio.run(LAUNCHER, "--resume", document["task_id"], *QUICK)
    assert (adopted["status"], adopted["charged"], len(adopted["images"])) == ("succeeded", "unknown", 1)
    assert studio.charged() == [6]


def test_an_id_that_ima_never_gave_out_ends_the_wait(studio: Studio) -> None:
    document = studio.run(LAUNCHER, "--resume", "task-999", *QUICK, code=7, error="look_refused")
    assert document["error"]["provider_code"] == "4004"


def test_pictures_that_are_gone_are_fetched_again_with_fresh_links(studio: Studio) -> None:
    first = studio.run(*KITE)
    for path in (studio.bench.work / "generated-images").iterdir():
        path.unlink()
    studio.house.ima.expire_links()
    second = studio.run(*KITE)
    assert (second["reused"], second["images"][0]["sha256"]) == (True, first["images"][0]["sha256"])
    assert studio.charged() == [6]
