"""Detect image formats that no service accepts, so that a person knows what to convert."""

from __future__ import annotations

from typing import Literal

Format = Literal["heic", "avif", "tiff", "bmp", "jxl", "jp2", "psd", "pdf"]

_BRANDS: dict[bytes, Format] = {
    # ISO/IEC 23008-12 and AVIF 1.1: the major brand of a file of one image, or of a sequence
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
}
_STARTS: tuple[tuple[bytes, Format], ...] = (
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"BM", "bmp"),
    (bytes.fromhex("ff0a"), "jxl"),
    (b"\0\0\0\x0cJXL ", "jxl"),
    (b"\0\0\0\x0cjP  ", "jp2"),
    (b"8BPS", "psd"),
    (b"%PDF", "pdf"),
)


def other_format(head: bytes) -> Format | None:
    """Return the format of a file by its first 32 bytes, None if it is not one of these."""
    if head[4:8] == b"ftyp":
        compatible = (head[start : start + 4] for start in range(16, len(head[:32]), 4))
        brand = _BRANDS.get(head[8:12])
        return "avif" if brand == "heic" and b"avif" in compatible else brand
    return next((name for start, name in _STARTS if head.startswith(start)), None)
