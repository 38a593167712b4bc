"""A person at a terminal: the question names prompt, size and cost, no sends nothing, and the image is a link."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.paid import CREATE, creates
from tests.launcher import ROOT
from tests.providers.kexiang import TaskPlan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

WORDS = [word for word in CREATE[1:] if word != "--json"]
SECONDS = 40.0


def at_a_terminal(bench: Bench, *argv: str, answer: str) -> tuple[int, str]:
    """Run create_task.py with a terminal, type the answer when asked, and return exit code and what it shows."""
    ours, theirs = pty.openpty()
    launcher = str(ROOT / "skills" / "image2" / "scripts" / "create_task.py")
    environment = {**bench.environment, "TERM": "xterm-kitty"}
    with subprocess.Popen(
        [sys.executable, launcher, *argv],
        cwd=bench.work,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown, answered, end = b"", False, time.monotonic() + SECONDS
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    block = os.read(ours, 65536)
                except OSError:  # closed by the process
                    break
                if not block:
                    break
                shown += block
            if not answered and b"[y/N]" in shown:
                answered = True
                os.write(ours, f"{answer}\n".encode())
        else:
            process.send_signal(signal.SIGKILL)
        code = process.wait()
    os.close(ours)
    return code, shown.decode()


@pytest.mark.processes
def test_no_sends_nothing_and_says_so(bench: Bench, house: StandInHouse) -> None:
    code, shown = at_a_terminal(bench, *WORDS, "--prompt", "a red kite", answer="n")
    assert code == 130
    assert 'Prompt: "a red kite"; size: 3:4; cost: known only after the task is created' in shown
    assert "Nothing was sent." in shown
    assert "Next command" not in shown
    assert creates(house) == 0


@pytest.mark.processes
def test_yes_shows_a_bar_from_history_and_ends_with_the_link_and_the_cost(
    bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_task(TaskPlan(duration=3), TaskPlan(duration=4))
    assert bench.run(*CREATE, "--prompt", "a first kite").code == 0
    code, shown = at_a_terminal(bench, *WORDS, "--prompt", "a red kite", answer="y")
    assert code == 0, shown
    assert re.search(r"cost: about 0\.2 credits \(the last task with these settings, on 20", shown)
    shares = [int(share) for share in re.findall(r"\[[#-]+\] +([0-9]+)%", shown)]
    assert shares
    assert shares == sorted(shares)
    assert 0 < shares[-1] < 100
    (path,) = (row["path"] for row in bench.entries()[-1]["images"])
    last = shown.rstrip().splitlines()
    assert f"\x1b]8;;file://{path}\x1b\\{path}\x1b]8;;\x1b\\" in last[-2]
    assert last[-1].startswith("Cost: 0.2 credits")
    assert len(house.ledger) == 2
