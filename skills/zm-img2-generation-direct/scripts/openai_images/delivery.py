"""From the service's answer on disk to a picture: decoded in pieces, checked to be whole, given its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_images import wire
from openai_images.answer import decode_picture, read_document
from shared.errors import OutcomeUnknown, RateLimited, UnusableResult
from shared.files import disk_errors, is_same_file
from shared.images import save_picture
from shared.part_files import PartFile
from shared.pictures import NotAPicture, inspect_picture
from shared.texts import Said

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.wire import Delivered
    from shared.images import Downloads
    from shared.polling import Limits


def save_delivered(
    delivered: Delivered, spool: Path, target: Path, downloads: Downloads, limits: Limits
) -> dict[str, Any]:
    """Save the picture as `target` plus the ending of its true type; return its row of the result's `images`.

    What is written are the service's own bytes, so content credentials inside them survive. A picture behind a
    link is fetched.

    Raises:
        UnusableResult: `picture_unusable`, or why the link gave no whole picture.
        DiskError: `disk_failed`; the spool is still there.
    """
    if delivered.picture is None:
        try:
            return save_picture(downloads, str(delivered.url), target, limits)
        except (RateLimited, UnusableResult) as error:
            if error.code not in ("rate_limited", "picture_unusable"):
                raise
            raise UnusableResult("picture_unreachable", http_status=error.http_status) from error
    with disk_errors(target.parent), PartFile.create(target) as part:
        try:
            with spool.open("rb") as answer:
                digest = decode_picture(answer, delivered.picture, part.file)
            part.file.flush()
            picture = inspect_picture(part.path)
            path = target.with_name(target.name + picture.extension)
            if not is_same_file(path, digest):
                path = part.move_to(path, durable=False)
        except NotAPicture as error:
            raise UnusableResult("picture_unusable", reason=Said(f"picture_{error.reason}")) from error
        except ValueError as error:
            raise UnusableResult("picture_unusable", reason=Said("picture_not_base64")) from error
    return {
        "path": str(path),
        "url": None,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "sha256": digest,
    }


def reread(spool: Path) -> Delivered:
    """Return what an answer held that was spooled by a process that ended before its picture was saved.

    Raises:
        UnusableResult: `answer_gone`; the service gives it only once.
    """
    try:
        with spool.open("rb") as file:
            return wire.delivered(wire.OK, read_document(file), None)
    except (OSError, ValueError, OutcomeUnknown) as error:
        raise UnusableResult("answer_gone", path=spool, remedy="new") from error
