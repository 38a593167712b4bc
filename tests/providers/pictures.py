"""Real images that cannot be mistaken for a real result, and broken ones."""

from __future__ import annotations

import colorsys
import functools
import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
EMPTY = b""
HTML = b"<!DOCTYPE html>\n<html><body><h1>Service temporarily unavailable</h1></body></html>\n"

_GOLDEN = 0.618034  # multiples of it, modulo 1, never come close to each other: colours and places by number


@functools.lru_cache(maxsize=256)
def make_picture(kind: str, width: int, height: int, seed: int, *, transparent: bool = False) -> bytes:
    """Draw a gradient with translucent circles and the words STAND-IN; the same arguments give the same bytes.

    `kind` is a key of MEDIA_TYPES, sizes are in pixels. A transparent one has clear corners.
    """
    dark, light = _colour(seed, 0.45), _colour(seed + 1, 0.95)
    gradient = Image.linear_gradient("L").resize((width, height), Image.Resampling.BICUBIC)
    picture = ImageOps.colorize(gradient, dark, light)
    short = min(width, height)
    for number in range(seed, seed + 5):
        radius = short * (0.12 + 0.25 * _scatter(number, 3))
        left, top = width * _scatter(number, 5) - radius, height * _scatter(number, 7) - radius
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).ellipse((left, top, left + 2 * radius, top + 2 * radius), fill=90)
        picture.paste(_colour(number, 1.0), mask=mask.filter(ImageFilter.GaussianBlur(max(1, short // 250))))
    font = ImageFont.load_default(max(8, short // 7))
    ImageDraw.Draw(picture).text(
        (width / 2, height / 2),
        "STAND-IN",
        font=font,
        anchor="mm",
        fill="white",
        stroke_width=max(1, short // 200),
        stroke_fill=dark,
    )
    if transparent:
        clear = Image.new("L", picture.size)
        ImageDraw.Draw(clear).ellipse((0, 0, width - 1, height - 1), fill=255)
        picture.putalpha(clear)
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def truncated(data: bytes) -> bytes:
    """Cut the last third off."""
    return data[: len(data) * 2 // 3]


def _scatter(number: int, factor: int) -> float:
    return (number + 1) * factor * _GOLDEN % 1


def _colour(number: int, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.55, value)
    return round(red * 255), round(green * 255), round(blue * 255)
