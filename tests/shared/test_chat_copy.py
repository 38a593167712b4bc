"""Copies of large images for chats: opened, small enough, and never in the place of the original."""

from __future__ import annotations

import builtins
import errno
import importlib.util
import io
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageCms

from shared.i18n.catalog import Catalog
from shared.output import chat_copy, media
from shared.output.chat_copy import NoCopyError, make_chat_copy
from shared.output.media import attached_path
from shared.output.progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 60_000  # bytes, of most tests


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (400, 300), **more: Any) -> Path:
    """Write noise, which no format makes much smaller."""
    noise = random.Random(1).randbytes(size[0] * size[1] * len(mode))  # noqa: S311  - an image, no secret
    Image.frombytes(mode, size, noise).save(path, **more)
    return path


def made(original: Path, limit: int = LIMIT) -> Image.Image:
    """Make a copy, and return it as a chat would open it."""
    before = original.read_bytes()
    copy = make_chat_copy(original, original.with_name("copy"), max_bytes=limit)
    assert copy.bytes == copy.path.stat().st_size <= limit
    assert original.read_bytes() == before
    opened: Image.Image = Image.open(copy.path)
    with opened:
        opened.load()
    return opened


def test_an_opaque_image_becomes_a_jpeg_that_fits(tmp_path: Path) -> None:
    original = picture(tmp_path / "a.png")
    assert original.stat().st_size > 5 * LIMIT
    copy = made(original)
    assert (copy.format, copy.mode) == ("JPEG", "RGB")
    assert copy.width / copy.height == pytest.approx(4 / 3, rel=0.02)


def test_an_image_that_fits_at_once_keeps_its_size(tmp_path: Path) -> None:
    assert made(picture(tmp_path / "a.png"), 300_000).size == (400, 300)


def test_transparency_is_kept_as_webp(tmp_path: Path) -> None:
    original = tmp_path / "a.png"
    cup = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    cup.paste((200, 30, 30, 255), (100, 100, 200, 200))
    cup.save(original)
    copy = made(original)
    assert copy.format == "WEBP"
    assert [copy.getpixel(place)[3] for place in ((5, 5), (150, 150))] == [0, 255]  # type: ignore[index]


def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    Image.new("RGBA", (100, 100), (9, 9, 9, 255)).save(tmp_path / "a.png")
    assert made(tmp_path / "a.png").format == "JPEG"


def test_colours_and_orientation_stay(tmp_path: Path) -> None:
    original = tmp_path / "a.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image = Image.linear_gradient("L").convert("RGB").resize((80, 60))
    image.save(original, exif=exif, icc_profile=profile, quality=95)
    copy = made(original)
    assert (copy.size, copy.info["icc_profile"]) == ((60, 80), profile)
    turned = image.transpose(Image.Transpose.ROTATE_270)
    assert max(high for _, high in ImageChops.difference(copy, turned).getextrema()) < 16  # type: ignore[misc]


NO_COPIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "animated": (
        lambda path: Image.new("RGB", (80, 80), "red").save(
            path, "gif", save_all=True, append_images=[Image.new("RGB", (80, 80), "blue")]
        ),
        "animated",
    ),
    "deep": (lambda path: Image.new("I;16", (80, 80)).save(path, "png"), "unreadable"),
    "cut": (lambda path: path.write_bytes(picture(path, format="png").read_bytes()[:5000]), "unreadable"),
    "words": (lambda path: path.write_text("no image"), "unreadable"),
    "thin": (lambda path: picture(path, size=(9000, 40), format="png"), "too_large"),
}


@pytest.mark.parametrize(("write", "reason"), NO_COPIES.values(), ids=NO_COPIES)
def test_what_no_copy_can_be_made_of_says_why(
    tmp_path: Path, write: Callable[[Path], object], reason: str
) -> None:
    write(tmp_path / "a")
    with pytest.raises(NoCopyError) as caught:
        made(tmp_path / "a", 20_000)
    assert caught.value.reason == reason
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_copy, "MAX_PIXELS", 400 * 300 - 1)
    with pytest.raises(NoCopyError, match="too_large"):
        made(picture(tmp_path / "a.png"))


# ---- what is attached


def attach(path: Path, state: Path, choice: str = "auto", media_type: str = "image/png") -> tuple[str | None, str]:
    """Return what would be attached, and what is said."""
    talk = io.StringIO()
    row = {"path": str(path), "bytes": path.stat().st_size, "media_type": media_type}
    attached = attached_path(row, "task", state, Reporter(Catalog("en"), talk), choice)
    return attached, talk.getvalue()


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(media, "MAX_ATTACHMENT_BYTES", LIMIT)
    return picture(tmp_path / "a.png")


def test_a_large_image_is_attached_as_a_copy_with_the_original_named(large: Path, tmp_path: Path) -> None:
    attached, talk = attach(large, tmp_path / "state")
    copy = tmp_path / "state" / "media" / "image-skills" / "task" / "a-chat.jpg"
    assert attached == str(copy)
    assert f"{copy} (0.1 MB), a smaller copy. The original is unchanged: {large}" in talk
    assert copy.stat().st_mode & 0o777 == 0o600
    assert attach(large, tmp_path / "state")[0] == str(copy)


def test_a_small_image_is_attached_as_it_is(tmp_path: Path) -> None:
    attached, talk = attach(picture(tmp_path / "a.png", size=(20, 20)), tmp_path / "state")
    assert (Path(str(attached)).name, talk) == ("a.png", "")


@pytest.mark.parametrize(("choice", "media_type"), [("never", "image/png"), ("auto", "video/mp4")])
def test_no_copy_is_made_of_a_clip_or_against_the_users_word(
    large: Path, tmp_path: Path, choice: str, media_type: str
) -> None:
    attached, talk = attach(large, tmp_path / "state", choice, media_type)
    assert Path(str(attached)).read_bytes() == large.read_bytes()
    assert talk.count("\n") == 1
    assert "many chat apps accept at most" in talk


@pytest.mark.parametrize(
    ("pip", "said"),
    [
        (True, f"{sys.executable} -I -m pip install 'pillow>=11.3'\n"),
        (False, "image-skills/venv/bin/python -I -m pip install --quiet 'click>=8.1.8'"),
    ],
)
def test_without_pillow_one_line_says_how_to_get_it(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: bool, said: str
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "PIL":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: pip or None)
    attached, talk = attach(large, tmp_path / "state")
    assert Path(str(attached)).name == "a.png"
    (_, line) = talk.splitlines(keepends=True)
    assert line.startswith("To get a smaller copy for chats, install Pillow: ")
    assert said in line


def test_a_copy_on_a_full_disk_leaves_the_original_to_attach(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_more: Any, **_others: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(chat_copy, "write_atomically", full)
    attached, talk = attach(large, tmp_path / "state")
    assert Path(str(attached)).read_bytes() == large.read_bytes()
    assert f"No smaller copy of {large} for chats: No space left on device." in talk
