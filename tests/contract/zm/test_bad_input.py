"""Rows of a batch, folders and disks that cannot be used; command lines are in tests/faults/vectors."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.journal.store import SqliteStore
from tests.contract.zm.stage import Stage, expect
from tests.providers.openai_images import ImagePlan

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse

TASK = {"prompt": "a cup"}


MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime, file=sys.stderr)
sys.exit(process.returncode)
"""
"""Tells the peak memory of a command, from a small process: a child is born with the size of its parent."""


@pytest.mark.parametrize(("command", "count"), [("batch_run.py", 201), ("batch_run.py", 10**5), ("queue", 10**5)])
def test_too_many_tasks_are_refused_quickly_and_cheaply(command: str, count: int, stage: Stage) -> None:
    stage.save("t.json", {"tasks": [{"task_name": f"n{i}", "prompt": "a picture of a cup"} for i in range(count)]})
    argv = ("image_queue.py", "run") if command == "queue" else (command,)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *stage.argv(*argv, "@t.json", "--json")],
        env=stage.environment,
        cwd=stage.work,
        capture_output=True,
        check=False,
    )
    peak, seconds = map(float, done.stderr.split())
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "tasks_too_many")
    assert peak < 256 * 1024  # kB on Linux
    assert seconds < 2


@pytest.mark.parametrize("name", ["产品图-1 😀", "Café v1.2_final"])
def test_a_name_that_is_fine(name: str, stage: Stage) -> None:
    document = expect(stage.tried("--prompt", "x", "--task-name", name), 0)
    assert Path(document["output"]).name.startswith(name)


ROWS: list[tuple[Any, str]] = [
    (7, "task_no_object"),
    ({"prompt": 7}, "field_type"),
    ({"prompt": "x", "raw": "yes"}, "field_type"),
    ({"prompt": "x", "timeout_ms": True}, "not_a_number"),
    ({"prompt": "x", "timeout_ms": "many"}, "not_a_number"),
    ({"prompt": "x", "max_attempts": 99}, "not_a_number"),
    ({"prompt": "x", "images": {"a": 1}}, "references_malformed"),
    ({"prompt": "x", "images": ["r.png"] * 17}, "references_count"),
    ({"prompt": "x", "quality": "best"}, "option_not_taken"),
    ({"prompt": "x", "quality": 7}, "field_type"),
    ({"prompt": "x", "compression": 80}, "option_needs"),
    ({"prompt": "x", "compression": "many"}, "not_a_number"),
    ({"prompt": "x", "model": "gpt-image-1.5", "size": "1040x1024"}, "option_not_taken"),
    ({"prompt": "x", "task_name": "../x"}, "task_name_invalid"),
    ({"prompt": "x", "task_key": "a/b"}, "task_name_invalid"),
    ({}, "prompt_empty"),
    ({"task_key": "caf\u00e9"}, "prompt_empty"),
    ({"prompt": "x", "task_key": "cafe\u0301"}, "task_key_twice"),
    ({"prompt": "\u200b\u3164"}, "prompt_invisible"),
]


def test_bad_rows_of_a_batch_each_say_why(stage: Stage, house: StandInHouse) -> None:
    stage.picture("r.png")
    name = stage.save("b.json", {"tasks": [row for row, _ in ROWS]})
    document = expect(stage.inside("batch_run.py", name, "--json"), 8)
    assert [row["error"]["code"] for row in document["results"]] == [error for _, error in ROWS]
    assert house.contacted == set()


def test_an_invisible_prompt_of_a_queue_is_not_sent(stage: Stage, house: StandInHouse) -> None:
    rows = json.dumps({"tasks": [{"prompt": "\u2060"}, {"prompt": "\ufe0f\u0301"}]})
    document = expect(stage.inside("image_queue.py", "run", rows, "--json"), 8)
    assert ["invisible" in json.dumps(row["error"]) for row in document["results"]] == [True, True]
    assert house.contacted == set()


@pytest.mark.parametrize("command", [("batch_run.py",), ("image_queue.py", "run")], ids=["batch", "queue"])
def test_a_wish_for_delivery_is_answered(command: tuple[str, ...], stage: Stage) -> None:
    text = json.dumps({"tasks": [{"prompt": "a cup", "send_to_feishu": True}]})
    ended = stage.inside(*command, text, "--json")
    expect(ended, 0)
    assert "send_to_feishu" in ended.talk


def test_runs_are_not_written_where_a_link_leads(stage: Stage, house: StandInHouse) -> None:
    folder = stage.work / "shared"
    folder.mkdir()
    (folder / "_runs").symlink_to(stage.work)
    expect(stage.tried("--prompt", "x", "--output-dir", folder), 2, "folder_unsafe")
    assert house.contacted == set()


@pytest.mark.parametrize("how", ["file", "link", "world-writable", "unwritable"])
def test_a_state_folder_that_cannot_be_trusted(how: str, stage: Stage) -> None:
    path = stage.work / "queue"
    if how == "file":
        path.touch()
    elif how == "link":
        (stage.work / "real").mkdir()
        path.symlink_to(stage.work / "real")
    elif how == "world-writable":
        path.mkdir()
        path.chmod(0o777)
    else:
        path = Path("/proc/queue")
    argv = (
        "image_queue.py",
        "run",
        json.dumps({"tasks": [{"mock_sleep": 0}]}),
        "--state-dir",
        str(path),
        "--json",
    )
    expect(stage.inside(*argv), 12 if how == "unwritable" else 2)


def test_a_batch_folder_that_is_a_link_is_not_used(stage: Stage) -> None:
    text = json.dumps({"tasks": [TASK]})
    plan = expect(stage.inside("batch_run.py", text, "--dry-run", "--json"), 0)["plan"]
    folder = Path(plan["batch_dir"])
    folder.parent.mkdir(parents=True)
    folder.symlink_to(stage.work)
    expect(stage.inside("batch_run.py", text, "--json"), 2, "folder_unsafe")


def test_a_journal_that_cannot_be_read_may_be_mended(stage: Stage, house: StandInHouse) -> None:
    stage.journal.parent.mkdir(parents=True)
    stage.journal.touch()
    document = expect(stage.inside("batch_run.py", json.dumps({"tasks": [TASK]}), "--json"), 12, "journal_damaged")
    assert house.contacted == set()
    assert stage.shell(document["next"]).code == 0
    assert stage.run("tasks.py", "list").code == 0


def test_a_batch_in_a_folder_that_is_gone(stage: Stage) -> None:
    gone = stage.work / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'cd gone; rmdir ../gone; exec "$@"', "sh", *stage.argv("batch_run.py", "--json", "-")]
    for more, code in (((), 12), (("--output-dir", str(stage.work / "here")), 0)):
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            [*command, *more], env=stage.environment, cwd=stage.work, capture_output=True, check=False,
            input=json.dumps({"tasks": [TASK]}).encode(),
        )  # fmt: skip
        assert done.returncode == code, done.stdout


@dataclass(frozen=True)
class Full:
    """How large a file may become, and what a run comes to whose prompt has so many characters."""

    limit: int
    prompt: int
    charged: str
    possible: int
    then: int


@pytest.mark.parametrize("full", [Full(100_000, 27_500, "no", 0, 0), Full(100_000, 1, "unknown", 1, 10)], ids=str)
def test_a_disk_that_is_full_before_or_after_the_request_is_sent(
    full: Full, stage: Stage, house: StandInHouse
) -> None:
    SqliteStore(stage.journal.parent).create()
    house.openai_images.plan_image(ImagePlan(megabytes=0.2))

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (full.limit, full.limit))

    prompt = ("--prompt", "\U0001f375" * full.prompt)  # 4 bytes each
    ended = subprocess.run(
        stage.argv("run.py", "--json", *prompt),
        env=stage.environment, cwd=stage.work, capture_output=True, check=False, preexec_fn=small_files,
    )  # fmt: skip
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["error"]["code"]) == (12, "disk_failed")
    assert (document["charged"], document["possible_charges"]) == (full.charged, full.possible)
    assert len(house.ledger) == full.possible
    expect(stage.tried(*prompt), full.then)
