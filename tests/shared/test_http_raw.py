"""Any bytes as an answer, and any exception of a library, become a known error that states what left."""

from __future__ import annotations

import contextlib
import gc
import gzip
import http.client
import io
import socket
import ssl
import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.errors import NotSentError, ReadError, ResponseLost, SkillError, UnusableResult
from shared.http import download, transport
from shared.http.response import MAX_DEPTH, HttpResponse
from shared.http.session import Session
from shared.http.transport import MAX_INTERIM
from tests.providers.house import StandInHouse
from tests.providers.sockets import LOOPBACK, LoopbackServer
from tests.shared.test_http import Caller, through_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

SECONDS = 20.0
# urllib3 leaves sockets to the garbage collector where an error is raised inside it: run that before other tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class RawServer(LoopbackServer):
    """Reads the head of a request, sends `answer` as it is, and closes; `asked` counts the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = b""
        self.asked = 0

    def serve(self, connection: socket.socket) -> None:
        received = b""
        while not received.endswith(b"\r\n\r\nbody"):
            block = connection.recv(65536)
            if not block:
                return
            received += block
        self.asked += 1
        connection.sendall(self.answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def _links_may_lead_here() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "is_public_address", lambda *_, **__: True)
        yield
    gc.collect()


def call(server: RawServer, how: str, target: io.BytesIO | None = None) -> Any:
    """Send one request of each kind that a session has; return its answer."""
    url = f"http://{LOOPBACK}:{server.port}/"
    session = Session(user_agent="a-test", hosts={LOOPBACK})
    common: dict[str, Any] = {"headers": {}, "body": b"body", "seconds": SECONDS}
    try:
        if how == "spend":
            return session.post_once("POST", url, max_bytes=1 << 20, **common)
        if how == "read":
            return session.read("POST", url, max_bytes=1 << 20, **common)
        if how == "listen":
            stream = session.stream_once("POST", url, idle_timeout=SECONDS, **common)
            return stream.status, b"".join(stream.blocks())

        def exchange(url: str, headers: Any, seconds: float) -> Any:
            return session._exchange("POST", url, headers, b"body", seconds, public=True)

        target = target or io.BytesIO()
        target.name = "picture"
        options: dict[str, Any] = {"seconds": SECONDS, "max_bytes": 1 << 20, "check": lambda _: None}
        return download.download(exchange, url, target, **options), target.getvalue()
    finally:
        session.close()


EXPECTED: dict[str, tuple[type[SkillError], ...]] = {
    "spend": (ResponseLost,),
    "listen": (ResponseLost,),
    "read": (ReadError,),
    "download": (ReadError, UnusableResult),
}
HOWS = tuple(EXPECTED)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "a chunk of -5": CHUNKED + b"-5\r\nabcde\r\n0\r\n\r\n",
    "a chunk of -1": CHUNKED + b"-1\r\n" + b"x" * 9999,
    "a chunk of many digits": CHUNKED + b"F" * 60 + b"\r\nabc",
    "a chunk of no number": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "a chunk of an empty number": CHUNKED + b"\r\nabc",
    "a chunk line without end": CHUNKED + b"1" * 70_000,
    "a chunk that is cut": CHUNKED + b"64\r\nabc",
    "no last chunk": CHUNKED + b"3\r\nabc\r\n",
    "a negative length": head(b"Content-Length: -5") + b"abc",
    "two lengths": head(b"Content-Length: 5", b"Content-Length: 6") + b"abcde",
    "two lengths in one": head(b"Content-Length: 5, 6") + b"abcde",
    "a length of many digits": head(b"Content-Length: " + b"9" * 5000) + b"abc",
    "a length that is too long": head(b"Content-Length: 50") + b"abc",
    "a huge header": head(b"A: " + b"b" * 70_000),
    "too many headers": head(*[b"A: b"] * 200),
    "gzip that is none": head(b"Content-Encoding: gzip", b"Content-Length: 3") + b"abc",
    "gzip and then garbage": head(b"Content-Encoding: gzip") + gzip.compress(b"{}")[:-6] + b"garbage" * 3,
    "a status line of garbage": b"garbage\r\n\r\n",
    "a status line without end": b"HTTP/1.1 " + b"2" * 70_000,
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of 20": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of many digits": b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n",
    "a negative status": b"HTTP/1.1 -200 OK\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "bytes of TLS": b"\x15\x03\x03\x00\x02\x02\x28",
    "101 Switching Protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a flood of 1xx": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000 + head(b"Content-Length: 2") + b"{}",
    "a flood of 100": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + head(b"Content-Length: 2") + b"{}",
}
MAY_BE_READ = {"a negative length", "a length of many digits", "a status of many digits", "gzip and then garbage"}
"""A tolerant reader may take these for an answer that ends with the connection."""


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_framing_loses_the_answer_and_is_no_bug(server: RawServer, name: str, how: str) -> None:
    server.answer, server.asked = BROKEN[name], 0
    tolerated = contextlib.suppress(*EXPECTED[how]) if name in MAY_BE_READ else pytest.raises(EXPECTED[how])
    with tolerated:
        call(server, how)
    assert server.asked == 1


READ: dict[str, bytes] = {
    "a length": head(b"Content-Length: 2") + b"{}",
    "chunks": CHUNKED + b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nTrailer: x\r\n\r\n",
    "no length": OK + b"\r\n{}",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n{}",
    "gzip": head(b"Content-Encoding: gzip") + gzip.compress(b"{}"),
    "deflate": head(b"Content-Encoding: deflate") + zlib.compress(b"{}"),
    "interim heads": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + head(b"Content-Length: 2") + b"{}",
    "as many interim heads as may be": b"HTTP/1.1 103 x\r\n\r\n" * MAX_INTERIM
    + head(b"Content-Length: 2")
    + b"{}",
    "bytes that are no Latin": head(b"A: \xff\xfe\x80", b"\xe5\xaf\x86: x", b"Content-Length: 2") + b"{}",
    "a header without colon": head(b"Content-Length: 2", b"garbage") + b"{}",
    "a folded header": head(b"A: b\r\n c", b"Content-Length: 2") + b"{}",
    "a bare line feed": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "odd cookies": head(b"Set-Cookie: " + b"a=b;expires=" * 999, b"Content-Length: 2") + b"{}",
    "an odd Retry-After": head(b"Retry-After: " + b"9" * 5000, b"Content-Length: 2") + b"{}",
    "an odd type": head(b"Content-Type: a/b; charset=\xff; charset=", b"Content-Length: 2") + b"{}",
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", READ)
def test_an_odd_framing_that_is_whole_is_read(server: RawServer, name: str, how: str) -> None:
    server.answer = READ[name]
    answer = call(server, how)
    assert (answer.body if isinstance(answer, HttpResponse) else answer[1]) == b"{}"
    if isinstance(answer, HttpResponse):
        assert (answer.json(), answer.retry_after) == ({}, None)


# ---- a fuzz of raw answers


def chunks() -> SearchStrategy[bytes]:
    size = st.one_of(
        st.integers(-9, 99).map(lambda number: f"{number:x}".encode()),
        st.binary(max_size=6),
        st.sampled_from([b"+3", b"0x3", b"1_0", b" 3", b"FFFFFFFFFFFFFFFFF", b"-0", b"3;x"]),
    )
    chunk = st.tuples(size, st.binary(max_size=40)).map(lambda parts: parts[0] + b"\r\n" + parts[1] + b"\r\n")
    return st.lists(chunk, max_size=4).map(b"".join)


NAMES = st.one_of(
    st.sampled_from(
        [b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Retry-After", b"Location", b"Set-Cookie",
         b"Content-Type", b"ETag", b"Content-Range", b"Connection", b"x-request-id"]
    ),
    st.binary(max_size=12),
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        [b"chunked", b"gzip", b"gzip, gzip", b"deflate", b"br", b"zstd", b"close", b"-5", b"5, 6", b"9" * 5000,
         b"http://[::1", b"//x/\xff", b"bytes 0-", b"text/html; charset=\xff", b"a=b; expires=99-Foo-99", b"\x00",
         b"\xb2"]
    ),
    st.integers(-9, 99).map(lambda number: str(number).encode()),
    st.binary(max_size=30),
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, VALUES).map(lambda pair: b": ".join(pair) + b"\r\n"), max_size=6).map(b"".join)
STATUS = st.one_of(
    st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.1 206 P", b"HTTP/1.1 302 F", b"HTTP/1.1 416 R", b"HTTP/1.1 204 N"]
    ),
    st.integers(-1, 1200).map(lambda number: f"HTTP/1.1 {number} X".encode()),
    st.binary(max_size=30),
)
BODY = st.one_of(chunks(), st.binary(max_size=200), st.binary(max_size=60).map(gzip.compress))
ANSWERS = st.one_of(
    st.tuples(STATUS, HEADERS, BODY).map(lambda parts: parts[0] + b"\r\n" + parts[1] + b"\r\n" + parts[2]),
    st.tuples(STATUS, BODY).map(
        lambda parts: parts[0] + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + parts[1] + b"0\r\n\r\n"
    ),
    st.binary(max_size=300),
)


def survive(server: RawServer, answer: bytes, how: str) -> None:
    server.answer, server.asked = answer, 0
    with contextlib.suppress(*EXPECTED[how]):
        call(server, how)
    assert server.asked <= (1 if how != "download" else 4), "sent again without a reason"


@pytest.mark.parametrize("how", HOWS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
@example(answer=BROKEN["a chunk of -5"])
def test_whatever_an_answer_holds_only_our_own_errors_come_out(server: RawServer, answer: bytes, how: str) -> None:
    survive(server, answer, how)


@pytest.mark.thorough
@pytest.mark.parametrize("how", HOWS)
@settings(max_examples=4000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_whatever_an_answer_holds_for_long(server: RawServer, answer: bytes, how: str) -> None:
    survive(server, answer, how)


# ---- JSON


@pytest.mark.parametrize(
    ("depth", "accepted"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (500, False), (100_000, False)]
)
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_an_answer_is_so_deep_at_most(depth: int, accepted: bool, start: bytes, end: bytes) -> None:
    inside = b"0"
    answer = HttpResponse(200, {}, start * depth + inside + end * depth)
    if accepted:
        assert answer.json()
    else:
        with pytest.raises(ValueError, match="deep"):
            answer.json()


# ---- what a library raises, at each point of the way


class Unforeseen(Exception):
    """An unknown class of exception."""


def _errors() -> list[BaseException]:
    """Return one of everything that requests, urllib3, http.client, ssl, socket and Python itself raise."""
    pool = urllib3.HTTPConnectionPool("x")
    return [
        UnicodeError("x"),
        UnicodeEncodeError("latin-1", "密", 0, 1, "ordinal not in range"),
        ValueError("x"),
        TypeError("x"),
        AttributeError("x"),
        KeyError("x"),
        IndexError("x"),
        AssertionError("x"),
        RuntimeError("can't start new thread"),
        RecursionError("x"),
        MemoryError(),
        OverflowError("x"),
        EOFError("x"),
        StopIteration("x"),
        ImportError("x"),
        Unforeseen("x"),
        OSError(5, "x"),
        FileNotFoundError(2, "SSLKEYLOGFILE"),
        BrokenPipeError(32, "x"),
        ConnectionResetError(104, "x"),
        ConnectionRefusedError(111, "x"),
        TimeoutError("x"),
        socket.gaierror(-2, "x"),
        socket.herror(1, "x"),
        ssl.SSLError(1, "x"),
        ssl.SSLEOFError(8, "x"),
        ssl.SSLZeroReturnError(6, "x"),
        ssl.SSLCertVerificationError(1, "x"),
        ssl.CertificateError("x"),
        http.client.HTTPException("x"),
        http.client.BadStatusLine("x"),
        http.client.LineTooLong("x"),
        http.client.IncompleteRead(b"x"),
        http.client.CannotSendRequest("x"),
        http.client.ResponseNotReady("x"),
        http.client.RemoteDisconnected("x"),
        http.client.InvalidURL("x"),
        zlib.error("x"),
        urllib3.exceptions.LocationParseError("x"),
        urllib3.exceptions.ProtocolError("x"),
        urllib3.exceptions.DecodeError("x"),
        urllib3.exceptions.InvalidHeader("x"),
        urllib3.exceptions.ProxySchemeUnknown("x"),
        urllib3.exceptions.ClosedPoolError(pool, "x"),
        urllib3.exceptions.SSLError("x"),
        urllib3.exceptions.HTTPError("x"),
        requests.exceptions.InvalidSchema("x"),
        requests.exceptions.InvalidURL("x"),
        requests.exceptions.InvalidProxyURL("x"),
        requests.exceptions.InvalidHeader("x"),
        requests.exceptions.UnrewindableBodyError("x"),
        requests.exceptions.ChunkedEncodingError("x"),
        requests.exceptions.ContentDecodingError("x"),
        requests.exceptions.RequestException("x"),
    ]


BEFORE: dict[str, tuple[Any, str]] = {
    "the clock of the deadline": (threading.Timer, "start"),
    "the request is prepared": (requests.Session, "prepare_request"),
    "a connection is chosen": (requests.adapters.HTTPAdapter, "get_connection_with_tls_context"),
    "certificates are chosen": (requests.adapters.HTTPAdapter, "cert_verify"),
    "a name is looked up": (socket, "getaddrinfo"),
    "a socket is made": (socket, "socket"),
    "TLS is set up": (urllib3.connection, "ssl_wrap_socket"),
    "the connection is made": (urllib3.connection.HTTPSConnection, "connect"),
    "the first line is written": (http.client.HTTPConnection, "putrequest"),
    "a header is written": (http.client.HTTPConnection, "putheader"),
}
AFTER: dict[str, tuple[Any, str]] = {
    "the head is sent": (ssl.SSLSocket, "sendall"),
    "the answer is awaited": (urllib3.connection.HTTPConnection, "getresponse"),
    "the status is read": (transport._FinalAnswer, "_read_status"),
    "the headers are read": (http.client, "parse_headers"),
    "the answer is built": (requests.adapters.HTTPAdapter, "build_response"),
    "the body is read": (urllib3.HTTPResponse, "read1"),
}


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


@pytest.fixture(params=["proxied", "direct"])
def connected(
    request: pytest.FixtureRequest, house: StandInHouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Caller]]:
    """Return what makes a caller with a session of its own, through the proxy or not."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", house.server.ca_path)
    if request.param == "proxied":
        through_proxy(house, monkeypatch)
    callers: list[Caller] = []

    def make() -> Caller:
        callers.append(Caller(house, proxied=request.param == "proxied"))
        return callers[-1]

    yield make
    for caller in callers:
        caller.session.close()


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_arguments: object, **_options: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("point", BEFORE)
def test_what_is_raised_before_the_first_byte_never_reached(
    connected: Callable[[], Caller], house: StandInHouse, point: str
) -> None:
    charged = len(house.ledger)
    for error in _errors():
        caller = connected()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*BEFORE[point], raising(error))
            with pytest.raises(NotSentError):
                caller.spend()
            with pytest.raises(ReadError):
                caller.read()
    assert len(house.ledger) == charged
    assert connected().spend().status == 200, "the way is free again"


@pytest.mark.parametrize("point", AFTER)
def test_what_is_raised_after_the_first_byte_loses_the_answer(connected: Callable[[], Caller], point: str) -> None:
    for error in _errors():
        if point == "the head is sent" and isinstance(error, BrokenPipeError):
            continue  # urllib3 then reads the answer that a service sends before it closes
        caller = connected()
        caller.read()  # opens the connection
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*AFTER[point], raising(error))
            with pytest.raises(ResponseLost):
                caller.spend()
    assert connected().spend().status == 200, "the way is free again"
