"""Save the media of a session: images by shared's rules, clips and sounds typed by their first bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from nemovideo.attachments import HEAD, MEDIA_TYPES, sniffed
from nemovideo.kept_part import KeptPart
from shared.errors import RateLimitError, ReadError, UnusableResult
from shared.files import disk_errors, is_same_file, sha256_of
from shared.http.download import Progress
from shared.images.download import save_images
from shared.polling import retry_read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from nemovideo.api.session_state import Media
    from shared.cli.context import CommandContext
    from shared.polling import Deadline

MAX_CLIP = 4 << 30  # bytes
MAX_CLIPS = 10  # of one message
MAX_CLIPS_BYTES = 8 << 30  # of the clips of one message together
CLIP_SECONDS = 900.0  # for one try of one clip
TRIES = 3


class Downloads(Protocol):
    """Fetches a link: the download session of shared.http.session."""

    def download(
        self, url: str, target: BinaryIO, *, seconds: float, max_bytes: int, progress: Progress | None = None
    ) -> str | None:
        """Download the link to `target`."""
        ...


def save_media(
    downloads: Downloads, media: Sequence[Media], target: Path, deadline: Deadline, context: CommandContext
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], UnusableResult | RateLimitError | None]:
    """Download images and clips to `target` plus a number; return both kinds of rows and the first failure.

    A session may list any number of files: what exceeds the limits of number and size is left out, and reported.

    Raises:
        DiskError: `disk_failed`.
    """
    links = [item.url for item in media if item.kind == "image"]
    others = [item for item in media if item.kind != "image"]
    images, failure = save_images(downloads, links, target, deadline, context.reporter.always)
    clips: list[dict[str, Any]] = []
    for number, item in enumerate(others, len(links) + 1):
        room = MAX_CLIPS_BYTES - sum(row["bytes"] for row in clips)
        if number - len(links) > MAX_CLIPS or room <= 0:
            context.reporter.always("clips_over_limit", saved=len(clips), count=len(others))
            break
        path = target.with_name(f"{target.name}-{number}")
        try:
            clips.append(save_link(downloads, item, path, deadline, context, max_bytes=min(MAX_CLIP, room)))
        except (UnusableResult, RateLimitError) as error:
            failure = failure or error
    return images, clips, failure


def save_link(
    downloads: Downloads,
    media: Media,
    target: Path,
    deadline: Deadline,
    context: CommandContext,
    *,
    max_bytes: int,
) -> dict[str, Any]:
    """Download one clip or sound; return its row.

    Raises:
        UnusableResult, RateLimitError, DiskError.
    """

    def fetch(file: BinaryIO, seconds: float, progress: Progress) -> None:
        downloads.download(media.url, file, seconds=seconds, max_bytes=max_bytes, progress=progress)

    facts = {"width": media.width, "height": media.height, "duration": media.duration}
    return {**save_clip(fetch, target, deadline, context), "url": media.url, **facts}


def save_clip(
    fetch: Callable[[BinaryIO, float, Progress], object], target: Path, deadline: Deadline, context: CommandContext
) -> dict[str, Any]:
    """Save what `fetch` writes as `target` plus the extension of its true type; return its row, without its link.

    The bytes before an interruption are kept and reused, also by the next run, if the server proves that the file
    is still the same. A file of that name with other content is kept, and a free name is used.

    Raises:
        UnusableResult: the link is refused or expired, or none of three tries returned a complete file.
        RateLimitError: the server's Retry-After is longer than a minute.
        DiskError: `disk_failed`.
    """
    with disk_errors(target.parent), KeptPart(target) as kept:

        def once(seconds: float) -> str:
            progress = Progress(kept.etag)

            def tell(done: int, total: int | None) -> None:
                kept.note(progress.etag)
                _tell(context, done, total)

            progress.on_bytes = tell
            file = kept.part.file
            if progress.etag:
                file.seek(0, os.SEEK_END)
            else:
                kept.part.clear()
            try:
                fetch(file, min(seconds, CLIP_SECONDS), progress)
            finally:
                kept.part.sync()
                kept.note(progress.etag)
            file.seek(0)
            kind = sniffed(file.read(HEAD))
            if kind is None:
                kept.begin_anew()
                raise ReadError("clip_unusable")
            return kind

        try:
            kind = retry_read(once, deadline, tries=TRIES)
        except ReadError as failure:
            code = failure.code if failure.code == "clip_unusable" else "picture_unreachable"
            raise UnusableResult(code, http_status=failure.http_status, **failure.facts) from failure
        digest, size = sha256_of(kept.part.path), os.fstat(kept.part.file.fileno()).st_size
        path = target.with_name(f"{target.name}.{kind}")
        if is_same_file(path, digest):
            kept.begin_anew()
        else:
            path = kept.move_to(path)
    return {"path": str(path), "media_type": MEDIA_TYPES[kind], "bytes": size, "sha256": digest}


def _tell(context: CommandContext, done: int, total: int | None) -> None:
    share = f"{100 * done / total:.0f}%" if total else "?"
    context.reporter.status("downloading", megabytes=f"{done / 1e6:.1f}", share=share)
