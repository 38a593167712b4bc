"""The hint of a disk error: true for its cause, and it names what chose the place."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from shared.cli.hints import hint_of
from shared.disk_reason import CAUSES, system_reason, unexpected_error
from shared.errors import BadInput, DiskError
from shared.files import disk_errors
from shared.i18n.catalog import Catalog
from shared.i18n.messages import DISK

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH, CHINESE = Catalog("en"), Catalog("zh")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("OPENCLAW_STATE_DIR", "OPENCLAW_HOME"):
        monkeypatch.delenv(name, raising=False)


def failed(number: int, path: Path, option: str | None = None) -> DiskError:
    with pytest.raises(DiskError) as caught, disk_errors(path, option=option):
        raise OSError(number, os.strerror(number))
    return caught.value


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("home/.openclaw", "OPENCLAW_STATE_DIR"),
        ("home/.openclaw/image-skills/image2/journal.db", "OPENCLAW_STATE_DIR"),
        ("home/.openclaw/media/image-skills", "OPENCLAW_STATE_DIR"),
        ("home/.openclaw/workspace/generated-images", "--output-dir"),
        ("home/.openclaw/generated-images", "--output-dir"),
        ("home/.config/image2/.env", "HOME"),
        ("here/generated-images", "--output-dir"),
    ],
)
def test_hint_names_what_chose_the_place(tmp_path: Path, path: str, option: str) -> None:
    hint = hint_of(failed(errno.ENOSPC, tmp_path / path), ENGLISH)
    assert hint == f"Free space on that disk, or choose another place with {option}."


def test_hint_names_the_option_of_the_error(tmp_path: Path) -> None:
    hint = hint_of(failed(errno.ENOSPC, tmp_path, "--state-dir"), ENGLISH)
    assert hint
    assert hint.endswith("with --state-dir.")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "Free space"),
        (errno.EDQUOT, "quota raised"),
        (errno.EROFS, "mount it as writable"),
        (errno.ENAMETOOLONG, "shorter names"),
        (errno.EACCES, "write permission"),
        (errno.EPERM, "write permission"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "is not working"),
        (errno.ENOTDIR, "A file is where a folder should be"),
        (errno.EEXIST, "Something else has that name"),
        (errno.ENOENT, "removed or is not mounted"),
        (errno.ELOOP, "symbolic link"),
        (errno.ENOLCK, "does not support locks"),
        (errno.EBUSY, "Check that place"),
    ],
)
def test_hint_fits_the_cause_in_both_languages(tmp_path: Path, number: int, words: str) -> None:
    error = failed(number, tmp_path)
    english, chinese = (hint_of(error, catalog) or "" for catalog in (ENGLISH, CHINESE))
    assert words in english
    remedies = [text for name, text in DISK.items() if name.endswith("_remedy") and words in text.en]
    assert len(remedies) == 1, "each cause has a remedy of its own"
    assert chinese.isprintable()
    assert chinese != english
    other_words = [text.en for name, text in DISK.items() if name.endswith("_remedy") and words not in text.en]
    assert english not in other_words


def test_every_cause_has_a_reason_and_a_remedy() -> None:
    for cause in CAUSES.values():
        assert {f"disk_{cause}", f"disk_{cause}_remedy"} <= DISK.keys()


def test_reason_is_in_the_language_of_the_run(tmp_path: Path) -> None:
    error = failed(errno.EDQUOT, tmp_path)
    assert error.facts["reason"] == "Disk quota exceeded"
    assert CHINESE.format(error.code, **error.facts) == f"无法读写 {tmp_path}：超出磁盘配额。"


def test_system_s_own_words_are_kept_where_there_is_no_message() -> None:
    reason = system_reason(OSError(errno.EBUSY, "Device or resource busy"))
    assert (str(reason), reason.cause) == ("Device or resource busy", None)
    assert system_reason(OSError()) == "OSError"


def test_journal_s_hint_keeps_the_ids(tmp_path: Path) -> None:
    reason = system_reason(OSError(errno.EROFS, "Read-only file system"))
    hint = hint_of(DiskError("journal_failed", path=tmp_path / "home" / ".openclaw", reason=reason), ENGLISH)
    assert hint
    assert hint.startswith("Keep any IDs above. Permissions and free space are not the problem: ")
    assert "OPENCLAW_STATE_DIR" in hint


def test_other_errors_keep_their_own_hint() -> None:
    assert hint_of(BadInput("prompt_missing"), ENGLISH) == ENGLISH.format("prompt_missing.hint")
    assert hint_of(BadInput("prompt_twice"), ENGLISH) is None


def test_unexpected_error_of_a_file_is_one_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long") as caught:
        (tmp_path / ("x" * 300)).stat()
    error = unexpected_error(caught.value)
    assert (error.code, error.exit_code, error.facts["path"]) == ("disk_failed", 12, tmp_path / ("x" * 300))
    assert "shorter names" in str(hint_of(error, ENGLISH))


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.ENOSPC, "no file"), OSError("words"), OSError(errno.EBUSY, "busy", "/x"), ValueError("x")],
    ids=repr,
)
def test_any_other_unexpected_error_is_a_bug(failure: Exception) -> None:
    with pytest.raises(type(failure)) as caught:
        raise failure
    assert unexpected_error(caught.value).code == "bug"
