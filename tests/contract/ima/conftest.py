"""A folder to run the launchers of ai-nano-banana-ima, checked to the letter by the simulated service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ima_studio import cli

from tests.contract.ima.studio import LAUNCHER, Studio
from tests.contract.inside import Inside, QuickBench
from tests.launcher import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.house import StandInHouse


@pytest.fixture
def bench(tmp_path: Path, house: StandInHouse, request: pytest.FixtureRequest) -> Bench:
    place = Bench if request.node.get_closest_marker("processes") else QuickBench
    return place(tmp_path, house, skill="ai-nano-banana-ima", environment={"IMA_API_KEY": house.ima.key})


@pytest.fixture
def inside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(bench, monkeypatch, cli.ima_image_create, LAUNCHER)


@pytest.fixture
def studio(bench: Bench, house: StandInHouse) -> Iterator[Studio]:
    yield Studio(bench, house)
    assert house.ima.complaints == []
    assert house.server.malformed == []
