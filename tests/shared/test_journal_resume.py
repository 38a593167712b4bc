"""Resuming by an id: which task it names, what an unknown one becomes, and the error if there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.errors import BadInput, DiskError, StillRunning, TaskLocked
from shared.files import Lock
from shared.i18n.messages import MessageRef
from shared.journal.claim import Journal, LockWait
from shared.journal.entry import fingerprint
from shared.journal.store import SqliteStore
from tests.journals import entries_in, kept
from tests.shared.fakes import FOLDER, NOW, FakeClock, draft, put

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.claim import TaskLease

KEXIANG, ELSEWHERE = "https://kexiangai.com", "https://images.example"


def adopted(task_id: str, base_url: str = KEXIANG) -> str:
    """Return the fingerprint that every version has to give a task known by the service's id only."""
    return fingerprint(
        skill="image2",
        base_url=base_url,
        account="0" * 12,
        mode="adopted",
        model="",
        prompt="",
        parameters={"task_id": task_id},
    )


class Scene:
    """A journal at NOW in a folder; nothing waits."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.journal = Journal("image2", [self.state], now=lambda: NOW)
        self.clock = FakeClock()

    def resume(self, identifier: str, base_url: str = KEXIANG) -> TaskLease:
        patience = LockWait(self.clock.now, wait=False, clock=self.clock, sleep=self.clock.sleep)
        return self.journal.resume(identifier, draft("", mode="", model="", base_url=base_url), patience)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_adopted_task_bears_the_fingerprint_of_its_service_account_and_id(scene: Scene) -> None:
    with scene.resume("4711") as claim:
        assert kept(claim.task).entry.fingerprint == adopted("4711")


def test_two_services_that_gave_out_one_id_have_two_tasks(scene: Scene) -> None:
    ours = put(scene.state, state="submitted", task_id="77")
    with scene.resume("77", ELSEWHERE) as claim:
        assert kept(claim.task) != ours
        assert claim.task.entry.fingerprint == adopted("77", ELSEWHERE)
    with scene.resume("77") as claim:
        assert kept(claim.task) == ours


def test_an_id_that_another_process_adopts_at_this_moment_is_waited_for(scene: Scene) -> None:
    store = SqliteStore(scene.state.joinpath(*FOLDER))
    store.create()
    with store.transaction(), pytest.raises(StillRunning) as caught:
        scene.resume("4711")
    assert caught.value.code == "request_still_busy"


def test_nothing_to_go_on_with_tells_of_the_task_and_its_state(scene: Scene) -> None:
    row = put(scene.state, state="refused")
    with pytest.raises(BadInput) as caught:
        scene.resume(row.local_id)
    assert caught.value.facts == {"identifier": row.local_id, "state": "state_refused"}
    assert isinstance(caught.value.facts["state"], MessageRef), "put in words with its sentence"
    assert caught.value.about == (row.database, row.entry)


def test_an_unknown_local_id_is_named(scene: Scene) -> None:
    with pytest.raises(BadInput) as caught:
        scene.resume("20260301T110000Z-0000000a")
    assert caught.value.facts == {"identifier": "20260301T110000Z-0000000a"}


def test_a_journal_that_fails_while_resuming_names_its_folder(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = put(scene.state, state="submitted")

    def broken(_lock: Lock) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Lock, "try_acquire", broken)
    with pytest.raises(DiskError) as caught:
        scene.resume(row.local_id)
    assert caught.value.facts == {"path": row.database, "reason": "Input/output error"}


def test_a_task_that_is_reopened_can_be_ended(scene: Scene) -> None:
    row = put(scene.state, state="unknown", charged="unknown", finished_at=None)
    claim = scene.journal.reopen(row.database, row.entry)
    assert claim
    with claim:
        claim.task.finish("failed")
    assert (row.entry.state, row.entry.finished_at) == ("failed", "2026-03-01T12:00:00.000Z")


def test_an_entry_is_told_the_id_that_its_disk_lost_and_keeps_what_was_quoted(scene: Scene) -> None:
    quoted = {"amount": 4, "unit": "points", "source": "quoted"}
    row = put(scene.state, state="submitting", charged="unknown", possible_charges=1, cost=quoted)
    with scene.resume(f"{row.local_id}/4711") as claim:
        assert kept(claim.task) == row
    entry = row.entry
    assert (entry.state, entry.task_id, entry.charged, entry.cost) == ("submitted", "4711", "yes", quoted)


def test_an_id_of_an_entry_that_is_gone_is_adopted(scene: Scene) -> None:
    others = put(scene.state, state="unknown")
    with scene.resume("20260301T110000Z-0000000a/4711") as claim:
        assert kept(claim.task) != others
        assert claim.task.entry.task_id == "4711"
    assert others.entry.task_id is None


def test_an_entry_that_proves_that_nothing_was_accepted_is_told_no_id(scene: Scene) -> None:
    row = put(scene.state, state="refused")
    with scene.resume(f"{row.local_id}/4711") as claim:
        assert kept(claim.task) != row
    assert (row.entry.state, row.entry.task_id) == ("refused", None)


def test_a_task_in_another_process_s_hands_is_not_adopted_beside_it(scene: Scene) -> None:
    row = put(scene.state, state="submitting", charged="unknown")
    with row.lock as lock:
        assert lock.try_acquire()
        with pytest.raises(TaskLocked) as caught:
            scene.resume(f"{row.local_id}/4711")
    assert caught.value.facts == {"local_id": row.local_id}
    assert [entry.local_id for entry in entries_in(row.database)] == [row.local_id]
