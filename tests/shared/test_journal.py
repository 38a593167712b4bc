"""The journal's decision table, its locks and what it makes of damage, each in process with a fake clock."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import BadInput, DiskError, OutcomeUnknown, SkillError, StillRunning, TaskFailed, TaskLocked
from shared.journal.claim import Journal, LockWait
from shared.journal.entry import LOCAL_ID
from shared.journal.store import SqliteStore
from tests.journals import Kept, WatchedConnection, alter, entries_in, fill_disk, kept, watch
from tests.shared.fakes import FOLDER, NOW, OTHERS, OURS, FakeClock, draft, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.files import Lock
    from shared.journal.claim import TaskLease
    from shared.journal.entry import Entry

ENDED = {"charged": "yes", "possible_charges": 1, "attempts": 1, "task_id": "77"}
TOO_OLD = timedelta(hours=24)
YOUNG = timedelta(hours=24) - timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


class Scene:
    """A journal at NOW over two state folders, of which only the first is created; nothing waits by default."""

    def __init__(self, folder: Path) -> None:
        self.state, self.default = folder / "moved", folder / "home"
        self.journal = Journal("image2", [self.state, self.default], now=lambda: NOW)
        self.clock = FakeClock()
        self.waited: list[str] = []

    def lock_wait(self, seconds: float = 0.0) -> LockWait:
        clock = self.clock
        return LockWait(
            clock.now + seconds, seconds > 0, clock, clock.sleep, lambda entry: self.waited.append(entry.local_id)
        )

    def claim(self, *, new: bool = False, seconds: float = 0.0, print_: str = OURS) -> TaskLease:
        return self.journal.claim(draft(print_), self.lock_wait(seconds), new=new)

    def resume(self, identifier: str, seconds: float = 0.0) -> TaskLease:
        return self.journal.resume(identifier, draft("", mode="", model=""), self.lock_wait(seconds))

    def files(self, state: Path | None = None) -> list[Kept]:
        database = (state or self.state).joinpath(*FOLDER, "journal.db")
        return [Kept(database, entry.local_id) for entry in entries_in(database)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def locked(row: Kept) -> Lock:
    lock = row.lock
    assert lock.try_acquire()
    return lock


# ---- the table, with the lock free


def test_none_makes_a_prepared_entry_that_is_ours(scene: Scene) -> None:
    with scene.claim() as claim:
        (row,) = scene.files()
        entry = row.entry
        assert claim.action == "create"
        assert kept(claim.task) == row
        assert LOCAL_ID.fullmatch(entry.local_id)
        assert entry.local_id.startswith("20260301T120000Z-")
        assert (entry.state, entry.sequence, entry.charged) == ("prepared", 1, "no")
        assert entry.created_at == "2026-03-01T12:00:00.000Z"
        with pytest.raises(TaskLocked):
            scene.claim()
    assert row.lock.try_acquire(), "the end of the block lets it go"


CREATES = {
    "prepared": {"state": "prepared", "finished_at": None},
    "refused": {"state": "refused"},
    "unreachable": {"state": "unreachable"},
    "failed, charged no": {"state": "failed", "charged": "no"},
    "succeeded, 24 h old": {"state": "succeeded", **ENDED, "age": TOO_OLD},
    "succeeded, a year old": {"state": "succeeded", **ENDED, "age": timedelta(days=80)},
}


def test_a_variant_that_was_made_is_returned_however_old(scene: Scene) -> None:
    row = put(scene.state, state="succeeded", **ENDED, age=timedelta(days=80), variant="second")
    with scene.journal.claim(draft(OURS), scene.lock_wait()) as claim:
        assert (claim.action, kept(claim.task)) == ("return", row)
    with scene.journal.claim(draft(OURS), scene.lock_wait(), new=True) as claim:
        assert claim.action == "create"


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("known", CREATES.values(), ids=CREATES)
def test_nothing_to_return_to_creates(scene: Scene, known: dict[str, Any], *, new: bool) -> None:
    before = put(scene.state, **known)
    with scene.claim(new=new) as claim:
        assert claim.action == "create"
        assert kept(claim.task) != before
        assert kept(claim.task).entry.sequence == 2
    assert len(scene.files()) == 2
    assert before.lock.try_acquire(), "the old entry is nobody's"


def test_a_prepared_entry_without_an_owner_is_set_aside(scene: Scene) -> None:
    before = put(scene.state, state="prepared", finished_at=None)
    scene.claim().task.release()
    entry = before.entry
    assert (entry.state, entry.charged, entry.error) == ("unreachable", "no", {"code": "ended_before_sending"})
    assert entry.finished_at == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("new", [False, True])
def test_submitting_without_an_owner_becomes_unknown(scene: Scene, *, new: bool) -> None:
    row = put(scene.state, state="submitting", charged="unknown", possible_charges=1, finished_at=None)
    with pytest.raises(OutcomeUnknown) as caught:
        scene.claim(new=new)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == (
        "outcome_unknown_before",
        10,
        "new",
    )
    assert caught.value.facts == {"local_id": row.local_id, "since": "2026-03-01T11:00:00.000Z"}
    entry = row.entry
    assert (entry.state, entry.charged, entry.possible_charges) == ("unknown", "unknown", 1)
    assert entry.error == {"code": "ended_while_sending"}
    assert caught.value.about == (row.database, row.entry), "the result tells of the task, not of this run"
    assert scene.files() == [row]
    assert row.lock.try_acquire()


@pytest.mark.parametrize("new", [False, True])
def test_submitted_is_taken_over(scene: Scene, *, new: bool) -> None:
    row = put(scene.state, state="submitted", **ENDED, finished_at=None)
    with scene.claim(new=new) as claim:
        assert (claim.action, kept(claim.task), claim.task.entry.task_id) == ("attach", row, "77")
        assert not row.lock.try_acquire()
    assert scene.files() == [row]


@pytest.mark.parametrize("charged", ["yes", "unknown"])
def test_a_failure_that_may_have_been_charged_stops(scene: Scene, charged: str) -> None:
    reason = {"code": "task_failed", "reason": "no faces"}
    row = put(scene.state, **{**ENDED, "state": "failed", "charged": charged, "error": reason})
    with pytest.raises(TaskFailed) as caught:
        scene.claim()
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("task_failed_before", 8, "new")
    assert caught.value.facts == {"local_id": row.local_id, "reason": "no faces"}
    assert caught.value.about == (row.database, row.entry)
    assert scene.files() == [row]


def test_unknown_stops(scene: Scene) -> None:
    row = put(scene.state, state="unknown", charged="unknown")
    with pytest.raises(OutcomeUnknown) as caught:
        scene.claim()
    assert caught.value.about == (row.database, row.entry)
    assert scene.files() == [row]


def test_a_success_of_the_last_24_hours_is_returned(scene: Scene) -> None:
    row = put(scene.state, state="succeeded", **ENDED, age=YOUNG)
    with scene.claim() as claim:
        assert (claim.action, kept(claim.task)) == ("return", row)


def test_the_24_hours_count_from_the_end(scene: Scene) -> None:
    put(scene.state, state="succeeded", age=timedelta(days=3), finished_at="2026-03-01T11:00:00.000Z")
    with scene.claim() as claim:
        assert claim.action == "return"


PASSED_OVER = {
    "succeeded": {"state": "succeeded", **ENDED},
    "failed": {"state": "failed", **ENDED},
    "unknown": {"state": "unknown", "charged": "unknown"},
}


@pytest.mark.parametrize("known", PASSED_OVER.values(), ids=PASSED_OVER)
def test_new_passes_over_what_ended(scene: Scene, known: dict[str, Any]) -> None:
    put(scene.state, **known)
    with scene.claim(new=True) as claim:
        assert claim.action == "create"


def test_new_attaches_to_the_entry_that_a_killed_run_with_new_made(scene: Scene) -> None:
    put(scene.state, state="succeeded", **ENDED)
    made = put(scene.state, state="submitted", sequence=2, **{**ENDED, "task_id": "78"})
    with scene.claim(new=True) as claim:
        assert (claim.action, kept(claim.task)) == ("attach", made)


def test_new_finds_an_unfinished_entry_behind_a_finished_one(scene: Scene) -> None:
    unfinished = put(scene.state, state="submitted", sequence=1, **ENDED)
    put(scene.state, state="succeeded", sequence=2, **ENDED)
    with scene.claim(new=True) as claim:
        assert kept(claim.task) == unfinished


def test_another_request_is_another_matter(scene: Scene) -> None:
    put(scene.state, fingerprint=OTHERS, state="submitted", **ENDED)
    with scene.claim() as claim:
        assert (claim.action, claim.task.entry.sequence) == ("create", 1)


# ---- which entry is the newest


def test_the_sequence_decides_when_the_clock_went_back(scene: Scene) -> None:
    put(scene.state, state="succeeded", sequence=1, age=timedelta(minutes=-5), **ENDED)
    newest = put(scene.state, state="submitted", sequence=2, age=timedelta(minutes=5), **ENDED)
    with scene.claim() as claim:
        assert kept(claim.task) == newest


def test_every_entry_of_a_request_gets_the_next_number_over_all_folders(scene: Scene) -> None:
    put(scene.default, state="refused", sequence=5)
    put(scene.state, state="refused", sequence=3)
    put(scene.state, fingerprint=OTHERS, state="refused", sequence=9)
    with scene.claim() as claim:
        assert claim.task.entry.sequence == 6


def test_the_earlier_run_decides_not_the_random_part_of_its_name(scene: Scene) -> None:
    for sequence, state, digits in ((1, "unknown", "f"), (2, "submitted", "0")):
        name = f"20260301T110000Z-{digits * 8}"
        put(scene.state, sequence=sequence, state=state, local_id=name)
    with scene.claim() as claim:
        assert claim.action == "attach"


# ---- two state folders


def test_an_entry_of_the_default_folder_is_found_and_stays_there(scene: Scene) -> None:
    row = put(scene.default, state="submitted", **ENDED)
    with scene.claim() as claim:
        assert kept(claim.task) == row
        claim.task.finish("succeeded")
    assert row.entry.state == "succeeded"
    assert scene.files() == []


def test_a_new_entry_goes_to_the_folder_in_force(scene: Scene) -> None:
    put(scene.default, state="refused")
    scene.claim().task.release()
    assert (len(scene.files()), len(scene.files(scene.default))) == (1, 1)


def test_folders_are_searched_but_only_the_one_in_force_is_made(scene: Scene) -> None:
    scene.claim().task.release()
    assert not scene.default.exists()


def test_a_terminal_and_a_gateway_wait_for_each_other_where_their_folders_meet(scene: Scene) -> None:
    put(scene.default, state="refused")
    terminal = Journal("image2", [scene.default], now=lambda: NOW)
    with terminal.claim(draft(), scene.lock_wait()) as claim, pytest.raises(TaskLocked) as caught:
        scene.claim()
    assert caught.value.facts == {"local_id": claim.task.entry.local_id}


# ---- held by a living owner

OPEN = ("prepared", "submitting", "submitted")


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("state", OPEN)
def test_a_held_entry_stops_at_once_when_waiting_is_forbidden(scene: Scene, state: str, *, new: bool) -> None:
    row = put(scene.state, state=state)
    lock = locked(row)
    content = row.entry
    with pytest.raises(TaskLocked) as caught:
        scene.claim(new=new)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("request_busy", 14, "again")
    assert caught.value.facts == {"local_id": row.local_id}
    assert caught.value.about == (row.database, row.entry)
    assert (row.entry, scene.files(), scene.clock.slept) == (content, [row], [])
    lock.release()


@pytest.mark.parametrize("state", OPEN)
def test_a_held_entry_is_waited_for_until_the_deadline(scene: Scene, state: str) -> None:
    row = put(scene.state, state=state)
    lock = locked(row)
    content = row.entry
    with pytest.raises(StillRunning) as caught:
        scene.claim(seconds=1.0)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("request_still_busy", 9, "again")
    assert caught.value.facts == {"local_id": row.local_id}
    assert caught.value.about == (row.database, row.entry)
    assert scene.clock.slept == [0.2] * 5
    assert scene.waited == [row.local_id] * 5
    assert (row.entry, scene.files()) == (content, [row])
    lock.release()


class Owner:
    """A living owner of an entry that acts at the third poll of a waiting process."""

    def __init__(self, scene: Scene, row: Kept, act: Callable[[], object]) -> None:
        self.lock = locked(row)
        self._scene = scene
        self._act = act

    def sleep(self, seconds: float) -> None:
        self._scene.clock.sleep(seconds)
        if len(self._scene.clock.slept) == 3:
            self._act()
            self.lock.release()

    def lock_wait(self) -> LockWait:
        return LockWait(self._scene.clock.now + 60, True, self._scene.clock, self.sleep)


TAKEN_OVER = {
    "submitted, owner killed": ({"state": "submitted", **ENDED}, "attach"),
    "succeeded": ({"state": "succeeded", **ENDED}, "return"),
    "refused": ({"state": "refused"}, "create"),
    "prepared, owner killed": ({"state": "prepared"}, "create"),
}


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(("found", "verdict"), TAKEN_OVER.values(), ids=TAKEN_OVER)
def test_when_the_lock_comes_free_the_table_decides_anew(
    scene: Scene, found: dict[str, Any], verdict: str, *, new: bool
) -> None:
    row = put(scene.state, state="prepared")
    owner = Owner(scene, row, lambda: put(scene.state, **found))
    with scene.journal.claim(draft(), owner.lock_wait(), new=new) as claim:
        assert claim.action == verdict
        assert (kept(claim.task) == row) == (verdict != "create")
    assert scene.clock.slept == [0.2] * 3


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(("state", "error"), [("submitting", OutcomeUnknown), ("unknown", OutcomeUnknown)])
def test_an_owner_that_died_while_sending_is_no_reason_to_send(
    scene: Scene, state: str, error: type[SkillError], *, new: bool
) -> None:
    row = put(scene.state, state="prepared")
    owner = Owner(scene, row, lambda: put(scene.state, state=state, charged="unknown"))
    with pytest.raises(error):
        scene.journal.claim(draft(), owner.lock_wait(), new=new)
    assert scene.files() == [row]


def test_an_entry_that_is_forgotten_while_it_is_waited_for_is_none(scene: Scene) -> None:
    row = put(scene.state, state="submitted")
    owner = Owner(scene, row, row.remove)
    with scene.journal.claim(draft(), owner.lock_wait()) as claim:
        assert (claim.action, claim.task.entry.sequence) == ("create", 1)


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(
    ("read_as", "found", "verdict"),
    [
        ("prepared", {"state": "submitted", **ENDED}, "attach"),
        ("submitting", {"state": "submitted", **ENDED}, "attach"),
        ("submitted", {"state": "succeeded", **ENDED}, "return"),
        ("submitting", {"state": "refused"}, "create"),
    ],
)
def test_what_the_owner_wrote_before_it_let_go_decides(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    read_as: str,
    *,
    found: dict[str, Any],
    verdict: str,
    new: bool,
) -> None:
    row = put(scene.state, state=read_as, charged="unknown")

    matching = SqliteStore.matching

    def late(store: SqliteStore, print_: str) -> list[Entry]:
        known = matching(store, print_)
        if store is scene.journal._stores[0]:
            row.entry  # noqa: B018
            store.save(replace(row.entry, **found))
        return known

    monkeypatch.setattr(SqliteStore, "matching", late)
    with scene.claim(new=new) as claim:
        assert (claim.action, kept(claim.task) == row) == (verdict, verdict != "create")
    assert row.entry.state == found["state"]


@pytest.mark.parametrize("which", ["state", "default"])
def test_somebody_deciding_at_this_moment_is_waited_for_even_without_waiting(scene: Scene, which: str) -> None:
    folder = getattr(scene, which).joinpath(*FOLDER)
    store = SqliteStore(folder)
    store.create()
    clock = scene.clock
    deciding = ExitStack()
    deciding.enter_context(store.transaction())

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        deciding.close()

    with deciding:
        with pytest.raises(StillRunning) as caught:
            scene.claim()
        assert (caught.value.facts, caught.value.about) == ({"local_id": ""}, None)
        wait = LockWait(clock.now + 60, False, clock, sleep)
        with scene.journal.claim(draft(), wait) as claim:
            assert claim.action == "create"
    assert clock.slept == [0.2]


# ---- real processes

CLAIMING = """
import sys
from pathlib import Path
from shared.journal.claim import Journal, LockWait
from tests.shared.fakes import draft

claim = Journal("image2", [Path(sys.argv[1])]).claim(draft(), LockWait(0.0, wait=False))
if sys.argv[2] != "prepared":
    claim.task.mark_submitting()
if sys.argv[2] == "submitted":
    claim.task.mark_submitted("77", charged="yes", cost=None)
print(claim.task.entry.local_id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def claiming(scene: Scene, pytestconfig: pytest.Config) -> Iterator[Callable[[str], tuple[Any, str]]]:
    """Start a process that claims the request, brings it into a state and then sits on it."""
    started = []

    def start(state: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIMING, str(scene.state), state],
            cwd=pytestconfig.rootpath,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("state", "verdict"), [("prepared", "create"), ("submitted", "attach"), ("submitting", None)]
)
def test_a_process_holds_its_entry_until_it_is_killed(
    scene: Scene, claiming: Callable[[str], tuple[Any, str]], state: str, verdict: str | None
) -> None:
    process, local_id = claiming(state)
    (row,) = scene.files()
    assert row.local_id == local_id
    assert row.entry.state == state
    with pytest.raises(TaskLocked) as caught:
        scene.claim()
    assert caught.value.facts["local_id"] == local_id
    process.kill()
    process.wait()
    if verdict is None:
        with pytest.raises(OutcomeUnknown):
            scene.claim()
    else:
        assert scene.claim().action == verdict


# ---- the disk


def test_a_state_folder_that_is_a_file_is_a_disk_error(scene: Scene) -> None:
    scene.state.write_bytes(b"")
    with pytest.raises(DiskError) as caught:
        scene.claim()
    assert caught.value.code == "disk_failed"


def test_an_entry_that_cannot_be_written_is_nobodys(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.claim(print_=OTHERS).task.release()
    with monkeypatch.context() as patched:
        fill_disk(patched)
        with pytest.raises(DiskError) as caught:
            scene.claim()
    assert (caught.value.code, caught.value.facts["reason"]) == ("journal_failed", "No space left on device")
    assert len(scene.files()) == 1
    with scene.claim() as claim:
        assert claim.action == "create"


def test_a_claim_that_cannot_be_committed_holds_no_lock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    row = put(scene.state, state="submitted", **ENDED)

    def full(statement: str) -> None:
        if statement == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(WatchedConnection, "before", staticmethod(full))
        with pytest.raises(DiskError):
            scene.claim()
    assert row.lock.try_acquire()


def test_folders_are_700_and_files_600_whatever_the_umask(scene: Scene) -> None:
    before = os.umask(0)
    try:
        claim = scene.claim()
    finally:
        os.umask(before)
    folder = scene.state.joinpath(*FOLDER)
    folders = (folder / "locks", folder, folder.parent, scene.state)
    assert [part.stat().st_mode & 0o777 for part in folders] == [0o700] * 4
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.name for path in files} - {f"{claim.task.entry.local_id}.lock"}
    assert names == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    claim.task.release()


# ---- resume

NOTHING_ACCEPTED = {
    "prepared": {"state": "prepared"},
    "refused": {"state": "refused"},
    "unreachable": {"state": "unreachable"},
    "failed, not charged": {"state": "failed", "charged": "no"},
}


@pytest.mark.parametrize("by", ["local_id", "task_id"])
def test_a_submitted_task_is_resumed_by_either_id(scene: Scene, by: str) -> None:
    row = put(scene.default, state="submitted", **ENDED)
    with scene.resume(getattr(row.entry, by)) as claim:
        assert (claim.action, kept(claim.task)) == ("attach", row)
        with pytest.raises(TaskLocked):
            scene.resume("77")
        with pytest.raises(StillRunning):
            scene.resume("77", seconds=1.0)


def test_a_success_of_any_age_is_returned(scene: Scene) -> None:
    row = put(scene.state, state="succeeded", **ENDED, age=timedelta(days=60))
    with scene.resume("77") as claim:
        assert (claim.action, kept(claim.task)) == ("return", row)


@pytest.mark.parametrize("known", NOTHING_ACCEPTED.values(), ids=NOTHING_ACCEPTED)
def test_there_is_nothing_to_go_on_with_when_nothing_was_accepted(scene: Scene, known: dict[str, Any]) -> None:
    row = put(scene.state, **known)
    with pytest.raises(BadInput) as caught:
        scene.resume(row.local_id)
    assert caught.value.code == "nothing_to_resume"
    assert caught.value.facts["identifier"] == row.local_id
    assert scene.files() == [row]
    assert row.lock.try_acquire()


@pytest.mark.parametrize(
    ("state", "error"), [("submitting", OutcomeUnknown), ("unknown", OutcomeUnknown), ("failed", TaskFailed)]
)
def test_a_resume_tells_what_became_of_the_task(scene: Scene, state: str, error: type[SkillError]) -> None:
    row = put(scene.state, state=state, charged="unknown")
    with pytest.raises(error):
        scene.resume(row.local_id)
    assert scene.files() == [row]


def test_a_local_id_that_nobody_knows_is_bad_input(scene: Scene) -> None:
    with pytest.raises(BadInput) as caught:
        scene.resume("20260301T110000Z-0000000a")
    assert (caught.value.code, scene.files()) == ("task_unknown", [])


def test_a_service_id_that_nobody_knows_is_adopted_once(scene: Scene) -> None:
    with scene.resume("4711") as claim:
        entry = kept(claim.task).entry
        assert claim.action == "attach"
        assert (entry.state, entry.task_id, entry.charged, entry.attempts) == ("submitted", "4711", "unknown", 0)
    with scene.resume("4711") as again, scene.resume("4712") as other:
        assert kept(again.task) == kept(claim.task)
        assert kept(other.task) != kept(claim.task)
        assert other.task.entry.fingerprint != again.task.entry.fingerprint


@pytest.mark.parametrize("state", ["submitting", "unknown"])
def test_an_entry_is_told_the_id_that_its_disk_refused(scene: Scene, state: str) -> None:
    row = put(scene.state, state=state, charged="unknown", possible_charges=1, attempts=1)
    local_id = row.entry.local_id
    for _ in range(2):
        with scene.resume(f"{local_id}/77") as claim:
            assert (claim.action, kept(claim.task), claim.task.entry.task_id) == ("attach", row, "77")
        assert (row.entry.state, row.entry.charged, row.entry.possible_charges) == ("submitted", "yes", 1)
    assert scene.files() == [row]


def test_an_entry_that_has_another_id_keeps_it(scene: Scene) -> None:
    row = put(scene.state, state="submitted", **ENDED)
    with scene.resume(f"{row.entry.local_id}/78") as claim:
        assert (claim.task.entry.task_id, row.entry.task_id, len(scene.files())) == ("78", "77", 2)


def test_of_two_entries_with_one_id_the_later_is_resumed(scene: Scene) -> None:
    put(scene.state, state="succeeded", age=timedelta(days=2), **ENDED)
    later = put(scene.default, state="submitted", age=timedelta(days=1), **ENDED)
    with scene.resume("77") as claim:
        assert kept(claim.task) == later


# ---- sent again with the user's consent


def test_an_unknown_outcome_is_reopened_with_what_was_paid_for_it(scene: Scene) -> None:
    row = put(scene.default, state="unknown", charged="unknown", possible_charges=2, attempts=3)
    claim = scene.journal.reopen(row.database, row.entry)
    assert claim
    with claim:
        entry = claim.task.entry
        assert (claim.action, kept(claim.task), entry.possible_charges, entry.attempts) == ("create", row, 2, 3)
        with pytest.raises(TaskLocked):
            scene.claim()
    assert row.entry.state == "unknown", "until something is sent"
    assert row.lock.try_acquire()


def test_what_is_known_by_now_or_held_or_gone_is_not_reopened(scene: Scene) -> None:
    row = put(scene.state, state="unknown", charged="unknown")
    stale = row.entry
    lock = locked(row)
    assert scene.journal.reopen(row.database, stale) is None
    lock.release()
    put(scene.state, state="succeeded", **ENDED)
    assert scene.journal.reopen(row.database, stale) is None
    alter(row.database, "UPDATE tasks SET details = '['")
    with pytest.raises(DiskError, match="journal_damaged"):
        scene.journal.reopen(row.database, stale)
    row.remove()
    assert scene.journal.reopen(row.database, stale) is None
    assert row.lock.try_acquire(), "let go whatever happened"


# ---- history


def test_history_gives_the_last_successes_of_a_kind_newest_first(scene: Scene) -> None:
    for number in range(1, 6):
        state = scene.default if number % 2 else scene.state
        put(state, state="succeeded", sequence=number, age=timedelta(hours=number), seconds=float(number))
    put(scene.state, state="failed", sequence=6, age=timedelta(0))
    kinds: tuple[dict[str, Any], ...] = ({"model": "another"}, {"mode": "img2img"}, {"requested": {"size": "1:1"}})
    for number, changes in enumerate(kinds, 7):
        put(scene.state, state="succeeded", sequence=number, age=timedelta(0), **changes)
    known = scene.journal.history(state="succeeded", similar_to=draft(), limit=3)
    assert [entry.seconds for entry in known] == [1.0, 2.0, 3.0]


def test_history_of_a_variant(scene: Scene) -> None:
    put(scene.state, variant="a", state="succeeded")
    put(scene.state, variant="b", state="succeeded", sequence=2)
    assert [entry.sequence for entry in scene.journal.history(variant="b")] == [2]


def test_the_newest_entry_of_a_request_that_says_something_of_money(scene: Scene) -> None:
    paid = put(scene.default, state="succeeded", sequence=1, **ENDED)
    put(scene.state, state="refused", sequence=2)
    put(scene.state, fingerprint=OTHERS, state="succeeded", sequence=3)
    assert scene.journal.newest(OURS, but_not={"refused"}) == (paid.database, paid.entry)
    assert scene.journal.newest("ef" * 32) is None


def test_counts_and_costs_are_of_all_folders(scene: Scene) -> None:
    cost = {"amount": 0.1, "unit": "credits", "source": "charged"}
    for number, state in enumerate((scene.state, scene.default, scene.default)):
        put(state, state="succeeded", cost=cost, sequence=number, **ENDED)
    put(scene.state, state="unknown", charged="unknown", possible_charges=1, sequence=9)
    put(scene.state, state="succeeded", cost=cost, sequence=10, age=timedelta(days=2), **ENDED)
    assert scene.journal.counts() == {"succeeded": 4, "unknown": 1}
    sums, unclear = scene.journal.spent(NOW - timedelta(days=1))
    assert sorted((row["tasks"], row["amount"]) for row in sums) == [(1, 0.1), (2, 0.2)]
    assert [entry.state for entry in unclear] == ["unknown"]


def test_a_journal_that_does_not_exist_yet_is_empty(scene: Scene) -> None:
    assert scene.journal.history() == []
    assert scene.journal.find("77") is None
    assert (scene.journal.counts(), scene.journal.spent(NOW)) == ({}, ([], []))
    assert not scene.state.exists()


@pytest.mark.parametrize("days", [91, 100_000])
def test_nothing_is_forgotten_however_old_or_wrong_the_clock(tmp_path: Path, days: int) -> None:
    old = timedelta(days=91)
    rows = [
        put(tmp_path, fingerprint=OTHERS, state=state, sequence=number, age=old, variant="v" * (number % 2))
        for number, state in enumerate(("succeeded", "failed", "refused", "unknown"))
    ]
    journal = Journal("image2", [tmp_path], now=lambda: NOW + timedelta(days=days))
    with journal.claim(draft(), LockWait(0.0, wait=False)):
        assert all(row.exists for row in rows)


def test_a_request_that_may_have_been_charged_is_known(scene: Scene) -> None:
    put(scene.default, state="refused")
    assert not scene.journal.has_paid(OURS)
    put(scene.default, state="unknown", possible_charges=1, sequence=2)
    assert scene.journal.has_paid(OURS)
