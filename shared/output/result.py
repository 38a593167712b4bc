"""The result document: the same keys for success and failure, described by result.schema.json."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from shared.i18n.catalog import is_harmless_character
from shared.security.keys import redact_values
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.journal.entry import Charged, Entry, State

SCHEMA_VERSION = 1
Charges = Literal["none", "maybe", "yes"]
"""What running a command may cost: nothing, perhaps something, or the price of a task."""
_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"  # no break in the gap, or many of them would take quadratic time
_MEDIA_LINE = re.compile(rf"([{_BREAKS}](?:[^\w{_BREAKS}]|_)*media[^\S\n]*)(:)", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
Status = Literal["prepared", "submitted", "running", "succeeded", "failed", "refused", "unknown", "not_started"]
_STATUS_OF_ENTRY: dict[State, Status] = {
    "prepared": "not_started",
    "submitting": "unknown",
    "submitted": "submitted",
    "succeeded": "succeeded",
    "failed": "failed",
    "refused": "refused",
    "unreachable": "not_started",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class NextCommand:
    """A command to run next, and what it may cost.

    With `needs_consent`, it may charge more than the user has agreed to, so only their word allows it.
    """

    argv: Sequence[str]
    cost: Charges = "none"
    needs_consent: bool = False

    def document(self) -> dict[str, Any]:
        """Return the `next` of the result document."""
        return {
            "argv": list(self.argv),
            "shell": shell_line(self.argv),
            "cost": self.cost,
            "needs_consent": self.needs_consent,
        }


@dataclass
class Result:
    """What a command has found out so far; it ends as one document, however the command ends.

    `charged`, `possible_charges` and `cost` speak of the task, not of this run: with `reused` true, this run
    sent nothing that costs.
    """

    skill: str
    skill_version: str
    provider: str
    status: Status = "not_started"
    model: str | None = None
    mode: str | None = None
    task_id: str | None = None
    local_id: str | None = None
    reused: bool = False
    images: list[dict[str, Any]] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    input_images: list[dict[str, Any]] = field(default_factory=list)
    requested: dict[str, Any] = field(default_factory=dict)
    applied: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=lambda: {"amount": None, "unit": None, "source": "unknown"})
    charged: Charged = "no"
    possible_charges: int = 0
    attempts: int = 0
    journal: str | None = None
    next_command: NextCommand | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """What the skill's own contract names at the top level."""
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _started: float = field(default_factory=time.monotonic)

    def update_from_entry(self, entry: Entry, path: object) -> None:
        """Copy what the journal's entry knows about the task."""
        self.local_id, self.task_id, self.journal = entry.local_id, entry.task_id, str(path)
        self.model, self.mode = entry.model or self.model, entry.mode or self.mode
        self.charged, self.possible_charges, self.attempts = entry.charged, entry.possible_charges, entry.attempts
        self.requested, self.applied = entry.requested or self.requested, entry.applied or self.applied
        self.cost = entry.cost or self.cost
        if not (entry.state == "submitted" and self.status == "running"):  # the journal does not record polls
            self.status = _STATUS_OF_ENTRY[entry.state]

    def document(self, error: dict[str, Any] | None) -> dict[str, Any]:
        """Return the finished document; `error` is None for success."""
        finished = datetime.now(timezone.utc)
        return {
            "schema_version": SCHEMA_VERSION,
            "ok": error is None,
            "status": self.status,
            "skill": self.skill,
            "skill_version": self.skill_version,
            "provider": self.provider,
            "model": self.model,
            "mode": self.mode,
            "task_id": self.task_id,
            "local_id": self.local_id,
            "reused": self.reused,
            "images": self.images,
            "media": self.media,
            "input_images": self.input_images,
            "requested": self.requested,
            "applied": self.applied,
            "cost": self.cost,
            "charged": self.charged,
            "possible_charges": self.possible_charges,
            "attempts": self.attempts,
            "started_at": format_time(self.started_at),
            "finished_at": format_time(finished),
            "elapsed_seconds": round(time.monotonic() - self._started, 3),
            "journal": self.journal,
            "next": self.next_command.document() if self.next_command else None,
            "error": error,
            **self.extra,
        }


def shell_line(argv: Sequence[str]) -> str:
    """Return a line for this system's shell, which reads exactly these words.

    The line can be printed as it is: any POSIX shell makes the characters that may not be printed with `printf`.
    """
    if sys.platform == "win32":
        import subprocess  # noqa: PLC0415  - slow, and needed here only

        return subprocess.list2cmdline(argv)
    line = _MEDIA_LINE.sub(r"\1''\2", shlex.join(argv))  # it is in quotes there, where '' changes nothing
    return line if line.isprintable() else _printable(line)


def _printable(line: str) -> str:
    """Return an equivalent shell line without unprintable characters.

    All of them are inside single quotes, which are closed before `printf` and reopened after it.
    """
    pieces = []
    for is_harmless, group in itertools.groupby(line, is_harmless_character):
        text = "".join(group)
        octal = "" if is_harmless else "".join(f"\\{byte:03o}" for byte in _bytes_of(text))
        pieces.append(text if is_harmless else f"'\"$(printf '{octal}')\"'")
    return "".join(pieces)


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # as Python gets arguments that are not UTF-8
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_json_line(document: dict[str, Any], *, ascii_only: bool) -> str:
    """Return the document as one line of JSON, with every known key masked; image links stay complete.

    Characters that JSON allows but readers take for the end of a line or a command are escaped: a service's link
    may contain them.
    """
    text = json.dumps(redact_values(document), ensure_ascii=ascii_only, allow_nan=False)
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
