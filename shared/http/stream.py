"""An answer that is read while it is still coming."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shared.http.response import body_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import requests


class Stream:
    """The head of an answer, and its body piece by piece as it arrives."""

    def __init__(
        self, exchange: AbstractContextManager[requests.Response], limit: Callable[[float], None]
    ) -> None:
        """Send the request and wait for the head.

        `limit(seconds)` cuts the rest of the answer, at the latest when so many seconds have gone by.

        Raises:
            NotSentError: proven by the connection; sending it again is safe.
            ResponseLost: it may have left, and no head came.
        """
        self.limit = limit
        self._open = contextlib.ExitStack()
        self._response = self._open.enter_context(exchange)
        self.status = self._response.status_code
        self.headers: Mapping[str, str] = self._response.headers

    @property
    def proves_its_end(self) -> bool:
        """True when the framing tells a whole body from one whose connection was closed in the middle."""
        raw = self._response.raw
        return bool(getattr(raw, "chunked", False)) or "content-length" in self.headers

    def blocks(self) -> Iterator[bytes]:
        """Yield what arrives, at once and however little, until the body is whole.

        Raises:
            ResponseLost: it was cut, went silent, or took longer than it may.
        """
        with self._open:
            yield from body_blocks(self._response)

    def close(self) -> None:
        """Read no more; harmless when everything was read."""
        self._open.close()
