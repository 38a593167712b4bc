"""How two files of a session are distinguished, and when a session counts as changed."""

from __future__ import annotations

from typing import Any

import pytest
from nemovideo.api.session_state import EMPTY, State, read_state

from shared.errors import ReadError

CDN = "https://cdn.example/get"
SIGNED = f"{CDN}?file=1&Expires={{0}}&X-Amz-Date=20261121T{{0}}Z&sign=a{{0}}&q-sign-time={{0}}&t={{0}}"


def state(*links: str, draft: Any = None) -> State:
    rows = [{"url": link, "type": "image"} for link in links]
    return read_state({"state": {"generated_media": rows, "draft": draft}})


def test_a_session_in_which_nothing_has_happened_is_an_empty_one() -> None:
    nothing: dict[str, Any] = {
        "draft": {},
        "video_infos": None,
        "canvas_config": {},
        "generated_media": [],
        "other": 1,
    }
    assert read_state({"state": nothing}) == EMPTY
    with pytest.raises(ReadError):
        read_state({"code": 0})


def test_signatures_do_not_tell_files_apart() -> None:
    first, second = state(SIGNED.format(1)), state(SIGNED.format(2), draft=None)
    assert first.digest == second.digest
    assert first.generated[0].key == second.generated[0].key


def test_links_that_differ_only_in_what_names_the_file_are_two() -> None:
    one, two = state(f"{CDN}?file=1", f"{CDN}?file=2").generated
    assert one.key != two.key
    assert state(f"{CDN}?file=1").digest != state(f"{CDN}?file=2").digest
    source = [state(draft={"t": [{"src": f"{CDN}?file={number}"}]}).digest for number in (1, 2)]
    assert source[0] != source[1]


def test_files_that_only_their_signature_tells_apart_keep_their_places() -> None:
    first = state(f"{CDN}?sign=a", f"{CDN}?sign=b", f"{CDN}?sign=b").generated
    again = state(f"{CDN}?sign=c", f"{CDN}?sign=d").generated
    assert len(first) == 2
    assert [one.key for one in first] == [one.key for one in again]
    assert len({one.key for one in first}) == 2


def test_words_that_hold_a_link_are_words() -> None:
    texts = [state(draft={"text": f"see https://a.example/{word} soon"}).digest for word in ("x", "y")]
    assert texts[0] != texts[1]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"url": "https://a.example/1.MP4?x=1"}, "video"),
        ({"cdn_url": "https://a.example/1", "file_type": "image/png"}, "image"),
        ({"url": "", "cdn_url": "https://a.example/1.mp3", "new": {"field": 1}}, "audio"),
        ({"url": "https://a.example/1"}, "unknown"),
    ],
)
def test_the_kind_is_told_or_shown_by_the_ending(row: dict[str, Any], kind: str) -> None:
    (media,) = read_state({"state": {"generated_media": [row, None, {"type": "image"}, {"url": 7}]}}).generated
    assert (media.kind, media.place) == (kind, 0)
