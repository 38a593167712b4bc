"""Who is contacted, who sees a token, and what is believed of a download."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import EXPORT, GENERATE, KITE, LAUNCHER, on_disk
from tests.providers import nemo
from tests.providers.nemo import RenderPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room

EVIL = "https://evil.example"
COST = {"amount": 5, "unit": "credits", "source": "charged"}


def test_only_the_api_sees_a_token(stranger: Room) -> None:
    stranger.run(*GENERATE, "a clip of this", "--attach", stranger.file("a.webp"), "--export")
    assert stranger.house.contacted == {nemo.HOST, nemo.CDN_HOST}
    (account,) = [one for one in stranger.service.accounts.values() if one.client]
    assert stranger.house.recorder.hosts_that_saw(account.token) == {nemo.HOST}
    assert stranger.house.recorder.hosts_that_saw(account.client or "") == {nemo.HOST}


def test_every_call_says_where_it_comes_from(room: Room) -> None:
    room.run(*KITE)
    room.run(LAUNCHER, "credits", "--json", env={"SKILL_SOURCE": "clawhub"})
    calls = room.house.recorder.requests_to("/", host=nemo.HOST)
    assert {one.headers["x-skill-platform"] for one in calls[:-1]} == {"unknown"}
    assert calls[-1].headers["x-skill-platform"] == "clawhub"
    assert {one.headers["x-skill-source"] for one in calls} == {"generator-image"}


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_token_goes_to_no_other_host_unless_it_is_named(room: Room, how: str) -> None:
    flags = ("--base-url", EVIL) if how == "flag" else ()
    env = {"NEMO_API_URL": EVIL} if how == "variable" else {}
    room.run(*KITE, *flags, code=3, error="host_not_trusted", env=env)
    assert room.house.contacted == set()
    room.house.server.handlers = {**room.house.server.handlers, "evil.example": room.service.handle}
    room.house.server.serve_certificate("evil.example")
    room.house.proxy.routes = {**room.house.proxy.routes, "evil.example": room.house.server.port}
    document = room.run(*KITE, *flags, "--trust-host", "evil.example", env=env)
    assert (document["charged"], room.house.contacted) == ("yes", {"evil.example", nemo.CDN_HOST})


def test_a_redirect_of_the_api_is_not_followed(room: Room) -> None:
    moved = Plan(status=302, body=b"", headers={"Location": f"{EVIL}/elsewhere"})
    room.service.plans.session.extend([moved] * 9)
    room.run(*KITE, "--timeout", "3", code=11, error="read_failed")
    assert (room.house.contacted, room.charged()) == ({nemo.HOST}, [])


@pytest.mark.parametrize("link", ["https://192.168.0.1/1.mp4", "http://cdn.nemovideo.example/1.mp4"])
def test_a_clip_is_never_fetched_from_a_private_or_open_address(room: Room, link: str) -> None:
    """The render's own link is refused, and the download by the token takes its place."""
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(link=link))
    assert len(room.run(*EXPORT)["videos"]) == 1
    assert room.house.contacted == {nemo.HOST, nemo.CDN_HOST}


def test_a_download_that_is_cut_goes_on_where_it_stopped(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(size=300_000))
    room.service.media.plans.append(Plan(fault=Fault.CUT_LENGTH))
    (row,) = room.run(*EXPORT)["videos"]
    gets = room.house.recorder.requests_to("/", host=nemo.CDN_HOST)[-2:]
    assert "range" not in gets[0].headers
    start = int(gets[1].headers["range"].removeprefix("bytes=").rstrip("-"))
    assert start > 0
    (render,) = room.service.renders.by_id.values()
    assert on_disk(row) == room.service.media.files[render.path][1]


@pytest.mark.parametrize("how", ["no ranges", "no tag", "busy between"])
def test_a_download_that_cannot_go_on_begins_again(room: Room, how: str) -> None:
    room.run(*GENERATE, "a clip")
    room.service.media.honours_ranges = how != "no ranges"
    room.service.media.tags = how != "no tag"
    room.service.plan_render(RenderPlan(size=300_000))
    cut = Plan(fault=Fault.CUT_LENGTH)
    room.service.media.plans.extend([cut, Plan(status=503), cut] if how == "busy between" else [cut])
    (row,) = room.run(*EXPORT)["videos"]
    (render,) = room.service.renders.by_id.values()
    assert on_disk(row) == room.service.media.files[render.path][1]


def plant_part(room: Room, target: Path, content: bytes, size: int | None) -> Path:
    """Leave what a killed run leaves: a part beside its target, and the note in the state folder that names it."""
    part = target.with_name(f".{target.name}.{'0123456789abcdef'}.part")
    part.write_bytes(content[:size])
    status = part.stat()
    name = hashlib.sha256(str(target).encode()).hexdigest()[:32]
    note = room.bench.home / ".openclaw" / "image-skills" / "generator-image" / "downloads" / f"{name}.json"
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"part": part.name, "device": status.st_dev, "inode": status.st_ino, "etag": tag}))
    return part


@pytest.mark.parametrize("start", [100_000, None], ids=["on", "anew"])
def test_a_later_run_goes_on_with_a_download_or_begins_anew(room: Room, start: int | None) -> None:
    """What a killed run left is the beginning of the file, or all of it, after which nothing follows (416)."""
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(size=300_000))
    (row,) = room.run(*EXPORT)["videos"]
    content = on_disk(row)
    Path(row["path"]).unlink()
    part = plant_part(room, Path(row["path"]).with_suffix(""), content, start)
    (again,) = room.run(*EXPORT, "--resume", row["render_id"])["videos"]
    assert on_disk(again) == content
    assert not part.exists()
    ranges = [one.headers.get("range") for one in room.house.recorder.requests_to("/", host=nemo.CDN_HOST)[2:]]
    assert ranges == ([f"bytes={start}-"] if start else [f"bytes={len(content)}-", None])


def test_the_type_is_read_from_the_bytes(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.service.plan_render(RenderPlan(kind="webm"))
    document = room.run(*EXPORT, "--format", "mp4")
    (row,) = document["videos"]
    assert (row["media_type"], row["path"].endswith(".webm")) == ("video/webm", True)
    assert (document["requested"]["format"], document["applied"]["format"]) == ("mp4", "webm")


@pytest.mark.parametrize("content", [b"<html>busy</html>", b""], ids=["html", "empty"])
def test_what_is_no_media_is_not_kept(room: Room, content: bytes) -> None:
    room.service.media.plans.extend([Plan(body=content)] * 4)
    document = room.run(*KITE, code=13, error="picture_unusable")
    assert (document["images"], document["possible_charges"], room.charged()) == ([], 1, [5])
    assert (document["charged"], document["cost"]) == ("yes", COST)
    assert [path for path in room.bench.work.rglob("*") if path.is_file()] == []
    room.run(*GENERATE, "a blue kite")  # which costs as well, and not on account of the red one
    again = room.run(*KITE)
    assert (len(again["images"]), again["cost"], room.charged()) == (1, COST, [5, 5])


def test_the_token_is_asked_for_once_by_two_at_once(stranger: Room) -> None:
    processes = [stranger.bench.start(*GENERATE, text) for text in ("a red kite", "a blue kite")]
    for process in processes:
        assert process.wait(30) == 0
        process.communicate()
    assert stranger.requests(nemo.TOKEN_PATH) == 1
    assert stranger.charged() == [5, 5]


def test_the_doctor_spends_nothing(room: Room) -> None:
    ended = room.bench.run("doctor.py", "--json")
    assert ended.code == 0, ended.talk
    paths = {request.path for request in room.house.recorder.requests}
    assert paths == {nemo.CREDITS_PATH}
    refused = room.bench.run("doctor.py", "--json", env={"NEMO_TOKEN": "dummy-" + "expired"})
    assert refused.code == 4
    assert room.charged() == []
