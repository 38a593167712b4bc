"""The sentences that only generator-image says, English and Chinese side by side."""

from __future__ import annotations

from shared.texts import Text

TEXTS: dict[str, Text] = {}
