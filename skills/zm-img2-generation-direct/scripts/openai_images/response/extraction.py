"""Finds the images of a response in any envelope: by content first, then by field name."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai_images.response.image_source import Link
from openai_images.response.markup import MAX_TEXT, images_in_markup
from openai_images.response.reader import LongText, read_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from openai_images.response.framing import Content
    from openai_images.response.image_source import Source

MAX_DEPTH = 40
MAX_MARKUP = 1 << 20  # characters of all texts of an answer that are searched for links
MAX_SOURCES = 32  # of one image, each of which may be fetched
MIN_INLINE = 40  # characters; what is shorter begins like an image by chance
_INLINE = re.compile(r"\s*(?:data:[^,]{0,100};base64,|iVBORw0KGg|/9j/|_9j_|UklGR|R0lGOD)")
_BASE64_NAMES = frozenset(
    (
        "b64_json", "b64json", "b64", "base64", "image_base64", "base64_image", "image_b64", "b64_image",
        "image_data", "image_bytes", "bytesbase64encoded", "partial_image_b64",
    )
)  # fmt: skip
_TEXT_NAMES = frozenset(("content", "text", "markdown", "output_text", "html"))
_LINK_NAME = re.compile(
    r"ur[li]s?\b|image|img|picture|photo|link|href|\bsrc|\bfiles?\b|\boutputs?\b|\bresults?\b|\bdata\b|asset|download"
    r"|\bpath\b"
)
_NOT_RESULTS = re.compile(
    r"error|usage|input|\brequest|prompt|mask|reference|original|header|param|thumb|preview|avatar|logo|icon|help"
    r"|doc(?!ument)|callback|webhook|status|poll|cancel|\btools\b|instruction|safety|homepage|console|terms"
)
_IMAGE_PATH = re.compile(r"[^\s?#]+\.(?:png|jpe?g|webp|gif)(?:[?#]\S*)?\Z", re.IGNORECASE)
_RELATIVE = re.compile(r"\.{0,2}/[^\s]+\Z")


@dataclass(frozen=True)
class FoundImage:
    """One image of a response, and its sources, the most certain first."""

    sources: tuple[Source, ...]
    sure: bool = True
    """Whether the response contains its first bytes, and they are those of an image."""
    draft: bool = False
    """Whether it is a preview of an unfinished image."""


@dataclass
class _Group:
    draft: bool = False
    sources: list[tuple[int, Source]] = field(default_factory=list)

    def image(self) -> FoundImage:
        ranked = sorted(self.sources, key=lambda source: source[0])
        return FoundImage(tuple(source for _, source in ranked[:MAX_SOURCES]), ranked[0][0] == 0, self.draft)


def find_images(file: BinaryIO, content: Content) -> list[FoundImage]:
    """Return the images of a response in their order; the last draft if there is nothing else."""
    if content.whole:
        return [FoundImage((content.whole,))]
    search = _Search(file)
    for text in content.loose:
        if search.is_inline(text):
            search.add(_Group(), 0, text)
    for document in content.documents:
        search.walk(document, "data", _Group(), 0)
    search.markup(_joined_deltas(content.documents))
    images = [group.image() for group in search.groups]
    finals = [image for image in images if not image.draft]
    return [image for image in finals if image.sure] or finals or images[-1:]


def _joined_deltas(documents: Sequence[Any]) -> str:
    """Return the joined text deltas of a stream of chat completions or responses."""
    pieces = []
    for document in documents:
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            delta = document.get("delta") or document["choices"][0]["delta"]["content"]
            pieces.append(delta if isinstance(delta, str) else "")
    return "".join(pieces)


class _Search:
    """Collect candidates for images; the sources in one row are one image."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._markup_left = MAX_MARKUP
        self.groups: list[_Group] = []

    def add(self, group: _Group, rank: int, source: Source) -> None:
        if not group.sources:
            self.groups.append(group)
        group.sources.append((rank, source))

    def walk(self, value: Any, name: str, group: _Group, depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        if isinstance(value, dict):
            if "partial" in str(value.get("type")) or "partial_image_index" in value:
                group = _Group(draft=True)
            for inner, item in value.items():
                if inner == "delta" and isinstance(item, dict):
                    item = {**item, "content": _long(item.get("content"))}  # noqa: PLW2901  - pieces are joined
                if not _NOT_RESULTS.search(inner.casefold()) and not (inner == "delta" and isinstance(item, str)):
                    self.walk(item, inner.casefold(), group, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self.walk(item, name, _Group(group.draft), depth + 1)
        elif isinstance(value, LongText) or (isinstance(value, str) and value):
            self._leaf(value, name, group, depth)

    def is_inline(self, text: LongText | str) -> bool:
        """Return whether a string begins like an image in base64."""
        length = len(text) if isinstance(text, str) else text.end - text.start
        return length >= MIN_INLINE and bool(_INLINE.match(read_prefix(self._file, text)))

    def markup(self, text: LongText | str, group: _Group | None = None) -> None:
        """Add the images of a text in Markdown or HTML; bare links are sources of one image."""
        links = self._markup_left > 0
        self._markup_left -= len(text) if isinstance(text, str) else MAX_TEXT
        for sources in images_in_markup(self._file, text, links=links):
            image_group = _Group(bool(group and group.draft))
            for source in sources:
                self.add(image_group, 2 if isinstance(source, Link) else 0, source)

    def _leaf(self, text: LongText | str, name: str, group: _Group, depth: int) -> None:
        if self.is_inline(text):
            self.add(group, 0, text)
        elif name in _BASE64_NAMES or (isinstance(text, str) and text.startswith("data:")):
            self.add(group, 1, text)
        elif isinstance(text, str) and _is_link(text.strip(), name):
            self.add(group, 2, Link(text.strip()))
        elif isinstance(text, str) and text.lstrip().startswith(("{", "[")):
            with contextlib.suppress(ValueError, RecursionError):
                self.walk(json.loads(text), name, group, depth + 1)
        elif name in _TEXT_NAMES or read_prefix(self._file, text, 1) in ("{", "["):
            self.markup(text, group)


def _long(content: Any) -> Any:
    return None if isinstance(content, str) else content


def _is_link(text: str, name: str) -> bool:
    named = bool(_LINK_NAME.search(name))
    if re.match(r"https?://\S+\Z", text, re.IGNORECASE):
        return named or bool(_IMAGE_PATH.match(text))
    return named and bool(_IMAGE_PATH.match(text) or _RELATIVE.match(text))
