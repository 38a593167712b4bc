"""The simulated services and a place to run launchers, one set for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.inside import QuickBench
from tests.launcher import Bench
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.5) as standing:
        yield standing


@pytest.fixture
def bench(tmp_path: Path, house: StandInHouse, request: pytest.FixtureRequest) -> Bench:
    place = Bench if request.node.get_closest_marker("processes") else QuickBench
    return place(tmp_path, house)
