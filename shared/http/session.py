"""HTTP sessions with allowed hosts, explicit keys, total deadlines, size limits, and proof of what was sent."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import requests
from requests.auth import AuthBase

from shared.errors import NotSentError, ReadError, ResponseLost, SkillError
from shared.files import disk_errors
from shared.http.classify import reason_for
from shared.http.clock import note_date
from shared.http.environment import ca_bundle, check_key_log
from shared.http.proxy import configured_proxy, proxy_for
from shared.http.response import HttpResponse, body_blocks
from shared.http.transport import RequestTracker, TrackingAdapter, track_request
from shared.http.urls import InvalidUrl, check_public_url, host_of, origin_of
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from io import RawIOBase

    from requests import Response

    from shared.http.download import Progress
    from shared.http.stream import Stream
    from shared.security.keys import Secret

CONNECT_SECONDS = 10.0
MAX_RESPONSE_BYTES = 4 << 20  # bytes of a JSON answer after decompression; the services' answers are below 100 kB
IDLE_SECONDS = 2.0  # a SPEND does not trust a connection that was idle for longer


class AuthHeader(AuthBase):
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
        """Hide redirects: even without following them, requests would read the entire body, of any size."""


class Session:
    """Connections to the allowed `hosts`, or, if that is None, to the public hosts that image links name.

    Raises:
        ConfigurationError: the environment's settings for proxies, certificates or a key log cannot work. They are
            checked when a session is made, before anything is recorded or spent.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        hosts: Collection[str] | None,
        auth: AuthBase | None = None,
        own_origin: str | None = None,
    ) -> None:
        """Open a session; `own_origin` (see shared.http.urls.origin_of) may be private: the user configured it."""
        self._own_origin = own_origin
        self._hosts = hosts
        self._auth = auth or _NoKey()
        self._last_used = time.monotonic()
        self._streams = contextlib.ExitStack()
        if hosts is None:
            configured_proxy()
        for host in hosts or ():
            proxy_for(f"https://{host}")
        check_key_log()
        self._http = _Requests()
        self._http.trust_env = False  # proxies and certificates are taken from the environment below; .netrc never
        self._http.headers.update({"User-Agent": user_agent, "Accept-Encoding": "gzip, identity"})
        self._http.verify = ca_bundle()
        self._http.mount("https://", TrackingAdapter())
        self._http.mount("http://", TrackingAdapter())

    def close(self) -> None:
        """Close every connection, and every stream that is still open."""
        self._streams.close()
        self._http.close()

    def post_once(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | BinaryIO,
        seconds: float,
        sink: BinaryIO | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> HttpResponse:
        """Send a request that costs money, once, on a connection that is fresh enough to be trusted.

        A `body` that is a file is sent from its current position. With `sink`, the body of the response (up to
        `max_bytes`) is written to that file block by block, and the HttpResponse has none.

        Raises:
            NotSentError: proven by the connection; sending it again is safe.
            ResponseLost: anything else without a complete answer.
            DiskError: `sink` cannot be written.
        """
        self._trust_connection()
        return self._send(method, url, headers=headers, body=body, seconds=seconds, sink=sink, max_bytes=max_bytes)

    def stream_once(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        seconds: float,
        idle_timeout: float,
    ) -> Stream:
        """Send a request that costs money, once, and return its answer while it is still arriving.

        The answer must start within `seconds`, and end within them unless the stream's own `limit` was set by
        then. At most `idle_timeout` seconds may pass between two bytes.

        Raises:
            NotSentError: proven by the connection; sending it again is safe.
            ResponseLost: it may have left, and no head of an answer arrived.
        """
        from shared.http.stream import Stream  # noqa: PLC0415  - few skills listen

        self._trust_connection()
        self._check_host(url)
        transmission = RequestTracker()
        exchange = self._exchange(
            method, url, headers, body, seconds, public=False, idle_timeout=idle_timeout, transmission=transmission
        )
        stream = Stream(exchange, transmission.limit)
        self._streams.callback(stream.close)
        return stream

    def read(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | RawIOBase | None,
        seconds: float,
        sink: BinaryIO | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> HttpResponse:
        """Send a free request; `body`, `sink` and `max_bytes` as for `post_once`.

        Raises:
            ReadError: no complete answer within `seconds`; the caller may repeat it.
            DiskError: `sink` cannot be written.
        """
        try:
            return self._send(
                method, url, headers=headers, body=body, seconds=seconds, sink=sink, max_bytes=max_bytes
            )
        except (NotSentError, ResponseLost) as error:
            raise ReadError("unreachable", remedy="resume", **error.facts) from error

    def download(
        self, url: str, target: BinaryIO, *, seconds: float, max_bytes: int, progress: Progress | None = None
    ) -> str | None:
        """Download a link to `target`; return the media type that the server names.

        Follows at most 3 redirects, https only, never to a private address except the session's own origin, never
        with a key. With the `progress` of an earlier try, it resumes at the end of `target` if the server proves
        that it is the same file.

        Raises:
            UnusableResult: `link_refused`, `link_private`, `picture_too_large`, or `link_expired` (4xx).
            ReadError: no complete answer; may succeed when repeated.
        """
        from shared.http.download import download  # noqa: PLC0415  - the first request need not wait for it

        def exchange(url: str, headers: Mapping[str, str], seconds: float) -> AbstractContextManager[Response]:
            return self._exchange("GET", url, headers, None, seconds, public=not self._is_own(url))

        def check(url: str) -> None:
            if not self._is_own(url):
                check_public_url(url)

        return download(
            exchange, url, target, seconds=seconds, max_bytes=max_bytes, progress=progress, check=check
        )

    def put(self, url: str, content: bytes, *, headers: Mapping[str, str], seconds: float) -> HttpResponse:
        """Send a file to a presigned public https address: never to a private one, never with a key.

        Raises:
            ReadError: no complete answer, or `link_refused`; the same bytes may be sent again.
        """
        try:
            check_public_url(url)
            return self._send("PUT", url, headers=headers, body=content, seconds=seconds, public=True)
        except InvalidUrl as error:
            raise ReadError("link_refused", reason=MessageRef(f"url_{error.reason}")) from error
        except (NotSentError, ResponseLost) as error:
            raise ReadError("unreachable", remedy="again", **error.facts) from error

    def _trust_connection(self) -> None:
        """Open a new connection for a paid request, unless the last one was in use a moment ago."""
        if time.monotonic() - self._last_used > IDLE_SECONDS:
            self._http.close()

    def _is_own(self, url: str) -> bool:
        try:
            return self._own_origin is not None and origin_of(url) == self._own_origin
        except InvalidUrl:
            return False

    def _check_host(self, url: str) -> None:
        if host_of(url) not in (self._hosts or ()):
            raise ValueError(f"{host_of(url)} is not a host of this session")

    def _send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | RawIOBase | None,
        seconds: float,
        sink: BinaryIO | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
        public: bool = False,
    ) -> HttpResponse:
        if not public:
            self._check_host(url)
        with self._exchange(method, url, headers, body, seconds, public=public) as response:
            content = bytearray()
            room = max_bytes
            for block in body_blocks(response):
                room -= len(block)
                if room < 0:
                    raise ResponseLost("answer_lost", reason=MessageRef("reason_too_large"), host=host_of(url))
                if sink is None:
                    content += block
                    continue
                with disk_errors(Path(sink.name)):
                    sink.write(block)
            return HttpResponse(response.status_code, response.headers, bytes(content))

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | RawIOBase | None,
        seconds: float,
        *,
        public: bool,
        idle_timeout: float | None = None,
        transmission: RequestTracker | None = None,
    ) -> Iterator[Response]:
        """Yield the answer with its body still to be read; both must end within `seconds`."""
        proxy = proxy_for(url)
        transmission = transmission or RequestTracker()
        transmission.public_peer = public and not proxy
        seconds = max(seconds, 0.001)
        try:
            with (
                track_request(transmission, seconds),
                self._http.request(
                    method,
                    url,
                    headers=dict(headers),
                    data=body,
                    auth=_NoKey() if public else self._auth,
                    proxies={"all": proxy.url} if proxy else None,
                    timeout=(min(CONNECT_SECONDS, seconds), idle_timeout or seconds),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                note_date(response.headers.get("date"))
                yield response
                transmission.check_end(framed=response.raw.length_remaining is not None or response.raw.chunked)
        except SkillError:
            raise
        except Exception as error:  # the connection knows what left, whatever exception a library raises
            reason = reason_for(error, transmission)
            if transmission.may_have_left:
                raise ResponseLost("answer_lost", reason=reason, host=host_of(url)) from error
            raise NotSentError("unreachable", reason=reason, host=host_of(url)) from error
        finally:
            self._last_used = time.monotonic()
