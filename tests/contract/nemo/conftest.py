"""Places to run the launchers of generator-image, checked to the letter by the simulated service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from nemovideo.cli import app

from shared.openclaw import config_files
from shared.security import keys
from tests.contract.inside import Inside
from tests.contract.nemo.room import LAUNCHER, SKILL, Room
from tests.launcher import ROOT, SKILLS, Bench
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.2) as standing:
        yield standing
        assert standing.nemo.complaints == []
        assert standing.server.malformed == []


@pytest.fixture
def room(tmp_path: Path, house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Someone with a token of their own."""
    return room_of(Bench(tmp_path, house, SKILL, {"NEMO_TOKEN": house.nemo.key}), house, monkeypatch)


@pytest.fixture
def stranger(tmp_path: Path, house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Someone without one."""
    return room_of(Bench(tmp_path, house, SKILL), house, monkeypatch)


def room_of(bench: Bench, house: StandInHouse, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Return a room that starts a process only where the test says so; bundles always run as processes."""
    if SKILLS != ROOT / "skills":
        return Room(bench, house)
    monkeypatch.setattr(keys, "_in_play", {})  # a token of one test would be masked in the next
    config_files.parse.cache_clear()
    commands = {LAUNCHER: app.generator_image, "doctor.py": app.doctor, "tasks.py": app.tasks}
    inside = {name: Inside(bench, monkeypatch, command, name) for name, command in commands.items()}
    return Room(bench, house, inside)
