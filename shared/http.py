"""HTTP for the skills: named hosts, explicit keys, total deadlines, bounded answers, proof of what left."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

import requests
import urllib3
from requests.auth import AuthBase

from shared.errors import AnswerLost, NeverReached, ReadFailed, UnusableResult
from shared.files import disk_errors
from shared.http_answer import Answer, retry_after_seconds
from shared.http_connection import ProvingAdapter, Transmission, watched
from shared.http_surroundings import certificates, proxy_for
from shared.http_trouble import why
from shared.texts import Said
from shared.urls import UrlRefused, check_public_url, host_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from shared.keys import Secret

CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 4 << 20  # bytes of a JSON answer after decompression; the services' answers are below 100 kB
IDLE_SECONDS = 2.0  # a SPEND does not trust a connection that was idle for longer
MOST_REDIRECTS = 3
BLOCK = 1 << 16


class KeyHeader(AuthBase):
    """Carries a key in a header; as an explicit auth object it also keeps `.netrc` out."""

    def __init__(self, name: str, secret: Secret, *, scheme: str = "") -> None:
        self._name = name
        self._secret = secret
        self._scheme = scheme

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[self._name] = f"{self._scheme} {self._secret.reveal()}".lstrip()
        return request


class _NoKey(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Requests(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Hide redirects: told not to follow, requests reads the whole body all the same, however large."""


class Session:
    """Connections to the hosts that it names, or, without hosts, to whatever public host a picture link names."""

    def __init__(self, *, user_agent: str, hosts: Collection[str] | None, auth: AuthBase | None = None) -> None:
        self._hosts = hosts
        self._auth = auth or _NoKey()
        self._last_used = time.monotonic()
        for host in hosts or ():
            proxy_for(f"https://{host}")  # a setting that cannot work is found before anything is spent
        self._http = _Requests()
        self._http.trust_env = False  # proxies and certificates are taken from the environment below; .netrc never
        self._http.headers.update({"User-Agent": user_agent, "Accept-Encoding": "gzip, identity"})
        self._http.verify = certificates()
        self._http.mount("https://", ProvingAdapter())
        self._http.mount("http://", ProvingAdapter())

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def spend(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | BinaryIO,
        seconds: float,
        into: BinaryIO | None = None,
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Send a request that costs money, once, on a connection that is fresh enough to be trusted.

        A `body` that is a file is sent from where it stands. With `into`, the body of the answer (up to `largest`
        bytes) goes to that file block by block, and the Answer holds none.

        Raises:
            NeverReached: proven by the connection; sending it again is safe.
            AnswerLost: anything else without a whole answer.
            DiskError: `into` cannot be written.
        """
        if time.monotonic() - self._last_used > IDLE_SECONDS:
            self._http.close()
        return self._send(method, url, headers=headers, body=body, seconds=seconds, into=into, largest=largest)

    def read(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Answer:
        """Send a request that costs nothing.

        Raises:
            ReadFailed: no whole answer came within `seconds`; the caller may repeat it.
        """
        try:
            return self._send(method, url, headers=headers, body=body, seconds=seconds)
        except (NeverReached, AnswerLost) as error:
            raise ReadFailed("unreachable", remedy="resume", **error.facts) from error

    def download(self, url: str, target: BinaryIO, *, seconds: float, largest: int) -> str | None:
        """Write what a picture link holds to `target`; return the media type that the server names.

        Follows at most 3 redirects, https only, never to a private address, never with a key.

        Raises:
            UnusableResult: `link_refused`, `link_private`, `picture_too_large`, or `link_expired` (4xx).
            ReadFailed: no whole answer; may work when repeated.
        """
        deadline = time.monotonic() + seconds
        for _ in range(MOST_REDIRECTS + 1):
            try:
                check_public_url(url)
            except UrlRefused as error:
                raise UnusableResult("link_refused", reason=Said(f"url_{error.reason}")) from error
            try:
                found = self._fetch(url, target, deadline - time.monotonic(), largest)
            except (NeverReached, AnswerLost) as error:
                raise ReadFailed("unreachable", remedy="resume", **error.facts) from error
            if not isinstance(found, _Redirect):
                return found
            try:
                url = urljoin(url, found.location)
            except ValueError as error:
                raise UnusableResult("link_refused", reason=Said("url_malformed")) from error
        raise UnusableResult("link_refused", reason=Said("url_too_many_redirects"))

    def put(self, url: str, content: bytes, *, headers: Mapping[str, str], seconds: float) -> Answer:
        """Send a file to a presigned public https address: never to a private one, never with a key.

        Raises:
            ReadFailed: no whole answer, or `link_refused`; the same bytes may be sent again.
        """
        try:
            check_public_url(url)
            return self._send("PUT", url, headers=headers, body=content, seconds=seconds, public=True)
        except UrlRefused as error:
            raise ReadFailed("link_refused", reason=Said(f"url_{error.reason}")) from error
        except (NeverReached, AnswerLost) as error:
            raise ReadFailed("unreachable", remedy="again", **error.facts) from error

    def _fetch(self, url: str, target: BinaryIO, seconds: float, largest: int) -> str | _Redirect | None:
        with self._exchange("GET", url, {"Accept-Encoding": "identity"}, None, seconds, public=True) as response:
            if response.is_redirect:
                return _Redirect(response.headers["location"])
            status = response.status_code
            if status in (408, 429) or status >= 500:  # noqa: PLR2004  - trouble that may pass
                wait = retry_after_seconds(response.headers.get("retry-after"))
                raise ReadFailed(
                    "read_failed", http_status=status, status=status, retry_after=wait, remedy="resume"
                )
            if status != 200:  # noqa: PLR2004
                raise UnusableResult("link_expired", http_status=status, status=status)
            room = largest
            for block in response.iter_content(BLOCK):
                room -= len(block)
                if room < 0:
                    raise UnusableResult("picture_too_large", megabytes=largest >> 20)
                with disk_errors(Path(target.name)):  # or a full disk would look like a broken connection
                    target.write(block)
            return response.headers.get("content-type")

    def _send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | None,
        seconds: float,
        into: BinaryIO | None = None,
        largest: int = LARGEST_ANSWER,
        public: bool = False,
    ) -> Answer:
        if not public and host_of(url) not in (self._hosts or ()):
            raise ValueError(f"{host_of(url)} is not a host of this session")
        with self._exchange(method, url, headers, body, seconds, public=public) as response:
            content = bytearray()
            room = largest
            for block in response.iter_content(BLOCK):
                room -= len(block)
                if room < 0:
                    raise AnswerLost("answer_lost", reason=Said("reason_too_large"), host=host_of(url))
                if into is None:
                    content += block
                    continue
                with disk_errors(Path(into.name)):
                    into.write(block)
            return Answer(response.status_code, response.headers, bytes(content))

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | None,
        seconds: float,
        *,
        public: bool,
    ) -> Iterator[requests.Response]:
        """Yield the answer with its body still to be read; both have to be done within `seconds`."""
        proxy = proxy_for(url)
        transmission = Transmission(public_peer=public and not proxy)
        seconds = max(seconds, 0.001)
        try:
            with (
                watched(transmission, seconds),
                self._http.request(
                    method,
                    url,
                    headers=dict(headers),
                    data=body,
                    auth=_NoKey() if public else self._auth,
                    proxies={"all": proxy} if proxy else None,
                    timeout=(min(CONNECT_SECONDS, seconds), seconds),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                yield response
                if transmission.overdue and response.raw.length_remaining is None and not response.raw.chunked:
                    raise TimeoutError("our own abort looks like the end of this answer")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            reason = Said(f"reason_{why(error, transmission)}")
            if transmission.may_have_left:
                raise AnswerLost("answer_lost", reason=reason, host=host_of(url)) from error
            raise NeverReached("unreachable", reason=reason, host=host_of(url)) from error
        finally:
            self._last_used = time.monotonic()


@dataclass(frozen=True)
class _Redirect:
    location: str
