"""Clips and sounds by their first bytes, and an image each that cannot be mistaken for a real result."""

from __future__ import annotations

import struct

from tests.providers.nemo_rules import TYPES
from tests.providers.pictures import make_picture

PIXELS = (256, 144)
MARK = b"STAND-IN "


def make_media(kind: str, seed: int, *, milliseconds: int = 10_000, size: int = 4096) -> bytes:
    """Return a file of a kind of TYPES: images are whole, clips hold their sizes, sounds only begin like ones."""
    if TYPES[kind].startswith("image/"):
        return make_picture({"jpg": "jpeg"}.get(kind, kind), *PIXELS, seed)
    filling = (MARK + f"{kind} {seed} ".encode()) * (size // 9 + 1)
    if kind in ("mp4", "mov", "m4a"):
        return _quicktime({"mp4": b"isom", "mov": b"qt  ", "m4a": b"M4A "}[kind], milliseconds, filling[:size])
    starts = {
        "webm": bytes.fromhex("1a45dfa3") + b"\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm",
        "mkv": bytes.fromhex("1a45dfa3") + b"\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x88matroska",
        "avi": b"RIFF" + struct.pack("<I", size + 4) + b"AVI LIST",
        "wav": b"RIFF" + struct.pack("<I", size + 4) + b"WAVEfmt ",
        "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00",
        "aac": b"\xff\xf1\x50\x80",
    }
    return starts[kind] + filling[:size]


def _quicktime(brand: bytes, milliseconds: int, filling: bytes) -> bytes:
    width, height = PIXELS
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    movie = struct.pack(">IIIII", 0, 0, 0, 1000, milliseconds) + struct.pack(">IH10x", 0x10000, 0x100)
    movie += matrix + bytes(24) + struct.pack(">I", 2)
    track = struct.pack(">IIIIII", 7, 0, 0, 1, 0, milliseconds) + bytes(16) + matrix
    track += struct.pack(">II", width << 16, height << 16)
    inner = _box(b"mvhd", movie) + _box(b"trak", _box(b"tkhd", track))
    start = _box(b"ftyp", brand + struct.pack(">I", 512) + brand + b"mp42")
    return start + _box(b"moov", inner) + _box(b"mdat", filling)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content
