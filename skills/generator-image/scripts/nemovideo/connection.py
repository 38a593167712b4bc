"""Calls to the service under one account: a refused token is renewed once, a limited call waits once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from nemovideo import wire
from shared.errors import KeyRefused, OutOfCredits, RateLimited, ReadFailed, Rejected
from shared.polling import LONGEST_RETRY_AFTER, read_patiently

if TYPE_CHECKING:
    from collections.abc import Callable

    from nemovideo.account import Account
    from nemovideo.client import Client
    from shared.keys import Secret
    from shared.polling import Limits
    from shared.run import Run

TRIES = 3  # of a free call outside of a wait
LIMITED_SECONDS = 30.0  # the service's wish after a 429 that does not say more
Value = TypeVar("Value")


class Connection:
    """An account and its client; the token is looked for when the first call needs it."""

    def __init__(self, client: Client, account: Account, run: Run, limits: Limits) -> None:
        self.client = client
        self.account = account
        self._run = run
        self._limits = limits
        self._secret: Secret | None = None
        self._renewed = False
        self._greeted = False

    def read(self, ask: Callable[[float], Value], *, tries: int = TRIES) -> Value:
        """Make a free call until it works; `ask` gets the seconds that it may take.

        Raises:
            Rejected: the service says no.
            ReadFailed: three tries did not work.
        """
        return read_patiently(lambda seconds: self.once(lambda: ask(seconds)), self._limits, tries=tries)

    def once(self, ask: Callable[[], Value]) -> Value:
        """Make a free call, once more after a token was renewed or a limit waited for.

        Raises:
            Rejected, ReadFailed.
        """
        done: set[str] = set()
        while True:
            try:
                self.ready()
                return ask()
            except Rejected as error:
                if error.provider_code in done or not self.mended(error):
                    raise self.explained(error) from error
                done.add(str(error.provider_code))

    def greet(self) -> None:
        """Say once that we are connecting."""
        if not self._greeted:
            self._greeted = True
            self._run.reporter.say("connecting")

    def ready(self) -> None:
        """Have a token, asking the service for an anonymous one where there is none.

        Raises:
            Rejected, ReadFailed.
        """
        if self._secret is None:
            self._use(None)

    def mended(self, error: Rejected) -> bool:
        """Do what makes the same call worth one more try; False where nothing does.

        Raises:
            Rejected, ReadFailed: a new token is not to be had.
        """
        if isinstance(error, KeyRefused) and error.code == "token_refused":
            if not self.account.is_anonymous or self._renewed:
                return False
            self._renewed = True
            self._use(self._secret)
            return True
        return isinstance(error, RateLimited) and self._waited(error)

    def explained(self, error: Rejected) -> Rejected:
        """Return the error with what is different for somebody without a token of their own."""
        if self.account.is_anonymous and error.code == "token_refused":
            error.code = "token_refused_anonymous"
        if self.account.is_anonymous and isinstance(error, OutOfCredits) and error.code == "credits_gone":
            error.code = "credits_gone_anonymous"
            error.help_url = f"{wire.SITE}/?bind={quote(self.account.bind_id, safe='')}"
        return error

    def _use(self, refused: Secret | None) -> None:
        def fetch(client_id: str) -> wire.Anonymous:
            self.greet()
            try:
                return self.client.anonymous_token(client_id, self._limits.left)
            except RateLimited as error:
                if not self._waited(error):
                    raise
                return self.client.anonymous_token(client_id, self._limits.left)

        self._secret = self.account.token(fetch, refused=refused)
        self.client.use(self._secret)

    def _waited(self, error: RateLimited) -> bool:
        """Wait as the service asks, if that is not too long."""
        pause = LIMITED_SECONDS if error.retry_after is None else error.retry_after
        if pause > min(LONGEST_RETRY_AFTER, self._limits.left):
            return False
        self._run.reporter.insist("limited_waiting", seconds=f"{pause:.0f}")
        until = self._limits.clock() + pause
        while self._limits.clock() < until:
            self._limits.sleep(min(1.0, until - self._limits.clock()))
        return True


def patient_with_limits(error: Rejected) -> ReadFailed:
    """Return a limited look as one that failed: a wait looks again."""
    return ReadFailed(
        "read_failed", status=error.http_status, http_status=error.http_status, retry_after=error.retry_after
    )
