"""A smaller copy of an image for chats, made by Pillow where it is installed; the original stays as it is."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shared.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL.Image import Image

MAX_PIXELS = 80_000_000  # of an original; decoded, it takes four bytes for each
QUALITIES = (92, 85, 75)  # tried in this order before the image is made smaller
SHRINK = 0.8  # of both sides, from one try to the next
MIN_SIDE = 64  # pixels; below, no copy is worth sending
EXTENSIONS = {"JPEG": ".jpg", "WEBP": ".webp"}


NoCopyReason = Literal["needs_pillow", "animated", "too_large", "unreadable"]


class NoCopyError(Exception):
    """No copy can be made: Pillow is missing, or this image is not suitable."""

    def __init__(self, reason: NoCopyReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ChatCopy:
    """A copy on the disk, and its size in bytes."""

    path: Path
    bytes: int


def make_chat_copy(original: Path, target: Path, *, max_bytes: int) -> ChatCopy:
    """Write a copy of at most `max_bytes` beside `target`, with the extension of its format.

    JPEG for an opaque image, WebP for one with transparency. Quality is lowered first, then the size in pixels.

    Raises:
        NoCopyError: see NoCopyReason.
        OSError: the copy cannot be written; nothing of it is left.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415  - optional, and heavy
    except ImportError as error:
        raise NoCopyError("needs_pillow") from error
    try:
        with Image.open(original) as opened:
            if getattr(opened, "is_animated", False):
                raise NoCopyError("animated")
            if opened.width * opened.height > MAX_PIXELS:
                raise NoCopyError("too_large")
            upright = ImageOps.exif_transpose(opened)
            content, kind = _fitting(upright, max_bytes)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise NoCopyError("unreadable") from error
    path = target.with_name(target.name + EXTENSIONS[kind])
    write_atomically(path, content, durable=False)
    return ChatCopy(path, len(content))


def _fitting(image: Image, max_bytes: int) -> tuple[bytes, str]:
    """Return the bytes of the best copy that fits, and its format.

    Raises:
        NoCopyError: `too_large`; no copy of a useful size fits.
    """
    if image.mode.startswith(("I", "F")):  # 16 bits and more for each pixel: Pillow clips them to 8
        raise NoCopyError("unreadable")
    kind = "WEBP" if _is_transparent(image) else "JPEG"
    plain = image.convert("RGBA" if kind == "WEBP" else "RGB")
    icc = image.info.get("icc_profile") if image.mode in {"RGB", "RGBA"} else None  # CMYK's would not fit
    profile: dict[str, Any] = {"icc_profile": icc} if icc else {}
    for smaller in _sizes(plain):
        for quality in QUALITIES:
            buffer = io.BytesIO()
            smaller.save(buffer, kind, quality=quality, **profile)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue(), kind
    raise NoCopyError("too_large")


def _sizes(image: Image) -> Iterator[Image]:
    scale = 1.0
    while scale == 1.0 or min(image.width, image.height) * scale >= MIN_SIDE:
        size = round(image.width * scale), round(image.height * scale)
        yield image if scale == 1.0 else image.resize(size)
        scale *= SHRINK


def _is_transparent(image: Image) -> bool:
    """Return whether any pixel is not opaque."""
    if not image.has_transparency_data:
        return False
    return image.convert("RGBA").getchannel("A").getextrema()[0] != 255  # noqa: PLR2004
