"""Run the demo's commands unchanged from the checkout's root, in a temporary home folder, and report each."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.demo_page import Played, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.providers.house import StandInHouse

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
SECONDS = 30.0  # no command of the demo may take longer


class PromiseBrokenError(Exception):
    """The demo promises something that was not observed; the message is that promise."""


@dataclass(frozen=True)
class Chapter:
    """What the demo shows of one skill: `key` are its variables, `hosts` all hosts that it may contact."""

    skill: str
    service: str
    unit: str
    hosts: frozenset[str]
    key: Callable[[StandInHouse], Mapping[str, str]]
    play: Callable[[Stage], None]


class Stage:
    """Run the commands of one chapter and keep their outcomes in `played`."""

    def __init__(self, chapter: Chapter, house: StandInHouse, home: str) -> None:
        self.house = house
        self.played = Played(chapter.skill, chapter.service, chapter.unit)
        self._charges_of_others = len(house.ledger)
        self._environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),  # python3 is this Python
            "HOME": home,
            **house.environment(),
            **chapter.key(house),
        }

    def run(self, title: str, launcher: str, *options: str, kill_when: Callable[[], bool] | None = None) -> Step:
        """Run a launcher to its end, or kill it as soon as `kill_when` is true; print its output.

        Raises:
            PromiseBrokenError: it takes longer than 30 s.
        """
        steps, unit = self.played.steps, self.played.unit
        result = DEMO / f"{self.played.skill}-{len(steps) + 1}.json"
        script = f"skills/{self.played.skill}/scripts/{launcher}"
        typed = ["python3", script, *options]
        typed += [] if launcher == "tasks.py" else ["--output-dir", DEMO.name]
        typed += ["--result-file", str(result.relative_to(ROOT))]
        print(f"\n{len(steps) + 1}. {title}\n   $ {shlex.join(typed)}", flush=True)
        paid_before = len(self.house.ledger)
        code, said = self._ended(typed, kill_when)
        charges = self.house.ledger.charges
        step = Step(
            title=title,
            command=shlex.join(typed),
            prompt=options[options.index("--prompt") + 1] if "--prompt" in options else title,
            said=said,
            code=code,
            charges=charges[paid_before:],
            paid_so_far=sum((one.amount for one in charges[self._charges_of_others :]), Decimal(0)),
            result=result.name,
            document=json.loads(result.read_bytes()) if result.exists() else None,
        )
        steps.append(step)
        print("".join(f"   | {line}\n" for line in said.splitlines()), end="")
        print(f"   {step.ended}. Charged: {step.charged(unit)}; in all {step.paid_so_far} {unit}.", flush=True)
        return step

    def observe(self, promise: str, *, kept: bool) -> None:
        """Report a promise that the last command kept.

        Raises:
            PromiseBrokenError: it was not.
        """
        observe(promise, kept=kept, told=self.played.steps[-1].observed)

    def _ended(self, typed: list[str], kill_when: Callable[[], bool] | None) -> tuple[int, str]:
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                typed, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                if kill_when:
                    _wait_until(lambda: kill_when() or process.poll() is not None)
                    process.kill()
                code = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                raise PromiseBrokenError(f"no command takes longer than {SECONDS:.0f} s") from None
            finally:
                process.kill()
                process.wait()
            output.seek(0)
            return code, output.read().decode(errors="replace")


def observe(promise: str, *, kept: bool, told: list[str]) -> None:
    """Report a promise that was kept, and add it to `told`.

    Raises:
        PromiseBrokenError: it was not.
    """
    if not kept:
        raise PromiseBrokenError(promise)
    told.append(promise)
    print(f"   ✓ {promise}", flush=True)


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
