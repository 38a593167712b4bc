"""The answer is read from its file in pieces, and means what json and base64 say."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_images.response import reader
from openai_images.response.reader import LongText, decode_image, read_document

LONG = reader.MAX_SHORT_STRING


def decoded(text: str, monkeypatch: pytest.MonkeyPatch | None = None, block: int = 7) -> bytes:
    """Decode an image from a document, in small blocks so that every boundary is met."""
    file, target = io.BytesIO(text.encode()), io.BytesIO()
    if monkeypatch:
        monkeypatch.setattr(reader, "BLOCK_SIZE", block)
        monkeypatch.setattr(reader, "MAX_SHORT_STRING", 8)
    parsed = read_document(file)["data"][0]["b64_json"]
    digest = decode_image(file, parsed, target)
    assert digest == hashlib.sha256(target.getvalue()).hexdigest()
    return target.getvalue()


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 64, 1000])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 29, 100, 101])
def test_pictures_come_out_whole_at_every_block_size(
    size: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256))[:size] or b"?"
    text = json.dumps({"data": [{"b64_json": base64.b64encode(content).decode()}], "more": "x"})
    assert decoded(text, monkeypatch, block) == content


@pytest.mark.parametrize("block", [1, 3, 16])
def test_spellings_that_servers_use(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 2
    text = base64.b64encode(content).decode()
    slashes = json.dumps({"data": [{"b64_json": text}]}).replace("/", "\\/")
    assert decoded(slashes, monkeypatch, block) == content
    escapes = {"+": "\\u002B", "/": "\\/", "=": "\\u003d", "A": "\\u0041"}
    escaped = "".join(escapes.get(char, char) for char in text)
    assert decoded(f'{{"data": [{{"b64_json": "{escaped}"}}]}}', monkeypatch, block) == content
    urls = json.dumps({"data": [{"b64_json": base64.urlsafe_b64encode(content).decode()}]})
    assert decoded(urls, monkeypatch, block) == content
    lines = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    assert decoded(json.dumps({"data": [{"b64_json": lines}]}), monkeypatch, block) == content
    assert decoded(json.dumps({"data": [{"b64_json": text.rstrip("=")}]}), monkeypatch, block) == content


def test_a_data_url_is_let_through() -> None:
    text = "data:image/png;base64," + base64.b64encode(b"picture").decode()
    assert decoded(json.dumps({"data": [{"b64_json": text}]})) == b"picture"


@pytest.mark.parametrize("text", ["***", "abcde", "ab=cd", "====", "é", "abc\\", "aGk\\u00ff", "aGk\\u20ac"])
def test_what_is_no_base64(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  - the kind is all that is promised
        decoded(json.dumps({"data": [{"b64_json": text}]}))


def test_long_strings_stay_in_the_file_and_everything_else_is_read() -> None:
    document = {
        "a": "x" * (LONG + 1),
        'quo"te\\': ["y" * LONG, "\\" * LONG, '"' * 3, "ü", 1.5, None],
        "b": {"c": []},
    }
    text = json.dumps(document, ensure_ascii=False).encode()
    parsed = read_document(io.BytesIO(text))
    start = text.index(b"x")
    assert parsed["a"] == LongText(start, start + LONG + 1)
    rest = parsed['quo"te\\']
    assert rest[0] == "y" * LONG
    assert isinstance(rest[1], LongText)
    assert (rest[2:], parsed["b"]) == (['"' * 3, "ü", 1.5, None], {"c": []})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def without_long(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return value if len(json.dumps(value).encode()) - 2 <= limit else ...
    if isinstance(value, list):
        return [without_long(item, limit) for item in value]
    if isinstance(value, dict):
        return {name: without_long(item, limit) for name, item in value.items()}
    return value


def with_long_texts(value: Any) -> Any:
    if isinstance(value, LongText):
        return ...
    if isinstance(value, list):
        return [with_long_texts(item) for item in value]
    if isinstance(value, dict):
        return {name: with_long_texts(item) for name, item in value.items()}
    return value


@settings(max_examples=150, deadline=None)
@given(JSON.filter(lambda value: "\\u0000" not in json.dumps(value)), st.integers(1, 9))
def test_any_document_is_read_as_json_reads_it(value: Any, block: int) -> None:
    text = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK_SIZE", block)
        patch.setattr(reader, "MAX_SHORT_STRING", 60)
        try:
            parsed = read_document(io.BytesIO(text))
        except ValueError:  # a name longer than the limit is left out too, which no service sends
            assert any(len(json.dumps(name)) > 62 for name in names(value))
            return
        assert with_long_texts(parsed) == without_long(value, 60)


def names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in names(item))]
    return [name for item in value for name in names(item)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "NaN", '{"a": Infinity}', '"\\u00000"', "[" * 100_000, '{"a": "', "<html>", "\ufffe"]
)
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_document(io.BytesIO(text.encode()))


def test_a_document_of_many_short_strings_is_bounded() -> None:
    text = json.dumps(["x" * 1000] * 5000).encode()
    with pytest.raises(ValueError, match="more than images"):
        read_document(io.BytesIO(text))
