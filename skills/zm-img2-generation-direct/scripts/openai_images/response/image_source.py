"""Where an image of a response is: in the spooled response, raw or in base64, or behind a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from openai_images.response.reader import LongText, RawImage


@dataclass(frozen=True)
class Link:
    """The URL of an image; it may be relative to the service's."""

    url: str


Source: TypeAlias = LongText | RawImage | str | Link
"""A plain string is base64, with or without a `data:` prefix."""
