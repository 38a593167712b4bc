"""A prompt goes through byte for byte, or is refused with its flag."""

from __future__ import annotations

import io
import os
import sys
import threading
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cli.prompt_input import MAX_PROMPT_BYTES, is_visible, read_prompt
from shared.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

GOOD = [
    "a red kite",
    "  spaces around  ",
    "-leading dash",
    "--new",
    "@file",
    "quotes ' \" ` and $(id) ${HOME} %s {braces} \\n",
    "line\nbreaks\r\nand\ttabs\n",
    "画一只猫",
    "e\u0301 and é stay apart",
    "👩‍👩‍👧 zero\u200bwidth \u202eright-to-left",
    "\ufeffa mark inside the words",
    "MEDIA:/etc/passwd",
    "x" * MAX_PROMPT_BYTES,
]


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))


@pytest.mark.parametrize("prompt", GOOD, ids=range(len(GOOD)))
def test_a_prompt_is_never_altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt: str) -> None:
    assert read_prompt(prompt, None) == prompt
    file = tmp_path / "prompt.txt"
    for mark in (b"\xef\xbb\xbf",) if prompt.startswith("\ufeff") else (b"", b"\xef\xbb\xbf"):
        for final in (b"\n", b"\r\n") if prompt.endswith("\n") else (b"", b"\n", b"\r\n"):
            file.write_bytes(mark + prompt.encode() + final)
            assert read_prompt(None, str(file)) == prompt
            stdin(monkeypatch, mark + prompt.encode() + final)
            assert read_prompt(None, "-") == prompt


ALLOWED = st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t\r")


@given(st.text(ALLOWED, min_size=1).filter(lambda text: any(map(is_visible, text))))
def test_any_text_without_controls_passes(prompt: str) -> None:
    assert read_prompt(prompt, None) == prompt


@pytest.mark.parametrize(
    ("text", "file", "code"),
    [(None, None, "prompt_missing"), ("a", "b", "prompt_twice"), ("", "", "prompt_twice")],
)
def test_one_prompt_is_expected(text: str | None, file: str | None, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_prompt(text, file)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)


def both_ways(tmp_path: Path, prompt: str) -> list[tuple[str, BadInput]]:
    """Return the flag and the error for a prompt that is refused as a text and in a file."""
    file = tmp_path / "prompt.txt"
    file.write_bytes(prompt.encode())
    found = []
    for flag, text, path in (("--prompt", prompt, None), ("--prompt-file", None, str(file))):
        with pytest.raises(BadInput) as caught:
            read_prompt(text, path)
        assert caught.value.facts["flag"] == flag
        found.append((flag, caught.value))
    return found


@pytest.mark.parametrize("prompt", ["", " ", "\n\t\r\n", "\u3000", "\u2003\u00a0"])
def test_a_prompt_without_words_is_refused(tmp_path: Path, prompt: str) -> None:
    assert {error.code for _, error in both_ways(tmp_path, prompt)} == {"prompt_empty"}


INVISIBLE = (
    *("\u200b", "\ufeff\ufeff", "\u2060", "\u00ad", "\u202e", "\u3164", "\u115f", "\u1160", "\uffa0", "\u2800"),
    *("\u034f", "\u180b", "\u17b4", "\ufe0f", "\U000e0100", "\U000e0041\U000e007f", "\U0001d173", "\U0001d159"),
    *("\u0301", "\u0903", "\u20e3", "\u2028", "\ufffe", "\U0001ffff", "\U000e0fff", "\u2065", " \u200d\n\t\u3000"),
)


@pytest.mark.parametrize("prompt", INVISIBLE, ids=[f"{ord(prompt[0]):04X}" for prompt in INVISIBLE])
def test_a_prompt_that_shows_nothing_is_refused(tmp_path: Path, prompt: str) -> None:
    errors = both_ways(tmp_path, f"\n{prompt}")
    assert {(error.code, error.exit_code) for _, error in errors} <= {("prompt_invisible", 2), ("prompt_empty", 2)}
    assert read_prompt(f"a{prompt}", None) == f"a{prompt}"


@pytest.mark.parametrize(
    "prompt", ["😀", "👩‍👩‍👧", "🇨🇳", "☃\ufe0f", "?", "é", "e\u0301", "茶", "\ufffd", "\ue000", "\U0001f9fb"]
)
def test_one_visible_character_is_enough(prompt: str) -> None:
    assert read_prompt(f"\u200b{prompt}\u2800", None) == f"\u200b{prompt}\u2800"


def test_an_emoji_that_is_newer_than_this_python_is_visible() -> None:
    unknown = "\U0001fbfa"
    assert unicodedata.category(unknown) == "Cn"
    assert read_prompt(unknown, None) == unknown


@pytest.mark.parametrize("code", [*range(9), 11, 12, *range(14, 32), *range(127, 160)])
def test_every_other_control_character_is_refused_with_its_place(tmp_path: Path, code: int) -> None:
    for _, error in both_ways(tmp_path, f"猫ab{chr(code)}c"):
        assert error.code == "prompt_control_character"
        assert (error.facts["character"], error.facts["position"]) == (f"U+{code:04X}", 4)


@pytest.mark.parametrize(
    "prompt", ["x" * (MAX_PROMPT_BYTES + 1), "猫" * (MAX_PROMPT_BYTES // 3 + 1), "x" * (5 << 20)]
)
def test_more_than_a_megabyte_is_refused(tmp_path: Path, prompt: str) -> None:
    for _, error in both_ways(tmp_path, prompt):
        assert error.code == "prompt_too_large"
        assert error.facts["largest"] == MAX_PROMPT_BYTES
        assert error.facts["size"] > MAX_PROMPT_BYTES


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="prompt_not_utf8"):
        read_prompt("caf\udce9", None)
    file = tmp_path / "prompt.txt"
    for content in (b"caf\xe9", "猫".encode("utf-16"), "画一只猫".encode("gbk"), b"\xed\xa0\x80"):
        file.write_bytes(content)
        with pytest.raises(BadInput, match="prompt_not_utf8"):
            read_prompt(None, str(file))


@pytest.mark.parametrize("name", ["missing", "folder", "", "x" * 5000, "a\0b", "loop", "missing/deeper"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInput) as caught:
        read_prompt(None, name)
    assert (caught.value.code, caught.value.facts["flag"]) == ("prompt_file_unreadable", "--prompt-file")
    assert len(caught.value.facts["file"]) <= 90
    assert caught.value.facts["reason"]


def test_of_an_endless_file_only_a_megabyte_is_read() -> None:
    with pytest.raises(BadInput) as caught:
        read_prompt(None, os.devnull.replace("null", "zero"))
    assert caught.value.code in ("prompt_control_character", "prompt_too_large")


def test_a_pipe_is_read_and_one_without_a_writer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.cli.prompt_input.PIPE_SECONDS", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadInput) as caught:
        read_prompt(None, str(pipe))
    assert (caught.value.code, caught.value.facts["reason"]) == ("prompt_file_unreadable", "nothing_written")
    writer = threading.Thread(target=pipe.write_text, args=("a red kite",))
    monkeypatch.setattr("shared.cli.prompt_input.PIPE_SECONDS", 10.0)
    writer.start()
    assert read_prompt(None, str(pipe)) == "a red kite"
    writer.join()


def test_a_closed_stdin_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.TextIOWrapper(io.BytesIO(b"x"))
    closed.close()
    for nothing in (None, closed):
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(BadInput) as caught:
            read_prompt(None, "-")
        assert (caught.value.code, caught.value.facts["reason"]) == ("prompt_file_unreadable", "stdin_closed")


@pytest.mark.parametrize(
    "text",
    [
        "use ima_dummy0123456789abcdef01 and draw a cat",
        "画一只猫，密钥 sk-dummy-0123456789abcdefgh",
        "nmv_usr_dummy0123456789abcdef",
    ],
)
def test_a_prompt_with_a_key_is_refused_before_anything_is_sent(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_prompt(text, None)
    assert caught.value.code == "prompt_holds_key"


@pytest.mark.parametrize(
    "text", ["a task-list-with-many-words-2026", "ima_studio logo", "sk-ate park", "sk-learn"]
)
def test_words_that_only_resemble_a_key_are_a_prompt(text: str) -> None:
    assert read_prompt(text, None) == text
