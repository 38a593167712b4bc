"""The bundles of this checkout, and a machine with the real programs for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from package import package
from skill_index import ROOT

from tests.clients.programs import CLIENTS, Machine
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK_SECONDS = 14.0  # longer than the 10 s after which the shell tool puts a command in the background


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "registry" not in item.nodeid)  # it takes longest: nobody shall wait for it alone


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert (CLIENTS / ".ready").exists(), "run this as: make test-clients"
    folder = tmp_path_factory.mktemp("packaged") / "dist"
    package(ROOT, folder)
    return folder


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=TASK_SECONDS) as standing:
        standing.openai_images.default_seconds = TASK_SECONDS
        yield standing


@pytest.fixture
def machine(tmp_path: Path, house: StandInHouse) -> Iterator[Machine]:
    """Whatever ran on it must have asked for no host but the services'."""
    home = tmp_path / "home"
    home.mkdir()
    place = Machine(home, house)
    yield place
    assert house.contacted - set(house.server.handlers) - place.reports_to == set()
