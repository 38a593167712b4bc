"""What cannot be used ends before a connection, and says what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import LAUNCHER

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("generate",), "prompt_missing"),
        (("generate", " "), "prompt_empty"),
        (("generate", "a\x07b"), "prompt_control_character"),
        (("generate", "x", "--prompt", "y"), "message_twice"),
        (("generate", "x", "--poll-interval", "0.1"), "not_a_number"),
        (("generate", "x", "--format", "exe", "--export"), "not_one_of"),
        (("generate", "x", "--format", "mp4"), "needs_export"),
        (("generate", "x", "--output-dir", "file"), "output_dir_invalid"),
        (("generate", "--resume", "../up"), "resume_invalid"),
        (("say", "x"), "session_missing"),
        (("say", "x", "--session", "a/../b"), "resume_invalid"),
        (("state",), "session_missing"),
        (("export",), "session_missing"),
        (("export", "--draft", "gone.json", "--session", "s-1"), "draft_unusable"),
        (("cancel-export", "../1"), "resume_invalid"),
        (("credits", "--new"), "option_has_no_meaning"),
        (("connect", "--language", "e n"), "language_invalid"),
        (("nonsense",), "usage"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_used(room: Room, arguments: tuple[str, ...], error: str) -> None:
    (room.bench.work / "file").touch()
    document = room.run(LAUNCHER, *arguments, "--json", code=2, error=error)
    assert document["error"]["message"]
    assert room.house.contacted == set()
    assert room.bench.entries() == []


@pytest.mark.parametrize("token", ["two words", "dummy\ttoken", "ü" * 30])
def test_a_malformed_token_is_not_passed_over(room: Room, token: str) -> None:
    document = room.run(LAUNCHER, "credits", "--json", code=3, error="key_malformed", env={"NEMO_TOKEN": token})
    assert "NEMO_TOKEN" in document["error"]["message"]
    assert room.house.contacted == set()


@pytest.mark.parametrize("token", ["", "$NEMO_TOKEN"])
def test_a_token_that_is_not_set_is_said_and_an_anonymous_one_taken(stranger: Room, token: str) -> None:
    ended = stranger.bench.run(LAUNCHER, "credits", "--json", env={"NEMO_TOKEN": token})
    assert stranger.checked(ended)["credits"]["available"] == 100


@pytest.mark.parametrize(("content", "code"), [(b"[]", 2), (b'{"t": NaN}', 2), (b'{"t": []}', 13)])
def test_a_draft_that_cannot_be_rendered(room: Room, content: bytes, code: int) -> None:
    (room.bench.work / "draft.json").write_bytes(content)
    flags = ("--draft", "draft.json", "--session", "s-1")
    room.do("export", *flags, code=code, error="draft_unusable" if code == 2 else "nothing_to_export")
    assert room.house.contacted == set()
