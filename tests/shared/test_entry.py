"""What an entry keeps, how it is read again, and how its state moves on."""

from __future__ import annotations

import hashlib
import signal
import time
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import DiskError, TaskLocked
from shared.journal.entry import Entry, fingerprint, prompt_record, split_task_ref
from shared.journal.store import SqliteStore
from shared.journal.submit import LockedTask
from shared.signals import Interrupted, handle_signals
from shared.timefmt import format_time, parse_time
from tests.journals import WatchedConnection, fill_disk, keep, kept, watch
from tests.shared.fakes import NOW, draft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = "20260301T120000Z-00000001"
REQUEST: dict[str, Any] = {
    "skill": "image2",
    "base_url": "https://kexiangai.com",
    "account": "0123456789ab",
    "mode": "img2img",
    "model": "GPT-Image-2",
    "prompt": "a red kite",
    "parameters": {"size": "3:4", "seed": 1},
    "references": ("https://a.example/1.png", "https://a.example/2.png"),
    "variant": "",
}


def test_a_fingerprint_is_the_sha256_of_canonical_json() -> None:
    text = (
        '{"account":"0123456789ab","base_url":"https://kexiangai.com","mode":"img2img","model":"GPT-Image-2",'
        '"parameters":{"seed":1,"size":"3:4"},"prompt":"a red kite 風箏","references":["https://a.example/1.png",'
        '"https://a.example/2.png"],"skill":"image2","variant":"","version":1}'
    )
    assert fingerprint(**{**REQUEST, "prompt": "a red kite 風箏"}) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        ("20260301T110000Z-0000000a/a/b", ("20260301T110000Z-0000000a", "a/b")),
        ("20260301T110000Z-0000000a", ("", "20260301T110000Z-0000000a")),
        ("a/b", ("", "a/b")),
    ],
)
def test_a_task_ref_is_split_only_behind_a_local_id(identifier: str, parts: tuple[str, str]) -> None:
    assert split_task_ref(identifier) == parts


def test_the_order_of_parameters_is_no_difference() -> None:
    assert fingerprint(**REQUEST) == fingerprint(**{**REQUEST, "parameters": {"seed": 1, "size": "3:4"}})


def test_a_request_without_a_variant_has_the_empty_one() -> None:
    bare = {name: value for name, value in REQUEST.items() if name != "variant"}
    assert fingerprint(**bare) == fingerprint(**REQUEST)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("skill", "generator-image"),
        ("base_url", "https://kexiangai.com/"),
        ("account", "ba9876543210"),
        ("mode", "text2img"),
        ("model", "gpt-image-2"),
        ("prompt", "a red kite "),
        ("prompt", "a red kite\n"),
        ("parameters", {"size": "4:3", "seed": 1}),
        ("parameters", {"size": "3:4", "seed": "1"}),
        ("parameters", {"size": "3:4"}),
        ("references", REQUEST["references"][::-1]),
        ("references", REQUEST["references"][:1]),
        ("references", ()),
        ("variant", "2"),
    ],
)
def test_whatever_changes_the_picture_changes_the_fingerprint(name: str, value: object) -> None:
    assert fingerprint(**{**REQUEST, name: value}) != fingerprint(**REQUEST)


def test_of_a_prompt_an_entry_keeps_hash_length_and_start() -> None:
    prompt = "画一只猫" * 20
    record = prompt_record(prompt)
    assert record == {"sha256": hashlib.sha256(prompt.encode()).hexdigest(), "length": 80, "start": prompt[:40]}


def test_an_entry_is_read_as_it_was_written() -> None:
    entry = draft(
        task_id="7",
        cost={"amount": 0.2, "unit": "credits", "source": "charged"},
        prompt=prompt_record("一只猫"),
        state="submitted",
        seconds=2.5,
    )
    assert Entry.from_document(entry.to_document()) == entry


def test_a_cost_beyond_belief_makes_no_entry_unreadable() -> None:
    entry = draft(cost={"amount": 1e16, "unit": "tokens", "source": "charged"})
    assert Entry.from_document(entry.to_document()).cost is None


def test_fields_of_a_later_minor_version_are_left_out() -> None:
    assert Entry.from_document({**asdict(draft(task_id="7")), "colour": "red"}) == draft(task_id="7")


def charged(amount: object) -> dict[str, Any]:
    return {"cost": {"amount": amount, "unit": "credits", "source": "charged"}}


NO_ENTRIES: dict[str, dict[str, Any]] = {
    "in a state nobody knows": {"state": "preparing"},
    "in a state that is a list": {"state": []},
    "with a mode that is a list": {"mode": []},
    "with charges that are true": {"possible_charges": True},
    "with a cost that is a number": {"cost": 7},
    "with a cost of nothing": {"cost": {}},
    "with a cost that is true": charged(amount=True),
    "with a cost beyond all bounds": charged(10**400),
    "with a cost that is the bound": charged(1e15),
    "of a cost without a unit": {"cost": {"amount": 1, "source": "charged"}},
    "of a time without a zone": {"created_at": "2026-01-01"},
    "of no time": {"created_at": "soon"},
    "without a number in the order": {"sequence": None},
    "with an id that is a path": {"local_id": "../../openclaw"},
    "with an id in other digits": {"local_id": "٢٠٢٦٠٣٠١T120000Z-00000001"},
}


@pytest.mark.parametrize("changes", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_what_is_no_entry_is_a_value_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  - datetime has its own
        Entry.from_document({**asdict(draft()), **changes})


def test_an_entry_needs_its_identity() -> None:
    document = asdict(draft())
    del document["account"]
    with pytest.raises(ValueError, match="identity"):
        Entry.from_document(document)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=OFFSETS))  # noqa: DTZ001  - drawn
def test_times_are_utc_to_the_millisecond_and_read_again(when: datetime) -> None:
    text = format_time(when)
    assert text.endswith("Z")
    assert parse_time(text).tzinfo == timezone.utc
    assert timedelta(0) <= when - parse_time(text) < timedelta(milliseconds=1)


@pytest.fixture
def _in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_shanghai")
def test_times_are_utc_wherever_the_machine_stands() -> None:
    assert format_time(NOW) == "2026-03-01T12:00:00.000Z"


class Step:
    """An open task in a throwaway folder."""

    def __init__(self, folder: Path) -> None:
        store = SqliteStore(folder)
        store.create()
        self.lock = store.lock(ID)
        assert self.lock.try_acquire()
        self.task = LockedTask(draft(local_id=ID), store, self.lock, lambda: NOW)

    def on_disk(self, *names: str) -> list[Any]:
        return [getattr(kept(self.task).entry, name) for name in names]


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    watch(monkeypatch)
    return Step(tmp_path)


def test_states_and_charges_from_the_first_send_to_the_end(step: Step) -> None:
    task, on_disk = step.task, step.on_disk
    task.save()
    assert on_disk("state", "charged", "attempts", "possible_charges") == ["prepared", "no", 0, 0]
    task.mark_submitting()
    assert on_disk("state", "charged", "attempts", "possible_charges") == ["submitting", "unknown", 1, 1]
    task.mark_submitted("77", charged="yes", cost={"amount": 0.2, "unit": "credits", "source": "charged"})
    assert on_disk("state", "task_id", "charged", "submitted_at") == ["submitted", "77", "yes", format_time(NOW)]
    assert on_disk("cost") == [{"amount": 0.2, "unit": "credits", "source": "charged"}]
    task.finish("succeeded", images=[{"path": "/p.png"}])
    assert on_disk("state", "finished_at", "images") == ["succeeded", format_time(NOW), [{"path": "/p.png"}]]
    assert on_disk("attempts", "possible_charges", "charged") == [1, 1, "yes"]


def test_a_request_that_was_not_spent_takes_its_possible_charge_back(step: Step) -> None:
    step.task.mark_submitting()
    step.task.mark_not_charged("refused", error={"code": "refused"})
    assert step.on_disk("state", "charged", "attempts", "possible_charges") == ["refused", "no", 1, 0]
    assert step.on_disk("error") == [{"code": "refused"}]


def test_an_earlier_request_that_may_have_been_charged_is_not_forgotten(step: Step) -> None:
    step.task.mark_submitting()
    step.task.mark_submitting()
    step.task.mark_not_charged("refused")
    assert step.on_disk("state", "charged", "attempts", "possible_charges") == ["unknown", "unknown", 2, 1]


def test_a_full_disk_leaves_the_former_state_and_is_told(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    step.task.save()
    fill_disk(monkeypatch)
    with pytest.raises(DiskError) as caught:
        step.task.mark_submitted("77", charged="yes", cost=None)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("journal_failed", 12, "resume")
    assert caught.value.facts == {"path": step.task.path, "reason": "No space left on device"}
    assert step.on_disk("state", "task_id") == ["prepared", None]
    assert step.task.entry.task_id == "77", "the id is still in hand, for the streams"


def test_what_another_live_task_forbids_is_not_sent(step: Step) -> None:
    step.task.save(state="unknown")
    keep(step.task.path.parent, draft(local_id=f"{ID[:-1]}2", state="submitted"))
    with pytest.raises(TaskLocked) as caught:
        step.task.mark_submitting()
    assert caught.value.facts == {"local_id": f"{ID[:-1]}2"}
    assert (step.task.entry.state, step.task.entry.possible_charges) == ("unknown", 0)
    assert step.on_disk("state", "possible_charges") == ["unknown", 0]


def test_impatient_signals_do_not_lose_the_id_that_is_being_written(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(statement: str) -> None:
        if statement == "COMMIT":
            for _ in "12":
                signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(WatchedConnection, "before", staticmethod(interrupted))
    with handle_signals(), pytest.raises(Interrupted):
        step.task.mark_submitted("77", charged="yes", cost=None)
    assert step.on_disk("state", "task_id") == ["submitted", "77"]


def test_release_lets_the_next_one_in(step: Step) -> None:
    other = kept(step.task).lock
    assert not other.try_acquire()
    step.task.release()
    step.task.release()
    assert other.try_acquire()
    other.release()
