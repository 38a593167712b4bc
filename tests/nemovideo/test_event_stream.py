"""The parser of event streams: cut anywhere, it reads what a well-kept library reads from the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st
from nemovideo.api.event_stream import LONGEST, Event, EventParser

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
WORDS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=6)
LINES = st.one_of(
    st.builds("data: {}".format, WORDS),
    st.builds("data:{}".format, WORDS),
    st.builds("event: {}".format, st.sampled_from(["text", "heartbeat"])),
    st.builds(": {}".format, WORDS),
    st.builds("unknown: {}".format, WORDS),
    st.sampled_from(["data", "", "", "event:"]),
)
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda rows: "".join(line + end for line, end in rows))


def parsed(blocks: Iterable[bytes], *, whole: bool = False) -> list[Event]:
    parser = EventParser()
    found = [event for block in blocks for event in parser.feed(block)]
    return [*found, *(parser.end() if whole else ())]


def theirs(content: bytes) -> list[Event]:
    """Read a stream with httpx-sse, which also reports events without data."""
    answer = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=content)
    return [Event(one.event or "message", one.data) for one in EventSource(answer).iter_sse() if one.data]


@given(STREAMS)
def test_cut_at_every_byte_it_reads_what_another_library_reads(text: str) -> None:
    content = text.encode()
    expected = theirs(content)
    assert parsed([content]) == expected
    assert parsed(content[at : at + 1] for at in range(len(content))) == expected
    for cut in range(len(content) + 1):
        assert parsed([content[:cut], b"", content[cut:]]) == expected


def test_a_mark_at_the_start_is_no_part_of_the_first_name() -> None:
    assert parsed([b"\xef", b"\xbb\xbfdata: x\n\n", b"\xef\xbb\xbfdata: y\n\n"]) == [Event("message", "x")]


def test_what_is_no_utf_8_is_replaced() -> None:
    assert parsed([b"data: a\xffb\n\n"]) == [Event("message", "a\ufffdb")]


def test_the_last_event_of_a_whole_stream_may_lack_its_end() -> None:
    assert parsed([b"data: x\n\ndata: y"]) == [Event("message", "x")]
    assert parsed([b"data: x\n\ndata: y"], whole=True) == [Event("message", "x"), Event("message", "y")]


@pytest.mark.parametrize(
    "blocks",
    [
        [b"data: ", *[b"x" * (LONGEST // 4)] * 5, b"\n\n"],
        [*[b"data: " + b"x" * (LONGEST // 4) + b"\n"] * 5, b"\n"],
        [b": ", *[b"x" * (LONGEST // 4)] * 5, b"\ndata: lost with it\n\n"],
    ],
    ids=["one line", "many lines", "a comment"],
)
def test_an_event_that_is_too_long_is_dropped_and_the_next_is_read(blocks: list[bytes]) -> None:
    parser = EventParser()
    found = [event for block in [*blocks, b"data: next\n\n"] for event in parser.feed(block)]
    assert (found, parser.dropped) == ([Event("message", "next")], 1)
