"""Measures what a journal of many tasks costs: one more image, `list` and `cost`, a batch, flushes of the disk."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from scripts.bench_zm import SMALL, Cost, measured, provided
from shared.journal import schema
from tests.launcher import Bench
from tests.providers.house import StandInHouse
from tests.providers.openai_images import ImagePlan

SIZES = (0, 1_000, 20_000, 100_000)  # tasks that the journal knows before
ROUNDS = 9
BATCH = 50
MEASURES = ("create", "tasks.py list", "tasks.py cost", f"a batch of {BATCH}")
COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO tasks ({names})
SELECT {values} FROM tasks, numbers WHERE local_id = (SELECT MIN(local_id) FROM tasks)
"""
CHANGED = {
    "local_id": "strftime('%Y%m%dT%H%M%SZ', 'now', (-60 * n) || ' seconds') || printf('-%08x', n)",
    "task_id": "'task-' || n",
    "fingerprint": "printf('%064x', n)",
    "created_at": "strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', (-60 * n) || ' seconds')",
}
"""What differs between the tasks that fill a journal: one a minute, backwards from now."""


def measure() -> None:
    """Print the tables."""
    costs: dict[tuple[str, int], list[Cost]] = {(name, size): [] for name in MEASURES for size in SIZES}
    with ExitStack() as stack:
        benches = {size: _filled(size, stack) for size in SIZES}
        for number in range(ROUNDS):
            for size, bench in benches.items():
                create = bench.argv("run.py", "--prompt", f"one more {number}")
                costs["create", size].append(measured(create, bench))
                for command in ("list", "cost"):
                    argv = bench.argv("tasks.py", command, "--json")
                    costs[f"tasks.py {command}", size].append(measured(argv, bench))
        for size, bench in benches.items():
            tasks = [{"prompt": f"picture {number}"} for number in range(BATCH)]
            (bench.work / "batch.json").write_text(json.dumps({"tasks": tasks}))
            costs[f"a batch of {BATCH}", size].append(measured(bench.argv("batch_run.py", "@batch.json"), bench))
    print(f"\nthe journal, {ROUNDS} interleaved rounds, as a ratio to an empty journal")
    cpu = {key: statistics.median(cost.cpu for cost in some) for key, some in costs.items()}
    wall = {key: min(cost.seconds for cost in some) for key, some in costs.items()}
    for title, seconds in (("CPU, median, s", cpu), ("clock, quickest, s", wall)):
        print(f"    {title + '; tasks before':<34}" + "".join(f"{size:>16,}" for size in SIZES))
        for name in MEASURES:
            cells = (f"{seconds[name, size]:.3f} ({seconds[name, size] / seconds[name, 0]:.2f})" for size in SIZES)
            print(f"    {name:<34}" + "".join(f"{cell:>16}" for cell in cells))
    _flushes()


def _filled(size: int, stack: ExitStack) -> Bench:
    """Return a home folder whose journal has this many tasks, plus the one created here."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    house = stack.enter_context(StandInHouse())
    house.openai_images.plan_image(*[ImagePlan(picture=SMALL)] * (1 + ROUNDS + BATCH))
    bench = provided(Path(folder), house)
    measured(bench.argv("run.py", "--prompt", "the first"), bench)
    if size:
        with closing(schema.connect(bench.journal, "remove")) as connection:
            names = [row["name"] for row in connection.execute("PRAGMA table_info(tasks)")]
            values = [CHANGED.get(name, name) for name in names]
            connection.execute(COPIES.format(names=", ".join(names), values=", ".join(values)), (size,))
    return bench


def _flushes() -> None:
    """Print how often a paid image waits for the disk, in a home that has made one before."""
    if not shutil.which("strace"):
        return
    with tempfile.TemporaryDirectory() as folder, StandInHouse(task_seconds=0.0) as house:
        bench = Bench(Path(folder), house)
        create = ("create_task.py", "--mode", "text2img", "--size", "1:1", "--json", "--prompt")
        bench.run(*create, "the first")
        trace = Path(folder) / "trace"
        argv = [
            "strace",
            "-f",
            "-o",
            str(trace),
            "-e",
            "trace=fsync,fdatasync",
            *bench.argv(*create, "the second"),
        ]
        subprocess.run(argv, env=bench.environment, cwd=bench.work, capture_output=True, check=True)
        print(f"    flushes of the disk for an image of image2: {trace.read_text().count('sync(')}")
