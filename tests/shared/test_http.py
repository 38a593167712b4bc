"""What left and what did not, distinguished at a real TLS server, through a real proxy and without one."""

from __future__ import annotations

import email.utils
import errno
import io
import json
import os
import shutil
import socket
import sys
import threading
import time
import tracemalloc
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING

import certifi
import pytest
import urllib3

from shared.errors import ConfigurationError, DiskError, NotSentError, ReadError, ResponseLost, UnusableResult
from shared.http import session as session_module
from shared.http import transport
from shared.http.environment import ca_bundle
from shared.http.response import HttpResponse, retry_after_seconds
from shared.http.session import AuthHeader, Session
from shared.http.transport import RequestTracker, track_request
from shared.http.urls import is_public_address
from shared.i18n.catalog import Catalog
from shared.security.keys import Secret
from tests.providers import kexiang
from tests.providers.certificates import CertificateFault
from tests.providers.house import StandInHouse
from tests.providers.plan import Plan
from tests.providers.reply import Fault, Reply, _gzip_bomb
from tests.providers.sockets import LOOPBACK, LoopbackServer
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any, TypeAlias

    from tests.providers.request import Request

    Get: TypeAlias = "Callable[..., tuple[str | None, bytes]]"

KEY = "dummy-key-of-a-test"
PICTURES = "pictures.example"
OTHERS = "others.example"
SECONDS = 20.0  # more than anything here takes, unless a test is about time
SHORT = 0.5  # a deadline that a test waits for
BODY = json.dumps(
    {
        "cost_type": 1,
        "business_url": "gpt-image2/img",
        "user_input": {"modelName": "GPT-Image-2", "modelType": "text2img", "prompt": "a cat", "size": "1:1"},
    }
).encode()
JSON = {"Content-Type": "application/json"}
CUT = {"cut", "reset"}  # how the system distinguishes them depends on who closed first


class Pictures:
    """A host of images; `replies` are given in turn, then a small text."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()

    def handle(self, _request: Request) -> Reply:
        return self.replies.popleft() if self.replies else Reply(headers={"Content-Type": "x/y"}, body=b"whole")

    def redirect(self, *locations: str, **reply: Any) -> None:
        self.replies.extend(Reply(status=302, headers={"Location": to}, **reply) for to in locations)


@pytest.fixture
def pictures() -> Pictures:
    return Pictures()


@pytest.fixture
def house(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0, handlers=dict.fromkeys((PICTURES, OTHERS), pictures.handle)) as standing:
        standing.server.drip_seconds = 0.02
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", standing.server.ca_path)
        yield standing


class Caller:
    """Sends creates and reads to the simulated service on one session."""

    def __init__(self, house: StandInHouse, *, proxied: bool) -> None:
        self.house = house
        self.host = kexiang.HOST if proxied else LOOPBACK
        self.base = f"https://{kexiang.HOST}" if proxied else f"https://{LOOPBACK}:{house.server.port}"
        self.session = Session(
            user_agent="a-test", hosts={self.host}, auth=AuthHeader("x-api-key", Secret(house.kexiang.key))
        )

    def spend(self, seconds: float = SECONDS) -> HttpResponse:
        return self.session.post_once(
            "POST", self.base + kexiang.CREATE_PATH, headers=JSON, body=BODY, seconds=seconds
        )

    def read(self, seconds: float = SECONDS) -> HttpResponse:
        url = self.base + kexiang.QUERY_PATH + "1"
        return self.session.read("GET", url, headers=JSON, body=None, seconds=seconds)

    @property
    def handshakes(self) -> int:
        return self.house.server.handshakes[self.host]


def through_proxy(house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def proxied(house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    through_proxy(house, monkeypatch)
    caller = Caller(house, proxied=True)
    yield caller
    caller.session.close()


@pytest.fixture
def direct(house: StandInHouse) -> Iterator[Caller]:
    caller = Caller(house, proxied=False)
    yield caller
    caller.session.close()


@pytest.fixture(params=["proxied", "direct"])
def caller(request: pytest.FixtureRequest) -> Caller:
    chosen: Caller = request.getfixturevalue(request.param)
    return chosen


def reason(failure: pytest.ExceptionInfo[Any]) -> str:
    return str(failure.value.facts["reason"]).removeprefix("reason_")


def assert_never_reached(caller: Caller, words: str | set[str], seconds: float = SECONDS) -> None:
    """Check that a SPEND says so, with the right word, and that the service has seen nothing."""
    with pytest.raises(NotSentError) as failure:
        caller.spend(seconds)
    assert reason(failure) in words
    assert caller.house.recorder.requests == []
    assert len(caller.house.ledger) == 0


# --- What left: the eight cases, with and without the proxy where both can happen


def closed_port() -> socket.socket:
    """Reserve a port without a listener."""
    reserved = socket.socket()
    reserved.bind((LOOPBACK, 0))
    return reserved


def test_a_refused_connection_never_reached(direct: Caller) -> None:
    with closed_port() as reserved:
        direct.base = f"https://{LOOPBACK}:{reserved.getsockname()[1]}"
        assert_never_reached(direct, {"refused"})


def test_a_proxy_that_is_down_never_reached(proxied: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as reserved:
        monkeypatch.setenv("https_proxy", f"http://{LOOPBACK}:{reserved.getsockname()[1]}")
        assert_never_reached(proxied, {"proxy"})


@pytest.mark.parametrize(("status", "word"), [(407, "proxy_auth"), (502, "proxy"), (503, "proxy")])
def test_a_refused_connect_never_reached(proxied: Caller, status: int, word: str) -> None:
    proxied.house.proxy.refuse_with = status
    assert_never_reached(proxied, {word})
    assert len(proxied.house.proxy.connects) == 1


@pytest.mark.parametrize(
    ("fault", "words", "seconds"),
    [
        (TunnelFault.HANG, {"timeout"}, SHORT),
        (TunnelFault.CUT_BEFORE_ANSWER, CUT, SECONDS),
        (TunnelFault.CUT_BEFORE_TLS, CUT, SECONDS),
    ],
)
def test_a_tunnel_that_breaks_before_tls_never_reached(
    proxied: Caller, fault: TunnelFault, words: set[str], seconds: float
) -> None:
    proxied.house.proxy.plan(kexiang.HOST, fault)
    assert_never_reached(proxied, words, seconds)


@pytest.mark.parametrize("with_proxy", [True, False])
def test_a_name_that_cannot_be_resolved_never_reached(
    house: StandInHouse, monkeypatch: pytest.MonkeyPatch, with_proxy: bool
) -> None:
    def resolve(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if with_proxy:
        monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    caller = Caller(house, proxied=True)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert_never_reached(caller, {"dns"})
    caller.session.close()
    monkeypatch.undo()  # the house itself connects by name when it ends


@pytest.mark.parametrize("fault", CertificateFault)
def test_a_bad_certificate_never_reached(caller: Caller, fault: CertificateFault) -> None:
    caller.house.server.serve_certificate(caller.host, fault)
    assert_never_reached(caller, {"certificate"})
    caller.house.server.serve_certificate(caller.host)
    assert caller.spend().status == 200


def test_a_connection_cut_before_the_request_never_reached(caller: Caller) -> None:
    caller.house.server.plan_connections(Fault.CLOSE_BEFORE_TLS)
    assert_never_reached(caller, CUT)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.CLOSE_WITHOUT_ANSWER, CUT),
        (Fault.RESET, CUT),
        (Fault.CUT_LENGTH, CUT),
        (Fault.CUT_CHUNKED, CUT),
        (Fault.GARBAGE_RECORD, {"tls"}),
        (Fault.HANG, {"timeout"}),
        (Fault.DRIP, {"timeout"}),
        (Fault.DRIP_HEADERS, {"timeout"}),
    ],
)
def test_after_the_request_left_the_answer_is_lost(caller: Caller, fault: Fault, words: set[str]) -> None:
    caller.spend()  # opens the connection, so that a short deadline is spent on waiting alone
    caller.house.kexiang.plan_create(Plan(fault=fault, body=b"x" * 10_000))
    started = time.monotonic()
    with pytest.raises(ResponseLost) as failure:
        caller.spend(SHORT if words == {"timeout"} else SECONDS)
    assert reason(failure) in words
    assert time.monotonic() - started < SECONDS  # a drip continues for minutes
    assert len(caller.house.ledger) == 2
    assert caller.spend().status == 200  # the session is usable afterwards


def test_a_head_that_is_cut_after_the_length_loses_the_answer(caller: Caller) -> None:
    caller.house.kexiang.plan_create(Plan(fault=Fault.CUT_HEADERS, headers={"A": "b" * 200}))
    with pytest.raises(ResponseLost) as failure:
        caller.spend()
    assert reason(failure) == "cut"


def test_a_request_that_a_service_did_not_read_may_have_left(caller: Caller) -> None:
    caller.house.server.plan_connections(Fault.CLOSE_BEFORE_READING)
    with pytest.raises(ResponseLost) as failure:
        caller.spend()
    assert reason(failure) in CUT
    assert caller.house.recorder.requests == []


def test_a_request_that_a_proxy_swallowed_may_have_left(proxied: Caller) -> None:
    proxied.house.proxy.plan(kexiang.HOST, TunnelFault.CUT_REQUEST)
    with pytest.raises(ResponseLost) as failure:
        proxied.spend()
    assert reason(failure) in CUT  # not "proxy": that one had connected


def test_a_connection_that_is_opened_again_proves_anew(proxied: Caller) -> None:
    pool: Any = transport._tracking_pool(urllib3.HTTPSConnectionPool)
    proxy = proxied.house.proxy
    connection = pool.ConnectionCls(LOOPBACK, proxy.port, ca_certs=proxied.house.server.ca_path, timeout=SECONDS)
    connection.set_tunnel(kexiang.HOST, 443)
    first, second = RequestTracker(), RequestTracker()
    with track_request(first, SECONDS):
        connection.request("GET", "/")
        connection.getresponse().read()
    connection.close()
    connection.set_tunnel(kexiang.HOST, 443)
    proxy.refuse_with = 502
    with track_request(second, SECONDS), pytest.raises(OSError, match="502"):
        connection.request("GET", "/")
    assert (first.may_have_left, second.may_have_left) == (True, False)


def test_a_session_asks_the_environment_for_certificates_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all.pem")
    assert caller.read().status == 404


def test_a_deadline_to_come_keeps_no_process_alive() -> None:
    earlier = set(threading.enumerate())  # timers of other tests that have not ended yet
    with track_request(RequestTracker(), SECONDS):
        timers = [thread for thread in set(threading.enumerate()) - earlier if isinstance(thread, threading.Timer)]
        assert [timer.daemon for timer in timers] == [True]


@pytest.mark.parametrize(
    "fault",
    [Fault.CLOSE_WITHOUT_ANSWER, Fault.CUT_LENGTH, Fault.GARBAGE_RECORD, Fault.HANG],
)
def test_a_read_may_be_repeated_whatever_became_of_it(caller: Caller, fault: Fault) -> None:
    caller.house.kexiang.plan_query(Plan(fault=fault))
    with pytest.raises(ReadError) as failure:
        caller.read(SHORT if fault is Fault.HANG else SECONDS)
    assert (failure.value.code, failure.value.facts["host"]) == ("unreachable", caller.host)
    assert caller.read().status == 404


def test_a_read_that_never_left_may_be_repeated_too(caller: Caller) -> None:
    caller.house.server.plan_connections(Fault.CLOSE_BEFORE_TLS)
    with pytest.raises(ReadError):
        caller.read()
    assert caller.read().status == 404


# --- Time


class DrippingServer(LoopbackServer):
    """Reads once, then writes a start and continues one byte at a time."""

    def __init__(self, start: bytes) -> None:
        super().__init__()
        self._start_of_drip = start

    def serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(self._start_of_drip)
        while not self.stopping.wait(0.02):
            connection.sendall(b"x")


# CPython drops a socket unclosed that is shut down between connect and handshake (ssl.SSLSocket._create)
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("what", ["the proxy's answer", "the handshake"])
def test_a_drip_before_the_request_ends_at_the_deadline(
    house: StandInHouse, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    handshake = bytes([22, 3, 3, 0x40, 0])  # the head of a TLS record of 16 kB
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: " if what == "the proxy's answer" else handshake) as server:
        caller = Caller(house, proxied=what == "the proxy's answer")
        caller.base = caller.base.replace(str(house.server.port), str(server.port))
        monkeypatch.setenv("https_proxy", f"http://{LOOPBACK}:{server.port}")
        monkeypatch.setenv("no_proxy", LOOPBACK)
        started = time.monotonic()
        assert_never_reached(caller, {"timeout"}, SHORT)
        assert time.monotonic() - started < SECONDS
        caller.session.close()


def test_a_deadline_that_passes_while_a_name_is_looked_up_stops_the_request(
    direct: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def resolve_late(*arguments: Any, **options: Any) -> Any:
        while not transport._current.get().overdue:
            time.sleep(0.001)
        return resolve(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_late)
    assert_never_reached(direct, {"timeout"}, 0.05)
    monkeypatch.undo()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the time as shared.http.session sees it; `now` can be moved."""
    moved = SimpleNamespace(now=0.0, time=time.time)
    moved.monotonic = lambda: moved.now
    monkeypatch.setattr(session_module, "time", moved)
    return moved


def test_one_connection_serves_a_host_until_a_spend_finds_it_idle(clock: SimpleNamespace, caller: Caller) -> None:
    caller.spend()
    clock.now += 1.9
    caller.spend()
    assert caller.handshakes == 1
    clock.now += 100
    caller.read()  # a READ costs nothing: it tries the old connection
    assert caller.handshakes == 1
    clock.now += 2.1
    caller.spend()
    assert caller.handshakes == 2
    caller.read()
    assert caller.handshakes == 2


def test_a_body_does_not_wait_until_its_headers_are_acknowledged(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = RequestTracker.uses
    at_once = []

    def record(transmission: RequestTracker, connected: socket.socket | None) -> None:
        if connected:
            at_once.append(connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
        uses(transmission, connected)

    monkeypatch.setattr(RequestTracker, "uses", record)
    assert caller.spend().status == 200
    assert at_once[-1]


def test_a_connection_that_was_closed_while_idle_loses_no_answer(clock: SimpleNamespace, caller: Caller) -> None:
    caller.house.kexiang.plan_create(Plan(fault=Fault.CLOSE_AFTER_ANSWER))
    caller.spend()
    clock.now += 2.1
    assert caller.spend().status == 200
    assert len(caller.house.ledger) == caller.handshakes == 2


# --- What an answer may be


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Measure how many bytes of memory Python takes at most, from now on."""
    _gzip_bomb()  # the simulated service shares this process
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_an_answer_may_be_large_but_not_of_any_size(direct: Caller) -> None:
    max_bytes = json.dumps("x" * (session_module.MAX_RESPONSE_BYTES - 2)).encode()
    direct.house.kexiang.plan_create(Plan(body=max_bytes), Plan(body=max_bytes + b" "), Plan(body=bytes(50 << 20)))
    assert direct.spend().body == max_bytes
    for _ in range(2):
        with pytest.raises(ResponseLost) as failure:
            direct.spend()
        assert reason(failure) == "too_large"


@pytest.mark.parametrize("status", [200, 302])
def test_a_bomb_takes_no_more_memory_than_the_largest_answer(
    direct: Caller, peak: Callable[[], int], status: int
) -> None:
    to = {"Location": f"https://{OTHERS}/"}
    direct.house.kexiang.plan_create(Plan(fault=Fault.GZIP_BOMB, status=status, headers=to))
    with pytest.raises(ResponseLost) as failure:
        direct.spend()
    assert reason(failure) == "too_large"
    assert peak() < 4 * session_module.MAX_RESPONSE_BYTES


@pytest.mark.parametrize(
    "location",
    [
        "https://others.example/",
        "http://others.example/",
        f"http://{kexiang.HOST}{kexiang.CREATE_PATH}",
        kexiang.QUERY_PATH + "1",
        "https://[",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_an_api_call_is_an_answer_and_not_followed(
    proxied: Caller, location: str, status: int
) -> None:
    proxied.house.kexiang.plan_create(Plan(status=status, headers={"Location": location}))
    assert proxied.spend().status == status
    assert len(proxied.house.recorder.requests) == 1
    assert proxied.house.contacted == {kexiang.HOST}


@pytest.mark.parametrize(
    "url",
    [
        "https://others.example/",
        f"https://{kexiang.HOST}.others.example/",
        f"https://api.{kexiang.HOST}/",
        "https://127.0.0.1/",
    ],
)
def test_a_host_that_a_session_does_not_name_is_not_even_asked_for(proxied: Caller, url: str) -> None:
    for method in (proxied.session.post_once, proxied.session.read):
        with pytest.raises(ValueError, match="is not a host of this session"):
            method("POST", url, headers={}, body=b"", seconds=SECONDS)
    with pytest.raises(ValueError, match="control_character"):  # before whatever is in front of the @
        proxied.session.read("GET", f"https://{kexiang.HOST} @{OTHERS}/", headers={}, body=None, seconds=SECONDS)
    assert proxied.house.proxy.connects == []


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, "\xc3\xa9", null, true]}', {"a": [1, 2.5, "é", None, True]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": {"b": 1}, "c": {"b": 2}}', {"a": {"b": 1}, "c": {"b": 2}}),
        (rb'{"a": "\ud83d", "b": "\u98a8\u7b9d"}', {"a": "?", "b": "風箝"}),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    assert HttpResponse(200, {}, body).json() == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": 1',
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b'{"a": 1, "a": 1}',
        b'[{"a": {"b": 1, "b": 2}}]',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" + b"9" * 5000 + b"]",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_json_that_is_not_strict_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  - the kind is what is promised, the words are not
        HttpResponse(200, {}, body).json()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("1000000000", 1_000_000_000),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("inf", None),
        ("soon", None),
        ("9" * 400, None),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Wed, 99 Oct 2099 07:28:00 GMT", None),
        ("Mon, 1 Jan 99999 00:00:00 GMT", None),
        ("\x00", None),
    ],
)
def test_retry_after_in_seconds(text: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(text) == seconds
    assert HttpResponse(429, {"retry-after": text} if text is not None else {}, b"").retry_after == seconds


def test_retry_after_as_a_date() -> None:
    found = retry_after_seconds(email.utils.formatdate(time.time() + 90, usegmt=True))
    assert found is not None
    assert 80 < found <= 90


def test_the_services_name_of_a_request_is_kept_and_bounded() -> None:
    assert HttpResponse(500, {"x-request-id": "r" * 300}, b"").request_id == "r" * 200
    assert HttpResponse(500, {}, b"").request_id is None


# --- Keys, certificates, proxies


def test_netrc_is_never_used(
    caller: Caller, house: StandInHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password words-of-netrc\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    caller.spend()
    caller.read()
    assert [request.headers.get("authorization") for request in house.recorder.requests] == [None, None]


def test_a_key_goes_to_its_host_and_into_no_download(
    proxied: Caller, house: StandInHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("default login somebody password words-of-netrc\n", encoding="utf-8")
    proxied.spend()
    fetch(proxied.session, f"https://{PICTURES}/a.png", tmp_path)
    assert house.recorder.hosts_that_saw(house.kexiang.key) == {kexiang.HOST}
    (download,) = house.recorder.requests_to("/", host=PICTURES)
    assert not {"authorization", "x-api-key", "cookie"} & download.headers.keys()


def test_a_key_can_have_a_scheme(house: StandInHouse, direct: Caller) -> None:
    session = Session(
        user_agent="a-test", hosts={LOOPBACK}, auth=AuthHeader("Authorization", Secret(KEY), scheme="Bearer")
    )
    session.read("GET", f"{direct.base}/", headers={}, body=None, seconds=SECONDS)
    session.close()
    (request,) = house.recorder.requests
    assert (request.headers["authorization"], request.headers["user-agent"]) == (f"Bearer {KEY}", "a-test")


def test_the_certificates_are_named_by_the_first_variable_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ca_bundle() is True
    for variable in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        path = tmp_path / variable
        shutil.copyfile(certifi.where(), path)
        monkeypatch.setenv(variable, str(path))
        assert ca_bundle() == str(path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    assert ca_bundle() == str(tmp_path / "CURL_CA_BUNDLE")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_from_each_variable_are_believed(
    house: StandInHouse, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(variable, house.server.ca_path)
    caller = Caller(house, proxied=False)
    assert caller.spend().status == 200
    caller.session.close()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_are_missing_are_a_matter_of_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    missing = str(tmp_path / "no-such.pem")
    monkeypatch.setenv(variable, missing)
    with pytest.raises(ConfigurationError) as failure:
        Session(user_agent="a-test", hosts={kexiang.HOST})
    assert (failure.value.code, failure.value.exit_code) == ("certificates_missing", 3)
    assert failure.value.facts == {"variable": variable, "path": missing}


def test_a_socks_proxy_without_its_package_is_found_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "socks5h://user:words-of-a-proxy@127.0.0.1:1080")
    monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(ConfigurationError) as failure:
        Session(user_agent="a-test", hosts={kexiang.HOST})
    assert (failure.value.code, failure.value.exit_code) == ("socks_missing", 3)
    told = Catalog("en").format(failure.value.code, **failure.value.facts)
    assert "socks5h://127.0.0.1:1080" in told
    assert "PySocks" in told
    assert "words-of-a-proxy" not in told


def test_a_download_through_a_socks_proxy_without_its_package_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(user_agent="a-test", hosts=None)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(ConfigurationError):
        fetch(session, f"https://{PICTURES}/a.png", tmp_path)
    session.close()


# --- Downloads


def fetch(session: Session, url: str, folder: Path, **options: Any) -> tuple[str | None, bytes]:
    target = folder / "fetched"
    with target.open("wb") as file:
        media_type = session.download(url, file, **{"seconds": SECONDS, "max_bytes": 1 << 20, **options})
    return media_type, target.read_bytes()


@pytest.fixture
def get(house: StandInHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Get]:
    """Fetch a link through the proxy."""
    through_proxy(house, monkeypatch)
    session = Session(user_agent="a-test", hosts=None)
    yield lambda url=f"https://{PICTURES}/a.png", **options: fetch(session, url, tmp_path, **options)
    session.close()


def test_a_link_is_fetched_over_three_redirects(get: Get, pictures: Pictures, house: StandInHouse) -> None:
    pictures.redirect(f"https://{OTHERS}/b?sign=1", "c", "/d")
    assert get() == ("x/y", b"whole")
    assert [(request.host, request.target) for request in house.recorder.requests] == [
        (PICTURES, "/a.png"),
        (OTHERS, "/b?sign=1"),
        (OTHERS, "/c"),
        (OTHERS, "/d"),
    ]


def test_pictures_of_one_host_come_over_one_connection(get: Get, house: StandInHouse) -> None:
    for _ in range(4):
        assert get() == ("x/y", b"whole")
    assert house.server.handshakes == {PICTURES: 1}


def test_a_fourth_redirect_is_not_followed(get: Get, pictures: Pictures, house: StandInHouse) -> None:
    pictures.redirect(*["/again"] * 4)
    with pytest.raises(UnusableResult) as failure:
        get()
    assert (failure.value.code, failure.value.facts) == ("link_refused", {"reason": "url_too_many_redirects"})
    assert len(house.recorder.requests) == 4


def test_a_redirect_with_a_bomb_for_a_body_is_followed_without_reading_it(
    get: Get, pictures: Pictures, peak: Callable[[], int]
) -> None:
    pictures.redirect(f"https://{OTHERS}/b", fault=Fault.GZIP_BOMB)
    assert get() == ("x/y", b"whole")
    assert peak() < 4 * session_module.MAX_RESPONSE_BYTES


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "0.0.0.0",  # noqa: S104 - not bound to
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[64:ff9b::7f00:1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fd00::1]",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
]


@pytest.mark.parametrize("spelling", PRIVATE)
def test_a_private_address_is_refused_in_every_spelling(
    get: Get, pictures: Pictures, house: StandInHouse, spelling: str
) -> None:
    with pytest.raises(UnusableResult) as failure:
        get(f"https://{spelling}/a.png")
    assert failure.value.code == "link_refused"
    assert house.proxy.connects == []
    pictures.redirect("https://" + spelling.encode("utf-8").decode("latin-1") + "/a.png")
    with pytest.raises(UnusableResult) as failure:
        get()
    assert failure.value.code == "link_refused"
    assert house.contacted == {PICTURES}


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (f"http://{PICTURES}/a.png", "url_not_https"),
        (f"ftp://{PICTURES}/a.png", "url_not_https"),
        ("file:///etc/passwd", "url_not_https"),
        (f"https://user:word@{PICTURES}/a.png", "url_credentials"),
        ("https://[", "url_bad_host"),
        (f"https://{PICTURES}:0/a.png", "url_bad_port"),
        (f"https://{PICTURES}\\@{OTHERS}/", "url_malformed"),
    ],
)
def test_a_link_that_is_no_plain_https_is_refused_at_once_and_as_a_redirect(
    get: Get, pictures: Pictures, house: StandInHouse, link: str, why: str
) -> None:
    with pytest.raises(UnusableResult) as failure:
        get(link)
    assert failure.value.facts == {"reason": why}
    assert house.proxy.connects == []
    pictures.redirect(link)
    with pytest.raises(UnusableResult) as failure:
        get()
    assert failure.value.code == "link_refused"
    assert house.contacted == {PICTURES}


class Eavesdropper(LoopbackServer):
    """Keeps every byte that it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []

    def serve(self, connection: socket.socket) -> None:
        while piece := connection.recv(65536):
            self.heard.append(piece)


def resolving_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def lead_home(host: str, *arguments: Any, **options: Any) -> Any:
        return resolve(LOOPBACK if host == PICTURES else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lead_home)


def test_a_name_that_leads_to_a_private_address_gets_not_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving_to_loopback(monkeypatch)
    session = Session(user_agent="a-test", hosts=None)
    with Eavesdropper() as server, pytest.raises(UnusableResult) as failure:
        fetch(session, f"https://{PICTURES}:{server.port}/a.png", tmp_path)
    session.close()
    assert failure.value.code == "link_private"
    assert server.heard == []


def test_a_made_up_address_is_let_through_when_a_name_led_to_it(
    house: StandInHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []

    def judge_as_fake_ip(address: str, *, from_name: bool) -> bool:
        judged.append(address)
        return is_public_address("198.18.0.5", from_name=from_name)  # loopback has no such address to connect to

    resolving_to_loopback(monkeypatch)
    monkeypatch.setattr(transport, "is_public_address", judge_as_fake_ip)
    session = Session(user_agent="a-test", hosts=None)
    found = fetch(session, f"https://{PICTURES}:{house.server.port}/a.png", tmp_path)
    session.close()
    assert found == ("x/y", b"whole")
    assert judged == [LOOPBACK]


@pytest.mark.parametrize("framed", [None, Fault.CUT_CHUNKED])
def test_a_picture_that_is_too_large_is_given_up(get: Get, pictures: Pictures, framed: Fault | None) -> None:
    pictures.replies.append(Reply(body=bytes(400_000), fault=framed))
    with pytest.raises(UnusableResult) as failure:
        get(max_bytes=100_000)
    assert failure.value.code == "picture_too_large"


def test_a_picture_may_be_as_large_as_the_limit(get: Get, pictures: Pictures) -> None:
    pictures.replies.append(Reply(body=bytes(100_000)))
    assert get(max_bytes=100_000)[1] == bytes(100_000)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304])
def test_a_link_that_gives_nothing_has_expired(get: Get, pictures: Pictures, status: int) -> None:
    pictures.replies.append(Reply(status=status))
    with pytest.raises(UnusableResult) as failure:
        get()
    assert (failure.value.code, failure.value.http_status) == ("link_expired", status)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_trouble_that_may_pass_is_worth_another_download(get: Get, pictures: Pictures, status: int) -> None:
    pictures.replies.append(Reply(status=status, headers={"Retry-After": "3"}))
    with pytest.raises(ReadError) as failure:
        get()
    assert (failure.value.http_status, failure.value.retry_after) == (status, 3)
    assert get() == ("x/y", b"whole")


@pytest.mark.parametrize("fault", [Fault.CUT_LENGTH, Fault.CUT_CHUNKED, Fault.GARBAGE_RECORD])
def test_a_download_that_breaks_is_worth_another(get: Get, pictures: Pictures, fault: Fault) -> None:
    pictures.replies.append(Reply(body=b"x" * 1000, fault=fault))
    with pytest.raises(ReadError):
        get()


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.DRIP_HEADERS])
def test_a_download_ends_at_its_deadline_over_all_redirects(get: Get, pictures: Pictures, fault: Fault) -> None:
    pictures.redirect("/b", "/c")
    pictures.replies.append(Reply(body=b"x" * 10_000, fault=fault))
    started = time.monotonic()
    with pytest.raises(ReadError) as failure:
        get(seconds=SHORT)
    assert reason(failure) == "timeout"
    assert time.monotonic() - started < SECONDS


def test_redirects_share_one_deadline(get: Get, pictures: Pictures, house: StandInHouse) -> None:
    pictures.redirect("/b", "/c", delay=0.7 * SHORT)
    with pytest.raises(ReadError) as failure:
        get(seconds=SHORT)
    assert reason(failure) == "timeout"
    assert house.recorder.requests_to("/c") == []


def test_a_full_disk_is_no_broken_connection(house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.BytesIO):
        name = "/full/a.png"

        def write(self, _data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    through_proxy(house, monkeypatch)
    session = Session(user_agent="a-test", hosts=None)
    with pytest.raises(DiskError) as failure:
        session.download(f"https://{PICTURES}/a.png", FullDisk(), seconds=SECONDS, max_bytes=1 << 20)
    session.close()
    assert str(failure.value.facts["path"]) == "/full/a.png"
