"""Saves the images of a spooled response: decodes them in blocks, validates and names them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images import wire
from openai_images.response.extraction import find_images
from openai_images.response.framing import read_content
from openai_images.response.image_source import Link
from openai_images.response.reader import decode_image
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


UNREACHABLE = "picture_unreachable"
"""Error code of an image link that may work later; the link stays in the spooled response."""


@dataclass(frozen=True)
class Saved:
    """The rows of the result's `images`, and the number of images in the response that were not saved."""

    rows: list[dict[str, Any]]
    left_out: int = 0
    unreachable: UnusableResult | None = None
    """The error of the first link that may work later."""


def save_delivered(delivered: Delivered, spool: Path, target: Path, client: Client, deadline: Deadline) -> Saved:
    """Save the images as `target` (numbered after the first) with the extension of their detected type.

    The service's bytes are written unchanged, so embedded content credentials survive. An image behind a link is
    downloaded. Images beyond MAX_IMAGES, or MAX_TOTAL_BYTES in total, are left out.

    Raises:
        UnusableResult: no complete image: `picture_unusable`, or the error of the first image's link.
        DiskError: `disk_failed`; the spooled response is kept.
    """
    rows: list[dict[str, Any]] = []
    first_failure: UnusableResult | None = None
    unreachable: UnusableResult | None = None
    tried = failed = 0
    for image in delivered.images[:MAX_IMAGES]:
        if sum(row["bytes"] for row in rows) >= MAX_TOTAL_BYTES:
            break
        tried += 1
        name = target.with_name(f"{target.name}-{len(rows) + 1}") if rows else target
        try:
            row = _save_image(image, spool, name, client, deadline)
        except UnusableResult as error:
            failed += 1
            first_failure = first_failure or error
            unreachable = unreachable or (error if error.code == UNREACHABLE else None)
            continue
        if row["sha256"] not in {other["sha256"] for other in rows}:
            rows.append(row)
        elif row["path"] not in {
            other["path"] for other in rows
        }:  # the same image again, as in a stream's last event
            Path(row["path"]).unlink(missing_ok=True)
    if not rows and first_failure:
        raise first_failure
    return Saved(rows, failed + len(delivered.images) - tried, unreachable)


def _save_image(
    image: FoundImage, spool: Path, target: Path, client: Client, deadline: Deadline
) -> dict[str, Any]:
    """Save an image from the first of its sources that yields a complete one."""
    first_failure: UnusableResult | None = None
    for source in image.sources:
        try:
            if isinstance(source, Link):
                return _fetch(source.url, target, client, deadline)
            return _decode(source, spool, target)
        except UnusableResult as error:
            first_failure = first_failure or error
    raise first_failure or AssertionError("an image without a source")


def _fetch(link: str, target: Path, client: Client, deadline: Deadline) -> dict[str, Any]:
    try:
        return save_image(client.downloads, client.absolute_url(link), target, deadline)
    except (RateLimitError, UnusableResult) as error:
        if error.code not in ("rate_limited", "picture_unusable"):
            raise
        raise UnusableResult(UNREACHABLE, http_status=error.http_status) from error


def _decode(source: LongText | RawImage | str, spool: Path, target: Path) -> dict[str, Any]:
    with disk_errors(target.parent), PartFile.create(target) as part:
        try:
            with spool.open("rb") as answer:
                digest = decode_image(answer, source, part.file)
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
    """Return the content of a response spooled by a process that ended before saving its image.

    Raises:
        UnusableResult: `answer_gone`; the service returns it only once.
    """
    try:
        with spool.open("rb") as file:
            content = read_content(file)
            images = find_images(file, content)
    except OSError as error:
        raise UnusableResult("answer_gone", path=spool, remedy="new") from error
    if not images:
        raise UnusableResult("answer_gone", path=spool, remedy="new")
    return wire.to_delivered(content, images, None)


def salvage(spool: Path) -> Delivered | None:
    """Return the complete images of a truncated response, None if there are none.

    A draft does not count: the final image may still have been coming.
    """
    try:
        with spool.open("rb") as file:
            content = read_content(file)
            images = [image for image in find_images(file, content) if _is_here(image, file, spool.parent)]
    except OSError:
        return None
    return wire.to_delivered(content, images, None) if images else None


def _is_here(image: FoundImage, file: BinaryIO, folder: Path) -> bool:
    if image.draft or not image.sure:
        return not image.draft
    source = image.sources[0]
    with tempfile.NamedTemporaryFile(dir=folder) as decoded:
        try:
            decode_image(file, source, decoded)  # type: ignore[arg-type]
            decoded.flush()
            inspect_image(decoded.name)
        except (InvalidImage, ValueError):
            return False
    return True
