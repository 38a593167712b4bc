"""Whenever and however the process ends: one charge, no id lost, and the next run continues."""

from __future__ import annotations

import functools
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.i18n.messages import SHARED_MESSAGES
from tests.contract.paid import (
    CREATE,
    KITE,
    a_process_waits,
    answers_held,
    charges_by_prompt,
    creates,
    ended_well,
    ended_with,
    entry_in,
    eventually,
    queries,
    states,
    tasks_end_when_told,
)
from tests.launcher import Bench, Ended, end, wait
from tests.providers import kexiang
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

    from tests.providers.house import StandInHouse

pytestmark = pytest.mark.processes

SABOTAGE = Path(__file__).parent / "sabotage"
PICTURES = "/pictures/"
AT_ONCE = 4  # processes that run side by side


@pytest.fixture
def new_bench(tmp_path: Path, house: StandInHouse) -> Callable[[str], Bench]:
    """Return what makes a home of its own for each of several runs."""

    def make(name: str) -> Bench:
        (tmp_path / name).mkdir()
        return Bench(tmp_path / name, house)

    return make


def together(work: Callable[[Any], object], items: Iterable[Any]) -> None:
    """Do the work for every item, a few at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, items))


# SIGKILL


def test_killed_before_the_request_left(bench: Bench, house: StandInHouse) -> None:
    house.proxy.plan(kexiang.HOST, TunnelFault.HANG)
    killed = bench.start(*KITE)
    eventually(lambda: house.proxy.connects)
    entry_in(bench, "submitting")
    end(killed, signal.SIGKILL)
    again = ended_with(bench.run(*KITE), 10, "outcome_unknown_before")
    assert (again["status"], again["charged"], again["possible_charges"]) == ("unknown", "unknown", 1)
    assert creates(house) == len(house.ledger) == 0
    ended_well(bench.shell(again["next"]))
    assert states(bench) == ["unknown", "succeeded"]
    assert len(house.ledger) == 1


def test_killed_while_the_answer_to_the_create_is_on_its_way(bench: Bench, house: StandInHouse) -> None:
    with answers_held(house, kexiang.CREATE_PATH):
        killed = bench.start(*KITE)
        eventually(lambda: creates(house))
        end(killed, signal.SIGKILL)
    assert states(bench) == ["submitting"]
    for _ in range(2):
        ended_with(bench.run(*KITE), 10, "outcome_unknown_before")
    assert states(bench) == ["unknown"]
    assert creates(house) == len(house.ledger) == 1


@pytest.mark.parametrize("asking", [True, False], ids=["asking", "asleep"])
def test_killed_while_polling(asking: bool, bench: Bench, house: StandInHouse) -> None:
    let_tasks_end = tasks_end_when_told(house)
    with answers_held(house, kexiang.QUERY_PATH) as let_answers_go:
        if not asking:
            let_answers_go()
        killed = bench.start(*KITE)
        eventually(lambda: queries(house))
        end(killed, signal.SIGKILL)
    let_tasks_end()
    assert states(bench) == ["submitted"]
    ended_well(bench.run(*KITE))
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_killed_while_downloading(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_picture(Plan(fault=Fault.DRIP))
    killed = bench.start(*KITE)
    eventually(lambda: house.recorder.requests_to(PICTURES))
    end(killed, signal.SIGKILL)
    assert states(bench) == ["submitted"]
    document = ended_well(bench.run(*KITE))
    assert [str(path) for path in (bench.work / "generated-images").iterdir()] == [document["images"][0]["path"]]
    assert creates(house) == len(house.ledger) == 1


LOST = (Fault.CLOSE_WITHOUT_ANSWER, Fault.RESET, Fault.CUT_HEADERS, Fault.CUT_LENGTH, Fault.GARBAGE_RECORD)


def test_a_lost_answer_is_never_sent_for_again(house: StandInHouse, new_bench: Callable[[str], Bench]) -> None:
    house.kexiang.plan_create(*(Plan(fault=fault) for fault in LOST))

    def lose(name: str) -> None:
        bench = new_bench(name)
        first = ended_with(bench.run(*CREATE, "--prompt", name), 10, "answer_lost")
        assert (first["status"], first["charged"], first["task_id"]) == ("unknown", "unknown", None)
        again = ended_with(bench.run(*CREATE, "--prompt", name), 10, "outcome_unknown_before")
        assert (again["local_id"], again["next"]) == (first["local_id"], first["next"])
        assert states(bench) == ["unknown"]

    together(lose, [fault.name for fault in LOST])
    assert creates(house) == len(house.ledger) == len(LOST)
    assert charges_by_prompt(house) == {fault.name: 1 for fault in LOST}


def test_two_at_once_pay_once(bench: Bench, house: StandInHouse) -> None:
    first, second = [ended_well(wait(process)) for process in [bench.start(*KITE), bench.start(*KITE)]]
    assert {first["reused"], second["reused"]} == {True, False}
    for key in ("local_id", "task_id", "journal"):
        assert first[key] == second[key]
    assert first["images"][0]["path"] == second["images"][0]["path"]
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_nobody_creates_while_another_is_about_to_write_its_entry(
    steps: list[str], bench: Bench, house: StandInHouse
) -> None:
    first_log, second_log = bench.folder / "first.log", bench.folder / "second.log"
    writes = next(number for number, line in enumerate(steps, 1) if line.startswith("sql INSERT"))
    first = bench.start(*KITE, env={**sabotaged("stop", writes), "SABOTAGE_LOG": str(first_log)})
    eventually(lambda: len(lines(first_log)) == writes)
    second = bench.start(*KITE, env={**sabotaged("none", 0), "SABOTAGE_LOG": str(second_log)})
    eventually(lambda: lines(second_log).count("sql BEGIN IMMEDIATE") > 1)
    looks = {line for line in lines(second_log) if "/generated-images/" not in line}
    first.send_signal(signal.SIGCONT)
    ends = [ended_well(wait(first)), ended_well(wait(second))]
    assert [document["reused"] for document in ends] == [False, True]
    assert looks == {"sql BEGIN IMMEDIATE"}
    assert states(bench) == ["succeeded"]
    assert creates(house) == 1


# SIGINT and SIGTERM


@dataclass(frozen=True)
class Interruption:
    """A signal, sent once or twice, to a run of its own."""

    number: signal.Signals
    times: int

    @property
    def name(self) -> str:
        return f"{self.number.name} x{self.times}"

    @property
    def command(self) -> tuple[str, ...]:
        return (*CREATE, "--prompt", self.name)

    def hits(self, process: subprocess.Popen[bytes]) -> Ended:
        """Interrupt the process; a second signal may also meet it when its document is already out."""
        for _ in range(self.times - 1):
            process.send_signal(self.number)
        ended = end(process, self.number)
        if self.times > 1 and ended.code == -self.number:
            ended.code = self.exit_code
        assert b"Traceback" not in ended.stderr
        return ended

    @property
    def exit_code(self) -> int:
        return 128 + self.number


INTERRUPTIONS = tuple(
    Interruption(number, times) for number in (signal.SIGINT, signal.SIGTERM) for times in (1, 2)
)
ONCE = tuple(interruption for interruption in INTERRUPTIONS if interruption.times == 1)


def test_interrupted_while_another_works_on_the_request(
    house: StandInHouse, new_bench: Callable[[str], Bench]
) -> None:
    def interrupt(interruption: Interruption) -> None:
        bench = new_bench(interruption.name)
        ended_with(bench.run(*interruption.command, "--no-wait"), 0)
        (entry,) = bench.entries()
        with bench.lock(entry["local_id"]) as owner:
            assert owner.try_acquire()
            waiter = bench.start(*interruption.command)
            a_process_waits(waiter)
            document = ended_with(interruption.hits(waiter), interruption.exit_code, "interrupted_early")
        assert states(bench) == ["submitted"]
        ended_well(bench.shell(document["next"]))

    together(interrupt, INTERRUPTIONS)
    assert charges_by_prompt(house) == {one.name: 1 for one in INTERRUPTIONS}


def test_interrupted_before_sending(house: StandInHouse, new_bench: Callable[[str], Bench]) -> None:
    house.proxy.plan(kexiang.HOST, *[TunnelFault.CUT_BEFORE_ANSWER] * 2 * len(INTERRUPTIONS))

    def between_two_tries(bench: Bench) -> bool:
        return [(entry["state"], entry["attempts"]) for entry in bench.entries()] == [("prepared", 2)]

    def interrupt(interruption: Interruption) -> tuple[Bench, Any]:
        bench = new_bench(interruption.name)
        process = bench.start(*interruption.command)
        eventually(functools.partial(between_two_tries, bench))
        document = ended_with(interruption.hits(process), interruption.exit_code, "interrupted_early")
        assert (document["charged"], document["possible_charges"], document["task_id"]) == ("no", 0, None)
        return bench, document["next"]

    def go_on(bench: Bench, following: Any) -> None:
        ended_well(bench.shell(following))
        assert states(bench) == ["unreachable", "succeeded"]

    with ThreadPoolExecutor(AT_ONCE) as pool:  # every cut is for a first run
        ends = list(pool.map(interrupt, INTERRUPTIONS))
    together(lambda one: go_on(*one), ends)
    assert charges_by_prompt(house) == {one.name: 1 for one in INTERRUPTIONS}


def note_of_the_held_signal(process: subprocess.Popen[bytes]) -> None:
    """Read stderr until the process reports that it holds a signal back."""
    assert process.stderr
    note = SHARED_MESSAGES["interrupt_deferred"].en.encode()
    assert any(note in line for line in iter(process.stderr.readline, b""))


def create_is_on_its_way(house: StandInHouse, prompt: str) -> bool:
    sent = house.recorder.requests_to(kexiang.CREATE_PATH)
    return any(request.json_object()["user_input"]["prompt"] == prompt for request in sent)


def test_interrupted_once_while_the_create_is_on_its_way(
    house: StandInHouse, new_bench: Callable[[str], Bench]
) -> None:
    def interrupt(interruption: Interruption) -> None:
        bench = new_bench(interruption.name)
        with answers_held(house, kexiang.CREATE_PATH) as let_answers_go:
            process = bench.start(*interruption.command)
            eventually(lambda: create_is_on_its_way(house, interruption.name))
            process.send_signal(interruption.number)
            note_of_the_held_signal(process)
            let_answers_go()
            document = ended_with(wait(process), interruption.exit_code, "interrupted")
        (entry,) = bench.entries()
        assert (entry["state"], entry["task_id"]) == ("submitted", document["task_id"])
        assert document["task_id"] in house.kexiang.tasks
        assert (document["status"], document["charged"]) == ("submitted", "yes")
        ended_well(bench.shell(document["next"]))
        assert states(bench) == ["succeeded"]

    for interruption in ONCE:
        interrupt(interruption)
    assert charges_by_prompt(house) == {one.name: 1 for one in ONCE}
    assert creates(house) == len(ONCE)


def test_interrupted_twice_while_the_create_is_on_its_way(
    house: StandInHouse, new_bench: Callable[[str], Bench]
) -> None:
    def interrupt(interruption: Interruption) -> None:
        bench = new_bench(interruption.name)
        process = bench.start(*interruption.command)
        eventually(lambda: create_is_on_its_way(house, interruption.name))
        process.send_signal(interruption.number)
        note_of_the_held_signal(process)
        document = ended_with(end(process, interruption.number), interruption.exit_code, "interrupted_unknown")
        assert (document["status"], document["charged"], document["task_id"]) == ("unknown", "unknown", None)
        ended_with(bench.shell(document["next"]), 10, "outcome_unknown_before")
        assert states(bench) == ["unknown"]

    with answers_held(house, kexiang.CREATE_PATH):
        together(interrupt, ONCE)
    assert charges_by_prompt(house) == {one.name: 1 for one in ONCE}
    assert creates(house) == len(ONCE)


@pytest.mark.parametrize(
    ("plan", "end_of_it", "state"),
    [
        (Plan(status=400), (7, "refused"), "refused"),
        (Plan(fault=Fault.RESET), (10, "answer_lost"), "unknown"),
    ],
    ids=["refused", "lost"],
)
def test_interrupted_before_a_bad_answer_to_the_create_tells_that_answer(
    plan: Plan, end_of_it: tuple[int, str], state: str, bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_create(plan)
    with answers_held(house, kexiang.CREATE_PATH) as let_answers_go:
        process = bench.start(*KITE)
        eventually(lambda: creates(house))
        process.send_signal(signal.SIGINT)
        note_of_the_held_signal(process)
        let_answers_go()
        document = ended_with(wait(process), *end_of_it)
    assert document["status"] == state
    assert states(bench) == [state]
    assert creates(house) == 1


@pytest.mark.parametrize("asking", [True, False], ids=["asking", "asleep"])
def test_interrupted_while_polling(asking: bool, house: StandInHouse, new_bench: Callable[[str], Bench]) -> None:
    let_tasks_end = tasks_end_when_told(house)

    def interrupt(interruption: Interruption) -> tuple[Bench, Any]:
        bench = new_bench(interruption.name)
        process = bench.start(*interruption.command)
        task_id = entry_in(bench, "submitted")["task_id"]
        eventually(lambda: house.recorder.requests_to(kexiang.QUERY_PATH + task_id))
        document = ended_with(interruption.hits(process), interruption.exit_code, "interrupted")
        assert (document["task_id"], document["charged"]) == (task_id, "yes")
        assert states(bench) == ["submitted"]
        return bench, document["next"]

    with answers_held(house, kexiang.QUERY_PATH) as let_answers_go, ThreadPoolExecutor(AT_ONCE) as pool:
        if not asking:
            let_answers_go()
        ends = list(pool.map(interrupt, INTERRUPTIONS))
    let_tasks_end()
    together(lambda one: ended_well(one[0].shell(one[1])), ends)
    assert charges_by_prompt(house) == {one.name: 1 for one in INTERRUPTIONS}


def test_interrupted_while_downloading(house: StandInHouse, new_bench: Callable[[str], Bench]) -> None:
    house.kexiang.plan_picture(*[Plan(fault=Fault.DRIP)] * len(INTERRUPTIONS))
    for number, _ in enumerate(INTERRUPTIONS):
        house.kexiang.plan_task(TaskPlan(task_id=f"task-{number}"))

    def interrupt(interruption: Interruption) -> tuple[Bench, Any]:
        bench = new_bench(interruption.name)
        process = bench.start(*interruption.command)
        task_id = entry_in(bench, "submitted")["task_id"]
        eventually(lambda: house.recorder.requests_to(f"{PICTURES}{task_id}/"))
        document = ended_with(interruption.hits(process), interruption.exit_code, "interrupted")
        assert list((bench.work / "generated-images").iterdir()) == []
        assert states(bench) == ["submitted"]
        return bench, document["next"]

    with ThreadPoolExecutor(AT_ONCE) as pool:  # every drip is for a first run
        ends = list(pool.map(interrupt, INTERRUPTIONS))
    together(lambda one: ended_well(one[0].shell(one[1])), ends)
    assert charges_by_prompt(house) == {one.name: 1 for one in INTERRUPTIONS}


# Between any two steps on the disk; a full disk and signals there are rows of tests/faults


def sabotaged(how: str, step: int) -> dict[str, str]:
    return {"PYTHONPATH": str(SABOTAGE), "SABOTAGE": f"{how}:{step}"}


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def steps(house: StandInHouse, new_bench: Callable[[str], Bench]) -> list[str]:
    """Return the disk steps of an undisturbed run, and reset the simulated service."""
    house.kexiang.default_duration = 0.0
    bench = new_bench("counting")
    log = bench.folder / "steps.log"
    ended_well(bench.run(*KITE, env={**sabotaged("none", 0), "SABOTAGE_LOG": str(log)}))
    done = lines(log)
    assert done.count("sql COMMIT") == 6, done  # a new database, prepared to succeeded, and the images
    house.recorder.requests.clear()
    return done


def test_killed_at_any_step(steps: list[str], house: StandInHouse, new_bench: Callable[[str], Bench]) -> None:
    charged_before = charges_by_prompt(house)

    def kill(step: int) -> None:
        bench = new_bench(str(step))
        command = (*CREATE, "--prompt", f"kite {step}")
        killed = bench.run(*command, env=sabotaged("kill", step))
        assert killed.code == -signal.SIGKILL
        left = states(bench)
        again = bench.run(*command)
        assert (again.code == 10) is (left == ["submitting"])
        if again.code == 10:
            asked = charges_by_prompt(house)[command[-1]]
            ended_with(again, 10, "outcome_unknown_before")
            ended_well(bench.shell(again.document["next"]))
            assert charges_by_prompt(house)[command[-1]] == asked + 1
        else:
            ended_well(again)
            assert charges_by_prompt(house)[command[-1]] == 1
        known = {entry["task_id"] for entry in bench.entries()}
        for task_id, task in house.kexiang.tasks.items():
            if task.user_input["prompt"] == command[-1]:
                assert task_id in known or f"task {task_id} " in killed.talk

    together(kill, range(1, len(steps) + 1))
    charged = charges_by_prompt(house) - charged_before
    assert len(charged) == len(steps)


def test_a_signal_while_the_end_is_told_changes_nothing(
    steps: list[str], house: StandInHouse, bench: Bench
) -> None:
    (bench.work / "generated-images").mkdir()
    told = bench.work / "generated-images" / "result.json"
    rename = len(steps) + 3  # of the result file, after it was opened and flushed
    document = ended_well(bench.run(*KITE, "--result-file", told, env=sabotaged("int", rename)))
    assert json.loads(told.read_bytes()) == document
    assert len(house.ledger) == 2  # with the run that counted the steps


# The disk, before and after the spend


def test_a_journal_that_cannot_be_made_stops_the_spend(bench: Bench, house: StandInHouse) -> None:
    (bench.home / ".openclaw").write_bytes(b"a file where the state folder should be")
    document = ended_with(bench.run(*KITE), 12, "disk_failed")
    assert (document["charged"], document["status"]) == ("no", "not_started")
    assert house.recorder.requests == []
    (bench.home / ".openclaw").unlink()
    ended_well(bench.run(*KITE))


def test_a_journal_that_cannot_be_written_stops_the_spend(bench: Bench, house: StandInHouse) -> None:
    argv = bench.argv(*KITE)
    # 512 or 1024 bytes, by the shell: the probe in the output folder fits, an entry does not
    ended = bench.shell({"shell": f"ulimit -f 1; exec {' '.join(map(repr, argv))}"})
    document = ended_with(ended, 12, "journal_failed")
    assert (document["charged"], document["status"]) == ("no", "not_started")
    assert bench.entries() == []
    assert house.recorder.requests == []
    ended_well(bench.shell(document["next"]))
    assert creates(house) == len(house.ledger) == 1


def test_an_id_that_the_disk_refuses_is_on_both_streams(
    steps: list[str], house: StandInHouse, new_bench: Callable[[str], Bench]
) -> None:
    bench = new_bench("full")
    command = (*CREATE, "--prompt", "a blue kite")
    writes = [number for number, line in enumerate(steps, 1) if line.startswith("sql UPDATE")]
    ended = bench.run(*command, env=sabotaged("ENOSPC", writes[2]))
    document = ended_with(ended, 12, "journal_failed")
    (task_id,) = (one for one, task in house.kexiang.tasks.items() if task.user_input["prompt"] == "a blue kite")
    (entry,) = bench.entries()
    assert (document["task_id"], document["local_id"]) == (task_id, entry["local_id"])
    assert task_id in ended.talk
    assert entry["local_id"] in ended.talk
    assert (entry["state"], entry["task_id"]) == ("submitting", None)
    assert f"{entry['local_id']}/{task_id}" in document["next"]["argv"]
    resumed = ended_well(bench.shell(document["next"]))
    assert (resumed["task_id"], resumed["local_id"]) == (task_id, entry["local_id"])
    assert states(bench) == ["succeeded"]
    assert ended_well(bench.run(*command))["reused"] is True
    assert creates(house) == 1
    assert charges_by_prompt(house)["a blue kite"] == 1
