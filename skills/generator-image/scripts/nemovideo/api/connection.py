"""Calls to the service under one account: a refused token is renewed once, a limited call waits once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from nemovideo.api import wire
from shared.errors import AuthenticationError, QuotaExceeded, RateLimitError, ReadError, RequestRejected
from shared.polling import MAX_RETRY_AFTER, retry_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from nemovideo.api.account import Account
    from nemovideo.api.client import Client
    from shared.cli.context import CommandContext
    from shared.polling import Deadline
    from shared.security.keys import Secret

TRIES = 3  # of a free call outside of a wait
LIMITED_SECONDS = 30.0  # the service's wish after a 429 that does not say more
Value = TypeVar("Value")


class Mending:
    """What one operation may still do so that a refused call is made once more: each of it once, whatever follows.

    All calls of an operation share it, also the call for a token: nested, one wait would become three.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waited = False

    def mended(self, error: RequestRejected) -> bool:
        """Do what makes the same call worth one more try; False where nothing does, or it was done before."""
        if isinstance(error, AuthenticationError) and error.code == "token_refused":
            return self._connection.renew()
        if not isinstance(error, RateLimitError) or self._waited:
            return False
        self._waited = True
        return self._connection.wait_for_limit(error)


class Connection:
    """An account and its client; the token is looked for when the first call needs it."""

    def __init__(self, client: Client, account: Account, run: CommandContext, limits: Deadline) -> None:
        self.client = client
        self.account = account
        self._run = run
        self._limits = limits
        self._secret: Secret | None = None
        self._refused: Secret | None = None
        self._renewed = False
        self._greeted = False

    def mending(self) -> Mending:
        """Return what a new operation may do once when it is refused."""
        return Mending(self)

    def read(self, ask: Callable[[float], Value], *, tries: int = TRIES) -> Value:
        """Make a free call until it works; `ask` gets the seconds that it may take.

        Raises:
            RequestRejected: the service says no.
            ReadError: three tries did not work.
        """
        mending = self.mending()
        return retry_read(lambda seconds: self.once(lambda: ask(seconds), mending), self._limits, tries=tries)

    def once(self, ask: Callable[[], Value], mending: Mending | None = None) -> Value:
        """Make a free call, once more after a token was renewed or a limit waited for.

        A caller that makes it several times for one purpose passes the `mending` that all of them share.

        Raises:
            Rejected, ReadError.
        """
        mending = mending or self.mending()
        while True:
            try:
                self.ready()
                return ask()
            except RequestRejected as error:
                if not mending.mended(error):
                    raise self.explained(error) from error

    def poll(self, ask: Callable[[], Value]) -> Value:
        """Make one of the calls of a wait; a limited one is a failed poll, because the wait polls again anyway.

        Raises:
            Rejected, ReadError.
        """
        while True:
            try:
                self.ready()
                return ask()
            except RateLimitError as error:
                pause = LIMITED_SECONDS if error.retry_after is None else error.retry_after
                status = error.http_status
                raise ReadError("read_failed", status=status, http_status=status, retry_after=pause) from error
            except AuthenticationError as error:
                if error.code != "token_refused" or not self.renew():
                    raise self.explained(error) from error
            except RequestRejected as error:
                raise self.explained(error) from error

    def greet(self) -> None:
        """Say once that we are connecting."""
        if not self._greeted:
            self._greeted = True
            self._run.reporter.info("connecting")

    def ready(self) -> None:
        """Have a token, asking the service for an anonymous one where there is none.

        Raises:
            Rejected, ReadError.
        """
        if self._secret is None:
            self._secret = self.account.token(self._fetch, refused=self._refused)
            self._refused = None
            self.client.use(self._secret)

    def renew(self) -> bool:
        """Have the next call take a new anonymous token in place of a refused one; False if that cannot help."""
        if not self.account.is_anonymous or self._renewed:
            return False
        self._renewed = True
        self._refused, self._secret = self._secret, None
        return True

    def wait_for_limit(self, error: RateLimitError) -> bool:
        """Wait as the service asks, if that is not too long."""
        pause = LIMITED_SECONDS if error.retry_after is None else error.retry_after
        if pause > min(MAX_RETRY_AFTER, self._limits.remaining):
            return False
        self._run.reporter.always("limited_waiting", seconds=f"{pause:.0f}")
        until = self._limits.clock() + pause
        while self._limits.clock() < until:
            self._limits.sleep(min(1.0, until - self._limits.clock()))
        return True

    def explained(self, error: RequestRejected) -> RequestRejected:
        """Return the error with what is different for somebody without a token of their own."""
        if self.account.is_anonymous and error.code == "token_refused":
            error.code = "token_refused_anonymous"
        if self.account.is_anonymous and isinstance(error, QuotaExceeded) and error.code == "credits_gone":
            error.code = "credits_gone_anonymous"
            error.help_url = f"{wire.SITE}/?bind={quote(self.account.bind_id, safe='')}"
        return error

    def _fetch(self, client_id: str) -> wire.Anonymous:
        self.greet()
        return self.client.anonymous_token(client_id, self._limits.remaining)
