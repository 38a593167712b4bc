"""The tables of budgets and of spending, which has a row for each request that may have been charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.journal.budget import PERIODS, Budget, Reservation, Spending

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

FIRST_VERSION = 2  # of the database, that has these tables
SET_BUDGET = "INSERT OR REPLACE INTO budgets (period, unit, amount) VALUES (?, ?, ?)"
REMOVE_BUDGET = "DELETE FROM budgets WHERE period = ? AND unit = ?"
_SPENDING = "local_id, number, at, run, unit, amount"
SALVAGED = (
    (SET_BUDGET.replace("REPLACE", "IGNORE"), "period, unit, amount", "budgets"),
    ("INSERT OR REPLACE INTO spending VALUES (?, ?, ?, ?, ?, ?)", _SPENDING, "spending"),
)
"""For each table: the statement that writes a row read from a damaged database, its columns, and its name."""
_UPDATE = (
    """
    DELETE FROM spending WHERE local_id = :local_id
      AND number > CASE :charged WHEN 'no' THEN 0 ELSE :possible_charges END
    """,
    f"""
    INSERT OR IGNORE INTO spending ({_SPENDING})
      SELECT :local_id, :possible_charges, :at, :run, :reserved_unit, :reserved_amount
      WHERE :possible_charges > 0 AND :charged != 'no'
    """,
    """
    UPDATE spending SET unit = :unit, amount = :amount
      WHERE local_id = :local_id AND number = :possible_charges AND :charged = 'yes' AND :amount IS NOT NULL
    """,
)
_SUMS = "SELECT COUNT(*), COALESCE(SUM(CASE unit WHEN ? THEN amount END), 0), SUM(amount IS NULL) FROM spending"
_PRUNE = "DELETE FROM spending WHERE local_id < ? AND at < strftime('%Y-%m-%d', 'now', '-62 days')"


def update(connection: sqlite3.Connection, row: Mapping[str, Any], reserved: Reservation | None) -> None:
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
        connection.execute(statement, values)


def budgets(connection: sqlite3.Connection) -> list[Budget]:
    """Return the budgets by length of their period; a database of an older version has none."""
    if not _has_tables(connection):
        return []
    rows = [Budget(*row) for row in connection.execute("SELECT period, unit, amount FROM budgets")]
    return sorted(rows, key=lambda budget: ([*PERIODS, "run"].index(budget.period), budget.unit))


def spent(connection: sqlite3.Connection, since: str, unit: str, run: str | None) -> Spending:
    """Return what was spent in a unit since a time, or in a run."""
    where, value = ("at >= ?", since) if run is None else ("run = ?", run)
    requests, amount, unpriced = connection.execute(f"{_SUMS} WHERE {where}", (unit, value)).fetchone()
    return Spending(requests, amount, unpriced or 0)


def highest_cost(connection: sqlite3.Connection, unit: str) -> float | None:
    """Return the highest cost of one request in a unit; None if none is known."""
    cost = connection.execute("SELECT MAX(amount) FROM spending WHERE unit = ?", (unit,)).fetchone()[0]
    return None if cost is None else float(cost)


def prune(connection: sqlite3.Connection, before: str) -> None:
    """Remove the spending of tasks older than a local id that no budget counts any more."""
    if _has_tables(connection):
        connection.execute(_PRUNE, (before,))


def _has_tables(connection: sqlite3.Connection) -> bool:
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) >= FIRST_VERSION
