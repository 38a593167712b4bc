"""Calls to the service under one account: renew a refused token once, wait once for a rate limit."""

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
LIMITED_SECONDS = 30.0  # as the service requests after a 429 without a time
Value = TypeVar("Value")


class Mending:
    """The remedies that one operation may still use before it repeats a refused call, each of them once.

    All calls of an operation share it, also the request for a token: otherwise one wait would become three.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waited = False

    def mended(self, error: RequestRejected) -> bool:
        """Apply the remedy for a refused call; return False if there is none, or it was already used."""
        if isinstance(error, AuthenticationError) and error.code == "token_refused":
            return self._connection.renew()
        if not isinstance(error, RateLimitError) or self._waited:
            return False
        self._waited = True
        return self._connection.wait_for_limit(error)


class Connection:
    """An account and its client; the token is determined when the first call needs it."""

    def __init__(self, client: Client, account: Account, context: CommandContext, deadline: Deadline) -> None:
        self.client = client
        self.account = account
        self._context = context
        self._deadline = deadline
        self._secret: Secret | None = None
        self._refused: Secret | None = None
        self._renewed = False
        self._greeted = False

    def mending(self) -> Mending:
        """Return the unused remedies of a new operation."""
        return Mending(self)

    def read(self, ask: Callable[[float], Value], *, tries: int = TRIES) -> Value:
        """Make a free call until it works; `ask` gets the seconds that it may take.

        Raises:
            RequestRejected: the service refuses.
            ReadError: three tries failed.
        """
        mending = self.mending()
        return retry_read(lambda seconds: self.once(lambda: ask(seconds), mending), self._deadline, tries=tries)

    def once(self, ask: Callable[[], Value], mending: Mending | None = None) -> Value:
        """Make a free call, and repeat it once after the token was renewed or a rate limit waited for.

        A caller that makes several calls for one purpose passes the `mending` that they share.

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
        """Poll once during a wait; a rate limit is a failed poll, because the wait polls again anyway.

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
        """Report once that we are connecting."""
        if not self._greeted:
            self._greeted = True
            self._context.reporter.info("connecting")

    def ready(self) -> None:
        """Get a token, requesting an anonymous one if there is none.

        Raises:
            Rejected, ReadError.
        """
        if self._secret is None:
            self._secret = self.account.token(self._fetch, refused=self._refused)
            self._refused = None
            self.client.use(self._secret)

    def renew(self) -> bool:
        """Replace a refused anonymous token for the next call; return False if that cannot help."""
        if not self.account.is_anonymous or self._renewed:
            return False
        self._renewed = True
        self._refused, self._secret = self._secret, None
        return True

    def wait_for_limit(self, error: RateLimitError) -> bool:
        """Wait as long as the service asks, unless that is too long."""
        pause = LIMITED_SECONDS if error.retry_after is None else error.retry_after
        if pause > min(MAX_RETRY_AFTER, self._deadline.remaining):
            return False
        self._context.reporter.always("limited_waiting", seconds=f"{pause:.0f}")
        until = self._deadline.clock() + pause
        while self._deadline.clock() < until:
            self._deadline.sleep(min(1.0, until - self._deadline.clock()))
        return True

    def explained(self, error: RequestRejected) -> RequestRejected:
        """Return the error, adapted for a user without a token of their own."""
        if self.account.is_anonymous and error.code == "token_refused":
            error.code = "token_refused_anonymous"
        if self.account.is_anonymous and isinstance(error, QuotaExceeded) and error.code == "credits_gone":
            error.code = "credits_gone_anonymous"
            error.help_url = f"{wire.SITE}/?bind={quote(self.account.bind_id, safe='')}"
        return error

    def _fetch(self, client_id: str) -> wire.Anonymous:
        self.greet()
        return self.client.anonymous_token(client_id, self._deadline.remaining)
