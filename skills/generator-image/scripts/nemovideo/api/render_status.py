"""The status of a render, parsed from both shapes of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nemovideo.api.wire import amount
from shared.errors import ReadError
from shared.i18n.catalog import sanitize_line

Condition = Literal["running", "completed", "failed", "cancelled"]
_CONDITIONS: dict[str, Condition] = {
    **dict.fromkeys(("pending", "processing", "queued", "running"), "running"),
    **dict.fromkeys(("completed", "succeeded", "success", "done"), "completed"),
    **dict.fromkeys(("failed", "error"), "failed"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
}


@dataclass(frozen=True)
class Render:
    """The status of a render: `word` is the service's own, `known` whether it is documented."""

    condition: Condition
    word: str
    percent: int | None = None
    url: str = ""
    reason: str = ""
    known: bool = True

    @property
    def ended(self) -> bool:
        """True if the service will not change it any more."""
        return self.condition != "running"


def read_render(data: dict[str, Any]) -> Render:
    """Parse an answer: `status` and `output.url`, or `status`, `progress` and `outputUrl`.

    Raises:
        ReadError: it has no status.
    """
    word = data.get("status")
    if not isinstance(word, str) or not word:
        raise ReadError("read_failed", status=200, remedy="resume")
    output = data.get("output")
    url = data.get("outputUrl") or (output.get("url") if isinstance(output, dict) else None)
    percent = amount(data.get("progress"))
    reason = next((data[name] for name in ("error", "message", "reason") if isinstance(data.get(name), str)), "")
    condition = _CONDITIONS.get(word.lower())
    return Render(
        condition=condition or "running",
        word=sanitize_line(word, 40),
        percent=None if percent is None else min(100, int(percent)),
        url=url if isinstance(url, str) else "",
        reason=sanitize_line(reason),
        known=condition is not None,
    )
