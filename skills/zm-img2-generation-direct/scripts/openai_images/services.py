"""The services that a task uses, and where its files go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.client import Client
    from openai_images.config.provider import Provider
    from openai_images.retry_policy import RetryPolicy


@dataclass(frozen=True)
class OutputPaths:
    """Output folders of a task; file names begin with `name`, or are exactly `name` if it is unique."""

    images: Path
    runs: Path
    name: str
    unique: bool = False

    def name_for(self, local_id: str) -> str:
        """Return the name of the task's image and folder."""
        return self.name if self.unique else f"{self.name}-{local_id}"


@dataclass(frozen=True)
class Services:
    """What a task uses: provider, client, retry policy and output paths."""

    provider: Provider
    client: Client
    retry_policy: RetryPolicy
    paths: OutputPaths
    interactive: bool = True
    """Whether a person follows this task; false for the tasks of a batch."""
