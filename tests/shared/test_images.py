"""Images are downloaded until complete, named by their true type, and never replace an existing file."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from shared import part_files
from shared.errors import DiskError, RateLimitError, ReadError, UnusableResult
from shared.images import download
from shared.images.download import (
    MAX_IMAGE_BYTES,
    check_output_folder,
    reuse_saved_images,
    save_image,
    save_images,
)
from tests.providers.pictures import MEDIA_TYPES, make_picture
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

LINK = "https://img.example/one?sig=1"
PNG = make_picture("png", 24, 16, 1)
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "gif": ".gif"}


class Downloads:
    """Returns the given results in order; repeats the last one."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, float, int]] = []

    def download(self, url: str, target: BinaryIO, *, seconds: float, max_bytes: int) -> str | None:
        self.asked.append((url, seconds, max_bytes))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        target.write(answer)
        return "text/plain; whatever the server says"


class Fetch:
    """A folder to save into, with a fake clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()

    def save(self, *answers: bytes | Exception, timeout: float = 720.0) -> dict[str, Any]:
        self.downloads = Downloads(*answers)
        return save_image(self.downloads, LINK, self.folder / "one-1", self.clock.limits(timeout))

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path)


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_picture_is_saved_under_its_true_type_with_its_facts(fetch: Fetch, kind: str) -> None:
    content = make_picture(kind, 24, 16, 1)
    row = fetch.save(content)
    path = fetch.folder / f"one-1{ENDINGS[kind]}"
    assert path.read_bytes() == content
    assert row == {
        "path": str(path),
        "url": LINK,
        "media_type": MEDIA_TYPES[kind],
        "width": 24,
        "height": 16,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert fetch.names == [path.name]
    assert fetch.downloads.asked == [(LINK, 120.0, MAX_IMAGE_BYTES)]


def lost() -> ReadError:
    return ReadError("unreachable", reason="reason_reset", host="img.example")


BAD = {
    "empty": (b"", "picture_empty"),
    "cut": (PNG[:-5], "picture_truncated"),
    "damaged": (PNG.replace(b"IDAT", b"IDAX", 1), "picture_corrupt"),
    "html": (b"<!doctype html><html></html>", "picture_html"),
    "json": (b'{"error": 1}', "picture_json"),
}


@pytest.mark.parametrize("first", [*(content for content, _ in BAD.values()), lost()], ids=[*BAD, "lost"])
def test_what_is_no_whole_picture_is_fetched_again(fetch: Fetch, first: bytes | Exception) -> None:
    row = fetch.save(first, first, PNG)
    assert (row["bytes"], len(fetch.downloads.asked)) == (len(PNG), 3)
    assert fetch.names == ["one-1.png"]
    assert sum(fetch.clock.slept) <= 1.5


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_three_tries_without_a_whole_picture_are_enough(fetch: Fetch, content: bytes, reason: str) -> None:
    with pytest.raises(UnusableResult) as caught:
        fetch.save(content)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("picture_unusable", 13, "resume")
    assert caught.value.facts["reason"] == reason
    assert (len(fetch.downloads.asked), fetch.names) == (3, [])


def test_a_host_that_does_not_answer_is_told_as_such(fetch: Fetch) -> None:
    with pytest.raises(UnusableResult) as caught:
        fetch.save(ReadError("read_failed", http_status=503, status=503))
    assert (caught.value.code, caught.value.http_status) == ("picture_unreachable", 503)
    assert (len(fetch.downloads.asked), fetch.names) == (3, [])


@pytest.mark.parametrize("code", ["link_expired", "link_refused", "link_private", "picture_too_large"])
def test_a_link_that_will_never_work_is_tried_once(fetch: Fetch, code: str) -> None:
    with pytest.raises(UnusableResult, match=code):
        fetch.save(UnusableResult(code))
    assert (len(fetch.downloads.asked), fetch.names) == (1, [])


def test_a_download_gets_what_is_left_of_the_time_and_two_minutes_at_most(fetch: Fetch) -> None:
    fetch.save(PNG, timeout=30.0)
    assert [seconds for _, seconds, _ in fetch.downloads.asked] == [30.0]
    fetch.save(PNG, timeout=121.0)
    assert [seconds for _, seconds, _ in fetch.downloads.asked] == [120.0]


def test_a_full_disk_is_a_disk_error_and_leaves_nothing(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskError) as caught:
            fetch.save(PNG)
    assert caught.value.facts == {"path": fetch.folder, "reason": "No space left on device"}
    assert (len(fetch.downloads.asked), fetch.names) == (1, [])


# ---- names


def test_the_same_picture_again_is_the_same_file(fetch: Fetch) -> None:
    first = fetch.save(PNG)
    assert fetch.save(PNG) == first
    assert fetch.names == ["one-1.png"]


def test_a_file_that_a_person_changed_is_kept(fetch: Fetch) -> None:
    path = fetch.folder / "one-1.png"
    path.write_bytes(b"retouched")
    assert fetch.save(PNG)["path"] == str(fetch.folder / "one-1-2.png")
    assert path.read_bytes() == b"retouched"


@pytest.mark.parametrize("in_the_way", ["folder", "link"])
def test_whatever_has_the_name_is_kept(fetch: Fetch, in_the_way: str) -> None:
    path = fetch.folder / "one-1.png"
    if in_the_way == "folder":
        path.mkdir()
    else:
        path.symlink_to(fetch.folder / "nowhere")
    assert fetch.save(PNG)["path"] == str(fetch.folder / "one-1-2.png")
    assert fetch.names == ["one-1-2.png", "one-1.png"]


def test_a_stray_part_of_a_killed_run_is_used_up(fetch: Fetch) -> None:
    (fetch.folder / ".one-1.0123456789abcdef.part").write_bytes(b"half")
    fetch.save(PNG)
    assert fetch.names == ["one-1.png"]


def test_a_planted_part_is_neither_written_to_nor_removed(fetch: Fetch) -> None:
    elsewhere = fetch.folder / "bashrc"
    elsewhere.write_bytes(b"mine")
    for name in (".one-1.part", ".one-1.png.part", ".one-1.0123456789abcdef.part"):
        (fetch.folder / name).symlink_to(elsewhere)
    before = fetch.names
    fetch.save(PNG)
    assert fetch.names == sorted([*before, "one-1.png"])
    assert elsewhere.read_bytes() == b"mine"


# ---- several


def test_all_that_can_be_had_are_saved_and_the_first_failure_is_told(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"a": PNG, "b": UnusableResult("link_expired"), "c": RateLimitError("rate_limited"), "d": PNG}

    def one(_downloads: Downloads, link: str, target: Path, _limits: object) -> dict[str, Any]:
        answer = asked[link]
        if isinstance(answer, Exception):
            raise answer
        return {"path": str(target), "bytes": 1}

    monkeypatch.setattr(download, "save_image", one)
    rows, failure = save_images(Downloads(PNG), list(asked), fetch.folder / "one", fetch.clock.limits(60.0))
    assert [row["path"] for row in rows] == [str(fetch.folder / "one-1"), str(fetch.folder / "one-4")]
    assert failure is asked["b"]


@pytest.mark.parametrize(
    ("size", "count", "saved_count"),
    [(1, 300, 10), (MAX_IMAGE_BYTES, 300, 4), (MAX_IMAGE_BYTES, 4, 4), (1, 10, 10)],
)
def test_more_images_than_anybody_asks_for_are_left_out_and_said(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, size: int, count: int, saved_count: int
) -> None:
    messages: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(download, "save_image", lambda *_rest: {"bytes": size})
    rows, failure = save_images(
        Downloads(PNG),
        [LINK] * count,
        fetch.folder / "one",
        fetch.clock.limits(60.0),
        lambda message, **facts: messages.append((message, facts)),
    )
    assert (len(rows), failure) == (saved_count, None)
    expected = [("images_over_limit", {"saved": saved_count, "count": count})] if count > saved_count else []
    assert messages == expected


# ---- images of an earlier run


def saved(fetch: Fetch) -> list[dict[str, Any]]:
    return [fetch.save(PNG)]


def test_pictures_that_are_still_there_are_kept(fetch: Fetch) -> None:
    rows = saved(fetch)
    assert reuse_saved_images(rows, fetch.folder) == rows


@pytest.mark.parametrize("harm", ["gone", "altered", "a folder"])
def test_one_that_is_gone_or_altered_is_not_kept(fetch: Fetch, harm: str) -> None:
    rows = saved(fetch)
    path = fetch.folder / "one-1.png"
    path.unlink()
    if harm == "altered":
        path.write_bytes(PNG + b"x")
    elif harm == "a folder":
        path.mkdir()
    assert reuse_saved_images(rows, fetch.folder) is None
    assert reuse_saved_images([], fetch.folder) is None


def test_another_output_folder_gets_copies(fetch: Fetch, tmp_path: Path) -> None:
    rows = saved(fetch)
    other = tmp_path / "other"
    other.mkdir()
    for _ in range(2):
        kept = reuse_saved_images(rows, other)
        assert kept == [{**rows[0], "path": str(other / "one-1.png")}]
    assert [path.name for path in other.iterdir()] == ["one-1.png"]
    assert (other / "one-1.png").read_bytes() == PNG
    (other / "one-1.png").write_bytes(b"retouched")
    kept = reuse_saved_images(rows, other)
    assert kept == [{**rows[0], "path": str(other / "one-1-2.png")}]


# ---- the folder, before anything is spent


def test_the_output_folder_is_made_and_proven(tmp_path: Path) -> None:
    check_output_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    check_output_folder(tmp_path / "a" / "b")


def test_a_folder_that_cannot_be_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DiskError) as caught:
            check_output_folder(path)
        assert caught.value.facts["path"] == path

    def full(_path: Path) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(part_files, "create_file", full)
    with pytest.raises(DiskError, match="Read-only file system"):
        check_output_folder(tmp_path)
