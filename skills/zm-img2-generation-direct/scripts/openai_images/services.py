"""What a task is done with, and where its files go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.retry_policy import Policy
    from shared.journal.claim import Journal


@dataclass(frozen=True)
class Place:
    """Where the files of a task go; `name` begins their names, and is all of them where it is unique by itself."""

    pictures: Path
    runs: Path
    name: str
    unique: bool = False

    def named(self, local_id: str) -> str:
        """Return what the task's picture and folder are called."""
        return self.name if self.unique else f"{self.name}-{local_id}"


@dataclass(frozen=True)
class Hands:
    """What a task is done with: where it goes, who is asked, what is remembered, how often it is tried."""

    provider: Provider
    client: Client
    journal: Journal
    policy: Policy
    place: Place
    watched: bool = True
    """Whether a person follows this task, and not a batch of which it is one."""
