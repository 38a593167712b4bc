"""The services that every command uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nemovideo.api.connection import Connection
    from nemovideo.sessions import Sessions
    from shared.journal.claim import Journal


@dataclass(frozen=True)
class Services:
    """The connection to the service and the local session store; `language` is the one of a new session."""

    connection: Connection
    journal: Journal
    sessions: Sessions
    language: str
