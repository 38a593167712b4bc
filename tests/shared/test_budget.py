"""Budgets: what they count, what they reserve, when they renew, and that no process gets past them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import BudgetExceeded
from shared.i18n.catalog import Catalog
from shared.journal import schema
from shared.journal.budget import Budget, amount_text, period_end, period_start
from shared.journal.claim import Journal, LockWait
from shared.journal.reader import JournalReader
from shared.journal.retention import forget, prune, set_damaged_aside
from tests.journals import alter, entries_in, watch
from tests.shared.fakes import NOW, draft, put

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.entry import Entry
    from shared.journal.submit import LockedTask

AT_ONCE = LockWait(0.0, wait=False)
CREDITS = {"unit": "credits", "source": "charged"}


@dataclass
class Scene:
    """A journal with a clock that the test moves, and budgets."""

    folder: Path
    now: datetime = NOW
    run: Budget | None = None
    tasks: int = 0
    others: list[Path] = field(default_factory=list)

    def journal(self) -> Journal:
        return Journal("image2", [self.folder, *self.others], now=lambda: self.now, run_budget=self.run)

    def limit(self, amount: float, period: Any = "day", unit: str = "credits") -> None:
        store = self.journal().all_stores[0]
        store.create()
        store.set_budget(Budget(period, unit, amount))

    def begin(self, journal: Journal | None = None, **more: Any) -> LockedTask:
        """Claim another request and mark it submitting."""
        self.tasks += 1
        lease = (journal or self.journal()).claim(draft(f"{self.tasks:064x}", **more), AT_ONCE)
        lease.task.mark_submitting()
        return lease.task

    def buy(self, price: float | None, journal: Journal | None = None, **more: Any) -> LockedTask:
        """Pay for another request; the cost is what the service says it took."""
        task = self.begin(journal, **more)
        task.mark_submitted(str(self.tasks), charged="yes", cost=cost_of(price))
        task.finish("succeeded")
        task.release()
        return task

    def refused(self, **more: Any) -> BudgetExceeded:
        """Try another request that no budget has room for."""
        before = len(self.submitting())
        with pytest.raises(BudgetExceeded) as caught:
            self.begin(**more)
        assert len(self.submitting()) == before
        last = self.newest()
        assert (last.state, last.charged, last.possible_charges, last.attempts) == ("unreachable", "no", 0, 0)
        assert last.error == {"code": caught.value.code}
        return caught.value

    def newest(self) -> Entry:
        return next(entry for entry in self.journal().history() if entry.fingerprint == f"{self.tasks:064x}")

    def submitting(self) -> list[Entry]:
        return [entry for entry in self.journal().history() if entry.possible_charges]


def cost_of(amount: float | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount, **CREDITS}


def spending(path: Path) -> list[tuple[object, ...]]:
    with closing(schema.connect(path, "read")) as connection:
        return [tuple(row) for row in connection.execute("SELECT local_id, number, unit, amount FROM spending")]


@pytest.fixture(autouse=True)
def _without_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def said(error: BudgetExceeded, language: Any = "en") -> str:
    catalog = Catalog(language)
    return " ".join(catalog.format(message, **error.facts) for message in (error.code, f"{error.code}.hint"))


# ---- what is counted


def test_the_budget_is_spent_to_the_last_cent_and_no_further(scene: Scene) -> None:
    scene.limit(0.6)
    for _ in range(3):
        scene.buy(0.2)  # 0.2 + 0.2 + 0.2 is more than 0.6 in binary
    error = scene.refused()
    assert (error.code, error.exit_code, error.remedy, error.retryable) == ("budget_exceeded", 5, "none", False)
    assert said(error) == (
        "This request may cost 0.2 credits, but the budget of 0.6 credits per day has 0 left. It was not sent. "
        "The budget renews at 2026-03-02 00:00 UTC. "
        "Change it only if the user asks for that (tasks.py budget set)."
    )
    assert "每天 0.6 积分的预算只剩 0 积分" in said(error, "zh")


def test_what_is_left_but_too_little_is_not_enough(scene: Scene) -> None:
    scene.limit(0.5)
    scene.buy(0.2)
    scene.buy(0.2)
    assert scene.refused().facts["left"] == "0.1"


def test_without_a_budget_nothing_is_refused(scene: Scene) -> None:
    for _ in range(3):
        scene.buy(1e6)


def test_what_was_spent_before_the_budget_was_set_counts(scene: Scene) -> None:
    for _ in range(3):
        scene.buy(2)
    scene.limit(7)
    assert scene.refused().facts["left"] == "1"


def test_an_unknown_outcome_counts_as_spent(scene: Scene) -> None:
    scene.limit(4)
    scene.buy(2)
    scene.begin().finish("unknown")
    assert scene.refused().facts["left"] == "0"


def test_a_request_under_way_counts_as_spent(scene: Scene) -> None:
    scene.limit(4)
    scene.buy(2)
    task = scene.begin()
    scene.refused()
    task.mark_submitted("9", charged="yes", cost=cost_of(1))
    assert scene.journal().guard.rooms()[0].spent == 3


@pytest.mark.parametrize("state", ["refused", "unreachable", "prepared"])
def test_what_was_provably_not_accepted_costs_nothing(scene: Scene, state: Any) -> None:
    scene.limit(4)
    scene.buy(2)
    scene.begin().mark_not_charged(state)
    assert scene.journal().guard.rooms()[0].left == 2
    scene.buy(2)


def test_a_failure_that_was_not_charged_gives_back_what_it_reserved(scene: Scene) -> None:
    scene.limit(4)
    scene.buy(2)
    task = scene.begin()
    task.mark_submitted("9", charged="unknown", cost=None)
    scene.refused()
    task.finish("failed", charged="no")
    scene.buy(2)


def test_each_attempt_that_may_have_been_charged_counts(scene: Scene) -> None:
    scene.limit(6)
    scene.buy(2)
    task = scene.begin()
    task.mark_submitting()
    with pytest.raises(BudgetExceeded):
        task.mark_submitting()
    assert (task.entry.state, task.entry.possible_charges, task.entry.attempts) == ("unknown", 2, 2)
    assert scene.journal().guard.rooms()[0].spent == 6


def test_a_cost_in_another_unit_is_not_counted(scene: Scene) -> None:
    scene.limit(3, unit="points")
    scene.buy(2)
    scene.buy(2)
    assert scene.journal().guard.rooms()[0].spent == 0


def test_requests_are_counted_whatever_they_cost(scene: Scene) -> None:
    scene.limit(2, unit="requests")
    scene.buy(None)
    scene.begin().finish("unknown")
    error = scene.refused()
    assert (error.facts["cost"], error.facts["left"], str(error.facts["unit"])) == ("1", "0", "unit_requests")


def test_the_strictest_of_several_budgets_counts(scene: Scene) -> None:
    scene.limit(100, "month")
    scene.limit(2)
    scene.limit(3, unit="requests")
    scene.buy(2)
    assert str(scene.refused().facts["period"]) == "budget_day"


# ---- what is reserved


def test_a_quote_is_reserved_as_it_is(scene: Scene) -> None:
    scene.limit(10)
    scene.buy(1)
    quote = {"amount": 8.5, "unit": "credits", "source": "quoted"}
    assert scene.buy(None, cost=quote).entry.charged == "yes"
    error = scene.refused(cost={**quote, "amount": 0.6})
    assert (error.facts["cost"], error.facts["left"]) == ("0.6", "0.5")


def test_the_highest_cost_of_such_tasks_is_reserved(scene: Scene) -> None:
    scene.limit(10)
    for cost in (1, 3, 2):
        scene.buy(cost, requested={"size": "1:1"})
    scene.buy(0.5, requested={"size": "4k"})
    assert scene.journal().guard.rooms(draft(requested={"size": "1:1"}))[0].price == 3
    assert scene.journal().guard.rooms(draft(requested={"size": "4k"}))[0].price == 0.5
    assert scene.journal().guard.rooms(draft(requested={"size": "new"}))[0].price == 3
    scene.buy(2, requested={"size": "4k"})
    assert scene.refused(requested={"size": "1:1"}).facts["left"] == "1.5"


def test_with_no_known_cost_one_request_reserves_the_whole_budget(scene: Scene) -> None:
    scene.limit(10)
    task = scene.begin()
    error = scene.refused()
    assert (error.code, error.exit_code, error.facts["count"]) == ("budget_undecided", 5, 1)
    assert "The cost of 1 earlier request(s) is not known yet" in said(error)
    task.mark_submitted("9", charged="yes", cost=cost_of(4))
    scene.buy(4)
    assert scene.refused().facts["left"] == "2"


def test_a_cost_that_never_becomes_known_keeps_the_budget_reserved(scene: Scene) -> None:
    scene.limit(10)
    scene.buy(None)
    assert scene.refused().code == "budget_undecided"
    scene.now += timedelta(days=1)
    scene.buy(None)


def test_a_later_known_cost_is_reserved_for_each_unknown_one(scene: Scene) -> None:
    scene.buy(None)
    scene.buy(None)
    scene.buy(3)
    scene.limit(12)
    scene.buy(3)
    assert scene.refused().facts["left"] == "0"


def test_how_many_fit_is_known_before_the_first_is_sent(scene: Scene) -> None:
    entries = [draft(f"{number:064x}") for number in range(900, 910)]
    guard = scene.journal().guard
    assert guard.fitting(entries) == 10
    scene.limit(7)
    assert scene.journal().guard.fitting(entries) is None
    scene.buy(2)
    assert scene.journal().guard.fitting(entries) == 2
    assert scene.journal().guard.fitting(entries[:2]) == 2


# ---- one run


def test_the_limit_of_a_run_counts_that_run_alone(scene: Scene) -> None:
    scene.buy(2)
    scene.run = Budget("run", "credits", 4)
    journal = scene.journal()
    scene.buy(2, journal)
    scene.buy(2, journal)
    with pytest.raises(BudgetExceeded) as caught:
        scene.begin(journal)
    assert said(caught.value) == (
        "This request may cost 2 credits, but the budget of 4 credits for this command has 0 left. "
        "It was not sent. The limit is --max-cost of this command. Raise it only if the user asks for that."
    )
    scene.buy(2, scene.journal())


# ---- time


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        ("day", "2026-03-01T23:59:59", "2026-03-01", "2026-03-02"),
        ("day", "2028-02-28T00:00:00", "2028-02-28", "2028-02-29"),
        ("week", "2026-03-01T12:00:00", "2026-02-23", "2026-03-02"),
        ("week", "2026-03-02T00:00:00", "2026-03-02", "2026-03-09"),
        ("month", "2026-12-31T23:00:00", "2026-12-01", "2027-01-01"),
        ("month", "2027-02-01T00:00:00", "2027-02-01", "2027-03-01"),
    ],
)
def test_periods_begin_and_end_at_midnight_utc(period: Any, now: str, start: str, end: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=timezone.utc)
    bounds = [f"{at(period, moment):%Y-%m-%d}" for at in (period_start, period_end)]
    assert bounds == [start, end]


@pytest.mark.parametrize(("period", "later"), [("day", 1), ("week", 7), ("month", 31)])
def test_a_budget_renews_with_its_period(scene: Scene, period: Any, later: int) -> None:
    scene.limit(2, period)
    scene.buy(2)
    scene.refused()
    scene.now += timedelta(days=later)
    scene.buy(2)
    scene.refused()


def test_a_clock_that_jumps_over_midnight_and_back_forgets_nothing(scene: Scene) -> None:
    scene.limit(4)
    scene.buy(2)
    scene.now += timedelta(hours=13)
    scene.buy(2)
    scene.now -= timedelta(hours=13)
    assert scene.refused().facts["left"] == "0"


def test_a_task_that_ends_on_the_next_day_counts_where_it_was_sent(scene: Scene) -> None:
    scene.limit(2)
    task = scene.begin()
    scene.now += timedelta(days=1)
    task.mark_submitted("9", charged="yes", cost=cost_of(2))
    scene.buy(2)
    scene.refused()


# ---- the database


def test_forgetting_and_pruning_give_no_money_back(scene: Scene) -> None:
    scene.now = datetime.now(timezone.utc)
    scene.limit(4)
    first, second = scene.buy(2), scene.buy(2)
    forget(first.path, first.entry)
    assert prune([second.path], scene.now + timedelta(days=1)) == 1
    assert entries_in(first.path) == []
    assert scene.refused().facts["left"] == "0"


def test_pruning_removes_the_spending_that_no_budget_counts(scene: Scene) -> None:
    task = scene.buy(2)
    assert spending(task.path) == [(task.entry.local_id, 1, "credits", 2.0)]
    prune([task.path], NOW + timedelta(days=1))
    assert spending(task.path) == []


def test_a_budget_of_either_state_folder_counts_the_spending_of_both(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "moved", others=[tmp_path / "default"])
    terminal = Scene(tmp_path / "default", tasks=100)
    terminal.limit(4)
    terminal.buy(2)
    scene.buy(2)
    assert scene.refused().facts["left"] == "0"
    scene.limit(100)
    assert scene.refused().facts["limit"] == "4"


def test_an_older_database_is_migrated_with_what_it_has_spent(scene: Scene) -> None:
    row = put(
        scene.folder, state="succeeded", charged="yes", possible_charges=1, cost=cost_of(3), fingerprint="ef" * 32
    )
    put(scene.folder, state="unknown", charged="unknown", possible_charges=1, sequence=2)
    put(scene.folder, state="refused", sequence=3)
    for statement in ("DROP TABLE budgets", "DROP TABLE spending", "PRAGMA user_version = 1"):
        alter(row.database, statement)
    older = JournalReader("image2", [scene.folder], access="read", now=lambda: NOW)
    assert (older.guard.rooms(), len(older.history())) == ([], 3)
    forget(row.database, draft(local_id="20260301T000000Z-00000000"))
    assert prune([row.database], NOW - timedelta(days=90)) == 0
    scene.limit(9)
    assert scene.journal().guard.rooms()[0].spent == 6
    with closing(schema.connect(row.database, "read")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION


def test_a_damaged_database_is_set_aside_without_lifting_the_budget(scene: Scene) -> None:
    scene.limit(4)
    task = scene.buy(2)
    forgotten = scene.buy(2)
    forget(forgotten.path, forgotten.entry)
    alter(task.path, "UPDATE tasks SET state = 'lost'")
    assert set_damaged_aside(task.path)
    assert scene.refused().facts["left"] == "0"


def test_a_budget_is_replaced_and_removed(scene: Scene) -> None:
    scene.limit(4)
    scene.limit(5)
    scene.limit(6, "week")
    store = scene.journal().all_stores[0]
    assert store.budgets() == [Budget("day", "credits", 5.0), Budget("week", "credits", 6.0)]
    store.remove_budget(Budget("day", "credits", 0))
    assert store.budgets() == [Budget("week", "credits", 6.0)]


def test_amounts_are_written_as_people_write_them() -> None:
    assert [amount_text(amount) for amount in (5.0, 0.2, 1e6, 0.1 + 0.2, 0.0)] == [
        "5",
        "0.2",
        "1000000",
        "0.3",
        "0",
    ]
