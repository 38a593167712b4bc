"""Where an image of an answer is: in the spooled answer, in base64 or as it is, or behind a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from openai_images.response.reader import LongText, RawImage


@dataclass(frozen=True)
class Link:
    """The address of an image; it may be relative to the service's own."""

    url: str


Source: TypeAlias = LongText | RawImage | str | Link
"""A string is base64, maybe with a `data:` prefix."""
