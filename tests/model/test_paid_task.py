"""A paid task under any order of events: no charge without the user's consent, no id lost.

The steps are chosen by hypothesis. MODEL_RUNS is how many lives of fifty steps are lived: a few in `make test`,
two hundred in `make quality`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.journal.states import REUSED_FOR, action_for
from shared.timefmt import parse_time
from tests.model.world import Fate, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.journal.entry import Entry
    from shared.journal.states import Action

RUNS = int(os.environ.get("MODEL_RUNS", "8"))
STEPS = 50

Key = tuple[str, str]
PROMPTS = ("a kite", "a cup")
KEYS = st.tuples(st.sampled_from(PROMPTS), st.sampled_from(("", "second")))
SENDS = st.lists(
    st.sampled_from(
        ("arrives", "never arrives", "dies before", "answer lost", "dies after", "refused", "unclear")
    ),
    max_size=3,
).map(tuple)
FATES = st.builds(
    Fate,
    sends=SENDS,
    dies_at_write=st.none() | st.integers(0, 11),
    dies_at_look=st.none() | st.integers(1, 4),
    failed_looks=st.integers(0, 2),
    links_expire=st.booleans(),
)
CALM = st.just(None).map(lambda _: Fate())


class PaidTasks(RuleBasedStateMachine):
    """What the user has consented to, beside a world in which processes die."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name), self._patch)
        self.paid: dict[Key, str | None] = {}
        """For each request the task that was charged last, until the user lets go of it."""
        self.forgotten: list[Entry] = []

    def teardown(self) -> None:
        """Each issued id resumes to an image, and nothing more is charged."""
        try:
            charges = len(self.world.ledger)
            for task_id, _ in self.world.handed_out:
                assert self.world.resume(task_id, Fate()) == "done"
            assert len(self.world.ledger) == charges
        finally:
            self._folder.cleanup()
            self._patch.undo()

    # ---- steps

    @rule(key=KEYS, fate=CALM | FATES, new=st.booleans(), no_wait=st.booleans(), other=st.none() | KEYS)
    def generate(self, key: Key, fate: Fate, new: bool, no_wait: bool, other: Key | None) -> None:
        if other:
            fate.meanwhile = lambda: self.spending(lambda: self.run(other, Fate(), new=new, no_wait=no_wait), new)
        ended = self.spending(lambda: self.run(key, fate, new=new, no_wait=no_wait), new)
        assert ended not in ("request_busy", "request_still_busy"), "the dead hold no lock"

    @precondition(lambda self: self.world.handed_out)
    @rule(data=st.data(), fate=CALM | FATES)
    def resume(self, data: st.DataObject, fate: Fate) -> None:
        task_id, _ = data.draw(st.sampled_from(self.world.handed_out))
        before = len(self.world.ledger)
        self.world.resume(task_id, fate)
        assert len(self.world.ledger) == before

    @precondition(lambda self: self.world.entries())
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.world.entries()))
        self.world.forget(entry)
        self.forgotten.append(entry)
        key = self.key_of(entry)
        known = {one.task_id for one in self.world.entries() if self.key_of(one) == key}
        if key and self.paid.get(key) not in known:
            self.paid[key] = None

    @rule(hours=st.sampled_from((0.01, 1, 25)))
    def time_passes(self, hours: float) -> None:
        self.world.clock.now += hours * 3600

    # ---- what holds

    @invariant()
    def every_id_is_in_the_journal_or_was_said(self) -> None:
        kept = {entry.task_id for entry in (*self.world.entries(), *self.forgotten)}
        for task_id, process in self.world.handed_out:
            assert task_id in kept or task_id in process.said.getvalue()

    @invariant()
    def no_charge_is_denied(self) -> None:
        entries = [*self.world.entries(), *self.forgotten]
        charged = {charge.task_id for charge in self.world.ledger.charges}
        assert not [one for one in entries if one.charged == "no" and one.task_id in charged]
        told = sum(one.possible_charges for one in entries)
        assert told >= len(charged)

    @invariant()
    def the_service_has_nothing_to_complain_about(self) -> None:
        assert self.world.service.complaints == []

    # ---- means

    def run(self, key: Key, fate: Fate, *, new: bool, no_wait: bool) -> str:
        return self.world.generate(*key, fate, new=new, no_wait=no_wait)

    def key_of(self, entry: Entry) -> Key | None:
        """Return what an entry's request asked for; None for one that was adopted by its service's id."""
        return cast("Key | None", self.world.fingerprints.get(entry.fingerprint))

    def spending(self, act: Callable[[], str], new: bool) -> str:
        """Act, and hold what was charged meanwhile against what the user has agreed to."""
        before = {charge.task_id for charge in self.world.ledger.charges}
        finished = {
            entry.task_id: parse_time(entry.finished_at)
            for entry in self.world.entries()
            if entry.state == "succeeded" and entry.finished_at
        }
        on_their_way = {
            entry.task_id for entry in self.world.entries() if entry.state == "submitted" and self.key_of(entry)
        }
        now = self.world.now()
        ended = act()
        for charge in self.world.ledger.charges:
            if charge.task_id in before or charge.task_id in self.paid.values():
                continue
            key = cast("Key", self.world.created[str(charge.task_id)])
            last = self.paid.get(key)
            old = last in finished and now - finished[last] >= REUSED_FOR
            agreed = last is None or old or (new and last not in on_their_way)
            assert agreed, f"{key} was charged again: {last}, then {charge.task_id}"
            self.paid[key] = charge.task_id
        return ended


def live(runs: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """Run that many lives, and report the shortest one that fails."""
    run_state_machine_as_test(
        PaidTasks,
        settings=settings(
            max_examples=runs,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=phases,
            report_multiple_bugs=False,
        ),
    )


def test_nothing_is_paid_twice_and_nothing_is_lost() -> None:
    live(RUNS)


def test_a_journal_that_forgets_the_unknown_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.journal.claim.action_for", forgetful(action_for))
    with pytest.raises(AssertionError, match="was charged again"):
        live(100, (Phase.generate,))


def forgetful(table: Callable[..., Action]) -> Callable[..., Action]:
    """Return a table that takes an unknown outcome for none."""

    def forgetting(entry: Entry, *arguments: object, **options: object) -> Action:
        action = table(entry, *arguments, **options)
        return "create" if action == "stop" else action

    return forgetting
