"""Find an object in a service's answer, inside any envelopes that a gateway has added."""

from __future__ import annotations

import json
from typing import Any

NAMES = ("data", "result", "response", "task", "payload")
"""Names under which services and their gateways have the answer proper."""
MAX_ENVELOPES = 8  # around each other
MAX_EXACT_FLOAT = 1 << 53  # above it, a float is not exactly the intended integer


def parsed(value: Any) -> Any:
    """Return the value of JSON text, and anything else as it is; JSON text may hold JSON text again."""
    for _ in range(MAX_ENVELOPES):
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    return value


def find_object(document: Any, *names: str) -> dict[str, Any]:
    """Return the object with one of these names: the answer itself, else the nearest one in its envelopes.

    An envelope may be a list, of which the first item counts, or JSON text. Empty when there is no such object.
    """
    level = [parsed(document)]
    for _ in range(MAX_ENVELOPES):
        objects = [value for value in level if isinstance(value, dict)]
        for value in objects:
            if any(value.get(name) is not None for name in names):
                return value
        level = [item for value in level if isinstance(value, list) for item in value[:1]]
        level = [parsed(item) for item in (*level, *(value.get(name) for value in objects for name in NAMES))]
    return {}


def id_text(value: Any) -> str:
    """Return an ID as text, also one that a gateway has rewritten (`7.0`, ` 7 `); empty for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT_FLOAT:
        value = int(value)
    return str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
