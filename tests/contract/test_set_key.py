"""set_key.py: a private file, whole at every moment, never through a link, never echoed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from tests.contract.evidence import traces
from tests.launcher import ROOT, SKILLS, Bench, Ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.providers.house import StandInHouse

KEY = "dummy-key-that-is-long-enough"
OLD = "OTHER='kept'\nX_API_KEY='an-older-dummy'\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def key_file(bench: Bench) -> Path:
    return bench.home / ".config" / "image2" / ".env"


def save(bench: Bench, key: bytes, **environment: str) -> Ended:
    return bench.run("set_key.py", "--stdin", "--json", stdin=key, env=environment)


def with_old_file(bench: Bench) -> Path:
    path = key_file(bench)
    path.parent.mkdir(parents=True)
    path.write_text(OLD)
    path.chmod(0o600)
    return path


def test_a_key_is_saved_for_its_owner_alone_whatever_the_umask(bench: Bench) -> None:
    before = os.umask(0)
    try:
        ended = save(bench, f"  {KEY}\r\n".encode())
    finally:
        os.umask(before)
    assert ended.code == 0, ended.talk
    path = key_file(bench)
    assert dotenv_values(path) == {"X_API_KEY": KEY}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    document = ended.document
    assert (document["key"], document["key_file"]) == ("****" + KEY[-4:], str(path))
    assert traces(KEY, {"stdout": ended.stdout, "stderr": ended.stderr}) == []


def test_the_saved_key_is_used_with_use_local_key_only(bench: Bench, house: StandInHouse) -> None:
    without_key = {"X_API_KEY": "", **house.environment()}
    assert save(bench, house.kexiang.key.encode()).code == 0
    assert bench.run("doctor.py", env=without_key).code == 3
    assert bench.run("doctor.py", "--use-local-key", env=without_key).code == 0


def test_other_lines_of_the_file_stay(bench: Bench) -> None:
    path = with_old_file(bench)
    assert save(bench, KEY.encode()).code == 0
    assert dotenv_values(path) == {"OTHER": "kept", "X_API_KEY": KEY}


@pytest.mark.parametrize("key", ["quo'te", 'dou"ble', "back\\slash", "do$lar{X}", "ha#sh", "equals=sign", "-dash"])
def test_any_printable_key_is_read_back_as_it_was(bench: Bench, key: str) -> None:
    assert save(bench, key.encode()).code == 0
    assert dotenv_values(key_file(bench), interpolate=False) == {"X_API_KEY": key}


def test_a_link_is_refused_and_its_target_untouched(bench: Bench) -> None:
    path = key_file(bench)
    path.parent.mkdir(parents=True)
    target = bench.home / "target"
    target.write_text("untouched")
    path.symlink_to(target)
    ended = save(bench, KEY.encode())
    assert (ended.code, ended.document["error"]["code"]) == (3, "key_file_refused")
    assert target.read_text() == "untouched"
    assert path.is_symlink()


def test_the_wrapper_is_the_same_command(bench: Bench) -> None:
    wrapper = SKILLS / "image2" / "scripts" / "set_key.sh"
    argv = ["bash", str(wrapper), "--stdin"]
    done = subprocess.run(argv, input=KEY.encode(), env=bench.environment, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert dotenv_values(key_file(bench)) == {"X_API_KEY": KEY}


@pytest.mark.parametrize("how", ["kill", "ENOSPC"])
def test_at_every_step_the_old_file_or_the_new_one_is_whole(tmp_path: Path, how: str) -> None:
    ends = []
    for step in range(1, 10):
        folder = tmp_path / str(step)
        folder.mkdir()
        bench = Bench(folder)
        path = with_old_file(bench)
        sabotage = {
            "PYTHONPATH": str(ROOT / "tests" / "contract" / "sabotage"),
            "SABOTAGE": f"{how}:{step}",
            "SABOTAGE_FOLDERS": "image2",
        }
        ended = save(bench, KEY.encode(), **sabotage)
        ends.append(ended.code)
        content = dotenv_values(path)
        assert content in (
            {"OTHER": "kept", "X_API_KEY": "an-older-dummy"},
            {"OTHER": "kept", "X_API_KEY": KEY},
        )
        if ended.code == 0:
            break
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ends[-1] == 0
    assert set(ends[:-1]) == {-signal.SIGKILL if how == "kill" else 12}
    assert len(ends) > 3
