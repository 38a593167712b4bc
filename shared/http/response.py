"""A complete HTTP response, and its body as strict JSON."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

BLOCK = 1 << 16  # bytes of a body that are read at once
MAX_DEPTH = 100  # of lists and objects in each other; the services' answers have less than 20
PAGE_HEAD = 1024  # bytes in which a web page begins
MAX_RETRY_AFTER = 100  # characters of the header; a date has 29


@dataclass(frozen=True)
class HttpResponse:
    """A complete response: HTTP status, headers (case-insensitive), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, for its support."""
        value = self.headers.get("x-request-id")
        return value[:200] if value else None

    @property
    def retry_after(self) -> float | None:
        """Seconds from now that Retry-After asks to wait (a number or a date); None without a usable value."""
        return retry_after_seconds(self.headers.get("retry-after"))

    @property
    def is_page(self) -> bool:
        """Whether a web page answered, as a gateway or a web firewall sends it, instead of a service."""
        return self.body[:PAGE_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")

    def json(self) -> Any:
        """Return the body as strict JSON; an unpaired surrogate becomes `?`.

        Raises:
            ValueError: not UTF-8, not JSON, NaN or infinite numbers, a duplicate key, or nested deeper than
                MAX_DEPTH (a depth that every recursive function can handle).
        """
        try:
            document = json.loads(
                self.body.decode("utf-8-sig"),
                parse_constant=_refuse,
                parse_float=_finite,
                object_pairs_hook=_object,
            )
            if b"\\u" in self.body:  # the only way in for half a character, which could be written nowhere
                document = json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
        except RecursionError:
            raise ValueError("nested too deep") from None
        check_depth(document)
        return document


def body_blocks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body of an answer as it arrives, decompressed, at most BLOCK bytes at a time.

    requests' iter_content is not used: urllib3 passes a chunk's size to read() unchecked, and -1 reads everything.
    """
    while block := response.raw.read1(BLOCK, decode_content=True):
        yield block


def check_depth(document: Any) -> None:
    """Refuse a JSON value that is nested deeper than MAX_DEPTH.

    Raises:
        ValueError: it is nested deeper.
    """
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise ValueError("nested too deep")


def retry_after_seconds(text: str | None) -> float | None:
    """Return what a Retry-After header asks for, in seconds from now; None when it is absent, past or garbage."""
    if not text or len(text) > MAX_RETRY_AFTER:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        seconds = float(text)
    else:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415  - rare

        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except Exception:  # noqa: BLE001  - what it raises for garbage differs by version: IndexError, TypeError
            return None
    return seconds if seconds >= 0 else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return result
