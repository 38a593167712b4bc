"""Download the images of a result, validate them, and save them with the extension of their true type."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import RateLimitError, ReadError, UnusableResult
from shared.files import disk_errors, is_same_file, sha256_of
from shared.i18n.messages import MessageRef
from shared.part_files import PartFile
from shared.polling import retry_read
from shared.trusted_folders import refuse_planted_links

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from shared.images.validate import ImageInfo
    from shared.polling import Deadline

MAX_IMAGE_BYTES = 64 << 20  # bytes; a 4K PNG has 10-25 MB
MAX_IMAGES = 10  # of one request: the most that the images APIs create at a time
MAX_TOTAL_BYTES = 256 << 20  # of the images of one request together
MAX_TRIES = 3
DOWNLOAD_SECONDS = 120.0  # for one try of one image


class Downloads(Protocol):
    """Fetches an image link: the download session of shared.http.session."""

    def download(self, url: str, target: BinaryIO, *, seconds: float, max_bytes: int) -> str | None:
        """Download the link to `target`."""
        ...


def check_output_folder(folder: Path) -> None:
    """Make the folder and check that a file can be written into it, before anything is spent.

    Raises:
        DiskError: `disk_failed`, or `folder_planted`.
    """
    refuse_planted_links(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with PartFile.create(folder / "probe") as probe:
            probe.file.write(b"x")
            probe.file.flush()


def save_image(downloads: Downloads, url: str, target: Path, deadline: Deadline) -> dict[str, Any]:
    """Download one image to `target` plus the extension of its true type; return its row of the result's `images`.

    The caller holds the task's lock. A file of that name with other content is kept, and a free name is used.

    Raises:
        UnusableResult: the link is refused or expired, or none of three tries returned a complete image.
        RateLimitError: the server's Retry-After is longer than a minute.
        DiskError: `disk_failed`.
    """
    from shared.images.validate import InvalidImage, inspect_image  # noqa: PLC0415  - not before there is one

    def fetch(seconds: float) -> ImageInfo:
        part.clear()
        downloads.download(url, part.file, seconds=min(seconds, DOWNLOAD_SECONDS), max_bytes=MAX_IMAGE_BYTES)
        part.sync()
        try:
            return inspect_image(part.path)
        except InvalidImage as error:
            raise ReadError("picture_unusable", reason=MessageRef(f"picture_{error.reason}")) from error

    with disk_errors(target.parent), PartFile.create(target) as part:
        try:
            picture = retry_read(fetch, deadline, tries=MAX_TRIES)
        except ReadError as failure:
            code = failure.code if failure.code == "picture_unusable" else "picture_unreachable"
            raise UnusableResult(code, http_status=failure.http_status, **failure.facts) from failure
        digest = sha256_of(part.path)
        path = target.with_name(target.name + picture.extension)
        if not is_same_file(path, digest):
            path = part.move_to(path)
    return {
        "path": str(path),
        "url": url,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "sha256": digest,
    }


def save_images(
    downloads: Downloads,
    links: Sequence[str],
    target: Path,
    deadline: Deadline,
    say: Callable[..., None] = lambda _message, **_facts: None,
    *,
    max_images: int = MAX_IMAGES,
) -> tuple[list[dict[str, Any]], UnusableResult | RateLimitError | None]:
    """Download every image to `target` plus its number; return the rows of those saved, and the first failure.

    A service may return hundreds where one was requested: at most `max_images` with MAX_TOTAL_BYTES are saved, and
    `say` is called with the message if there are more.

    Raises:
        DiskError: `disk_failed`.
    """
    rows: list[dict[str, Any]] = []
    failure: UnusableResult | RateLimitError | None = None
    for number, link in enumerate(links, 1):
        if number > max_images or sum(row["bytes"] for row in rows) >= MAX_TOTAL_BYTES:
            say("images_over_limit", saved=len(rows), count=len(links))
            break
        try:
            rows.append(save_image(downloads, link, target.with_name(f"{target.name}-{number}"), deadline))
        except (UnusableResult, RateLimitError) as error:
            failure = failure or error
    return rows, failure


def reuse_saved_images(
    images: Sequence[dict[str, Any]], folder: Path, *, called: str | None = None
) -> list[dict[str, Any]] | None:
    """Return the rows of saved images that are unchanged, copied to `folder` if they are elsewhere.

    None if there are none, or one is missing or changed. A copy gets the name `called`, if set, and its extension.

    Raises:
        DiskError: `disk_failed`.
    """
    rows = []
    with disk_errors(folder):
        for row in images:
            path = folder.__class__(row["path"])
            if not path.is_file() or sha256_of(path) != row["sha256"]:
                return None
            if path.parent != folder:
                path = _copied(path, folder / (called + path.suffix if called else path.name), row["sha256"])
            rows.append({**row, "path": str(path)})
    return rows or None


def _copied(path: Path, target: Path, digest: str) -> Path:
    if is_same_file(target, digest):
        return target
    with PartFile.create(target) as part, path.open("rb") as source:
        shutil.copyfileobj(source, part.file)
        return part.move_to(target)
