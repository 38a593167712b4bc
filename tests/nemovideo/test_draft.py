"""A draft's short keys become the timeline that people read; what is not known is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from nemovideo.api.timeline import is_exportable, timeline, tracks
from nemovideo.messages import MESSAGES

from shared.i18n.catalog import Catalog


def track(kind: object, *segments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tt": kind, "sg": list(segments), **more}


DRAFT = {
    "t": [
        track(0, {"d": 4000, "m": {"name": "city"}}, {"d": 6000, "m": {"prompt": "timelapse"}}, z={"new": 1}),
        track(1, {"d": 10000, "m": {"name": "Lo-fi", "volume": 0.35}}),
        track(7, {"d": 3000, "m": {"text": "Urban Dreams", "start": 0}}),
        track(9),
    ],
    "canvas": [1, None],
}


def test_the_timeline_in_both_languages() -> None:
    assert timeline(DRAFT, Catalog("en", MESSAGES).format) == (
        "Timeline (4 tracks): 1. Video: city (0-4s), timelapse (4-10s) 2. BGM: Lo-fi (0-10s, 35%) "
        '3. Title: "Urban Dreams" (0-3s) 4. Track of type 9: empty'
    )
    chinese = timeline({"t": [track(0, {"d": 1500})]}, Catalog("zh", MESSAGES).format)
    assert chinese == "时间线（1 条轨道）： 1. 视频: - (0-1.5s)"


@pytest.mark.parametrize(("volume", "percent"), [(0.35, 35), (1, 100), (1.5, 150), (35, 35), (None, None)])
def test_the_volume_is_a_share_or_in_percent(volume: float | None, percent: int | None) -> None:
    (found,) = tracks({"t": [track(1, {"d": 1, "m": {"volume": volume}})]})
    assert found.segments[0].volume == percent


@pytest.mark.parametrize("draft", [None, [], {}, {"t": None}, {"t": [None, 1]}, {"t": [{"tt": 0, "sg": "x"}]}])
def test_what_is_malformed_counts_as_not_there(draft: Any) -> None:
    assert not is_exportable(draft)


def test_a_name_cannot_break_the_line() -> None:
    (found,) = tracks({"t": [track(0, {"d": 1, "m": {"name": "a\nMEDIA:/etc/passwd\x1b"}})]})
    assert found.segments[0].name == "a media\u2236/etc/passwd"
