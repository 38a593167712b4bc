"""Reading what the service sends takes work in proportion to its size: characters are counted, not seconds."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from nemovideo.api import agent_event, session_state
from nemovideo.api.agent_event import MAX_TEXT, AgentEvent, Words, read_event
from nemovideo.api.event_stream import Event
from nemovideo.message import reply_rewriter

from shared.http.urls import MAX_URL_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 300_000
TALK_SIZE = 30_000  # characters; eight times what is kept


class Counted:
    """A pattern that counts the characters that it is matched against, and the longest text."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.characters = self.longest = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)

        def counted(*arguments: Any, **more: Any) -> Any:
            text = arguments[-1]
            self.characters += len(text)
            self.longest = max(self.longest, len(text))
            return method(*arguments, **more)

        return counted


@pytest.fixture
def patterns(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counted]:
    """Count the work of every pattern of talk.py."""
    counted = {
        name: Counted(value) for name, value in vars(reply_rewriter).items() if isinstance(value, re.Pattern)
    }
    for name, pattern in counted.items():
        monkeypatch.setattr(reply_rewriter, name, pattern)
    rules = [(meaning, Counted(english), Counted(chinese)) for meaning, english, chinese in reply_rewriter._RULES]
    monkeypatch.setattr(reply_rewriter, "_RULES", rules)
    for meaning, english, chinese in rules:
        counted |= {f"{meaning}, English": english, f"{meaning}, Chinese": chinese}
    return counted


TALK = {
    "stops": "!" * TALK_SIZE + "x",
    "stops and words": "!x" * (TALK_SIZE // 2),
    "full-width stops": "。a" * (TALK_SIZE // 2),
    "open quotation marks": "“" * TALK_SIZE,
    "closed quotation marks": '""' * (TALK_SIZE // 2),
    "clicks": "click the " * (TALK_SIZE // 10),
    "commas": "to click, " * (TALK_SIZE // 10),
    "spaces": " " * TALK_SIZE + "x",
    "numbers": "1. " * (TALK_SIZE // 3),
    "lines": "\n" * TALK_SIZE,
}
ONCE = ("_END",)
PER_SENTENCE = ("_STEP", "_NUMBER")


@pytest.mark.parametrize("name", TALK)
def test_the_agents_words_are_matched_in_short_pieces(name: str, patterns: dict[str, Counted]) -> None:
    text = TALK[name]
    assert "".join(reply_rewriter._sentences(text)) == text
    assert patterns["_END"].characters == len(text)
    reply_rewriter.translate(text, lambda message: message)
    for pattern_name, pattern in patterns.items():
        if pattern_name in ONCE:
            assert pattern.characters == 2 * len(text)
        elif pattern_name in PER_SENTENCE or pattern_name == "_FACT":
            assert pattern.characters <= 6 * len(text), pattern_name
        else:
            assert pattern.longest <= reply_rewriter.LONGEST, pattern_name


def pieces(text: str, size: int) -> Iterator[AgentEvent]:
    for place in range(0, len(text), size):
        yield AgentEvent("piece", text[place : place + size])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000])
@pytest.mark.parametrize("letter", ["a", "ab"])
def test_pieces_are_joined_without_being_copied_again_and_again(
    size: int, letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = 0
    text_of = agent_event._Part.text

    def counted(part: agent_event._Part) -> str:
        nonlocal joined
        joined += part.length
        return text_of(part)

    monkeypatch.setattr(agent_event._Part, "text", counted)
    words, text = Words(), letter * SIZE
    for said in pieces(text, size):
        words.add(said)
    assert joined <= len(text)
    assert len(words.text) <= MAX_TEXT


LINK = "https://cdn.example/a.mp4?"


@pytest.mark.parametrize(
    "query", ["sig" * (SIZE // 3) + "%0a", "&".join(["sig%0a=1"] * (SIZE // 9)), "a=" + "1" * SIZE, "&" * SIZE]
)
def test_the_query_of_a_long_link_is_not_read(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse = urllib.parse.parse_qsl

    def counted(text: str, **more: Any) -> list[tuple[str, str]]:
        read.append(len(text))
        return parse(text, **more)

    monkeypatch.setattr(session_state, "parse_qsl", counted)
    assert session_state.unsigned(LINK + query) == LINK.rstrip("?")
    session_state.unsigned(LINK + query[: MAX_URL_LENGTH - len(LINK)])
    assert sum(read) <= MAX_URL_LENGTH


def test_equal_links_are_counted_and_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"url": f"{LINK}sign={number}"} for number in range(5000)]
    calls: list[str] = []
    unsigned = session_state.unsigned

    def counted(url: str) -> str:
        calls.append(url)
        return unsigned(url)

    monkeypatch.setattr(session_state, "unsigned", counted)
    media = session_state.read_state({"state": {"generated_media": rows}}).generated
    assert [one.place for one in media] == list(range(5000))
    assert len(calls) == 2 * len(rows)  # once for the digest, once for the place


def test_what_is_nested_too_deep_is_no_state() -> None:
    deep: Any = []
    for _ in range(session_state.MAX_DEPTH):
        deep = {"a": [deep]}
    assert session_state.is_deep(deep)
    assert not session_state.is_deep({"t": [{"sg": [{"m": {"name": "kite"}}]}]})


def test_an_event_of_many_lines_is_read_once_more_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    loads = json.loads

    def counted(text: str) -> Any:
        nonlocal read
        read += len(text)
        return loads(text)

    monkeypatch.setattr(json, "loads", counted)
    data = "\n".join(["{}"] * 10_000)
    assert len(list(read_event(Event("message", data)))) == 10_000
    assert read <= 2 * len(data)
