"""A whole HTTP answer, and its body as strict JSON."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK = 1 << 16  # bytes of a body that are read at once


@dataclass(frozen=True)
class Answer:
    """A whole answer: HTTP status, headers (case-blind), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The name that the service gave the request, for its support."""
        value = self.headers.get("x-request-id")
        return value[:200] if value else None

    @property
    def retry_after(self) -> float | None:
        """Seconds from now that Retry-After asks to wait (a number or a date), None without a usable one."""
        return retry_after_seconds(self.headers.get("retry-after"))

    def json(self) -> Any:
        """Return the body as JSON, strictly; half a character, in which a cut text may end, becomes `?`.

        Raises:
            ValueError: not UTF-8, not JSON, NaN or infinite numbers, a name given twice, nested too deep.
        """
        try:
            document = json.loads(
                self.body.decode("utf-8-sig"),
                parse_constant=_refuse,
                parse_float=_finite,
                object_pairs_hook=_object,
            )
            if b"\\u" in self.body:  # the only way in for half a character, which could be written nowhere
                document = json.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
        except RecursionError:
            raise ValueError("nested too deep") from None
        return document


def retry_after_seconds(text: str | None) -> float | None:
    """Return what a Retry-After header asks for, in seconds from now; None when it is absent, past or garbage."""
    if not text:
        return None
    try:
        seconds = float(int(text))
    except OverflowError:
        return None
    except ValueError:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415  - rare

        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return seconds if seconds >= 0 else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return result
