"""A paid request whose answer is read while it comes: what is given at once, how it ends, what the log keeps."""

from __future__ import annotations

import logging
import threading
import time
import types
from typing import TYPE_CHECKING

import pytest

from shared.errors import ResponseLost
from shared.http import session as session_module
from shared.http.session import AuthHeader, Session
from shared.security.keys import Secret
from tests.providers.house import StandInHouse
from tests.providers.reply import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.http.stream import Stream

HOST = "stream.example"
URL = f"https://{HOST}/run"


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
    auth = AuthHeader("x-api-key", Secret("dummy-" + "key"))
    own = Session(user_agent="a-test/1", hosts={HOST}, auth=auth)
    yield own
    own.close()


def listen(session: Session, url: str = URL, *, seconds: float = 20.0, idle_timeout: float = 20.0) -> Stream:
    return session.stream_once(
        "POST", url, headers={"x-mark": "1"}, body=b"a kite", seconds=seconds, idle_timeout=idle_timeout
    )


def test_each_piece_is_given_as_it_comes(replies: list[Reply], house: StandInHouse, session: Session) -> None:
    replies.append(Reply(headers={"x-told": "yes"}, pieces=[(0.0, b"first "), (0.05, b"second")]))
    stream = listen(session)
    assert (stream.status, stream.headers["x-told"], stream.proves_its_end) == (200, "yes", True)
    assert b"".join(stream.blocks()) == b"first second"
    (request,) = house.recorder.requests
    assert (request.method, request.path, request.body) == ("POST", "/run", b"a kite")
    assert (request.headers["x-mark"], request.headers["x-api-key"]) == ("1", "dummy-" + "key")


def test_a_close_proves_no_end(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(pieces=[(0.0, b"half")], fault=Fault.CUT_CLOSE))
    stream = listen(session)
    assert not stream.proves_its_end
    assert b"".join(stream.blocks()) == b"half"


def test_a_cut_is_a_lost_answer_after_what_came(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(pieces=[(0.0, b"half")], fault=Fault.CUT_CHUNKED))
    heard: list[bytes] = []
    with pytest.raises(ResponseLost) as caught:
        heard.extend(listen(session).blocks())
    assert (b"".join(heard), caught.value.facts) == (b"half", {"reason": "reason_cut", "host": HOST})


def test_silence_ends_it_long_before_the_deadline(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(pieces=[(0.0, b"half")], fault=Fault.HANG))
    began = time.monotonic()
    with pytest.raises(ResponseLost) as caught:
        list(listen(session, idle_timeout=0.2).blocks())
    assert caught.value.facts == {"reason": "reason_timeout", "host": HOST}
    assert time.monotonic() - began < 10.0


def test_an_answer_has_to_begin_in_time_however_long_it_may_be_silent_later(
    replies: list[Reply], session: Session
) -> None:
    replies.append(Reply(fault=Fault.HANG))
    began = time.monotonic()
    with pytest.raises(ResponseLost) as caught:
        listen(session, seconds=0.2, idle_timeout=600.0)
    assert caught.value.facts == {"reason": "reason_timeout", "host": HOST}
    assert time.monotonic() - began < 10.0


def test_an_answer_that_has_begun_may_take_as_long_as_its_own_limit(
    replies: list[Reply], session: Session
) -> None:
    replies.append(Reply(pieces=[(0.0, b"first "), (3.0, b"second")]))
    stream = listen(session, seconds=2.0)
    stream.limit(20.0)
    assert b"".join(stream.blocks()) == b"first second"


def test_a_session_that_is_closed_leaves_no_stream_behind(replies: list[Reply], session: Session) -> None:
    replies.append(Reply(pieces=[(0.0, b"half")], fault=Fault.HANG))
    others = set(threading.enumerate())
    listen(session)
    deadlines = set(threading.enumerate()) - others
    assert any(isinstance(one, threading.Timer) for one in deadlines)
    session.close()
    assert not any(isinstance(one, threading.Timer) and one.is_alive() for one in deadlines)


def test_another_host_hears_nothing(house: StandInHouse, session: Session) -> None:
    with pytest.raises(ValueError, match=r"others\.example is not a host of this session"):
        listen(session, "https://others.example/run")
    assert house.recorder.requests == []


def test_a_connection_that_was_idle_is_not_trusted(
    house: StandInHouse, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(session_module, "time", types.SimpleNamespace(monotonic=lambda: now))
    list(listen(session).blocks())
    for now, handshakes in ((1002.0, 1), (1004.1, 2)):  # noqa: B007  - the clock reads it
        list(listen(session).blocks())
        assert house.server.handshakes == {HOST: handshakes}


def test_the_log_of_a_request_holds_no_query(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    list(listen(session, f"{URL}?signature=words-of-the-query").blocks())
    assert "POST /run?..." in caplog.text
    assert "words-of-the-query" not in caplog.text
