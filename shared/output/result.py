"""The result document: the same keys for success and failure, described by result.schema.json."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from shared.i18n.catalog import is_harmless_character
from shared.security.keys import redact_values
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.output.outcome import Outcome

SCHEMA_VERSION = 1
Charges = Literal["none", "maybe", "yes"]
"""What running a command may cost: nothing, perhaps something, or the price of a task."""
_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"  # no break in the gap, or many of them would take quadratic time
_MEDIA_LINE = re.compile(rf"([{_BREAKS}](?:[^\w{_BREAKS}]|_)*media[^\S\n]*)(:)", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


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


def document(outcome: Outcome, error: dict[str, Any] | None) -> dict[str, Any]:
    """Return the finished document; `error` is None for success."""
    finished = datetime.now(timezone.utc)
    return {
        "schema_version": SCHEMA_VERSION,
        "ok": error is None,
        "status": outcome.status,
        "skill": outcome.skill,
        "skill_version": outcome.skill_version,
        "provider": outcome.provider,
        "model": outcome.model,
        "mode": outcome.mode,
        "task_id": outcome.task_id,
        "local_id": outcome.local_id,
        "reused": outcome.reused,
        "images": outcome.images,
        "media": outcome.media,
        "input_images": outcome.input_images,
        "requested": outcome.requested,
        "applied": outcome.applied,
        "cost": outcome.cost,
        "charged": outcome.charged,
        "possible_charges": outcome.possible_charges,
        "attempts": outcome.attempts,
        "started_at": format_time(outcome.started_at),
        "finished_at": format_time(finished),
        "elapsed_seconds": round(time.monotonic() - outcome.started, 3),
        "journal": outcome.journal,
        "next": outcome.next_command.document() if outcome.next_command else None,
        "error": error,
        **outcome.extra,
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
