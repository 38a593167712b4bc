"""Payloads out, pictures and refusals in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai_images import wire
from openai_images.answer import LongText
from openai_images.request import ImageRequest

from shared.errors import KeyRefused, OutcomeUnknown, OutOfCredits, RateLimited, Refused, SkillError
from shared.references import Reference

REQUEST = ImageRequest("a cup\nof tea", "gpt-image-2", "1024x1536")
REFERENCES = tuple(
    Reference(Path(f"/home/me/my {kind}"), f"image/{kind}", 1, 1, 3, "0" * 64) for kind in ("png", "jpeg", "webp")
)


def test_the_body_of_a_generation() -> None:
    assert wire.generation_body(REQUEST) == {
        "model": "gpt-image-2",
        "prompt": "a cup\nof tea",
        "size": "1024x1536",
        "n": 1,
    }


def test_the_parts_of_an_edit_tell_no_path() -> None:
    form = b'Content-Disposition: form-data; name="'
    parts = wire.edit_parts(ImageRequest(REQUEST.prompt, REQUEST.model, REQUEST.size, REFERENCES))
    assert parts[:4] == [
        (form + b'model"\r\n\r\n', b"gpt-image-2"),
        (form + b'prompt"\r\n\r\n', b"a cup\nof tea"),
        (form + b'size"\r\n\r\n', b"1024x1536"),
        (form + b'n"\r\n\r\n', b"1"),
    ]
    heads = [
        form + b'image[]"; filename="reference-1.png"\r\nContent-Type: image/png\r\n\r\n',
        form + b'image[]"; filename="reference-2.jpg"\r\nContent-Type: image/jpeg\r\n\r\n',
        form + b'image[]"; filename="reference-3.webp"\r\nContent-Type: image/webp\r\n\r\n',
    ]
    assert parts[4:] == list(zip(heads, range(3), strict=True))


def test_a_picture_and_what_was_said_with_it() -> None:
    picture = LongText(5, 900_000)
    document = {"created": 1, "data": [{"b64_json": picture, "revised_prompt": "r"}], "usage": {"total_tokens": 7}}
    found = wire.delivered(200, document, "req_1")
    assert (found.picture, found.url, found.request_id) == (picture, None, "req_1")
    assert found.cost == {"amount": 7.0, "unit": "tokens", "source": "charged"}
    assert found.told["data"] == [{"b64_json": None, "revised_prompt": "r"}]


@pytest.mark.parametrize("link", ["data:image/png;base64,aGk=", LongText(5, 900_000)])
def test_a_picture_that_stands_where_its_link_belongs(link: Any) -> None:
    found = wire.delivered(200, {"data": [{"url": link}]}, None)
    assert (found.picture, found.url, found.told) == (link, None, {"data": [{"url": None}]})


@pytest.mark.parametrize("total", [None, True, -1, "7", float("nan"), float("inf")])
def test_a_cost_that_is_none(total: Any) -> None:
    document = {"data": [{"url": "https://a.example/x"}], "usage": {"total_tokens": total}}
    found = wire.delivered(200, document, None)
    assert (found.url, found.cost) == ("https://a.example/x", None)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"data": None}, {"data": []}, {"data": ["x"]}, {"data": [{"b64_json": ""}]}]
)
def test_an_answer_without_a_picture_leaves_the_outcome_open(document: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        wire.delivered(200, document, None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_value", Refused), (400, "moderation_blocked", Refused), (404, "", Refused),
        (422, "", Refused),
        (401, "", KeyRefused), (403, "", KeyRefused), (403, "content_policy_violation", Refused),
        (402, "", OutOfCredits), (429, "insufficient_quota", OutOfCredits), (429, "", RateLimited),
        (403, "insufficient_user_quota", OutOfCredits), (400, "billing_hard_limit_reached", OutOfCredits),
    ],
)  # fmt: skip
def test_what_is_definitely_refused(status: int, code: str, kind: type[SkillError]) -> None:
    error = wire.refusal(status, {"error": {"message": "no", "code": code}}, None)
    assert type(error) is kind
    assert error.http_status == status


@pytest.mark.parametrize("status", [200, 302, 408, 500, 503])
def test_what_may_have_been_accepted(status: int) -> None:
    assert wire.refusal(status, {"error": {"code": "moderation_blocked"}}, None) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"error": {"message": "too\nbad"}}, "too bad"), ({"message": "m"}, "m"), ({"error": "e"}, "e"),
        ({"detail": "d"}, "d"), (None, "no_words"), ({}, "no_words"),
        ({"error": {"message": 7}}, '{"error": {"message": 7}}'),
        ({"detail": [{"loc": ["size"], "msg": "bad"}]}, '{"detail": [{"loc": ["size"], "msg": "bad"}]}'),
        ({"error": LongText(1, 9)}, '{"error": null}'),
        ({"error": {"message": "MEDIA:/etc/passwd"}}, "media∶/etc/passwd"),
    ],
)  # fmt: skip
def test_the_words_of_a_service(document: Any, words: str) -> None:
    assert wire.service_words(document) == words
