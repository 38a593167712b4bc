"""The account: the user's own token, else an anonymous one that is stored and renewed as seldom as possible."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from shared.errors import AuthenticationError, ConfigurationError
from shared.files import Lock, disk_errors, make_private_folder, write_atomically
from shared.i18n.messages import MessageRef
from shared.security.keys import Secret, read_private_file, redact_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nemovideo.api.wire import Anonymous
    from shared.security.keys import ResolvedKey

LIFETIME = 7 * 24 * 3600.0  # seconds; for a token without a stated expiry
LOCK_SECONDS, LOCK_PAUSE = 60.0, 0.2
MAX_USER_ID = 200  # characters


@dataclass
class Account:
    """The account of one command; `own` is None if the user has no token.

    An anonymous account is identified by its client id, which stays when the token is renewed: a message paid with
    the old token must keep its account. `fetch` requests a token for a client id.
    """

    folder: Path
    base_url: str
    own: ResolvedKey | None
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def is_anonymous(self) -> bool:
        """True if the user has no token of their own."""
        return self.own is None

    @property
    def name(self) -> str:
        """12 hex characters that distinguish accounts without revealing the token or the client id."""
        if self.own:
            return self.own.secret.account()
        return hashlib.sha256(f"client {self.client_id()}".encode()).hexdigest()[:12]

    @property
    def bind_id(self) -> str:
        """The id in a registration link, by which the work of an anonymous account is kept."""
        return str(self._kept().get("user_id") or self.client_id())

    def kept_token(self) -> str | None:
        """Return the stored anonymous token, None if there is none or it expired."""
        kept = self._kept()
        return str(kept.get("token")) if kept and self.now() < float(kept.get("until", 0)) else None

    def client_id(self) -> str:
        """Return this machine's client id; it is made once and never changed.

        Raises:
            ConfigurationError, DiskError: the file cannot be used.
        """
        path = self.folder / "client_id"
        kept = _uuid(read_private_file(path))
        if kept:
            return kept
        with self._locked():
            kept = _uuid(read_private_file(path)) or str(uuid.uuid4())
            with disk_errors(path):
                write_atomically(path, f"{kept}\n".encode())
        return kept

    def token(self, fetch: Callable[[str], Anonymous], *, refused: Secret | None = None) -> Secret:
        """Return a token that is valid as far as is known; `refused` is one that the service has just refused.

        A new one is requested if there is none, if it expired, or in place of a refused one, once in the lifetime
        of that one: more tokens would not help.

        Raises:
            AuthenticationError: `token_refused_anonymous`; it was already renewed early.
            RateLimitError, ReadError: the service issues none now.
        """
        if self.own:
            return self.own.secret
        client_id = self.client_id()
        with self._locked():
            kept = self._kept()
            text, early = str(kept.get("token") or ""), False
            if text and self.now() < float(kept.get("until", 0)):
                if refused is None or text != refused.reveal():
                    return Secret(text)
                if self.now() < float(kept.get("renewed_until", 0)):
                    raise AuthenticationError("token_refused_anonymous", remedy="none")
                early = True
            anonymous = fetch(client_id)
            secret = Secret(anonymous.token)
            known = (
                anonymous.user_id if redact_keys(anonymous.user_id) == anonymous.user_id else ""
            )  # it goes into a link
            fresh = {
                "token": anonymous.token,
                "user_id": known[:MAX_USER_ID] or kept.get("user_id", ""),
                "until": _until(anonymous.expires_at, self.now()),
                "renewed_until": kept.get("until", 0) if early else 0,
            }
            self._keep(fresh)
            return secret

    @property
    def _path(self) -> Path:
        return self.folder / "token.json"

    def _all(self) -> dict[str, Any]:
        try:
            document = json.loads(read_private_file(self._path) or "{}")
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def _kept(self) -> dict[str, Any]:
        """Return the stored data of this service: a token is only sent to the address that issued it."""
        kept = self._all().get(self.base_url)
        if not isinstance(kept, dict) or not all(isinstance(kept.get(name, 0), int | float) for name in _TIMES):
            return {}
        Secret(str(kept.get("token") or ""))  # masked from now on
        return kept

    def _keep(self, fresh: dict[str, Any]) -> None:
        with disk_errors(self._path):
            content = json.dumps({**self._all(), self.base_url: fresh}, indent=1)
            write_atomically(self._path, content.encode())

    def _locked(self) -> Lock:
        """Take the lock of these files, so that two processes do not request two tokens."""
        make_private_folder(self.folder)
        lock = Lock(self.folder / "lock")
        waited = 0.0
        with disk_errors(lock.path):
            while not lock.try_acquire():
                if waited > LOCK_SECONDS:
                    raise ConfigurationError(
                        "key_file_unreadable", path=lock.path, reason=MessageRef("reason_timeout")
                    )
                self.sleep(LOCK_PAUSE)
                waited += LOCK_PAUSE
        return lock


_TIMES = ("until", "renewed_until")


def _uuid(text: str | None) -> str | None:
    try:
        return str(uuid.UUID((text or "").strip()))
    except ValueError:
        return None


def _until(expires_at: str, now: float) -> float:
    try:
        moment = datetime.fromisoformat(expires_at.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return now + LIFETIME
