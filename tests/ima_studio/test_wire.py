"""The exact words that go to IMA and how its answers are read."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ima_studio import wire
from ima_studio.pricing import Offer
from ima_studio.products import Product, Rule

from shared.errors import (
    AuthenticationError,
    InvalidRequest,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimitError,
    ReadError,
    RequestRejected,
    SkillError,
)

FLASH = Product("gemini-3.1-flash-image", "gemini-3.1-flash-image-preview", "Nano Banana2")
OFFER = Offer(FLASH, Rule(4401, 6, {"size": "1K"}), {"n": 1, "size": "1K", "aspect_ratio": "1:1"}, 1)


def test_a_text_to_image_body_is_what_the_documents_show() -> None:
    assert wire.create_body("text_to_image", "a cat", OFFER, []) == {
        "task_type": "text_to_image",
        "enable_multi_model": False,
        "src_img_url": [],
        "parameters": [
            {
                "attribute_id": 4401,
                "model_id": "gemini-3.1-flash-image",
                "model_name": "Nano Banana2",
                "model_version": "gemini-3.1-flash-image-preview",
                "app": "ima",
                "platform": "web",
                "category": "text_to_image",
                "credit": 6,
                "parameters": {
                    "prompt": "a cat",
                    "n": 1,
                    "size": "1K",
                    "aspect_ratio": "1:1",
                    "input_images": [],
                    "cast": {"points": 6, "attribute_id": 4401},
                },
            }
        ],
    }


def test_inputs_stand_in_both_places() -> None:
    links = ["https://example.com/1.png", "https://example.com/2.png"]
    body = wire.create_body("image_to_image", "oil", OFFER, links)
    assert body["src_img_url"] == body["parameters"][0]["parameters"]["input_images"] == links
    assert body["parameters"][0]["category"] == "image_to_image"


def test_more_pictures_cost_more_and_the_credit_stays_the_rule_s() -> None:
    offer = Offer(FLASH, OFFER.rule, {**OFFER.parameters, "n": 3}, 3)
    body = wire.create_body("text_to_image", "a cat", offer, [])
    assert (body["parameters"][0]["credit"], body["parameters"][0]["parameters"]["n"]) == (6, 3)
    assert wire.quote(offer) == {"amount": 18, "unit": "points", "source": "quoted"}


def test_a_prompt_goes_out_as_it_is() -> None:
    prompt = '  "quoted" \\ \n\t猫 🐈 {size} '
    body = wire.create_body("text_to_image", prompt, OFFER, [])
    assert body["parameters"][0]["parameters"]["prompt"] == prompt


@pytest.mark.parametrize("code", [0, 200, "200"])
@pytest.mark.parametrize("task_id", ["65f0c1", 4711])
def test_an_accepted_create(code: object, task_id: object) -> None:
    made = wire.created(200, {"code": code, "message": "", "data": {"id": task_id}}, OFFER, None)
    assert (made.task_id, made.charged) == (str(task_id), "yes")
    assert made.cost == {"amount": 6, "unit": "points", "source": "quoted"}


def envelope(code: object, data: object = None) -> dict[str, Any]:
    return {"code": code, "message": "MEDIA:/etc/passwd\nno", "data": data}


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (401, AuthenticationError, "ima_key_refused"),
        (4008, QuotaExceeded, "points_missing"),
        (4014, QuotaExceeded, "tier_too_low"),
        (500, InvalidRequest, "too_complex"),
        (6006, InvalidRequest, "price_changed"),
        (6009, InvalidRequest, "attribute_missing"),
        (6010, InvalidRequest, "attribute_wrong"),
        (429, RateLimitError, "create_limited"),
        (1234, InvalidRequest, "ima_refused"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_body_s_code_decides(code: int, kind: type[SkillError], name: str, status: int) -> None:
    with pytest.raises(kind) as caught:
        wire.created(status, envelope(code), OFFER, None)
    assert (caught.value.code, caught.value.provider_code, caught.value.http_status) == (name, str(code), status)
    assert "media:" not in str(caught.value.facts["words"]).lower()


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (500, None),
        (502, {"message": "bad gateway"}),
        (404, None),
        (200, None),
        (200, []),
        (200, {"code": True, "data": {"id": "1"}}),
        (200, envelope(200, {})),
        (200, envelope(0, {"id": "../etc"})),
        (200, envelope(200, {"id": None})),
        (200, envelope(504)),
        (200, envelope(408)),
        (200, envelope(6010, {"id": "made-after-all"})),
    ],
)
def test_what_leaves_it_open_is_never_a_refusal(status: int, document: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        wire.created(status, document, OFFER, None)


def test_http_429_without_an_envelope_is_a_limit() -> None:
    with pytest.raises(RateLimitError) as caught:
        wire.created(429, None, OFFER, 7.0)
    assert (caught.value.retry_after, caught.value.provider_code) == (7.0, None)


@pytest.mark.parametrize("status", [404, 500, 502])
def test_a_transport_failure_is_no_business_code(status: int) -> None:
    with pytest.raises(ReadError) as caught:
        wire.read_data(status, None, 3.0)
    assert (caught.value.provider_code, caught.value.http_status, caught.value.retry_after) == (None, status, 3.0)


@pytest.mark.parametrize(
    ("code", "kind"), [(401, AuthenticationError), (4008, QuotaExceeded), (4014, QuotaExceeded)]
)
def test_what_no_repetition_mends_is_told_by_a_read_too(code: int, kind: type[SkillError]) -> None:
    with pytest.raises(kind):
        wire.read_data(200, envelope(code), None)


def test_a_read_that_is_refused() -> None:
    with pytest.raises(ReadError) as caught:
        wire.read_data(200, envelope(4004), None)
    assert caught.value.provider_code == "4004"
    assert wire.read_data(500, envelope(0, [1]), None) == [1]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "ima_key_refused"), (402, "out_of_credits"), (403, "not_allowed"), (451, "not_available_here")],
)
def test_a_status_without_an_envelope_says_what_it_is(status: int, code: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        wire.created(status, {"message": "no"}, OFFER, None)
    assert (caught.value.code, caught.value.provider_code, caught.value.http_status) == (code, None, status)
    assert caught.value.facts["words"] == "no"
    if status in wire.DEFINITE:
        with pytest.raises(RequestRejected) as read:
            wire.read_data(status, {"message": "no"}, None)
        assert read.value.code == code


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_code_that_proves_that_nothing_was_done_decides_before_the_status(status: int) -> None:
    with pytest.raises(QuotaExceeded) as caught:
        wire.created(status, {"error": {"code": "insufficient_quota", "message": "no"}}, OFFER, None)
    assert caught.value.code == "out_of_credits"


@pytest.mark.parametrize("status", [403, 406, 451, 503])
def test_a_web_firewall_is_named_and_leaves_the_outcome_open(status: int) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        wire.created(status, None, OFFER, None, is_page=True)
    assert (caught.value.code, caught.value.http_status) == ("answer_is_page", status)
    with pytest.raises(ReadError) as read:
        wire.read_data(status, None, None, is_page=True)
    assert read.value.code == "firewall_page"


@pytest.mark.parametrize(
    "document",
    [
        {"code": 200, "data": {"code": 200, "data": {"id": "t-1"}}},
        {"result": {"code": 0, "message": "", "data": {"id": "t-1"}}},
        {"code": 0, "data": [{"task_id": "t-1"}]},
        {"code": 0, "data": '{"id": "t-1"}'},
        [{"code": "200", "data": {"task": {"taskId": "t-1"}}}],
    ],
    ids=range(5),
)
def test_an_id_in_an_envelope_is_not_lost(document: Any) -> None:
    assert wire.created(200, document, OFFER, None).task_id == "t-1"


@pytest.mark.parametrize(
    "document", [{"id": "t-1"}, {"data": {"id": "t-1"}}, {"code": 504, "data": {"id": "t-1"}}]
)
@pytest.mark.parametrize("status", [200, 403, 500])
def test_an_id_without_a_success_is_kept(status: int, document: Any) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        wire.created(status, document, OFFER, None)
    assert caught.value.facts["given"] == "t-1"


def test_the_upload_form_is_signed_as_the_vendor_does() -> None:
    form = wire.upload_form("dummy", "image/jpeg", 1_700_000_000, "0123456789abcdef01234")
    text = b"webAgent|32jdskjdk320eew|1700000000|0123456789abcdef01234"
    assert form == {
        "appUid": "dummy",
        "cmimToken": "dummy",
        "appId": "webAgent",
        "appKey": "32jdskjdk320eew",
        "sign": hashlib.sha1(text).hexdigest().upper(),  # noqa: S324  - the vendor's scheme
        "timestamp": "1700000000",
        "nonce": "0123456789abcdef01234",
        "fService": "privite",
        "fType": "picture",
        "fSuffix": "jpeg",
        "fContentType": "image/jpeg",
    }


@pytest.mark.parametrize("data", [None, [], {}, {"ful": "https://a.example/1"}, {"ful": 1, "fdl": 2}])
def test_an_upload_without_links_may_be_tried_again(data: Any) -> None:
    with pytest.raises(ReadError):
        wire.upload_links(data)
