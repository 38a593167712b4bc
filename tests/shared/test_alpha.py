"""Transparent pixels are found in every kind of file, and an opaque one is not taken for one that has them."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import TYPE_CHECKING, Literal

import pytest
from PIL import Image

from shared.images.alpha import has_alpha_channel, has_transparency
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image"


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (300, 200)])
def test_a_single_transparent_pixel_is_found(mode: str, size: tuple[int, int], path: Path) -> None:
    image = Image.effect_noise(size, 90).convert("RGB").convert(mode)
    image.save(path, "png")
    assert (has_alpha_channel(path), has_transparency(path)) == (True, False)
    last = (size[0] - 1, size[1] - 1)
    image.putpixel(last, (*image.getpixel(last)[:-1], 254))  # type: ignore[index]
    image.save(path, "png")
    assert has_transparency(path)


def filtered(filter_type: int, row: bytes, above: bytes, pixel: int) -> bytes:
    """Return a row of a PNG after its filter (PNG specification, section 9)."""
    encoded = bytearray([filter_type])
    for index, value in enumerate(row):
        left, corner = (line[index - pixel] if index >= pixel else 0 for line in (row, above))
        up = above[index]
        near = left + up - corner
        paeth = min((left, up, corner), key=lambda neighbour: abs(near - neighbour))
        encoded.append((value - (0, left, up, (left + up) // 2, paeth)[filter_type]) & 255)
    return bytes(encoded)


def png(filters: Sequence[int], alphas: Sequence[Sequence[int]], depth: Literal[8, 16]) -> bytes:
    """Return a PNG with these alpha values, each row with its filter; all other samples differ."""
    pixel, content, above = depth // 2, b"", b""
    for number, (filter_type, row) in enumerate(zip(filters, alphas, strict=True)):
        colours = [
            bytes(37 * (number + column + place) % 256 for place in range(pixel)) for column in range(len(row))
        ]
        raw = b"".join(
            colour[: pixel - depth // 8] + bytes([alpha]) * (depth // 8)
            for colour, alpha in zip(colours, row, strict=True)
        )
        content += filtered(filter_type, raw, above or bytes(len(raw)), pixel)
        above = raw
    head = struct.pack(">IIBBBBB", len(alphas[0]), len(alphas), depth, 6, 0, 0, 0)
    packed = zlib.compress(content)
    chunks = ((b"IHDR", head), (b"IDAT", packed[:9]), (b"IDAT", packed[9:]), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@pytest.mark.parametrize("depth", [8, 16])
def test_every_filter_of_every_row_tells_opaque_from_transparent(depth: Literal[8, 16], path: Path) -> None:
    for filters in itertools.product(range(5), repeat=2):
        opaque = [[255, 255, 255], [255, 255, 255]]
        path.write_bytes(png(filters, opaque, depth))
        assert not has_transparency(path), filters
        for row, column, alpha in itertools.product(range(2), range(3), (0, 127, 254)):
            spoiled = [list(values) for values in opaque]
            spoiled[row][column] = alpha
            path.write_bytes(png(filters, spoiled, depth))
            assert has_transparency(path), (filters, spoiled)


@pytest.mark.parametrize("kind", ["png", "webp"])
@pytest.mark.parametrize("transparent", [True, False])
def test_the_pictures_of_the_simulated_services(kind: str, transparent: bool, path: Path) -> None:
    path.write_bytes(make_picture(kind, 64, 48, 1, transparent=transparent))
    assert has_transparency(path) is has_alpha_channel(path) is transparent


def test_the_channel_is_what_counts_in_other_files(path: Path) -> None:
    for lossless in (True, False):
        Image.new("RGBA", (9, 9)).save(path, "webp", lossless=lossless)
        assert has_transparency(path)
    Image.new("P", (4, 4)).save(path, "png", transparency=0)
    assert has_transparency(path)
    for kind, mode in (("png", "P"), ("png", "RGB"), ("png", "L"), ("jpeg", "RGB"), ("gif", "P"), ("webp", "RGB")):
        Image.new(mode, (4, 4)).save(path, kind)
        assert not has_transparency(path), kind


def test_an_image_wider_than_any_is_not_read_by_rows(path: Path) -> None:
    whole = png([0], [[255]], 8)
    path.write_bytes(whole[:16] + (1 << 30).to_bytes(4, "big") + whole[20:])
    assert has_transparency(path)
