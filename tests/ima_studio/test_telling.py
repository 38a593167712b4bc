"""The words for the user after each kind of end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ima_studio.config import SKILL
from ima_studio.user_messages import with_messages

from shared import errors
from shared.cli.context import CommandContext

if TYPE_CHECKING:
    from shared.output.outcome import Status

FAILED, UNKNOWN = "❌ The image could not be generated", "⚠️ It is unclear whether the image is being generated"
UNFINISHED, PARTIAL = "⚠️ The image has not arrived yet", "⚠️ Only 1 image(s) arrived"
WAIT, CORRECT = "Wait a moment, then try again.", "Correct this, then try again."
PAY, FETCH = "trying again costs points again", "downloaded later at no further cost"


def told(error: errors.SkillError, status: Status, images: int = 0, lang: str = "en") -> str:
    run = CommandContext(SKILL, ["--lang", lang], "ima_image_create.py")
    outcome = replace(run.result, status=status, images=[{}] * images, extra={"messages": {}}, error=error)
    return str(with_messages(outcome, run.catalog).extra["messages"].get("failure", ""))


def limited(code: str) -> errors.RateLimitError:
    return errors.RateLimitError(code, wait="90 s", words="slow down")


@pytest.mark.parametrize(
    ("error", "status", "images", "head", "advice"),
    [
        (errors.BadInput("prompt_missing"), "not_started", 0, FAILED, CORRECT),
        (errors.ConfigurationError("key_missing", why=""), "not_started", 0, FAILED, "imaclaw/apikey"),
        (
            errors.AuthenticationError("ima_key_refused", link="L", words="no"),
            "refused",
            0,
            FAILED,
            "new key at L",
        ),
        (
            errors.AuthenticationError("ima_key_refused", link="L", words="no"),
            "running",
            0,
            UNFINISHED,
            "new key at L",
        ),
        (errors.QuotaExceeded("points_missing", link="L", words="no"), "refused", 0, FAILED, "Top up at L"),
        (limited("create_limited"), "refused", 0, FAILED, WAIT),
        (limited("rate_limited"), "running", 0, UNFINISHED, WAIT),
        (errors.InvalidRequest("model_not_offered", model="m"), "not_started", 0, FAILED, "Use the other model."),
        (errors.InvalidRequest("attribute_wrong", code_=6010, words="no"), "refused", 0, FAILED, "the defaults"),
        (errors.TaskFailed("task_failed", reason="unsafe"), "failed", 0, FAILED, PAY),
        (errors.ResponseLost("answer_lost", reason="-"), "unknown", 0, UNKNOWN, "account's history first"),
        (errors.Unreachable("unreachable", host="h", reason="-"), "not_started", 0, FAILED, WAIT),
        (errors.DiskError("disk_failed", path="/x", reason="-"), "running", 0, UNFINISHED, "Free up disk space"),
        (errors.UnusableResult("picture_unreachable"), "running", 0, UNFINISHED, FETCH),
        (errors.UnusableResult("pictures_missing", saved=1, count=2), "running", 1, PARTIAL, FETCH),
        (errors.UnusableResult("partly_done", saved=1, reason="-", remedy="new"), "failed", 1, PARTIAL, PAY),
        (errors.SkillError("bug", kind="KeyError", where="x.py:1"), "not_started", 0, FAILED, "report it"),
    ],
    ids=lambda value: value.code if isinstance(value, errors.SkillError) else "",
)
def test_an_end_in_plain_words(
    error: errors.SkillError, status: Status, images: int, head: str, advice: str
) -> None:
    message = told(error, status, images)
    assert message.splitlines()[0] == head
    assert advice in message
    assert "--" not in message.partition("Suggestion:")[2]


@pytest.mark.parametrize(
    "error",
    [errors.StillRunning("still_running", elapsed="9", looks=3), errors.TaskLocked("request_busy", local_id="x")],
    ids=["not finished", "busy"],
)
def test_what_goes_on_has_not_failed(error: errors.SkillError) -> None:
    assert told(error, "running") == told(error, "not_started") == ""


def test_the_words_are_chinese_for_chinese_users() -> None:
    facts: dict[str, Any] = {"saved": 1, "count": 2}
    message = told(errors.UnusableResult("pictures_missing", **facts), "running", 1, lang="zh")
    assert message.splitlines() == [
        "⚠️ 只取回 1 张图片",
        "• 原因：共 2 张图片，只取回 1 张，其余没有链接。",
        "• 建议：缺少的图片可以稍后再下载，不会再扣费。",
    ]
