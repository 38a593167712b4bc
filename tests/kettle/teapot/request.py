"""The request of paper-kettle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageRequest:
    """Images of tea; the options have checked both."""

    prompt: str
    cups: int
