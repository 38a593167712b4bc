"""The requests that the simulated services received."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from tests.providers.request import Request


class Recorder:
    """Every whole request in the order of arrival; list.append is atomic, so threads share it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def requests_to(self, path_prefix: str, *, host: str | None = None) -> list[Request]:
        """List the requests whose path starts so, of one host if one is named."""
        return [
            request
            for request in list(self.requests)
            if request.path.startswith(path_prefix) and host in {None, request.host}
        ]

    def hosts_that_saw(self, secret: str) -> set[str]:
        """Name the hosts that got the text in a header, in the target (decoded too) or in a body."""
        needle = secret.encode()
        return {request.host for request in list(self.requests) if _holds(request, needle)}


def _holds(request: Request, needle: bytes) -> bool:
    texts = (request.head, unquote_to_bytes(request.target), request.body)
    return any(needle in text for text in texts) or (request.large is not None and request.large.find(needle) >= 0)
