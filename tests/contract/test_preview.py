"""One look before paying: a dry run shows everything that the user's consent needs, and sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.paid import KITE, creates, ended_well
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse


def look(bench: Bench, *argv: str) -> dict[str, Any]:
    ended = bench.run(*argv, "--dry-run")
    assert ended.code == 0, ended.talk
    return ended.document


def test_the_cost_is_that_of_the_last_task_with_its_date_or_said_to_be_unknown(
    bench: Bench, house: StandInHouse
) -> None:
    cost = {"amount": None, "unit": None, "source": "unknown", "at": None, "same_settings": None}
    assert look(bench, *KITE)["preview"]["cost"] == cost
    paid = ended_well(bench.run(*KITE))
    other = look(bench, *KITE, "--variant", "second")["preview"]
    assert (other["pays"], other["variant"]) == (True, "second")
    assert {**other["cost"], "at": None} == {
        **paid["cost"],
        "source": "estimated",
        "at": None,
        "same_settings": True,
    }
    assert other["cost"]["at"] == bench.entries()[0]["created_at"]
    assert look(bench, *KITE, "--size", "1:1")["preview"]["cost"]["same_settings"] is False
    text = bench.run(*(word for word in KITE if word != "--json"), "--dry-run", "--size", "1:1").stdout.decode()
    assert "the last task, with other settings, cost 0.2 credits on " in text
    assert creates(house) == 1


def test_a_request_that_was_paid_is_announced_as_free(bench: Bench, house: StandInHouse) -> None:
    paid = ended_well(bench.run(*KITE))
    document = look(bench, *KITE)
    preview = document["preview"]
    assert (preview["pays"], preview["size"]) == (False, "3:4")
    assert (preview["earlier_task"]["local_id"], preview["earlier_task"]["state"]) == (
        paid["local_id"],
        "succeeded",
    )
    assert (document["next"]["cost"], document["next"]["needs_consent"]) == ("none", False)
    assert ended_well(bench.shell(document["next"]))["reused"] is True
    assert look(bench, *KITE, "--new")["preview"]["pays"] is True
    assert creates(house) == 1


def test_the_create_is_the_next_command_and_needs_consent(bench: Bench, house: StandInHouse) -> None:
    document = look(bench, *KITE)
    assert (document["next"]["cost"], document["next"]["needs_consent"]) == ("yes", True)
    assert "--dry-run" not in document["next"]["argv"]
    assert (creates(house), len(house.ledger)) == (0, 0)
    assert ended_well(bench.shell(document["next"]))["reused"] is False
    assert len(house.ledger) == 1


def test_a_request_of_unknown_outcome_is_announced_and_proposes_nothing(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_create(Plan(status=502))
    assert bench.run(*KITE).code == 10
    document = look(bench, *KITE)
    assert (document["preview"]["pays"], document["preview"]["earlier_task"]["state"]) == (False, "unknown")
    assert document["next"] is None
    assert creates(house) == 1
