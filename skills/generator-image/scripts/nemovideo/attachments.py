"""Files to upload: typed by their content, and checked before anything is sent."""

from __future__ import annotations

import io
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import BadInput
from shared.files import sha256_of
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.images.other_formats import other_format
from shared.images.validate import InvalidImage, inspect_image
from shared.openclaw.folders import expand_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LARGEST = 200 << 20  # bytes; the service's limit
HEAD = 64  # bytes in which every format shows itself
MEDIA_TYPES = {
    "mp4": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo", "webm": "video/webm",
    "mkv": "video/x-matroska", "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "mp3": "audio/mpeg", "wav": "audio/wav", "m4a": "audio/mp4", "aac": "audio/aac",
}  # fmt: skip
SPELLINGS = {"jpeg": "jpg", "m4v": "mp4", "qt": "mov"}
_LAYER_3 = (0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3)  # second byte of an MPEG audio frame of layer III
_ADTS = (0xF0, 0xF1, 0xF8, 0xF9)  # second byte of an AAC frame
_SYNC = 0xFF


@dataclass(frozen=True)
class Attachment:
    """A local file, as it was when it was checked; `kind` is one of MEDIA_TYPES, by its content."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    sha256: str
    mtime: int

    @property
    def filename(self) -> str:
        """The name under which it is sent: its own, with the extension of its true type."""
        stem, _, ending = self.path.name.rpartition(".")
        fits = SPELLINGS.get(ending.lower(), ending.lower()) == self.kind
        name = self.path.name if fits else f"{stem or self.path.name}.{self.kind}"
        return re.sub(r'["\\\r\n\x00-\x1f/]', "_", name)[-120:]

    def open(self, flag: str) -> io.BufferedReader:
        """Open the file that was checked.

        Raises:
            BadInput: `reference_changed`; the file was replaced, changed or removed.
        """
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise BadInput("reference_changed", flag=flag, got=short_repr(self.path)) from error
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.size, self.mtime):
            file.close()
            raise BadInput("reference_changed", flag=flag, got=short_repr(self.path))
        return file

    def row(self) -> dict[str, Any]:
        """Return its row of the result's `input_images`."""
        return {
            "path": str(self.path),
            "media_type": MEDIA_TYPES[self.kind],
            "bytes": self.size,
            "sha256": self.sha256,
        }


def read_attachment(flag: str, argument: str) -> Attachment:
    """Check a file without holding it in memory.

    Raises:
        BadInput: naming the flag and the file: not there, no regular file, empty, over 200 MB, of a type that the
            service does not accept, or an incomplete image.
    """
    try:
        path = expand_path(argument)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refused(
                flag, argument, "reference_folder" if stat.S_ISDIR(status.st_mode) else "not_regular_file"
            )
        if status.st_size > LARGEST:
            megabytes = f"{status.st_size / (1 << 20):.0f}"
            raise BadInput(
                "attachment_too_large", flag=flag, got=short_repr(argument), megabytes=megabytes, most=200
            )
        with path.open("rb") as file:
            head = file.read(HEAD)
        other = other_format(head)
        if other:
            raise _refused(flag, argument, f"picture_is_{other}")
        kind = sniffed(head)
        if kind is None:
            raise BadInput("attachment_type", flag=flag, got=short_repr(argument), expected=", ".join(MEDIA_TYPES))
        if MEDIA_TYPES[kind].startswith("image/"):
            inspect_image(path)
        digest = sha256_of(path)
    except InvalidImage as error:
        raise _refused(flag, argument, f"picture_{error.reason}") from error
    except (OSError, ValueError) as error:  # a name with NUL
        reason = getattr(error, "strerror", None) or MessageRef("reference_no_name")
        raise BadInput("reference_unreadable", flag=flag, got=short_repr(argument), reason=reason) from error
    return Attachment(path, kind, status.st_size, digest, status.st_mtime_ns)


def _refused(flag: str, argument: str, reason: str) -> BadInput:
    return BadInput("attachment_refused", flag=flag, got=short_repr(argument), reason=MessageRef(reason))


def sniffed(head: bytes) -> str | None:
    """Return the type of a file by its first bytes, None for one that the service does not accept."""
    if head[4:8] == b"ftyp":
        return {b"qt  ": "mov", b"M4A ": "m4a", b"M4B ": "m4a"}.get(head[8:12], "mp4")
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WAVE": "wav", b"WEBP": "webp"}.get(head[8:12])
    if head[:4] == bytes.fromhex("1a45dfa3"):  # EBML; the document type is in its header
        return "webm" if b"webm" in head else "mkv" if b"matroska" in head else None
    starts = {bytes.fromhex("89") + b"PNG": "png", bytes.fromhex("ffd8ff"): "jpg", b"GIF8": "gif", b"ID3": "mp3"}
    for start, kind in starts.items():
        if head.startswith(start):
            return kind
    if head[:1] == bytes([_SYNC]) and len(head) > 1:
        return "mp3" if head[1] in _LAYER_3 else "aac" if head[1] in _ADTS else None
    return None


class Form(io.RawIOBase):
    """A multipart form with one file, read from disk as it is sent; its length is known beforehand."""

    def __init__(
        self, attachment: Attachment, file: io.BufferedReader, boundary: str, on_bytes: Callable[[int], None]
    ) -> None:
        super().__init__()
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{attachment.filename}"\r\n'
        )
        head += f"Content-Type: {MEDIA_TYPES[attachment.kind]}\r\n\r\n"
        tail = f"\r\n--{boundary}--\r\n"
        self._parts: Iterator[io.BufferedIOBase] = iter(
            (io.BytesIO(head.encode()), file, io.BytesIO(tail.encode()))
        )
        self._part: io.BufferedIOBase | None = next(self._parts)
        self._length = len(head.encode()) + attachment.size + len(tail.encode())
        self._sent = 0
        self._on_bytes = on_bytes

    def __len__(self) -> int:
        return self._length

    def tell(self) -> int:
        """Return the number of bytes read; without this method, requests treats the length as unknown."""
        return self._sent

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, never more than announced: a file that grew is cut."""
        size = self._length - self._sent if size < 0 else min(size, self._length - self._sent)
        while self._part is not None:
            block = self._part.read(size)
            if block or size == 0:
                self._sent += len(block)
                self._on_bytes(self._sent)
                return block
            self._part = next(self._parts, None)
        return b""
