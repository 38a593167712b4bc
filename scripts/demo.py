"""Run each skill's main job against its simulated service, and show what happened and what was charged.

Exit 0: every promise was observed. Exit 1: a message names the one that was not.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the simulated services do not ship, so no set-up installs them

from scripts.demo_page import NOTICE, Show, write_page  # noqa: E402
from scripts.demo_stage import DEMO, Chapter, PromiseBrokenError, Stage, observe  # noqa: E402
from tests.providers.house import StandInHouse  # noqa: E402

CHAPTERS: tuple[Chapter, ...] = tuple(
    import_module(f"scripts.{name}").CHAPTER
    for name in (
        "demo_image2",
        "demo_ima",
        "demo_zm",
        "demo_nemo",
    )
)


def play(show: Show) -> None:
    """Run every chapter, and check the promises that apply to all of them.

    Raises:
        PromiseBrokenError: a promise was not observed.
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
        only = f"Only {', '.join(sorted(hosts))} were contacted, and the simulated service answered in their place"
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
