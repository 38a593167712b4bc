"""The local store of sessions: one file per session, one line per event."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from shared.files import disk_errors, make_private_folder, open_to_append
from shared.security.keys import redact_values
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SKILL = "generator-image"


@dataclass
class Session:
    """One remembered session; times are ISO 8601 UTC."""

    session_id: str
    base_url: str
    account: str
    task_id: str = ""
    language: str = ""
    opened_at: str = ""
    last_at: str = ""
    uploads: list[str] = field(default_factory=list)
    renders: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Uploads that no message has carried yet."""
    unfinished: dict[str, str] = field(default_factory=dict)
    """Renders whose end no command has seen, oldest first, each with the digest of its order."""


class Sessions:
    """Written in the current state folder, read from the default one too; lines are only appended."""

    def __init__(
        self, states: Sequence[Path], base_url: str, account: str, *, now: Callable[[], datetime] | None = None
    ) -> None:
        self._folders = [state / "image-skills" / SKILL / "sessions" for state in states]
        self._base_url = base_url
        self._account = account
        self._now = now or (lambda: datetime.now(timezone.utc))

    def note(self, session_id: str, **facts: object) -> None:
        """Record facts of a session, or only its use.

        Facts are `task_id`, `language`, `uploads`, `carried` (uploads that a message carries), `renders` (ids with
        the digest of their order) and `ended` (renders whose end was seen).

        Raises:
            DiskError: `disk_failed`.
        """
        folder = self._folders[0]
        line = {"session_id": session_id, "base_url": self._base_url, "account": self._account}
        text = json.dumps(redact_values({**line, "at": format_time(self._now()), **facts})) + "\n"
        name = hashlib.sha256(f"{self._base_url} {session_id}".encode()).hexdigest()[:16]
        make_private_folder(folder)
        path = folder / f"{name}.jsonl"
        with disk_errors(path):
            descriptor = open_to_append(path)
            try:
                os.write(descriptor, text.encode())  # one write: lines of two processes do not mix
            finally:
                os.close(descriptor)

    def newest_first(self) -> list[Session]:
        """Return the sessions of this account at this service."""
        sessions: dict[str, Session] = {}
        for line in self._lines():
            if (line.get("base_url"), line.get("account")) != (self._base_url, self._account):
                continue
            blank = Session(str(line["session_id"]), self._base_url, self._account)
            session = sessions.setdefault(blank.session_id, blank)
            session.opened_at = min(session.opened_at or "9", str(line["at"]))
            if not line.keys() & {"renders", "ended"}:  # an export of an older session does not make it the newest
                session.last_at = max(session.last_at, str(line["at"]))
            session.task_id = str(line.get("task_id") or session.task_id)
            session.language = str(line.get("language") or session.language)
            uploads, renders, ends = (_several(line.get(name)) for name in ("uploads", "renders", "ended"))
            session.uploads += [str(item) for item in uploads]
            session.waiting += [str(item) for item in uploads]
            for carried in _several(line.get("carried")):
                if carried in session.waiting:
                    session.waiting.remove(str(carried))
            session.renders += [str(item) for item in renders]
            session.unfinished |= renders if isinstance(renders, dict) else {}
            for ended in ends:
                session.unfinished.pop(str(ended), None)
        return sorted(sessions.values(), key=lambda item: (item.last_at, item.session_id), reverse=True)

    def waiting_uploads(self, session_id: str) -> list[str]:
        """Return the names of the uploads of a session that no message has carried yet."""
        return next((item.waiting for item in self.newest_first() if item.session_id == session_id), [])

    def unfinished(self, session_id: str, digest: str) -> str | None:
        """Return the newest render with this digest in a session whose end was not seen."""
        pending = [session.unfinished for session in self.newest_first() if session.session_id == session_id]
        return next(
            (render for renders in pending for render in reversed(renders) if renders[render] == digest), None
        )

    def of_render(self, render_id: str) -> Session | None:
        """Return the session of a render."""
        return next((session for session in self.newest_first() if render_id in session.renders), None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        for folder in dict.fromkeys(self._folders):
            with disk_errors(folder):  # a name that is too long, for one; a folder that is missing has no files
                paths = sorted(folder.glob("*.jsonl"))
            for path in paths:
                with contextlib.suppress(OSError):
                    yield from _read(path.read_bytes())


def _several(value: Any) -> list[Any] | dict[str, Any]:
    """Return a list or dict of a line, empty if somebody edited it to anything else."""
    return value if isinstance(value, list | dict) else []


def _read(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the readable lines; a line that a full disk cut is skipped."""
    for text in content.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(text)
            if (
                isinstance(line, dict)
                and isinstance(line.get("session_id"), str)
                and isinstance(line.get("at"), str)
            ):
                yield line
