"""The stage for the requests: simulated services, a throwaway home, and a record of calls and charges."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.inside import QuickBench
from tests.contract.zm.stage import Stage
from tests.providers.house import StandInHouse
from tests.providers.ima import refused
from tests.providers.pictures import make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.launcher import Bench

REQUESTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("requests.json").read_text("utf-8"))
ZM = "zm-img2-generation-direct"
POLLED = ("create_task.py", "ima_image_create.py", "generator_image.py")
SECONDS = 20.0  # for a task to be accepted before its shell is killed


@dataclass(frozen=True)
class Outcome:
    """What a request did: calls before the paid one (None: nothing was paid), exit codes, charges."""

    calls_before: int | None
    exits: list[int]
    charges: int
    shows_key: bool


def bench_for(skill: str, folder: Path, house: StandInHouse) -> Bench:
    """Return a home in which the skill has a key, and the files that the requests name."""
    if skill == ZM:
        bench: Bench = Stage(folder, house)
    else:
        keys = {"IMA_API_KEY": house.ima.key, "NEMO_TOKEN": house.nemo.key}
        bench = QuickBench(folder, house, skill, keys)
    (bench.work / "photo.png").write_bytes(make_picture("png", 160, 90, 1))
    tasks = [{"prompt": "a red cover"}, {"prompt": "a blue cover"}]
    (bench.work / "batch.json").write_text(json.dumps({"tasks": tasks}), encoding="utf-8")
    return bench


def carry_out(request: dict[str, Any], bench: Bench, house: StandInHouse) -> Outcome:
    """Make the calls of a request in their order, as an agent that follows SKILL.md does."""
    if request["trap"] == "exit 10":
        house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    elif request["trap"] == "exit 6":
        house.ima.plan_create(refused(429))
    exits: list[int] = []
    calls_before, output = None, b""
    for number, (launcher, *arguments) in enumerate(request["calls"]):
        quick = ["--poll-interval", "0.5"] if launcher in POLLED and _waits(arguments) else []
        charged = len(house.ledger)
        if request["trap"] == "killed shell" and number == 0:
            exits.append(_killed(bench, house, launcher, [*arguments, *quick]))
        else:
            ended = bench.run(launcher, *arguments, *quick)
            exits.append(ended.code)
            output += ended.stdout + ended.stderr
        if calls_before is None and len(house.ledger) > charged:
            calls_before = number
    keys = (house.kexiang.key, house.ima.key, house.nemo.key, house.openai_images.key)
    return Outcome(calls_before, exits, len(house.ledger), any(key.encode() in output for key in keys))


def _waits(arguments: list[str]) -> bool:
    """Return whether a command takes --poll-interval."""
    free = {"credits", "sessions", "state", "upload"}
    return not free & {arguments[0]} and "--list-models" not in arguments


def _killed(bench: Bench, house: StandInHouse, launcher: str, arguments: list[str]) -> int:
    """Start a command as a process and kill it once the journal holds the service's id of its paid task."""
    process = bench.start(launcher, *arguments)
    deadline = time.monotonic() + SECONDS
    while not (len(house.ledger) and _is_submitted(bench)) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return -9


def _is_submitted(bench: Bench) -> bool:
    return any(entry["task_id"] for entry in bench.entries())


def main(skill: str, folder: str) -> None:
    """Start the simulated services, print the environment for an agent, and wait for Enter."""
    place = Path(folder).absolute()
    place.mkdir(parents=True)
    with StandInHouse(task_seconds=5.0) as house:
        bench = bench_for(skill, place, house)
        for name, value in bench.environment.items():
            print(f"export {name}='{value}'")  # noqa: T201
        print(f"cd '{bench.work}'  # simulated services run; press Enter here to see the charges")  # noqa: T201
        sys.stdin.readline()
        for charge in house.ledger.charges:
            print(charge)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:3])
