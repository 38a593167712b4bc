"""Local input images: checked before anything is sent, and sent unchanged."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import BadInput
from shared.files import sha256_of
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.images.validate import InvalidImage, inspect_image
from shared.openclaw.folders import expand_path

if TYPE_CHECKING:
    from pathlib import Path

MAX_INPUT_BYTES = 20 << 20  # bytes; a photo of a phone has 3-12 MB
MAX_SIDE = 16_384  # pixels; a common limit of decoders, and more than any model uses


@dataclass(frozen=True)
class InputImage:
    """A complete local image, as it was when it was checked."""

    path: Path
    media_type: str
    width: int
    height: int
    size: int
    """Bytes."""
    sha256: str

    def content(self, flag: str) -> bytes:
        """Return the bytes that were checked.

        Raises:
            BadInput: `reference_changed`; the file was replaced, changed or removed.
        """
        try:
            content = self.path.read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadInput("reference_changed", flag=flag, got=short_repr(self.path))
        return content

    def row(self) -> dict[str, Any]:
        """Return its row of the result's `input_images`."""
        return {
            "path": str(self.path),
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "bytes": self.size,
            "sha256": self.sha256,
        }


def read_input_image(flag: str, argument: str, *, unknown: str = "picture_unknown_type") -> InputImage:
    """Check a local image without loading it into memory.

    `unknown` is the id of the message that lists the accepted types.

    Raises:
        BadInput: with the flag and the file: missing, not a regular file, unreadable, larger than 20 MiB or 16384
            pixels per side, or not a complete PNG, JPEG, WebP or GIF.
    """
    try:
        path = expand_path(argument)
        _check_file(flag, path, argument)
        picture = inspect_image(path)
        digest = sha256_of(path)
    except InvalidImage as error:
        reason = unknown if error.reason == "unknown_type" else f"picture_{error.reason}"
        raise _refused(flag, argument, f"picture_is_{error.other}" if error.other else reason) from error
    except (OSError, ValueError) as error:  # a name with NUL
        reason = getattr(error, "strerror", None) or MessageRef("reference_no_name")
        raise BadInput("reference_unreadable", flag=flag, got=short_repr(argument), reason=reason) from error
    if max(picture.width, picture.height) > MAX_SIDE:
        pixels = f"{picture.width}x{picture.height}"
        raise BadInput("reference_too_wide", flag=flag, got=short_repr(argument), pixels=pixels, most=MAX_SIDE)
    return InputImage(path, picture.media_type, picture.width, picture.height, picture.bytes, digest)


def _check_file(flag: str, path: Path, argument: str) -> None:
    """Check the file type and size before opening: a device or a pipe may never end."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise _refused(flag, argument, "reference_folder")
    if not stat.S_ISREG(status.st_mode):
        raise _refused(flag, argument, "not_regular_file")
    if status.st_size > MAX_INPUT_BYTES:
        megabytes = f"{status.st_size / 1e6:.0f}"
        raise BadInput("reference_too_large", flag=flag, got=short_repr(argument), megabytes=megabytes, most=20)


def _refused(flag: str, argument: str, reason: str) -> BadInput:
    return BadInput("reference_refused", flag=flag, got=short_repr(argument), reason=MessageRef(reason))
