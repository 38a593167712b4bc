"""A token that the service repeats is nowhere on the disk, and nothing prints it when it is not known any more."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.contract.nemo.room import EXPORT, GENERATE, KITE, SAY
from tests.providers.nemo import MessagePlan, RenderPlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.nemo.room import Room

UNKNOWN = {"NEMO_TOKEN": ""}


def spellings(key: str) -> dict[str, str]:
    """Return the key as services may spell it."""
    raw = key.encode()
    return {
        "plain": key,
        "url": quote(key, safe=""),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode(),
    }


def kept(room: Room, *but_not: Path) -> bytes:
    """Return everything on the disk but where a token belongs."""
    files = [path for path in room.bench.folder.rglob("*") if path.is_file() and path.parent != room.settings]
    return b"\n".join(path.read_bytes() for path in files if path not in but_not)


def shows_nothing(room: Room, key: str, local_id: str) -> None:
    """Check that neither the disk nor any command without the token shows the key in any form."""
    printed = [kept(room)]
    for argv in (("list",), ("show", local_id), ("cost",)):
        ended = room.bench.run("tasks.py", *argv, "--json", env=UNKNOWN)
        printed += [ended.stdout, ended.stderr]
    for name, spelling in spellings(key).items():
        assert not any(spelling.rstrip("=").encode() in content for content in printed), name


@pytest.mark.parametrize("shape", ["typed", "adk"])
def test_the_agents_words_hold_no_token(room: Room, shape: Any) -> None:
    key = room.service.key
    text = " ".join(["You gave me", *spellings(key).values(), json.dumps({"token": key})])
    room.service.plan_message(MessagePlan(shape=shape, text=text))
    document = room.run(*KITE)
    shows_nothing(room, key, document["local_id"])
    assert "You gave me" in document["text"]


@pytest.mark.parametrize("shape", ["typed", "adk"])
def test_a_token_that_is_cut_in_two_by_an_event_is_masked(room: Room, shape: Any) -> None:
    key = room.service.key
    room.service.plan_message(MessagePlan(shape=shape, text=key))  # the simulated service sends two halves
    document = room.run(*KITE)
    shows_nothing(room, key, document["local_id"])
    halves = [{"author": "nemo", "content": {"parts": [{"text": half}]}} for half in (key[:20], key[20:])]
    raw = tuple(f"data: {json.dumps(one)}\n\n".encode() for one in halves)
    room.service.plan_message(MessagePlan(raw=raw, effects=("title",)))
    document = room.run(*SAY, "a title")
    assert key[:20] not in json.dumps(document)
    assert key[:20].encode() not in kept(room)


def test_an_anonymous_token_is_masked_as_well(stranger: Room) -> None:
    stranger.do("connect")
    (account,) = [one for one in stranger.service.accounts.values() if one.client]
    stranger.service.plan_message(MessagePlan(text=f"Your token is {account.token}."))
    document = stranger.run(*KITE)
    shows_nothing(stranger, account.token, document["local_id"])


def test_what_the_agent_gives_up_with_holds_no_token(room: Room) -> None:
    key = room.service.key
    room.service.plan_message(MessagePlan(error=(key, f"bad token {key}"), effects=()))
    document = room.run(*KITE, code=8, error="agent_trouble")
    shows_nothing(room, key, document["local_id"])


def test_ids_and_names_of_the_service_hold_no_token(room: Room) -> None:
    key = room.service.key
    body = {"code": 0, "data": {"session_id": key, "task_id": key}}
    room.service.plans.session.extend([Plan(body=body)] * 3)
    room.run(*KITE, code=11, error="read_failed")
    body = {"code": 0, "data": {"session_id": "session-0001", "task_id": key}}
    room.service.plans.session.append(Plan(body=body))
    document = room.do("connect")
    assert key not in document["link"]
    assert key.encode() not in kept(room)


def test_a_draft_file_holds_no_token(room: Room) -> None:
    key = room.service.key
    document = room.run(*GENERATE, "a clip")
    (session,) = room.service.sessions.values()
    session.extra["note"] = {key: [key, spellings(key)["hex"]]}
    path = room.bench.work / "draft.json"
    room.do("state", "--draft-file", path)
    shows_nothing(room, key, document["local_id"])
    assert json.loads(path.read_bytes())["t"]


def test_links_and_tags_hold_no_token(room: Room) -> None:
    key = room.service.key
    room.run(*GENERATE, "a clip")
    link = f"http://cdn.nemovideo.example/{key}/x.mp4"
    room.service.plan_render(RenderPlan(link=link))
    document = room.run(*EXPORT)
    assert key.encode() not in kept(room)
    assert len(document["videos"]) == 1
