"""A dry run of a message shows the cost of the last one, and whether the same message was already sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.nemo.room import GENERATE, SAY

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room


def test_a_message_that_was_paid_is_announced_as_free_but_said_again_it_pays(room: Room) -> None:
    first = room.run(*GENERATE, "a kite", "--dry-run")
    assert (first["preview"]["pays"], first["preview"]["cost"]["source"]) == (True, "unknown")
    room.run(*GENERATE, "a kite")
    again = room.run(*GENERATE, "a kite", "--dry-run")
    assert (again["preview"]["pays"], again["next"]["cost"]) == (False, "none")
    room.run(*SAY, "louder")
    louder = room.run(*SAY, "louder", "--dry-run")["preview"]
    assert (louder["pays"], louder["cost"]["source"], louder["cost"]["amount"]) == (True, "estimated", 5)
    assert room.charged() == [5, 5]
