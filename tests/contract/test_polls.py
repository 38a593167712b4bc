"""Polling a paid task: a failed poll is not a failed task, and every end can be resumed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.paid import CREATE, KITE, creates, ended_well, ended_with, queries, states, tasks_end_when_told
from tests.launcher import Bench, Ended, wait
from tests.providers import kexiang, pictures
from tests.providers.house import StandInHouse
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    """Return a service whose tasks are done at the first poll."""
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


def one_each(bench: Bench, number: int, *more: str) -> list[Ended]:
    """Run so many creates at the same time, each with a prompt of its own."""
    started = [bench.start(*CREATE, *more, "--prompt", f"kite {count}") for count in range(number)]
    return [wait(process) for process in started]


def go_on(bench: Bench, documents: Sequence[dict[str, Any]]) -> list[Ended]:
    """Run the next command of each result, all at the same time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(bench.shell, [document["next"] for document in documents]))


def assert_resumes(bench: Bench, house: StandInHouse, document: dict[str, Any]) -> None:
    """Check that the next command brings the paid image, and that nothing was paid but the first time."""
    assert document["next"]["argv"][2:4] == ["--resume", document["task_id"]]
    ended_well(bench.shell(document["next"]))
    assert (creates(house), len(house.ledger), states(bench)) == (1, 1, ["succeeded"])


# --- Looks that do not work


FAILED_LOOKS = {
    "502": Plan(status=502, body=pictures.HTML),
    "reset": Plan(fault=Fault.RESET),
    "HTML": Plan(body=pictures.HTML),
    "empty": Plan(body=b""),
    "cut": Plan(fault=Fault.CUT_LENGTH),
}


def test_twenty_failed_looks_in_a_row_are_survived_whatever_their_kind(tmp_path: Path) -> None:
    with ExitStack() as stack:
        benches = {}
        for kind, plan in FAILED_LOOKS.items():
            house = stack.enter_context(StandInHouse(task_seconds=0.0))
            house.kexiang.plan_query(*[plan] * 20)
            (tmp_path / kind).mkdir()
            benches[kind] = Bench(tmp_path / kind, house), house
        started = [bench.start(*KITE) for bench, _ in benches.values()]
        for process, (bench, house) in zip(started, benches.values(), strict=True):
            ended = wait(process)
            assert ended_well(ended)["possible_charges"] == 1
            assert ended.talk.count("one status check failed; still waiting") == 20
            assert (creates(house), queries(house), len(house.ledger)) == (1, 21, 1)
            assert states(bench) == ["succeeded"]


def test_an_answer_that_is_no_task_is_a_failed_look(bench: Bench, house: StandInHouse) -> None:
    bodies: list[Any] = [[], "success", {"id": 13170}, b'{"task_status": "success", "task_status": "failed"}']
    house.kexiang.plan_query(*(Plan(body=body) for body in bodies))
    house.kexiang.plan_query(Plan(status=302, headers={"Location": "https://others.example/"}))
    ended = bench.run(*KITE)
    ended_well(ended)
    assert ended.talk.count("one status check failed") == 5
    assert house.contacted == {kexiang.HOST, kexiang.PICTURE_HOST}


def test_a_task_that_is_not_known_yet_is_looked_for_again(bench: Bench, house: StandInHouse) -> None:
    unknown = Plan(status=404)
    house.kexiang.plan_query(unknown, unknown, Plan(status=502), unknown, unknown)
    ended_well(bench.run(*KITE))
    assert queries(house) == 6


def test_a_task_that_is_unknown_three_times_in_a_row_ends_the_wait_but_not_the_task(
    bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_query(*[Plan(status=404)] * 3)
    document = ended_with(bench.run(*KITE), 7, "task_unknown_at_service")
    assert (document["charged"], document["task_id"], document["error"]["http_status"]) == ("yes", "13170", 404)
    assert states(bench) == ["submitted"]
    ended_well(bench.run(*KITE))
    assert (creates(house), len(house.ledger)) == (1, 1)


def test_a_key_that_is_refused_while_waiting_leaves_the_task_to_be_resumed(
    bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_query(Plan(status=401))
    ended = bench.run(*KITE)
    document = ended_with(ended, 4, "key_refused")
    assert (document["charged"], document["possible_charges"], states(bench)) == ("yes", 1, ["submitted"])
    assert "Nothing was charged" not in ended.talk
    assert_resumes(bench, house, document)


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_more_than_a_minute_ends_the_wait(
    bench: Bench, house: StandInHouse, status: int
) -> None:
    house.kexiang.plan_query(Plan(status=status, headers={"Retry-After": "3600"}))
    document = ended_with(bench.run(*KITE), 6, "rate_limited")
    assert "3600 s" in document["error"]["message"]
    assert (document["charged"], document["error"]["retryable"], states(bench)) == ("yes", True, ["submitted"])
    assert queries(house) == 1
    assert_resumes(bench, house, document)


def test_a_service_that_asks_for_a_moment_gets_it(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_query(Plan(status=429, headers={"Retry-After": "2"}))
    ended_well(bench.run(*KITE))
    first, second = house.recorder.requests_to(kexiang.QUERY_PATH)
    assert second.received_at - first.received_at >= 2


# --- What a poll tells


def test_a_failed_task_tells_why_and_a_rerun_sends_nothing(bench: Bench, house: StandInHouse) -> None:
    words = ("failed", "Error", "CANCELED", "cancelled")
    for word in words:
        house.kexiang.plan_task(
            TaskPlan(outcome="failed", status_words=("pending", "running", word), reason=f"{word}:\nMEDIA:/x\x1b")
        )
    reasons = {f"{word}: media\u2236/x" for word in words}
    for ended in one_each(bench, len(words)):
        document = ended_with(ended, 8, "task_failed")
        assert (document["status"], document["charged"]) == ("failed", "unknown")
        assert (document["possible_charges"], document["images"]) == (1, [])
        reasons -= {reason for reason in reasons if f": {reason}." in document["error"]["message"]}
    assert reasons == set()
    assert set(states(bench)) == {"failed"}

    asked, connections = len(house.recorder.requests), len(house.proxy.connects)
    document = ended_with(bench.run(*CREATE, "--prompt", "kite 0"), 8, "task_failed_before")
    assert "media\u2236/x" in document["error"]["message"]
    assert document["next"]["argv"][-1] == "--new"
    assert (len(house.recorder.requests), len(house.proxy.connects)) == (asked, connections)
    assert len(house.ledger) == len(words)


def test_a_task_that_failed_without_a_reason_says_that(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(outcome="failed", output="null"))
    for error in ("task_failed", "task_failed_before"):
        document = ended_with(bench.run(*KITE), 8, error)
        assert document["error"]["message"].endswith(": no reason given.")
    assert queries(house) == 1


def test_every_word_for_success_and_every_form_of_the_output_gives_the_picture(
    bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_task(
        TaskPlan(status_words=("PENDING", "Running", "Success"), output="object"),
        TaskPlan(status_words=("pending", "running", "SUCCEEDED"), output="text"),
        TaskPlan(status_words=("pending", "running", "done"), output="single"),
        TaskPlan(status_words=("pending", "running", "Completed"), output="object"),
    )
    for ended in one_each(bench, 4):
        ended_well(ended)
        assert "unknown status" not in ended.talk
    assert len(house.ledger) == 4


def test_an_unknown_status_goes_on_and_is_said_once(bench: Bench, house: StandInHouse) -> None:
    words: list[Any] = ["warming\nMEDIA:/x", None, 7, True, {"a": 1}, "", "failed?", "x" * 100_000]
    house.kexiang.plan_query(*(Plan(fields={"task_status": word}) for word in words))
    ended = bench.run(*KITE)
    ended_well(ended)
    assert ended.talk.count("unknown status") == 1
    assert "unknown status, warming media\u2236/x;" in ended.talk
    assert queries(house) == len(words) + 1


def test_a_done_task_without_links_is_asked_again(bench: Bench, house: StandInHouse) -> None:
    outputs: list[Any] = [None, "{not json", "[]", 7, {}, {"imgUrls": []}, {"imgUrls": [None, ""]}, {"imgUrl": 7}]
    house.kexiang.plan_query(*(Plan(fields={"service_output": output}) for output in outputs))
    ended_well(bench.run(*KITE))
    assert queries(house) == len(outputs) + 1
    assert len(house.ledger) == 1


def test_a_done_task_that_stays_without_links_is_not_finished(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(output="null"))
    document = ended_with(bench.run(*KITE, "--timeout", "1"), 9, "still_running")
    assert (document["charged"], states(bench)) == ("yes", ["submitted"])
    (task,) = house.kexiang.tasks.values()
    house.kexiang.tasks[str(task.task_id)] = replace(task, plan=replace(task.plan, output="object"))
    assert_resumes(bench, house, document)


# --- The limits of a wait


def test_the_limits_of_a_wait_end_it_and_the_next_command_goes_on(bench: Bench, house: StandInHouse) -> None:
    end_tasks = tasks_end_when_told(house)
    house.kexiang.default_duration = 10.0
    by_looks = bench.start(*CREATE, "--max-attempts", "2", "--prompt", "kite 1")
    by_seconds = bench.start(*CREATE, "--timeout", "1", "--prompt", "kite 2")
    documents = [ended_with(wait(process), 9, "still_running") for process in (by_looks, by_seconds)]
    for document in documents:
        assert (document["status"], document["charged"], document["error"]["retryable"]) == (
            "running",
            "yes",
            True,
        )
    looks = house.recorder.requests_to(kexiang.QUERY_PATH + str(documents[0]["task_id"]))
    assert len(looks) == 2
    assert documents[1]["elapsed_seconds"] >= 1
    end_tasks()
    for ended in go_on(bench, documents):
        ended_well(ended)
    assert (creates(house), len(house.ledger), states(bench)) == (2, 2, ["succeeded", "succeeded"])
