"""Any answer of a service is read as a value or a known error, never another exception."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ima_studio import products, task_status
from ima_studio import wire as ima
from ima_studio.pricing import Offer
from kexiang import wire as kexiang
from nemovideo.api import refusals, render_status, session_state, timeline
from nemovideo.api import wire as nemo
from nemovideo.api.agent_event import Words, read_event
from nemovideo.api.event_stream import Event, EventParser
from openai_images import wire as openai
from openai_images.response.extraction import find_images
from openai_images.response.framing import Content
from openai_images.response.image_source import Link
from openai_images.response.refusal import refusal, service_error

from shared.errors import SkillError
from shared.http.response import HttpResponse, retry_after_seconds
from tests.faults.vectors.spoiled import BODIES, FEW, HUGE, spoilings
from tests.providers.ima_products import tree

if TYPE_CHECKING:
    from collections.abc import Callable

LEAVES = products._leaves(tree("text_to_image"))
LIST = [one for one in LEAVES if one["model_id"] == "gemini-3-pro-image"]
PRODUCT = products.read_products(LIST)[0]
OFFER = Offer(PRODUCT, PRODUCT.rules[0], {"size": "1K"}, 1)
MEDIAS = [
    {"resource_status": 1, "status": "success", "url": "https://a.example/1.png", "cover_url": ""},
    {"resource_status": 2, "status": "failed", "error_msg": "unsafe", "remark": ""},
]
IMAGES = {
    "created": 1,
    "data": [{"url": "https://a.example/1.png", "revised_prompt": "x"}],
    "usage": {"total_tokens": 7},
}
OUTPUT = {"imgUrls": ["https://a.example/1.png"]}
RENDER = {"status": "processing", "progress": 50, "output": {"url": "https://a.example/1.mp4"}}
DRAFT = {"t": [{"tt": 0, "sg": [{"d": 5000, "m": {"name": "kite", "start": 0, "volume": 0.5}}]}]}
PICTURE = {"url": "https://a.example/1.png?sign=x", "type": "image", "width": 64, "height": "48", "duration": None}
STATE = {"draft": DRAFT, "video_infos": [], "canvas_config": {"w": 1}, "generated_media": [PICTURE]}


def writable(value: object) -> None:
    """Hold a value to it: it can go into the result document."""
    json.dumps(value, allow_nan=False, default=vars)


def prices(document: Any) -> None:
    for product in products.read_products(document):
        writable(product.points_by_size())
        for rule in product.rules:
            writable(ima.quote(Offer(product, rule, product.defaults, 2)))


def read_timeline(document: Any) -> None:
    timeline.timeline(document, lambda name, **facts: f"{name} {facts}")
    writable([track.row() for track in timeline.tracks(document)])
    timeline.is_exportable(document)


def read_session_state(document: Any) -> None:
    found = session_state.read_state({"state": document})
    writable([found.generated, found.uploads])
    read_timeline(found.draft)


def delivered(document: Any) -> openai.Delivered:
    content = Content([document])
    return openai.to_delivered(content, find_images(io.BytesIO(), content), None)


def nemo_data(read: Callable[[dict[str, Any]], object]) -> Callable[[Any], object]:
    return lambda document: read(nemo.data_of(200, document, None))


READERS: dict[str, tuple[Callable[[Any], object], Any]] = {
    "kexiang create": (lambda one: kexiang.created(200, one).cost, {"id": 13170, "cost": 5}),
    "kexiang task": (
        lambda one: kexiang.task(200, one, None), {"id": 1, "task_status": "success", "service_output": OUTPUT}),
    "kexiang output": (
        lambda one: kexiang.task(200, {"task_status": "done", "service_output": json.dumps(one)}, None), OUTPUT),
    "kexiang refusal": (lambda one: kexiang.refusal(400, one, None), {"message": "no", "error": {"msg": "no"}}),
    "IMA create": (lambda one: ima.created(200, one, OFFER, None), {"code": 0, "data": {"id": "1"}}),
    "IMA refusal": (lambda one: ima.refusal(6010, 200, one, None), {"code": 6010, "message": "no"}),
    "IMA read": (lambda one: ima.read_data(200, one, None), {"code": 0, "message": "", "data": {}}),
    "IMA list": (prices, LIST),
    "IMA detail": (task_status.read_task, {"medias": MEDIAS}),
    "IMA upload": (ima.upload_links, {"ful": "https://a.example/1", "fdl": "https://a.example/2"}),
    "nemo refusal": (lambda one: refusals.refusal(200, one, None, certain=True), {"code": "1002", "msg": "x"}),
    "nemo token": (nemo_data(nemo.anonymous), {"data": {"token": "dummy-token", "user_id": 1, "expires_at": "x"}}),
    "nemo session": (nemo_data(nemo.opened), {"data": {"session_id": "s-1", "task_id": 7}}),
    "nemo credits": (nemo_data(nemo.balance), {"data": {"available": "93.5", "frozen": 0, "total": 100}}),
    "nemo upload": (nemo_data(nemo.uploaded), {"data": {"files": [{"filename": "a.png"}]}}),
    "nemo render": (nemo_data(render_status.read_render), {"data": RENDER}),
    "nemo state": (read_session_state, STATE),
    "nemo draft": (read_timeline, DRAFT),
    "zm image": (lambda document: delivered(document).cost, IMAGES),
    "zm refusal": (lambda document: refusal(400, service_error(document)), {"error": {"code": "x"}}),
}  # fmt: skip


@pytest.mark.parametrize(("read", "document"), READERS.values(), ids=READERS)
def test_an_answer_is_read_or_refused(read: Callable[[Any], object], document: Any) -> None:
    read(document)
    for odd in spoilings(document):
        with contextlib.suppress(SkillError):
            read(odd)


@FEW
@given(BODIES)
@example(b"[" * 100_000)
@example(b"[" * 100_000 + b"]" * 100_000)
@example(b"[" * 900 + b"]" * 900)
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":1,"a":2}')
@example(b'["\\ud83d"]')
@example(b"[NaN]")
@example(b"[1e999]")
@example(b"9" * 5000)
def test_a_body_is_strict_json_or_none(body: bytes) -> None:
    try:
        document = HttpResponse(200, {}, body).json()
    except ValueError:
        return
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


DATES = st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,9} [A-Z][a-z]{2} -?[0-9]{1,9} [0-9:]{1,9} [+-]?\w{1,9}\Z")


@FEW
@given(st.text(max_size=40) | DATES)
@example("9" * 5000)
@example("1e9")
@example("-1")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Mon, 01 Jan 2001 00:00:00 +9999999999")
@example("0 0 0 0 0")
def test_retry_after_is_seconds_or_nothing(text: str) -> None:
    seconds = retry_after_seconds(text)
    assert seconds is None or 0 <= seconds < float("inf")


WORDS = ("data:", "event:", "\n", "\r", "\r\n", "\n\n", " ", '{"type":"text","content":"a"}', "{", "\ufeff",
         "heartbeat", "id: 1", ":", '"', "}", "errorCode", "null")  # fmt: skip
STREAMS = st.lists(st.sampled_from([word.encode() for word in WORDS]) | st.binary(max_size=5), max_size=30)


@FEW
@given(STREAMS.map(b"".join), st.lists(st.integers(0, 200), max_size=6))
def test_a_stream_is_the_same_wherever_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    def events(*pieces: bytes) -> list[Event]:
        parser = EventParser()
        found = [event for piece in pieces for event in parser.feed(piece)]
        return [*found, *parser.end()]

    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    whole = events(stream)
    assert events(*(stream[start:end] for start, end in itertools.pairwise(places))) == whole
    assert isinstance(heard(*whole), str)


EVENTS = [
    {"type": "text", "content": "a kite", "error": None},
    {"content": {"parts": [{"text": "a", "functionCall": {"name": "draw"}}]}, "partial": True, "author": "agent"},
    {"type": "tool_call", "name": "draw"},
    {"errorCode": 7, "errorMessage": "no", "message": "no"},
]


@pytest.mark.parametrize("document", EVENTS, ids=["piece", "kit", "work", "trouble"])
def test_an_event_tells_something_or_nothing(document: Any) -> None:
    for odd in spoilings(document):
        assert isinstance(heard(Event("message", json.dumps(odd))), str)


def heard(*events: Event) -> str:
    words = Words()
    for said in itertools.chain.from_iterable(map(read_event, events)):
        words.add(said)
    return words.text


@pytest.mark.parametrize(
    "amount", [HUGE, -HUGE, -1, True, "7"], ids=["huge", "little", "negative", "true", "text"]
)
def test_a_cost_that_is_no_number_loses_no_picture(amount: Any) -> None:
    found = delivered({**IMAGES, "usage": {"total_tokens": amount}})
    assert (found.images[0].sources, found.cost) == ((Link("https://a.example/1.png"),), None)
