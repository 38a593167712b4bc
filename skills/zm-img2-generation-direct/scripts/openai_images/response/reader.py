"""Reads the spooled response of an images call; images are decoded in blocks."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

BLOCK_SIZE = 1 << 18  # bytes
MAX_SHORT_STRING = 1 << 13  # bytes of a JSON string that is read into memory, as long as a link may be
MAX_SKELETON = 4 << 20  # bytes of all documents of an answer without their long strings
MAX_SIZE = 1 << 40  # bytes; more than any file has
BLANK = " \t\r\n\ufeff"  # what may precede a document
MAX_ESCAPE = 6  # bytes of `\\u003d`
FROM_URLS = bytes.maketrans(b"-_", b"+/")  # RFC 4648, section 5
_ESCAPE = re.compile(rb"\\(?:u00([0-7][0-9A-Fa-f])|(/)|[nrt])")
_HALF_ESCAPE = re.compile(rb"\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_WHITESPACE = b" \t\n\r\f\v"
_DATA_URL = re.compile(rb"data:[^,]{0,100};base64,")


@dataclass(frozen=True)
class LongText:
    """A string of the document that stays in the file, from byte `start` to `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class RawImage:
    """An image that is in the file without base64, from byte `start` to `end`."""

    start: int
    end: int


class AnswerTooLarge(ValueError):
    """Besides its images, an answer contains more than is read."""


@dataclass
class Room:
    """How many bytes of an answer may still be read into memory, all its documents together."""

    left: int = MAX_SKELETON


def read_document(
    file: BinaryIO, ranges: Sequence[tuple[int, int]] | None = None, room: Room | None = None
) -> Any:
    """Return the JSON document of a file, with a LongText in place of every string over 8 kB.

    With `ranges`, the document is the concatenation of these parts of the file (first byte, end). The
    documents of one answer share a `room`.

    Raises:
        AnswerTooLarge: it contains more than 4 MB besides such strings.
        ValueError: it is not JSON.
    """
    long_texts: list[LongText] = []
    room = room or Room()
    skeleton = bytearray()
    for start, end in ranges or [(0, MAX_SIZE)]:
        part = _skeleton(file, start, end, long_texts, room.left)
        room.left -= len(part) + 1
        skeleton += part + b"\n"
    try:
        text = skeleton.decode("utf-8-sig")
        return _restored(json.loads(text.lstrip(BLANK), parse_constant=_reject_constant), long_texts)
    except RecursionError:
        raise ValueError("nested too deep") from None


def complete_long_texts(file: BinaryIO) -> list[LongText]:
    """Return the complete long strings of a response, whatever surrounds them."""
    long_texts: list[LongText] = []
    with contextlib.suppress(ValueError):
        _skeleton(file, 0, MAX_SIZE, long_texts, MAX_SKELETON)
    return long_texts


def read_prefix(file: BinaryIO, text: LongText | str, count: int = 200) -> str:
    """Return the first characters of a string, with escaped slashes unescaped."""
    if isinstance(text, str):
        return text[:count]
    file.seek(text.start)
    return file.read(min(count, text.end - text.start)).decode("ascii", "replace").replace("\\/", "/")


def decode_image(file: BinaryIO, source: LongText | RawImage | str, target: BinaryIO) -> str:
    """Write an image to `target`, decoded from base64 in blocks or copied; return the hex SHA-256 of its bytes.

    Accepted are escapes (Gson escapes `=`, .NET `+`, PHP slashes), line breaks, a `data:` prefix, missing padding
    and the URL-safe alphabet.

    Raises:
        ValueError: it is not base64.
    """
    digest = hashlib.sha256()
    rest = b""
    try:
        if isinstance(source, RawImage):
            for block in _blocks(file, source):
                _write(block, digest, target)
            return digest.hexdigest()
        for piece in _pieces(file, source):
            text = rest + piece
            if text.endswith(b"="):  # the end; strict decoding refuses anything after it
                rest = text
                continue
            whole = len(text) - len(text) % 4
            rest = text[whole:]
            _write(base64.b64decode(text[:whole], validate=True), digest, target)
        _write(base64.b64decode(rest + b"=" * (-len(rest) % 4), validate=True), digest, target)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return digest.hexdigest()


def _write(decoded: bytes, digest: Any, target: BinaryIO) -> None:
    digest.update(decoded)
    target.write(decoded)


def _pieces(file: BinaryIO, long_text: LongText | str) -> Iterator[bytes]:
    """Yield the characters of a base64 string without the escapes and line breaks that encoders insert."""
    first, pending = True, b""
    for block in _blocks(file, long_text):
        raw = pending + block
        half = _HALF_ESCAPE.search(raw, max(0, len(raw) - MAX_ESCAPE))
        pending = half[0] if half else b""
        raw = raw[: len(raw) - len(pending)]
        if b"\\" in raw:
            raw = _ESCAPE.sub(_unescape, raw)
        if first:
            raw, first = _DATA_URL.sub(b"", raw, count=1), False
        if any(byte in raw for byte in b"-_" + _WHITESPACE):
            raw = raw.translate(FROM_URLS, _WHITESPACE)
        yield raw
    if pending:
        raise ValueError("a string that ends in an escape")


def _unescape(escape: re.Match[bytes]) -> bytes:
    """Return the character of an escape; empty for a line break or a tab, which is not part of base64."""
    return bytes.fromhex(escape[1].decode()) if escape[1] else escape[2] or b""


def _blocks(file: BinaryIO, long_text: LongText | RawImage | str) -> Iterator[bytes]:
    if isinstance(long_text, str):
        yield long_text.encode()
        return
    file.seek(long_text.start)
    left = long_text.end - long_text.start
    while left:
        block = file.read(min(BLOCK_SIZE, left))
        if not block:
            raise ValueError("the file has become shorter")
        left -= len(block)
        yield block


def _skeleton(file: BinaryIO, first: int, last: int, long_texts: list[LongText], max_bytes: int) -> bytes:
    """Return a part of the document with a marker for each long string, and append their positions to the list."""
    kept = bytearray()
    start: int | None = None  # of the string that is open
    begun = 0  # where that string begins in `kept`
    position = first
    at = 0  # 1 if the block before ended in a backslash, which escapes the first byte of this one
    file.seek(first)
    while block := file.read(min(BLOCK_SIZE, last - position)):
        copied = 0
        for quote in _quotes(block, at):
            if start is None:
                start, begun = position + quote + 1, len(kept) + quote + 1 - copied
            elif position + quote - start > MAX_SHORT_STRING:
                long_texts.append(LongText(start, position + quote))
                kept += block[copied:quote]
                del kept[begun:]
                kept += f"\\u0000{len(long_texts) - 1}".encode()
                copied, start = quote, None
            else:
                start = None
        at = (len(block[at:]) - len(block[at:].rstrip(b"\\"))) % 2
        kept += block[copied:]
        position += len(block)
        if start is not None and len(kept) - begun > MAX_SHORT_STRING:
            del kept[begun + MAX_SHORT_STRING :]
        if len(kept) > max_bytes:
            raise AnswerTooLarge("more than images")
    if start is not None:
        raise ValueError("a string without an end")
    return bytes(kept)


def _quotes(block: bytes, at: int) -> Iterator[int]:
    """Yield the positions of the quotes from `at` that no backslash escapes.

    `find` is far faster than a character class, and each byte is searched once for either mark.
    """
    quote = backslash = -1
    while True:
        if quote < at:
            quote = _find(block, b'"', at)
        if backslash < at:
            backslash = _find(block, b"\\", at)
        if quote == backslash:  # neither follows
            return
        if quote < backslash:
            yield quote
            at = quote + 1
        else:
            at = backslash + 2


def _find(block: bytes, mark: bytes, at: int) -> int:
    """Return the next position of a mark from `at`; the length of the block if there is none."""
    position = block.find(mark, at)
    return len(block) if position < 0 else position


def _restored(value: Any, long_texts: list[LongText]) -> Any:
    if isinstance(value, str) and value.startswith("\0"):
        number = value[1:]
        if not (number.isdecimal() and int(number) < len(long_texts)):
            raise ValueError("a string that begins with NUL")
        return long_texts[int(number)]
    if isinstance(value, str):
        return _without_surrogates(value)
    if isinstance(value, list):
        return [_restored(item, long_texts) for item in value]
    if isinstance(value, dict):
        if any(name.startswith("\0") for name in value):
            raise ValueError("a name of that length")
        return {_without_surrogates(name): _restored(item, long_texts) for name, item in value.items()}
    return value


def _without_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which a cut text may end in and no file can hold."""
    return text.encode(errors="replace").decode()


def _reject_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
