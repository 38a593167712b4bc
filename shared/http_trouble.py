"""What went wrong with a request, in a word for people; whether it left is http_connection's to prove."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.http_connection import Transmission


def why(error: BaseException, transmission: Transmission) -> str:
    """Say in a word what went wrong; only for the sentence, never for the decision to send again."""
    if transmission.overdue:
        return "timeout"
    links = list(_chain(error))
    for kind, word in _WORDS:
        if word == "proxy" and transmission.may_have_left:  # it had connected: what broke later has that class too
            continue
        if any(isinstance(link, kind) for link in links):
            return (
                "proxy_auth"
                if word == "proxy" and any(PROXY_AUTH_REQUIRED in str(link) for link in links)
                else word
            )
    return "cut"


PROXY_AUTH_REQUIRED = "connection failed: 407"  # how http.client tells the proxy's answer to CONNECT

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "dns"),
    (ssl.SSLCertVerificationError, "certificate"),
    (requests.exceptions.ProxyError, "proxy"),
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "timeout"),
    (requests.Timeout, "timeout"),
    (ssl.SSLEOFError, "cut"),
    (ssl.SSLError, "tls"),
    (ConnectionResetError, "reset"),
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything it was raised from, however the libraries keep it."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        related = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        waiting += [one for one in related if isinstance(one, BaseException)]
