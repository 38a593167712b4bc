"""Removes the framing of a response: a JSON document, server-sent events, JSON lines, a raw image or base64."""

from __future__ import annotations

import codecs
import contextlib
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai_images.response.reader import (
    BLOCK_SIZE,
    MAX_SIZE,
    AnswerTooLarge,
    LongText,
    RawImage,
    Room,
    complete_long_texts,
    read_document,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

HEAD = 4096  # bytes that identify the form of an answer
MAX_EVENTS = 10_000
MAX_LINES = 1_000_000  # of an answer in events; an image of 64 MB in base64, in lines as mail has them
MAX_PLAIN_TEXT = 2000  # characters of an answer in plain text
_SIGNATURES = (b"\x89PNG\r\n", bytes.fromhex("ffd8ff"), b"RIFF", b"GIF8")
_BASE64 = re.compile(rb"data:image/[^,\s]{1,100};base64,|iVBORw0KGg|/9j/|_9j_|UklGR|R0lGOD")
_FIELD = re.compile(rb"(data|event|id|retry|):")  # HTML Living Standard, 9.2.6: server-sent events


@dataclass(frozen=True)
class Content:
    """The content of a response, without its framing."""

    documents: list[Any] = field(default_factory=list)
    whole: RawImage | LongText | None = None
    """Set if the response itself is one image, raw or in base64."""
    loose: list[LongText] = field(default_factory=list)
    """The long strings of a response whose framing is broken or unknown."""
    is_cut: bool = False
    """There are more documents than are read, so an image may follow, whatever they say."""
    is_page: bool = False
    """Whether the response is HTML or XML: a web page, whose images are decoration."""
    text: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the response reports an error."""
        return isinstance(self.document, dict) and bool(self.document.get("error"))

    @property
    def document(self) -> Any:
        """The document that describes the outcome: the last one with an error, otherwise the last one."""
        error_documents = [item for item in self.documents if isinstance(item, dict) and item.get("error")]
        return next(reversed(error_documents or self.documents), {"message": self.text} if self.text else None)


def read_content(file: BinaryIO) -> Content:
    """Return the content of a spooled response; never raise, whatever the response contains."""
    file.seek(0)
    head = file.read(HEAD)
    blank = len(head) - len(_stripped(head))
    start = head[blank:]
    if start.startswith(_SIGNATURES):
        return Content(whole=RawImage(blank, _size(file)))
    if _BASE64.match(start):
        return Content(whole=LongText(blank, _size(file)))
    if start.startswith(b"<"):
        return Content(is_page=True)
    if start.startswith((b"{", b"[", b'"')):
        with contextlib.suppress(ValueError):
            return Content([read_document(file)])
    documents, is_cut = _events(file)
    if documents:
        return Content(documents, is_cut=is_cut)
    words = "" if start.startswith((b"{", b"[")) else _plain_text(start)
    return Content(loose=complete_long_texts(file), is_cut=is_cut, text=words)


def _plain_text(head: bytes) -> str:
    """Return the beginning of a text; empty if it is not UTF-8: a compressed body, a form with a raw image."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)[
            :MAX_PLAIN_TEXT
        ]  # a character may be cut in two
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _stripped(head: bytes) -> bytes:
    while head.startswith(codecs.BOM_UTF8) or head[:1].isspace():
        head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return head


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _events(file: BinaryIO) -> tuple[list[Any], bool]:
    """Return the documents of a response made of server-sent events or JSON lines.

    The flag is True if the answer contains more events, lines or bytes than are read.
    """
    documents: list[Any] = []
    room = Room()
    for number, (name, ranges) in enumerate(_framed(file)):
        if number == MAX_EVENTS or name is None:
            return documents, True
        try:
            document = read_document(file, ranges, room)
        except AnswerTooLarge:
            return documents, True
        except ValueError:
            continue
        if name and isinstance(document, dict):
            document.setdefault("type", name)
        if isinstance(document, dict | list):
            documents.append(document)
    return documents, False


def _framed(file: BinaryIO) -> Iterator[tuple[str | None, list[tuple[int, int]]]]:
    """Yield the name of each event, and where in the file its data is; None as a name if more lines follow."""
    name, ranges = "", list[tuple[int, int]]()
    for number, (start, end) in enumerate(itertools.chain(_lines(file), [(0, 0)])):
        if number == MAX_LINES:
            yield None, []
            return
        file.seek(start)
        line = file.read(min(HEAD, end - start))
        match = _FIELD.match(line)
        if match and match[1] == b"data":
            ranges.append((start + match.end(), end))
        elif match and match[1] == b"event":
            name = line[match.end() :].decode("utf-8", "replace").strip()
        elif _stripped(line).startswith((b"{", b"[")):
            yield "", [(start, end)]
        elif not line.strip() and ranges:
            yield name, ranges
            name, ranges = "", []


def _lines(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the first byte and the end of each line; a line may be as long as the file."""
    start = position = 0
    while position < MAX_SIZE:
        file.seek(position)
        block = file.read(BLOCK_SIZE)
        for match in re.finditer(rb"\n", block):
            yield start, position + match.start()
            start = position + match.end()
        position += len(block)
        if not block:
            break
    if start < position:
        yield start, position
