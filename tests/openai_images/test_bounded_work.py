"""What is read of an answer is bounded as a whole, and the work on it grows no faster than its length."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openai_images.response import framing
from openai_images.response.extraction import MAX_SOURCES, find_images
from openai_images.response.framing import MAX_EVENTS, read_content
from openai_images.response.reader import MAX_SKELETON

from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

B64 = base64.b64encode(make_picture("png", 64, 48, 3)).decode()


class CountedFile(io.BytesIO):
    """A file that counts the bytes that are read from it."""

    work = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.work += len(content)
        return content


def work_on(body: bytes) -> int:
    """Return the bytes read and the functions called while the images of an answer are searched for."""
    file, calls = CountedFile(body), 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        find_images(file, read_content(file))
    finally:
        sys.setprofile(None)
    return file.work + calls


EVENT = b'data: {"a": "b"}\n\n'
ANSWERS: dict[str, Callable[[int], bytes]] = {
    "empty lines": lambda count: b"x" + b"\n" * count,
    "cut documents": lambda count: b"{\n" * count,
    "data without an end": lambda count: b"data: {\n" * count,
    "events": lambda count: EVENT * (count // 8),
    "names": lambda count: b"event: x\n" * (count // 4),
    "backslashes": lambda count: b'{"a": "' + b"\\" * (2 * count) + b'"}',
    "links": lambda count: json.dumps({"content": "<img " * count}).encode(),
    "texts": lambda count: json.dumps(
        [{"content": f"https://a.example/{n}"} for n in range(count // 16)]
    ).encode(),
    "long texts": lambda count: json.dumps([{"content": "<img " * 2000}] * (count // 500)).encode(),
    "JSON in JSON": lambda count: json.dumps([{"data": json.dumps({"a": "{}"})}] * (count // 16)).encode(),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_twice_the_answer_is_twice_the_work(name: str) -> None:
    make = ANSWERS[name]
    once, twice = work_on(make(4_000)), work_on(make(8_000))
    assert twice <= 2.2 * once + 1_000


def events(*documents: Any) -> io.BytesIO:
    return io.BytesIO(b"".join(f"data: {json.dumps(document)}\n\n".encode() for document in documents))


def test_all_events_together_are_bounded() -> None:
    content = read_content(events(*[{"text": "x" * 5_000}] * 1_000))
    assert content.is_cut
    assert MAX_SKELETON - 10_000 < sum(len(json.dumps(document)) for document in content.documents) <= MAX_SKELETON


def test_the_number_of_events_is_bounded() -> None:
    content = read_content(events(*[{}] * (MAX_EVENTS + 1)))
    assert (len(content.documents), content.is_cut) == (MAX_EVENTS, True)
    assert not read_content(events(*[{}] * MAX_EVENTS)).is_cut


def test_the_number_of_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_LINES", 10)
    content = read_content(io.BytesIO(b": hello\n" * 8 + EVENT * 3))
    assert (content.documents, content.is_cut) == ([{"a": "b"}], True)


def test_images_are_found_among_much_else() -> None:
    file = events(*[{"delta": {"content": "x" * 900}}] * 2_000, {"data": [{"b64_json": B64}]})
    content = read_content(file)
    assert (len(find_images(file, content)), content.is_cut) == (1, False)


def test_the_ways_to_one_image_are_bounded() -> None:
    file = io.BytesIO(json.dumps({f"url_{n}": f"https://a.example/{n}.png" for n in range(1_000)}).encode())
    (image,) = find_images(file, read_content(file))
    assert len(image.sources) == MAX_SOURCES
