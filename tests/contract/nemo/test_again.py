"""tasks.py again of generator-image: the same message, in a new session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.nemo.room import LAUNCHER

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room


def test_a_message_is_sent_again(room: Room) -> None:
    first = room.run(LAUNCHER, "generate", "a red kite", "--poll-interval", "0.5", "--json")
    second = room.run("tasks.py", "again", first["local_id"], "--json")
    assert second["local_id"] != first["local_id"]
    assert room.messages() == ["a red kite"] * 2
    assert len(room.charged()) == 2
