"""Terminals, encodings of other places, a working folder inside the skill: nothing crashes, nothing stays."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract.evidence import tree
from tests.launcher import SKILLS
from tests.providers.kexiang import TaskPlan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

pytestmark = pytest.mark.processes

PROMPT = "一只猫 🐈 – ¿qué?"
CREATE = ("create_task.py", "--mode", "text2img", "--size", "3:4", "--poll-interval", "0.5")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "gbk"},
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
    ],
    ids=lambda environment: "-".join(environment.values()),
)
def test_streams_of_another_encoding_do_not_crash(bench: Bench, environment: dict[str, str]) -> None:
    for more in ((), ("--json",)):
        ended = bench.run(*CREATE, *more, "--prompt", PROMPT, "--lang", "zh", env=environment)
        assert ended.code == 0, ended.talk
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    assert json.loads(ended.stdout.decode(encoding))["ok"] is True
    assert "\\u" not in bench.run("tasks.py", "list").stdout.decode()


def test_json_is_ascii_unless_stdout_is_utf8(bench: Bench) -> None:
    arguments = ("create_task.py", "--mode", "猫", "--json", "--prompt", "x", "--size", "1:1")
    assert bench.run(*arguments, env={"PYTHONIOENCODING": "gbk"}).stdout.isascii()
    assert not bench.run(*arguments).stdout.isascii()


def test_a_terminal_is_asked_and_sees_one_live_line(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_task(TaskPlan(duration=2.5))
    for answer, code, charges in ((b"n\n", 130, 0), (b"y\n", 0, 1)):
        screen, exit_code = at_a_terminal(bench, answer)
        assert exit_code == code, screen
        assert len(house.ledger) == charges
        assert "Create it now? [y/N]" in screen
    assert screen.count("\r") > 2
    assert "pending" in screen


def at_a_terminal(bench: Bench, answer: bytes) -> tuple[str, int]:
    """Run the create command on a pseudo-terminal, type the answer, and return the screen and the exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        bench.argv(*CREATE, "--prompt", "a kite"),
        env={**bench.environment, "TERM": "xterm"},
        cwd=bench.work,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, answer)
    seen = b""
    try:
        while block := os.read(ours, 4096):
            seen += block
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(ours)
    return seen.decode(), process.wait(timeout=30)


def test_a_run_inside_the_skills_own_folder_leaves_nothing_there(bench: Bench) -> None:
    skill = SKILLS / "image2"
    before = tree(skill)
    ended = bench.run(*CREATE, "--prompt", "a kite", "--json", cwd=skill / "scripts")
    assert ended.code == 0, ended.talk
    assert tree(skill) == before
    assert ended.document["images"][0]["path"].startswith(str(bench.home / "generated-images"))
