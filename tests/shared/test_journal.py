"""The journal's decision table, its locks and what it makes of damage, each in process with a fake clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared import journal as journal_module
from shared.entry import LOCAL_ID
from shared.errors import BadInput, Busy, DiskError, NotFinished, OutcomeUnknown, SkillError, TaskFailed
from shared.files import Lock
from shared.journal import Journal, Patience
from tests.shared.fakes import FOLDER, NOW, OTHERS, OURS, FakeClock, draft, put, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.entry import Entry
    from shared.journal import Claim

ENDED = {"charged": "yes", "possible_charges": 1, "attempts": 1, "task_id": "77"}
TOO_OLD = timedelta(hours=24)
YOUNG = timedelta(hours=24) - timedelta(seconds=1)


class Scene:
    """A journal at NOW over two state folders, of which only the first is made; nobody waits unless told."""

    def __init__(self, folder: Path) -> None:
        self.state, self.default = folder / "moved", folder / "home"
        self.journal = Journal("image2", [self.state, self.default], now=lambda: NOW)
        self.clock = FakeClock()
        self.waited: list[str] = []

    def patience(self, seconds: float = 0.0) -> Patience:
        clock = self.clock
        return Patience(
            clock.now + seconds, seconds > 0, clock, clock.sleep, lambda entry: self.waited.append(entry.local_id)
        )

    def claim(self, *, new: bool = False, seconds: float = 0.0, print_: str = OURS) -> Claim:
        return self.journal.claim(draft(print_), self.patience(seconds), new=new)

    def resume(self, identifier: str, seconds: float = 0.0) -> Claim:
        return self.journal.resume(identifier, draft("", mode="", model=""), self.patience(seconds))

    def files(self, state: Path | None = None) -> list[Path]:
        return sorted((state or self.state).joinpath(*FOLDER).glob("*.json"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def locked(path: Path) -> Lock:
    lock = Lock(path.with_suffix(".lock"))
    assert lock.try_acquire()
    return lock


# ---- the table, with the lock free


def test_none_makes_a_prepared_entry_that_is_ours(scene: Scene) -> None:
    with scene.claim() as claim:
        (path,) = scene.files()
        entry = read(path)
        assert claim.verdict == "create"
        assert claim.task.path == path
        assert LOCAL_ID.fullmatch(entry.local_id)
        assert entry.local_id.startswith("20260301T120000Z-")
        assert (entry.state, entry.sequence, entry.charged) == ("prepared", 1, "no")
        assert entry.created_at == "2026-03-01T12:00:00.000Z"
        with pytest.raises(Busy):
            scene.claim()
    assert Lock(path.with_suffix(".lock")).try_acquire(), "the end of the block lets it go"


CREATES = {
    "prepared": {"state": "prepared", "finished_at": None},
    "refused": {"state": "refused"},
    "unreachable": {"state": "unreachable"},
    "failed, charged no": {"state": "failed", "charged": "no"},
    "succeeded, 24 h old": {"state": "succeeded", **ENDED, "age": TOO_OLD},
    "succeeded, a year old": {"state": "succeeded", **ENDED, "age": timedelta(days=80)},
}


def test_a_variant_that_was_made_is_returned_however_old(scene: Scene) -> None:
    path = put(scene.state, state="succeeded", **ENDED, age=timedelta(days=80), variant="second")
    with scene.journal.claim(draft(OURS), scene.patience()) as claim:
        assert (claim.verdict, claim.task.path) == ("return", path)
    with scene.journal.claim(draft(OURS), scene.patience(), new=True) as claim:
        assert claim.verdict == "create"


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("known", CREATES.values(), ids=CREATES)
def test_nothing_to_return_to_creates(scene: Scene, known: dict[str, Any], *, new: bool) -> None:
    before = put(scene.state, **known)
    with scene.claim(new=new) as claim:
        assert claim.verdict == "create"
        assert claim.task.path != before
        assert read(claim.task.path).sequence == 2
    assert len(scene.files()) == 2
    assert Lock(before.with_suffix(".lock")).try_acquire(), "the old entry is nobody's"


def test_a_prepared_entry_without_an_owner_is_set_aside(scene: Scene) -> None:
    before = put(scene.state, state="prepared", finished_at=None)
    scene.claim().task.release()
    entry = read(before)
    assert (entry.state, entry.charged, entry.error) == ("unreachable", "no", {"code": "ended_before_sending"})
    assert entry.finished_at == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("new", [False, True])
def test_submitting_without_an_owner_becomes_unknown(scene: Scene, *, new: bool) -> None:
    path = put(scene.state, state="submitting", charged="unknown", possible_charges=1, finished_at=None)
    with pytest.raises(OutcomeUnknown) as caught:
        scene.claim(new=new)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == (
        "outcome_unknown_before",
        10,
        "new",
    )
    assert caught.value.facts == {"local_id": path.stem, "since": "2026-03-01T11:00:00.000Z"}
    entry = read(path)
    assert (entry.state, entry.charged, entry.possible_charges) == ("unknown", "unknown", 1)
    assert entry.error == {"code": "ended_while_sending"}
    assert caught.value.about == (path.parent, entry), "the result tells of the task, not of this run"
    assert scene.files() == [path]
    assert Lock(path.with_suffix(".lock")).try_acquire()


@pytest.mark.parametrize("new", [False, True])
def test_submitted_is_taken_over(scene: Scene, *, new: bool) -> None:
    path = put(scene.state, state="submitted", **ENDED, finished_at=None)
    with scene.claim(new=new) as claim:
        assert (claim.verdict, claim.task.path, claim.task.entry.task_id) == ("attach", path, "77")
        assert not Lock(path.with_suffix(".lock")).try_acquire()
    assert scene.files() == [path]


@pytest.mark.parametrize("charged", ["yes", "unknown"])
def test_a_failure_that_may_have_been_charged_stops(scene: Scene, charged: str) -> None:
    reason = {"code": "task_failed", "reason": "no faces"}
    path = put(scene.state, **{**ENDED, "state": "failed", "charged": charged, "error": reason})
    with pytest.raises(TaskFailed) as caught:
        scene.claim()
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("task_failed_before", 8, "new")
    assert caught.value.facts == {"local_id": path.stem, "reason": "no faces"}
    assert caught.value.about == (path.parent, read(path))
    assert scene.files() == [path]


def test_unknown_stops(scene: Scene) -> None:
    path = put(scene.state, state="unknown", charged="unknown")
    with pytest.raises(OutcomeUnknown) as caught:
        scene.claim()
    assert caught.value.about == (path.parent, read(path))
    assert scene.files() == [path]


def test_a_success_of_the_last_24_hours_is_returned(scene: Scene) -> None:
    path = put(scene.state, state="succeeded", **ENDED, age=YOUNG)
    with scene.claim() as claim:
        assert (claim.verdict, claim.task.path) == ("return", path)


def test_the_24_hours_count_from_the_end(scene: Scene) -> None:
    put(scene.state, state="succeeded", age=timedelta(days=3), finished_at="2026-03-01T11:00:00.000Z")
    with scene.claim() as claim:
        assert claim.verdict == "return"


PASSED_OVER = {
    "succeeded": {"state": "succeeded", **ENDED},
    "failed": {"state": "failed", **ENDED},
    "unknown": {"state": "unknown", "charged": "unknown"},
}


@pytest.mark.parametrize("known", PASSED_OVER.values(), ids=PASSED_OVER)
def test_new_passes_over_what_ended(scene: Scene, known: dict[str, Any]) -> None:
    put(scene.state, **known)
    with scene.claim(new=True) as claim:
        assert claim.verdict == "create"


def test_new_attaches_to_the_entry_that_a_killed_run_with_new_made(scene: Scene) -> None:
    put(scene.state, state="succeeded", **ENDED)
    made = put(scene.state, state="submitted", sequence=2, **{**ENDED, "task_id": "78"})
    with scene.claim(new=True) as claim:
        assert (claim.verdict, claim.task.path) == ("attach", made)


def test_new_finds_an_unfinished_entry_behind_a_finished_one(scene: Scene) -> None:
    unfinished = put(scene.state, state="submitted", sequence=1, **ENDED)
    put(scene.state, state="succeeded", sequence=2, **ENDED)
    with scene.claim(new=True) as claim:
        assert claim.task.path == unfinished


def test_another_request_is_another_matter(scene: Scene) -> None:
    put(scene.state, fingerprint=OTHERS, state="submitted", **ENDED)
    with scene.claim() as claim:
        assert (claim.verdict, claim.task.entry.sequence) == ("create", 1)


# ---- which entry is the newest


def test_the_sequence_decides_when_the_clock_went_back(scene: Scene) -> None:
    put(scene.state, state="succeeded", sequence=1, age=timedelta(minutes=-5), **ENDED)
    newest = put(scene.state, state="submitted", sequence=2, age=timedelta(minutes=5), **ENDED)
    with scene.claim() as claim:
        assert claim.task.path == newest


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
        assert claim.verdict == "attach"


# ---- two state folders


def test_an_entry_of_the_default_folder_is_found_and_stays_there(scene: Scene) -> None:
    path = put(scene.default, state="submitted", **ENDED)
    with scene.claim() as claim:
        assert claim.task.path == path
        claim.task.finish("succeeded")
    assert read(path).state == "succeeded"
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
    with terminal.claim(draft(), scene.patience()) as claim, pytest.raises(Busy) as caught:
        scene.claim()
    assert caught.value.facts == {"local_id": claim.task.entry.local_id}


# ---- held by a living owner

OPEN = ("prepared", "submitting", "submitted")


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("state", OPEN)
def test_a_held_entry_stops_at_once_when_waiting_is_forbidden(scene: Scene, state: str, *, new: bool) -> None:
    path = put(scene.state, state=state)
    lock = locked(path)
    content = path.read_bytes()
    with pytest.raises(Busy) as caught:
        scene.claim(new=new)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("request_busy", 14, "again")
    assert caught.value.facts == {"local_id": path.stem}
    assert caught.value.about == (path.parent, read(path))
    assert (path.read_bytes(), scene.files(), scene.clock.slept) == (content, [path], [])
    lock.release()


@pytest.mark.parametrize("state", OPEN)
def test_a_held_entry_is_waited_for_until_the_deadline(scene: Scene, state: str) -> None:
    path = put(scene.state, state=state)
    lock = locked(path)
    content = path.read_bytes()
    with pytest.raises(NotFinished) as caught:
        scene.claim(seconds=1.0)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("request_still_busy", 9, "again")
    assert caught.value.facts == {"local_id": path.stem}
    assert caught.value.about == (path.parent, read(path))
    assert scene.clock.slept == [0.2] * 5
    assert scene.waited == [path.stem] * 5
    assert (path.read_bytes(), scene.files()) == (content, [path])
    lock.release()


class Owner:
    """A living owner of an entry that does something at the third look of whoever waits."""

    def __init__(self, scene: Scene, path: Path, act: Callable[[], object]) -> None:
        self.lock = locked(path)
        self._scene = scene
        self._act = act

    def sleep(self, seconds: float) -> None:
        self._scene.clock.sleep(seconds)
        if len(self._scene.clock.slept) == 3:
            self._act()
            self.lock.release()

    def patience(self) -> Patience:
        return Patience(self._scene.clock.now + 60, True, self._scene.clock, self.sleep)


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
    path = put(scene.state, state="prepared")
    owner = Owner(scene, path, lambda: put(scene.state, **found))
    with scene.journal.claim(draft(), owner.patience(), new=new) as claim:
        assert claim.verdict == verdict
        assert (claim.task.path == path) == (verdict != "create")
    assert scene.clock.slept == [0.2] * 3


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(("state", "error"), [("submitting", OutcomeUnknown), ("unknown", OutcomeUnknown)])
def test_an_owner_that_died_while_sending_is_no_reason_to_send(
    scene: Scene, state: str, error: type[SkillError], *, new: bool
) -> None:
    path = put(scene.state, state="prepared")
    owner = Owner(scene, path, lambda: put(scene.state, state=state, charged="unknown"))
    with pytest.raises(error):
        scene.journal.claim(draft(), owner.patience(), new=new)
    assert scene.files() == [path]


def test_an_entry_that_is_forgotten_while_it_is_waited_for_is_none(scene: Scene) -> None:
    path = put(scene.state, state="submitted")
    owner = Owner(scene, path, path.unlink)
    with scene.journal.claim(draft(), owner.patience()) as claim:
        assert (claim.verdict, claim.task.entry.sequence) == ("create", 1)


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
    path = put(scene.state, state=read_as, charged="unknown")

    class LateLock(Lock):
        """A lock that comes free at the last moment, after its owner went on."""

        def try_acquire(self) -> bool:
            if self.path == path.with_suffix(".lock"):
                put(scene.state, **found)
            return super().try_acquire()

    monkeypatch.setattr(journal_module, "Lock", LateLock)
    with scene.claim(new=new) as claim:
        assert (claim.verdict, claim.task.path == path) == (verdict, verdict != "create")
    assert read(path).state == found["state"]


@pytest.mark.parametrize("which", ["state", "default"])
def test_somebody_looking_at_the_same_request_is_waited_for_even_without_waiting(scene: Scene, which: str) -> None:
    folder = getattr(scene, which).joinpath(*FOLDER)
    folder.mkdir(parents=True)
    looking = locked(folder / f"{OURS}.json")
    with pytest.raises(NotFinished) as caught:
        scene.claim()
    assert (caught.value.facts, caught.value.about) == ({"local_id": ""}, None)
    clock = scene.clock

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        looking.release()

    patience = Patience(clock.now + 60, False, clock, sleep)
    with scene.journal.claim(draft(), patience) as claim:
        assert claim.verdict == "create"
    assert clock.slept == [0.2]


def test_the_request_is_not_locked_once_the_entry_is_ours(scene: Scene) -> None:
    with scene.claim() as claim:
        assert Lock(claim.task.path.parent / f"{OURS}.lock").try_acquire()


# ---- real processes

CLAIMING = """
import sys
from pathlib import Path
from shared.journal import Journal, Patience
from tests.shared.fakes import draft

claim = Journal("image2", [Path(sys.argv[1])]).claim(draft(), Patience(0.0, wait=False))
if sys.argv[2] != "prepared":
    claim.task.about_to_spend()
if sys.argv[2] == "submitted":
    claim.task.submitted("77", charged="yes", cost=None)
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
    (path,) = scene.files()
    assert path.stem == local_id
    assert read(path).state == state
    with pytest.raises(Busy) as caught:
        scene.claim()
    assert caught.value.facts["local_id"] == local_id
    process.kill()
    process.wait()
    if verdict is None:
        with pytest.raises(OutcomeUnknown):
            scene.claim()
    else:
        assert scene.claim().verdict == verdict


# ---- damage

OURS_ON_DISK = draft(local_id="x", state="submitted").to_json()
THEIRS_ON_DISK = draft(OTHERS, local_id="x", state="submitted").to_json()
AFTER_PRINT = OURS_ON_DISK.index(b"skill")

MAY_BE_OURS = {
    "empty": b"",
    "zeros": bytes(4096),
    "binary": bytes(range(256)) * 16,
    "cut after our fingerprint": OURS_ON_DISK[:AFTER_PRINT],
    "cut at its end": OURS_ON_DISK[:-3],
    "cut in the fingerprint": THEIRS_ON_DISK[:60],
    "cut before its name": THEIRS_ON_DISK[:5],
    "newer": OURS_ON_DISK.replace(b'"schema": 1', b'"schema": 2'),
    "newer, written without spaces": json.dumps(
        {**json.loads(OURS_ON_DISK), "schema": 2}, separators=(",", ":")
    ).encode(),
    "in a state nobody knows": OURS_ON_DISK.replace(b"submitted", b"rendering"),
    "a list": b"[]",
    "nested too deep": b"[" * 100_000,
}
CANNOT_BE_OURS = {
    "cut": THEIRS_ON_DISK[:AFTER_PRINT],
    "newer": THEIRS_ON_DISK.replace(b'"schema": 1', b'"schema": 2'),
    "binary after the fingerprint": THEIRS_ON_DISK[:AFTER_PRINT] + bytes(range(256)),
}


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("content", MAY_BE_OURS.values(), ids=MAY_BE_OURS)
def test_an_unreadable_entry_that_may_be_ours_stops_everything(scene: Scene, content: bytes, *, new: bool) -> None:
    path = put(scene.state, state="submitted")
    path.write_bytes(content)
    with pytest.raises(DiskError) as caught:
        scene.claim(new=new)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("journal_unreadable", 12, "forget")
    assert caught.value.facts == {"path": path, "local_id": path.stem}
    assert scene.files() == [path]
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", CANNOT_BE_OURS.values(), ids=CANNOT_BE_OURS)
def test_an_unreadable_entry_of_another_request_stops_nobody(scene: Scene, content: bytes) -> None:
    path = put(scene.state, state="submitted")
    path.write_bytes(content)
    with scene.claim() as claim:
        assert claim.verdict == "create"
    assert path.read_bytes() == content
    with pytest.raises(DiskError, match="journal_unreadable"):
        scene.claim(print_=OTHERS)


def test_a_readable_entry_beside_an_unreadable_one_does_not_decide(scene: Scene) -> None:
    put(scene.state, state="succeeded", **ENDED)
    put(scene.state, sequence=2).write_bytes(b"")
    with pytest.raises(DiskError, match="journal_unreadable"):
        scene.claim()


@pytest.mark.parametrize("name", [".20260301T110000Z-00000001.json.0a.part", "20260301T110000Z-00000001.tmp"])
def test_what_a_killed_writer_left_is_no_entry(scene: Scene, name: str) -> None:
    path = put(scene.state, state="submitted").rename(scene.state.joinpath(*FOLDER, name))
    path.write_bytes(b"")
    with scene.claim() as claim:
        assert claim.verdict == "create"


def test_an_entry_that_is_removed_while_we_look_is_none(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = put(scene.state, state="submitted")
    glob = type(gone).glob

    def late(folder: Path, pattern: str) -> list[Path]:
        found = list(glob(folder, pattern))
        gone.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(type(gone), "glob", late)
    with scene.claim() as claim:
        assert claim.verdict == "create"


def test_a_state_folder_that_is_a_file_is_a_disk_error(scene: Scene) -> None:
    scene.state.write_bytes(b"")
    with pytest.raises(DiskError) as caught:
        scene.claim()
    assert caught.value.code == "disk_failed"


def test_a_folder_in_the_place_of_an_entry_is_a_disk_error(scene: Scene) -> None:
    scene.state.joinpath(*FOLDER, "x.json").mkdir(parents=True)
    with pytest.raises(DiskError) as caught:
        scene.claim()
    assert caught.value.code == "disk_failed"


def test_an_entry_that_cannot_be_written_is_nobodys(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskError) as caught:
            scene.claim()
    assert caught.value.code == "journal_failed"
    assert scene.files() == []
    with scene.claim() as claim:
        assert claim.verdict == "create"


def test_folders_are_700_and_files_600_whatever_the_umask(scene: Scene) -> None:
    before = os.umask(0)
    try:
        scene.claim().task.release()
    finally:
        os.umask(before)
    folder = scene.state.joinpath(*FOLDER)
    assert [part.stat().st_mode & 0o777 for part in (folder, folder.parent, scene.state)] == [0o700] * 3
    files = list(folder.iterdir())
    assert {path.suffix for path in files} == {".json", ".lock"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


# ---- resume

NOTHING_ACCEPTED = {
    "prepared": {"state": "prepared"},
    "refused": {"state": "refused"},
    "unreachable": {"state": "unreachable"},
    "failed, not charged": {"state": "failed", "charged": "no"},
}


@pytest.mark.parametrize("by", ["local_id", "task_id"])
def test_a_submitted_task_is_resumed_by_either_id(scene: Scene, by: str) -> None:
    path = put(scene.default, state="submitted", **ENDED)
    with scene.resume(getattr(read(path), by)) as claim:
        assert (claim.verdict, claim.task.path) == ("attach", path)
        with pytest.raises(Busy):
            scene.resume("77")
        with pytest.raises(NotFinished):
            scene.resume("77", seconds=1.0)


def test_a_success_of_any_age_is_returned(scene: Scene) -> None:
    path = put(scene.state, state="succeeded", **ENDED, age=timedelta(days=60))
    with scene.resume("77") as claim:
        assert (claim.verdict, claim.task.path) == ("return", path)


@pytest.mark.parametrize("known", NOTHING_ACCEPTED.values(), ids=NOTHING_ACCEPTED)
def test_there_is_nothing_to_go_on_with_when_nothing_was_accepted(scene: Scene, known: dict[str, Any]) -> None:
    path = put(scene.state, **known)
    with pytest.raises(BadInput) as caught:
        scene.resume(path.stem)
    assert caught.value.code == "nothing_to_resume"
    assert caught.value.facts["identifier"] == path.stem
    assert scene.files() == [path]
    assert Lock(path.with_suffix(".lock")).try_acquire()


@pytest.mark.parametrize(
    ("state", "error"), [("submitting", OutcomeUnknown), ("unknown", OutcomeUnknown), ("failed", TaskFailed)]
)
def test_a_resume_tells_what_became_of_the_task(scene: Scene, state: str, error: type[SkillError]) -> None:
    path = put(scene.state, state=state, charged="unknown")
    with pytest.raises(error):
        scene.resume(path.stem)
    assert scene.files() == [path]


def test_a_local_id_that_nobody_knows_is_bad_input(scene: Scene) -> None:
    with pytest.raises(BadInput) as caught:
        scene.resume("20260301T110000Z-0000000a")
    assert (caught.value.code, scene.files()) == ("task_unknown", [])


def test_a_service_id_that_nobody_knows_is_adopted_once(scene: Scene) -> None:
    with scene.resume("4711") as claim:
        entry = read(claim.task.path)
        assert claim.verdict == "attach"
        assert (entry.state, entry.task_id, entry.charged, entry.attempts) == ("submitted", "4711", "unknown", 0)
    with scene.resume("4711") as again, scene.resume("4712") as other:
        assert again.task.path == claim.task.path
        assert other.task.path != claim.task.path
        assert other.task.entry.fingerprint != again.task.entry.fingerprint


@pytest.mark.parametrize("state", ["submitting", "unknown"])
def test_an_entry_is_told_the_id_that_its_disk_refused(scene: Scene, state: str) -> None:
    path = put(scene.state, state=state, charged="unknown", possible_charges=1, attempts=1)
    local_id = read(path).local_id
    for _ in range(2):
        with scene.resume(f"{local_id}/77") as claim:
            assert (claim.verdict, claim.task.path, claim.task.entry.task_id) == ("attach", path, "77")
        assert (read(path).state, read(path).charged, read(path).possible_charges) == ("submitted", "yes", 1)
    assert scene.files() == [path]


def test_an_entry_that_has_another_id_keeps_it(scene: Scene) -> None:
    path = put(scene.state, state="submitted", **ENDED)
    with scene.resume(f"{read(path).local_id}/78") as claim:
        assert (claim.task.entry.task_id, read(path).task_id, len(scene.files())) == ("78", "77", 2)


def test_of_two_entries_with_one_id_the_later_is_resumed(scene: Scene) -> None:
    put(scene.state, state="succeeded", age=timedelta(days=2), **ENDED)
    later = put(scene.default, state="submitted", age=timedelta(days=1), **ENDED)
    with scene.resume("77") as claim:
        assert claim.task.path == later


def test_an_unreadable_entry_hides_no_other(scene: Scene) -> None:
    put(scene.state, sequence=3).write_bytes(b"{")
    path = put(scene.state, state="submitted", **ENDED)
    with scene.resume(path.stem) as claim:
        assert claim.task.path == path


# ---- sent again by the user's word


def test_an_unknown_outcome_is_reopened_with_what_was_paid_for_it(scene: Scene) -> None:
    path = put(scene.default, state="unknown", charged="unknown", possible_charges=2, attempts=3)
    claim = scene.journal.reopen(path.parent, read(path))
    assert claim
    with claim:
        entry = claim.task.entry
        assert (claim.verdict, claim.task.path, entry.possible_charges, entry.attempts) == ("create", path, 2, 3)
        with pytest.raises(Busy):
            scene.claim()
    assert read(path).state == "unknown", "until something is sent"
    assert Lock(path.with_suffix(".lock")).try_acquire()


def test_what_is_known_by_now_or_held_is_not_reopened(scene: Scene) -> None:
    path = put(scene.state, state="unknown", charged="unknown")
    stale = read(path)
    lock = locked(path)
    assert scene.journal.reopen(path.parent, stale) is None
    lock.release()
    put(scene.state, state="succeeded", **ENDED)
    assert scene.journal.reopen(path.parent, stale) is None
    path.write_bytes(b"{")
    with pytest.raises(ValueError):  # noqa: PT011  - json's own
        scene.journal.reopen(path.parent, stale)
    path.unlink()
    with pytest.raises(DiskError):
        scene.journal.reopen(path.parent, stale)
    assert Lock(path.with_suffix(".lock")).try_acquire(), "let go whatever happened"


# ---- history


def test_recent_gives_the_last_successes_alike_newest_first(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "HISTORY", 3)
    for number in range(1, 6):
        state = scene.default if number % 2 else scene.state
        put(state, state="succeeded", sequence=number, age=timedelta(hours=number), seconds=float(number))
    put(scene.state, state="failed", sequence=6, age=timedelta(0))
    put(scene.state, state="succeeded", sequence=7, age=timedelta(0), model="another")

    def alike(entry: Entry) -> bool:
        return entry.model == "GPT-Image-2"

    assert [entry.seconds for entry in scene.journal.recent(alike)] == [1.0, 2.0, 3.0]


def test_a_journal_that_does_not_exist_yet_is_empty(scene: Scene) -> None:
    assert list(scene.journal.entries()) == []
    assert scene.journal.find("77") is None
    assert scene.journal.recent(lambda _entry: True) == []
    assert not scene.state.exists()


def test_finished_entries_go_after_90_days_when_another_is_made(scene: Scene) -> None:
    old = timedelta(days=91)
    stay = [
        put(scene.state, fingerprint=OTHERS, state="submitted", sequence=1, age=old),
        put(scene.state, fingerprint=OTHERS, state="unknown", sequence=2, age=old),
        put(scene.default, fingerprint=OTHERS, state="succeeded", sequence=3, age=timedelta(days=89)),
    ]
    go = [
        put(scene.state, fingerprint=OTHERS, state="succeeded", sequence=4, age=old),
        put(scene.default, fingerprint=OTHERS, state="failed", sequence=5, age=old),
    ]
    with scene.claim() as claim:
        left = {*scene.files(), *scene.files(scene.default)}
        assert left == {*stay, claim.task.path}
        assert not any(path.exists() for path in go)
