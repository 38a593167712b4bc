"""Validate that a file is a complete image, from its structure alone: no pixel is decoded."""

from __future__ import annotations

import codecs
import io
import os
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.images.other_formats import other_format

if TYPE_CHECKING:
    from pathlib import Path

    from shared.images.other_formats import Format

InvalidReason = Literal["empty", "html", "json", "svg", "xml", "unknown_type", "truncated", "corrupt"]
Size = tuple[int, int]

EXTENSIONS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

_BLOCK = 1 << 18  # bytes read at once, which bounds the memory used
_MAX_PARTS = 1 << 20  # pieces read of one file, which bounds the time used; a GIF of 64 MB has 260,000
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by colour type
_PNG_METHODS = ([0, 0, 0], [0, 0, 1])  # of compression, filtering, interlacing
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # stuffed bytes, restarts and fill end no scan
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_START, _JPEG_END, _JPEG_SCAN, _JPEG_FILL = 0xD8, 0xD9, 0xDA, 0xFF


class InvalidImage(ValueError):
    """The file is not a complete image: `reason` is a stable id, the text describes the problem in English."""

    def __init__(self, reason: InvalidReason, detail: str, *, other: Format | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: InvalidReason = reason
        self.other = other
        """The format that it has instead, if known."""


@dataclass(frozen=True)
class ImageInfo:
    """A complete image: its true type, its sides in pixels, the size of its file in bytes."""

    media_type: str
    width: int
    height: int
    bytes: int

    @property
    def extension(self) -> str:
        """The file extension of the type, with its dot."""
        return EXTENSIONS[self.media_type]


def inspect_image(path: Path | str) -> ImageInfo:
    """Return the image in the regular file at `path` if it is a complete PNG, JPEG, WebP or GIF.

    Complete: nothing is missing up to the format's own end, every length adds up and, in a PNG, every checksum is
        right. Damage inside the compressed data of the other formats is not detected. Bytes after that end are
    accepted, as all common decoders do: phones and services append previews, second images and padding.
    The number of pixels is not limited, because none are decoded.

    Raises InvalidImage for everything else and OSError when the file cannot be read.
    """
    with _File(path) as file:
        head = file.read(1 << 10)
        file.go_to(0)
        for signature, media_type, measure in _FORMATS:
            if head.startswith(signature):
                try:
                    size = measure(file)
                except struct.error:
                    raise InvalidImage("corrupt", "a header of the wrong length") from None
                if not size or min(size) < 1:
                    raise InvalidImage("corrupt", "no picture data, or a width or height of 0")
                return ImageInfo(media_type, *size, file.size)
    raise _something_else(head)


def _something_else(head: bytes) -> InvalidImage:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    signs: dict[InvalidReason, bool] = {
        "empty": not head,
        "truncated": any(signature.startswith(head) for signature, _, _ in _FORMATS),
        "json": text.startswith((b"{", b"[")),
        "unknown_type": not text.startswith(b"<"),
        "html": b"<html" in text or b"<!doctype html" in text,
        "svg": b"<svg" in text,
        "xml": text.startswith(b"<?xml"),  # what storage services answer when a link has expired
    }
    reason: InvalidReason = next((reason for reason, matches in signs.items() if matches), "html")
    detail = f"the file starts with {head[:16]!r}" if head else "it holds no bytes"
    return InvalidImage(reason, detail, other=other_format(head))


class _File(io.BufferedReader):
    """A file in which every announced byte must exist."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(io.FileIO(path))
        self.size = os.fstat(self.fileno()).st_size
        self.parts_left = _MAX_PARTS

    def take(self, count: int) -> bytes:
        self.parts_left -= 1
        if self.parts_left < 0:
            raise InvalidImage("corrupt", f"more than {_MAX_PARTS} parts")
        data = self.read(count)
        if len(data) < count:
            raise InvalidImage("truncated", f"the file ends after {self.size} bytes, in the middle of the picture")
        return data

    def go_to(self, position: int) -> None:
        if position > self.size:
            raise InvalidImage("truncated", f"the file has {self.size} bytes, the picture at least {position}")
        self.seek(position)

    def skip(self, count: int) -> None:
        self.go_to(self.tell() + count)


def _measure_png(file: _File) -> Size | None:
    length, kind, width, height, depth, colour, *methods = struct.unpack(">8xI4siiBBBBB", file.take(29))
    if (length, kind) != (13, b"IHDR") or depth not in _PNG_DEPTHS.get(colour, ()) or methods not in _PNG_METHODS:
        raise InvalidImage("corrupt", "a PNG that does not begin with a proper header")
    file.go_to(8)
    has_data = False
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", file.take(8))
        _check_png_chunk(file, kind, length)
        has_data = has_data or (kind == b"IDAT" and length > 0)
    return (width, height) if has_data else None


def _check_png_chunk(file: _File, kind: bytes, length: int) -> None:
    checksum = zlib.crc32(kind)
    while length:
        block = file.take(min(length, _BLOCK))
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    if checksum != int.from_bytes(file.take(4), "big"):
        raise InvalidImage("corrupt", f"the checksum of the PNG chunk {kind!r} is wrong")


def _measure_jpeg(file: _File) -> Size | None:
    file.skip(2)
    size: Size | None = None
    has_data = False
    while (marker := _jpeg_marker(file)) != _JPEG_END:
        length = int.from_bytes(file.take(2), "big") - 2  # it counts itself
        if length < 0:
            raise InvalidImage("corrupt", "a JPEG segment without a length")
        segment = file.take(length)
        if marker in _JPEG_FRAMES:
            height, width, components = struct.unpack_from(">xHHB", segment)
            if size or len(segment) != 6 + 3 * components:
                raise InvalidImage("corrupt", "a second JPEG frame header, or one of the wrong length")
            size = width, height
        if marker == _JPEG_SCAN:
            has_data = size is not None
            _pass_jpeg_scan(file)
    return size if has_data else None


def _jpeg_marker(file: _File) -> int:
    lead = file.take(1)[0]
    marker = _JPEG_FILL
    while marker == _JPEG_FILL:
        marker = file.take(1)[0]
    if lead != _JPEG_FILL or marker in (0, _JPEG_START):
        raise InvalidImage("corrupt", "something else where a JPEG segment must begin")
    return marker


def _pass_jpeg_scan(file: _File) -> None:
    """Skip to the next marker; the first step is small because an image may have very many tiny scans."""
    block, count = b"", 1 << 10
    while not (marker := _JPEG_MARKER.search(block)):
        block = block[-1:] + file.take(min(count, max(1, file.size - file.tell())))
        count = min(2 * count, _BLOCK)
    file.go_to(file.tell() - len(block) + marker.start())


def _measure_webp(file: _File) -> Size | None:
    """Walk the chunks of the container; a frame of an animation (ANMF) is entered, its parts are chunks too."""
    length, form = struct.unpack("<4xI4s", file.take(12))
    if form != b"WEBP":
        raise InvalidImage("unknown_type", "a RIFF file that is no WebP")
    end = 8 + length
    file.go_to(end)  # all of it must be there
    file.go_to(12)
    size: Size | None = None
    has_data = False
    while file.tell() < end:
        kind, length = struct.unpack("<4sI", file.take(8))
        body = file.tell()
        if kind in (b"VP8X", b"VP8 ", b"VP8L"):
            chunk_size = _webp_size(kind, file.take(min(length, 10)))
            size = size or chunk_size
            has_data = has_data or kind != b"VP8X"
        file.go_to(body + (16 if kind == b"ANMF" else length + length % 2))
    if file.tell() != end:
        raise InvalidImage("corrupt", "a WebP whose lengths do not add up")
    return size if has_data else None


def _webp_size(kind: bytes, chunk: bytes) -> Size:
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<4xHBHB", chunk)
        return 1 + width + (width_high << 16), 1 + height + (height_high << 16)
    if kind == b"VP8L":  # RFC 9649, section 3.4: 14 bits for each side less one
        start, bits = struct.unpack_from("<sI", chunk)
        if start == b"/":
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:  # RFC 6386, section 9.1: bit 0 is clear in a key frame, the top 2 bits of a side are a scale
        tag, start, width, height = struct.unpack_from("<B2x3sHH", chunk)
        if start == bytes.fromhex("9d012a") and not tag & 1:
            return width & 0x3FFF, height & 0x3FFF
    raise InvalidImage("corrupt", "WebP picture data that does not begin as it must")


def _measure_gif(file: _File) -> Size | None:
    width, height, flags = struct.unpack("<6xHHBxx", file.take(13))
    file.skip(_gif_palette_length(flags))
    has_data = False
    while (block := file.take(1)) != b";":
        if block == b",":
            has_data = True
            file.skip(8)
            file.skip(_gif_palette_length(file.take(1)[0]) + 1)  # 1: the code size of the data
        elif block == b"!":
            file.skip(1)
        else:
            raise InvalidImage("corrupt", "something else where a GIF block must begin")
        rest = file.take(1)[0]
        while rest:
            rest = file.take(rest + 1)[-1]
    return (width, height) if has_data else None


def _gif_palette_length(flags: int) -> int:
    return 3 << (flags % 8 + 1) if flags & 0x80 else 0


_FORMATS = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _measure_png),
    (bytes.fromhex("ffd8ff"), "image/jpeg", _measure_jpeg),
    (b"RIFF", "image/webp", _measure_webp),
    (b"GIF8", "image/gif", _measure_gif),
)
