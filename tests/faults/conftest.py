"""The order of the fault suite, which the seed in FAULTS_SEED decides: `make faults` takes another each time."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from tests.faults.table import TABLE

if TYPE_CHECKING:
    import pytest

SEED = os.environ.get("FAULTS_SEED")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SEED:
        random.Random(SEED).shuffle(items)  # noqa: S311  - an order, no secret
        sweeps = tuple(f"test_survived[{number}-" for number, fault in TABLE.items() if fault.sweep)
        items.sort(key=lambda item: not item.name.startswith(sweeps))  # which take longest
