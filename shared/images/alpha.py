"""Return whether an image has transparent pixels, in bounded memory and without a decoder of pixels."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_BLOCK = 1 << 16  # bytes
_MAX_WIDTH = 1 << 16  # pixels, which bounds the memory used
_PNG_HEAD = struct.Struct(">16xIIBBxxB")
_GREY_ALPHA, _RGBA = 4, 6
_CHANNELS = {_GREY_ALPHA: 2, _RGBA: 4}
_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
_VP8X_ALPHA = 0x10
_VP8L_ALPHA = 1 << 28


def has_alpha_channel(path: Path) -> bool:
    """Return whether a complete PNG or WebP can hold transparent pixels; other formats cannot.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(30)
        if head.startswith(b"RIFF"):
            return _webp_has_alpha(head)
        if not head.startswith(b"\x89PNG"):
            return False
        colour = _PNG_HEAD.unpack(head[:29])[3]
        return colour in _CHANNELS or any(kind == b"tRNS" for kind, _ in _chunks(file))


def has_transparency(path: Path) -> bool:
    """Return whether a complete image has a transparent pixel.

    A PNG with an alpha channel is read up to its first one. For a PNG with a transparent colour, an interlaced PNG
    and a WebP, having the channel counts.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(29)
        if not head.startswith(b"\x89PNG"):
            return has_alpha_channel(path)
        width, height, depth, colour, interlaced = _PNG_HEAD.unpack(head)
        if colour not in _CHANNELS or interlaced or width > _MAX_WIDTH:
            return has_alpha_channel(path)
        return not _is_opaque(_rows(file, width, height, depth, _CHANNELS[colour]), depth // 8, _CHANNELS[colour])


def _webp_has_alpha(head: bytes) -> bool:
    kind = head[12:16]
    if kind == b"VP8X":
        return bool(head[20] & _VP8X_ALPHA)
    return kind == b"VP8L" and bool(struct.unpack_from("<I", head, 21)[0] & _VP8L_ALPHA)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the length of each chunk before a PNG's end; the file is at the chunk's content."""
    file.seek(8)
    while len(start := file.read(8)) == 8:  # noqa: PLR2004
        length, kind = struct.unpack(">I4s", start)
        after = file.tell() + length + 4
        if kind == b"IEND":
            return
        yield kind, length
        file.seek(after)


def _rows(file: BinaryIO, width: int, height: int, depth: int, channels: int) -> Iterator[bytes]:
    """Yield the filtered rows of a PNG, each with its filter's number first; what is damaged ends them."""
    row_bytes = 1 + width * channels * depth // 8
    inflater, buffer, count = zlib.decompressobj(), b"", 0
    for kind, length in _chunks(file):
        if kind != b"IDAT":
            continue
        end = file.tell() + length
        while block := file.read(min(end - file.tell(), _BLOCK)):
            while block:
                try:
                    buffer += inflater.decompress(block, _BLOCK)
                except zlib.error:
                    return
                block = inflater.unconsumed_tail
                for start in range(0, len(buffer) - row_bytes + 1, row_bytes):
                    yield buffer[start : start + row_bytes]
                    count += 1
                    if count == height:
                        return
                buffer = buffer[len(buffer) // row_bytes * row_bytes :]


def _is_opaque(rows: Iterator[bytes], sample: int, channels: int) -> bool:
    """Return whether every alpha byte is 255, without undoing the filters.

    Each filter (PNG specification, section 9) predicts an alpha byte from alpha bytes alone. So the filtered bytes
    of an opaque row are known, and the first row that differs contains a transparent pixel. `sample` is the number
    of bytes of a sample.
    """
    pixel = sample * channels
    above = 0
    for row in rows:
        for offset in range(1 + pixel - sample, 1 + pixel):
            alpha = row[offset::pixel]
            if alpha != _opaque_bytes(row[0], above, len(alpha)):
                return False
        above = 255
    return True


def _opaque_bytes(filter_type: int, above: int, count: int) -> bytes:
    """Return the filtered alpha bytes of an opaque row; `above` is the alpha of the row before, 0 if none."""
    if filter_type == _NONE:
        return b"\xff" * count
    if filter_type == _SUB:
        first, rest = 255, 0
    elif filter_type == _UP:
        first = rest = 255 - above
    elif filter_type == _AVERAGE:
        first, rest = 255 - above // 2, 255 - (255 + above) // 2
    else:  # Paeth: the nearest of left, above and upper left to left + above - upper left
        first, rest = 255 - above, 0
    return bytes([first]) + bytes([rest]) * (count - 1)
