"""The remembered model: the file's format, its safety, and that it can be forgotten."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from ima_studio.preferences import Preferences, Remembered

from shared.files import Lock

if TYPE_CHECKING:
    from pathlib import Path

PRO = ("gemini-3-pro-image", "Nano Banana Pro", 10)
FLASH = ("gemini-3.1-flash-image", "Nano Banana2", 6)


def test_the_file_has_the_format_of_earlier_versions(tmp_path: Path) -> None:
    Preferences(tmp_path).remember("u1", "text_to_image", *PRO)
    path = tmp_path / "memory" / "ima_prefs.json"
    document = json.loads(path.read_bytes())
    last_used = document["user_u1"]["text_to_image"].pop("last_used")
    assert datetime.now(timezone.utc) - datetime.fromisoformat(last_used.replace("Z", "+00:00")) < timedelta(
        minutes=1
    )
    row = {"model_id": "gemini-3-pro-image", "model_name": "Nano Banana Pro", "credit": 10}
    assert document == {"user_u1": {"text_to_image": row}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_users_and_task_types_are_kept_apart(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    preferences.remember("u1", "text_to_image", *PRO)
    preferences.remember("u1", "image_to_image", *FLASH)
    preferences.remember("u2", "text_to_image", *FLASH)
    assert preferences.remembered("u1", "text_to_image") == Remembered(*PRO)
    assert preferences.remembered("u1", "image_to_image") == Remembered(*FLASH)
    assert preferences.remembered("u2", "text_to_image") == Remembered(*FLASH)
    assert preferences.remembered("u2", "image_to_image") is None


def test_forgetting(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    assert preferences.forget("u1", None) == []
    assert not preferences.path.exists()
    preferences.remember("u1", "text_to_image", *PRO)
    preferences.remember("u1", "image_to_image", *FLASH)
    preferences.remember("u2", "text_to_image", *FLASH)
    assert preferences.forget("u1", "image_to_image") == ["image_to_image"]
    assert preferences.remembered("u1", "text_to_image") == Remembered(*PRO)
    assert preferences.forget("u1", None) == ["text_to_image"]
    assert list(json.loads(preferences.path.read_bytes())) == ["user_u2"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        '{"user_u1": 3}',
        '{"user_u1": {"text_to_image": {}}}',
        '{"user_u1": {"text_to_image": {"model_id": "midjourney-v7", "model_name": "MJ", "credit": 1}}}',
        '{"user_u1": {"text_to_image": {"model_id": "gemini-3-pro-image", "model_name": "P", "credit": "x"}}}',
    ],
)
def test_what_cannot_be_used_is_not_used(tmp_path: Path, content: str) -> None:
    preferences = Preferences(tmp_path)
    preferences.path.parent.mkdir()
    preferences.path.write_text(content, encoding="utf-8")
    assert preferences.remembered("u1", "text_to_image") is None


def test_a_file_that_is_not_ours_to_change_stays(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    preferences.path.parent.mkdir()
    preferences.path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(ValueError, match="not a file of preferences"):
        preferences.remember("u1", "text_to_image", *PRO)
    assert preferences.path.read_text(encoding="utf-8") == "[1, 2]"


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda number: Preferences(tmp_path).remember(f"u{number}", "text_to_image", *PRO), range(40))
        )
    assert len(json.loads((tmp_path / "memory" / "ima_prefs.json").read_bytes())) == 40
    assert sorted(path.name for path in (tmp_path / "memory").iterdir()) == ["ima_prefs.json", "ima_prefs.lock"]


def test_a_lock_that_nobody_gives_back_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences = Preferences(tmp_path)
    preferences.remember("u1", "text_to_image", *PRO)
    monkeypatch.setattr("ima_studio.preferences.LOCK_SECONDS", 0.05)
    with Lock(preferences.path.with_suffix(".lock")) as lock:
        assert lock.try_acquire()
        with pytest.raises(TimeoutError):
            preferences.remember("u2", "text_to_image", *PRO)
