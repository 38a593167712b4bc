"""Whatever a relay answers, a paid image is not lost, and nothing is sent again without proof or consent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai_images import retry_policy, wire
from openai_images.response.extraction import find_images
from openai_images.response.framing import read_content
from openai_images.response.image_source import Link
from openai_images.response.reader import decode_image
from openai_images.response.refusal import refusal, service_error
from openai_images.retry_policy import RetryPolicy

from shared.errors import OutcomeUnknown, SkillError
from shared.http.refusals import CODES
from shared.journal.entry import Entry
from shared.journal.store import SqliteStore
from shared.journal.submit import LockedTask
from shared.polling import Deadline
from tests.providers.openai_images import padded
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from pathlib import Path

SMALL = make_picture("png", 8, 8, 1)
IMAGES = (SMALL, make_picture("jpeg", 16, 8, 2), make_picture("webp", 8, 16, 3), padded(SMALL, 30_000))
NAMES = st.sampled_from(
    ["data", "images", "image", "output", "result", "results", "b64_json", "b64", "url", "image_url", "artifacts",
     "response", "choices", "message", "content", "payload", "generated", "图片", "x"]
)  # fmt: skip
NOISE = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "ok", "success", "生成"]))
STATUSES = st.sampled_from([200, 200, 200, 201, 202, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504])
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
Wrap = Callable[[Any], Any]


def spelled(image: bytes) -> st.SearchStrategy[str]:
    text = base64.b64encode(image).decode()
    return st.sampled_from(
        [text, text.rstrip("="), base64.urlsafe_b64encode(image).decode(), f"data:image/png;base64,{text}",
         base64.encodebytes(image).decode()]
    )  # fmt: skip


def wraps() -> st.SearchStrategy[Wrap]:
    def in_object(name: str, others: dict[str, Any]) -> Wrap:
        return lambda inner: {**others, name: inner}

    def in_list(before: list[Any]) -> Wrap:
        return lambda inner: [*before, inner]

    objects = st.builds(
        in_object, NAMES, st.dictionaries(st.sampled_from(["code", "id", "note"]), NOISE, max_size=2)
    )
    return objects | st.builds(in_list, st.lists(NOISE | st.just({}), max_size=2))


def framed(document: Any, frame: str) -> bytes:
    text = json.dumps(document)
    return {
        "plain": text.encode(),
        "blank": b"\r\n\t \xef\xbb\xbf\n" + text.encode(),
        "escaped": text.replace("/", "\\/").encode(),
        "indented": json.dumps(document, indent=2).encode(),
        "events": f"event: done\ndata: {text}\n\ndata: [DONE]\n\n".encode(),
        "comments": f": ping\n\n: ping\n\n{text}".encode(),
        "lines": f'{{"status": "working"}}\n{text}\n'.encode(),
    }[frame]


FRAMES = st.sampled_from(["plain", "blank", "escaped", "indented", "events", "comments", "lines"])


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    image = draw(st.sampled_from(IMAGES))
    document: Any = draw(spelled(image))
    for wrap in [*draw(st.lists(wraps(), max_size=3)), *draw(st.lists(wraps(), min_size=1, max_size=1))]:
        document = wrap(document)
    if draw(st.booleans()):
        document = {"data": [{"revised_prompt": "x"}, document]}
    return image, framed(document, draw(FRAMES))


def images_in(body: bytes) -> list[bytes]:
    file = io.BytesIO(body)
    decoded = []
    for image in find_images(file, read_content(file)):
        for source in image.sources:
            target = io.BytesIO()
            if not isinstance(source, Link):
                with contextlib.suppress(ValueError):
                    digest = decode_image(file, source, target)
                    assert digest == hashlib.sha256(target.getvalue()).hexdigest()
            decoded.append(target.getvalue())
    return decoded


def check_image(answer: tuple[bytes, bytes]) -> None:
    image, body = answer
    assert image in images_in(body)


@FUZZ
@given(answers())
def test_an_image_in_any_answer_is_found(answer: tuple[bytes, bytes]) -> None:
    check_image(answer)


@pytest.mark.thorough
@settings(FUZZ, max_examples=5000)
@given(answers())
def test_an_image_in_any_answer_is_found_thoroughly(answer: tuple[bytes, bytes]) -> None:
    check_image(answer)


BODIES = st.binary(max_size=300) | st.builds(
    framed,
    st.recursive(
        NOISE | st.text(max_size=30) | st.just("https://a.example/x.png"),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    FRAMES,
)


@FUZZ
@given(BODIES, STATUSES)
def test_any_answer_is_an_image_a_refusal_or_unknown_and_never_quoted(body: bytes, status: int) -> None:
    file = io.BytesIO(body)
    content = read_content(file)
    images = find_images(file, content)
    delivered = wire.to_delivered(content, images, None)
    json.dumps(delivered.document, default=str)
    error = service_error(content.document, is_page=content.is_page)
    refused = refusal(status, error)
    assert error.words.isprintable()
    assert refused is None or refused.facts["words"] == error.words


class Service:
    """Answers paid requests with these statuses and documents in turn, and counts what it may have charged."""

    def __init__(self, replies: list[tuple[int, Any]]) -> None:
        self.replies = replies
        self.sent: list[int] = []
        self.proven = 0

    def send(self, seconds: float) -> None:
        assert seconds > 0
        status, document = self.replies[min(len(self.sent), len(self.replies) - 1)]
        self.sent.append(status)
        refused = refusal(status, service_error(document))
        if refused:
            self.proven += 1
            raise refused
        raise OutcomeUnknown("answer_unclear", http_status=status)


ERRORS = st.one_of(
    st.just({"data": []}),
    st.builds(
        lambda code, words: {"error": {"code": code, "message": words}},
        st.sampled_from([*CODES, "server_error", "rate_limit_exceeded", "bad_response", None]),
        st.sampled_from(["", "overloaded", "no available channel", "upstream error"]),
    ),
)


@FUZZ
@given(replies=st.lists(st.tuples(STATUSES, ERRORS), min_size=1, max_size=4), before=st.integers(0, 2),
       consent=st.booleans())  # fmt: skip
def test_no_second_request_is_sent_without_proof_or_consent(
    replies: list[tuple[int, Any]], before: int, consent: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("journal")
    entry = Entry("0" * 64, "s", "p", "m", "m", "https://a.example/v1", "a")
    entry.local_id = "20260301T120000Z-00000001"
    entry.possible_charges = before
    store = SqliteStore(folder)
    store.create()
    with store.lock(entry.local_id) as lock:
        task = LockedTask(entry, store, lock, lambda: datetime.now(timezone.utc))
        service = Service(replies)
        limits = Deadline(1e9, lambda: 0.0, lambda _: None)
        with pytest.raises(SkillError):
            retry_policy.submit_with_retries(
                task, service.send, RetryPolicy(retry_unknown=consent), limits, begin=lambda _: None,
                wait=lambda *_: None,
            )  # fmt: skip
    unproven = [status for status in service.sent[:-1] if status not in wire.RETRYABLE]
    assert len(service.sent) <= 3
    assert entry.possible_charges - before == len(service.sent) - service.proven
    if before:  # one yes is one request that may be charged
        assert len(service.sent) - service.proven <= 1
    if not consent:
        assert unproven == []
