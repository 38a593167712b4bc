"""Reference images on this machine: what is taken, and what is refused before anything is sent."""

from __future__ import annotations

import hashlib
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest

from shared.errors import BadInput
from shared.i18n.catalog import Catalog
from shared.images.inputs import MAX_INPUT_BYTES, read_input_image
from tests.providers.pictures import make_picture

FLAG = "--input-images"


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_a_whole_picture_is_described(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "named.anything"
    content = make_picture(kind, 30, 20, 1)
    path.write_bytes(content)
    found = read_input_image(FLAG, str(path))
    digest = hashlib.sha256(content).hexdigest()
    assert found.row() == {
        "path": str(path),
        "media_type": f"image/{kind}",
        "width": 30,
        "height": 20,
        "bytes": len(content),
        "sha256": digest,
    }
    assert found.content(FLAG) == content


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(make_picture("png", 3, 3, 1))
    assert read_input_image(FLAG, "~/a.png").path == tmp_path / "a.png"


def refusal(given: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_input_image(FLAG, given)
    for language in ("en", "zh"):
        sentence = Catalog(language).format(caught.value.code, **caught.value.facts)
        assert FLAG in sentence
    return str(caught.value.facts.get("reason", caught.value.code))


def wide_png(side: int) -> bytes:
    """Make a whole PNG that claims to be so wide and high."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"x")),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "picture_empty"),
        (b"just words\n", "picture_unknown_type"),
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "picture_is_heic"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "picture_is_avif"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "picture_is_avif"),
        (b"II*\0" + bytes(20), "picture_is_tiff"),
        (b"BM" + bytes(52), "picture_is_bmp"),
        (b"%PDF-1.7", "picture_is_pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_svg"),
        (b"<!doctype html><html></html>", "picture_html"),
        (make_picture("png", 30, 20, 1)[:200], "picture_truncated"),
        (make_picture("jpeg", 30, 20, 1)[:-300], "picture_truncated"),
        (wide_png(60_000), "reference_too_wide"),
        (wide_png(16_385), "reference_too_wide"),
    ],
)
def test_what_is_no_usable_picture_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert refusal(str(tmp_path / "a.png")) == reason


def test_a_picture_at_the_limit_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(wide_png(16_384))
    assert read_input_image(FLAG, str(tmp_path / "a.png")).width == 16_384


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("missing.png", os.strerror(2)),
        ("", "reference_folder"),
        (".", "reference_folder"),
        ("/dev/zero", "not_regular_file"),
        ("/proc/self/mem", os.strerror(5)),  # a regular file that not even root can read at its start
        ("a\0b", "reference_no_name"),
        ("~nobody-of-that-name/a.png", os.strerror(2)),
    ],
)
def test_what_is_no_readable_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(given) == reason


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(str(tmp_path / "pipe.png")) == "not_regular_file"


def test_a_link_to_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/zero")
    assert refusal(str(tmp_path / "a.png")) == "not_regular_file"


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(MAX_INPUT_BYTES + 1)
    assert refusal(str(path)) == "reference_too_large"


def test_a_large_picture_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    content = make_picture("jpeg", 30, 20, 1)
    path.write_bytes(content + bytes(16 << 20))
    tracemalloc.start()
    read_input_image(FLAG, str(path))
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"other"), Path.unlink])
def test_a_file_that_changed_is_not_sent(tmp_path: Path, change: object) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(make_picture("png", 3, 3, 1))
    found = read_input_image(FLAG, str(path))
    change(path)  # type: ignore[operator]
    with pytest.raises(BadInput) as caught:
        found.content(FLAG)
    assert caught.value.code == "reference_changed"
