"""Where keys end: the last character of a form, modes of a key file, and what a refusal names."""

from __future__ import annotations

import base64
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from shared.errors import BadInput, ConfigurationError
from shared.http.base_url import checked_base_url, trusted_hosts
from shared.http.urls import is_loopback
from shared.security import keys
from shared.security.keys import Secret, mask_key, read_key_file, redact_keys, write_key_file
from shared.signals import Interrupted, _Holds, defer_signals, handle_signals

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = "https://kexiangai.com"


@pytest.fixture(autouse=True)
def _no_keys_in_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_in_play", {})


@pytest.mark.parametrize("key", ["dummy-~~~???", "dummy-~~~???1", "dummy-~~~???12", "dummy-~~~u-W"])
def test_base64_is_masked_to_its_last_letter_with_padding_or_without(key: str) -> None:
    """Keys of each length modulo three, spelled in two ways; the last one's base64 ends in X."""
    assert base64.b64encode(key.encode()) != base64.urlsafe_b64encode(key.encode())
    Secret(key)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(key.encode()).decode()
        assert redact_keys(f"<{text.rstrip('=')}>") == f"<{mask_key(key)}>"
        assert redact_keys(f"<{text}>").strip("<=>") == mask_key(key)


@pytest.mark.parametrize("rest", ["key-behind-a-backslash", 'key-with-"-and-\\'])
def test_a_spelling_that_holds_the_key_itself_is_masked_whole(rest: str) -> None:
    key = "\\" + "dummy-" + rest
    Secret(key)
    assert redact_keys(json.dumps(key)) == f'"{mask_key(key)}"'
    assert redact_keys(key) == mask_key(key)


def test_a_key_is_masked_inside_a_word_from_eight_characters_on() -> None:
    for key in ("dummy-7", "dummy-88"):
        Secret(key)
    assert redact_keys("dummy-7 xdummy-7x dummy-88 xdummy-88x") == "**** xdummy-7x **** x****x"


def test_a_key_file_that_only_its_owner_may_read_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys.env"
    path.write_text("A_KEY=dummy\n")
    path.chmod(0o400)
    assert read_key_file(path, "A_KEY") == "dummy"
    assert path.stat().st_mode & 0o777 == 0o400


def test_a_system_without_these_flags_reads_key_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.env"
    path.write_text("A_KEY=dummy\n")
    for flag in ("O_NOFOLLOW", "O_NONBLOCK"):
        monkeypatch.delattr(os, flag)
    assert read_key_file(path, "A_KEY") == "dummy"


def test_a_key_file_that_is_a_link_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys.env"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError) as caught:
        write_key_file(path, "A_KEY", Secret("dummy-" + "key-to-keep"))
    assert caught.value.facts == {"path": path, "reason": "is_a_link"}


def test_killed_writers_of_a_key_leave_one_stray_file_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: names.extend(sorted(path.name for path in tmp_path.iterdir())))
    write_key_file(tmp_path / "keys.env", "A_KEY", Secret("dummy-" + "key-to-keep"))
    assert names[0] == "keys.env.part", "a fixed name: the next writer overwrites the key in it"


@pytest.mark.parametrize("given", [None, "http://kexiangai.com"])
def test_a_base_url_that_cannot_be_used_is_shown_with_the_reason(
    given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_URL", "http://kexiangai.com")
    with pytest.raises((BadInput, ConfigurationError)) as caught:
        checked_base_url(given, variable="A_URL", default=DEFAULT, trusted=())
    assert caught.value.facts["got"] == '"http://kexiangai.com"'
    assert caught.value.facts["reason"] == "url_not_https"


def test_of_a_base_url_only_slashes_are_taken_off() -> None:
    assert (
        checked_base_url(f"{DEFAULT}/apiX//", variable="A_URL", default=DEFAULT, trusted=()) == f"{DEFAULT}/apiX"
    )


def test_a_host_to_trust_is_shown_with_the_reason() -> None:
    assert trusted_hosts(["X.example"]) == ["x.example"]
    with pytest.raises(BadInput) as caught:
        trusted_hosts(["10.0.0.1"])
    assert caught.value.facts == {"flag": "--trust-host", "got": '"10.0.0.1"', "reason": "url_private_address"}


def test_letters_around_an_address_make_it_another_host() -> None:
    assert not is_loopback("X127.0.0.1X")


# ---- signals


def test_at_first_nothing_is_held() -> None:
    holds = _Holds()
    assert (holds.open, holds.firm, holds.pending, holds.ending) == (0, 0, None, False)
    assert Interrupted(2).args == (2,)


def test_a_note_that_cannot_be_written_loses_no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_descriptor: int, _content: bytes) -> int:
        raise BrokenPipeError

    done = []

    def block() -> None:
        with defer_signals():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    monkeypatch.setattr(os, "write", closed)
    with handle_signals(), pytest.raises(Interrupted):
        block()
    assert done == ["the rest"]
