"""From the service's answer on disk to images: decoded in pieces, checked to be whole, given their names."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images import wire
from openai_images.response.extraction import find_images
from openai_images.response.framing import read_content
from openai_images.response.image_source import Link
from openai_images.response.reader import decode_picture
from shared.errors import RateLimitError, UnusableResult
from shared.files import disk_errors, is_same_file
from shared.i18n.messages import MessageRef
from shared.images.download import MAX_IMAGES, MAX_TOTAL_BYTES, save_image
from shared.images.validate import InvalidImage, inspect_image
from shared.part_files import PartFile

if TYPE_CHECKING:
    from typing import BinaryIO

    from openai_images.client import Client
    from openai_images.response.extraction import FoundImage
    from openai_images.response.reader import LongText, RawImage
    from openai_images.wire import Delivered
    from shared.polling import Deadline


@dataclass(frozen=True)
class Saved:
    """The rows of the result's `images`, and how many more images the answer holds that were not saved."""

    rows: list[dict[str, Any]]
    left_out: int = 0


def save_delivered(delivered: Delivered, spool: Path, target: Path, client: Client, limits: Deadline) -> Saved:
    """Save the images as `target` (the others with a number behind it) plus the ending of their true type.

    What is written are the service's own bytes, so content credentials inside them survive. An image behind a
    link is fetched. More than MAX_IMAGES, or than MAX_TOTAL_BYTES together, are left out.

    Raises:
        UnusableResult: no image at all: `picture_unusable`, or why the link of the first gave no whole image.
        DiskError: `disk_failed`; the spool is still there.
    """
    rows: list[dict[str, Any]] = []
    first_failure: UnusableResult | None = None
    tried = failed = 0
    for image in delivered.images[:MAX_IMAGES]:
        if sum(row["bytes"] for row in rows) >= MAX_TOTAL_BYTES:
            break
        tried += 1
        name = target.with_name(f"{target.name}-{len(rows) + 1}") if rows else target
        try:
            row = _save_image(image, spool, name, client, limits)
        except UnusableResult as error:
            failed += 1
            first_failure = first_failure or error
            continue
        if row["sha256"] not in {other["sha256"] for other in rows}:
            rows.append(row)
        elif row["path"] not in {
            other["path"] for other in rows
        }:  # the same image again, as in a stream's last event
            Path(row["path"]).unlink(missing_ok=True)
    if not rows and first_failure:
        raise first_failure
    return Saved(rows, failed + len(delivered.images) - tried)


def _save_image(image: FoundImage, spool: Path, target: Path, client: Client, limits: Deadline) -> dict[str, Any]:
    """Save an image by the first of its sources that gives a whole one."""
    first_failure: UnusableResult | None = None
    for source in image.sources:
        try:
            if isinstance(source, Link):
                return _fetch(source.url, target, client, limits)
            return _decode(source, spool, target)
        except UnusableResult as error:
            first_failure = first_failure or error
    raise first_failure or AssertionError("an image without a source")


def _fetch(link: str, target: Path, client: Client, limits: Deadline) -> dict[str, Any]:
    try:
        return save_image(client.downloads, client.absolute(link), target, limits)
    except (RateLimitError, UnusableResult) as error:
        if error.code not in ("rate_limited", "picture_unusable"):
            raise
        raise UnusableResult("picture_unreachable", http_status=error.http_status) from error


def _decode(source: LongText | RawImage | str, spool: Path, target: Path) -> dict[str, Any]:
    with disk_errors(target.parent), PartFile.create(target) as part:
        try:
            with spool.open("rb") as answer:
                digest = decode_picture(answer, source, part.file)
            part.file.flush()
            picture = inspect_image(part.path)
            path = target.with_name(target.name + picture.extension)
            if not is_same_file(path, digest):
                path = part.move_to(path, durable=False)
        except InvalidImage as error:
            raise UnusableResult("picture_unusable", reason=MessageRef(f"picture_{error.reason}")) from error
        except ValueError as error:
            raise UnusableResult("picture_unusable", reason=MessageRef("picture_not_base64")) from error
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
    """Return what an answer held that was spooled by a process that ended before its image was saved.

    Raises:
        UnusableResult: `answer_gone`; the service gives it only once.
    """
    try:
        with spool.open("rb") as file:
            content = read_content(file)
            images = find_images(file, content)
    except OSError as error:
        raise UnusableResult("answer_gone", path=spool, remedy="new") from error
    if not images:
        raise UnusableResult("answer_gone", path=spool, remedy="new")
    return wire.delivered(content, images, None)


def salvage(spool: Path) -> Delivered | None:
    """Return the whole images of an answer that was cut, or whose end nobody saw; None without one.

    A draft does not count: the image itself may have been on its way.
    """
    try:
        with spool.open("rb") as file:
            content = read_content(file)
            images = [image for image in find_images(file, content) if _is_here(image, file, spool.parent)]
    except OSError:
        return None
    return wire.delivered(content, images, None) if images else None


def _is_here(image: FoundImage, file: BinaryIO, folder: Path) -> bool:
    if image.draft or not image.sure:
        return not image.draft
    source = image.sources[0]
    with tempfile.NamedTemporaryFile(dir=folder) as decoded:
        try:
            decode_picture(file, source, decoded)  # type: ignore[arg-type]
            decoded.flush()
            inspect_image(decoded.name)
        except (InvalidImage, ValueError):
            return False
    return True
