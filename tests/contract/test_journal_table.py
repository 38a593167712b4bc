"""Every row of the journal's table in docs/money.md, met by a process."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.paid import (
    CREATE,
    KITE,
    LAUNCHER,
    a_process_waits,
    creates,
    ended_well,
    ended_with,
    entry_in,
    queries,
    states,
    tasks_end_when_told,
)
from tests.journals import entries_in
from tests.launcher import Bench, end, wait
from tests.providers.house import StandInHouse
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime.now(timezone.utc)
UNSENT = {"task_id": None, "charged": "no", "possible_charges": 0, "cost": None, "submitted_at": None}
UNCLEAR = {**UNSENT, "charged": "unknown", "possible_charges": 1}
FIELDS: dict[str, dict[str, Any]] = {
    "prepared": {**UNSENT, "attempts": 0},
    "submitting": UNCLEAR,
    "refused": {**UNSENT, "error": {"code": "refused"}},
    "unreachable": {**UNSENT, "error": {"code": "unreachable"}},
    "failed": {"error": {"code": "task_failed", "reason": "the moon was full"}, "finished_at": f"{NOW:%FT%TZ}"},
    "unknown": {**UNCLEAR, "error": {"code": "answer_lost"}, "finished_at": f"{NOW:%FT%TZ}"},
    "succeeded": {"finished_at": f"{NOW - timedelta(hours=25):%FT%TZ}"},
}
"""What an entry in each state says besides; the images of the succeeded one are of yesterday."""


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return an entry that a real command wrote for the request of these tests."""
    with StandInHouse() as house:
        bench = Bench(tmp_path_factory.mktemp("accepted"), house)
        ended_with(bench.run(*KITE, "--no-wait"), 0)
        (entry,) = bench.entries()
    return entry


def put(bench: Bench, accepted: Mapping[str, Any], state: str, **changes: Any) -> dict[str, Any]:
    """Put an entry in that state into the journal."""
    entry = {**accepted, "state": state, **FIELDS[state], **changes}
    bench.put(entry)
    return entry


@dataclass(frozen=True)
class Row:
    """A row of the table: the newest entry, and what the command does with it while no process holds its lock."""

    state: str
    charged: str | None = None
    code: int = 0
    error: str | None = None
    after: tuple[str, ...] = field(default=("succeeded",))

    def __str__(self) -> str:
        return f"{self.state}-{self.charged}" if self.charged else self.state


ROWS = (
    Row("prepared", after=("unreachable", "succeeded")),
    Row("submitting", None, 10, "outcome_unknown_before", ("unknown",)),
    Row("refused", after=("refused", "succeeded")),
    Row("unreachable", after=("unreachable", "succeeded")),
    Row("failed", "no", after=("failed", "succeeded")),
    Row("failed", "yes", 8, "task_failed_before", ("failed",)),
    Row("failed", "unknown", 8, "task_failed_before", ("failed",)),
    Row("unknown", None, 10, "outcome_unknown_before", ("unknown",)),
    Row("succeeded", after=("succeeded", "succeeded")),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_entry_that_nobody_holds(row: Row, accepted: dict[str, Any], bench: Bench, house: StandInHouse) -> None:
    entry = put(bench, accepted, row.state, **({"charged": row.charged} if row.charged else {}))
    document = ended_with(bench.run(*KITE), row.code, row.error)
    assert tuple(states(bench)) == row.after
    assert creates(house) == len(house.ledger) == (1 if row.code == 0 else 0)
    if row.code == 0:
        assert document["reused"] is False
        assert document["local_id"] != entry["local_id"]
        assert document["charged"] == "yes"
        return
    assert document["local_id"] == entry["local_id"]
    assert document["charged"] == entry["charged"]
    assert document["status"] == row.after[0]
    assert entry["error"] is None or entry["error"].get("reason", "") in document["error"]["message"]
    assert document["next"]["argv"][-1] == "--new"
    ended_well(bench.shell(document["next"]))
    assert tuple(states(bench)) == (*row.after, "succeeded")
    assert creates(house) == len(house.ledger) == 1


def test_no_entry_creates_one(bench: Bench, house: StandInHouse) -> None:
    document = ended_well(bench.run(*KITE))
    (entry,) = bench.entries()
    assert entry["state"] == "succeeded"
    assert (document["local_id"], document["task_id"]) == (entry["local_id"], entry["task_id"])
    assert creates(house) == len(house.ledger) == 1


def test_a_submitted_entry_that_nobody_holds_is_finished(bench: Bench, house: StandInHouse) -> None:
    first = ended_with(bench.run(*KITE, "--no-wait"), 0)
    assert first["status"] == "submitted"
    again = ended_with(bench.run(*KITE, "--no-wait"), 0)
    assert (again["status"], again["task_id"]) == ("submitted", first["task_id"])
    attached = bench.run(*KITE)
    document = ended_well(attached)
    assert (document["task_id"], document["reused"]) == (first["task_id"], False)
    assert document["task_id"] in attached.talk
    assert document["local_id"] in attached.talk
    assert ended_well(bench.shell(again["next"]))["reused"] is True
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


HELD = (
    Row("prepared", after=("unreachable", "succeeded")),
    Row("submitting", None, 10, "outcome_unknown_before", ("unknown",)),
    Row("submitted"),
)


@pytest.mark.parametrize("row", HELD, ids=str)
def test_an_entry_that_somebody_holds(
    row: Row, accepted: dict[str, Any], bench: Bench, house: StandInHouse
) -> None:
    if row.state == "submitted":
        ended_with(bench.run(*KITE, "--no-wait"), 0)
        (entry,) = bench.entries()
    else:
        entry = put(bench, accepted, row.state)
    sent_before = creates(house)
    with bench.lock(entry["local_id"]) as owner:
        assert owner.try_acquire()
        waiter = bench.start(*KITE)
        a_process_waits(waiter)
        forbidden, impatient = bench.start(*KITE, "--no-wait"), bench.start(*KITE, "--timeout", "1")
        busy = ended_with(wait(forbidden), 14, "request_busy")
        still_busy = ended_with(wait(impatient), 9, "request_still_busy")
        assert waiter.poll() is None
        assert creates(house) == sent_before
        assert states(bench) == [row.state]
    for document in (busy, still_busy):
        assert document["local_id"] == entry["local_id"]
        assert document["task_id"] == entry["task_id"]
        assert document["charged"] == entry["charged"]
    waited = wait(waiter)
    ended_with(waited, row.code, row.error)
    assert f"{entry['local_id']}). Waiting" in waited.talk
    assert tuple(states(bench)) == row.after
    assert creates(house) == len(house.ledger) == (1 if row.code == 0 else 0)
    for document in (busy, still_busy):
        assert bench.shell(document["next"]).code == row.code
    assert tuple(states(bench)) == row.after
    assert len(house.ledger) == (1 if row.code == 0 else 0)


@pytest.mark.parametrize("owner_is_killed", [True, False], ids=["killed", "finished"])
def test_who_waits_goes_on_when_the_owner_is_gone(
    owner_is_killed: bool, bench: Bench, house: StandInHouse
) -> None:
    let_tasks_end = tasks_end_when_told(house)
    owner = bench.start(*KITE)
    entry = entry_in(bench, "submitted")
    waiter = bench.start(*KITE)
    a_process_waits(waiter)
    if owner_is_killed:
        assert end(owner, signal.SIGKILL).code == -signal.SIGKILL
    let_tasks_end()
    documents = [ended_well(wait(waiter))]
    if not owner_is_killed:
        documents.append(ended_well(wait(owner)))
    assert documents[0]["reused"] is not owner_is_killed
    assert {document["task_id"] for document in documents} == {entry["task_id"]}
    assert {document["images"][0]["path"] for document in documents} == {documents[0]["images"][0]["path"]}
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_who_waits_with_new_takes_what_the_owner_makes(bench: Bench, house: StandInHouse) -> None:
    let_tasks_end = tasks_end_when_told(house)
    owner = bench.start(*KITE, "--new")
    entry = entry_in(bench, "submitted")
    waiter = bench.start(*KITE, "--new")
    a_process_waits(waiter)
    let_tasks_end()
    assert ended_well(wait(owner))["task_id"] == ended_well(wait(waiter))["task_id"] == entry["task_id"]
    assert creates(house) == len(house.ledger) == 1


def test_pictures_of_today_are_returned(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*KITE))
    asked = queries(house)
    second = ended_well(bench.run(*KITE))
    assert (second["reused"], second["local_id"]) == (True, first["local_id"])
    for key in ("path", "sha256", "width", "height", "bytes", "media_type"):
        assert second["images"][0][key] == first["images"][0][key]
    for key in ("cost", "charged", "possible_charges", "requested", "applied", "journal", "media"):
        assert second[key] == first[key]
    assert queries(house) == asked

    copied = ended_well(bench.run(*KITE, "--output-dir", bench.work / "elsewhere"))
    copy = Path(copied["images"][0]["path"])
    assert copied["reused"] is True
    assert copy.parent == bench.work / "elsewhere"
    assert copy.read_bytes() == Path(first["images"][0]["path"]).read_bytes()
    assert copied["images"][0]["sha256"] == first["images"][0]["sha256"]
    assert queries(house) == asked
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_pictures_of_today_that_are_gone_or_altered_are_fetched_again(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*KITE))
    path = Path(first["images"][0]["path"])
    house.kexiang.expire_links()
    path.unlink()
    fetched = ended_well(bench.run(*KITE))
    assert (fetched["reused"], fetched["images"][0]["path"]) == (True, str(path))
    assert fetched["images"][0]["sha256"] == first["images"][0]["sha256"]

    path.write_bytes(b"a person painted over it")
    beside = ended_well(bench.run(*KITE))
    assert beside["reused"] is True
    assert beside["images"][0]["path"] != str(path)
    assert beside["images"][0]["sha256"] == first["images"][0]["sha256"]
    assert path.read_bytes() == b"a person painted over it"

    asked = queries(house)
    assert ended_well(bench.run(*KITE))["images"][0]["path"] == beside["images"][0]["path"]
    assert queries(house) == asked
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_pictures_of_today_that_nobody_has_any_more_cost_a_word(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*KITE))
    Path(first["images"][0]["path"]).unlink()
    house.kexiang.tasks.clear()
    gone = ended_with(bench.run(*KITE), 13, "pictures_gone")
    assert (gone["charged"], gone["images"]) == ("yes", [])
    assert creates(house) == 1
    assert gone["next"]["argv"][-1] == "--new"
    ended_well(bench.shell(gone["next"]))
    assert states(bench) == ["succeeded", "succeeded"]
    assert creates(house) == len(house.ledger) == 2


@pytest.mark.parametrize(
    ("state", "changes"),
    [("succeeded", {"finished_at": f"{NOW:%FT%TZ}"}), ("failed", {"charged": "yes"}), ("unknown", {})],
)
def test_new_passes_over_what_has_ended(
    state: str, changes: dict[str, Any], accepted: dict[str, Any], bench: Bench, house: StandInHouse
) -> None:
    put(bench, accepted, state, **changes)
    assert ended_well(bench.run(*KITE, "--new"))["reused"] is False
    assert states(bench) == [state, "succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_a_refused_new_does_not_make_the_paid_picture_forgotten(bench: Bench, house: StandInHouse) -> None:
    paid = ended_well(bench.run(*KITE))
    house.kexiang.plan_create(Plan(status=429))
    ended_with(bench.run(*KITE, "--new"), 6, "create_limited")
    again = ended_well(bench.run(*KITE))
    assert (again["reused"], again["local_id"]) == (True, paid["local_id"])
    assert len(house.ledger) == 1


def test_a_service_id_is_looked_for_at_its_own_service(bench: Bench, house: StandInHouse) -> None:
    paid = ended_well(bench.run(*KITE))
    elsewhere = ("--base-url", f"https://127.0.0.1:{house.server.port}", "--trust-host", "127.0.0.1")
    adopted = ended_with(bench.run(LAUNCHER, "--resume", paid["task_id"], *elsewhere, "--json"), 0)
    assert (adopted["reused"], adopted["charged"]) == (False, "unknown")
    assert adopted["local_id"] != paid["local_id"]


def test_new_never_passes_over_what_has_not_ended(
    accepted: dict[str, Any], bench: Bench, house: StandInHouse
) -> None:
    put(bench, accepted, "submitting")
    document = ended_with(bench.run(*KITE, "--new"), 10, "outcome_unknown_before")
    assert states(bench) == ["unknown"]
    assert creates(house) == 0
    ended_well(bench.shell(document["next"]))
    assert states(bench) == ["unknown", "succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_new_after_a_kill_attaches_to_what_it_made(
    accepted: dict[str, Any], bench: Bench, house: StandInHouse
) -> None:
    put(bench, accepted, "succeeded", finished_at=f"{NOW:%FT%TZ}")
    let_tasks_end = tasks_end_when_told(house)
    killed = bench.start(*KITE, "--new")
    entry = entry_in(bench, "submitted")
    end(killed, signal.SIGKILL)
    let_tasks_end()
    document = ended_well(bench.run(*KITE, "--new"))
    assert (document["task_id"], document["reused"]) == (entry["task_id"], False)
    assert states(bench) == ["succeeded", "succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_a_variant_is_another_picture_and_as_safe_to_repeat(bench: Bench, house: StandInHouse) -> None:
    commands = (KITE, (*KITE, "--variant", "second"))
    first = [ended_well(wait(process)) for process in [bench.start(*command) for command in commands]]
    assert len({document["task_id"] for document in first}) == len(house.ledger) == 2
    repeated = [ended_well(wait(process)) for process in [bench.start(*command) for command in commands]]
    assert [document["reused"] for document in repeated] == [True, True]
    assert [document["task_id"] for document in repeated] == [document["task_id"] for document in first]
    assert sorted(entry["variant"] for entry in bench.entries()) == ["", "second"]
    assert creates(house) == len(house.ledger) == 2


@pytest.mark.parametrize("name", ["local_id", "task_id"])
def test_resume_takes_either_id(name: str, bench: Bench, house: StandInHouse) -> None:
    accepted = ended_with(bench.run(*KITE, "--no-wait"), 0)
    resume = (LAUNCHER, "--resume", accepted[name], "--poll-interval", "0.5", "--json")
    finished = ended_well(bench.run(*resume))
    assert (finished["local_id"], finished["task_id"]) == (accepted["local_id"], accepted["task_id"])
    assert (finished["mode"], finished["requested"]) == ("text2img", {"size": "3:4"})
    assert ended_well(bench.run(*resume))["reused"] is True
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_resume_adopts_an_id_of_the_service_that_the_journal_does_not_know(
    bench: Bench, house: StandInHouse, tmp_path: Path
) -> None:
    accepted = ended_with(bench.run(*KITE, "--no-wait"), 0)
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other", house)
    resume = (LAUNCHER, "--resume", accepted["task_id"], "--poll-interval", "0.5", "--json")
    waiting = ended_with(other.run(*resume, "--no-wait"), 0)
    assert (waiting["status"], waiting["task_id"]) == ("submitted", accepted["task_id"])
    assert states(other) == ["submitted"]
    document = ended_with(other.run(*resume), 0)
    assert (document["status"], document["task_id"]) == ("succeeded", accepted["task_id"])
    assert len(document["images"]) == 1
    assert document["local_id"] == waiting["local_id"] != accepted["local_id"]
    assert ended_with(other.run(*resume), 0)["reused"] is True
    assert states(other) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1


def test_resume_refuses_a_local_id_that_is_not_in_the_journal(bench: Bench, house: StandInHouse) -> None:
    unknown = "20260102T030405Z-0123abcd"
    document = ended_with(bench.run(LAUNCHER, "--resume", unknown, "--json"), 2, "task_unknown")
    assert unknown in document["error"]["message"]
    assert states(bench) == []
    assert house.recorder.requests == []


RESUMED = (
    Row("prepared", None, 2, "nothing_to_resume", ("unreachable",)),
    Row("submitting", None, 10, "outcome_unknown_before", ("unknown",)),
    Row("refused", None, 2, "nothing_to_resume", ("refused",)),
    Row("unreachable", None, 2, "nothing_to_resume", ("unreachable",)),
    Row("failed", None, 8, "task_failed_before", ("failed",)),
    Row("unknown", None, 10, "outcome_unknown_before", ("unknown",)),
)


@pytest.mark.parametrize("row", RESUMED, ids=str)
def test_resume_never_pays(row: Row, accepted: dict[str, Any], bench: Bench, house: StandInHouse) -> None:
    entry = put(bench, accepted, row.state)
    document = ended_with(bench.run(LAUNCHER, "--resume", entry["local_id"], "--json"), row.code, row.error)
    assert (document["local_id"], document["charged"]) == (entry["local_id"], entry["charged"])
    assert document["next"] is None
    assert tuple(states(bench)) == row.after
    assert house.recorder.requests == []


def test_entries_of_the_default_state_folder_are_found_from_another(
    bench: Bench, house: StandInHouse, tmp_path: Path
) -> None:
    moved = {"OPENCLAW_STATE_DIR": str(tmp_path / "state")}
    elsewhere = tmp_path / "state" / "image-skills" / "image2" / "journal.db"
    accepted = ended_with(bench.run(*KITE, "--no-wait"), 0)
    (entry,) = bench.entries()
    with bench.lock(entry["local_id"]) as owner:
        assert owner.try_acquire()
        ended_with(bench.run(*KITE, "--no-wait", env=moved), 14, "request_busy")
    finished = ended_well(bench.run(*KITE, env=moved))
    assert (finished["task_id"], finished["journal"]) == (accepted["task_id"], accepted["journal"])
    assert ended_well(bench.run(*KITE, env=moved))["reused"] is True
    assert states(bench) == ["succeeded"]
    assert creates(house) == len(house.ledger) == 1

    fresh = ended_well(bench.run(*CREATE, "--prompt", "a blue kite", env=moved))
    assert fresh["journal"] == str(elsewhere)
    assert [entry.local_id for entry in entries_in(elsewhere)] == [fresh["local_id"]]
    assert len(bench.entries()) == 1
    assert creates(house) == len(house.ledger) == 2
