"""The simulated services, for the tests that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing
