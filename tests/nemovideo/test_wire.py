"""The words of NemoVideo, as the wire facts have them: bodies out, answers and refusals in."""

from __future__ import annotations

from typing import Any

import pytest
from nemovideo.api import wire
from nemovideo.api.refusals import SESSION_GONE, refusal
from nemovideo.api.render_status import read_render
from nemovideo.request import export_request

from shared.errors import ReadError, SkillError


def test_what_goes_out() -> None:
    assert wire.headers("1.2.3", "cursor") == {
        "X-Skill-Source": "generator-image",
        "X-Skill-Version": "1.2.3",
        "X-Skill-Platform": "cursor",
    }
    assert wire.session_body("zh") == {"task_name": "project", "language": "zh"}
    assert wire.message_body("s-1", "画一只猫\n ") == {
        "app_name": "nemo_agent",
        "user_id": "me",
        "session_id": "s-1",
        "new_message": {"parts": [{"text": "画一只猫\n "}]},
    }
    assert wire.addresses_body(["https://a.example/1"]) == {"urls": ["https://a.example/1"], "source_type": "url"}
    assert wire.render_body("render_1", "s-1", {"t": []}, export_request("JPEG", None)) == {
        "id": "render_1",
        "sessionId": "s-1",
        "draft": {"t": []},
        "output": {"format": "jpg", "quality": "high"},
    }


REFUSALS = [  # status, body, the error's code, its exit code
    (200, {"code": 1001, "message": "m"}, "token_refused", 4),
    (401, None, "token_refused", 4),
    (200, {"code": "1002"}, "session_gone", 7),
    (200, {"code": 2001}, "credits_gone", 5),
    (400, {"code": 4001}, "file_type_refused", 7),
    (200, {"code": 4002}, "file_size_refused", 7),
    (413, None, "file_size_refused", 7),
    (415, None, "file_type_refused", 7),
    (400, {"code": 400, "message": "X-Client-Id is required"}, "refused_by_code", 7),
    (402, {"message": "upgrade"}, "plan_without_export", 5),
    (200, {"code": 402}, "plan_without_export", 5),
    (429, None, "create_limited", 6),
    (200, {"code": 429}, "create_limited", 6),
    (422, {"detail": [{"loc": ["body"]}]}, "refused_by_code", 7),
]


@pytest.mark.parametrize(("status", "body", "code", "exit_code"), REFUSALS)
@pytest.mark.parametrize("certain", [False, True])
def test_every_refusal_of_the_table(
    status: int, body: dict[str, Any] | None, code: str, exit_code: int, certain: bool
) -> None:
    error = refusal(status, body, None, certain=certain)
    assert error is not None
    assert (error.code, error.exit_code, error.http_status) == (code, exit_code, status)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (502, {"detail": "busy"}),
        (408, None),
        (200, {"code": 500}),
        (200, {"code": 5001}),
        (302, None),
    ],
)
def test_what_may_have_been_accepted_is_no_refusal_of_a_message(status: int, body: dict[str, Any] | None) -> None:
    assert refusal(status, body, None, certain=True) is None


@pytest.mark.parametrize("body", [None, {"detail": "Session not found: s-1"}])
def test_a_plain_404_to_a_message_is_a_session_that_is_gone(body: dict[str, Any] | None) -> None:
    error = refusal(404, body, None, certain=True)
    assert error is not None
    assert (error.code, error.provider_code) == ("session_gone", SESSION_GONE)
    other = refusal(404, body, None)
    assert other is not None
    assert other.code == "refused_by_code"


@pytest.mark.parametrize(("status", "body"), [(200, {"code": 0, "data": {"a": 1}}), (200, {"a": 1})])
def test_an_answer_has_an_envelope_or_none(status: int, body: dict[str, Any]) -> None:
    assert wire.data_of(status, body, None) == {"a": 1}


@pytest.mark.parametrize(("status", "body"), [(200, None), (200, []), (302, {}), (500, None), (503, {"a": 1})])
def test_an_answer_that_says_nothing_may_be_asked_for_again(status: int, body: Any) -> None:
    with pytest.raises(ReadError):
        wire.data_of(status, body, None)


@pytest.mark.parametrize("token", [None, "", "two words", "ü", 7])
def test_a_token_that_cannot_be_sent_is_none(token: Any) -> None:
    with pytest.raises(ReadError):
        wire.anonymous({"token": token})


@pytest.mark.parametrize("session", [None, "", "../up", "a b", True])
def test_an_id_that_cannot_stand_in_an_address_is_none(session: Any) -> None:
    with pytest.raises(SkillError):
        wire.opened({"session_id": session})


@pytest.mark.parametrize(
    ("told", "available"),
    [({"available": 1}, 1.0), ({"available": "2.5", "frozen": None}, 2.5), ({"available": 0, "total": True}, 0.0)],
)
def test_a_balance_in_every_spelling(told: dict[str, Any], available: float) -> None:
    assert wire.balance(told).available == available


@pytest.mark.parametrize("told", [{}, {"available": "x"}, {"available": -1}, {"available": float("inf")}])
def test_a_balance_without_a_number_is_none(told: dict[str, Any]) -> None:
    with pytest.raises(ReadError):
        wire.balance(told)


@pytest.mark.parametrize(
    ("data", "condition", "url", "percent"),
    [
        ({"status": "pending"}, "running", "", None),
        ({"status": "processing", "progress": 41.9}, "running", "", 41),
        ({"status": "completed", "output": {"url": "https://a.example"}}, "completed", "https://a.example", None),
        ({"status": "Completed", "progress": 250, "outputUrl": "https://a.example"}, "completed",
         "https://a.example", 100),
        ({"status": "failed", "error": "no luck"}, "failed", "", None),
        ({"status": "cancelled"}, "cancelled", "", None),
        ({"status": "something new"}, "running", "", None),
    ],
)  # fmt: skip
def test_a_render_in_both_shapes(data: dict[str, Any], condition: str, url: str, percent: int | None) -> None:
    seen = read_render(data)
    assert (seen.condition, seen.url, seen.percent) == (condition, url, percent)
    assert seen.known is (data["status"] != "something new")
    assert seen.ended is (condition != "running")


def test_a_render_without_a_status_is_asked_for_again() -> None:
    with pytest.raises(ReadError):
        read_render({"progress": 3})
