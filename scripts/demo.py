"""Runs each skill's main job against its stand-in service and shows what happened and what was charged.

Exit 0: everything that it promises was observed. Exit 1: a sentence says what was not.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the stand-ins do not ship, so no set-up installs them

from scripts.demo_page import NOTICE, Show, write_page  # noqa: E402
from scripts.demo_stage import DEMO, Chapter, PromiseBrokenError, Stage, observe  # noqa: E402
from tests.providers import kexiang  # noqa: E402
from tests.providers.house import StandInHouse  # noqa: E402
from tests.providers.kexiang import TaskPlan  # noqa: E402


def image2(stage: Stage) -> None:
    """Show image2: from words, the same again, and after a reference picture with a kill in the middle."""
    house, service = stage.house, stage.house.kexiang
    create = ("create_task.py", "--poll-interval", "0.5")
    words = (*create, "--mode", "text2img", "--size", "16:9", "--prompt", "雨夜里的红色电车，霓虹倒映在石板路上")

    first = stage.run("A picture from words", *words)
    stage.observe("It ended well; the picture on disk is the one in the result", kept=first.delivered)
    stage.observe("One request was paid", kept=len(first.charges) == 1)

    second = stage.run("The same command again", *words)
    same = [row["sha256"] for row in first.images] == [row["sha256"] for row in second.images]
    stage.observe("The picture of the first time came back", kept=second.delivered and same)
    stage.observe("Nothing was paid twice", kept=not second.charges)

    link = first.images[0]["url"]
    redraw = (
        *create,
        "--mode",
        "img2img",
        "--size",
        "3:4",
        "--url",
        link,
        "--prompt",
        "the same tram, deep in snow",
    )
    service.plan_task(TaskPlan(duration=3.0))
    looks = house.recorder.requests_to(kexiang.QUERY_PATH)
    killed = stage.run(
        "A new picture after the first one, killed while it waits",
        *redraw,
        kill_when=lambda: len(house.recorder.requests_to(kexiang.QUERY_PATH)) > len(looks),
    )
    stage.observe("SIGKILL ended it, paid and without a picture", kept=killed.killed and killed.document is None)
    stage.observe("One request was paid", kept=len(killed.charges) == 1)

    resumed = stage.run("The same command after the kill", *redraw)
    task = house.ledger.charges[-1].task_id
    stage.observe("It went on with the task that was paid", kept=resumed.delivered and resumed.task_id == task)
    stage.observe("Nothing was paid twice", kept=not resumed.charges)
    stage.observe("Every request was as the service expects it", kept=not service.complaints)


CHAPTERS = (
    Chapter(
        skill="image2",
        service=kexiang.HOST,
        unit="credits",
        hosts=frozenset((kexiang.HOST, kexiang.PICTURE_HOST)),
        key=lambda house: {"X_API_KEY": house.kexiang.key},
        play=image2,
    ),
)


def play(show: Show) -> None:
    """Play every chapter, and observe what holds for all of them.

    Raises:
        PromiseBrokenError: something was not observed.
    """
    with tempfile.TemporaryDirectory() as home, StandInHouse(task_seconds=1.0) as house:
        house.kexiang.long_side = 1024
        for chapter in CHAPTERS:
            print(f"\n== {chapter.skill} at {chapter.service} ==")
            stage = Stage(chapter, house, home)
            show.chapters.append(stage.played)
            chapter.play(stage)
        print("\nAll in all")
        requests = [charge.fingerprint_of_request for charge in house.ledger.charges]
        once = len(requests) == len(set(requests)) > 0
        observe(f"{len(requests)} different requests, each paid exactly once", kept=once, told=show.observed)
        hosts = frozenset[str]().union(*(chapter.hosts for chapter in CHAPTERS))
        only = f"Only {' and '.join(sorted(hosts))} were asked for, and the stand-in answered in their place"
        observe(only, kept=house.contacted == hosts, told=show.observed)


def main() -> int:
    """Run the demo, write its contact sheet, and return the exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    started = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    print(NOTICE)
    show = Show()
    try:
        play(show)
    except PromiseBrokenError as broken:
        print(f"demo: this was promised and not observed: {broken}.", file=sys.stderr)
        return 1
    write_page(DEMO / "index.html", show)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open {DEMO / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
