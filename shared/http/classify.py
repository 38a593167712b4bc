"""Classify what went wrong with a request, for people; `transport` proves whether it was sent."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

import requests
import urllib3

from shared.http.environment import openssl_reason
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.http.transport import RequestTracker

PROXY_AUTH_REQUIRED = "connection failed: 407"  # how http.client reports the proxy's answer to CONNECT

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
    (http.client.IncompleteRead, "cut"),
    (http.client.HTTPException, "malformed"),
    (urllib3.exceptions.DecodeError, "malformed"),
    (urllib3.exceptions.InvalidHeader, "malformed"),
    (requests.RequestException, "cut"),
    (urllib3.exceptions.HTTPError, "cut"),
    (OSError, "cut"),
)
_LOCAL = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)
"""Exceptions that requests and urllib3 raise before anything is sent."""


def reason_for(error: BaseException, transmission: RequestTracker) -> MessageRef:
    """Return the message for what went wrong, with OpenSSL's reason if it was TLS."""
    word, link = _classify(error, transmission)
    detail = openssl_reason(link) if isinstance(link, ssl.SSLError) else type(link).__name__
    return MessageRef(f"reason_{word}", detail=detail)


def _classify(error: BaseException, transmission: RequestTracker) -> tuple[str, BaseException]:
    """Return a reason and the exception that shows it; never used to decide whether to send again."""
    if transmission.overdue:
        return "timeout", error
    links = list(_chain(error))
    if isinstance(error, _LOCAL) and not transmission.may_have_left:
        return "local", error
    for kind, word in _WORDS:
        if word == "proxy" and transmission.may_have_left:  # it had connected: what broke later has that class too
            continue
        match = next((link for link in links if isinstance(link, kind)), None)
        if match is not None:
            refused = word == "proxy" and any(PROXY_AUTH_REQUIRED in str(link) for link in links)
            return "proxy_auth" if refused else word, match
    return "malformed" if transmission.may_have_left else "local", error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all its causes, whichever way the libraries store them."""
    waiting, known = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in known:
            continue
        known.add(id(link))
        yield link
        related = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        waiting += [other for other in related if isinstance(other, BaseException)]
