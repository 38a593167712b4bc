"""Documents that are not what they should be: any JSON at all, and right ones with one odd place."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

HUGE = 10**400  # fits no float, and is JSON
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def nested(depth: int) -> Any:
    """Return lists in lists."""
    document: Any = []
    for _ in range(depth):
        document = [document]
    return document


ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 7, 1.5, -0.5, HUGE, -HUGE, 1e308, "", "0", "1e999", " ", "x", "\ud83d", "\0",
    "\x1b[2J", "MEDIA:/x", "x" * 9000, "://", "https://", [], [None], [[]], ["x"], [7], {}, {"": None}, [{}],
    [{"x": 1}], {"id": 7}, nested(50), nested(400),
)  # fmt: skip
"""What a document may hold in place of what it should; NaN and 1e999 are refused with the body."""


def spoilings(document: Any) -> Iterator[Any]:
    """Yield the document with each place left out, and with each of ODD there."""
    yield from (copy.deepcopy(one) for one in ODD)
    for path in _places(document):
        for odd in ODD:
            whole = copy.deepcopy(document)
            _at(whole, path[:-1])[path[-1]] = copy.deepcopy(odd)
            yield whole
        whole = copy.deepcopy(document)
        del _at(whole, path[:-1])[path[-1]]
        yield whole


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from _places(one, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(ODD)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.binary(max_size=60) | JSON.map(lambda one: json.dumps(one).encode())
