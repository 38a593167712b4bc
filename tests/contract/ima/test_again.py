"""tasks.py again of IMA: the same create, at the price that is quoted now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.ima.studio import KITE

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio


def test_a_create_is_sent_again_at_its_price(studio: Studio) -> None:
    first = studio.run(*KITE)
    second = studio.run("tasks.py", "again", first["local_id"], "--json")
    assert second["local_id"] != first["local_id"]
    assert second["cost"] == first["cost"]
    (one, two) = studio.bodies()
    assert one == two
    assert len(studio.charged()) == 2
