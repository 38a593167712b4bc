"""Complete images are recognised by their structure; truncated, damaged and foreign files are not."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.images.validate import ImageInfo, InvalidImage, inspect_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT = 24, 17
MEGABYTE = 1 << 20


def draw(mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Return an image with enough detail that its compressed data has some length."""
    gradient = Image.linear_gradient("L").resize(size)
    bands = [gradient, gradient.rotate(90).resize(size), gradient.rotate(180)]
    return Image.merge("RGB", bands).convert("L" if mode.startswith("I") else mode).convert(mode)


def encode(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image or draw()).save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    *chunks: bytes, width: int = WIDTH, height: int = HEIGHT, header: bytes = bytes.fromhex("0800000000")
) -> bytes:
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">II", width, height) + header)
    return start + b"".join(chunks) + png_chunk(b"IEND", b"")


def interlaced_png() -> bytes:
    """Return a black 8-bit grey image in the seven passes of Adam7, which Pillow cannot write."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b"".join(
        bytes(1 + len(range(x, WIDTH, step_x))) * len(range(y, HEIGHT, step_y)) for x, y, step_x, step_y in passes
    )
    return png(png_chunk(b"IDAT", zlib.compress(rows)), header=bytes.fromhex("0800000001"))


def exif_with_thumbnail() -> bytes:
    """Return EXIF data that contains a whole JPEG of its own, with its own end marker."""
    thumbnail = encode("JPEG", draw(size=(8, 8)))
    orientation = struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 1, 26)
    pointers = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0" + orientation + pointers + thumbnail


def segment(marker: str, data: bytes) -> bytes:
    return bytes.fromhex(marker) + struct.pack(">H", len(data) + 2) + data


def with_segment(jpeg: bytes, data: bytes) -> bytes:
    return jpeg[:2] + data + jpeg[2:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def animation(kind: str, **options: Any) -> bytes:
    frames = [draw("RGBA").rotate(60 * turn) for turn in range(3)]
    return encode(kind, frames[0], save_all=True, append_images=frames[1:], duration=50, loop=0, **options)


PNGS = {
    **{f"png {mode}": encode("PNG", draw(mode)) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")},
    "png palette of 2 bits": encode("PNG", draw("P"), bits=2),
    "png interlaced": interlaced_png(),
    "png animated": animation("PNG"),
    "png with text, profile and credentials": png(
        png_chunk(b"tEXt", b"Comment\0made by a test"),
        png_chunk(b"caBX", b"content credentials" * 9),
        png_chunk(b"IDAT", zlib.compress(bytes(HEIGHT * (WIDTH + 1)))),
        png_chunk(b"eXIf", b"II*\0"),
    ),
}
JPEGS = {
    "jpeg baseline": encode("JPEG"),
    "jpeg progressive": encode("JPEG", progressive=True),
    "jpeg grey": encode("JPEG", draw("L")),
    "jpeg cmyk": encode("JPEG", draw("CMYK")),
    "jpeg with restart markers": encode("JPEG", restart_marker_blocks=1),
    "jpeg with a thumbnail in its EXIF": encode("JPEG", exif=exif_with_thumbnail()),
    "jpeg with an empty comment": with_segment(encode("JPEG"), segment("fffe", b"")),
    "jpeg with fill bytes": with_segment(encode("JPEG"), b"\xff\xff\xff" + segment("fffe", b"a comment")),
}
WEBPS = {
    "webp lossy": encode("WEBP"),
    "webp lossless": encode("WEBP", lossless=True),
    "webp lossy with alpha": encode("WEBP", draw("RGBA").rotate(20)),
    "webp lossless with alpha": encode("WEBP", draw("RGBA").rotate(20), lossless=True),
    "webp with EXIF": encode("WEBP", exif=b"Exif\0\0II*\0"),
    "webp animated": animation("WEBP"),
}
GIFS = {
    "gif": encode("GIF", draw("P")),
    "gif 87a": b"GIF87a" + encode("GIF", draw("P"))[6:],
    "gif interlaced": encode("GIF", draw("P"), interlace=1),
    "gif animated": animation("GIF", comment=b"three frames"),
}
WHOLE = {
    **{name: ("image/png", data) for name, data in PNGS.items()},
    **{name: ("image/jpeg", data) for name, data in JPEGS.items()},
    **{name: ("image/webp", data) for name, data in WEBPS.items()},
    **{name: ("image/gif", data) for name, data in GIFS.items()},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture.bin"


def verdict(path: Path, data: bytes) -> ImageInfo | str:
    """Return what the file is found to be, or the reason why it is none."""
    path.write_bytes(data)
    try:
        return inspect_image(path)
    except InvalidImage as error:
        return error.reason


@pytest.mark.parametrize("name", WHOLE)
def test_whole_picture(path: Path, name: str) -> None:
    media_type, data = WHOLE[name]
    assert verdict(path, data) == ImageInfo(media_type, WIDTH, HEIGHT, len(data))
    with Image.open(path) as image:  # the sample is what it claims to be
        image.load()
        assert (image.size, image.get_format_mimetype()) == ((WIDTH, HEIGHT), image_type(media_type, name))


def image_type(media_type: str, name: str) -> str:
    return "image/apng" if name == "png animated" else media_type


@pytest.mark.parametrize("name", WHOLE)
def test_cut_at_any_byte_is_never_whole(path: Path, name: str) -> None:
    _, data = WHOLE[name]
    found = {length: verdict(path, data[:length]) for length in range(len(data))}
    assert found.pop(0) == "empty"
    assert set(found.values()) == {"truncated"}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("trailer", [b"\0", b"\0" * 511, b"\r\n", encode("JPEG"), b"MotionPhoto" * 20])
def test_bytes_after_the_end_are_tolerated(path: Path, name: str, trailer: bytes) -> None:
    media_type, data = WHOLE[name]
    assert verdict(path, data + trailer) == ImageInfo(media_type, WIDTH, HEIGHT, len(data) + len(trailer))
    with Image.open(path) as image:  # as decoders tolerate them
        image.load()


@pytest.mark.parametrize("name", PNGS)
@pytest.mark.parametrize("flip", [0x01, 0x20, 0xFF])
def test_one_wrong_byte_in_a_png(path: Path, name: str, flip: int) -> None:
    data = bytearray(PNGS[name])
    for position in range(len(data)):
        data[position] ^= flip
        expected = {"unknown_type"} if position < 8 else {"corrupt", "truncated"}
        assert verdict(path, bytes(data)) in expected, position
        data[position] ^= flip


def test_a_wrong_byte_in_the_data_of_a_png_is_corrupt(path: Path) -> None:
    data = bytearray(PNGS["png RGB"])
    data[data.index(b"IDAT") + 9] ^= 1
    assert verdict(path, bytes(data)) == "corrupt"


JPEG = JPEGS["jpeg baseline"]
SCAN = JPEG.index(bytes.fromhex("ffda"))
FRAME = JPEG.index(bytes.fromhex("ffc0"))
FRAME_END = FRAME + 2 + 17
VP8 = WEBPS["webp lossy"][20:]
CANVAS = struct.pack("<I", 0) + bytes((WIDTH - 1, 0, 0, HEIGHT - 1, 0, 0))
GIF = GIFS["gif"]
IDAT = png_chunk(b"IDAT", zlib.compress(bytes(HEIGHT * (WIDTH + 1))))


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("PNG without data", png()),
        ("PNG with empty data", png(png_chunk(b"IDAT", b""))),
        ("PNG without width", png(IDAT, width=0)),
        ("PNG without height", png(IDAT, height=0)),
        ("PNG with a negative side", png(IDAT, width=1 << 31)),
        ("PNG of depth 3", png(IDAT, header=bytes.fromhex("0300000000"))),
        ("PNG of colour type 5", png(IDAT, header=bytes.fromhex("0805000000"))),
        ("PNG of an unknown compression", png(IDAT, header=bytes.fromhex("0800010000"))),
        ("PNG of an unknown filter", png(IDAT, header=bytes.fromhex("0800000100"))),
        ("PNG of an unknown interlace", png(IDAT, header=bytes.fromhex("0800000002"))),
        ("PNG with a longer header", png(IDAT, header=bytes.fromhex("080000000000"))),
        ("PNG without header", b"\x89PNG\r\n\x1a\n" + IDAT + png_chunk(b"IEND", b"")),
        ("JPEG without scan", JPEG[:SCAN] + JPEG[-2:]),
        ("JPEG without frame", JPEG[:FRAME] + JPEG[FRAME_END:]),
        ("JPEG with two frames", JPEG[:FRAME_END] + JPEG[FRAME:]),
        ("JPEG with a frame that is too short", JPEG[:FRAME] + segment("ffc0", bytes(4)) + JPEG[FRAME_END:]),
        ("JPEG with a frame of a wrong length", JPEG[:FRAME] + segment("ffc0", bytes(9)) + JPEG[FRAME_END:]),
        ("JPEG without height", JPEG[: FRAME + 5] + bytes(2) + JPEG[FRAME + 7 :]),
        ("JPEG without width", JPEG[: FRAME + 7] + bytes(2) + JPEG[FRAME + 9 :]),
        ("JPEG with a segment of length 1", with_segment(JPEG, bytes.fromhex("ffe00001"))),
        ("JPEG with a segment of length 0", with_segment(JPEG, bytes.fromhex("ffe00000"))),
        ("JPEG with dirt between segments", with_segment(JPEG, segment("fffe", b"x") + b"dirt")),
        ("JPEG inside a JPEG", JPEG[:-2] + JPEG),
        ("JPEG that ends at once", bytes.fromhex("ffd8ffd9")),
        ("WebP without chunks", riff()),
        ("WebP with a canvas only", riff((b"VP8X", CANVAS))),
        ("WebP with a canvas that is too short", riff((b"VP8X", CANVAS[:9]), (b"VP8 ", VP8))),
        ("WebP with metadata only", riff((b"VP8X", CANVAS), (b"EXIF", b"II*\0"))),
        ("WebP without width", riff((b"VP8 ", VP8[:6] + bytes(2) + VP8[8:]))),
        ("WebP without height", riff((b"VP8 ", VP8[:8] + bytes(2) + VP8[10:]))),
        ("WebP without key frame", riff((b"VP8 ", bytes((VP8[0] | 1,)) + VP8[1:]))),
        ("WebP without start code", riff((b"VP8 ", VP8[:3] + bytes(3) + VP8[6:]))),
        ("WebP with tiny data", riff((b"VP8 ", VP8[:9]))),
        ("lossless WebP without signature", riff((b"VP8L", bytes(20)))),
        ("lossless WebP with tiny data", riff((b"VP8L", b"/123"))),
        ("WebP with a frame of dirt", riff((b"VP8X", CANVAS), (b"ANMF", bytes(16) + b"VP8L\x04\0\0\0dirt"))),
        ("GIF without image", GIF[:10] + bytes(3) + b";"),
        ("GIF without width", GIF[:6] + bytes(2) + GIF[8:]),
        ("GIF without height", GIF[:8] + bytes(2) + GIF[10:]),
        ("GIF with dirt between blocks", GIF[:-1] + b"dirt;"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whole_in_length_but_no_picture(path: Path, what: str, data: bytes) -> None:
    assert verdict(path, data) == "corrupt", what


@pytest.mark.parametrize("colour", range(8))
def test_depths_that_a_png_may_have(path: Path, colour: int) -> None:
    """PNG specification, section 11.2.1, table 12."""
    allowed = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}.get(colour, set())
    found = {
        depth
        for depth in range(20)
        if verdict(path, png(IDAT, header=bytes((depth, colour, 0, 0, 0)))) != "corrupt"
    }
    assert found == allowed


def test_markers_that_hold_the_size_of_a_jpeg(path: Path) -> None:
    """ITU-T T.81, table B.1: C4, C8 and CC are not frames; D0 is a restart, which is not allowed there."""
    found = {
        marker
        for marker in range(0xC0, 0xD1)
        if verdict(path, JPEG[: FRAME + 1] + bytes((marker,)) + JPEG[FRAME + 2 :]) != "corrupt"
    }
    assert found == {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1, 1), (255, 256), (300, 2), (2, 300), (4097, 1), (1, 16383)])
def test_sides(path: Path, kind: str, size: tuple[int, int]) -> None:
    for options in ({}, {"lossless": True}):
        picture = verdict(path, encode(kind, Image.new("RGB", size), **options))
        assert isinstance(picture, ImageInfo)
        assert (picture.width, picture.height) == size


def test_sides_of_a_large_webp_canvas(path: Path) -> None:
    canvas = struct.pack("<IHBHB", 0, 70_000 - 1 - 65_536, 1, 140_000 - 1 - 131_072, 2)
    picture = verdict(path, riff((b"VP8X", canvas), (b"VP8 ", VP8)))
    assert isinstance(picture, ImageInfo)
    assert (picture.width, picture.height) == (70_000, 140_000)


@pytest.mark.parametrize("bits", [0, 7])
def test_gif_palettes_are_there_only_when_flagged(path: Path, bits: int) -> None:
    image = bytes(8) + bytes((bits,)) + bytes.fromhex("02024c0100") + b";"
    palette = bytes(3 << (bits + 1))
    start = b"GIF89a" + struct.pack("<HH", WIDTH, HEIGHT)
    for data in (
        start + bytes((bits, 0, 0)) + b"," + image,
        start + bytes((0x80 | bits, 0, 0)) + palette + b"," + image,
        start + bytes((0, 0, 0)) + b"," + bytes(8) + bytes((0x80 | bits,)) + palette + image[9:],
    ):
        assert verdict(path, data) == ImageInfo("image/gif", WIDTH, HEIGHT, len(data))
        assert verdict(path, data[:-1]) == "truncated"


def test_webp_chunk_longer_than_its_container(path: Path) -> None:
    data = bytearray(WEBPS["webp lossy"])
    data[16:20] = struct.pack("<I", len(VP8) + 2)
    assert verdict(path, bytes(data)) == "truncated"
    assert verdict(path, bytes(data) + bytes(100)) == "corrupt"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "html"),
        (b"\n\n  <HTML>\r\n<head><title>502</title></head>", "html"),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN'><html></html>", "html"),
        (b"<!doctype html><svg></svg>", "html"),
        (b"<html><svg></svg></html>", "html"),
        (b"<center><h1>403 Forbidden</h1></center>", "html"),
        (b'{"error": {"code": 404}}', "json"),
        (b'\xef\xbb\xbf [{"url": null}]', "json"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "svg"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="9" height="9"/>', "svg"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "xml"),
        (b"Sorry, this link has expired.", "unknown_type"),
        (b"\0" * 4096, "unknown_type"),
        (b"BM" + bytes(52), "unknown_type"),
        (b"%PDF-1.7", "unknown_type"),
        (riff()[:8] + b"WAVEfmt " + bytes(30), "unknown_type"),
        (b"\xff\xd8", "truncated"),
        (b"\x89PNG", "truncated"),
        (b"RIFF", "truncated"),
        (b"GIF", "truncated"),
    ],
)
def test_something_else_under_the_name_of_a_picture(tmp_path: Path, data: bytes, reason: str) -> None:
    assert verdict(tmp_path / "picture.png", data) == reason


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [("image/png", ".png"), ("image/jpeg", ".jpg"), ("image/webp", ".webp"), ("image/gif", ".gif")],
)
def test_extension(media_type: str, extension: str) -> None:
    assert ImageInfo(media_type, 1, 1, 1).extension == extension


def test_the_error_says_what_was_found(path: Path) -> None:
    path.write_bytes(PNGS["png RGB"].replace(b"IDAT", b"IdAT"))
    with pytest.raises(InvalidImage, match=r"^corrupt: the checksum of the PNG chunk b'IdAT' is wrong$") as caught:
        inspect_image(path)
    assert caught.value.reason == "corrupt"


def test_type_is_told_by_the_bytes_not_by_the_name(tmp_path: Path) -> None:
    found = verdict(tmp_path / "picture.png", JPEG)
    assert isinstance(found, ImageInfo)
    assert found.extension == ".jpg"


def test_a_path_may_be_text(path: Path) -> None:
    path.write_bytes(JPEG)
    assert inspect_image(str(path)).width == WIDTH


def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_image(tmp_path / "gone.png")
    with pytest.raises(IsADirectoryError):
        inspect_image(tmp_path)


BEGINNINGS = [b"", b"\x89PNG\r\n\x1a\n", JPEG[:2], JPEG[:SCAN], b"GIF89a", GIF[:20], b"RIFF", riff(), CANVAS]
ANY_CASE = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@ANY_CASE
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=2000))
def test_arbitrary_bytes_are_judged_without_a_crash(path: Path, beginning: bytes, rest: bytes) -> None:
    assert verdict(path, beginning + rest)


@ANY_CASE
@given(data=st.data())
def test_spliced_pictures_are_judged_without_a_crash(path: Path, data: st.DataObject) -> None:
    _, whole = WHOLE[data.draw(st.sampled_from(sorted(WHOLE)))]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    found = verdict(path, whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])
    assert isinstance(found, str) or min(found.width, found.height) > 0


def big_jpeg() -> bytes:
    stuffing = (bytes(range(255)) * 4 + b"\xff\x00\xff\xd3") * (20 * MEGABYTE // 1024)
    return JPEG[:-2] + stuffing + JPEG[-2:]


BIG: dict[str, Callable[[], bytes]] = {
    "one PNG chunk": lambda: png(png_chunk(b"IDAT", bytes(range(256)) * (20 * MEGABYTE // 256))),
    "PNG of many chunks": lambda: png(png_chunk(b"IDAT", bytes(8192)) * (20 * MEGABYTE // 8192)),
    "JPEG": big_jpeg,
    "WebP": lambda: riff((b"VP8 ", VP8 + bytes(20 * MEGABYTE))),
    "GIF": lambda: GIF[:-2] + (b"\xff" + bytes(255)) * (20 * MEGABYTE // 256) + GIF[-2:],
}


@pytest.mark.parametrize("name", BIG)
def test_twenty_megabytes_need_little_memory(path: Path, name: str) -> None:
    path.write_bytes(BIG[name]())
    tracemalloc.start()
    try:
        picture = inspect_image(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert picture.bytes > 20 * MEGABYTE
    assert peak < 2 * MEGABYTE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(JPEG[:-2] + (JPEG[SCAN : SCAN + 14] + b"xy") * 800_000 + JPEG[-2:], id="scans"),
        pytest.param(with_segment(JPEG, segment("fffe", b"") * 800_000), id="segments"),
        pytest.param(with_segment(JPEG, b"\xff" * 3_000_000), id="fill bytes"),
        pytest.param(png(IDAT, png_chunk(b"teXt", b"") * 800_000), id="PNG chunks"),
        pytest.param(riff((b"VP8 ", VP8), *[(b"free", b"")] * 1_100_000), id="WebP chunks"),
        pytest.param(GIF[:-2] + b"\x01x" * 1_100_000 + GIF[-2:], id="GIF blocks"),
    ],
)
def test_a_picture_in_millions_of_parts_is_not_read_to_its_end(path: Path, data: bytes) -> None:
    assert verdict(path, data) == "corrupt"


@pytest.mark.parametrize("before", range(20))
def test_markers_are_seen_across_the_edges_of_blocks(path: Path, before: int) -> None:
    """The scan is read in blocks of 1024, 2048, ... bytes: a marker split between two is found all the same."""
    for block_end in (1024, 3072, 7168):
        entropy = b"\x11" * (block_end - 10 + before)
        data = JPEG[: SCAN + 14] + entropy + JPEG[-2:]
        assert verdict(path, data) == ImageInfo("image/jpeg", WIDTH, HEIGHT, len(data))
        assert verdict(path, data[:-1]) == "truncated"
