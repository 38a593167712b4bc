"""The rate of one account, shared by all workers: one row, one clock, the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.journal.postgres import PostgresStore

FIRST_PAUSE, MAX_PAUSE = 5.0, 300.0  # seconds after a refusal without Retry-After; doubled with each in a row
MAX_RETRY_AFTER = 86_400.0  # seconds


class AccountRate:
    """The rate of an account's requests, over all workers."""

    def __init__(self, store: PostgresStore, queue: str) -> None:
        self._store = store
        self._account = queue
        with store.transaction() as connection:
            connection.execute("INSERT INTO account_rates (account) VALUES (%s) ON CONFLICT DO NOTHING", (queue,))

    def limit(self, per_minute: float | None) -> None:
        """Set how many requests a minute may begin; None removes the limit, a refusal stays in force."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE account_rates SET per_minute = %(rate)s, next_at = CASE WHEN refusals > 0 THEN next_at"
                " ELSE LEAST(next_at, clock_timestamp()"
                " + make_interval(secs => COALESCE(60 / %(rate)s::float8, 0))) END"
                " WHERE account = %(account)s",
                {"rate": per_minute, "account": self._account},
            )

    def take(self) -> float:
        """Take leave to send one request now: return 0.0, or the seconds after which it is worth another try."""
        with self._store.transaction() as connection:
            taken = connection.execute(
                "UPDATE account_rates SET next_at = clock_timestamp() +"
                " make_interval(secs => COALESCE(60 / per_minute, 0))"
                " WHERE account = %s AND next_at <= clock_timestamp() RETURNING account",
                (self._account,),
            ).fetchone()
            if taken:
                return 0.0
            row = connection.execute(
                "SELECT EXTRACT(EPOCH FROM next_at - clock_timestamp())::float8 AS seconds"
                " FROM account_rates WHERE account = %s",
                (self._account,),
            ).fetchone()
        return max(0.01, float(row["seconds"])) if row else 0.01

    def refused(self, retry_after: float | None) -> None:
        """Block requests until the service's Retry-After is over, or for a pause that doubles with each refusal.

        Requests that ran at the same time are refused together, and count as one.
        """
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE account_rates SET refusals = refusals + 1, next_at = clock_timestamp() + make_interval("
                "secs => COALESCE(%s, LEAST(%s, %s * 2 ^ LEAST(refusals, 16))))"
                " WHERE account = %s AND next_at <="
                " clock_timestamp() + make_interval(secs => COALESCE(%s, 60 / per_minute, 0))",
                (
                    None if retry_after is None else min(retry_after, MAX_RETRY_AFTER),
                    MAX_PAUSE,
                    FIRST_PAUSE,
                    self._account,
                    retry_after,
                ),
            )

    def accepted(self) -> None:
        """Forget earlier refusals: the service accepts requests again."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE account_rates SET refusals = 0 WHERE account = %s AND refusals > 0", (self._account,)
            )
