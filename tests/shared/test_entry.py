"""What an entry keeps, how it is read again, and how its state moves on."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import time
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.entry import Entry, OpenTask, fingerprint, moment, parted, prompt_record, stamp
from shared.errors import DiskError
from shared.files import Lock
from shared.interrupts import Interrupted, handled
from shared.keys import Secret
from tests.shared.fakes import NOW, draft, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
def test_an_identifier_is_parted_only_behind_a_local_id(identifier: str, parts: tuple[str, str]) -> None:
    assert parted(identifier) == parts


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
    assert Entry.from_json(entry.to_json()) == entry


def test_a_cost_beyond_belief_makes_no_entry_unreadable() -> None:
    entry = draft(cost={"amount": 1e16, "unit": "tokens", "source": "charged"})
    assert Entry.from_json(entry.to_json()).cost is None


def test_the_fingerprint_is_the_first_thing_in_the_file() -> None:
    assert draft().to_json().startswith(b'{\n "fingerprint": "abab')


def test_people_can_read_what_is_in_the_file() -> None:
    assert "一只猫".encode() in draft(prompt=prompt_record("一只猫")).to_json()


def test_a_key_that_a_service_repeats_in_its_error_is_not_kept() -> None:
    key = Secret("dummy-" + "key-that-comes-back")
    content = draft(error={"code": "refused", "reason": f"bad key {key.reveal()}"}).to_json()
    assert Entry.from_json(content).error == {"code": "refused", "reason": f"bad key {key}"}
    assert key.reveal().encode() not in content


def test_fields_of_a_later_minor_version_are_left_out() -> None:
    document = {**asdict(draft(task_id="7")), "colour": "red"}
    assert Entry.from_json(json.dumps(document).encode()) == draft(task_id="7")


WHOLE = draft().to_json()
NO_ENTRIES = {
    "empty": b"",
    "zeros": bytes(100),
    "binary": bytes.fromhex("fffe"),
    "list": b"[]",
    "null": b"null",
    "object": b"{}",
    "nothing but a version": b'{"schema": 1}',
    "nested too deep": b"[" * 100_000,
    "cut": WHOLE[:-20],
    "newer": WHOLE.replace(b'"schema": 1', b'"schema": 2'),
    "without an account": WHOLE.replace(b'"account"', b'"acount"'),
    "in a state nobody knows": WHOLE.replace(b'"prepared"', b'"preparing"'),
    "in a state that is a list": WHOLE.replace(b'"prepared"', b"[]"),
    "with a mode that is a list": WHOLE.replace(b'"mode": "', b'"mode": [], "was": "'),
    "with charges that are true": WHOLE.replace(b'"possible_charges": 0', b'"possible_charges": true'),
    "with a cost that is a number": WHOLE.replace(b'"cost": null', b'"cost": 7'),
    "with a cost of nothing": WHOLE.replace(b'"cost": null', b'"cost": {}'),
    "with a cost that is true": WHOLE.replace(
        b'"cost": null', b'"cost": {"amount": true, "unit": "credits", "source": "charged"}'
    ),
    "with a cost beyond all bounds": WHOLE.replace(
        b'"cost": null', b'"cost": {"amount": 1%s, "unit": "credits", "source": "charged"}' % (b"0" * 400)
    ),
    "with a cost that is the bound": WHOLE.replace(
        b'"cost": null', b'"cost": {"amount": 1e15, "unit": "credits", "source": "charged"}'
    ),
    "of a cost without a unit": WHOLE.replace(b'"cost": null', b'"cost": {"amount": 1, "source": "charged"}'),
    "of a time without a zone": WHOLE.replace(b'"created_at": ""', b'"created_at": "2026-01-01"'),
    "of no time": WHOLE.replace(b'"created_at": ""', b'"created_at": "soon"'),
    "without a number in the order": WHOLE.replace(b'"sequence": 0', b'"sequence": null'),
}


@pytest.mark.parametrize("content", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_what_is_no_entry_of_this_version_is_a_value_error(content: bytes) -> None:
    assert content != WHOLE
    with pytest.raises(ValueError):  # noqa: PT011  - json has its own
        Entry.from_json(content)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=OFFSETS))  # noqa: DTZ001  - drawn
def test_times_are_utc_to_the_millisecond_and_read_again(when: datetime) -> None:
    text = stamp(when)
    assert text.endswith("Z")
    assert moment(text).tzinfo == timezone.utc
    assert timedelta(0) <= when - moment(text) < timedelta(milliseconds=1)


@pytest.fixture
def _in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_shanghai")
def test_times_are_utc_wherever_the_machine_stands() -> None:
    assert stamp(NOW) == "2026-03-01T12:00:00.000Z"


class Step:
    """An open task in a throwaway folder."""

    def __init__(self, folder: Path) -> None:
        self.lock = Lock(folder / "one.lock")
        assert self.lock.try_acquire()
        self.task = OpenTask(draft(local_id="one"), folder, self.lock, lambda: NOW)

    def on_disk(self, *names: str) -> list[Any]:
        entry = read(self.task.path)
        return [getattr(entry, name) for name in names]


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def test_states_and_charges_from_the_first_send_to_the_end(step: Step) -> None:
    task, on_disk = step.task, step.on_disk
    task.save()
    assert on_disk("state", "charged", "attempts", "possible_charges") == ["prepared", "no", 0, 0]
    task.about_to_spend()
    assert on_disk("state", "charged", "attempts", "possible_charges") == ["submitting", "unknown", 1, 1]
    task.submitted("77", charged="yes", cost={"amount": 0.2, "unit": "credits", "source": "charged"})
    assert on_disk("state", "task_id", "charged", "submitted_at") == ["submitted", "77", "yes", stamp(NOW)]
    assert on_disk("cost") == [{"amount": 0.2, "unit": "credits", "source": "charged"}]
    task.finish("succeeded", images=[{"path": "/p.png"}])
    assert on_disk("state", "finished_at", "images") == ["succeeded", stamp(NOW), [{"path": "/p.png"}]]
    assert on_disk("attempts", "possible_charges", "charged") == [1, 1, "yes"]


def test_a_request_that_was_not_spent_takes_its_possible_charge_back(step: Step) -> None:
    step.task.about_to_spend()
    step.task.not_spent("refused", error={"code": "refused"})
    assert step.on_disk("state", "charged", "attempts", "possible_charges") == ["refused", "no", 1, 0]
    assert step.on_disk("error") == [{"code": "refused"}]


def test_an_earlier_request_that_may_have_been_charged_is_not_forgotten(step: Step) -> None:
    step.task.about_to_spend()
    step.task.about_to_spend()
    step.task.not_spent("refused")
    assert step.on_disk("state", "charged", "attempts", "possible_charges") == ["unknown", "unknown", 2, 1]


def test_a_full_disk_leaves_the_former_state_and_is_told(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    step.task.save()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError) as caught:
        step.task.submitted("77", charged="yes", cost=None)
    assert (caught.value.code, caught.value.exit_code, caught.value.remedy) == ("journal_failed", 12, "resume")
    assert caught.value.facts == {"path": step.task.path, "reason": "No space left on device"}
    assert step.on_disk("state", "task_id") == ["prepared", None]
    assert step.task.entry.task_id == "77", "the id is still in hand, for the streams"
    assert [path.name for path in step.task.path.parent.iterdir() if path.suffix != ".lock"] == ["one.json"]


def test_impatient_signals_do_not_lose_the_id_that_is_being_written(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def interrupted(descriptor: int) -> None:
        for _ in "12":
            signal.raise_signal(signal.SIGTERM)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", interrupted)
    with handled(), pytest.raises(Interrupted):
        step.task.submitted("77", charged="yes", cost=None)
    assert step.on_disk("state", "task_id") == ["submitted", "77"]


def test_killed_writers_leave_one_stray_file_at_most(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: names.extend(path.name for path in step.lock.path.parent.glob("*.tmp"))
    )
    step.task.save()
    assert names == ["one.tmp"], "a fixed name: the next writer overwrites it"


def test_release_lets_the_next_one_in(step: Step) -> None:
    other = Lock(step.lock.path)
    assert not other.try_acquire()
    step.task.release()
    step.task.release()
    assert other.try_acquire()
    other.release()
