"""The balance shows the cost of a message, unless another charge is possible in between."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nemovideo.api.wire import Balance
from nemovideo.message.measure_cost import measure_cost

from shared.errors import ReadError
from shared.journal.claim import Journal
from shared.journal.entry import Entry
from tests.journals import keep

CREATED, FINISHED = "2026-03-01T12:00:00.000Z", "2026-03-01T12:01:00.000Z"


def entry(local_id: str = "20260301T120000Z-00000001", **changes: Any) -> Entry:
    facts: dict[str, Any] = {"created_at": CREATED, "possible_charges": 1, "account": "a" * 12, **changes}
    return Entry(
        local_id,
        "generator-image",
        "nemovideo",
        "say",
        "nemo_agent",
        "https://a.example",
        local_id=local_id,
        **facts,
    )


def drawn_up(after: Balance | None, *others: Entry, changed: bool = True, frozen: float = 0.0) -> dict[str, Any]:
    def read(_ask: object, **_: object) -> Balance:
        if after is None:
            raise ReadError("read_failed")
        return after

    connection = SimpleNamespace(read=read, client=SimpleNamespace(credits=None))
    mine = entry(extra={"credits": {"available": 100.0, "frozen": frozen, "total": 100.0}})
    with tempfile.TemporaryDirectory() as folder:
        for one in (mine, *others):
            keep(Path(folder) / "image-skills" / one.skill, one)
        journal = Journal(mine.skill, [Path(folder)])
        return measure_cost(
            mine, cast("Any", SimpleNamespace(connection=connection, journal=journal)), changed=changed
        )


COST = {"amount": 5.0, "unit": "credits", "source": "charged"}


def test_the_difference_is_the_cost() -> None:
    assert drawn_up(Balance(95.0, 0.0, 95.0)) == {"charged": "yes", "cost": COST}
    nothing = {"charged": "no", "cost": {**COST, "amount": 0.0}, "possible_charges": 0}
    assert drawn_up(Balance(100.0, 0.0, 100.0)) == nothing


@pytest.mark.parametrize("after", [None, Balance(95.0, 5.0, 100.0), Balance(105.0, 0.0, 105.0)])
def test_a_balance_that_cannot_be_compared_leaves_it_open(after: Balance | None) -> None:
    assert drawn_up(after) == {"charged": "unknown"}


@pytest.mark.parametrize(
    ("other", "alone"),
    [
        ({"finished_at": "2026-03-01T11:59:59.000Z"}, True),
        ({"finished_at": FINISHED}, False),
        ({"submitted_at": "2026-03-01T11:44:00.000Z"}, True),  # 15 minutes are over
        ({"submitted_at": "2026-03-01T11:46:00.000Z"}, False),
        ({"created_at": FINISHED}, False),
        ({"created_at": FINISHED, "possible_charges": 0}, True),
        ({"created_at": FINISHED, "account": "b" * 12}, True),
    ],
)
def test_another_message_beside_it_leaves_the_cost_open(other: dict[str, Any], alone: bool) -> None:
    found = drawn_up(Balance(90.0, 0.0, 90.0), entry("20260301T120000Z-00000002", **other))
    assert found == ({"charged": "yes", "cost": {**COST, "amount": 10.0}} if alone else {"charged": "yes"})
    if not alone:
        unchanged = drawn_up(Balance(90.0, 0.0, 90.0), entry("20260301T120000Z-00000002", **other), changed=False)
        assert unchanged == {"charged": "unknown"}
