"""image_queue.py: bounded processes, a state that is always whole, and nothing left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai_images.queue import inspect_cli

from shared.cli.context import CommandContext
from shared.signals import Interrupted
from tests.contract.paid import answers_held
from tests.contract.zm.stage import QUICK, Stage, eventually, expect
from tests.launcher import Ended, wait
from tests.providers.openai_images import GENERATIONS
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

KILLS = int(os.environ.get("ZM_KILLS", "4"))
"""How often the runner or a child is killed at a random moment; the whole number is 50."""
QUEUE = ("image_queue.py", "run")
MOCKS = {"IMAGE_QUEUE_ALLOW_MOCK_COMMAND": "1"}


def run(stage: Stage, tasks: list[Any], *more: str, env: dict[str, str] | None = None) -> Ended:
    return stage.run(*QUEUE, stage.save("tasks.json", {"tasks": tasks}), *more, env=env)


def sleepers(count: int, seconds: float = 0.05) -> list[dict[str, Any]]:
    return [{"task_name": f"n{i}", "task_key": f"k{i}", "mock_sleep": seconds} for i in range(count)]


def state(stage: Stage) -> dict[str, Any]:
    """Read queue_state.json, which is a whole document at any moment."""
    document = json.loads((stage.state / "image-queue" / "queue_state.json").read_bytes())
    assert isinstance(document, dict)
    return document


def rows(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the tasks by their key, as soon as the queue has a state."""
    try:
        return {row["task_key"]: row for row in state(stage)["tasks"].values()}
    except FileNotFoundError:
        return {}


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_five_tasks_on_two_workers(stage: Stage, house: StandInHouse) -> None:
    document = expect(run(stage, sleepers(5), "--max-workers", "2"), 0)
    assert document["summary"]["ok"] is document["ok"] is True
    assert (document["counters"]["completed"], len(document["results"])) == (5, 5)
    for number, row in enumerate(document["results"]):
        result = json.loads(Path(row["result_json"]).read_bytes())
        assert (row["task_key"], result["task_key"], result["task_name"]) == (
            f"k{number}",
            f"k{number}",
            f"n{number}",
        )
        assert (result["mock"], result["task_id"], result["pid"]) == (True, row["task_id"], row["pid"])
        assert all(Path(row[name]).is_file() for name in ("stdout", "stderr", "result_json"))
        assert json.loads((Path(row["stdout"]).parent / "task.json").read_bytes()) == row
    expect(stage.inside("verify.py", document["results"][0]["result_json"], "--json"), 13, "verify_refused")
    seen = state(stage)
    assert (seen["running"], seen["workers"]) == ({}, {})
    assert {row["worker_id"] for row in seen["tasks"].values()} == {"worker-1", "worker-2"}
    assert document["proof"]["acceptable"] is False
    assert house.contacted == set()


def test_real_tasks_make_pictures(stage: Stage, service: OpenAiImagesService) -> None:
    tasks = [
        {"task_name": "cover", "task_key": "c1", "prompt": "画一只猫"},
        {"task_key": "c2", "prompt": "\ufeffa dog"},
    ]
    document = expect(run(stage, tasks, *QUICK, "--json"), 0)
    assert {made.asked.fields["prompt"] for made in service.made} == {"画一只猫", "\ufeffa dog"}
    for row in document["results"]:
        assert Path(row["output"]).stat().st_size == row["bytes"]
        assert (row["provider"], row["model"], row["possible_charges"]) == ("happy", "gpt-image-2", 1)
        assert json.loads(Path(row["result_json"]).read_bytes())["ok"] is True
        command = json.loads((Path(row["stdout"]).parent / "command.json").read_bytes())
        assert "画一只猫" not in str(command)
        expect(stage.inside("verify.py", row["result_json"], "--json"), 0)
    assert [image["path"] for image in document["images"]] == [row["output"] for row in document["results"]]
    assert all(Path(path).is_file() for path in document["media"])
    assert (len(document["media"]), document["cost"]["amount"]) == (2, 2 * 4210)
    assert document["possible_charges"] == service.counted == 2
    (key,) = (row["local_id"] for row in document["results"] if row["task_key"] == "c1")
    (old,) = (entry for entry in stage.entries() if entry["local_id"] == key)
    stage.put(old | {"finished_at": "2026-01-01T00:00:00.000Z"})
    again = expect(run(stage, tasks, *QUICK, "--json"), 0)
    assert [row["reused"] for row in again["results"]] == [True, True]
    assert service.counted == 2
    got = expect(stage.inside("image_queue.py", "get", "c1", "--json"), 0)
    assert ([image["path"] for image in got["images"]], got["charged"]) == (
        [document["results"][0]["output"]],
        "yes",
    )


def test_the_next_command_of_new_pictures_pays_for_none_again(stage: Stage, service: OpenAiImagesService) -> None:
    document = expect(run(stage, [{"prompt": "x"}, {"prompt": ""}], "--new"), 8)
    again = expect(stage.shell(document["error"]["next"]), 8)
    assert (again["results"][0]["reused"], service.counted) == (True, 1)


def test_what_is_to_be_paid_is_said_before_the_question(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def declined(_run: CommandContext) -> None:
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(CommandContext, "confirm_spend", declined)
    assert "2 task(s)" in run(stage, [{"prompt": "a cat"}, {"prompt": "a dog"}]).talk


def test_a_single_task_by_flags(stage: Stage, service: OpenAiImagesService) -> None:
    argv = (
        *QUEUE,
        "--prompt",
        "a product",
        "--task-name",
        "product-001",
        "--task-key",
        "product-001",
        "--no-send",
        "--raw",
    )
    document = expect(stage.run(*argv), 0)
    (row,) = document["results"]
    assert json.loads(Path(row["result_json"]).read_bytes())["raw"] is True
    assert Path(row["output"]).name.startswith("product-001-")
    assert service.counted == 1


@pytest.mark.parametrize("stubborn", [False, True], ids=["obedient", "stubborn"])
def test_a_timeout_kills_the_whole_group_and_frees_the_slot(stage: Stage, stubborn: bool) -> None:
    """Also a grandchild that ignores SIGTERM and holds the child's pipes."""
    pids = stage.work / "pids"
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    inner = f"{ignore}import os, time; open({str(pids)!r}, 'a').write(str(os.getpid()) + ' '); time.sleep(60)"
    code = f"{ignore}import subprocess, sys; subprocess.Popen([sys.executable, '-c', {inner!r}]); {inner}"
    tasks: list[dict[str, Any]] = [
        {"task_key": "long", "mock_command": [sys.executable, "-c", code]},
        *sleepers(1),
    ]
    flags = ("--max-workers", "1", "--task-timeout-seconds", "3", "--grace-seconds", "0.3")
    document = expect(run(stage, tasks, *flags, env=MOCKS), 8)
    assert [row["status"] for row in document["results"]] == ["timed_out", "completed"]
    assert (document["counters"]["timed_out"], document["summary"]["ok"]) == (1, False)
    found = [int(pid) for pid in pids.read_text().split()]
    assert len(found) == 2
    assert not any(alive(pid) for pid in (*found, document["results"][0]["pid"]))


def test_overflow_duplicates_and_bad_tasks(stage: Stage) -> None:
    tasks: list[Any] = [*sleepers(3), {"task_key": "k0", "mock_sleep": 0}, {"prompt": ""}, 7, *sleepers(6)[4:]]
    tasks += [{"task_key": "../up", "mock_sleep": 0}, {"task_key": "e", "mock_sleep": float(10**6)}]
    tasks += [{"task_key": "cafe\u0301", "mock_sleep": 0}, {"task_key": "caf\u00e9", "mock_sleep": 0}]
    document = expect(run(stage, tasks, "--max-workers", "1", "--max-queue-size", "4"), 8, "queue_incomplete")
    found = [row["status"] for row in document["results"]]
    ends = ["completed"] * 3 + ["skipped"] + ["rejected"] * 2 + ["completed"] * 2 + ["rejected"] * 4
    assert found == ends
    counted = {name: count for name, count in document["counters"].items() if count}
    assert counted == {"completed": 5, "skipped": 1, "rejected": 6}
    assert all(Path(row["result_json"]).is_file() for row in document["results"])
    assert document["summary"]["ok"] is False


def test_two_keys_that_are_one_after_normalising(stage: Stage) -> None:
    tasks = [{"task_key": "cafe\u0301", "mock_sleep": 0}, {"task_key": "caf\u00e9", "mock_sleep": 0}]
    document = expect(run(stage, tasks), 8)
    assert [row["status"] for row in document["results"]] == ["completed", "skipped"]
    expect(stage.inside("image_queue.py", "get", "caf\u00e9"), 0)


def test_failures_of_children(stage: Stage) -> None:
    noisy = "import sys; sys.stdout.write('x' * 5_000_000)"
    junk = {"ok": True, "images": [{"path": 5}], "possible_charges": "many", "media": 5, "error": {"message": 5}}
    tasks = [
        {"task_key": "code", "mock_command": [sys.executable, "-c", "raise SystemExit(3)"]},
        {"task_key": "says no", "mock_command": [sys.executable, "-c", "print('{\"ok\": false}')"]},
        {"task_key": "noisy", "mock_command": [sys.executable, "-c", noisy]},
        {"task_key": "missing", "mock_command": ["/nowhere/at/all"]},
        {"task_key": "text", "mock_command": "rm -rf /"},
        {"task_key": "nothing", "mock_sleep": None},
        {"task_key": "junk", "mock_command": ["echo", json.dumps(junk)]},
    ]
    document = expect(run(stage, tasks, env=MOCKS), 8)
    assert [row["status"] for row in document["results"]] == [
        "failed",
        "failed",
        "completed",
        "failed",
        "rejected",
        "rejected",
        "completed",
    ]
    assert document["results"][0]["exit_code"] == 3
    noise = Path(document["results"][2]["stdout"])
    assert noise.stat().st_size < 1_100_000
    assert noise.read_text().endswith("[the rest was not kept]\n")
    stage.configure("{}")  # what has no prompt needs no provider
    refused = expect(run(stage, [tasks[0], {}, 7]), 8)
    assert refused["results"][0]["status"] == "rejected"
    assert "IMAGE_QUEUE_ALLOW_MOCK_COMMAND" in refused["results"][0]["error"]


def test_a_hundred_and_four_tasks_fit(stage: Stage) -> None:
    tasks = [{"task_key": f"t{i}", "mock_sleep": 0} for i in range(106)]
    flags = ("--max-workers", "9", "--task-timeout-seconds", "0.1", "--grace-seconds", "0")
    document = expect(run(stage, tasks, *flags), 8)
    assert (document["counters"]["rejected"], len(document["results"])) == (2, 106)
    assert [row["status"] for row in document["results"][-2:]] == ["rejected", "rejected"]


def test_status_list_get_and_history(stage: Stage) -> None:
    expect(run(stage, [*sleepers(2), {"task_key": "bad", "prompt": ""}]), 8)
    status = expect(stage.inside("image_queue.py", "status"), 8, "queue_status_incomplete")
    assert (status["counters"]["completed"], status["counters"]["rejected"]) == (2, 1)
    listed = expect(stage.inside("image_queue.py", "list", "--status", "completed"), 0)
    assert [row["task_key"] for row in listed["results"]] == ["k0", "k1"]
    assert len(expect(stage.inside("image_queue.py", "history", "-n", "2"), 0)["results"]) == 2
    got = expect(stage.inside("image_queue.py", "get", "k1"), 0)
    assert '"mock": true' in got["stdout_tail"]
    expect(stage.inside("image_queue.py", "get", got["task"]["task_id"]), 0)
    expect(stage.inside("image_queue.py", "get", "bad"), 8, "queue_task_ended")
    expect(stage.inside("image_queue.py", "get", "nobody"), 2, "queue_task_unknown")
    expect(stage.inside("image_queue.py", "list", "--status", "odd"), 2, "not_one_of")
    expect(stage.inside("image_queue.py", "status", "--state-dir", "nowhere"), 2, "queue_missing")
    person = stage.inside("image_queue.py", "list", "--json")
    assert person.document["counters"]["rejected"] == 1


def test_status_is_ok_once_a_later_run_has_completed_what_failed(stage: Stage) -> None:
    expect(run(stage, [*sleepers(1), {"task_key": "bad", "prompt": ""}]), 8)
    assert expect(stage.inside("image_queue.py", "status"), 8)["status"] == "failed"
    expect(run(stage, [{"task_key": "bad", "mock_sleep": 0}]), 0)
    assert expect(stage.inside("image_queue.py", "status"), 0)["status"] == "succeeded"


def test_a_queue_with_a_failed_task_has_no_acceptable_proof(stage: Stage, service: OpenAiImagesService) -> None:
    document = expect(run(stage, [{"prompt": "a kite"}, {"prompt": ""}], *QUICK), 8, "queue_incomplete")
    assert document["proof"] == {"acceptable": False, "reason": document["proof"]["reason"]}
    assert "1 of 2 tasks" in document["proof"]["reason"]
    assert expect(run(stage, [{"prompt": "a kite"}], *QUICK), 0)["proof"]["acceptable"] is True
    assert service.counted == 1


def test_status_of_a_running_queue_is_not_ok(stage: Stage) -> None:
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": sleepers(1, 30)}))
    eventually(lambda: {row["status"] for row in rows(stage).values()} == {"running"})
    document = expect(stage.inside("image_queue.py", "status"), 9, "queue_status_running")
    assert document["next"]["argv"][-2:] == ["status", "--json"]
    expect(stage.inside("image_queue.py", "cancel", "k0"), 0)
    expect(wait(process), 8)


READS = [("image_queue.py", "list"), ("verify.py", "--self-test"), ("tasks.py", "list")]


@pytest.mark.parametrize("command", READS)
def test_every_document_names_the_configured_provider(command: tuple[str, ...], stage: Stage) -> None:
    expect(run(stage, sleepers(1)), 0)
    assert expect(stage.inside(*command, "--json"), 0)["provider"] == "happy"
    other = {"OPENCLAW_IMAGE_PROVIDER": "relay-two"}
    assert expect(stage.inside(*command, "--json", env=other), 0)["provider"] == "relay-two"


def test_an_error_names_the_configured_provider(stage: Stage) -> None:
    for launcher in (("run.py",), ("image_queue.py", "run")):
        argv = (*launcher, "--prompt", "x", "--provider", "relay-two", "--json")
        assert expect(stage.inside(*argv), 3, "provider_missing")["provider"] == "relay-two"
    batch = stage.save("b.json", {"provider": "relay-two", "tasks": [{"prompt": "x"}]})
    assert expect(stage.inside("batch_run.py", batch, "--json"), 3, "provider_missing")["provider"] == "relay-two"
    doctor = expect(stage.inside("doctor.py", "--provider", "relay-two", "--json"), 3)
    assert doctor["provider"] == "relay-two"


def test_readers_always_see_a_whole_document(stage: Stage) -> None:
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": sleepers(6, 0.1)}), "--max-workers", "2")
    seen = 0
    while process.poll() is None:
        if (stage.state / "image-queue" / "queue_state.json").exists():
            document = state(stage)
            seen += 1
            for task_id, work in document["running"].items():
                assert document["workers"][work["worker_id"]]["task_id"] == task_id
    expect(wait(process), 0)
    assert seen > 0


def test_cancel(stage: Stage, house: StandInHouse) -> None:
    tasks = [{"task_key": "real", "prompt": "a cat"}, {"task_key": "mock", "mock_sleep": 60}, *sleepers(1, 60)]
    with answers_held(house, GENERATIONS) as answer:
        process = stage.start(*QUEUE, stage.save("t.json", {"tasks": tasks}), "--max-workers", "2")
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        eventually(lambda: rows(stage).get("mock", {}).get("status") == "running")
        expect(stage.inside(*QUEUE, "@t.json"), 14, "queue_busy")
        assert expect(stage.inside("image_queue.py", "cancel", "k0"), 0)["task"]["status"] == "cancelled"
        expect(stage.inside("image_queue.py", "cancel", "real"), 9, "cancel_running")
        assert expect(stage.inside("image_queue.py", "cancel", "mock"), 0)["task"]["status"] == "cancelled"
        answer()
        document = expect(wait(process), 8)
    assert [row["status"] for row in document["results"]] == ["completed", "cancelled", "cancelled"]
    expect(stage.inside("image_queue.py", "cancel", "real"), 2, "cancel_ended")


def test_a_task_that_ends_while_it_is_cancelled_stays_what_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(run(stage, sleepers(1, 0)), 0)
    seen = inspect_cli._open_store

    def a_moment_ago(*given: Any) -> Any:
        store = seen(*given)
        for row in store.rows.values():
            row["status"] = "queued"
        return store

    monkeypatch.setattr(inspect_cli, "_open_store", a_moment_ago)
    expect(stage.inside("image_queue.py", "cancel", "k0"), 2, "cancel_ended")
    assert rows(stage)["k0"]["status"] == "completed"


def test_sigterm_ends_children_and_cancels_the_rest(stage: Stage) -> None:
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": sleepers(4, 60)}), "--max-workers", "2")
    running = eventually(lambda: [row for row in rows(stage).values() if row["status"] == "running"][1:])
    process.send_signal(signal.SIGTERM)
    document = expect(wait(process), 143, "queue_interrupted")
    assert sorted(row["status"] for row in document["results"]) == ["cancelled", "cancelled", "failed", "failed"]
    assert not any(alive(row["pid"]) for row in running)


@pytest.mark.parametrize("signals", [1, 2])
def test_an_answer_that_comes_after_the_stop_is_kept(signals: int, stage: Stage, house: StandInHouse) -> None:
    tasks = [{"task_key": "paid", "prompt": "a cat"}, {"task_key": "waiting", "prompt": "a dog"}]
    with answers_held(house, GENERATIONS) as answer:
        process = stage.start(*QUEUE, stage.save("t.json", {"tasks": tasks}), "--max-workers", "1")
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        paid = eventually(lambda: rows(stage).get("paid"))
        for number in range(signals):
            process.send_signal(signal.SIGTERM)
            if number == 0:
                eventually(lambda: "Interrupted" in Path(paid["stderr"]).read_text())
        if signals == 1:
            answer()
        document = expect(wait(process), 143, "queue_interrupted")
    assert (document["possible_charges"], len(house.ledger)) == (1, 1)
    assert document["charged"] == ("yes" if signals == 1 else "unknown")
    assert document["results"][0]["status"] == ("completed" if signals == 1 else "running")
    assert eventually(lambda: [entry for entry in stage.entries() if entry["state"] == "succeeded"])


def test_after_a_crash_nothing_runs_and_nothing_claims_to(stage: Stage) -> None:
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": sleepers(3, 60)}), "--max-workers", "2")
    eventually(lambda: sum(row["status"] == "running" for row in rows(stage).values()) == 2)
    pids = [row["pid"] for row in rows(stage).values() if row["pid"]]
    process.kill()
    wait(process)
    eventually(lambda: not any(alive(pid) for pid in pids))
    document = expect(stage.inside("image_queue.py", "status", "--lang", "zh"), 8)
    assert {row["error"] for row in rows(stage).values()} == {"队列进程在任务结束前已退出"}
    assert (document["counters"]["orphaned"], document["counters"]["running"], document["running"]) == (3, 0, [])
    assert expect(stage.inside("image_queue.py", "cancel", "k2"), 0)["task"]["status"] == "cancelled"
    expect(stage.inside("image_queue.py", "cancel", "k0"), 2, "cancel_ended")  # it had begun
    assert {row["status"] for row in state(stage)["tasks"].values()} == {"orphaned", "cancelled"}
    expect(run(stage, sleepers(2)), 0)


def test_a_result_of_somebody_else_is_not_accepted(stage: Stage) -> None:
    """The task's own file names the process whose result counts."""
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": sleepers(1, 1.5)}))
    row = eventually(lambda: next((row for row in rows(stage).values() if row["status"] == "running"), None))
    path = Path(row["stdout"]).parent / "task.json"
    path.write_text(json.dumps({**row, "pid": 1}))
    document = expect(wait(process), 8)
    assert document["results"][0]["status"] == "orphan_late_output"
    assert json.loads(Path(row["result_json"]).read_bytes())["ok"] is False


def test_a_picture_that_takes_too_long_is_timed_out_and_tells_its_charge(
    stage: Stage, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(delay=30.0))
    tasks = [{"task_key": "slow", "prompt": "x"}, {"task_key": "quick", "prompt": "y"}]
    document = expect(run(stage, tasks, "--task-timeout-seconds", "3", "--max-workers", "1"), 8)
    slow, quick = document["results"]
    assert (slow["status"], slow["charged"], slow["possible_charges"]) == ("timed_out", "unknown", 1)
    assert (quick["status"], document["counters"]["timed_out"], service.counted) == ("completed", 1, 2)


def test_a_child_that_is_killed_says_what_may_be_paid(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(delay=30.0))
    process = stage.start(*QUEUE, stage.save("t.json", {"tasks": [{"task_key": "a", "prompt": "x"}]}))
    eventually(lambda: house.recorder.requests_to(GENERATIONS))
    os.kill(eventually(lambda: rows(stage).get("a", {}).get("pid")), signal.SIGKILL)
    document = expect(wait(process), 8)
    (row,) = document["results"]
    assert (row["status"], row["charged"], row["possible_charges"]) == ("failed", "unknown", 1)
    assert document["possible_charges"] == service.counted == 1
    again = expect(stage.run(*QUEUE, "@t.json"), 8)
    assert again["results"][0]["status"] == "failed"
    assert "--on-unknown retry" in again["error"]["hint"]
    assert json.loads(Path(again["results"][0]["result_json"]).read_bytes())["error"]["next"] is None
    assert service.counted == 1
    assert expect(stage.run(*QUEUE, "@t.json", "--on-unknown", "retry"), 0)["results"][0]["possible_charges"] == 2


def test_killed_at_random_moments(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    """Runner or child: no charge without an entry, no process left, and what was made is kept."""
    service.default_seconds = 0.2
    service.honours_keys = False
    tasks = [{"task_key": f"k{i}", "prompt": f"picture {i}"} for i in range(3 + KILLS)]
    name = stage.save("t.json", {"tasks": tasks})
    moments = random.Random(11)  # noqa: S311
    pids: set[int] = set()
    for number in range(KILLS):
        process = stage.start(*QUEUE, name, *QUICK)
        time.sleep(moments.uniform(0.5, 1.5))
        running = [row["pid"] for row in rows(stage).values() if row["status"] == "running"]
        pids |= set(running)
        if number % 2 and running and alive(running[0]):
            os.kill(running[0], signal.SIGKILL)
        else:
            process.kill()
        wait(process)
        eventually(lambda: not any(map(alive, pids)))  # noqa: B023  - called at once
        assert sum(entry["possible_charges"] for entry in stage.entries()) >= len(house.ledger)
    last = stage.run(*QUEUE, name, *QUICK)
    for row in last.document["results"]:
        if row["status"] == "completed":
            assert Path(row["output"]).stat().st_size == row["bytes"]
        else:
            assert (row["charged"], row["possible_charges"]) == ("unknown", 1)
    assert sum(entry["possible_charges"] for entry in stage.entries()) >= service.counted == len(house.ledger)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(stage.folder) not in left
