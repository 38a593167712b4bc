"""What somebody planted in a folder is neither written to, nor followed, nor believed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.zm.stage import QUICK, Stage, expect, on_disk

if TYPE_CHECKING:
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
        assert "others may write" in message
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
