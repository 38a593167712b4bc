"""Budgets of paid requests: how much a skill may spend per day, week or month, or in one run."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import BudgetExceeded
from shared.i18n.messages import MessageRef
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.journal.entry import Entry
    from shared.journal.interface import Store

Period = Literal["day", "week", "month", "run"]
PERIODS: tuple[Period, ...] = ("day", "week", "month")
"""The periods of a budget that is kept; "run" is one command."""
REQUESTS = "requests"
"""The unit of a budget that counts paid requests, whose cost is always known: 1."""
UNITS = ("credits", "points", "tokens", REQUESTS)
MIN_BUDGET, MAX_BUDGET = 0.001, 1e9
MAX_SIMILAR = 50  # tasks of the same kind that are searched for the highest cost
DIGITS = 6  # of a sum of costs; the rest is the error of binary fractions


@dataclass(frozen=True)
class Budget:
    """The most that may be spent in each period, or in one run."""

    period: Period
    unit: str
    amount: float


@dataclass(frozen=True)
class Reservation:
    """The journal's record of one request that may be charged; the cost is None while it is unknown."""

    at: str
    run: str | None
    unit: str | None = None
    amount: float | None = None


@dataclass(frozen=True)
class Spending:
    """What was spent in a period or a run: known or reserved costs in one unit, and requests without a cost."""

    requests: int
    amount: float
    unpriced: int


@dataclass(frozen=True)
class Room:
    """What a budget leaves for requests of one kind; `price` is None while no cost is known."""

    budget: Budget
    spent: float
    price: float | None
    unpriced: int

    @property
    def left(self) -> float:
        """The rest of the budget, never less than 0."""
        return max(0.0, round(self.budget.amount - self.spent, DIGITS))

    @property
    def fits(self) -> int:
        """How many requests of this kind may still be sent."""
        if self.price is None:
            return 0 if self.unpriced else 1
        return int(round(self.left / self.price, DIGITS)) if self.price else sys.maxsize


def period_start(period: Period, now: datetime) -> datetime:
    """Return when the day, the week (Monday) or the month began, in UTC like every time of the journal."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return midnight - timedelta(days=now.weekday())
    return midnight.replace(day=1) if period == "month" else midnight


def period_end(period: Period, now: datetime) -> datetime:
    """Return when the day, the week or the month ends: the budget renews."""
    start = period_start(period, now)
    if period == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def existing(stores: Sequence[Store]) -> list[Store]:
    """Return the stores that exist, in an order that every process keeps to."""
    return sorted((store for store in stores if store.exists()), key=lambda store: store.path)


class BudgetGuard:
    """The budgets of a skill and of this run; asked in the transaction that marks a task submitting."""

    def __init__(self, stores: Sequence[Store], now: Callable[[], datetime], run: Budget | None = None) -> None:
        self._all_stores = stores
        self._now = now
        self._run = run
        self._run_id = secrets.token_hex(8)

    @property
    def _stores(self) -> list[Store]:
        return existing(self._all_stores)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep every other process from spending, in every state folder, until the block ends."""
        with contextlib.ExitStack() as transactions:
            for store in self._stores:
                transactions.enter_context(store.transaction(paying=True))
            yield

    def reserve(self, entry: Entry) -> Reservation:
        """Return what a paid request of a task reserves, if every budget has room for it.

        Raises:
            BudgetExceeded: `budget_exceeded`, or `budget_undecided` while an earlier cost is not known.
        """
        now, rooms = self._now(), self.rooms(entry)
        for room in rooms:
            if not room.fits:
                raise _refusal(room, now)
        priced = next((room for room in rooms if room.budget.unit != REQUESTS), None)
        unit, amount = (priced.budget.unit, priced.price) if priced else (None, None)
        quote = entry.cost or {}
        if quote.get("source") == "quoted":
            unit, amount = quote["unit"], quote["amount"]
        return Reservation(format_time(now), self._run_id, unit if amount is not None else None, amount)

    def rooms(self, entry: Entry | None = None) -> list[Room]:
        """Return what each budget leaves for requests like this one, or for the dearest that is known."""
        budgets = [self._run] if self._run else []
        budgets += (budget for store in self._stores for budget in store.budgets())
        strictest: dict[tuple[str, str], Budget] = {}
        for budget in budgets:
            kind = budget.period, budget.unit
            strictest[kind] = min(budget, strictest.get(kind, budget), key=lambda candidate: candidate.amount)
        prices = {unit: self._price(entry, unit) for unit in {budget.unit for budget in budgets}}
        return [self._room(budget, prices[budget.unit]) for budget in strictest.values()]

    def fitting(self, entries: Sequence[Entry]) -> int | None:
        """Return how many requests fit, in this order, before one exceeds a budget; None if a cost is unknown."""
        left = {room.budget: room.left for room in self.rooms()}
        prices: dict[tuple[str, ...], float | None] = {}
        for number, entry in enumerate(entries):
            for budget, rest in left.items():
                kind = (budget.unit, entry.mode, entry.model, str(entry.requested), str(entry.cost))
                if kind not in prices:
                    prices[kind] = self._price(entry, budget.unit)
                price = prices[kind]
                if price is None:
                    return None
                left[budget] = round(rest - price, DIGITS)
                if left[budget] < 0:
                    return number
        return len(entries)

    def _room(self, budget: Budget, price: float | None) -> Room:
        since = "" if budget.period == "run" else format_time(period_start(budget.period, self._now()))
        run = self._run_id if budget.period == "run" else None
        parts = [store.spending(since, budget.unit, run) for store in self._stores]
        if budget.unit == REQUESTS:
            return Room(budget, float(sum(part.requests for part in parts)), price, 0)
        unpriced = sum(part.unpriced for part in parts)
        known = sum(part.amount for part in parts)
        return Room(budget, round(known + unpriced * (price or 0.0), DIGITS), price, unpriced)

    def _price(self, entry: Entry | None, unit: str) -> float | None:
        """Return the cost to expect: the quote, else the highest known one of such tasks, else of any task."""
        if unit == REQUESTS:
            return 1.0
        quote = (entry.cost if entry else None) or {}
        if quote.get("source") == "quoted" and quote.get("unit") == unit:
            return float(quote["amount"])
        similar = [cost for store in self._stores for cost in _costs(store, entry, unit)]
        highest = (store.highest_cost(unit) for store in self._stores)
        return max(similar or [cost for cost in highest if cost is not None], default=None)


def _costs(store: Store, entry: Entry | None, unit: str) -> list[float]:
    """Return what the latest tasks like this one cost, as far as that is known in this unit."""
    past = store.history(state="succeeded", similar_to=entry, limit=MAX_SIMILAR) if entry else []
    charged = (task.cost for task in past if task.cost and task.charged == "yes")
    return [float(cost["amount"]) for cost in charged if cost["unit"] == unit]


def amount_text(amount: float) -> str:
    """Return an amount as people write it: 0.2, 5, 1000000."""
    return f"{amount:.{DIGITS}f}".rstrip("0").rstrip(".")


def _refusal(room: Room, now: datetime) -> BudgetExceeded:
    """Return the error of a budget without room: what is left, and when it renews."""
    budget = room.budget
    facts: dict[str, Any] = {
        "limit": amount_text(budget.amount),
        "unit": MessageRef(f"unit_{budget.unit}"),
        "period": MessageRef(f"budget_{budget.period}"),
        "then": MessageRef("budget_run_over"),
    }
    if budget.period != "run":
        renews = period_end(budget.period, now)
        facts["then"] = MessageRef("budget_renews", at=f"{renews:%Y-%m-%d %H:%M} UTC")
    if room.price is None:
        return BudgetExceeded("budget_undecided", count=room.unpriced, **facts)
    return BudgetExceeded("budget_exceeded", left=amount_text(room.left), cost=amount_text(room.price), **facts)
