"""Measure zm-img2-generation-direct: a batch against its ideal, and a large image against a small one."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.launcher import Bench
from tests.providers import openai_images
from tests.providers.house import StandInHouse
from tests.providers.openai_images import ImagePlan
from tests.providers.pictures import make_picture

SKILL = "zm-img2-generation-direct"
TASKS, WORKERS, SECONDS = 40, 4, 0.2  # of each task
IDEAL = TASKS * SECONDS / WORKERS
ROUNDS = 5
BIG = 20.0  # MB
SMALL = make_picture("png", 16, 16, 1)
MEASURED = """
import json, os, subprocess, sys, time
began = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=-3, stderr=-3)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([status, time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""
"""Measures a command from a small process, because a child is born with the size of its parent."""


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds on the clock, seconds of CPU, and MB of memory at its peak."""

    seconds: float
    cpu: float
    peak: float


def measure() -> None:
    """Print the tables."""
    print(f"\n{SKILL} against its simulated service, medians of {ROUNDS} interleaved rounds (quartiles)")
    batches, floors, small, big = [], [], [], []
    for number in range(ROUNDS):
        floors.append(measured([sys.executable, "-c", "import requests"]).cpu)
        batches.append(a_batch())
        small.append(a_picture(f"small {number}", ImagePlan(picture=SMALL)).peak)
        big.append(a_picture(f"big {number}", ImagePlan(megabytes=BIG)).peak)
    print(f"  a batch of {TASKS} tasks of {SECONDS} s with {WORKERS} workers")
    row("seconds", [one.seconds for one in batches], IDEAL, f"the ideal {IDEAL:.1f} s")
    floor = statistics.median(floors)
    row(
        "CPU per picture, s", [one.cpu / TASKS for one in batches], floor, f"one `import requests` ({floor:.3f} s)"
    )
    print("  peak memory of one picture, MB")
    row(f"{len(SMALL) / 1000:.1f} kB", small)
    row(f"{BIG:.0f} MB", big)
    more = [one - other for one, other in zip(big, small, strict=True)]
    row(f"what {BIG:.0f} MB cost more", more, BIG, "the picture's own size")


def a_batch() -> Cost:
    """Run a batch of small images."""
    with tempfile.TemporaryDirectory() as folder, StandInHouse() as house:
        house.openai_images.default_seconds = SECONDS
        house.openai_images.plan_image(*[ImagePlan(picture=SMALL)] * TASKS)
        bench = provided(Path(folder), house)
        tasks = [{"prompt": f"picture {number}"} for number in range(TASKS)]
        (bench.work / "batch.json").write_text(json.dumps({"tasks": tasks}))
        return measured(bench.argv("batch_run.py", "@batch.json", "--max-workers", str(WORKERS)), bench)


def a_picture(prompt: str, plan: ImagePlan) -> Cost:
    """Create one image."""
    with tempfile.TemporaryDirectory() as folder, StandInHouse() as house:
        house.openai_images.plan_image(plan)
        bench = provided(Path(folder), house)
        return measured(bench.argv("run.py", "--prompt", prompt), bench)


def provided(folder: Path, house: StandInHouse) -> Bench:
    """Return a home folder whose OpenClaw configuration names the simulated service."""
    bench = Bench(folder, house, SKILL)
    entry = {"baseUrl": openai_images.BASE_URL, "apiKey": house.openai_images.key, "models": []}
    state = bench.home / ".openclaw"
    state.mkdir()
    config = {"models": {"providers": {openai_images.PROVIDER: entry}}}
    (state / "openclaw.json").write_text(json.dumps(config))
    return bench


def measured(argv: list[str], bench: Bench | None = None) -> Cost:
    """Run a command and return its cost; a failure ends the measurement."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *argv],
        env=bench.environment if bench else None,
        cwd=bench.work if bench else None,
        capture_output=True,
        check=True,
    )
    status, *cost = json.loads(done.stdout)
    if status:
        sys.exit(f"failed: {argv}")
    return Cost(*cost)


def row(name: str, values: list[float], floor: float | None = None, floor_name: str = "") -> None:
    """Print a median with its quartiles, and as a ratio to its floor."""
    low, middle, high = statistics.quantiles(values, n=4)
    ratio = f"   {middle / floor:.2f} x {floor_name}" if floor else ""
    print(f"    {name:<36}{middle:7.3f} ({low:.3f}-{high:.3f}){ratio}")
