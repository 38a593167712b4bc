"""Let a fleet of two workers make 100 images at a simulated service, kill one of them, and show what was charged.

Exit 0: everything that it promises was observed. Exit 1: a sentence says what was not.
"""

from __future__ import annotations

import html
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *map(str, ROOT.glob("skills/*/scripts"))]  # the simulated services do not ship

from scripts.demo_page import NOTICE  # noqa: E402
from scripts.demo_stage import DEMO, PromiseBrokenError, observe  # noqa: E402
from tests.fleet.server import PostgresServer  # noqa: E402
from tests.fleet.stage import LAUNCHER, FleetStage, kill, stop  # noqa: E402
from tests.launcher import Bench  # noqa: E402
from tests.providers.house import StandInHouse  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS = 100
AT_ONCE = 4  # requests of each worker
SECONDS = 0.3  # that the simulated service takes for an image
PATIENCE = 120.0  # seconds for any single moment


def main() -> int:
    """Run the demo, write its page, and return the exit code."""
    print(NOTICE)
    started = time.monotonic()
    promises: list[str] = []
    DEMO.mkdir(exist_ok=True)
    with PostgresServer() as server, StandInHouse() as house, tempfile.TemporaryDirectory() as folder:
        stage = FleetStage(Path(folder), house, server, server.new_database())
        try:
            rows = play(stage, promises)
        except PromiseBrokenError as broken:
            print(f"demo: this was promised and not observed: {broken}.", file=sys.stderr)
            return 1
        page = write_page(stage, rows, promises, time.monotonic() - started)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open {page}")
    return 0


def play(stage: FleetStage, promises: list[str]) -> list[dict[str, Any]]:
    """Carry out the tasks with two workers, one of which is killed; return the rows of all tasks.

    Raises:
        PromiseBrokenError: something was not observed.
    """
    service = stage.service
    service.default_seconds = SECONDS
    say(stage, "migrate")
    say(stage, "submit", stage.save(TASKS), "--store", str(stage.store))
    first, second = (stage.start_worker("--max-workers", str(AT_ONCE)) for _ in "12")
    wait_until(lambda: len(stage.paid) >= TASKS // 2)
    kill(first)
    print(f"\n   one of two workers killed (SIGKILL) after {len(stage.paid)} requests", flush=True)

    def settled() -> bool:
        run(stage, "reconcile", "--apply", "--heartbeat", "2")
        counts = run(stage, "status")["counters"]
        return not counts["queued"] and not counts["running"]

    wait_until(settled)
    observe("The worker that was told to stop ended in order", kept=stop(second) == 0, told=promises)
    say(stage, "status")
    rows: list[dict[str, Any]] = run(stage, "list")["results"]
    unknown = [row for row in rows if row["status"] == "unknown"]
    paid = stage.paid
    observe(
        f"All {TASKS} tasks ended as completed or unknown",
        kept=len(rows) == TASKS and {row["status"] for row in rows} <= {"completed", "unknown"},
        told=promises,
    )
    observe(
        f"{len(paid)} requests charged, and none of them twice",
        kept=len(paid) == len(set(paid)) <= TASKS,
        told=promises,
    )
    observe(
        f"{len(unknown)} task(s) that the kill cut off are listed as possibly charged, and were not sent again",
        kept=len(unknown) <= AT_ONCE and all(row["possible_charges"] == 1 for row in unknown),
        told=promises,
    )
    again = run(stage, "submit", stage.save(TASKS), "--store", str(stage.store))
    observe(
        "The same file, submitted again, enqueues nothing", kept=again["counters"]["queued"] == 0, told=promises
    )
    return rows  # fmt: skip


def say(stage: FleetStage, *words: str) -> None:
    """Run a command and print what a person sees of it."""
    print(f"\n$ python3 image_queue.py {' '.join(words)}".replace(str(stage.folder), "…"), flush=True)
    document = run(stage, *words)
    print("   | " + json.dumps(document["counters"] if "counters" in document else document["steps"]), flush=True)


def run(stage: FleetStage, *words: str) -> dict[str, Any]:
    """Run a command of image_queue.py as a process; return its document."""
    return Bench.run(stage, LAUNCHER, *words, "--json").document


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for a moment.

    Raises:
        PromiseBrokenError: it does not come.
    """
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise PromiseBrokenError(f"no moment takes longer than {PATIENCE:.0f} s")
        time.sleep(0.2)


def write_page(stage: FleetStage, rows: list[dict[str, Any]], promises: list[str], seconds: float) -> Path:
    """Write demo/fleet.html: what was charged, what is unknown, and why nothing was paid twice."""
    counts = {status: sum(row["status"] == status for row in rows) for status in ("completed", "unknown")}
    unknown = "".join(
        f"<li><code>{html.escape(row['task_key'])}</code>: sent once by {html.escape(str(row['worker']))}, which "
        "was killed before its answer was whole; possibly charged, not sent again</li>"
        for row in rows
        if row["status"] == "unknown"
    )
    cells = "".join(
        f"<i class='{row['status']}' title='{html.escape(row['task_key'])}: {row['status']}'></i>" for row in rows
    )
    text = f"""<!doctype html><meta charset="utf-8"><title>A fleet of two workers</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
i{{display:inline-block;width:1.1rem;height:1.1rem;margin:1px;border-radius:3px;background:#2a7}}
i.unknown{{background:#d80}}</style>
<h1>{TASKS} images, two workers, one killed in the middle</h1><p>{html.escape(NOTICE)}</p><p>{cells}</p>
<ul><li><b>{len(stage.paid)}</b> requests charged by the simulated service, at most one for each task</li>
<li><b>{counts["completed"]}</b> images saved and checked</li>
<li><b>{counts["unknown"]}</b> unknown: possibly charged, waiting for the user's word</li>
<li>{seconds:.0f} s in all, PostgreSQL and the simulated service included</li></ul>
<h2>What is unknown</h2><ul>{unknown or "<li>nothing: the kill hit no request</li>"}</ul>
<h2>Why nothing was paid twice</h2>
<p>A worker sends only after <code>UPDATE … SET state = 'submitting' WHERE state = 'prepared' … RETURNING</code>
gave it the row, and that commit is on the disk. After the kill, tasks that were still <em>prepared</em> waited
again; those that were <em>submitting</em> may have been charged, so they became unknown. Nothing but
<code>submit --on-unknown retry</code>, the user's word, sends one of them again.</p>
<h2>Observed</h2><ul>{"".join(f"<li>{html.escape(promise)}</li>" for promise in promises)}</ul>
"""  # noqa: S608  - a page, no statement
    page = DEMO / "fleet.html"
    page.write_text(text, encoding="utf-8")
    return page


if __name__ == "__main__":
    sys.exit(main())
