"""The setting of a turn with each skill: simulated service, key in openclaw.json, documented command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skill_index import ROOT, IndexEntry, read_index

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse

ENTRIES = read_index(ROOT)


@dataclass(frozen=True)
class Arrangement:
    """What <slug>.json beside this module says.

    `service` is the simulated service's name in the house. `command` is how the line of SKILL.md begins, from the
    script's name on, that an agent would call. `openclaw` goes into openclaw.json, with the simulated service's
    key for "{key}".
    """

    service: str
    command: str
    openclaw: dict[str, Any]

    def configuration(self, house: StandInHouse) -> dict[str, Any]:
        """Return the part of openclaw.json that belongs to the skill."""
        key = getattr(house, self.service).key
        configuration = json.loads(json.dumps(self.openclaw).replace("{key}", key))
        assert isinstance(configuration, dict)
        return configuration


def arrangement_of(entry: IndexEntry) -> Arrangement:
    """Read a skill's file; a skill of the index that has none cannot be tested, which is an error."""
    path = Path(__file__).with_name(f"{entry.slug}.json")
    return Arrangement(**json.loads(path.read_text("utf-8")))
