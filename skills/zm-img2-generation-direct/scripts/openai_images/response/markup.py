"""Finds images in Markdown or HTML, as chat completions return them: `![](…)`, `<img src>`, `data:`, links."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from openai_images.response.image_source import Link
from openai_images.response.reader import BLOCK_SIZE, LongText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from openai_images.response.image_source import Source

MAX_TEXT = 1 << 16  # characters that are searched for links
MAX_FOUND = 32
OVERLAP = 256  # bytes; longer than anything that is searched for
_DATA = re.compile(r"data:image/[^,\s]{1,100};base64,[A-Za-z0-9+/=_-]+")
_MARKDOWN = re.compile(r"!\[[^\]]{0,200}\]\(\s{0,9}<?([^)\s>]{1,8192})")
_HTML = re.compile(r"<img\b[^>]{0,500}?\bsrc=[\"']?([^\"'\s>]{1,8192})", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>()\[\]\"'`\\]{1,8192}", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:png|jpe?g|webp|gif)\b", re.IGNORECASE)
_LONG_DATA = re.compile(
    rb"data:image\\?/[^,\s\"]{1,100};base64,|(?<=\\\")(?=iVBORw0KGg|\\{0,4}/9j\\{0,4}/|_9j_|UklGR|R0lGOD)"
)
"""An image in Markdown, or a string of JSON that is itself a string of JSON."""
_LONG_END = re.compile(rb"[^A-Za-z0-9+/=_\\-]|\\(?![/u])")


def images_in_markup(file: BinaryIO, text: LongText | str, *, links: bool = True) -> list[list[Source]]:
    """Return the images of a text, each as the list of its sources; all bare links are sources of one image.

    Without `links`, return only images inside the text itself, which is less work.
    """
    if isinstance(text, LongText):
        images = list(_long_data(file, text))
        if images:
            return [[image] for image in images]
        text = _short(file, text) if links else ""
    data: list[Source] = [match[0] for match in _DATA.finditer(text)]
    if data:
        return [[image] for image in data[:MAX_FOUND]]
    text = text[:MAX_TEXT] if links else ""
    found = [match[1] for pattern in (_MARKDOWN, _HTML) for match in pattern.finditer(text)]
    if found:
        return [[Link(link)] for link in dict.fromkeys(found[:MAX_FOUND])]
    urls = sorted(_URL.findall(text)[:MAX_FOUND], key=lambda url: not _IMAGE.search(url))
    return [[Link(url.rstrip(".,;:!?。，；：！？")) for url in dict.fromkeys(urls)]] if urls else []


def _long_data(file: BinaryIO, text: LongText) -> Iterator[LongText]:
    """Yield the `data:` URLs within a string that stays in the file."""
    position = text.start
    for _ in range(MAX_FOUND):
        begun = _search(file, _LONG_DATA, position, text.end)
        if begun is None:
            return
        ended = _search(file, _LONG_END, begun[1], text.end, overlap=6)
        position = ended[0] if ended else text.end
        yield LongText(begun[0], position)


def _search(
    file: BinaryIO, pattern: re.Pattern[bytes], start: int, end: int, *, overlap: int = OVERLAP
) -> tuple[int, int] | None:
    """Return where the first match begins and ends within a part of the file, read in blocks."""
    while start < end:
        file.seek(start)
        block = file.read(min(BLOCK_SIZE, end - start))
        is_last = start + len(block) >= end or not block
        match = pattern.search(block)
        if match and (is_last or match.start() < len(block) - overlap):
            return start + match.start(), start + match.end()
        if is_last:
            return None
        start += len(block) - overlap
    return None


def _short(file: BinaryIO, text: LongText) -> str:
    """Return the beginning of a string that stays in the file, with its JSON escapes decoded."""
    file.seek(text.start)
    raw = file.read(min(MAX_TEXT, text.end - text.start)).decode("utf-8", "replace")
    for cut in range(7):  # an escape may be cut in two
        try:
            return str(json.loads(f'"{raw[: len(raw) - cut]}"', strict=False))
        except ValueError:
            continue
    return ""
