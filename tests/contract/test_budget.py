"""tasks.py budget and --max-cost: what would exceed them is refused, over all processes, and not sent."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.paid import KITE, creates, ended_with
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

SECONDS_FOR_ALL = 400.0  # for two hundred commands on a busy machine
SEVERAL = """
import sys
from kexiang.cli import create_task
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    arguments = ["--mode", "text2img", "--size", "1:1", "--no-wait", "--json", "--prompt", f"picture {number}"]
    create_task(arguments, sys.argv[1])
"""


def budget(bench: Bench, *arguments: str, code: int = 0) -> Any:
    ended = bench.run("tasks.py", "budget", *arguments, "--json")
    assert ended.code == code, ended.talk
    return ended.document


def test_a_budget_is_set_shown_and_removed(bench: Bench, house: StandInHouse) -> None:
    assert budget(bench, "show")["budgets"] == []
    document = budget(
        bench, "set", "--skill", "image2", "--per-day", "5", "--per-month", "100", "--unit", "credits"
    )
    (day, month) = document["budgets"]
    assert (day["skill"], day["period"], day["unit"], day["amount"]) == ("image2", "day", "credits", 5.0)
    assert (day["spent"], day["left"], month["period"], month["amount"]) == (0.0, 5.0, "month", 100.0)
    assert bench.run(*KITE).code == 0
    assert [row["left"] for row in budget(bench, "show")["budgets"]] == [4.8, 99.8]
    shown = bench.run("tasks.py", "budget", "show", "--lang", "zh").stdout.decode()
    assert "image2：每天 5 积分；已花费或预留 0.2，剩余 4.8；" in shown
    assert [row["period"] for row in budget(bench, "remove", "--period", "day")["budgets"]] == ["month"]
    assert budget(bench, "remove")["budgets"] == []
    assert bench.run("tasks.py", "budget", "show").stdout.decode() == "No budget is set.\n"
    assert creates(house) == 1


def test_a_refused_request_is_not_sent_and_says_what_is_left(bench: Bench, house: StandInHouse) -> None:
    budget(bench, "set", "--per-day", "0.3", "--unit", "credits")
    assert bench.run(*KITE).code == 0
    ended = bench.run(*KITE, "--new")
    document = ended_with(ended, 5, "budget_exceeded")
    assert (document["status"], document["charged"], document["possible_charges"]) == ("not_started", "no", 0)
    assert (document["next"], document["error"]["retryable"]) == (None, False)
    assert "may cost 0.2 credits" in document["error"]["message"]
    assert "0.3 credits per day has 0.1 left" in document["error"]["message"]
    assert "renews at" in document["error"]["hint"]
    assert (creates(house), len(house.ledger)) == (1, 1)
    assert bench.run(*KITE).document["reused"] is True
    budget(bench, "set", "--per-day", "0.4", "--unit", "credits")
    assert bench.run(*KITE, "--new").code == 0
    assert len(house.ledger) == 2


def test_an_unknown_outcome_counts_against_the_budget(bench: Bench, house: StandInHouse) -> None:
    budget(bench, "set", "--per-week", "2", "--unit", "requests")
    house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    assert bench.run(*KITE).code == 10
    assert bench.run(*KITE, "--variant", "2").code == 0
    ended_with(bench.run(*KITE, "--variant", "3"), 5, "budget_exceeded")
    assert len(house.ledger) == 2


def test_a_refusal_of_the_service_gives_the_room_back(bench: Bench, house: StandInHouse) -> None:
    budget(bench, "set", "--per-day", "1", "--unit", "requests")
    house.kexiang.plan_create(Plan(status=400))
    assert bench.run(*KITE).code == 7
    assert bench.run(*KITE).code == 0
    ended_with(bench.run(*KITE, "--new"), 5, "budget_exceeded")


def test_the_second_request_waits_for_the_cost_of_the_first(bench: Bench, house: StandInHouse) -> None:
    budget(bench, "set", "--per-day", "100", "--unit", "credits")
    house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    assert bench.run(*KITE).code == 10
    document = ended_with(bench.run(*KITE, "--variant", "2"), 5, "budget_undecided")
    assert "The cost of 1 earlier request(s) is not known yet" in document["error"]["message"]
    assert creates(house) == 1


def test_max_cost_limits_one_command(bench: Bench, house: StandInHouse) -> None:
    assert bench.run(*KITE).code == 0
    document = ended_with(bench.run(*KITE, "--new", "--max-cost", "0.1"), 5, "budget_exceeded")
    assert "0.1 credits for this command" in document["error"]["message"]
    assert "--max-cost" in document["error"]["hint"]
    assert len(house.ledger) == 1
    assert bench.run(*KITE, "--new", "--max-cost", "0.2").code == 0


def test_the_budget_of_another_skill_is_set_with_its_own_command(bench: Bench) -> None:
    other = bench.journal.parent.parent / "generator-image"
    assert bench.run(*KITE).code == 0
    other.mkdir()
    (other / "journal.db").write_bytes(bench.journal.read_bytes())
    document = budget(bench, "set", "--skill", "generator-image", "--per-day", "1", "--unit", "credits", code=2)
    assert document["error"]["code"] == "budget_elsewhere"
    assert "generator-image/scripts/tasks.py budget" in document["error"]["hint"]


@pytest.mark.parametrize(("tasks", "allowed"), [(24, 6), pytest.param(200, 50, marks=pytest.mark.thorough)])
@pytest.mark.processes
def test_four_processes_spend_exactly_the_budget(
    bench: Bench, house: StandInHouse, tasks: int, allowed: int, tmp_path: Path
) -> None:
    assert bench.run(*KITE).code == 0  # from now on, the cost is known: 0.2 credits
    budget(bench, "set", "--per-month", f"{allowed / 5:g}", "--unit", "credits")
    share = tasks // 4
    script = bench.argv("create_task.py")[1]
    paths = [str(bench.skills / "image2" / "scripts"), str(bench.skills.parent)]
    with ExitStack() as outputs:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", SEVERAL, script, str(first), str(first + share)],
                env={**bench.environment, "PYTHONPATH": ":".join(paths)},
                cwd=bench.work,
                stdout=outputs.enter_context((tmp_path / f"{first}.out").open("wb")),
                stderr=subprocess.DEVNULL,
            )
            for first in range(0, tasks, share)
        ]
        assert [process.wait(SECONDS_FOR_ALL) for process in processes] == [0] * 4
    lines = [line for path in tmp_path.glob("*.out") for line in path.read_text("utf-8").splitlines()]
    documents = [json.loads(line) for line in lines]
    assert len(documents) == tasks
    codes = [document["error"] and document["error"]["code"] for document in documents]
    assert (codes.count(None), codes.count("budget_exceeded")) == (allowed - 1, tasks - allowed + 1)
    assert (len(house.ledger), float(house.ledger.total)) == (allowed, allowed / 5)
    paid = {entry["task_id"] for entry in bench.entries() if entry["charged"] == "yes"}
    assert paid == {str(charge.task_id) for charge in house.ledger.charges}
    (row,) = budget(bench, "show")["budgets"]
    assert (row["spent"], row["left"]) == (allowed / 5, 0.0)
