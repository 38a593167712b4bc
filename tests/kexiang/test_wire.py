"""The words of kexiangai.com: exact bodies out; every answer in, whatever it is."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kexiang import wire
from kexiang.request import ImageRequest

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
from shared.i18n.messages import MessageRef

PROMPT = 'a "red" kite\n$(id) 猫 \\n'


# ---- what is sent


def test_the_body_of_text2img() -> None:
    assert wire.create_body(ImageRequest("text2img", PROMPT, "3:4")) == {
        "cost_type": 1,
        "business_url": "gpt-image2/img",
        "user_input": {"modelName": "GPT-Image-2", "modelType": "text2img", "prompt": PROMPT, "size": "3:4"},
    }


def test_the_body_of_img2img() -> None:
    urls = ("https://a.example/1.png?sig=1", "https://a.example/2.png")
    assert wire.create_body(ImageRequest("img2img", PROMPT, "auto", urls, "GPT-Image-3")) == {
        "cost_type": 1,
        "business_url": "gpt-image2/img",
        "user_input": {
            "modelName": "GPT-Image-3",
            "modelType": "img2img",
            "prompt": PROMPT,
            "size": "auto",
            "urls": ["https://a.example/1.png?sig=1", "https://a.example/2.png"],
        },
    }


OTHER_MODELS = (
    "GPT-Image-2.5-Sunburst",
    "GPT-Image-2.5-Flare",
    "GPT-Image-2-Official",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
)


@pytest.mark.parametrize("model", OTHER_MODELS)
def test_the_bodies_of_the_other_models(model: str) -> None:
    user_input = {"modelName": model, "modelType": "text2img", "prompt": PROMPT, "size": "3:4"}
    assert wire.create_body(ImageRequest("text2img", PROMPT, "3:4", (), model)) == {"user_input": user_input}
    link = "https://a.example/1.png"
    assert wire.create_body(ImageRequest("img2img", PROMPT, "3:4", (link,), model, "4k", "high")) == {
        "user_input": {
            **user_input, "modelType": "img2img", "image_urls": [link], "resolution": "4k", "quality": "high",
        }
    }  # fmt: skip


def test_resolution_and_quality_are_sent_alone_to_the_model_of_the_documents() -> None:
    plain = wire.create_body(ImageRequest("text2img", PROMPT, "3:4"))
    for name, value in (("resolution", "2k"), ("quality", "low")):
        body = wire.create_body(ImageRequest("text2img", PROMPT, "3:4", **{name: value}))  # type: ignore[arg-type]
        assert body == {**plain, "user_input": {**plain["user_input"], name: value}}


def test_the_paths_and_the_header() -> None:
    assert wire.CREATE_PATH == "/api/v1/user_task/asyncCreateWithCost"
    assert wire.QUERY_PATH == "/api/v1/user_task/get/passAuth/"
    assert wire.KEY_HEADER == "x-api-key"


# ---- the answer to a create


def test_a_created_task_has_an_id_and_a_cost() -> None:
    answer = {"id": 13170, "task_status": "pending", "cost": "0.2", "user_input": {}}
    created = wire.created(200, answer)
    assert (created.task_id, created.charged) == ("13170", "yes")
    assert created.cost == {"amount": 0.2, "unit": "credits", "source": "charged"}


@pytest.mark.parametrize(
    ("value", "task_id"),
    [
        (1, "1"),
        ("77", "77"),
        ("a-B_9", "a-B_9"),
        ("x" * 128, "x" * 128),
        (13170.0, "13170"),
        (" 77\r\n", "77"),
        (float(2**52), str(2**52)),
    ],
)
def test_ids_are_numbers_or_plain_text(value: object, task_id: str) -> None:
    assert wire.created(200, {"id": value}).task_id == task_id


NO_IDS: list[Any] = [
    None,
    True,
    False,
    1.5,
    float(2**53),
    1e300,
    "",
    " ",
    "7 7",
    "../77",
    "77/..",
    "%2e%2e",
    "77?x",
    "77#x",
    "7\n7",
    "７７",
    "x" * 129,
    [77],
    {"id": 77},
]


@pytest.mark.parametrize("value", NO_IDS, ids=repr)
def test_an_answer_without_a_usable_id_leaves_the_outcome_open(value: object) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        wire.created(201, {"id": value, "cost": "0.2"})
    assert (caught.value.code, caught.value.exit_code, caught.value.http_status) == ("answer_without_id", 10, 201)


@pytest.mark.parametrize("document", [None, {}, [], "77", 77, {"data": {"note": 77}}, {"data": "error"}], ids=repr)
def test_an_answer_of_another_form_leaves_the_outcome_open(document: object) -> None:
    with pytest.raises(OutcomeUnknown, match="answer_without_id"):
        wire.created(200, document)


@pytest.mark.parametrize(
    ("value", "amount"), [("0.2", 0.2), ("1", 1.0), (" 3.50 ", 3.5), (2, 2.0), (0.25, 0.25), ("0", 0.0), (0, 0.0)]
)
def test_costs_are_text_or_numbers(value: object, amount: float) -> None:
    assert wire.created(200, {"id": 1, "cost": value}).cost == {
        "amount": amount,
        "unit": "credits",
        "source": "charged",
    }


@pytest.mark.parametrize(
    "value",
    [None, "", "free", "-1", -0.5, "nan", "inf", "1e999", "0.2 credits", "0,2", True, [0.2], {}, 10**400],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_cost_is_left_out_and_the_id_counts(value: object) -> None:
    created = wire.created(200, {"id": 1, "cost": value})
    assert (created.task_id, created.cost) == ("1", None)
    assert wire.created(200, {"id": 1}).cost is None


# ---- refusals

REFUSALS = [
    (400, InvalidRequest, "refused"),
    (401, AuthenticationError, "key_refused"),
    (402, QuotaExceeded, "out_of_credits"),
    (403, InvalidRequest, "not_allowed"),
    (404, InvalidRequest, "refused"),
    (409, InvalidRequest, "refused"),
    (422, InvalidRequest, "refused"),
    (429, RateLimitError, "create_limited"),
    (451, InvalidRequest, "not_available_here"),
    (499, InvalidRequest, "refused"),
]


@pytest.mark.parametrize(("status", "kind", "code"), REFUSALS)
def test_a_definite_refusal_has_its_own_error(status: int, kind: type[SkillError], code: str) -> None:
    error = wire.refusal(status, {"message": "no\nway"}, None)
    assert type(error) is kind
    assert (error.code, error.http_status, error.facts["words"]) == (code, status, "no way")
    assert error.facts["status"] == status


@pytest.mark.parametrize(
    "status", [100, 200, 201, 204, 301, 302, 304, 307, 399, 408, 500, 502, 503, 504, 520, 599]
)
def test_whatever_is_not_definite_is_no_refusal(status: int) -> None:
    assert wire.refusal(status, {"message": "no"}, 5.0) is None


@pytest.mark.parametrize(
    ("retry_after", "wait", "facts"),
    [
        (None, "wait_unknown", {}),
        (0.0, "seconds", {"seconds": "0"}),
        (30.4, "seconds", {"seconds": "30"}),
        (3600.0, "seconds", {"seconds": "3600"}),
    ],
)
def test_a_limit_tells_how_long(retry_after: float | None, wait: str, facts: dict[str, object]) -> None:
    error = wire.refusal(429, None, retry_after)
    assert isinstance(error, RateLimitError)
    message = error.facts["wait"]
    assert isinstance(message, MessageRef)
    assert (error.retry_after, message, message.facts) == (retry_after, wait, facts)
    assert error.remedy == "again"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"message": "a", "msg": "b"}, "a"),
        ({"message": "", "msg": "b"}, "b"),
        ({"message": None, "error": "c"}, "c"),
        ({"message": {"deep": 1}, "detail": "d"}, "d"),
        ({"message": "\x1b\u200b", "detail": "d"}, "d"),
        ({"message": "MEDIA:/etc/passwd"}, "media\u2236/etc/passwd"),
    ],
)
def test_the_services_words_are_found_and_made_harmless(document: object, words: str) -> None:
    assert wire.service_words(document) == words


@pytest.mark.parametrize("document", [None, {}, [], "no", 5, {"message": 5}, {"message": "  "}], ids=repr)
def test_without_words_the_catalogue_speaks(document: object) -> None:
    words = wire.service_words(document)
    assert (type(words), words) == (MessageRef, "no_words")


# ---- a poll of a task

WORDS = {
    "running": ["pending", "running", "Pending", "RUNNING"],
    "succeeded": ["success", "succeeded", "done", "completed", "SUCCESS", "Done"],
    "failed": ["failed", "error", "canceled", "cancelled", "FAILED", "Cancelled"],
}


@pytest.mark.parametrize(("state", "word"), [(state, word) for state, words in WORDS.items() for word in words])
def test_every_status_word_is_known(state: str, word: str) -> None:
    task = wire.task(200, {"task_status": word}, None)
    assert (task.state, task.word, task.known, task.ended) == (state, word, True, state != "running")


@pytest.mark.parametrize(
    ("status", "word"), [("queued", "queued"), ("", ""), (None, "None"), (3, "3"), ("ab " * 33, "ab " * 13 + "…")]
)
def test_an_unknown_status_is_still_running(status: object, word: str) -> None:
    task = wire.task(200, {"task_status": status, "service_output": {"imgUrls": ["https://a.example/1"]}}, None)
    assert (task.state, task.word, task.known, task.ended) == ("running", word, False, False)


LINKS = ("https://a.example/1.png", "https://a.example/2.png")
OUTPUTS: list[tuple[Any, tuple[str, ...]]] = [
    ({"imgUrls": list(LINKS)}, LINKS),
    ({"imgUrls": list(LINKS), "imgUrl": "https://other"}, LINKS),
    ({"imgUrl": LINKS[0]}, LINKS[:1]),
    ({"imgUrls": [], "imgUrl": LINKS[0]}, LINKS[:1]),
    ({"imgUrls": None, "imgUrl": LINKS[0]}, LINKS[:1]),
    ({"imgUrls": LINKS[0], "imgUrl": LINKS[1]}, LINKS[1:]),
    ({"imgUrls": [None, "", 5, LINKS[0], {}]}, LINKS[:1]),
    ({"imgUrl": ""}, ()),
    ({"imgUrl": ["x"]}, ()),
    ({}, ()),
    ([], ()),
    (None, ()),
    (5, ()),
]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(("output", "links"), OUTPUTS, ids=repr)
def test_the_output_is_an_object_or_json_text_or_null(
    output: object, links: tuple[str, ...], *, as_text: bool
) -> None:
    document = {"task_status": "success", "service_output": json.dumps(output) if as_text else output}
    assert wire.task(200, document, None).links == links


@pytest.mark.parametrize("text", ["", "{", "not json", '"{}"', "[" * 100_000, "NaN", "{} {}"], ids=lambda t: t[:9])
def test_output_that_is_no_json_text_is_none(text: str) -> None:
    assert wire.task(200, {"task_status": "success", "service_output": text}, None).links == ()
    assert wire.task(200, {"task_status": "success"}, None).links == ()


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no faces", "no faces"),
        ("a\nMEDIA:/x", "a media\u2236/x"),
        (None, ""),
        ({"code": 1}, "{'code': 1}"),
        ("", ""),
    ],
)
def test_a_failed_task_tells_why(reason: object, told: str) -> None:
    task = wire.task(200, {"task_status": "failed", "service_output": {"failReason": reason}}, None)
    assert (task.state, task.reason, task.ended) == ("failed", told, True)


@pytest.mark.parametrize(
    ("status", "code"), [(401, "key_refused"), (403, "not_allowed"), (451, "not_available_here")]
)
def test_a_query_that_is_definitely_refused_ends_the_polling(status: int, code: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        wire.task(status, {"message": "no"}, None)
    assert (caught.value.code, caught.value.http_status, caught.value.remedy) == (code, status, "resume")
    assert caught.value.facts["words"] == "no"


def test_a_task_that_is_not_there_may_yet_come() -> None:
    with pytest.raises(ReadError) as caught:
        wire.task(404, None, None)
    assert (caught.value.code, caught.value.http_status) == ("task_unknown_at_service", 404)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (200, None),
        (200, []),
        (200, {}),
        (200, {"status": "success"}),
        (201, {"task_status": "success"}),
        (302, {"task_status": "success"}),
        (400, {"message": "no"}),
        (408, None),
        (429, None),
        (500, {"task_status": "failed"}),
        (502, None),
    ],
)
def test_anything_else_is_a_failed_look_and_no_failed_task(status: int, document: object) -> None:
    with pytest.raises(ReadError) as caught:
        wire.task(status, document, 7.0)
    assert (caught.value.code, caught.value.http_status, caught.value.retry_after) == ("read_failed", status, 7.0)


# ---- whatever may come

NAMES = [
    "id",
    "cost",
    "task_status",
    "service_output",
    "imgUrls",
    "imgUrl",
    "failReason",
    "message",
    "msg",
    "error",
]
WORD_OF_STATUS = st.sampled_from([word for words in WORDS.values() for word in words])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORD_OF_STATUS
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6)
        | inner.map(json.dumps)
    ),
    max_leaves=12,
)
DOCUMENTS = JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))
STATUSES = st.integers(100, 599) | st.just(200)


@given(status=STATUSES, document=DOCUMENTS, retry_after=st.none() | st.floats(0, 1e9), is_page=st.booleans())
def test_no_document_raises_anything_but_our_errors(
    status: int, document: Any, retry_after: float | None, *, is_page: bool
) -> None:
    error = wire.refusal(status, document, retry_after, is_page=is_page)
    assert error or not 400 <= status < 500 or status == 408
    expected = RequestRejected if error else OutcomeUnknown
    try:
        created = wire.created(status, document, retry_after=retry_after, is_page=is_page)
    except expected:
        pass
    else:
        assert 200 <= status < 300
        assert wire.TASK_ID.fullmatch(created.task_id)
        json.dumps(created.cost, allow_nan=False)
    try:
        task = wire.task(status, document, retry_after, is_page=is_page)
    except (RequestRejected, ReadError):
        pass
    else:
        assert status == 200
        assert (task.word + task.reason).isprintable()
        assert len(task.word) <= 40
        assert len(task.reason) <= 500
        assert all(isinstance(link, str) and link for link in task.links)


# ---- a status, a code, a web page


PROVEN = {
    "insufficient_quota": (5, "out_of_credits"),
    "invalid_api_key": (4, "key_refused"),
    "model_not_found": (7, "model_unavailable"),
}


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503])
@pytest.mark.parametrize("code", PROVEN)
@pytest.mark.parametrize("form", ["{}", '{{"error": {}}}', '{{"data": {}}}'])
def test_a_code_that_proves_that_nothing_was_done_decides_before_the_status(
    status: int, code: str, form: str
) -> None:
    document = json.loads(form.format(json.dumps({"code": code, "message": "no"})))
    with pytest.raises(RequestRejected) as caught:
        wire.created(status, document)
    assert (caught.value.exit_code, caught.value.code) == PROVEN[code]


@pytest.mark.parametrize("status", [403, 406, 451])
def test_a_web_firewall_is_named_and_accepted_nothing(status: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        wire.created(status, None, is_page=True)
    assert (caught.value.code, caught.value.http_status) == ("firewall_page", status)
    with pytest.raises(ReadError) as looked:
        wire.task(status, None, None, is_page=True)
    assert looked.value.code == "firewall_page"


def test_a_page_with_503_leaves_the_outcome_open() -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        wire.created(503, None, is_page=True)
    assert caught.value.code == "answer_is_page"


@pytest.mark.parametrize("status", [302, 500, 502, 599])
def test_an_id_beside_an_error_is_kept(status: int) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        wire.created(status, {"data": {"id": 77}})
    assert caught.value.facts["given"] == "77"


# ---- other shapes of an answer


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"id": 77}},
        {"code": 0, "msg": "ok", "data": {"id": "77", "task_status": "pending"}},
        {"id": None, "result": {"task_id": 77}},
        {"data": 77},
        {"data": [{"taskId": "77"}]},
        {"data": '{"id": 77}'},
        {"code": 500, "data": {"result": {"id": 77}}},
    ],
    ids=repr,
)
def test_an_id_in_an_envelope_is_not_lost(document: object) -> None:
    assert wire.created(200, document).task_id == "77"


A, B = "https://cdn.example/a.png?sign=1", "https://cdn.example/b.png"


@pytest.mark.parametrize(
    "output",
    [
        [A, B],
        {"images": [{"url": A, "thumbnail": "https://cdn.example/small.png"}, {"url": B}]},
        {"result": {"data": {"outputs": [[A], {"any": B}]}}},
        json.dumps({"urls": [A, B]}),
        json.dumps([A, B]),
        f"{A} {B}",
        {"imgUrls": [], "imgUrl": "", "other": json.dumps({"x": [A, B]})},
        {"text": f"done: ![one]({A}), ![two]({B})"},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("envelope", [False, True])
def test_links_are_found_anywhere_in_the_output(output: object, envelope: bool) -> None:
    document: dict[str, object] = {"id": 77, "task_status": "success", "service_output": output}
    assert wire.task(200, {"code": 0, "data": document} if envelope else document, None).links == (A, B)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://a.example/1.png"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("id", "data", "task_status", "service_output", "cost", "msg")), inner)
    ),
    max_leaves=12,
)


@given(st.integers(100, 599), JSON_VALUES)
def test_only_errors_of_ours_come_out_of_any_answer(status: int, document: object) -> None:
    for read in (lambda: wire.created(status, document), lambda: wire.task(status, document, None)):
        with contextlib.suppress(SkillError):
            read()


@given(st.sampled_from(("id", "task_id", "taskId")), st.lists(st.sampled_from(("data", "result")), max_size=4))
def test_an_id_is_found_under_any_envelopes(name: str, envelopes: list[str]) -> None:
    document: object = {name: 77}
    for envelope in envelopes:
        document = {envelope: document, "code": 0}
    assert wire.created(200, document).task_id == "77"
