"""A message is charged once, however its stream ends; refusals by the table of codes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from nemovideo.message import results

from tests.contract.nemo.room import GENERATE, KITE, LAUNCHER, QUICK, SAY, SECONDS
from tests.contract.paid import answers_held
from tests.launcher import wait
from tests.providers import nemo
from tests.providers.nemo import MessagePlan, refused
from tests.providers.nemo_stream import events
from tests.providers.plan import Plan
from tests.providers.reply import Fault
from tests.providers.sockets import LOOPBACK
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room
    from tests.providers.nemo_stream import Shape


@pytest.mark.parametrize("shape", ["typed", "adk"])
def test_one_charge_when_the_stream_is_cut_at_every_event(room: Room, shape: Shape) -> None:
    """The work continues at the service; the client finds it in the state. Half of the cuts look like an end."""
    whole = len(events(MessagePlan(shape=shape)))
    texts = [f"a kite, cut after {cut}" for cut in range(whole + 1)]
    for cut, text in enumerate(texts):
        fault = Fault.CUT_CHUNKED if cut % 2 else Fault.RESET
        plan = MessagePlan(shape=shape, cut=cut, fault=fault, seconds=1.0, stream_seconds=0.2)
        room.service.plan_text(text, plan)
    processes = [room.bench.start(*GENERATE, text) for text in texts]
    documents = [room.checked(ended) for ended in [wait(process) for process in processes]]
    assert [(one["changed"], len(one["images"])) for one in documents] == [(True, 1)] * len(texts)
    assert sorted(room.messages()) == sorted(texts)
    assert room.charged() == [5] * len(texts)


LOST = {  # more kinds of answers: tests/nemovideo/test_wire.py
    "no answer": Plan(fault=Fault.CLOSE_WITHOUT_ANSWER),
    "reset": Plan(fault=Fault.RESET),
    "half a head": Plan(fault=Fault.CUT_HEADERS),
    "plain 500": Plan(status=500),
    "html": Plan(body=b"<html>busy</html>", headers={"Content-Type": "text/html"}),
    "empty": Plan(body=b""),
}


def test_a_lost_answer_is_looked_for_in_the_state(room: Room) -> None:
    """Every kind of lost answer at once: none is sent again, and the work of each is found."""
    room.service.plan_message(*LOST.values())
    processes = [room.bench.start(*GENERATE, name) for name in LOST]
    documents = [room.checked(ended) for ended in [wait(process) for process in processes]]
    assert [(one["changed"], one["charged"], one["text"]) for one in documents] == [(True, "yes", None)] * len(
        LOST
    )
    assert sorted(room.messages()) == sorted(LOST)
    assert room.charged() == [5] * len(LOST)


def test_without_the_proxy_a_cut_is_charged_once_as_well(room: Room) -> None:
    room.house.server.handlers = {**room.house.server.handlers, LOOPBACK: room.service.handle}
    direct = {
        "NEMO_API_URL": f"https://{LOOPBACK}:{room.house.server.port}",
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }
    room.service.plan_message(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    room.house.server.plan_connections(Fault.CLOSE_BEFORE_TLS)
    document = room.run(*KITE, "--trust-host", LOOPBACK, env=direct)
    assert (document["changed"], room.messages(), room.charged()) == (True, ["a red kite"], [5])


def test_an_undecided_outcome_is_never_sent_again(room: Room) -> None:
    room.service.plan_message(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER, charge=False))
    document = room.run(*KITE, "--timeout", "2", code=10, error="message_undecided")
    assert (document["charged"], document["possible_charges"], document["status"]) == ("unknown", 1, "unknown")
    again = room.run(*KITE, "--timeout", "1", code=10, error="message_undecided")
    assert (again["local_id"], room.messages()) == (document["local_id"], ["a red kite"])
    assert document["next"]["argv"][2:4] == ["--resume", document["local_id"]]
    assert room.run(*KITE, "--new")["charged"] == "yes"
    assert room.charged() == [5]


@pytest.mark.parametrize(("status", "accepted"), [(302, False), (307, False), (303, True)])
def test_a_redirect_of_the_message_is_no_answer_and_ends_soon(
    room: Room, monkeypatch: pytest.MonkeyPatch, status: int, accepted: bool
) -> None:
    """Nobody follows it, nobody sends again; the session tells whether it was accepted, or nobody does."""
    monkeypatch.setattr(results, "ELSEWHERE_SECONDS", 2.0)
    headers = {"Location": "https://elsewhere.example/run_sse"}
    room.service.plan_message(Plan(status=status, body=b"", headers=headers, charge=accepted))
    if accepted:
        document = room.run(*KITE)
        assert (document["changed"], document["charged"], room.charged()) == (True, "yes", [5])
    else:
        ended = room.inside[LAUNCHER].run(*KITE[1:]) if room.inside else room.bench.run(*KITE)
        document = room.checked(ended, 10, "message_undecided")
        assert f"HTTP {status}" in ended.talk
        assert "%" not in ended.talk
        assert (document["charged"], document["possible_charges"], document["status"]) == ("unknown", 1, "unknown")
        began = time.monotonic()
        room.run(LAUNCHER, "--resume", document["local_id"], *QUICK, code=10, error="message_undecided")
        assert time.monotonic() - began < SECONDS
        assert room.charged() == []
    assert (room.messages(), room.house.contacted - {nemo.CDN_HOST}) == (["a red kite"], {nemo.HOST})


def test_a_stream_that_began_and_was_not_waited_for_is_resumed(room: Room) -> None:
    room.service.plan_message(MessagePlan(cut=1, seconds=2.0, stream_seconds=0.2))
    document = room.run(*KITE, "--timeout", "1.5", code=9, error="still_running")
    assert (document["status"], document["charged"], document["possible_charges"]) == ("running", "unknown", 1)
    resumed = room.go_on(document)
    assert (len(resumed["images"]), resumed["local_id"], room.charged()) == (1, document["local_id"], [5])


def test_a_stream_that_outlasts_the_deadline_is_left_then(room: Room) -> None:
    room.service.plan_message(MessagePlan(seconds=0.2, stream_seconds=SECONDS))
    began = time.monotonic()
    document = room.run(*KITE, "--timeout", "1.5", code=9, error="still_running")
    assert time.monotonic() - began < SECONDS / 2
    assert (len(room.go_on(document)["images"]), room.charged()) == (1, [5])


def test_a_message_that_provably_never_left_is_sent_again(room: Room) -> None:
    room.service.plans.session.append(
        Plan(delay=2.2)
    )  # so long idle, the connection is not trusted with a message
    room.house.proxy.plan(nemo.HOST, None, 502, TunnelFault.CUT_BEFORE_TLS, None)
    document = room.run(*KITE)
    assert (document["possible_charges"], room.messages(), room.charged()) == (1, ["a red kite"], [5])


def test_a_limit_is_waited_for_once(room: Room) -> None:
    limit = Plan(
        status=429, headers={"Retry-After": "1"}, charge=False, body={"code": 429, "message": "slow down"}
    )
    room.service.plan_message(limit)
    document = room.run(*KITE)
    assert (document["attempts"], document["possible_charges"], room.charged()) == (2, 1, [5])
    first, second = room.house.recorder.requests_to(nemo.MESSAGE_PATH)
    assert second.received_at - first.received_at >= 0.99
    room.service.plan_message(limit, limit, limit)
    document = room.run(*SAY, "more", code=6, error="create_limited")
    assert (document["attempts"], document["charged"], room.charged()) == (2, "no", [5])


@pytest.mark.parametrize("status", [200, 404], ids=["code in the body", "status only"])
def test_a_session_that_is_gone(room: Room, status: int) -> None:
    gone = refused(1002, "session not found") if status == 200 else Plan(status=status, charge=False)
    room.service.plan_message(gone)
    document = room.run(*KITE)
    assert (document["session_id"], document["attempts"], room.charged()) == ("session-0002", 2, [5])
    room.service.forget_sessions()
    document = room.run(*SAY, "and a title", code=7, error="session_gone")
    assert (document["charged"], room.charged()) == ("no", [5])
    assert document["next"]["argv"][2] == "generate"


def test_an_anonymous_token_that_expired_is_renewed_once(stranger: Room) -> None:
    stranger.run(*KITE)
    stranger.service.expire_tokens()
    document = stranger.run(*GENERATE, "a blue kite")
    assert (document["charged"], stranger.charged()) == ("yes", [5, 5])
    assert stranger.requests(nemo.TOKEN_PATH) == 2
    clients = {one.client for one in stranger.service.accounts.values()}
    assert len(clients) == 2  # the registered user, and this machine
    stranger.service.expire_tokens()
    stranger.do("credits", code=4, error="token_refused_anonymous")
    assert stranger.requests(nemo.TOKEN_PATH) == 2  # one before its time is enough


def test_a_token_of_the_users_own_is_never_swapped(room: Room) -> None:
    document = room.run(*KITE, code=4, error="token_refused", env={"NEMO_TOKEN": "dummy-" + "expired"})
    assert "NEMO_TOKEN" in document["error"]["message"] + document["error"]["hint"]
    assert (room.requests(nemo.TOKEN_PATH), room.charged(), room.settings.exists()) == (0, [], False)


def test_out_of_credits_leads_to_the_registration_and_never_to_another_token(stranger: Room) -> None:
    stranger.do("connect")
    (account,) = [one for one in stranger.service.accounts.values() if one.client]
    account.available = 4
    document = stranger.run(*KITE, code=5, error="credits_gone_anonymous")
    link = document["error"]["help_url"]
    assert link.startswith("https://nemovideo.com/")
    assert "bind=" in link
    assert account.token not in link
    assert (document["charged"], stranger.charged(), stranger.requests(nemo.TOKEN_PATH)) == ("no", [], 1)
    account.available = 100
    assert stranger.run(*KITE)["charged"] == "yes"


def test_out_of_credits_of_a_registered_user_says_top_up(room: Room) -> None:
    room.service.accounts[room.service.key].available = 0
    document = room.run(*KITE, code=5, error="credits_gone")
    assert "bind=" not in str(document["error"].get("help_url"))
    assert room.charged() == []


def test_a_refusal_in_the_stream_is_told_and_the_state_decides(room: Room) -> None:
    trouble = ("SAFETY", "the model may not say this")
    room.service.plan_message(MessagePlan(shape="adk", text=None, effects=(), error=trouble))
    document = room.run(*KITE, code=8, error="agent_trouble")
    assert "the model may not say this" in document["error"]["message"]
    assert (document["charged"], room.messages(), room.charged()) == ("yes", ["a red kite"], [5])


def test_two_at_once_pay_once(room: Room) -> None:
    with answers_held(room.house, nemo.MESSAGE_PATH) as answer:
        first = room.bench.start(*KITE)
        room.arrived(nemo.MESSAGE_PATH)
        room.run(*KITE, "--no-wait", code=14, error="request_busy")
        waiting = room.bench.start(*KITE)
        answer()
        ends = [wait(first), wait(waiting)]
    documents = [room.checked(ended) for ended in ends]
    assert len({(one["local_id"], one["images"][0]["sha256"]) for one in documents}) == 1
    assert ([one["reused"] for one in documents], room.charged()) == ([False, True], [5])


def test_the_dry_run_shows_what_would_be_sent_and_sends_nothing(room: Room) -> None:
    picture = room.file("a.png")
    document = room.run(LAUNCHER, "generate", "a clip of this", "--attach", picture, "--dry-run", *QUICK)
    assert document["plan"]["body"]["new_message"] == {"parts": [{"text": "a clip of this"}]}
    assert (document["status"], document["charged"], room.house.contacted) == ("prepared", "no", set())
