"""Wait until the registry reports a version as public: publishing only starts the registry's checks."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

from skill_index import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_WAIT = 1800.0  # seconds; the checks take minutes
POLL_SECONDS = 15.0
WAITING = frozenset({"pending", "pending-publication", "submitted"})
MAX_WORDS = 500  # characters of the registry's own words


def run_json(argv: list[str], environment: Mapping[str, str]) -> tuple[int, dict[str, Any], str]:
    """Run a command; return its exit status, its JSON document ({} without one) and what it printed."""
    ended = subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    try:
        document = json.loads(ended.stdout[ended.stdout.index("{") :])
    except ValueError:
        document = {}
    words = " ".join((ended.stderr.strip() or ended.stdout.strip()).split())[:MAX_WORDS]
    return ended.returncode, document if isinstance(document, dict) else {}, words


def is_public(document: Mapping[str, Any], version: str) -> bool:
    """Return whether an answer of `clawhub inspect` shows this version as the one that is installed.

    Raises:
        InvalidRequest: the registry has blocked the skill, with its words.
    """
    latest, moderation = document.get("latestVersion") or {}, document.get("moderation") or {}
    if moderation.get("isMalwareBlocked") or moderation.get("verdict") == "malicious":
        words = moderation.get("summary") or ", ".join(moderation.get("reasonCodes") or ()) or "no reason given"
        raise Refused(f"the registry has blocked it: {words}")
    return bool(latest.get("version") == version)


def wait_until_public(
    status: str | None,
    inspect: Callable[[], dict[str, Any]],
    version: str,
    *,
    seconds: float = MAX_WAIT,
    pause: float = POLL_SECONDS,
    words: str = "",
) -> None:
    """Return once the version is public; `status` is what the publish itself reported.

    Raises:
        InvalidRequest: the registry rejected it, or it is not public after `seconds`.
    """
    if status == "published":
        return
    if status is not None and status not in WAITING:
        raise Refused(f"the registry says {status}: {words or 'no reason given'}")
    deadline = time.monotonic() + seconds
    while not is_public(inspect(), version):
        if time.monotonic() + pause > deadline:
            raise Refused(f"still not public after {seconds:.0f} s; look at it in the registry")
        time.sleep(pause)
