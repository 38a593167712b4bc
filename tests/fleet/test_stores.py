"""What the journal needs of a store, shown of both: SQLite's file and PostgreSQL's table."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import BudgetExceeded, DiskError, OutcomeUnknown, StillRunning, TaskFailed, TaskLocked
from shared.journal.budget import Budget
from shared.journal.claim import Journal, LockWait
from shared.journal.interface import StoreBusy
from shared.journal.postgres import PostgresStore
from shared.journal.store import SqliteStore
from shared.security.keys import Secret
from shared.timefmt import format_time
from tests.shared.fakes import NOW, OTHERS, OURS, draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.journal.entry import Entry
    from shared.journal.interface import Store

AT_ONCE = LockWait(0.0, wait=False)
PAID: dict[str, Any] = {"charged": "yes", "possible_charges": 1, "attempts": 1}


@dataclass
class Place:
    """Where tasks are kept; every call of `open` is what another process would have."""

    open: Callable[[], Store]

    def __post_init__(self) -> None:
        self.store = self.open()
        self.store.create()

    def put(self, **changes: Any) -> Entry:
        """Keep an entry, an hour old unless `age` says otherwise."""
        age = changes.pop("age", timedelta(hours=1))
        number = changes.setdefault("sequence", 1)
        when = format_time(NOW - age)
        ids = {"local_id": f"{NOW - age:%Y%m%dT%H%M%SZ}-{number:08x}", "created_at": when, "finished_at": when}
        entry = draft(**{**ids, **changes})
        self.open().save(entry)
        return entry

    def journal(self) -> Journal:
        """Return a journal as another process would have it."""
        return Journal("image2", [], now=lambda: NOW, stores=[self.open()])


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    opened: list[PostgresStore] = []
    if request.param == "sqlite":
        yield Place(lambda: SqliteStore(tmp_path))
        return
    conninfo = request.getfixturevalue("journal_database")

    def connected() -> PostgresStore:
        opened.append(PostgresStore(conninfo))
        return opened[-1]

    yield Place(connected)
    for store in opened:
        store.close()


# ---- what is kept


def test_an_entry_is_read_as_it_was_written(place: Place) -> None:
    cost = {"amount": 0.2, "unit": "credits", "source": "charged", "more": [1]}
    changes = {"task_id": "7", "cost": cost, "seconds": 2.5, "requested": {"b": 1, "a": "猫\x00\ud800"}}
    entry = place.put(state="submitted", extra={"deep": [{"a": None}]}, **changes)
    assert place.store.entry(entry.local_id) == entry
    assert place.store.find("7", None) == place.store.find(entry.local_id, None) == entry
    assert place.store.find("7", "https://b.example") is None
    assert place.store.find("7", entry.base_url) == entry
    assert place.store.entry("20260301T000000Z-00000000") is None


def test_a_changed_entry_replaces_the_former_one(place: Place) -> None:
    entry = place.put(state="prepared", finished_at=None)
    place.store.save(replace(entry, state="succeeded", images=[{"path": "a.png"}]))
    assert place.store.matching(OURS) == [replace(entry, state="succeeded", images=[{"path": "a.png"}])]
    assert place.store.counts() == {"succeeded": 1}


def test_no_key_in_play_is_kept_whatever_text_it_comes_in(place: Place) -> None:
    key = Secret("dummy-" + "key-that-comes-back")
    entry = place.put(extra={"words": f"bad {key.reveal()}"}, images=[{"url": "https://a.example/1?sig=1"}])
    kept = place.store.entry(entry.local_id)
    assert kept
    assert kept.extra == {"words": f"bad {key}"}
    assert kept.images == [{"url": "https://a.example/1"}]


def test_entries_are_found_newest_first(place: Place) -> None:
    old = place.put(state="succeeded", sequence=1, age=timedelta(days=2), variant="a")
    refused = place.put(state="refused", sequence=2, age=timedelta(days=1))
    new = place.put(state="succeeded", sequence=3, model="other")
    assert place.store.matching(OURS) == [new, refused, old]
    assert place.store.history() == [new, refused, old]
    assert place.store.history(limit=2) == [new, refused]
    assert place.store.history(state="succeeded") == [new, old]
    assert place.store.history(variant="a") == [old]
    assert place.store.history(state="succeeded", similar_to=draft(), limit=5) == [old]


def test_what_was_charged_beside_a_task(place: Place) -> None:
    began = place.put(state="submitted", possible_charges=1)
    now = timedelta(0)
    beside = [
        place.put(sequence=2, state="unknown", possible_charges=1, finished_at=None),
        place.put(sequence=3, state="succeeded", possible_charges=1, age=now),
    ]
    place.put(sequence=4, state="succeeded", possible_charges=1, age=timedelta(days=1))
    place.put(sequence=5, state="succeeded", possible_charges=0, age=now)
    place.put(sequence=6, state="succeeded", possible_charges=1, age=now, account="1" * 12)
    place.put(sequence=7, state="succeeded", possible_charges=1, age=now, base_url="https://b.example")
    known = place.store.history(charged_beside=began)
    assert {entry.local_id for entry in known} == {entry.local_id for entry in beside}


def test_sums_of_what_was_charged(place: Place) -> None:
    prices = {"unit": "credits", "source": "charged"}
    place.put(sequence=1, state="succeeded", **PAID, cost={"amount": 0.1, **prices})
    place.put(sequence=2, state="succeeded", **PAID, cost={"amount": 0.2, **prices})
    place.put(sequence=3, state="succeeded", **PAID, cost={"amount": 9, **prices}, age=timedelta(days=9))
    unclear = place.put(sequence=4, state="unknown", charged="unknown", possible_charges=1)
    sums, entries = place.store.spent(format_time(NOW - timedelta(days=1)))
    assert sums == [{"skill": "image2", **prices, "tasks": 2, "amount": 0.3}]
    assert entries == [unclear]


def test_a_task_is_removed_and_old_ones_are_pruned(place: Place) -> None:
    gone = place.put(sequence=1, state="succeeded", age=timedelta(days=40))
    unknown = place.put(sequence=2, state="unknown", age=timedelta(days=40))
    young = place.put(sequence=3, state="refused")
    assert place.store.prune(f"{NOW - timedelta(days=30):%Y%m%dT%H%M%SZ}") == 1
    assert place.store.entry(gone.local_id) is None
    place.store.remove(young.local_id)
    assert place.store.history() == [unknown]


# ---- one step, or none


def test_two_live_tasks_of_one_request_cannot_exist(place: Place) -> None:
    live = place.put(state="submitted")
    with pytest.raises(TaskLocked) as caught:
        place.put(state="prepared", sequence=2)
    assert caught.value.about == (place.store.path, live)
    ended = place.put(state="unknown", sequence=3)
    with pytest.raises(TaskLocked):
        place.open().save(replace(ended, state="submitting"))
    assert place.store.entry(ended.local_id) == ended


def test_what_fails_halfway_is_undone(place: Place) -> None:
    entry = draft(local_id="20260301T110000Z-00000001")

    def halfway() -> None:
        with place.store.transaction():
            place.store.save(entry)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        halfway()
    assert place.store.entry(entry.local_id) is None


def test_who_decides_does_not_wait_for_another_who_does(place: Place) -> None:
    begun = time.monotonic()
    with (
        place.store.transaction(claiming=True),
        pytest.raises(StoreBusy),
        place.open().transaction(claiming=True),
    ):
        pass
    assert time.monotonic() - begun < 5


def test_a_lock_has_one_owner_until_it_is_let_go(place: Place) -> None:
    entry, other = place.put(), place.open()
    mine, theirs, again = (store.lock(entry.local_id) for store in (place.store, other, place.store))
    assert mine.try_acquire()
    assert not theirs.try_acquire()
    assert not again.try_acquire(), "another thread of the same process"
    mine.release()
    mine.release()
    assert theirs.try_acquire()
    theirs.release()


# ---- the table of docs/money.md


def test_a_request_is_created_once_and_then_returned(place: Place) -> None:
    with place.journal().claim(draft(variant="a"), AT_ONCE) as lease:
        assert lease.action == "create"
        with pytest.raises(TaskLocked):
            place.journal().claim(draft(variant="a"), AT_ONCE)
        lease.task.mark_submitting()
        lease.task.mark_submitted("77", charged="yes", cost=None)
        lease.task.finish("succeeded")
    with place.journal().claim(draft(variant="a"), AT_ONCE) as lease:
        assert (lease.action, lease.task.entry.task_id) == ("return", "77")
    with place.journal().claim(draft(variant="a"), AT_ONCE, new=True) as lease:
        assert (lease.action, lease.task.entry.sequence) == ("create", 2)


DEAD: dict[str, tuple[dict[str, Any], type[Exception] | str]] = {
    "prepared": ({"state": "prepared", "finished_at": None}, "create"),
    "submitting": ({"state": "submitting", "finished_at": None, **PAID, "charged": "unknown"}, OutcomeUnknown),
    "submitted": ({"state": "submitted", "task_id": "7", **PAID}, "attach"),
    "unknown": ({"state": "unknown", **PAID, "charged": "unknown"}, OutcomeUnknown),
    "refused": ({"state": "refused"}, "create"),
    "failed and paid": ({"state": "failed", **PAID}, TaskFailed),
    "failed and not paid": ({"state": "failed"}, "create"),
}


@pytest.mark.parametrize("case", DEAD.values(), ids=DEAD)
def test_what_becomes_of_an_entry_without_an_owner(place: Place, case: Any) -> None:
    known, expected = case
    entry = place.put(**known)
    if isinstance(expected, str):
        with place.journal().claim(draft(), AT_ONCE) as lease:
            assert lease.action == expected
        return
    with pytest.raises(expected):
        place.journal().claim(draft(), AT_ONCE)
    kept = place.store.entry(entry.local_id)
    assert kept
    assert kept.state == ("unknown" if entry.state == "submitting" else entry.state)


def test_a_task_is_resumed_by_either_id(place: Place) -> None:
    entry = place.put(state="submitted", task_id="77", **PAID)
    for identifier in ("77", entry.local_id):
        with place.journal().resume(identifier, draft(""), AT_ONCE) as lease:
            assert (lease.action, lease.task.entry) == ("attach", entry)
    with place.journal().resume("88", draft(""), AT_ONCE) as lease:
        assert (lease.action, lease.task.entry.task_id) == ("attach", "88")


def test_a_living_owner_is_waited_for(place: Place) -> None:
    with place.journal().claim(draft(), AT_ONCE), pytest.raises(StillRunning):
        place.journal().claim(draft(), LockWait(time.monotonic() + 0.3))


def test_threads_share_a_journal(place: Place) -> None:
    journal = place.journal()

    def work(number: int) -> None:
        with journal.claim(draft(f"{number:064x}"), LockWait(time.monotonic() + 30)) as lease:
            lease.task.mark_submitting()
            lease.task.mark_submitted(str(number), charged="yes", cost=None)
            lease.task.finish("succeeded")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.counts() == {"succeeded": 8}


def test_of_many_that_claim_one_request_one_creates(place: Place) -> None:
    actions: list[str] = []
    barrier = threading.Barrier(6)

    def claim() -> None:
        journal = place.journal()
        barrier.wait()
        with journal.claim(draft(OTHERS, variant="a"), LockWait(time.monotonic() + 30)) as lease:
            if lease.action == "create":
                lease.task.mark_submitting()
                lease.task.finish("succeeded", charged="yes")
            actions.append(lease.action)

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(actions) == ["create", *["return"] * 5]


def test_an_entry_that_cannot_be_judged_stops_everything(place: Place) -> None:
    entry = place.put(state="succeeded", **PAID)
    mark = "?" if isinstance(place.store, SqliteStore) else "%s"
    with place.store.transaction() as connection:
        connection.execute(f"UPDATE tasks SET details = '[' WHERE local_id = {mark}", (entry.local_id,))  # type: ignore[attr-defined]  # noqa: S608
    with pytest.raises(DiskError):
        place.journal().claim(draft(), AT_ONCE)


# ---- budgets


def buy(journal: Journal, number: int, price: float | None) -> None:
    """Pay for a request; its cost is what the service says it took."""
    cost = None if price is None else {"amount": price, "unit": "credits", "source": "charged"}
    with journal.claim(draft(f"{number:064x}"), LockWait(time.monotonic() + 30)) as lease:
        lease.task.mark_submitting()
        lease.task.mark_submitted(str(number), charged="yes", cost=cost)
        lease.task.finish("succeeded")


def test_budgets_are_kept_replaced_and_removed(place: Place) -> None:
    for budget in (Budget("week", "credits", 3), Budget("day", "credits", 4), Budget("day", "credits", 5)):
        place.store.set_budget(budget)
    assert place.open().budgets() == [Budget("day", "credits", 5.0), Budget("week", "credits", 3.0)]
    place.store.remove_budget(Budget("week", "credits", 0))
    assert place.store.budgets() == [Budget("day", "credits", 5.0)]


def test_a_budget_counts_costs_reservations_and_what_was_forgotten(place: Place) -> None:
    place.store.set_budget(Budget("day", "credits", 9))
    buy(place.journal(), 1, 2)
    buy(place.journal(), 2, None)  # reserves 2
    buy(place.journal(), 3, 4)
    room = place.journal().guard.rooms()[0]
    assert (room.spent, room.left) == (8, 1)
    place.store.remove(place.store.history()[0].local_id)
    with pytest.raises(BudgetExceeded) as caught:
        buy(place.journal(), 4, 1)
    assert (caught.value.code, caught.value.facts["left"]) == ("budget_exceeded", "1")
    assert place.store.highest_cost("credits") == 4
    (refused,) = place.store.history(state="unreachable")
    assert (refused.charged, refused.possible_charges) == ("no", 0)


def test_a_row_of_spending_goes_with_the_proof_that_nothing_was_charged(place: Place) -> None:
    place.store.set_budget(Budget("day", "requests", 2))
    with place.journal().claim(draft(), AT_ONCE) as lease:
        lease.task.mark_submitting()
        lease.task.mark_submitting()
        assert place.store.spending("", "requests").requests == 2
        lease.task.mark_not_charged("submitting")
        assert place.store.spending("", "requests").requests == 1
        lease.task.finish("failed", charged="no")
    assert place.store.spending("", "requests").requests == 0


def test_owners_who_pay_at_once_do_not_exceed_a_budget(place: Place) -> None:
    place.store.set_budget(Budget("day", "credits", 5))
    buy(place.journal(), 0, 1)
    refused: list[int] = []

    def work(first: int) -> None:
        journal = place.journal()
        for number in range(first, first + 4):
            try:
                buy(journal, number, 1)
            except BudgetExceeded:
                refused.append(number)

    threads = [threading.Thread(target=work, args=(first,)) for first in (10, 20, 30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (place.journal().guard.rooms()[0].spent, len(refused)) == (5, 12)
    assert len(place.store.history(state="succeeded")) == 5
