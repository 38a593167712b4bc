"""What every use case works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nemovideo.api.connection import Connection
    from nemovideo.sessions import Sessions
    from shared.journal.claim import Journal


@dataclass(frozen=True)
class Hands:
    """The way to the service, and what this machine remembers; `language` is the one of a new session."""

    connection: Connection
    journal: Journal
    sessions: Sessions
    language: str
