"""What a message changed per track, and which of the kinds that its text asks for are missing."""

from __future__ import annotations

from typing import Any

import pytest
from nemovideo.message.track_changes import compare, missing, track_facts, wishes


def draft(*tracks: tuple[int, int]) -> dict[str, Any]:
    """Return a draft with tracks of these types and numbers of segments."""
    return {
        "t": [{"tt": kind, "sg": [{"d": 1000, "m": {"name": f"n{i}"}} for i in range(n)]} for kind, n in tracks]
    }


def row(change: str, kind: str, before: int, after: int) -> dict[str, Any]:
    return {"kind": kind, "change": change, "segments_before": before, "segments_after": after}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (draft(), draft(), []),
        (None, draft((0, 1)), [row("added", "video", 0, 1)]),
        (draft((0, 1)), draft((0, 1), (1, 1)), [row("added", "audio", 0, 1)]),
        (draft((0, 1), (7, 2)), draft((0, 1)), [row("removed", "text", 2, 0)]),
        (draft((0, 1), (1, 1)), draft((0, 1), (1, 2)), [row("changed", "audio", 1, 2)]),
        (draft((1, 1), (1, 1)), draft((1, 1)), [row("removed", "audio", 1, 0)]),
        (draft((1, 1), (0, 1)), draft((0, 1), (1, 1)), []),  # only their order
        (draft((9, 1)), draft((9, 2)), [row("changed", "9", 1, 2)]),
    ],
)
def test_each_changed_track_is_one_row(before: Any, after: Any, changes: list[dict[str, Any]]) -> None:
    assert compare(track_facts(before), track_facts(after)) == changes


def test_a_fact_that_no_timeline_shows_is_a_change_too_and_a_fresh_signature_is_none() -> None:
    old, new = draft((1, 1)), draft((1, 1))
    old["t"][0]["asset"] = "https://cdn.example/a.mp3?sign=1"
    new["t"][0]["asset"] = "https://cdn.example/a.mp3?sign=2"
    assert compare(track_facts(old), track_facts(new)) == []
    new["t"][0]["speed"] = 2
    assert compare(track_facts(old), track_facts(new)) == [row("changed", "audio", 1, 1)]


def test_the_journal_keeps_no_names() -> None:
    assert "n0" not in str(track_facts(draft((0, 1))))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("add calm background music", {"audio": "added"}),
        ("加一段轻快的背景音乐", {"audio": "added"}),
        ("Make the music quieter, around 35%", {"audio": "changed"}),
        ("remove the music and add a title", {"audio": "removed", "text": "added"}),
        ("去掉背景音乐", {"audio": "removed"}),
        ("把标题改成红色", {"text": "changed"}),
        ("a clip with music", {"audio": "added"}),
        ("generate a picture of a cat, no text", {"image": "added"}),
        ("画一张海报，不要字幕", {"image": "added"}),
        ("draw a poster without any title", {"image": "added"}),
        ("what music would fit?", {}),
        ("哪种音乐合适？", {}),
        ("a red kite", {}),
        ("warmer light, slower zoom", {}),
        ("a portrait of a music teacher", {}),
    ],
)
def test_what_a_text_asks_for(text: str, asked: dict[str, str]) -> None:
    assert {wish["kind"]: wish["change"] for wish in wishes(text)} == asked


@pytest.mark.parametrize(
    ("text", "changes", "media", "kinds"),
    [
        ("add music", [row("added", "text", 0, 1)], [], ["audio"]),
        ("add music", [row("added", "audio", 0, 1)], [], []),
        ("add music", [row("removed", "audio", 1, 0)], [], ["audio"]),
        ("remove the title", [row("added", "text", 0, 1)], [], ["text"]),
        ("make the music quieter", [row("changed", "audio", 1, 1)], [], []),
        ("generate a picture", [], ["image"], []),
        ("generate a clip and add music", [row("added", "video", 0, 1)], ["video"], ["audio"]),
        ("generate a picture", [row("added", "audio", 0, 1)], ["audio"], ["image"]),
    ],
)
def test_what_is_missing(text: str, changes: list[dict[str, Any]], media: list[str], kinds: list[str]) -> None:
    assert [wish["kind"] for wish in missing(wishes(text), changes, media)] == kinds
