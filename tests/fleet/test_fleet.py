"""The commands of a fleet: what is enqueued, made, saved, listed and cancelled, and what is paid."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.contract.zm.stage import eventually, expect
from tests.fleet.stage import kill, stop
from tests.launcher import ROOT, Bench
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.fleet.server import PostgresServer
    from tests.fleet.stage import FleetStage

SECRET = "dummy-password-in-an-address"


def outcomes(document: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in document["counters"].items() if count}


def spool(stage: FleetStage) -> list[Path]:
    return list((stage.home / ".openclaw" / "image-fleet" / "spool").iterdir())


def query(stage: FleetStage, server: PostgresServer, statement: str, *values: object) -> list[Any]:
    with psycopg.connect(stage.database, passfile=str(server.pgpass), autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


# ---- from submit to the picture


def test_tasks_are_submitted_made_and_listed(stage: FleetStage) -> None:
    assert outcomes(stage.submit(3)) == {"queued": 3}
    assert stage.counts() == {"queued": 3}
    assert stage.drain()["counters"]["completed"] == 3
    assert stage.paid_once() == 3
    for key, row in stage.tasks().items():
        content = Path(row["output"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (row["bytes"], row["sha256"])
        assert Path(row["output"]).parent == stage.store / "pictures"
        assert (row["status"], row["charged"], row["attempts"]) == ("completed", "yes", 1)
        assert stage.ask("get", key)["task"] == row
    assert len(stage.ask("history", "--limit", "2")["results"]) == 2
    assert spool(stage) == []


def test_what_was_made_or_waits_is_not_enqueued_again(stage: FleetStage) -> None:
    stage.submit(2)
    assert outcomes(stage.submit(3)) == {"in_queue": 2, "queued": 1}
    stage.drain()
    assert outcomes(stage.submit(3)) == {"reused": 3}
    assert outcomes(stage.submit(2, "--new")) == {"queued": 2}
    stage.drain()
    assert len(stage.paid) == 5
    assert len(set(stage.paid)) == 3


def test_references_reach_a_worker_by_their_hash(stage: FleetStage) -> None:
    picture = stage.picture("cat.png")
    stage.submit(1, images=[str(picture)])
    picture.unlink()
    assert stage.drain()["counters"]["completed"] == 1
    (made,) = stage.service.made
    assert (made.mode, len(made.asked.references)) == ("edit", 1)
    assert stage.tasks()["k1"]["mode"] == "edit"


def test_several_images_of_one_task_are_one_request(stage: FleetStage) -> None:
    stage.submit(1, n=2, quality="low")
    assert stage.drain()["counters"]["completed"] == 1
    assert stage.paid_once() == 1
    assert len(list((stage.store / "pictures").iterdir())) == 2
    (made,) = stage.service.made
    assert (made.asked.fields["n"], made.asked.fields["quality"]) == (2, "low")


def test_a_task_that_is_invalid_stops_no_other(stage: FleetStage) -> None:
    tasks = [{"task_key": "a", "prompt": "x"}, {"task_key": "b", "prompt": " "}, {"task_key": "a", "prompt": "y"}]
    (stage.work / "odd.json").write_text(json.dumps({"tasks": tasks}))
    document = stage.ask("submit", "@odd.json", code=8, error="submit_incomplete")
    assert outcomes(document) == {"queued": 1, "rejected": 2}
    assert [row["status"] for row in document["results"]] == ["queued", "rejected", "rejected"]
    assert stage.counts() == {"queued": 1}


def test_a_dry_run_changes_nothing(stage: FleetStage) -> None:
    assert stage.submit(2, "--dry-run")["status"] == "prepared"
    assert stage.counts() == {}


def test_many_submits_of_one_file_enqueue_each_task_once(stage: FleetStage) -> None:
    argument = stage.save(20)
    ended: list[int] = []

    def submit() -> None:
        ended.append(Bench.run(stage, "image_queue.py", "submit", argument, "--store", str(stage.store)).code)

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [0] * 6
    assert stage.counts() == {"queued": 20}


# ---- order, time, rate, cancel


def test_priority_and_start_decide_the_order(stage: FleetStage) -> None:
    stage.ask("submit", stage.save(1, "low.json"), "--priority", "-5")
    stage.ask("submit", stage.save(1, "later.json"), "--delay", "3600", "--priority", "9")
    stage.ask("submit", stage.save(1, "high.json", prompt="first"), "--priority", "5")
    stage.drain("--max-workers", "1")
    prompts = [made.asked.fields["prompt"] for made in stage.service.made]
    assert prompts == ["first", "picture 1"]
    assert stage.counts() == {"completed": 2, "queued": 1}


def test_a_waiting_task_is_cancelled_and_never_sent(stage: FleetStage) -> None:
    stage.submit(2)
    assert stage.ask("cancel", "k1")["task"]["status"] == "cancelled"
    assert stage.ask("cancel", "k1", code=2, error="cancel_ended")
    assert stage.ask("cancel", "nobody", code=2, error="queue_task_unknown")
    stage.drain()
    assert stage.counts() == {"completed": 1, "cancelled": 1}
    assert stage.ask("cancel", "k2", code=2, error="cancel_ended")
    assert stage.paid_once() == 1
    assert outcomes(stage.submit(2)) == {"reused": 1, "queued": 1}, "a cancelled task may be submitted again"


def test_a_task_under_way_is_not_cancelled(stage: FleetStage) -> None:
    stage.service.default_seconds = 2.0
    stage.submit(1)
    worker = stage.start_worker()
    eventually(lambda: stage.paid)
    stage.ask("cancel", "k1", code=9, error="cancel_running")
    assert stop(worker) == 0
    assert stage.counts() == {"completed": 1}


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_paid_for(stage: FleetStage) -> None:
    stage.service.default_seconds = 1.0
    stage.submit(8)
    worker = stage.start_worker("--max-workers", "2")
    eventually(lambda: len(stage.paid) == 2)
    assert stop(worker) == 0
    counts = stage.counts()
    assert counts.pop("completed") == stage.paid_once() <= 4
    assert set(counts) == {"queued"}


def test_the_rate_of_an_account_is_shared(stage: FleetStage) -> None:
    stage.submit(6)
    begun = time.monotonic()
    workers = [stage.start_worker("--drain", "--max-per-minute", "120") for _ in "12"]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert time.monotonic() - begun >= 2.4, "six requests at two a second have five gaps"
    assert stage.paid_once() == 6


def test_retry_after_of_one_request_holds_all(stage: FleetStage) -> None:
    stage.service.plan_create(Plan(status=429, headers={"Retry-After": "2"}))
    stage.submit(3)
    begun = time.monotonic()
    stage.drain("--max-workers", "1")
    assert time.monotonic() - begun >= 2
    assert stage.counts() == {"completed": 3}
    assert stage.paid_once() == 3


# ---- what refuses


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://u:{SECRET}@127.0.0.1/x",
        f"host=127.0.0.1 password='{SECRET}'",
        f"service=a password={SECRET}",
    ],
)
@pytest.mark.parametrize("command", [("status",), ("submit", "@tasks.json"), ("worker",), ("migrate",)])
def test_a_password_on_a_command_line_is_refused_and_not_repeated(
    bare: FleetStage, address: str, command: tuple[str, ...]
) -> None:
    ended = bare.queue(*command, "--database", address)
    expect(ended, 2, "database_password")
    assert SECRET not in ended.stdout.decode() + ended.talk
    expect(bare.queue(*command, env={"IMAGE_QUEUE_DATABASE": address}), 2, "database_password")


def test_a_missing_package_is_named_with_the_line_that_installs_all(
    bare: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "procrastinate" else known(name))
    for command in (("migrate",), ("status",), ("worker", "--store", bare.store)):
        error = bare.ask(*command, code=3, error="fleet_packages_missing")["error"]
        assert "pip install" in error["message"]
        assert "procrastinate>=" in error["message"]
        assert "psycopg[binary]>=" in error["message"]


def test_a_queue_on_one_machine_loads_nothing_of_a_fleet(bare: FleetStage) -> None:
    script = (
        "import sys; from openai_images.queue.cli import image_queue; "
        "code = image_queue(['run', '--prompt', 'a cup', '--dry-run', '--json'], sys.argv[1]); "
        "print(code, sorted(m for m in sys.modules if 'fleet' in m or m.split('.')[0] in "
        "('psycopg', 'procrastinate', 'boto3', 'asyncio')))"
    )
    environment = {name: value for name, value in bare.environment.items() if name != "IMAGE_QUEUE_DATABASE"}
    paths = [str(ROOT), str(ROOT / "skills" / bare.skill / "scripts")]
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(paths[1]) / "image_queue.py")],
        env={**environment, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=bare.work, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_a_database_that_is_not_set_up_is_refused(bare: FleetStage) -> None:
    for command in (("status",), ("submit", bare.save(1)), ("worker", "--store", bare.store), ("reconcile",)):
        bare.ask(*command, code=12, error="database_not_set_up")


def test_a_database_that_is_away_is_named_with_its_reason(stage: FleetStage) -> None:
    stage.environment["IMAGE_QUEUE_DATABASE"] = "postgresql://fleet@127.0.0.1:1/fleet"
    ended = Bench.run(stage, "image_queue.py", "status", "--json")
    document = expect(ended, 12, "journal_failed")
    assert "127.0.0.1" in document["error"]["message"]


def test_migrate_twice_at_once_sets_up_once(bare: FleetStage) -> None:
    steps: list[list[str]] = []

    def migrate() -> None:
        steps.append(expect(Bench.run(bare, "image_queue.py", "migrate", "--json"), 0)["steps"])

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sorted(map(len, steps))
    assert done[:2] == [0, 0]
    assert done[2] >= 3


def test_a_store_that_is_not_the_fleets_is_refused(stage: FleetStage) -> None:
    stage.submit(1)
    other = stage.folder / "other"
    other.mkdir()
    stage.ask("worker", "--store", other, "--drain", code=12, error="store_not_shared")
    stage.ask("worker", "--store", other / "missing", code=2, error="store_invalid")
    stage.ask("worker", code=2, error="store_missing")
    assert stage.paid == []


def test_a_worker_of_another_account_takes_nothing(stage: FleetStage) -> None:
    stage.submit(1)
    stage.configure(stage.home, "dummy-key-of-another-account")
    stage.drain()
    assert stage.paid == []
    assert stage.counts() == {"queued": 1}


def test_a_refused_key_stops_the_worker_and_loses_no_task(stage: FleetStage) -> None:
    stage.submit(3)
    stage.service.key = "dummy-key-that-was-renewed"
    stage.drain("--max-workers", "1", code=4, error="key_refused")
    assert stage.counts() == {"queued": 3}


def test_a_job_that_was_altered_is_not_sent(stage: FleetStage, server: PostgresServer) -> None:
    stage.submit(2)
    prompt = "jsonb_set(args, '{task,request,prompt}', '\"other\"')"
    query(stage, server, f"UPDATE procrastinate_jobs SET args = {prompt} WHERE id = 1")  # noqa: S608
    query(stage, server, "UPDATE procrastinate_jobs SET args = args - 'task' || '{\"task\": 7}' WHERE id = 2")
    stage.drain()
    assert stage.paid == []
    assert [row["error"] is not None for row in stage.tasks().values()] == [True, True]
    assert stage.counts() == {"failed": 2}


def test_content_that_is_refused_is_not_tried_again(stage: FleetStage) -> None:
    stage.service.plan_create(Plan(status=400, body={"error": {"message": "no", "code": "moderation_blocked"}}))
    stage.submit(1)
    stage.drain()
    stage.drain()
    row = stage.tasks()["k1"]
    assert (row["status"], row["charged"], row["attempts"]) == ("failed", "no", 1)


def test_a_restored_database_is_refused_until_somebody_accepts_it(
    stage: FleetStage, server: PostgresServer
) -> None:
    stage.submit(2)
    query(stage, server, "UPDATE fleet_settings SET value = '7/00000001' WHERE name = 'cluster'")
    stage.ask("worker", "--store", stage.store, "--drain", code=12, error="database_moved")
    assert outcomes(stage.ask("reconcile", "--apply", "--after-restore", "distrust")) == {}
    assert stage.counts() == {"unknown": 2}
    stage.drain()
    assert stage.paid == []
    assert outcomes(stage.submit(2, code=8)) == {"unknown": 2}
    assert outcomes(stage.submit(2, "--on-unknown", "retry")) == {"queued": 2}
    stage.drain()
    assert stage.paid_once() == 2


# ---- the doctor


def test_the_doctor_checks_what_a_worker_needs(stage: FleetStage) -> None:
    stage.submit(2)
    document = expect(stage.run("doctor.py", "--json", "--store", str(stage.store)), 0)
    checks = {row["check"]: row["message"] for row in document["checks"]}
    assert "PostgreSQL" in "".join(row["message"] for row in document["checks"] if row["check"] == "database")
    assert str(stage.store) in checks["store"]
    assert "2 task(s) wait" in checks["account"]
    assert {"worker_clock"} <= checks.keys()
    other = stage.folder / "other"
    other.mkdir()
    expect(stage.run("doctor.py", "--json", "--store", str(other)), 12, "store_not_shared")


def test_the_doctor_finds_a_database_that_is_not_set_up(bare: FleetStage) -> None:
    expect(bare.run("doctor.py", "--json", "--store", str(bare.store)), 12, "database_not_set_up")


# ---- crashes at one place each


def test_a_kill_in_the_request_leaves_unknown_and_the_users_word_sends_once_more(stage: FleetStage) -> None:
    stage.service.default_seconds = 30.0
    stage.submit(1)
    worker = stage.start_worker()
    eventually(lambda: stage.paid)
    kill(worker)
    stage.service.default_seconds = 0.0
    eventually(lambda: stage.ask("reconcile", "--heartbeat", "1")["unknown"])
    assert stage.counts() == {"running": 1}, "without --apply nothing changes"
    assert len(stage.ask("reconcile", "--apply", "--heartbeat", "1")["unknown"]) == 1
    assert stage.counts() == {"unknown": 1}
    stage.drain()
    assert len(stage.paid) == 1
    assert outcomes(stage.submit(1, "--on-unknown", "retry")) == {"queued": 1}
    stage.drain()
    assert len(stage.paid) == 2
    row = stage.tasks()["k1"]
    assert (row["status"], row["possible_charges"], row["attempts"]) == ("completed", 2, 2)
