"""SIGKILL at each stage: run again, the same command pays once and loses nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.contract.ima.studio import CHANGE, KITE, eventually
from tests.launcher import end, wait
from tests.providers import ima
from tests.providers.ima import TaskPlan, refused
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio

SLOW = Plan(delay=3.0)


def arrived(studio: Studio, path: str, host: str = ima.HOST, count: int = 1) -> None:
    eventually(lambda: len(studio.house.recorder.requests_to(path, host=host)) >= count)


@pytest.mark.parametrize("stage", ["list", "token", "bucket"])
def test_before_the_create_nothing_is_paid(studio: Studio, stage: str) -> None:
    command = (*CHANGE, "--input-images", studio.picture("a.png"))
    service = studio.house.ima
    plans = {"list": service.plan_products, "token": service.plan_token, "bucket": service.plan_bucket}
    plans[stage](SLOW)
    process = studio.bench.start(*map(str, command))
    where = {"list": (ima.LIST_PATH, ima.HOST), "token": (ima.TOKEN_PATH, ima.UPLOAD_HOST)}
    arrived(studio, *where.get(stage, ("/", ima.BUCKET_HOST)))
    assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    assert studio.charged() == []
    document = studio.run(*command)
    assert (document["reused"], document["possible_charges"], studio.charged()) == (False, 1, [6])


def test_while_the_create_is_answered_the_outcome_stays_unknown(studio: Studio) -> None:
    studio.house.ima.plan_create(SLOW)
    process = studio.bench.start(*KITE)
    arrived(studio, ima.CREATE_PATH)
    end(process, signal.SIGKILL)
    studio.run(*KITE, code=10, error="outcome_unknown_before")
    assert (len(studio.bodies()), studio.charged()) == (1, [6])


def test_between_a_refusal_and_its_correction_nothing_is_paid(studio: Studio) -> None:
    studio.house.ima.plan_create(refused(6010))
    studio.house.ima.plan_products(Plan(), SLOW)
    process = studio.bench.start(*KITE)
    arrived(studio, ima.LIST_PATH, count=2)
    end(process, signal.SIGKILL)
    document = studio.run(*KITE)
    assert (document["status"], studio.charged()) == ("succeeded", [6])


@pytest.mark.parametrize("stage", ["looking", "saving"])
def test_after_the_create_the_same_task_goes_on(studio: Studio, stage: str) -> None:
    if stage == "looking":
        studio.house.ima.plan_task(TaskPlan(duration=2.0))
    else:
        studio.house.ima.plan_picture(SLOW)
    process = studio.bench.start(*KITE)
    arrived(studio, *((ima.DETAIL_PATH, ima.HOST) if stage == "looking" else ("/pictures", ima.PICTURE_HOST)))
    assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    document = studio.run(*KITE)
    assert (document["task_id"], len(document["images"]), studio.charged()) == ("task-000001", 1, [6])


def test_ctrl_c_between_a_refusal_and_its_correction_sends_nothing_more(studio: Studio) -> None:
    studio.house.ima.plan_create(Plan(**{**vars(refused(6010)), "delay": 1.5}))
    process = studio.bench.start(*KITE)
    arrived(studio, ima.CREATE_PATH)
    ended = end(process, signal.SIGTERM)
    document = studio.checked(ended, 143, "interrupted_early")
    assert (len(studio.bodies()), studio.charged(), document["charged"]) == (1, [], "no")


def test_two_at_once_pay_once(studio: Studio) -> None:
    studio.house.ima.plan_create(Plan(delay=1.0))
    first = studio.bench.start(*KITE)
    arrived(studio, ima.CREATE_PATH)
    second = studio.run(*KITE)
    document = studio.checked(wait(first))
    assert (second["local_id"], second["images"][0]["sha256"]) == (
        document["local_id"],
        document["images"][0]["sha256"],
    )
    assert studio.charged() == [6]
