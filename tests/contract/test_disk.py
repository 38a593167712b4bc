"""Each error of the disk ends with the remedy of its cause, before or after the charge, in every skill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.subjects import SUBJECTS
from tests.launcher import Bench

if TYPE_CHECKING:
    from tests.faults.subjects import Subject
    from tests.providers.house import StandInHouse

SABOTAGE = Path(__file__).parent / "sabotage"
CAUSES = {
    "ENOSPC": ("No space left on device", "Free space"),
    "EDQUOT": ("Disk quota exceeded", "quota raised"),
    "EROFS": ("Read-only file system", "mount it as writable"),
    "EIO": ("Input/output error", "check it"),
}
PLACES = {"pictures": "--output-dir", "journal": "OPENCLAW_STATE_DIR"}


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.slug)
def subject(request: pytest.FixtureRequest) -> Subject:
    chosen: Subject = request.param
    return chosen


@pytest.fixture
def bench(tmp_path: Path, house: StandInHouse, subject: Subject) -> Bench:
    bench = Bench(tmp_path, house, subject.slug)
    bench.environment.pop("X_API_KEY", None)
    subject.give_key(bench, house, f"{subject.key_start}dummy-key-of-this-test")
    return bench


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("place", PLACES)
def test_error_of_the_disk_has_the_remedy_of_its_cause(
    place: str, cause: str, subject: Subject, bench: Bench, house: StandInHouse
) -> None:
    folder = bench.folder / "pictures"
    watched = "pictures" if place == "pictures" else subject.slug
    env = {"PYTHONPATH": str(SABOTAGE), "SABOTAGE": f"{cause}:1", "SABOTAGE_FOLDERS": watched}
    ended = bench.run(*subject.command, "--output-dir", folder, env=env)
    assert ended.code == 12, ended.talk
    error = ended.document["error"]
    reason, remedy = CAUSES[cause]
    assert reason in error["message"]
    assert remedy in error["hint"]
    assert f"choose another place with {PLACES[place]}" in error["hint"]
    assert [other for other, (_, words) in CAUSES.items() if words in error["hint"]] == [cause]
    assert len(house.ledger) == 0
    ended = bench.run(*subject.command, "--output-dir", folder)
    assert ended.code == 0, ended.talk
    assert len(house.ledger) == 1


@pytest.mark.parametrize("place", ["--output-dir", "OPENCLAW_STATE_DIR"])
def test_name_that_is_too_long_asks_for_a_shorter_one(
    place: str, subject: Subject, bench: Bench, house: StandInHouse
) -> None:
    folder = bench.folder / ("图" * 100)
    command = [*subject.command]
    env = {"LANG": "zh_CN.UTF-8"}
    if place == "--output-dir":
        command += [place, str(folder)]
    else:
        env[place] = str(folder)
        if subject.slug.startswith("zm-"):
            env["OPENCLAW_CONFIG_PATH"] = str(bench.home / ".openclaw" / "openclaw.json")
    ended = bench.run(*command, env=env)
    error = json.loads(ended.stdout)["error"]
    if place == "--output-dir":
        assert ended.code == 2, ended.talk
    else:
        assert (ended.code, error["code"]) == (12, "disk_failed"), ended.talk
        assert "文件名过长" in error["message"]
        assert "较短的名称" in error["hint"]
        assert (place if not subject.slug.startswith("zm-") else "--output-dir") in error["hint"]
    assert len(house.ledger) == 0


@pytest.mark.parametrize("command", ["doctor.py", "tasks.py list", "tasks.py cost", "tasks.py forget x"])
def test_no_command_takes_a_state_folder_with_too_long_a_name_for_a_bug(
    command: str, subject: Subject, bench: Bench
) -> None:
    env = {"OPENCLAW_STATE_DIR": str(bench.folder / ("图" * 100))}
    ended = bench.run(*command.split(), "--json", env=env)
    error = json.loads(ended.stdout)["error"]
    if subject.slug.startswith("zm-") and command == "doctor.py":  # its configuration would be there
        assert (ended.code, error["code"]) == (3, "config_unreadable"), ended.talk
    else:
        assert (ended.code, error["code"]) == (12, "disk_failed"), ended.talk
        assert "shorter names" in error["hint"]
