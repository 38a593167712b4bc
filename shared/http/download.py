"""Download a link: public https only, few redirects, never a key, and resumed after a break."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urljoin

from shared.errors import NotSentError, ReadError, ResponseLost, UnusableResult
from shared.files import disk_errors
from shared.http.response import body_blocks, retry_after_seconds
from shared.http.urls import InvalidUrl, check_public_url
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import requests

MAX_REDIRECTS = 3
LENGTH = re.compile(r"[0-9]{1,15}")
OK, PARTIAL, REQUEST_TIMEOUT, RANGE_REFUSED, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 206, 408, 416, 429, 500


class Exchange(Protocol):
    """Sends a request to a public host without a key; both must end within `seconds`."""

    def __call__(
        self, url: str, headers: Mapping[str, str], seconds: float
    ) -> AbstractContextManager[requests.Response]:
        """Return the response with its body still to be read."""
        ...


@dataclass
class Progress:
    """The progress of a download: a caller that keeps it, and the file, between two tries resumes there.

    Only a strong ETag proves that both tries fetch the same file (RFC 9110, section 13.1.5).
    """

    etag: str = ""
    on_bytes: Callable[[int, int | None], None] = field(default=lambda _done, _total: None)
    """Called with the number of bytes so far, and the total if the server sends it."""


@dataclass(frozen=True)
class _Redirect:
    location: str


def download(
    exchange: Exchange,
    url: str,
    target: BinaryIO,
    *,
    seconds: float,
    max_bytes: int,
    progress: Progress | None = None,
    check: Callable[[str], object] = check_public_url,
) -> str | None:
    """Download a link to `target`; return the media type that the server names.

    `check` raises InvalidUrl for an address that may not be fetched; every redirect passes it too.

    Raises:
        UnusableResult: `link_refused`, `link_private`, `picture_too_large`, or `link_expired` (4xx).
        ReadError: no complete answer; may succeed when repeated.
    """
    deadline = time.monotonic() + seconds
    progress = progress or Progress()
    for _ in range(MAX_REDIRECTS + 1):
        try:
            check(url)
        except InvalidUrl as error:
            raise UnusableResult("link_refused", reason=MessageRef(f"url_{error.reason}")) from error
        try:
            remaining = deadline - time.monotonic()
            result = _fetch(exchange, url, target, seconds=remaining, max_bytes=max_bytes, progress=progress)
        except (NotSentError, ResponseLost) as error:
            raise ReadError("unreachable", remedy="resume", **error.facts) from error
        if not isinstance(result, _Redirect):
            return result
        try:
            url = urljoin(url, result.location)
        except ValueError as error:
            raise UnusableResult("link_refused", reason=MessageRef("url_malformed")) from error
    raise UnusableResult("link_refused", reason=MessageRef("url_too_many_redirects"))


def _fetch(
    exchange: Exchange, url: str, target: BinaryIO, *, seconds: float, max_bytes: int, progress: Progress
) -> str | _Redirect | None:
    start = target.tell() if progress.etag else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": progress.etag}
    with exchange(url, headers, seconds) as response:
        if response.is_redirect:
            return _Redirect(response.headers["location"])
        start = _begin(response, target, start, progress)
        length = response.headers.get("content-length", "")
        total = start + int(length) if LENGTH.fullmatch(length) else None
        done = start
        for block in body_blocks(response):
            done += len(block)
            if done > max_bytes:
                raise UnusableResult("picture_too_large", megabytes=max_bytes >> 20)
            with disk_errors(Path(target.name)):  # otherwise a full disk would be taken for a broken connection
                target.write(block)
            progress.on_bytes(done, total)
        return response.headers.get("content-type")


def _begin(response: requests.Response, target: BinaryIO, start: int, progress: Progress) -> int:
    """Check the head of a response; return the offset in the file at which its body belongs.

    Raises:
        ReadError, UnusableResult: there is no usable body.
    """
    status = response.status_code
    if status == PARTIAL and start and response.headers.get("content-range", "").startswith(f"bytes {start}-"):
        return start
    if status in (PARTIAL, REQUEST_TIMEOUT, RANGE_REFUSED, TOO_MANY_REQUESTS) or status >= SERVER_ERROR:
        if status == RANGE_REFUSED:
            progress.etag = ""  # nothing can be appended: the next try starts from the beginning
        wait = retry_after_seconds(response.headers.get("retry-after"))
        raise ReadError("read_failed", http_status=status, status=status, retry_after=wait, remedy="resume")
    if status != OK:
        raise UnusableResult("link_expired", http_status=status, status=status)
    tag = response.headers.get("etag", "")
    progress.etag = tag if tag.startswith('"') else ""
    with disk_errors(Path(target.name)):  # what an earlier try left may be of another file
        target.seek(0)
        target.truncate()
    return 0
