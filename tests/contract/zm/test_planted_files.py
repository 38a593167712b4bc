"""Planted files in a folder are neither written to, nor followed, nor trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.zm.stage import QUICK, Stage, expect, on_disk

if TYPE_CHECKING:
    from typing import Any

    from tests.providers.openai_images import OpenAiImagesService

MINE = b"export PATH\n"
TASKS = [{"task_name": "cover", "prompt": "a cover"}]
LINKED_FILES = (
    "images/.0001-cover.part",
    "images/.0001-cover.png.part",
    "images/0001-cover.png",
    "tasks/0001-cover/answer.json",
    "tasks/0001-cover/stdout.txt",
    "tasks/0001-cover/stderr.txt",
    "tasks/0001-cover/state.json",
    "tasks/0001-cover/result.json",
    "tasks/0001-cover/batch_task.json",
    "batch_request.json",
    "batch_result.json",
    "batch_report.html",
)


def batch(stage: Stage) -> tuple[str, ...]:
    return ("batch_run.py", stage.save("b.json", {"tasks": TASKS}), *QUICK, "--json")


def folder_of(stage: Stage) -> Path:
    return Path(expect(stage.run(*batch(stage), "--dry-run"), 0)["batch_dir"])


@pytest.mark.parametrize("kind", ["link", "hard link"])
@pytest.mark.parametrize("name", LINKED_FILES)
def test_a_planted_link_in_a_batch_is_not_written_through(
    stage: Stage, service: OpenAiImagesService, name: str, kind: str
) -> None:
    path, mine = folder_of(stage) / name, stage.home / ".bashrc"
    mine.write_bytes(MINE)
    path.parent.mkdir(parents=True)
    if kind == "link":
        path.symlink_to(mine)
    else:
        path.hardlink_to(mine)
    document = expect(stage.run(*batch(stage)), 0)
    assert mine.read_bytes() == MINE
    assert on_disk(document["images"][0]) == service.pictures[0]
    assert not Path(document["images"][0]["path"]).is_symlink()
    assert len(service.pictures) == 1


@pytest.mark.parametrize("level", ["", "images", "tasks", "tasks/0001-cover"])
def test_a_planted_folder_in_a_batch_is_not_entered(
    stage: Stage, service: OpenAiImagesService, level: str
) -> None:
    path, elsewhere = folder_of(stage) / level, stage.home / "private"
    elsewhere.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere)
    ended = stage.run(*batch(stage))
    code = 8 if level.endswith("cover") else 2
    document = expect(ended, code, "batch_incomplete" if code == 8 else "folder_unsafe")
    assert "symbolic link" in document["error"]["message"]
    assert list(elsewhere.iterdir()) == []
    assert service.pictures == []


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_others_can_exchange_is_not_used(stage: Stage, mode: int) -> None:
    shared = stage.folder / "shared"
    shared.mkdir()
    shared.chmod(mode)
    ended = stage.run(*batch(stage), "--output-dir", str(shared / "mine"))
    if mode & 0o1000:
        expect(ended, 0)
    else:
        message = expect(ended, 2, "folder_unsafe")["error"]["message"]
        assert "other users can write" in message
        assert str(shared) in message
        assert list(shared.iterdir()) == []


@pytest.mark.parametrize("kind", ["dangling", "folder", "pipe"])
def test_other_things_in_the_place_of_documents_are_no_bug(stage: Stage, kind: str) -> None:
    for name in ("tasks/0001-cover/result.json", "tasks/0001-cover/stderr.txt"):
        path = folder_of(stage) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "dangling":
            path.symlink_to(stage.home / "not-there")
        elif kind == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    document = expect(stage.run(*batch(stage)), 8 if kind == "folder" else 0)
    assert not (stage.home / "not-there").exists()
    if kind == "folder":
        assert document["results"][0]["error"]["code"] == "disk_failed"


# ---- the queue

COMMANDS = (("status",), ("list",), ("history",), ("get", "T1"), ("cancel", "T1"))
SECRET = "dummy-secret-of-somebody"


def plant_queue(stage: Stage, row: Any, task_id: str = "T1") -> Path:
    """Make a state folder with one task, whose row someone wrote."""
    folder = stage.work / "q"
    task = folder / "tasks" / task_id
    task.mkdir(parents=True, exist_ok=True)
    (task / "task.json").write_text(json.dumps(row))
    (folder / "queue_state.json").write_text(json.dumps({"version": 1, "tasks": {task_id: row}}))
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", ["paths", "links"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_no_content_of_another_file_is_printed(stage: Stage, command: tuple[str, ...], how: str) -> None:
    secret = stage.home / "secret.json"
    secret.write_text(json.dumps({"status": SECRET, "ok": True, "images": [SECRET]}))
    row: dict[str, Any] = {"task_id": "T1", "status": "failed", "error": "no"}
    if how == "paths":
        row |= dict.fromkeys(("stdout", "stderr", "result_json", "run_dir"), str(secret))
    folder = plant_queue(stage, row)
    if how == "links":
        for name in ("stdout.txt", "stderr.txt", "result.json"):
            (folder / "tasks" / "T1" / name).symlink_to(secret)
    for more in ((), ("--json",)):
        ended = stage.run("image_queue.py", *command, "--state-dir", str(folder), *more)
        assert ended.code in {0, 2, 8, 9}, ended.talk
        assert SECRET not in ended.talk + ended.stdout.decode()


@pytest.mark.parametrize(
    "task_id", ["../../victim", "..", ".", "/tmp/victim", "T1/../../victim", "a\\b", "", "x" * 300]
)
@pytest.mark.parametrize("status", ["running", "queued", "failed"])
def test_an_id_is_never_a_path(stage: Stage, task_id: str, status: str) -> None:
    victim = stage.folder / "victim"
    victim.mkdir()
    folder = stage.work / "q"
    (folder / "tasks").mkdir(parents=True)
    row = {"task_id": task_id, "status": status}
    (folder / "queue_state.json").write_text(json.dumps({"version": 1, "tasks": {task_id: row}}))
    outside = snapshot(stage.home) | snapshot(victim)
    for command in (*COMMANDS[:3], ("get", task_id or "x"), ("cancel", task_id or "x")):
        ended = stage.run("image_queue.py", *command, "--state-dir", str(folder), "--json")
        assert ended.code == (0 if command in COMMANDS else 2), ended.talk
    assert {path.name for path in folder.iterdir()} <= {"tasks", "queue_state.json", "runner.lock"}
    assert list((folder / "tasks").iterdir()) == []
    assert snapshot(stage.home) | snapshot(victim) == outside
    assert sorted(path.name for path in stage.work.iterdir()) == ["q"]


def test_a_forged_row_attaches_nothing(stage: Stage) -> None:
    row = {"task_id": "T1", "status": "completed", "media": ["/etc/passwd"], "output": "/etc/passwd"}
    folder = plant_queue(stage, row)
    listed = expect(stage.run("image_queue.py", "list", "--state-dir", str(folder), "--json"), 0)
    assert (listed["results"], listed["media"], listed["images"]) == ([], [], [])
    folder = plant_queue(stage, {**row, "output": None})
    (shown,) = expect(stage.run("image_queue.py", "list", "--state-dir", str(folder), "--json"), 0)["results"]
    assert (shown["media"], shown["output"]) == ([], None)


# ---- what is printed

BREAKS = ("\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
BEFORE = ("", " ", "\t", "\u200b", "\ufeff", "\u202e", "\xa0", "`", "- ", "\u3000")


def test_no_path_of_a_result_begins_a_line_with_media(stage: Stage) -> None:
    evil = [f"/x{line}{before}MEDIA:/etc/passwd" for line in BREAKS for before in BEFORE]
    evil += ["/x\x1b]0;owned\x07", "/x\x9b31m", "/x\u202egnp.exe"]
    for number, path in enumerate(evil):
        folder = stage.work / f"r{number}"
        folder.mkdir()
        image = {"path": path, "bytes": 1, "sha256": "0" * 64, "width": 1, "height": 1, "media_type": "image/png"}
        document = {"ok": True, "status": path, "provider": path, "model": path, "mode": path, "error": None}
        rows = {"input_images": [{"path": path}], "run_dir": path, "images": [image]}
        (folder / "result.json").write_text(json.dumps({**document, **rows}))
        (folder / "batch_result.json").write_text(json.dumps({"results": [{"result_json": path}]}))
        for argument in (folder, folder / "result.json"):
            for more in ((), ("--json",)):
                ended = stage.run("verify.py", str(argument), *more)
                assert ended.code == 13, ended.talk
                for text in (ended.talk, ended.stdout.decode()):
                    lines = [line.strip(" \t\xa0\u3000\u200b\ufeff\u202e`->'\"") for line in text.splitlines()]
                    assert not any(line.upper().startswith("MEDIA:") for line in lines), text
                    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2028"} & set(text)
