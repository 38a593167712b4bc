"""The tables of budgets and of spending in PostgreSQL; see spending.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.journal.budget import PERIODS, Budget, Reservation, Spending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.journal.postgres_schema import Connection

SPENDING_KEY = 0x696D_6167_6573_6D  # the advisory lock for spending while there is a budget
SET_BUDGET = """
INSERT INTO budgets (period, unit, amount) VALUES (%s, %s, %s)
  ON CONFLICT (period, unit) DO UPDATE SET amount = excluded.amount
"""
REMOVE_BUDGET = "DELETE FROM budgets WHERE period = %s AND unit = %s"
_UPDATE = (
    """
    DELETE FROM spending WHERE local_id = %(local_id)s
      AND number > CASE WHEN %(charged)s = 'no' THEN 0 ELSE %(possible_charges)s END
    """,
    """
    INSERT INTO spending (local_id, number, at, run, unit, amount)
      SELECT %(local_id)s, %(possible_charges)s, %(at)s, %(run)s::text, %(reserved_unit)s::text,
        %(reserved_amount)s::float8
      WHERE %(possible_charges)s > 0 AND %(charged)s != 'no'
      ON CONFLICT DO NOTHING
    """,
    """
    UPDATE spending SET unit = %(unit)s, amount = %(amount)s
      WHERE local_id = %(local_id)s AND number = %(possible_charges)s AND %(charged)s = 'yes'
        AND %(amount)s::float8 IS NOT NULL
    """,
)
_SPENT = """
SELECT COUNT(*) AS requests, COALESCE(SUM(amount) FILTER (WHERE unit = %s), 0) AS amount,
  COUNT(*) FILTER (WHERE amount IS NULL) AS unpriced
FROM spending WHERE
"""
_PRUNE = """
DELETE FROM spending WHERE local_id < %s
  AND at < to_char(now() AT TIME ZONE 'UTC' - interval '62 days', 'YYYY-MM-DD')
"""


def take_turn(connection: Connection) -> None:
    """Wait, inside a transaction, until no other process spends; not needed without a budget."""
    if connection.execute("SELECT 1 FROM budgets LIMIT 1").fetchone():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SPENDING_KEY,))


def update(connection: Connection, row: Mapping[str, Any], reserved: Reservation | None) -> None:
    """Let the spending of a task follow its row: what it reserves, what was not charged, what it cost."""
    reserved = reserved or Reservation(row["submitted_at"] or row["created_at"], None)
    values = {
        **row,
        "at": reserved.at,
        "run": reserved.run,
        "reserved_unit": reserved.unit,
        "reserved_amount": reserved.amount,
    }
    for statement in _UPDATE:
        connection.execute(statement.encode(), values)


def budgets(connection: Connection) -> list[Budget]:
    """Return the budgets by length of their period."""
    rows = connection.execute("SELECT period, unit, amount FROM budgets").fetchall()
    known = [Budget(row["period"], row["unit"], row["amount"]) for row in rows]
    return sorted(known, key=lambda budget: ([*PERIODS, "run"].index(budget.period), budget.unit))


def spent(connection: Connection, since: str, unit: str, run: str | None) -> Spending:
    """Return what was spent in a unit since a time, or in a run."""
    where, value = ("at >= %s", since) if run is None else ("run = %s", run)
    row = connection.execute(f"{_SPENT} {where}".encode(), (unit, value)).fetchone()
    return Spending(**row) if row else Spending(0, 0.0, 0)


def highest_cost(connection: Connection, unit: str) -> float | None:
    """Return the highest cost of one request in a unit; None if none is known."""
    row = connection.execute("SELECT MAX(amount) AS amount FROM spending WHERE unit = %s", (unit,)).fetchone()
    return row["amount"] if row else None


def prune(connection: Connection, before: str) -> None:
    """Remove the spending of tasks older than a local id that no budget counts any more."""
    connection.execute(_PRUNE.encode(), (before,))
