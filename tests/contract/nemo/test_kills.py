"""SIGKILL at each stage: run again, the same command pays once and continues in the same session."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import EXPORT, GENERATE, KITE, SAY, eventually, on_disk
from tests.contract.paid import answers_held
from tests.launcher import end
from tests.providers import nemo
from tests.providers.nemo import MessagePlan, RenderPlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room

SLOW = Plan(delay=5.0)


@pytest.mark.parametrize("stage", ["session", "upload", "state"])
def test_before_the_message_nothing_is_paid(room: Room, stage: str) -> None:
    command = (*GENERATE, "a clip of this", "--attach", room.file("a.png"))
    plans = {"session": room.service.plans.session, "upload": room.service.plans.upload}
    plans.get(stage, room.service.plans.state).append(SLOW)
    process = room.bench.start(*command)
    paths = {"session": nemo.SESSION_PATH, "upload": nemo.UPLOAD_PATH, "state": nemo.STATE_PATH}
    room.arrived(paths[stage])
    assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    assert room.charged() == []
    document = room.run(*command)
    assert (document["possible_charges"], len(document["videos"]), room.charged()) == (1, 1, [5])


@pytest.mark.parametrize("words", ["begun", "held"])
def test_after_the_message_the_same_session_goes_on(room: Room, words: str) -> None:
    """Killed in the stream, or before the first byte of an answer came."""
    with answers_held(room.house, nemo.MESSAGE_PATH if words == "held" else "/nothing"):
        room.service.plan_message(MessagePlan(seconds=2.0))
        process = room.bench.start(*KITE)
        room.arrived(nemo.MESSAGE_PATH)
        if words == "begun":
            eventually(lambda: any(entry["state"] == "submitted" for entry in room.bench.entries()))
        assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    document = room.run(*KITE)
    assert (document["session_id"], document["changed"], len(document["images"])) == ("session-0001", True, 1)
    assert (room.messages(), room.charged(), len(room.service.sessions)) == (["a red kite"], [5], 1)


def test_killed_while_it_saves(room: Room) -> None:
    room.service.media.plans.append(SLOW)
    process = room.bench.start(*KITE)
    room.arrived("/", nemo.CDN_HOST)
    end(process, signal.SIGKILL)
    document = room.run(*KITE)
    assert on_disk(document["images"][0]).startswith(b"\x89PNG")
    assert (document["session_id"], room.charged()) == ("session-0001", [5])


def test_killed_while_a_further_message_runs(room: Room) -> None:
    room.run(*KITE)
    room.service.plan_message(MessagePlan(seconds=2.0, effects=("music",), text=None))
    process = room.bench.start(*SAY, "add music")
    room.arrived(nemo.MESSAGE_PATH, count=2)
    end(process, signal.SIGKILL)
    document = room.run(*SAY, "add music")
    assert (document["changed"], document["session_id"], room.charged()) == (True, "session-0001", [5, 5])
    room.run(*SAY, "add music")
    assert room.charged() == [5, 5, 5]


def test_killed_while_a_render_runs(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(seconds=2.0))
    process = room.bench.start(*EXPORT)
    room.arrived(f"{nemo.RENDERS}/render_")
    end(process, signal.SIGKILL)
    (render,) = room.service.renders.by_id
    document = room.run(*EXPORT)
    assert (document["render_id"], len(document["videos"]), len(room.service.renders.by_id)) == (render, 1, 1)
    assert room.run(*EXPORT, "--resume", render)["videos"][0]["sha256"] == document["videos"][0]["sha256"]
    assert room.run(*EXPORT)["render_id"] != render  # it was seen to its end


def test_a_killed_render_of_another_kind_is_left_alone(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(end="never"))
    first = room.run(*EXPORT, "--no-wait")["render_id"]
    assert room.run(*EXPORT, "--no-wait")["render_id"] == first
    room.run(*EXPORT, "--no-wait", "--quality", "low")
    room.do("cancel-export", first)
    room.run(*EXPORT, "--no-wait")
    assert len(room.service.renders.by_id) == 3


def test_sigterm_in_the_stream_can_be_resumed(room: Room) -> None:
    room.service.plan_message(MessagePlan(seconds=1.5))
    process = room.bench.start(*KITE)
    eventually(lambda: any(entry["state"] == "submitted" for entry in room.bench.entries()))
    document = room.checked(end(process, signal.SIGTERM), 143, "interrupted")
    resumed = room.go_on(document)
    assert (len(resumed["images"]), room.messages(), room.charged()) == (1, ["a red kite"], [5])


def test_a_token_that_was_lost_to_a_kill_is_not_asked_for_again_and_again(stranger: Room) -> None:
    stranger.service.plans.token.append(SLOW)
    process = stranger.bench.start(*KITE)
    stranger.arrived(nemo.TOKEN_PATH)
    end(process, signal.SIGKILL)
    assert stranger.settings.joinpath("client_id").exists()
    stranger.service.expire_tokens()  # the service lets the same client have another one
    assert stranger.run(*KITE)["charged"] == "yes"
    assert len({one.client for one in stranger.service.accounts.values() if one.client}) == 1
