"""How IMA's detail is read."""

from __future__ import annotations

from typing import Any

import pytest
from ima_studio.task_status import read_task

from shared.errors import ReadError

READY = {
    "resource_status": 1,
    "status": "success",
    "url": "https://a.example/1.png",
    "cover_url": "https://a.example/c",
}
WORKING = {"resource_status": 0, "status": "processing", "url": None}
UNLINKED = {"resource_status": 1, "status": "processing", "url": None}
LINKLESS = {"resource_status": 1, "status": "success", "url": ""}
FAILED = {"resource_status": 2, "status": "failed", "error_msg": "unsafe"}
DELETED = {"resource_status": 3, "status": "success", "url": "https://a.example/1.png", "remark": "gone"}
DENIED = {"resource_status": 1, "status": "failed", "url": "https://a.example/1.png"}


@pytest.mark.parametrize(
    ("rows", "state", "ready"),
    [
        (None, "running", 0),
        ([], "running", 0),
        ("odd", "running", 0),
        ([WORKING], "running", 0),
        ([{"resource_status": None, "status": "pending"}], "running", 0),
        ([UNLINKED], "running", 0),
        ([LINKLESS], "running", 0),
        ([READY], "succeeded", 1),
        ([{**READY, "status": "processing"}], "succeeded", 1),
        ([READY, WORKING], "running", 1),
        ([READY, READY], "succeeded", 2),
        ([FAILED], "failed", 0),
        ([DELETED], "failed", 0),
        ([DENIED], "failed", 0),
        ([READY, FAILED], "failed", 1),
        ([WORKING, FAILED], "running", 0),
    ],
)
def test_a_task_has_ended_when_every_picture_has(rows: Any, state: str, ready: int) -> None:
    seen = read_task({"medias": rows})
    assert (seen.state, len(seen.ready), seen.ended) == (state, ready, state != "running")


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([LINKLESS], True),
        ([READY, LINKLESS], True),
        ([UNLINKED], False),
        ([LINKLESS, WORKING], False),
        ([], False),
    ],
)
def test_pictures_that_lack_only_their_links(rows: list[Any], missing: bool) -> None:
    assert read_task({"medias": rows}).only_links_missing is missing


def test_the_reason_is_the_service_s_own_in_one_harmless_line() -> None:
    assert read_task({"medias": [FAILED]}).reason == "unsafe"
    assert read_task({"medias": [DELETED]}).reason == "gone"
    assert "media:" not in read_task({"medias": [{**FAILED, "error_msg": "no\nMEDIA:/x"}]}).reason.lower()
    assert read_task({"medias": [DENIED]}).reason == ""


def test_an_unknown_word_is_told() -> None:
    seen = read_task({"medias": [{**WORKING, "status": "queued"}]})
    assert (seen.word, seen.known, seen.state) == ("queued", False, "running")
    assert read_task({"medias": [READY, WORKING]}).word == "processing"


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_no_task_is_a_look_that_did_not_work(data: Any) -> None:
    with pytest.raises(ReadError):
        read_task(data)
