"""Files go to presigned public addresses only, with no header of the API except their type."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from shared.errors import ReadError, UnusableResult
from shared.http.session import AuthHeader, Session
from shared.security.keys import Secret
from tests.providers.house import StandInHouse
from tests.providers.reply import Fault, Reply
from tests.providers.sockets import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.request import Request

BUCKET = "bucket.example"
KEY = "dummy-key-of-a-test"
TYPE = {"Content-Type": "image/png"}


class Bucket:
    def __init__(self) -> None:
        self.replies: list[Reply] = []

    def handle(self, _request: Request) -> Reply:
        return self.replies.pop(0) if self.replies else Reply()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def house(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHouse]:
    with StandInHouse(handlers={BUCKET: bucket.handle}) as standing:
        for name, value in standing.environment().items():
            monkeypatch.setenv(name, value)
        yield standing


@pytest.fixture
def session(house: StandInHouse) -> Iterator[Session]:
    assert house.server.port
    own = Session(user_agent="a-test", hosts=None, auth=AuthHeader("x-api-key", Secret(KEY)))
    yield own
    own.close()


def test_the_bytes_arrive_without_a_key(house: StandInHouse, session: Session) -> None:
    answer = session.put(f"https://{BUCKET}/a.png?signature=1", b"bytes", headers=TYPE, seconds=5.0)
    (request,) = house.recorder.requests
    assert (answer.status, request.method, request.body) == (200, "PUT", b"bytes")
    assert request.headers["content-type"] == "image/png"
    assert house.recorder.hosts_that_saw(KEY) == set()
    assert request.headers.keys() <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
    }


@pytest.mark.parametrize(
    "url", ["http://bucket.example/a", "https://10.0.0.1/a", "https://localhost/a", "https://u:p@bucket.example/a"]
)
def test_an_address_that_is_not_public_is_not_even_asked_for(
    house: StandInHouse, session: Session, url: str
) -> None:
    with pytest.raises(ReadError) as caught:
        session.put(url, b"bytes", headers=TYPE, seconds=5.0)
    assert caught.value.code == "link_refused"
    assert house.contacted == set()


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE_WITHOUT_ANSWER, Fault.GARBAGE_RECORD])
def test_a_put_without_a_whole_answer_may_be_repeated(bucket: Bucket, session: Session, fault: Fault) -> None:
    bucket.replies.append(Reply(fault=fault))
    with pytest.raises(ReadError) as caught:
        session.put(f"https://{BUCKET}/a.png", b"bytes", headers=TYPE, seconds=5.0)
    assert caught.value.remedy == "again"
    assert session.put(f"https://{BUCKET}/a.png", b"bytes", headers=TYPE, seconds=5.0).status == 200


def test_a_redirect_is_an_answer_and_not_followed(house: StandInHouse, bucket: Bucket, session: Session) -> None:
    bucket.replies.append(Reply(status=307, headers={"Location": "https://elsewhere.example/a"}))
    assert session.put(f"https://{BUCKET}/a.png", b"bytes", headers=TYPE, seconds=5.0).status == 307
    assert house.contacted == {BUCKET}


def test_a_private_peer_gets_nothing_without_a_proxy(house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name)
    session = Session(user_agent="a-test", hosts=None)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOPBACK, house.server.port))]
    with monkeypatch.context() as patch:
        patch.setattr("socket.getaddrinfo", lambda *_args, **_more: here)
        with pytest.raises(UnusableResult) as caught:
            session.put(f"https://{BUCKET}:{house.server.port}/a.png", b"bytes", headers=TYPE, seconds=5.0)
    session.close()
    assert caught.value.code == "link_private"
    assert house.recorder.requests == []
