"""A response that is read while it arrives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shared.http.response import body_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import requests


class Stream:
    """The head of a response, and its body block by block as it arrives."""

    def __init__(
        self, exchange: AbstractContextManager[requests.Response], limit: Callable[[float], None]
    ) -> None:
        """Send the request and wait for the head.

        `limit(seconds)` ends the rest of the response after at most that many seconds.

        Raises:
            NotSentError: proven by the connection; sending it again is safe.
            ResponseLost: it may have left, and no head arrived.
        """
        self.limit = limit
        self._open = contextlib.ExitStack()
        self._response = self._open.enter_context(exchange)
        self.status = self._response.status_code
        self.headers: Mapping[str, str] = self._response.headers

    @property
    def proves_its_end(self) -> bool:
        """True if the framing distinguishes a complete body from one that was cut."""
        raw = self._response.raw
        return bool(getattr(raw, "chunked", False)) or "content-length" in self.headers

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks as they arrive, of any size, until the body is complete.

        Raises:
            ResponseLost: it was cut, went silent, or took longer than it may.
        """
        with self._open:
            yield from body_blocks(self._response)

    def close(self) -> None:
        """Stop reading; does nothing when everything was read."""
        self._open.close()
