"""Places to run the launchers of generator-image, which must please the stand-in to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import SKILL, Room
from tests.launcher import Bench
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
def room(tmp_path: Path, house: StandInHouse) -> Room:
    """Somebody with a token of their own."""
    return Room(Bench(tmp_path, house, SKILL, {"NEMO_TOKEN": house.nemo.key}), house)


@pytest.fixture
def stranger(tmp_path: Path, house: StandInHouse) -> Room:
    """Somebody without one."""
    return Room(Bench(tmp_path, house, SKILL), house)
