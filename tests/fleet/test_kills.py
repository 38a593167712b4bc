"""Workers killed and PostgreSQL restarted at random moments: nothing is paid twice, nothing lost from sight."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.zm.stage import eventually
from tests.fleet.stage import FleetStage, kill, stop

if TYPE_CHECKING:
    import subprocess

    from tests.fleet.server import PostgresServer

HEARTBEAT = (
    "1"  # seconds: who gives no sign of life for so long is looked into at once, and still protected by locks
)


def carry_out(
    stage: FleetStage, server: PostgresServer, *, tasks: int, kills: int, restarts: int, seed: int
) -> None:
    """Let two workers carry out tasks under kills and restarts until none waits; check what was paid."""
    chance = random.Random(seed)  # noqa: S311  - repeats an order
    stage.service.default_seconds = 0.15
    stage.submit(tasks)
    started = time.monotonic()
    workers = [stage.start_worker("--max-workers", "4") for _ in "12"]
    events = ["kill"] * kills + ["restart"] * restarts
    chance.shuffle(events)
    for number, event in enumerate(events, 1):
        goal = tasks * number // (len(events) + 1)
        eventually(lambda goal=goal: len(stage.paid) >= goal)  # type: ignore[misc]
        time.sleep(chance.random() * 0.15)  # somewhere in the life of a request
        if event == "restart":
            server.restart()
        else:
            victim = chance.randrange(len(workers))
            kill(workers[victim])
            workers[victim] = stage.start_worker("--max-workers", "4")
    finish(stage, workers)
    counts = stage.counts()
    paid = stage.paid_once()
    made = len(list((stage.store / "pictures").glob("p*")))  # a kill may leave a part of one, with a dot
    print(
        f"tasks {tasks}, kills {kills}, restarts {restarts}: {paid} charged, at most 1 a task, {counts}, "
        f"{time.monotonic() - started:.0f} s"
    )
    assert set(counts) <= {"completed", "unknown"}
    assert sum(counts.values()) == tasks
    assert counts["completed"] == made
    assert counts["completed"] <= paid <= tasks
    unknown = [row for row in stage.tasks().values() if row["status"] == "unknown"]
    assert len(unknown) == counts.get("unknown", 0)
    assert all(row["charged"] == "unknown" and row["possible_charges"] == 1 for row in unknown)


def finish(stage: FleetStage, workers: list[subprocess.Popen[bytes]]) -> None:
    """Reconcile until no task waits or is under way, then stop the workers in order."""

    def settled() -> bool:
        stage.ask("reconcile", "--apply", "--heartbeat", HEARTBEAT)
        counts = stage.counts()
        return not counts.get("queued") and not counts.get("running")

    deadline = time.monotonic() + 240
    while not settled():
        assert time.monotonic() < deadline, stage.counts()
        time.sleep(0.5)
    assert {stop(worker) for worker in workers} <= {0, 143}  # 143: one that was just starting


def test_kills_and_a_restart_pay_nothing_twice(stage: FleetStage, server: PostgresServer) -> None:
    carry_out(stage, server, tasks=40, kills=3, restarts=1, seed=7)


@pytest.mark.thorough
def test_many_kills_and_restarts_pay_nothing_twice(stage: FleetStage, server: PostgresServer) -> None:
    tasks, seed = int(os.environ.get("FLEET_TASKS", "300")), int(os.environ.get("FLEET_SEED", "1"))
    carry_out(stage, server, tasks=tasks, kills=max(10, tasks // 50), restarts=max(2, tasks // 500), seed=seed)
