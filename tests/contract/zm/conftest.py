"""A simulated provider, and a home whose OpenClaw configuration names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.zm.stage import Stage
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.openai_images import OpenAiImagesService


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing


@pytest.fixture
def stage(tmp_path: Path, house: StandInHouse) -> Stage:
    return Stage(tmp_path, house)


@pytest.fixture
def service(house: StandInHouse) -> OpenAiImagesService:
    return house.openai_images
