"""How each outcome of a request is reported: code, facts, next command; and what is sent in the head."""

from __future__ import annotations

import importlib.machinery
import socket
import sys
import threading
import types
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from shared.errors import ConfigurationError, DiskError, ReadError, ResponseLost, SkillError, UnusableResult
from shared.http import response
from shared.http import session as session_module
from shared.http.classify import reason_for
from shared.http.download import Progress
from shared.http.proxy import proxy_for
from shared.http.session import AuthHeader, Session
from shared.http.transport import RequestTracker
from shared.security.keys import Secret
from tests.providers.house import StandInHouse
from tests.providers.reply import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "stand-in.example"
LINK = f"https://{HOST}/a.png"


@pytest.fixture
def replies() -> list[Reply]:
    return []


@pytest.fixture
def house(replies: list[Reply], monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHouse]:
    with StandInHouse(handlers={HOST: lambda _request: replies.pop(0) if replies else Reply()}) as standing:
        for name, value in standing.environment().items():
            monkeypatch.setenv(name, value)
        yield standing


@pytest.fixture
def session(house: StandInHouse) -> Iterator[Session]:
    assert house.server.port
    own = Session(user_agent="a-test/1", hosts={HOST})
    yield own
    own.close()


def told(error: SkillError) -> tuple[str, str | None, dict[str, object]]:
    return error.code, error.remedy, error.facts


def download(session: Session, folder: Path, *, url: str = LINK, max_bytes: int = 1 << 20) -> None:
    with (folder / "picture").open("wb") as target:
        session.download(url, target, seconds=20.0, max_bytes=max_bytes)


def spend(session: Session, url: str = LINK) -> None:
    session.post_once("POST", url, headers={}, body=b"x", seconds=20.0)


# ---- what goes out


def test_a_download_asks_for_the_bytes_as_they_are(house: StandInHouse, session: Session, tmp_path: Path) -> None:
    download(session, tmp_path)
    (request,) = house.recorder.requests
    assert (request.method, request.headers["accept-encoding"]) == ("GET", "identity")


def test_a_read_sends_its_body_and_says_who_asks(house: StandInHouse, session: Session) -> None:
    session.read("POST", LINK, headers={}, body=b"a question", seconds=20.0)
    (request,) = house.recorder.requests
    assert (request.method, request.body) == ("POST", b"a question")
    assert (request.headers["user-agent"], request.headers["accept-encoding"]) == ("a-test/1", "gzip, identity")


@pytest.mark.parametrize(("scheme", "start"), [("", ""), ("Bearer", "Bearer ")])
def test_a_key_header_holds_nothing_but_scheme_and_key(scheme: str, start: str) -> None:
    secret = Secret("dummy-" + "key-of-a-header")
    request = AuthHeader("x-api-key", secret, scheme=scheme)(requests.Request("GET", LINK).prepare())
    assert request.headers["x-api-key"] == start + secret.reveal()


def test_a_spend_trusts_a_connection_for_two_seconds(
    house: StandInHouse, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(session_module, "time", types.SimpleNamespace(monotonic=lambda: now))
    session.read("GET", LINK, headers={}, body=None, seconds=20.0)
    for now, handshakes in ((1000.0, 1), (1002.0, 1), (1004.1, 2)):  # noqa: B007  - the clock reads it
        spend(session)
        assert house.server.handshakes == {HOST: handshakes}


def test_answers_and_pictures_are_read_in_blocks(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = set[int | None]()
    read = urllib3.HTTPResponse.read1

    def counted(response: urllib3.HTTPResponse, size: int | None = None, **options: bool) -> bytes:
        sizes.add(size)
        return read(response, size, **options)

    monkeypatch.setattr(urllib3.HTTPResponse, "read1", counted)
    download(session, tmp_path)
    spend(session)
    assert sizes == {response.BLOCK}, "or the limit would be noticed when all of it is in memory"


def test_a_download_tells_how_far_it_has_come(replies: list[Reply], session: Session, tmp_path: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    replies.append(Reply(body=b"abc", headers={"ETag": '"1"'}))
    progress = Progress(on_bytes=lambda done, total: heard.append((done, total)))
    with (tmp_path / "picture").open("wb") as target:
        session.download(LINK, target, seconds=20.0, max_bytes=1 << 20, progress=progress)
    assert (heard[-1], progress.etag) == ((3, 3), '"1"')


# ---- how it ends


def test_trouble_that_may_pass_tells_status_and_wait(
    replies: list[Reply], session: Session, tmp_path: Path
) -> None:
    replies.append(Reply(status=503, headers={"Retry-After": "7"}))
    with pytest.raises(ReadError) as caught:
        download(session, tmp_path)
    assert told(caught.value) == ("read_failed", "resume", {"status": 503})
    assert (caught.value.http_status, caught.value.retry_after) == (503, 7.0)


def test_an_expired_link_tells_the_status(replies: list[Reply], session: Session, tmp_path: Path) -> None:
    replies.append(Reply(status=404))
    with pytest.raises(UnusableResult) as caught:
        download(session, tmp_path)
    assert (caught.value.code, caught.value.facts) == ("link_expired", {"status": 404})


def test_a_picture_that_is_too_large_tells_the_limit(
    replies: list[Reply], session: Session, tmp_path: Path
) -> None:
    replies.append(Reply(body=bytes((3 << 20) + 1)))
    with pytest.raises(UnusableResult) as caught:
        download(session, tmp_path, max_bytes=3 << 20)
    assert (caught.value.code, caught.value.facts) == ("picture_too_large", {"megabytes": 3})


def test_a_redirect_that_is_no_address_is_malformed(
    replies: list[Reply], session: Session, tmp_path: Path
) -> None:
    replies.append(Reply(status=302, headers={"Location": "//["}))
    with pytest.raises(UnusableResult) as caught:
        download(session, tmp_path)
    assert (caught.value.code, caught.value.facts) == ("link_refused", {"reason": "url_malformed"})


@pytest.mark.parametrize(("call", "remedy"), [("download", "resume"), ("read", "resume"), ("put", "again")])
def test_a_free_request_without_an_answer_tells_where_why_and_what_next(
    replies: list[Reply], session: Session, tmp_path: Path, call: str, remedy: str
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "download": lambda: download(session, tmp_path),
        "read": lambda: session.read("GET", LINK, headers={}, body=None, seconds=20.0),
        "put": lambda: session.put(LINK, b"bytes", headers={}, seconds=20.0),
    }
    replies.append(Reply(fault=Fault.CLOSE_WITHOUT_ANSWER))
    with pytest.raises(ReadError) as caught:
        calls[call]()
    code, next_, facts = told(caught.value)
    assert (code, next_, facts.pop("host"), set(facts)) == ("unreachable", remedy, HOST, {"reason"})
    assert facts["reason"] in {"reason_cut", "reason_reset"}


def test_a_refused_address_of_a_put_tells_why(session: Session) -> None:
    with pytest.raises(ReadError) as caught:
        session.put("http://stand-in.example/a", b"bytes", headers={}, seconds=20.0)
    assert (caught.value.code, caught.value.facts) == ("link_refused", {"reason": "url_not_https"})


def test_an_answer_over_the_limit_tells_whose(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(body=bytes(session_module.MAX_RESPONSE_BYTES + 1)))
    with pytest.raises(ResponseLost) as caught:
        spend(session)
    assert (caught.value.code, caught.value.facts) == ("answer_lost", {"reason": "reason_too_large", "host": HOST})


def test_an_answer_that_cannot_be_written_tells_where(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(body=b"x"))
    with open("/dev/full", "wb", buffering=0) as sink, pytest.raises(DiskError) as caught:  # noqa: PTH123
        session.post_once("POST", LINK, headers={}, body=b"x", seconds=20.0, sink=sink)
    assert str(caught.value.facts["path"]) == "/dev/full"


def test_a_service_on_this_machine_without_tls_is_held_to_the_same_proof() -> None:
    """A paid request that a plain connection swallowed may have left, just as over TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def swallow() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)

        thread = threading.Thread(target=swallow)
        thread.start()
        session = Session(user_agent="a-test/1", hosts={"127.0.0.1"})
        with pytest.raises(ResponseLost):
            spend(session, f"http://127.0.0.1:{server.getsockname()[1]}/")
        session.close()
        thread.join()


# ---- in a word


class Wrapped(Exception):
    """Keeps what it is about as urllib3 does."""

    def __init__(self, reason: Exception) -> None:
        super().__init__("wrapped")
        self.reason = reason


def test_the_reason_that_a_library_keeps_is_found() -> None:
    assert reason_for(Wrapped(ConnectionRefusedError()), RequestTracker()) == "reason_refused"


def test_what_stands_twice_or_goes_in_circles_hides_nothing() -> None:
    twice = ValueError()
    assert reason_for(ValueError(ConnectionResetError(), twice, twice), RequestTracker()) == "reason_reset"
    one, other = ValueError(), ValueError()
    one.__cause__, other.__context__ = other, one
    assert reason_for(one, RequestTracker()) == "reason_local"


def test_a_socks_proxy_is_used_when_its_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5h://127.0.0.1:1080")
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(LINK)
    assert caught.value.facts == {"proxy": "socks5h://127.0.0.1:1080", "package": "PySocks"}
    package = types.ModuleType("socks")
    package.__spec__ = importlib.machinery.ModuleSpec("socks", None)
    monkeypatch.setitem(sys.modules, "socks", package)
    assert str(proxy_for(LINK)) == "socks5h://127.0.0.1:1080"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "127.9.9.9", "localhost", "LOCALHOST.:8080", "[::1]:8080"], ids=str
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_reads_what_is_for_this_machine(scheme: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert proxy_for(f"{scheme}://{host}/v1") is None
    elsewhere = proxy_for(f"{scheme}://localhost.example/v1")
    assert str(elsewhere) == ("http://proxy.example:3128" if scheme == "https" else "None"), "no key in clear"
