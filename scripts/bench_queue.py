"""What a benchmark measures of a skill with a task queue: its start, its memory, its waiting; asserts nothing."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.launcher import Bench
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASKS = 60
HISTORY = 20  # tasks made before the counted ones, so that there is something to estimate from
SHORTEST, LONGEST = 20.0, 40.0  # seconds of a task
SPREAD = 30.0  # seconds over which the tasks are started: one at a time would not show two processes' interplay
ROUNDS = 15


@dataclass(frozen=True)
class Subject:
    """A skill to measure: `create` creates an image, `fixed` is the interval of its earlier versions in seconds.

    `service` selects its simulated service, `task_plan` the class of its plans.
    """

    skill: str
    create: tuple[str, ...]
    fixed: float
    key: Callable[[StandInHouse], Mapping[str, str]]
    service: Callable[[StandInHouse], Any]
    task_plan: Callable[..., Any]

    @property
    def launcher(self) -> str:
        """The script that creates an image."""
        return self.create[0]

    def bench(self, folder: str, house: StandInHouse) -> Bench:
        """Return a place to run it."""
        return Bench(Path(folder), house, skill=self.skill, environment=dict(self.key(house)))


def measure(subject: Subject) -> None:
    """Print the tables of one skill."""
    print(f"{subject.skill} against its simulated service, Python {sys.version.split()[0]}\n")
    start_up(subject)
    memory(subject)
    waiting(subject)
    print()


def start_up(subject: Subject) -> None:
    """Print the start-up time beside that of the bare imports, in interleaved rounds."""
    with tempfile.TemporaryDirectory() as folder, StandInHouse(task_seconds=0.0) as house:
        bench = subject.bench(folder, house)
        helped, floor_help, first, floor_first = [], [], [], []
        for number in range(ROUNDS):
            floor_help.append(seconds_of([sys.executable, "-c", "import click"], bench))
            helped.append(seconds_of(bench.argv(subject.launcher, "--help"), bench))
            floor_first.append(seconds_of([sys.executable, "-c", "import requests, click, dotenv"], bench))
            first.append(seconds_to_first_request(subject, bench, house, number))
    print(f"start, medians of {ROUNDS} interleaved rounds (quartiles), seconds")
    row("import click", floor_help)
    row(f"{subject.launcher} --help", helped, floor_help)
    row("import requests, click, dotenv", floor_first)
    row(f"{subject.launcher} to its first request", first, floor_first)


def seconds_of(argv: list[str], bench: Bench) -> float:
    """Return the duration of a command."""
    began = time.monotonic()
    subprocess.run(argv, env=bench.environment, cwd=bench.work, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def seconds_to_first_request(subject: Subject, bench: Bench, house: StandInHouse, number: int) -> float:
    """Return the time from the start of the process to the arrival of its first request at the service."""
    known = len(house.recorder.requests)
    began = time.monotonic()
    ended = bench.run(*subject.create, "--prompt", f"start {number}", "--no-wait")
    if ended.code:
        sys.exit(ended.talk)
    return house.recorder.requests[known].received_at - began


def memory(subject: Subject) -> None:
    """Print the peak memory of one command."""
    with tempfile.TemporaryDirectory() as folder, StandInHouse(task_seconds=0.5) as house:
        bench = subject.bench(folder, house)
        rows = {
            "import requests, click, dotenv": [sys.executable, "-c", "import requests, click, dotenv"],
            "a whole picture": bench.argv(*subject.create, "--prompt", "memory", "--poll-interval", "0.5"),
        }
        print("\npeak memory, MB")
        for name, argv in rows.items():
            script = (
                "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
            )
            script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            done = subprocess.run(
                [sys.executable, "-c", script, *argv],
                env=bench.environment,
                cwd=bench.work,
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"  {name:<38}{int(done.stdout) / 1024:6.1f}")


def waiting(subject: Subject) -> None:
    """Print delay and requests of many tasks side by side: our schedule and a fixed poll."""
    print(f"\nwaiting, {TASKS} tasks of {SHORTEST:.0f}-{LONGEST:.0f} s side by side (takes about 4 minutes)")
    print(f"  {'':<26}{'told after, s':>24}{'requests':>12}{'handshakes per host':>24}")
    for name, history, more in (
        ("our schedule, no history", 0, ()),
        ("our schedule", HISTORY, ()),
        (f"fixed, {subject.fixed:g} s", 0, ("--poll-interval", f"{subject.fixed:g}")),
    ):
        delays, requests, handshakes = wave(subject, history, more)
        low, middle, high = statistics.quantiles(delays, n=4)
        told = f"{middle:.2f} ({low:.2f}-{high:.2f})"
        print(f"  {name:<26}{told:>24}{requests:>12.1f}{handshakes:>24.1f}")


def wave(subject: Subject, history: int, more: tuple[str, ...]) -> tuple[list[float], float, float]:
    """Run the tasks; return each delay from ready to reported, and requests and handshakes per host of a task."""
    chance = random.Random(7)  # noqa: S311  - durations and their order, no secret
    with tempfile.TemporaryDirectory() as folder, StandInHouse() as house:
        bench, service = subject.bench(folder, house), subject.service(house)

        def make(name: str, wait: float) -> float:
            time.sleep(wait)
            ended = bench.run(*subject.create, *more, "--prompt", name)
            told = time.monotonic()
            if ended.code:
                sys.exit(ended.talk)
            task = service.tasks[ended.document["task_id"]]
            return told - (task.created_at + task.duration)

        def run(kind: str, count: int) -> list[float]:
            durations = [
                SHORTEST + (LONGEST - SHORTEST) * (number + chance.random()) / count for number in range(count)
            ]
            chance.shuffle(durations)
            service.plan_task(*(subject.task_plan(duration=seconds) for seconds in durations))
            with ThreadPoolExecutor(count) as pool:
                waits = [SPREAD * number / count for number in range(count)]
                return list(pool.map(make, [f"{kind} {number}" for number in range(count)], waits))

        if history:
            run("history", history)
        before, shaken = len(house.recorder.requests), sum(house.server.handshakes.values())
        delays = run("counted", TASKS)
        requests = len(house.recorder.requests) - before
        hosts = len(house.server.handshakes)
        handshakes = sum(house.server.handshakes.values()) - shaken
        return delays, requests / TASKS, handshakes / TASKS / hosts


def row(name: str, values: list[float], floor: list[float] | None = None) -> None:
    """Print a median with its quartiles, and as a ratio to its floor."""
    low, middle, high = statistics.quantiles(values, n=4)
    ratio = f"   {middle / statistics.median(floor):.2f} x the floor" if floor else ""
    print(f"  {name:<38}{middle:6.3f} ({low:.3f}-{high:.3f}){ratio}")
