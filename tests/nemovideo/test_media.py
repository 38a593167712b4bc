"""What a session lists is saved up to a limit in number and in sum, and what exceeds it is reported."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from nemovideo import media
from nemovideo.api.session_state import Media
from nemovideo.media import save_media

from shared.errors import UnusableResult
from shared.images import download
from shared.polling import Deadline
from tests.providers.nemo_media import make_media

if TYPE_CHECKING:
    from pathlib import Path

CLIP, IMAGE = make_media("mp4", 1), make_media("png", 1)


class Downloads:
    """Gives each link its content, of at most the bytes that are allowed."""

    def __init__(self) -> None:
        self.allowed: list[int] = []

    def download(self, url: str, target: BinaryIO, *, max_bytes: int, **_: Any) -> str | None:
        content = IMAGE if "image" in url else CLIP
        self.allowed.append(max_bytes)
        if len(content) > max_bytes:
            raise UnusableResult("picture_too_large", megabytes=max_bytes >> 20)
        target.write(content)
        return None


class Messages(list[tuple[str, dict[str, Any]]]):
    """Collects the messages for a person."""

    def always(self, message: str, **facts: Any) -> None:
        self.append((message, facts))

    def status(self, message: str, **facts: Any) -> None: ...


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def save(folder: Path, listed: list[Media]) -> tuple[int, int, UnusableResult | None, Messages, list[int]]:
    folder.mkdir()
    downloads, messages = Downloads(), Messages()
    context: Any = SimpleNamespace(reporter=messages)
    deadline = Deadline(time.monotonic() + 60, time.monotonic, lambda _: None)
    images, clips, failure = save_media(downloads, listed, folder / "task", deadline, context)
    assert failure is None or isinstance(failure, UnusableResult)
    assert len(list(folder.iterdir())) == len(images) + len(clips)
    return len(images), len(clips), failure, messages, downloads.allowed


def clips(count: int) -> list[Media]:
    return [Media(f"https://cdn.example/{number}.mp4", "video") for number in range(count)]


def test_ten_clips_are_saved_and_the_others_reported(tmp_path: Path) -> None:
    count = media.MAX_CLIPS
    assert save(tmp_path / "all", clips(count))[:4] == (0, count, None, [])
    told = [("clips_over_limit", {"saved": count, "count": 300})]
    assert save(tmp_path / "some", clips(300))[:4] == (0, count, None, told)


def test_clips_beyond_the_sum_of_bytes_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_CLIPS_BYTES", 2 * len(CLIP))
    told = [("clips_over_limit", {"saved": 2, "count": 4})]
    *ended, allowed = save(tmp_path / "pictures", clips(4))
    assert ended == [0, 2, None, told]
    assert allowed == [2 * len(CLIP), len(CLIP)]


def test_a_clip_may_not_be_larger_than_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_CLIPS_BYTES", len(CLIP) + 1)
    saved = save(tmp_path / "pictures", clips(2))
    assert saved[1] == 1
    assert saved[2]
    assert saved[2].code == "picture_too_large"


def test_images_beyond_the_limit_are_reported(tmp_path: Path) -> None:
    listed = [
        Media(f"https://cdn.example/image{number}.png", "image") for number in range(download.MAX_IMAGES + 1)
    ]
    saved, _, failure, messages, _ = save(tmp_path / "pictures", listed + clips(1))
    assert (saved, failure) == (download.MAX_IMAGES, None)
    assert messages == [("images_over_limit", {"saved": saved, "count": saved + 1})]
