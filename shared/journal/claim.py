"""The journal of paid tasks: it decides whether a request creates, attaches, returns or stops."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.errors import BadInput, StillRunning, TaskLocked
from shared.files import disk_errors
from shared.i18n.messages import MessageRef
from shared.journal.entry import LOCAL_ID, Entry, fingerprint, split_task_ref
from shared.journal.interface import StoreBusy
from shared.journal.reader import JournalReader, Known
from shared.journal.states import LEFT_BY_THE_DEAD, PASSED_OVER_BY_NEW, action_for, refusal
from shared.journal.submit import LockedTask
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from shared.errors import SkillError
    from shared.journal.entry import State
    from shared.journal.interface import Store

LOCK_PAUSE = 0.2  # seconds between two tries for a lock that somebody else holds


@dataclass
class TaskLease:
    """What the journal decided for a request, and the task in our hands; use it in a `with` block."""

    action: Literal["create", "attach", "return"]
    task: LockedTask

    def __enter__(self) -> TaskLease:
        return self

    def __exit__(self, *_error: object) -> None:
        self.task.release()


@dataclass(frozen=True)
class LockWait:
    """How long to wait for another process that works on the same request; clock and sleep in seconds."""

    deadline: float
    wait: bool = True
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    on_wait: Callable[[Entry], None] = lambda _entry: None

    def pause(self, owned: Known | None) -> None:
        """Wait a moment for the owner of an entry, or for a process that is deciding (None)."""
        local_id = owned[1].local_id if owned else ""
        if owned and not self.wait:
            raise TaskLocked("request_busy", about=owned, local_id=local_id)
        if self.clock() >= self.deadline:
            raise StillRunning("request_still_busy", about=owned, local_id=local_id, remedy="again")
        if owned:
            self.on_wait(owned[1])
        self.sleep(LOCK_PAUSE)


class Journal(JournalReader):
    """The tasks of one skill: written in the state folder in force, looked up in the default one too."""

    def claim(
        self, draft: Entry, wait: LockWait, *, new: bool = False, again: Collection[State] = ()
    ) -> TaskLease:
        """Decide what to do with a request, by the table of docs/money.md, and take its task in hand.

        `draft` describes the request; its local id and sequence are given here. Actions: `create` with a
        fresh entry in state prepared; `attach` to one that is submitted; `return` the pictures of one that
        succeeded within 24 hours, or bears a variant. `new` passes over entries that are succeeded, failed or
        unknown; `again` names states that are passed over even without it, because the same words may be meant
        once more.

        Raises:
            TaskFailed: the same request failed and may have been charged.
            OutcomeUnknown: the same request may have been accepted and its answer is lost.
            StillRunning, TaskLocked: another process works on it, until the deadline or with waiting forbidden.
            DiskError: the journal cannot be read or written.
        """
        passed_over = PASSED_OVER_BY_NEW.union(again) if new else frozenset(again)
        waited_for: str | None = None
        self._stores[0].create()
        while True:
            try:
                outcome = self._decide(draft, passed_over, waited_for)
            except StoreBusy:
                outcome = None
            if isinstance(outcome, TaskLease):
                return outcome
            if isinstance(outcome, Exception):
                raise outcome
            if outcome and waited_for is None:
                waited_for = outcome[1].local_id
            wait.pause(outcome)

    def resume(self, identifier: str, imported: Entry, wait: LockWait) -> TaskLease:
        """Take the task with this local or service id in hand; an unknown service id is imported as submitted.

        Both together ("<local id>/<service id>") tell an entry first that it is that task: its disk failed then.

        Raises:
            BadInput: a local id that the journal does not know, or an entry for which nothing was accepted.
            TaskFailed, OutcomeUnknown, StillRunning, TaskLocked, DiskError: as for `claim`.
        """
        local_id, identifier = split_task_ref(identifier)
        if local_id and self._knows(local_id, identifier):
            identifier = local_id
        while known := self._find(identifier, imported.base_url):
            store, entry = known
            outcome = self._take(store, entry, resumed=True)
            if isinstance(outcome, TaskLease):
                return outcome
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, str):
                about = store.path, store.entry(entry.local_id) or entry
                state = MessageRef(f"state_{about[1].state}")
                raise BadInput("nothing_to_resume", about=about, identifier=entry.local_id, state=state)
            wait.pause(outcome)
        if LOCAL_ID.fullmatch(identifier):
            raise BadInput("task_unknown", identifier=identifier)
        imported.state, imported.task_id, imported.charged = "submitted", identifier, "unknown"
        imported.fingerprint = fingerprint(
            skill=self.skill, base_url=imported.base_url, account=imported.account, mode="adopted", model="",
            prompt="", parameters={"task_id": identifier},
        )  # fmt: skip
        return self.claim(imported, wait)

    def reopen(self, path: Path, entry: Entry) -> TaskLease | None:
        """Take a task with an unknown outcome in hand, to send its request once more by the user's word.

        None when it is in another process's hands or its outcome is known by now. What was paid for it, and what
        its `extra` holds, stays with it.

        Raises:
            DiskError: the journal cannot be read.
        """
        store = next(store for store in self._stores if store.path == path)
        task = self._locked(store, entry.local_id)
        if task and task.entry.state != "unknown":
            task.release()
            return None
        return TaskLease("create", task) if task else None

    def _decide(
        self, draft: Entry, passed_over: Collection[State], waited_for: str | None
    ) -> TaskLease | SkillError | Known:
        """Apply the table in one transaction; return the entry that a living owner holds, or what stops us."""
        outcome: TaskLease | SkillError | Known | None = None
        try:
            with ExitStack() as transactions:
                for store in self.stores:
                    transactions.enter_context(store.transaction(claiming=True))
                outcome = self._table(draft, passed_over, waited_for)
        except BaseException:
            if isinstance(outcome, TaskLease):
                outcome.task.release()
            raise
        return outcome

    def _table(
        self, draft: Entry, passed_over: Collection[State], waited_for: str | None
    ) -> TaskLease | SkillError | Known:
        known = self._matching(draft.fingerprint)
        for store, entry in known:
            if entry.state in passed_over and entry.local_id != waited_for:
                continue
            outcome = self._take(store, entry)
            if outcome == "create":
                break
            if outcome != "next":
                return outcome
        return self._create(draft, 1 + max((entry.sequence for _, entry in known), default=0))

    def _take(
        self, store: Store, entry: Entry, *, resumed: bool = False
    ) -> TaskLease | SkillError | Known | Literal["create", "next"]:
        """Lock an entry and decide by its state; return the entry while a living owner holds it."""
        task = self._locked(store, entry.local_id)
        if not task:
            return "next" if task is None else (store.path, entry)
        try:
            if task.entry.state in LEFT_BY_THE_DEAD:
                state, code = LEFT_BY_THE_DEAD[task.entry.state]
                task.finish(state, error={"code": code})
            action = action_for(task.entry, self._now(), resumed=resumed)
        except BaseException:
            task.release()
            raise
        if action == "attach" or action == "return":  # noqa: PLR1714  - narrows the type
            return TaskLease(action, task)
        task.release()
        return refusal(task.entry, store.path) if action == "stop" else action

    def _locked(self, store: Store, local_id: str) -> LockedTask | Literal[False] | None:
        """Return a task in our hands, as it is now; False while a living owner holds it, None when it is gone."""
        lock = store.lock(local_id)
        with disk_errors(store.path):
            if not lock.try_acquire():
                return False
        try:
            entry = store.entry(local_id)  # what was read before the lock may be old
        except BaseException:
            lock.release()
            raise
        if entry is None:
            lock.release()
            return None
        return LockedTask(entry, store, lock, self._now)

    def _knows(self, local_id: str, task_id: str) -> bool:
        """Tell an entry the id that it could not be told when the service gave it; True when it has that id."""
        known = self._find(local_id, None)
        task = self._locked(known[0], local_id) if known else None
        if not task:
            return task is False  # whoever holds it knows
        try:
            if task.entry.task_id is None and task.entry.state in ("submitting", "unknown"):
                task.mark_submitted(task_id, charged="yes", cost=task.entry.cost)
            return task.entry.task_id == task_id
        finally:
            task.release()

    def _create(self, draft: Entry, sequence: int) -> TaskLease:
        """Write the draft as a new entry, locked before anybody can see it."""
        now = self._now()
        draft.local_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        draft.created_at = format_time(now)
        draft.sequence = sequence
        lock = self._stores[0].lock(draft.local_id)
        with disk_errors(self._stores[0].path):
            lock.try_acquire()
        task = LockedTask(draft, self._stores[0], lock, self._now)
        try:
            task.save()
        except BaseException:
            task.release()
            raise
        return TaskLease("attach" if draft.state == "submitted" else "create", task)
