"""What a service says instead of an image, and what that proves."""

from __future__ import annotations

from typing import Any

import pytest
from openai_images.response.reader import LongText
from openai_images.response.refusal import refusal, refuses_field, service_error

from shared.errors import AuthenticationError, InvalidRequest, QuotaExceeded, RateLimitError, SkillError
from shared.http.refusals import CODES

NO_CHANNEL = "No available channel for model gpt-image-2 under group default (distributor)"


def refused(status: int, document: Any) -> SkillError | None:
    return refusal(status, service_error(document))


@pytest.mark.parametrize(
    ("status", "code", "kind", "error"),
    [
        (400, "invalid_value", InvalidRequest, "refused"),
        (400, "moderation_blocked", InvalidRequest, "content_refused"),
        (422, "", InvalidRequest, "refused"),
        (401, "", AuthenticationError, "key_refused"),
        (403, "", InvalidRequest, "not_allowed"),
        (403, "invalid_api_key", AuthenticationError, "key_refused"),
        (403, "content_policy_violation", InvalidRequest, "content_refused"),
        (402, "", QuotaExceeded, "out_of_credits"),
        (429, "insufficient_quota", QuotaExceeded, "out_of_credits"),
        (429, "", RateLimitError, "create_limited"),
        (403, "insufficient_user_quota", QuotaExceeded, "out_of_credits"),
        (400, "billing_hard_limit_reached", QuotaExceeded, "out_of_credits"),
        (404, "model_not_found", InvalidRequest, "model_refused"),
    ],
)
def test_refusal_of_certain_rejection_names_its_error(
    status: int, code: str, kind: type[SkillError], error: str
) -> None:
    rejection = refused(status, {"error": {"message": "no", "code": code}})
    assert type(rejection) is kind
    assert (rejection.code, rejection.http_status) == (error, status)


@pytest.mark.parametrize("status", [200, 302, 408, 500, 503])
@pytest.mark.parametrize("code", ["moderation_blocked", "server_error", "rate_limit_exceeded", "x"])
def test_what_may_have_been_accepted(status: int, code: str) -> None:
    assert refused(status, {"error": {"code": code, "message": "overloaded"}}) is None


STATUSES = (200, 202, 302, 400, 408, 429, 500, 503, 504, 524)


@pytest.mark.parametrize("code", CODES)
def test_a_code_that_proves_that_nothing_was_done_decides_before_the_status(code: str) -> None:
    kind = {"key": AuthenticationError, "credits": QuotaExceeded, "model": InvalidRequest}[CODES[code]]
    for document in (
        {"error": {"message": "no", "code": code}},
        {"error": {"message": "no", "type": code.upper(), "code": None}},
        {"code": code, "message": "no"},
        {"code": 500, "data": {"error": {"code": code}}},
        {"error": code},
        {"error": {"message": f'{{"error": {{"code": "{code}"}}}}'}},
        {"type": "error", "error": {"type": code}},
        [{"error": {"code": code}}],
    ):
        assert {type(refused(status, document)) for status in STATUSES} == {kind}, document


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (NO_CHANNEL, InvalidRequest),
        ("当前分组 default 下对于模型 gpt-image-2 无可用渠道", InvalidRequest),
        ("The model `gpt-image-9` does not exist or you do not have access to it.", InvalidRequest),
        ("模型 gpt-image-9 不存在", InvalidRequest),
        ("You exceeded your current quota, please check your plan and billing details.", QuotaExceeded),
        ("insufficient user quota", QuotaExceeded),
        ("令牌额度已用尽", QuotaExceeded),
        ("用户额度不足, 剩余额度: $0.10", QuotaExceeded),
        ("Incorrect API key provided: dummy", AuthenticationError),
        ("无效的令牌", AuthenticationError),
        ("Invalid token (request id: 2026)", AuthenticationError),
        ("Invalid URL (POST /images/generations)", InvalidRequest),
    ],
)
@pytest.mark.parametrize("status", [200, 500, 503])
def test_words_that_prove_that_nothing_was_done(words: str, kind: type[SkillError], status: int) -> None:
    assert type(refused(status, {"error": {"message": words, "type": "new_api_error"}})) is kind
    assert type(refused(status, {"msg": words})) is kind


@pytest.mark.parametrize(
    "words",
    [
        "upstream error", "Unexpected token < in JSON", "invalid token '<' at position 0", "timeout", "系统繁忙",
        "The image was made and could not be stored", "bad response status code 502", "quota service unreachable",
    ],
)  # fmt: skip
def test_words_that_prove_nothing(words: str) -> None:
    assert refused(500, {"error": {"message": words}}) is None


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        ("Your organization must be verified to use the model `gpt-image-2`.", "verification"),
        ("blocked by our content policy", "content"),
        ("Country, region, or territory not supported", "region"),
        ("Sorry, you have been blocked. Cloudflare Ray ID: 8", "firewall"),
        ("forbidden", "other"),
    ],
)
def test_a_request_that_is_not_allowed_names_its_way_out(words: str, way_out: str) -> None:
    rejection = refused(403, {"error": {"message": words}})
    assert rejection
    assert (rejection.code, rejection.facts["way_out"]) == ("not_allowed", f"not_allowed_{way_out}")


def test_a_page_with_403_is_a_firewalls() -> None:
    rejection = refusal(403, service_error(None, is_page=True))
    assert rejection
    assert rejection.facts["way_out"] == "not_allowed_firewall"


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (404, {"error": {"message": "Invalid URL (POST /images/generations)"}}, "address_wrong"),
        (404, {"detail": "Not Found"}, "address_wrong"),
        (404, {"status": 404, "error": "Not Found", "path": "/images/generations"}, "address_wrong"),
        (404, {"message": "404 page not found"}, "address_wrong"),
        (404, None, "address_wrong"),
        (405, {"detail": "Method Not Allowed"}, "address_wrong"),
        (404, {"error": {"message": "The file is gone"}}, "refused"),
        (404, {"error": {"message": "model x not found"}}, "model_refused"),
    ],
)
def test_an_address_that_is_no_api_is_told_from_a_missing_model(status: int, document: Any, code: str) -> None:
    rejection = refused(status, document)
    assert rejection
    assert rejection.code == code


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"error": {"message": "too\nbad"}}, "too bad"), ({"message": "m"}, "m"), ({"error": "e"}, "e"),
        ({"detail": "d"}, "d"), (None, "no_words"), ({}, "no_words"),
        ({"error": {"message": 7}}, '{"error": {"message": 7}}'),
        ({"detail": [{"loc": ["size"], "msg": "bad"}]}, "bad"),
        ({"error": LongText(1, 9)}, '{"error": null}'),
        ({"error": {"message": "MEDIA:/etc/passwd"}}, "media\u2236/etc/passwd"),
        ({"images": ["iVBORw0KGgo" * 40]}, '{"images": ["…"]}'),
        ({"error": {"message": "bad image " + "A" * 200}}, "bad image …"),
    ],
)  # fmt: skip
def test_the_words_of_a_service(document: Any, words: str) -> None:
    assert service_error(document).words == words


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (422, {"detail": [{"loc": ["body", "image"], "msg": "Field required", "type": "missing"}]}, True),
        (400, {"error": {"message": "Unknown parameter: 'image[]'.", "code": "unknown_parameter"}}, True),
        (400, {"error": {"message": "image is required"}}, True),
        (400, {"error": {"message": "缺少 image 参数"}}, True),
        (400, {"error": {"message": "the size is wrong"}}, False),
        (500, {"error": {"message": "image is required"}}, False),
        (400, None, False),
    ],
)
def test_a_form_that_is_refused_for_a_name_alone(status: int, document: Any, expected: bool) -> None:
    assert refuses_field(status, document) is expected


@pytest.mark.parametrize("words", ["invalid api key", "Invalid  API\nkey", "INVALID API KEY"])
def test_a_phrase_of_the_prompt_is_no_proof(words: str) -> None:
    document = {"error": {"message": f'no answer for "a sign: {words}"'}}
    assert refusal(503, service_error(document, prompt=f"a sign: {words.lower()}")) is None
    assert type(refusal(503, service_error(document, prompt="a sign"))) is AuthenticationError
    both = {"error": {"message": f"Insufficient balance for: a sign: {words}"}}
    assert type(refusal(503, service_error(both, prompt=f"a sign: {words}"))) is QuotaExceeded
