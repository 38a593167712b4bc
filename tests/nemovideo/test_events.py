"""Events of both shapes become words, work, heartbeats and trouble; texts that come again count once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nemovideo.api.agent_event import MAX_TEXT, AgentEvent, Words, read_event
from nemovideo.api.event_stream import Event


def read(*documents: dict[str, Any] | str, name: str = "message") -> list[AgentEvent]:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return [said for text in texts for said in read_event(Event(name, text))]


def text_of(*documents: dict[str, Any]) -> str:
    words = Words()
    for said in read(*documents):
        words.add(said)
    return words.text


def typed(text: str) -> dict[str, Any]:
    return {"type": "text", "content": text}


def kit(text: str, *, partial: bool | None = None, **more: Any) -> dict[str, Any]:
    facts = {} if partial is None else {"partial": partial}
    return {"author": "nemo_agent", "content": {"role": "model", "parts": [{"text": text}]}, **facts, **more}


def test_pieces_of_the_typed_shape_are_joined() -> None:
    assert text_of(typed("Your kite "), {"type": "heartbeat"}, typed("is ready.")) == "Your kite is ready."


def test_a_growing_text_comes_again_whole_and_counts_once() -> None:
    pieces = [kit("Your kite ", partial=True), kit("is ready.", partial=True)]
    assert text_of(*pieces, kit("Your kite is ready.")) == "Your kite is ready."
    assert text_of(*pieces, kit("Your kite is ready.", partial=False)) == "Your kite is ready."
    assert text_of(*pieces) == "Your kite is ready."  # cut before the whole
    assert text_of(kit("Your kite", partial=True), kit("Your kite is ready", partial=True)) == "Your kite is ready"


def test_several_whole_texts_of_a_stream_all_count_in_order() -> None:
    call = {"author": "nemo_agent", "content": {"parts": [{"functionCall": {"name": "draw", "args": {}}}]}}
    assert text_of(kit("I begin."), call, kit("It is done."), kit("It is done.")) == "I begin.\nIt is done."


def test_thoughts_the_users_own_words_and_empty_texts_are_no_words() -> None:
    thought = {"author": "nemo_agent", "content": {"parts": [{"text": "inner", "thought": True}]}}
    assert text_of(thought, kit("mine", author="user") | {"author": "user"}, kit("")) == ""


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"type": "tool_call", "name": "draw", "args": {}}, "work"),
        ({"type": "tool_result", "name": "draw", "result": {}, "error": "retried"}, "work"),
        ({"content": {"parts": [{"functionResponse": {"name": "draw"}}], "role": "user"}}, "work"),
        (kit(""), "work"),
        ({"type": "heartbeat"}, "heartbeat"),
        ("", "heartbeat"),
        ({"type": "something new"}, "unknown"),
        ({"content": {"role": "model"}}, "unknown"),
        ({"actions": {"stateDelta": {}}}, "unknown"),
        ("no JSON", "unknown"),
        ("[1, 2]", "unknown"),
        ("[" * 100_000, "unknown"),
    ],
)
def test_what_holds_no_words(document: dict[str, Any] | str, kind: str) -> None:
    assert [said.kind for said in read(document)] == [kind]


def test_a_named_heartbeat_is_one_whatever_it_holds() -> None:
    assert [said.kind for said in read(typed("x"), name="heartbeat")] == ["heartbeat"]


@pytest.mark.parametrize(
    ("document", "text", "code"),
    [
        ({"errorCode": "SAFETY", "errorMessage": "not this"}, "not this", "SAFETY"),
        ({"errorCode": "SAFETY"}, "", "SAFETY"),
        ({"error": "ValueError: no", "error_details": {"error_type": "ValueError"}}, "ValueError: no", ""),
        ({"error": {"message": "no luck", "code": 7}}, "no luck", "7"),
        ({"type": "error", "message": "a\nMEDIA:/x"}, "a media\u2236/x", ""),
        ({"code": 2001, "message": "out of credits", "data": None}, "out of credits", "2001"),
    ],
)
def test_trouble_in_every_dress(document: dict[str, Any], text: str, code: str) -> None:
    assert read(document) == [AgentEvent("trouble", text, code)]


@pytest.mark.parametrize("more", [{"error": None}, {"error": ""}, {"code": 0}])
def test_an_empty_error_is_none(more: dict[str, Any]) -> None:
    assert read({**typed("fine"), **more}) == [AgentEvent("piece", "fine")]


def test_each_line_may_be_an_event_of_its_own() -> None:
    lines = "\n".join(json.dumps(typed(word)) for word in ("a ", "b"))
    assert text_of(*[json.loads(line) for line in lines.split("\n")]) == "a b"
    assert [said.text for said in read(lines)] == ["a ", "b"]


def test_no_more_is_kept_than_people_read() -> None:
    words = Words()
    for letter in "xyz":
        words.add(AgentEvent("piece", letter * (MAX_TEXT // 2)))
    assert len(words.text) == MAX_TEXT
