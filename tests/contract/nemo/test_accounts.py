"""Whose account is used is said, a limit is waited for once, and a refusal says what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import EXPORT, GENERATE, KITE, LAUNCHER
from tests.providers import nemo
from tests.providers.nemo import RenderPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room

UNUSABLE = {"": "empty", "  ": "empty", "\t\n": "empty", "$MY_TOKEN": "unresolved", " ${MY_TOKEN} ": "unresolved"}
LIMIT = Plan(status=429, headers={"Retry-After": "1"}, charge=False)
PAGE = Plan(status=403, body=b"<!DOCTYPE html><title>Attention Required!</title>", charge=False)


@pytest.mark.parametrize("token", UNUSABLE)
def test_a_token_variable_that_holds_no_token_is_said(stranger: Room, token: str) -> None:
    ended = stranger.bench.run(*KITE, "--quiet", env={"NEMO_TOKEN": token})
    document = stranger.checked(ended)
    (warning,) = document["warnings"]
    assert f"NEMO_TOKEN {'is set but empty' if UNUSABLE[token] == 'empty' else 'contains an unres'}" in warning
    assert "anonymous account" in warning
    assert warning in ended.talk
    report = stranger.bench.run("doctor.py", env={"NEMO_TOKEN": token})
    assert "NEMO_TOKEN" in report.stdout.decode()
    assert UNUSABLE[token] in report.stdout.decode()


@pytest.mark.parametrize("token", ["", "$MY_TOKEN"])
def test_the_doctor_of_a_new_machine_says_that_the_variable_counts_as_not_set(stranger: Room, token: str) -> None:
    checks = stranger.run("doctor.py", "--json", env={"NEMO_TOKEN": token})["checks"]
    (message,) = [one["message"] for one in checks if one["check"] == "key"]
    assert message.startswith("none: NEMO_TOKEN ")


def test_a_good_token_is_no_matter_for_a_warning(room: Room) -> None:
    assert "warnings" not in room.do("credits")


def test_no_variable_is_no_matter_for_a_warning(stranger: Room) -> None:
    assert "warnings" not in stranger.do("credits")


@pytest.mark.parametrize("command", ["credits", "generate"])
def test_a_limit_on_the_token_is_waited_for_once(stranger: Room, command: str) -> None:
    stranger.service.plans.token.extend([LIMIT] * 9)
    argv = KITE if command == "generate" else (LAUNCHER, command, "--json")
    ended = stranger.bench.run(*argv)
    stranger.checked(ended, 6, "create_limited")
    assert ended.talk.count("retrying once") == 1
    assert (stranger.requests(nemo.TOKEN_PATH), stranger.charged()) == (2, [])


def test_a_limit_is_waited_for_once_between_failures_too(room: Room) -> None:
    room.service.plans.credit.extend([LIMIT, Plan(status=503), LIMIT, LIMIT, LIMIT])
    ended = room.bench.run(LAUNCHER, "credits", "--json")
    room.checked(ended, 6, "create_limited")
    assert (ended.talk.count("retrying once"), room.requests(nemo.CREDITS_PATH)) == (1, 3)


def test_a_limit_whose_code_differs_each_time_is_waited_for_once(room: Room) -> None:
    bodies = [{"code": 5000 + number, "message": "slow down"} for number in range(9)]
    room.service.plan_message(
        *[Plan(status=429, body=body, headers={"Retry-After": "1"}, charge=False) for body in bodies]
    )
    document = room.run(*KITE, code=6, error="create_limited")
    assert (document["attempts"], document["possible_charges"], room.charged()) == (2, 0, [])


def test_a_limited_poll_is_polled_again_without_a_word_about_once_more(room: Room) -> None:
    room.service.plan_message(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    room.service.plans.state.extend([Plan(), LIMIT, LIMIT])
    ended = room.bench.run(*KITE)
    assert (room.checked(ended)["changed"], room.charged()) == (True, [5])
    assert "retrying once" not in ended.talk


FORBIDDEN = {
    "401": (Plan(status=401, charge=False), 4, "token_refused"),
    "401 with a page": (Plan(status=401, body=b"<html>", charge=False), 4, "token_refused"),
    "402": (Plan(status=402, charge=False), 5, "plan_without_export"),
    "403": (Plan(status=403, body={"message": "account suspended"}, charge=False), 7, "not_allowed"),
    "403 as a code": (Plan(body={"code": 403, "message": "no"}, charge=False), 7, "not_allowed"),
    "403 without a body": (Plan(status=403, body=b"", charge=False), 7, "not_allowed"),
    "403 with a page": (PAGE, 7, "firewall_page"),
    "403, no credits": (Plan(status=403, body={"code": 2001, "message": "none"}, charge=False), 5, "credits_gone"),
    "500, no credits": (Plan(status=500, body={"code": "2001"}, charge=False), 5, "credits_gone"),
    "503, nested": (Plan(status=503, body={"error": {"code": 2001.0}}, charge=False), 5, "credits_gone"),
    "451": (Plan(status=451, charge=False), 7, "not_available_here"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_refusal_says_what_it_is(room: Room, name: str) -> None:
    plan, code, error = FORBIDDEN[name]
    room.service.plan_message(*[plan] * 3)
    document = room.run(*KITE, code=code, error=error)
    assert (document["attempts"], document["charged"], document["possible_charges"]) == (1, "no", 0)
    assert document["error"]["hint"]
    assert (room.messages(), room.charged()) == (["a red kite"], [])


def test_an_export_is_attached_under_an_id_of_its_own(room: Room) -> None:
    media = room.bench.home / ".openclaw" / "media" / "image-skills"
    message = room.run(*GENERATE, "a clip", "--export")
    made, render = message["videos"]
    assert [path.parent.name for path in media.glob("*/*")].count(render["render_id"]) == 1
    assert any(path.startswith(str(media / message["local_id"])) for path in message["media"])
    assert any(path.startswith(str(media / render["render_id"])) for path in message["media"])
    ids = set()
    for number in (1, 2):
        room.service.plan_render(RenderPlan(size=5000 + number))
        document = room.run(*EXPORT)
        (path,) = document["media"]
        assert path.startswith(str(media / document["render_id"]))
        ids.add(document["render_id"])
    assert (len(ids), made["path"] in message["media"]) == (2, False)


def test_stills_are_attached_under_their_session(room: Room) -> None:
    room.run(*KITE)
    document = room.run(*EXPORT, "--format", "png")
    (path,) = document["media"]
    assert f"/media/image-skills/still-{document['session_id']}/" in path
    assert json.dumps(document).count("image-skills/result") == 0
