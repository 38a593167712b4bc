"""Exports cost nothing, wait in both shapes, and never render twice what was asked once."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.contract.nemo.room import EXPORT, GENERATE, on_disk
from tests.providers import nemo
from tests.providers.nemo import RenderPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room

ELSEWHERE = "https://gone.nemovideo.example/x.mp4"


@pytest.fixture
def clip(room: Room) -> Room:
    """Return a room whose session has something to render."""
    room.run(*GENERATE, "a clip")
    return room


def renders(room: Room) -> int:
    """Count the requests for a render."""
    return sum(one.path == nemo.RENDERS for one in room.house.recorder.requests)


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_a_slow_render_in_both_shapes(clip: Room, shape: Any) -> None:
    clip.service.plan_render(RenderPlan(shape=shape, seconds=1.2, size=100_000))
    ended = clip.bench.run(*EXPORT, "--format", "webm")
    document = clip.checked(ended)
    (row,) = document["videos"]
    (render,) = clip.service.renders.by_id
    assert (row["media_type"], row["render_id"], len(on_disk(row)) > 100_000) == ("video/webm", render, True)
    assert (document["status"], document["charged"], document["possible_charges"]) == ("succeeded", "no", 0)
    assert render in ended.talk
    assert renders(clip) == 1


def test_a_lost_answer_is_asked_for_by_our_own_id(clip: Room) -> None:
    clip.service.plan_render(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER), RenderPlan(shape="nested"))
    assert len(clip.run(*EXPORT)["videos"]) == 1
    assert renders(clip) == 1


def test_a_failed_render_is_tried_once_more_under_a_new_id(clip: Room) -> None:
    clip.service.plan_render(RenderPlan(end="failed"), RenderPlan())
    document = clip.run(*EXPORT)
    assert document["render_id"] == list(clip.service.renders.by_id)[1]
    clip.service.plan_render(RenderPlan(end="failed", shape="nested"), RenderPlan(end="failed", reason="no luck"))
    document = clip.run(*EXPORT, code=8, error="render_failed")
    assert "no luck" in document["error"]["message"]
    assert (len(clip.service.renders.by_id), document["charged"]) == (4, "no")


def test_a_file_that_cannot_be_read_comes_by_the_token(clip: Room) -> None:
    clip.service.plan_render(RenderPlan(link=ELSEWHERE))
    clip.house.proxy.plan("gone.nemovideo.example", 502, 502, 502, 502, 502, 502)
    (row,) = clip.run(*EXPORT, "--timeout", "20")["videos"]
    (render,) = clip.service.renders.by_id
    assert on_disk(row) == clip.service.media.files[clip.service.renders.by_id[render].path][1]
    assert clip.requests(f"{nemo.DOWNLOADS}/{render}/download") == 1
    clip.service.plan_render(RenderPlan())
    clip.service.media.plans.append(Plan(status=403))
    assert len(clip.run(*EXPORT)["videos"]) == 1
    assert clip.house.recorder.hosts_that_saw(clip.service.key) == {nemo.HOST}


def test_a_plan_without_exports_is_no_matter_of_credits(clip: Room) -> None:
    body = {"code": 402, "message": "upgrade", "data": None}
    clip.service.plan_render(Plan(status=402, body=body))
    document = clip.run(*EXPORT, code=5, error="plan_without_export")
    assert (document["charged"], renders(clip)) == ("no", 1)


def test_a_plan_without_exports_does_not_make_the_message_before_it_a_failure(room: Room) -> None:
    room.service.plan_render(Plan(status=402, body={"code": 402, "message": "upgrade", "data": None}))
    document = room.run(*GENERATE, "a clip", "--export", "--quality", "low", code=5, error="plan_without_export")
    assert (document["status"], document["charged"], document["cost"]["amount"]) == ("succeeded", "yes", 5)
    assert (len(document["videos"]), document["text"], document["changed"]) == (1, "Your picture is ready.", True)
    argv = document["error"]["next"]["argv"]
    assert argv[2:8] == ["export", "--session", "session-0001", "--format", "mp4", "--quality"]
    assert len(room.go_on(document)["videos"]) == 1
    assert room.charged() == [5]


def test_another_format_than_was_asked_for_is_said(clip: Room) -> None:
    clip.service.plan_render(RenderPlan(kind="webm"))
    ended = clip.bench.run(*EXPORT, "--format", "mov")
    document = clip.checked(ended)
    assert (document["requested"]["format"], document["applied"]["format"]) == ("mov", "webm")
    assert "mov was requested, but the file is video/webm" in ended.talk


def test_an_empty_timeline_is_not_rendered(room: Room) -> None:
    room.do("connect")
    room.run(*EXPORT, code=13, error="nothing_to_export")
    assert renders(room) == 0


def test_a_render_that_is_not_waited_for_is_resumed(clip: Room) -> None:
    clip.service.plan_render(RenderPlan(seconds=1.5))
    document = clip.run(*EXPORT, "--timeout", "1", code=9, error="still_running")
    resumed = clip.go_on(document)
    assert (resumed["render_id"], len(resumed["videos"]), renders(clip)) == (document["render_id"], 1, 1)


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_stills_are_saved_without_a_render(room: Room, form: str, kind: str) -> None:
    room.service.plan_message(nemo.MessagePlan(effects=("picture", "picture", "clip")))
    room.run(*GENERATE, "two kites")
    document = room.run(*EXPORT, "--format", form)
    assert renders(room) == 0
    assert (len(document["images"]), document["videos"]) == (2, [])
    for row in document["images"]:
        content = on_disk(row)
        with Image.open(io.BytesIO(content)) as picture:
            true = picture.format
        assert row["media_type"] == f"image/{(true or '').lower()}"
    if form == "png":
        assert true == kind
    assert document["requested"]["format"] == form


def test_stills_where_there_are_none(room: Room) -> None:
    room.run(*GENERATE, "a clip")
    room.run(*EXPORT, "--format", "png", code=13, error="nothing_to_export")


def test_several_uploads_each_get_their_own_render(room: Room) -> None:
    room.do("connect")
    session = room.do("upload", room.file("a.mp4"), room.file("b.mp4"))["session_id"]
    made = []
    for name in ("a", "b"):
        document = room.run(*GENERATE, f"a clip of {name}.mp4", "--session", session, "--export")
        made.append(document["videos"][-1])
    assert len({row["render_id"] for row in made}) == len({row["sha256"] for row in made}) == 2
    assert (len(room.service.renders.by_id), room.charged()) == (2, [5, 5])


def test_looks_that_do_not_work_are_made_again(clip: Room) -> None:
    clip.service.renders.looks.extend([Plan(status=502), Plan(body=b"<html>"), Plan(fault=Fault.RESET)])
    clip.service.plan_render(RenderPlan(seconds=0.3))
    assert len(clip.run(*EXPORT)["videos"]) == 1
