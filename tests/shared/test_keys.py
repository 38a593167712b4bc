"""Where a key comes from, what may be seen of it, and how it is taken out of everything else."""

from __future__ import annotations

import base64
import copy
import errno
import functools
import json
import os
import pickle
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.errors import ConfigurationError, DiskError
from shared.i18n.catalog import Catalog
from shared.i18n.messages import Translation
from shared.security import keys
from shared.security.keys import (
    MAX_KEY_FILE_BYTES,
    MAX_KEY_LENGTH,
    KeySource,
    Secret,
    find_key,
    mask_key,
    read_key_file,
    redact,
    redact_keys,
    redact_values,
    write_key_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTORS = Path("/dev/fd")
KEY = "dummy-key-of-many-letters"
NAME = "X_API_KEY"
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)


@pytest.fixture(autouse=True)
def _no_keys_in_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_in_play", {})


# ---- what is shown


@pytest.mark.parametrize(
    ("key", "mask"),
    [
        ("", "****"),
        ("abc", "****"),
        ("a" * 15 + "tail", "****"),
        ("a" * 16 + "tail", "****tail"),
        (KEY, "****ters"),
    ],
)
def test_only_a_long_key_shows_its_end(key: str, mask: str) -> None:
    assert mask_key(key) == mask


def test_a_secret_prints_as_its_mask_however_it_is_printed() -> None:
    secret = Secret(KEY)
    printed = [repr(secret), str(secret), f"{secret}", f"{secret!r}", format(secret), f"{[secret]}"]
    assert printed == ["****ters"] * 5 + ["[****ters]"]
    assert f"{secret:>12}" == "    ****ters"
    assert secret.reveal() == KEY


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_neither_pickled_nor_copied(act: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        act(Secret(KEY))


def test_an_account_is_told_by_12_digits_of_a_hash() -> None:
    assert Secret("abc").account() == "ba7816bf8f01"


# ---- what is taken out

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda key: quote(key, safe=""),
    "percent, path": quote,
    "form": quote_plus,
    "json": lambda key: json.dumps(key)[1:-1],
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64, url": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(key=VISIBLE)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_key_in_play_is_masked_in_every_spelling(spelling: str, key: str) -> None:
    assume("*" not in key)
    spelled = SPELLINGS[spelling](key)
    Secret(key)
    cleaned = redact_keys(f"before {spelled} after, again:{spelled}")
    assert key not in cleaned
    assert spelled.rstrip("=") not in cleaned
    assert cleaned.startswith("before ****")
    keys._in_play.clear()


def test_what_is_no_key_in_play_stays() -> None:
    text = "nothing to see here"
    assert redact_keys(text) == text
    Secret("see")
    assert redact_keys(text) == text, "too short to be replaced without garbling"


def test_a_short_key_is_masked_where_it_stands_alone_and_leaves_paths_whole() -> None:
    Secret("desk")
    line = "python3 /home/desk/run.py --resume 7 --output-dir desk/a desk.d ../desk my-desk desks"
    assert redact_keys(line) == line
    told = 'the key desk, "desk" or key=desk. (desk) desk'
    assert redact_keys(told) == 'the key ****, "****" or key=****. (****) ****'


def test_of_two_keys_both_are_masked() -> None:
    Secret(KEY)
    Secret("first-second")
    assert redact_keys(f"{KEY} first-second") == "****ters ****"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("GET https://a.example/p.png?sig=1&x=2 failed", "GET https://a.example/p.png failed"),
        ("https://a.example/p.png#part", "https://a.example/p.png"),
        ("HTTPS://a.example/p.png?sig=1", "HTTPS://a.example/p.png"),
        ("'https://a.example/p.png?sig=1'", "'https://a.example/p.png'"),
        ("<https://a.example?sig=1>", "<https://a.example>"),
        ("https://user:word@a.example/p.png", "https://a.example/p.png"),
        ("https://user:w@rd@a.example/p.png", "https://a.example/p.png"),
        ("socks5://user:word@a.example:1080", "socks5://a.example:1080"),
        ("https://a.example/@user/p.png", "https://a.example/@user/p.png"),
        ("is this https://a.example/p.png ? yes", "is this https://a.example/p.png ? yes"),
        ("what? a@b", "what? a@b"),
    ],
)
def test_urls_lose_credentials_and_query(text: str, cleaned: str) -> None:
    assert redact(text) == cleaned


def test_the_strings_of_a_json_value_are_cleaned_and_nothing_else() -> None:
    Secret("true")
    Secret(KEY)
    value = {"a": [True, KEY, {"b": f"x{KEY}"}], "c": (KEY, None, 1.5), "true": "true"}
    assert redact_values(value) == {
        "a": [True, "****ters", {"b": "x****ters"}],
        "c": ["****ters", None, 1.5],
        "true": "****",
    }


# ---- where it comes from


def sources(*texts: str | None) -> list[KeySource]:
    return [
        KeySource(f"source {number}", functools.partial(str, text) if text is not None else lambda: None)
        for number, text in enumerate(texts, 1)
    ]


@pytest.mark.parametrize(
    ("texts", "source", "passed_over"),
    [
        ((KEY,), "source 1", ()),
        ((KEY, "other"), "source 1", ()),
        ((None, KEY), "source 2", ()),
        ((f" \t{KEY}\r\n",), "source 1", ()),
        (("", "  \n", KEY), "source 3", (("source 1", "empty"), ("source 2", "empty"))),
        (("$X_API_KEY", " ${KEY}", KEY), "source 3", (("source 1", "unresolved"), ("source 2", "unresolved"))),
        (("", None, KEY), "source 3", (("source 1", "empty"),)),
    ],
)
def test_the_first_source_that_is_set_gives_the_key(
    texts: tuple[str | None, ...], source: str, passed_over: tuple[tuple[str, str], ...]
) -> None:
    found = find_key(sources(*texts))
    assert (found.secret.reveal(), found.source, found.passed_over) == (KEY, source, passed_over)


MALFORMED = {
    "space": "dummy key",
    "line break": "dummy\nkey",
    "tab": "dummy\tkey",
    "nul": "dummy\0key",
    "escape": "dummy\x1bkey",
    "delete": "dummy\x7fkey",
    "non-ASCII": "dummy-kéy",
    "full width": "ｄｕｍｍｙ",
    "invisible": "dummy\u200bkey",
    "too long": "k" * (MAX_KEY_LENGTH + 1),
    "a megabyte": "k" * (1 << 20),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_key_ends_the_search_and_is_not_told(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_key(sources(text, KEY))
    assert (caught.value.code, caught.value.exit_code, caught.value.facts) == (
        "key_malformed",
        3,
        {"source": "source 1"},
    )


def test_the_longest_key_is_one() -> None:
    assert find_key(sources("k" * MAX_KEY_LENGTH)).source == "source 1"


def test_no_source_at_all_is_told_with_what_was_passed_over() -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_key(sources(None, "", "$KEY"))
    assert caught.value.code == "key_missing"
    assert caught.value.facts["passed_over"] == "source 2, source 3"
    words = {"key_missing": Translation("No key.{why}", "没有密钥。{why}")}
    assert Catalog("en", words).format("key_missing", **caught.value.facts) == (
        "No key. source 2 is set but empty. source 3 contains an unresolved variable ($NAME) instead of a key."
    )
    with pytest.raises(ConfigurationError) as caught:
        find_key([], missing="token_missing")
    assert caught.value.code == "token_missing"


def test_later_sources_are_not_even_read() -> None:
    def never() -> str:
        pytest.fail("read")

    assert find_key([*sources(KEY), KeySource("later", never)]).source == "source 1"


# ---- the private file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def write(file: Path, content: str | bytes, mode: int = 0o600) -> None:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (f"{NAME}={KEY}\n", KEY),
        (f"{NAME}={KEY}", KEY),
        (f"export {NAME}={KEY}\n", KEY),
        (f"{NAME} = '{KEY}'\n", KEY),
        (f'{NAME}="{KEY}"\n', KEY),
        (f"{NAME}={KEY} # mine\n", KEY),
        (f"# mine\r\nOTHER=1\r\n{NAME}={KEY}\r\n", KEY),
        (f"\ufeff{NAME}={KEY}\n", KEY),
        (f"{NAME}=old\n{NAME}={KEY}\n", KEY),
        (f"{NAME}='a\\'b\\\\c'\n", "a'b\\c"),
        (f"{NAME}=$OTHER\n", "$OTHER"),
        (f"{NAME}='${{HOME}}'\n", "${HOME}"),
        (f"{NAME}=$(id)`id`\n", "$(id)`id`"),
        (f"{NAME}=\n", ""),
        (f"{NAME}\n", None),
        ("OTHER=1\n", None),
        ("", None),
    ],
)
def test_a_key_file_is_read_and_never_evaluated(file: Path, content: str, value: str | None) -> None:
    write(file, content)
    assert read_key_file(file, NAME) == value


def test_no_file_is_no_key(file: Path) -> None:
    assert read_key_file(file, NAME) is None
    assert read_key_file(file / "deeper", NAME) is None


def refused(file: Path) -> tuple[str, str]:
    before = len(list(DESCRIPTORS.iterdir()))
    with pytest.raises(ConfigurationError) as caught:
        read_key_file(file, NAME)
    assert len(list(DESCRIPTORS.iterdir())) == before, "a descriptor was left open"
    assert caught.value.facts["path"] == file
    assert "dummy" not in repr(caught.value)
    return caught.value.code, str(caught.value.facts["reason"])


UNREADABLE = {
    "binary": bytes(range(256)),
    "not UTF-8": f"{NAME}={KEY}\n# caf".encode() + b"\xe9",
    "NUL": f"{NAME}={KEY}\0\n",
    "too large": f"{NAME}={KEY}\n".ljust(MAX_KEY_FILE_BYTES + 1, "#"),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_small_text_is_not_read_and_not_echoed(file: Path, content: str | bytes) -> None:
    write(file, content)
    assert refused(file) == ("key_file_unreadable", "not_small_text")


def test_the_largest_key_file_is_read(file: Path) -> None:
    write(file, f"{NAME}={KEY}\n".ljust(MAX_KEY_FILE_BYTES, "#"))
    assert read_key_file(file, NAME) == KEY


def test_a_link_is_not_followed(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    write(elsewhere, f"{NAME}={KEY}\n", 0o644)
    file.symlink_to(elsewhere)
    assert refused(file) == ("key_file_unreadable", os.strerror(errno.ELOOP))
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_folder_is_refused(file: Path) -> None:
    file.mkdir()
    assert refused(file) == ("key_file_refused", "not_regular_file")


def test_a_pipe_is_refused_without_waiting_for_a_writer(file: Path) -> None:
    os.mkfifo(file)
    assert refused(file) == ("key_file_refused", "not_regular_file")


def test_the_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, f"{NAME}={KEY}\n", 0o644)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert refused(file) == ("key_file_refused", "belongs_to_another")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_where_files_have_no_owner_nothing_is_asked_of_them(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, f"{NAME}={KEY}\n", 0o644)
    monkeypatch.delattr(os, "geteuid")
    assert read_key_file(file, NAME) == KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o777, 0o604])
def test_a_file_that_others_can_read_is_tightened(file: Path, mode: int) -> None:
    write(file, f"{NAME}={KEY}\n", mode)
    assert read_key_file(file, NAME) == KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_tightened_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_arguments: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    write(file, f"{NAME}={KEY}\n", 0o644)
    monkeypatch.setattr(os, "fchmod", read_only)
    assert refused(file) == ("key_file_unreadable", os.strerror(errno.EROFS))


# ---- writing it


def test_a_key_is_written_into_a_private_file_in_a_private_folder(tmp_path: Path) -> None:
    file = tmp_path / "config" / "image2" / ".env"
    seen = []
    fsync = os.fsync

    def looking(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    before = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "fsync", looking)
            write_key_file(file, NAME, Secret(KEY))
    finally:
        os.umask(before)
    assert seen[0] == 0o600
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text() == f"{NAME}='{KEY}'\n"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{NAME}='{KEY}'\n"),
        ("A=1", f"A=1\n{NAME}='{KEY}'\n"),
        ("# mine\nA=1\n\nB='x y'\n", f"# mine\nA=1\n\nB='x y'\n{NAME}='{KEY}'\n"),
        (f"{NAME}=old\nA=1\n", f"A=1\n{NAME}='{KEY}'\n"),
        (f"A=1\nexport {NAME}='old'\n{NAME}=older\n", f"A=1\n{NAME}='{KEY}'\n"),
    ],
)
def test_other_lines_are_kept(file: Path, before: str, after: str) -> None:
    write(file, before, 0o644)
    write_key_file(file, NAME, Secret(KEY))
    assert file.read_text() == after
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@given(key=VISIBLE)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_key_is_read_as_it_was_written(tmp_path: Path, key: str) -> None:
    file = tmp_path / ".env"
    write_key_file(file, NAME, Secret(key))
    assert read_key_file(file, NAME) == key


def test_a_key_is_not_written_through_a_link(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    elsewhere.write_text("A=1\n")
    file.symlink_to(elsewhere)
    with pytest.raises(ConfigurationError) as caught:
        write_key_file(file, NAME, Secret(KEY))
    assert (caught.value.code, caught.value.facts["reason"]) == ("key_file_refused", "is_a_link")
    assert elsewhere.read_text() == "A=1\n"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(file, f"{NAME}=old\n")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(DiskError) as caught:
        write_key_file(file, NAME, Secret(KEY))
    assert caught.value.facts["path"] == file
    assert file.read_text() == f"{NAME}=old\n"
    assert list(file.parent.iterdir()) == [file]
