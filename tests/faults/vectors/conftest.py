"""The simulated services, one set for all rows: none of them may ever reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing
