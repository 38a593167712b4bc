"""A paid request is on disk before it leaves, and leaves again only when it provably never left."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from shared import signals
from shared.errors import (
    AuthenticationError,
    ConfigurationError,
    DiskError,
    InvalidRequest,
    NotSentError,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimitError,
    ResponseLost,
    SkillError,
)
from shared.http.departure import note_departure
from shared.journal.store import SqliteStore
from shared.journal.submit import LockedTask
from shared.paid_request import submit_once
from tests.journals import WatchedConnection, fill_disk, kept, watch
from tests.shared.fakes import NOW, draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.journal.entry import Charged

COST = {"amount": 0.2, "unit": "credits", "source": "charged"}


@dataclass
class Accepted:
    task_id: str = "77"
    charged: Charged = "yes"
    cost: dict[str, object] | None = None


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


class Errand:
    """A prepared task, and a service whose answers are given in advance; `happened` lists the steps in order."""

    def __init__(self, folder: Path, *answers: Accepted | BaseException | Callable[[], Accepted]) -> None:
        store = SqliteStore(folder)
        store.create()
        entry = draft(local_id="20260301T120000Z-00000001")
        lock = store.lock(entry.local_id)
        lock.try_acquire()
        self.task = LockedTask(entry, store, lock, lambda: NOW)
        self.task.save()
        self.answers = list(answers)
        self.happened: list[tuple[Any, ...]] = []

    @property
    def on_disk(self) -> tuple[str, str, int, int]:
        entry = kept(self.task).entry
        return entry.state, entry.charged, entry.attempts, entry.possible_charges

    def send(self) -> Accepted:
        self.happened.append(("send", *self.on_disk))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Accepted) else answer()

    def sleep(self, seconds: float) -> None:
        self.happened.append(("sleep", seconds, *self.on_disk))

    def on_accepted(self, accepted: Accepted) -> None:
        self.happened.append(("accepted", accepted.task_id, self.on_disk[0]))

    def spend(self) -> Accepted:
        return submit_once(self.task, self.send, sleep=self.sleep, on_accepted=self.on_accepted)


def never_reached() -> NotSentError:
    return NotSentError("unreachable", host="kexiangai.com")


FIRST = ("send", "submitting", "unknown", 1, 1)
SECOND = ("send", "submitting", "unknown", 2, 1)
THIRD = ("send", "submitting", "unknown", 3, 1)
ACCEPTED = ("accepted", "77", "submitting")


def test_an_accepted_request_is_sent_once_and_its_id_is_kept(tmp_path: Path) -> None:
    errand = Errand(tmp_path, Accepted(cost=COST))
    assert errand.spend().task_id == "77"
    assert errand.happened == [FIRST, ACCEPTED]
    entry = kept(errand.task).entry
    assert errand.on_disk == ("submitted", "yes", 1, 1)
    assert (entry.task_id, entry.cost, entry.submitted_at) == ("77", COST, "2026-03-01T12:00:00.000Z")


def test_a_request_that_never_left_is_sent_again_after_1_and_3_seconds(tmp_path: Path) -> None:
    errand = Errand(tmp_path, never_reached(), never_reached(), Accepted())
    errand.spend()
    assert errand.happened == [
        FIRST,
        ("sleep", 1.0, "prepared", "no", 1, 0),
        SECOND,
        ("sleep", 3.0, "prepared", "no", 2, 0),
        THIRD,
        ACCEPTED,
    ]
    assert errand.on_disk == ("submitted", "yes", 3, 1)


def test_after_three_tries_that_never_left_it_is_over(tmp_path: Path) -> None:
    errand = Errand(tmp_path, never_reached(), never_reached(), never_reached())
    with pytest.raises(NotSentError):
        errand.spend()
    assert [step[0] for step in errand.happened] == ["send", "sleep", "send", "sleep", "send"]
    assert errand.on_disk == ("unreachable", "no", 3, 0)
    assert kept(errand.task).entry.error == {"code": "unreachable"}


REFUSALS: list[SkillError] = [
    AuthenticationError("key_refused", http_status=401),
    QuotaExceeded("out_of_credits", http_status=402),
    RateLimitError("create_limited", http_status=429, retry_after=1.0),
    InvalidRequest("refused", http_status=400, provider_code="E17"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: error.code)
def test_a_refusal_ends_it_without_a_charge(tmp_path: Path, refusal: SkillError) -> None:
    errand = Errand(tmp_path, refusal)
    with pytest.raises(type(refusal)) as caught:
        errand.spend()
    assert caught.value is refusal
    assert errand.happened == [FIRST]
    assert errand.on_disk == ("refused", "no", 1, 0)
    assert kept(errand.task).entry.error == {"code": refusal.code, "provider_code": refusal.provider_code}


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("lost", [ResponseLost("answer_lost"), OutcomeUnknown("answer_without_id")])
def test_a_request_that_may_have_left_is_never_sent_again(tmp_path: Path, lost: SkillError, before: int) -> None:
    errand = Errand(tmp_path, *(never_reached() for _ in range(before)), lost)
    with pytest.raises(type(lost)):
        errand.spend()
    assert [step[0] for step in errand.happened].count("send") == before + 1
    assert errand.happened[-1][0] == "send"
    assert errand.on_disk == ("unknown", "unknown", before + 1, 1)
    entry = kept(errand.task).entry
    assert (entry.error, entry.finished_at) == ({"code": lost.code}, "2026-03-01T12:00:00.000Z")


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        (None, {}),
        ("../../admin", {"given": "../../admin"}),
        (["13170"], {"given": "['13170']"}),
        ("x" * 99_999, {"given": "x" * 16384}),
    ],
    ids=["none", "slashes", "a list", "long"],
)
def test_an_id_that_cannot_be_used_is_kept_all_the_same(
    tmp_path: Path, given: Any, recorded: dict[str, str]
) -> None:
    errand = Errand(tmp_path, OutcomeUnknown("answer_without_id", given=given))
    with pytest.raises(OutcomeUnknown):
        errand.spend()
    assert kept(errand.task).entry.error == {"code": "answer_without_id", **recorded}


def test_a_pause_that_ends_after_the_deadline_is_not_begun(tmp_path: Path) -> None:
    errand = Errand(tmp_path, never_reached(), never_reached())
    left = iter((5.0, 3.0))
    with pytest.raises(NotSentError):
        submit_once(
            errand.task, errand.send, sleep=errand.sleep, on_accepted=errand.on_accepted, left=lambda: next(left)
        )
    assert [step[:2] for step in errand.happened if step[0] == "sleep"] == [("sleep", 1.0)]
    assert errand.on_disk == ("unreachable", "no", 2, 0)


ANYTHING = (ZeroDivisionError(), UnicodeError(), MemoryError(), OSError(28, "full"), ConfigurationError("x"))


@pytest.mark.parametrize("error", ANYTHING, ids=repr)
def test_an_error_before_the_first_byte_proves_that_nothing_was_spent(tmp_path: Path, error: Exception) -> None:
    errand = Errand(tmp_path, error)
    with pytest.raises(type(error)):
        errand.spend()
    assert errand.happened == [FIRST]
    assert errand.on_disk == ("unreachable", "no", 1, 0)


@pytest.mark.parametrize("error", ANYTHING, ids=repr)
def test_an_error_after_the_first_byte_leaves_the_outcome_unknown(tmp_path: Path, error: Exception) -> None:
    def send() -> Accepted:
        note_departure()
        raise error

    errand = Errand(tmp_path, send)
    with pytest.raises(type(error)):
        errand.spend()
    assert errand.happened == [FIRST]
    assert errand.on_disk == ("unknown", "unknown", 1, 1)
    entry = kept(errand.task).entry
    assert entry.error == {"code": getattr(error, "code", "bug")}


def test_an_error_once_the_task_is_accepted_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errand = Errand(tmp_path, Accepted())
    submitted = LockedTask.mark_submitted

    def then_fail(*arguments: Any, **options: Any) -> None:
        submitted(*arguments, **options)
        raise ZeroDivisionError

    monkeypatch.setattr(LockedTask, "mark_submitted", then_fail)
    with pytest.raises(ZeroDivisionError):
        errand.spend()
    assert errand.on_disk == ("submitted", "yes", 1, 1)


def test_an_end_that_cannot_be_recorded_hides_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def send() -> Accepted:
        fill_disk(monkeypatch)
        raise ZeroDivisionError

    errand = Errand(tmp_path, send)
    with pytest.raises(ZeroDivisionError):
        errand.spend()
    assert errand.on_disk == ("submitting", "unknown", 1, 1)


# ---- the disk


def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errand = Errand(tmp_path, Accepted())
    fill_disk(monkeypatch)
    with pytest.raises(DiskError) as caught:
        errand.spend()
    assert errand.happened == []
    assert errand.on_disk == ("prepared", "no", 0, 0)
    told = errand.task.entry
    assert (told.state, told.charged, told.attempts, told.possible_charges) == ("prepared", "no", 0, 0)
    assert caught.value.remedy == "again", "there is nothing that could be resumed"


def test_what_cannot_be_recorded_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errand = Errand(tmp_path, never_reached())

    def sleep(seconds: float) -> None:
        errand.happened.append(("sleep", seconds))
        fill_disk(monkeypatch)

    with pytest.raises(DiskError):
        submit_once(errand.task, errand.send, sleep=sleep, on_accepted=errand.on_accepted)
    assert errand.happened == [FIRST, ("sleep", 1.0)]
    assert errand.on_disk == ("prepared", "no", 1, 0)
    assert (errand.task.entry.state, errand.task.entry.charged) == ("prepared", "no")


def test_an_id_that_cannot_be_recorded_has_been_said_and_is_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def accept() -> Accepted:
        fill_disk(monkeypatch)
        return Accepted(cost=COST)

    errand = Errand(tmp_path, accept)
    with pytest.raises(DiskError) as caught:
        errand.spend()
    assert errand.happened == [FIRST, ACCEPTED]
    assert errand.on_disk == ("submitting", "unknown", 1, 1)
    told = errand.task.entry
    assert (told.task_id, told.charged, told.cost) == ("77", "yes", COST)
    assert caught.value.remedy == "resume"


# ---- interrupts


@pytest.fixture
def _signals() -> Iterator[None]:
    assert threading.current_thread() is threading.main_thread()
    with signals.handle_signals():
        yield


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_sending_waits_for_the_answer_and_keeps_the_id(tmp_path: Path, number: int) -> None:
    def accept() -> Accepted:
        signal.raise_signal(number)
        return Accepted()

    errand = Errand(tmp_path, accept)
    with pytest.raises(signals.Interrupted) as caught:
        errand.spend()
    assert caught.value.signal_number == number
    assert errand.happened == [FIRST, ACCEPTED]
    assert errand.on_disk == ("submitted", "yes", 1, 1)


@pytest.mark.usefixtures("_signals")
def test_a_second_signal_while_sending_stops_at_once_and_leaves_the_outcome_open(tmp_path: Path) -> None:
    def accept() -> Accepted:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("sending went on")

    errand = Errand(tmp_path, accept)
    with pytest.raises(signals.Interrupted) as caught:
        errand.spend()
    assert caught.value.signal_number == signal.SIGTERM
    assert errand.on_disk == ("submitting", "unknown", 1, 1)


@pytest.mark.usefixtures("_signals")
def test_signals_while_the_id_is_written_down_wait_however_many(tmp_path: Path) -> None:
    errand = Errand(tmp_path, Accepted())

    def on_accepted(accepted: Accepted) -> None:
        errand.on_accepted(accepted)
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(signals.Interrupted):
        submit_once(errand.task, errand.send, sleep=errand.sleep, on_accepted=on_accepted)
    assert errand.on_disk == ("submitted", "yes", 1, 1)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("count", [1, 9])
def test_a_signal_before_the_request_leaves_keeps_it_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    errand = Errand(tmp_path, Accepted())
    commits: list[str] = []

    def interrupted(statement: str) -> None:
        if statement == "COMMIT":
            commits.append(statement)
            if len(commits) <= count:
                signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(WatchedConnection, "after", staticmethod(interrupted))
        with pytest.raises(signals.Interrupted):
            errand.spend()
    assert errand.happened == []
    assert errand.on_disk == ("prepared", "no", 0, 0)


@pytest.mark.usefixtures("_signals")
def test_a_signal_between_two_tries_ends_it_with_nothing_sent(tmp_path: Path) -> None:
    errand = Errand(tmp_path, never_reached())
    with pytest.raises(signals.Interrupted):
        submit_once(
            errand.task,
            errand.send,
            sleep=lambda _seconds: signal.raise_signal(signal.SIGINT),
            on_accepted=errand.on_accepted,
        )
    assert errand.on_disk == ("prepared", "no", 1, 0)


@pytest.mark.usefixtures("_signals")
def test_a_signal_during_a_try_that_never_left_ends_it_too(tmp_path: Path) -> None:
    def fail() -> Accepted:
        signal.raise_signal(signal.SIGINT)
        raise never_reached()

    errand = Errand(tmp_path, fail, Accepted())
    with pytest.raises(signals.Interrupted):
        errand.spend()
    assert errand.happened == [FIRST]
    assert errand.on_disk == ("prepared", "no", 1, 0)


@pytest.mark.usefixtures("_signals")
def test_a_signal_comes_before_a_refusal_that_the_caller_would_correct(tmp_path: Path) -> None:
    def answer() -> Accepted:
        signal.raise_signal(signal.SIGINT)
        raise InvalidRequest("refused", http_status=400)

    errand = Errand(tmp_path, answer)
    with pytest.raises(signals.Interrupted):
        submit_once(errand.task, errand.send, sleep=errand.sleep, on_accepted=errand.on_accepted, last=False)
    assert errand.on_disk == ("refused", "no", 1, 0)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize(
    ("told", "state"),
    [(InvalidRequest("refused", http_status=400), "refused"), (ResponseLost("answer_lost"), "unknown")],
)
def test_a_signal_does_not_hide_what_the_service_said(tmp_path: Path, told: SkillError, state: str) -> None:
    def answer() -> Accepted:
        signal.raise_signal(signal.SIGINT)
        raise told

    errand = Errand(tmp_path, answer)
    with pytest.raises(type(told)):
        errand.spend()
    assert errand.happened == [FIRST]
    assert errand.on_disk[0] == state
    with signals.defer_signals():
        pass  # and the signal is not left over for the next block
