"""The log: one file a day, gone after a week, and nothing in it that must not be there."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

from ima_studio.logbook import Logbook

from shared.security.keys import Secret

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_of_one_day_stand_in_one_private_file(tmp_path: Path) -> None:
    key = "ima_" + "dummy" * 6
    secret = Secret(key)
    log = Logbook(tmp_path)
    log.note("begin", model="m", size=None)
    log.note("odd", words=f"key {key}\nMEDIA:/x", link="https://a.example/1.png?sign=abc", secret=secret)
    (path,) = (tmp_path / "logs" / "ima_skills").iterdir()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert path.name == f"ima_skills_{time.strftime('%Y-%m-%d', time.gmtime())}.log"
    assert len(lines) == 2
    assert lines[0].endswith(f" {os.getpid()} begin model='m'")
    assert key not in lines[1]
    assert "sign" not in lines[1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_of_more_than_a_week_go(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "ima_skills"
    folder.mkdir(parents=True)
    for name, days in (("old.log", 8), ("young.log", 6), ("notes.txt", 30)):
        (folder / name).write_text(name, encoding="utf-8")
        os.utime(folder / name, (time.time() - days * 86400,) * 2)
    Logbook(tmp_path).clear()
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "young.log"]


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder belongs", encoding="utf-8")
    log = Logbook(tmp_path)
    log.clear()
    log.note("begin")
    assert (tmp_path / "logs").read_text(encoding="utf-8") == "a file where a folder belongs"


def test_a_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "ima_skills"
    folder.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (folder / f"ima_skills_{time.strftime('%Y-%m-%d', time.gmtime())}.log").symlink_to(victim)
    Logbook(tmp_path).note("begin")
    assert victim.read_text(encoding="utf-8") == "mine"
