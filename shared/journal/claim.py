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

LOCK_PAUSE = 0.2  # seconds between two tries for a lock that another process holds


@dataclass
class TaskLease:
    """The journal's decision about a request, and the locked task; use it in a `with` block."""

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
    """The tasks of one skill: written to the current state folder, looked up in the default one too."""

    def claim(
        self, draft: Entry, wait: LockWait, *, new: bool = False, again: Collection[State] = ()
    ) -> TaskLease:
        """Decide what to do with a request, by the table of docs/money.md, and lock its task.

        `draft` describes the request; its local id and sequence are set here. Actions: `create` with a new entry
        in state prepared; `attach` to one that is submitted; `return` the images of one that succeeded within 24
        hours, or has a variant. `new` skips entries that are succeeded, failed or unknown; `again` names states
        that are skipped even without it, because the same text may be a new request.

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
        """Lock the task with this local or service id; import an unknown service id as submitted.

        Both together ("<local id>/<service id>") first record the service id in the entry, which a failed disk
        prevented.

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
        """Lock a task with an unknown outcome, to send its request once more with the user's consent.

        Return None if another process has it or its outcome is known by now. Its cost and its `extra` are kept.

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
        """Apply the table in one transaction; return the entry of a living owner, or the error that stops here."""
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
        """Lock an entry and decide by its state; return the entry if a living owner has it."""
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
        """Return the locked task in its current state; False if a living owner has it, None if it is gone."""
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
        return LockedTask(entry, store, lock, self._now, self.guard)

    def _knows(self, local_id: str, task_id: str) -> bool:
        """Record the id that could not be recorded when the service issued it; return whether the entry has it."""
        known = self._find(local_id, None)
        task = self._locked(known[0], local_id) if known else None
        if not task:
            return task is False  # its owner knows
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
        task = LockedTask(draft, self._stores[0], lock, self._now, self.guard)
        try:
            task.save()
        except BaseException:
            task.release()
            raise
        return TaskLease("attach" if draft.state == "submitted" else "create", task)
