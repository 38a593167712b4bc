"""The journal of paid tasks: it decides whether a request creates, attaches, returns or stops."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from shared.entry import LOCAL_ID, Entry, OpenTask, fingerprint, parted, stamp
from shared.errors import BadInput, Busy, DiskError, NotFinished
from shared.files import Lock, disk_errors, make_private_folder
from shared.journal_table import PASSED_OVER_BY_NEW, verdict_on
from shared.journal_upkeep import KEPT_FOR, prune
from shared.texts import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from shared.entry import State

HISTORY = 50  # entries that an estimate looks at
LOCK_PAUSE = 0.2  # seconds between two looks at a lock that somebody else holds
FINGERPRINT = re.compile(rb'"fingerprint": ?"([0-9a-f]{64})"')


@dataclass
class Claim:
    """What the journal decided for a request, and the task in our hands; use it in a `with` block."""

    verdict: Literal["create", "attach", "return"]
    task: OpenTask

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.task.release()


@dataclass(frozen=True)
class Patience:
    """How long to wait for another process that works on the same request; clock and sleep in seconds."""

    deadline: float
    wait: bool = True
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    on_wait: Callable[[Entry], None] = lambda _entry: None


class Journal:
    """The entries of one skill: written in the state folder in force, looked up in the default one too."""

    def __init__(
        self, skill: str, state_folders: Sequence[Path], *, now: Callable[[], datetime] | None = None
    ) -> None:
        self.skill = skill
        self.folders = [state / "image-skills" / skill / "tasks" for state in state_folders]
        self._now = now or (lambda: datetime.now(timezone.utc))

    def claim(
        self, draft: Entry, patience: Patience, *, new: bool = False, again: Collection[State] = ()
    ) -> Claim:
        """Decide what to do with a request, by the table of docs/money.md, and take its task in hand.

        `draft` describes the request; its local id and sequence are given here. Verdicts: `create` with a
        fresh entry in state prepared; `attach` to one that is submitted; `return` the pictures of one that
        succeeded within 24 hours, or bears a variant. `new` passes over entries that are succeeded, failed or
        unknown; `again` names states that are passed over even without it, because the same words may be meant
        once more.

        Raises:
            TaskFailed: the same request failed and may have been charged.
            OutcomeUnknown: the same request may have been accepted and its answer is lost.
            NotFinished, Busy: another process works on it, until the deadline or with waiting forbidden.
            DiskError: the journal cannot be read or written.
        """
        waited_for: str | None = None
        passed_over = PASSED_OVER_BY_NEW.union(again) if new else frozenset(again)

        def decide() -> Claim | tuple[Path, Entry] | None:
            with ExitStack() as held:
                for folder in self._existing_folders():
                    lock = held.enter_context(Lock(folder / f"{draft.fingerprint}.lock"))
                    if not lock.try_acquire():
                        return None
                for folder, entry in self._newest_first(draft.fingerprint):
                    if entry.state in passed_over and entry.local_id != waited_for:
                        continue
                    taken = self._take(folder, entry)
                    if taken == "create":
                        break
                    if taken != "next":
                        return taken
                return self._create(draft)

        with disk_errors(self.folders[0]):
            make_private_folder(self.folders[0])
            while not isinstance(outcome := decide(), Claim):
                if outcome and waited_for is None:
                    waited_for = outcome[1].local_id
                self._wait(outcome, patience)
        return outcome

    def resume(self, identifier: str, adoption: Entry, patience: Patience) -> Claim:
        """Take the task with this local or service id in hand; an unknown service id is adopted as submitted.

        Both together ("<local id>/<service id>") tell an entry first that it is that task: its disk failed then.

        Raises:
            BadInput: a local id that the journal does not know, or an entry for which nothing was accepted.
            TaskFailed, OutcomeUnknown, NotFinished, Busy, DiskError: as for `claim`.
        """
        local_id, identifier = parted(identifier)
        with disk_errors(self.folders[0]):
            if local_id and self._knows(local_id, identifier):
                identifier = local_id
            while found := self.find(identifier, adoption.base_url):
                taken = self._take(*found, resumed=True)
                if isinstance(taken, Claim):
                    return taken
                if isinstance(taken, str):
                    entry = found[1]
                    state = Said(f"state_{entry.state}")
                    raise BadInput("nothing_to_resume", about=found, identifier=entry.local_id, state=state)
                self._wait(taken, patience)
        if LOCAL_ID.fullmatch(identifier):
            raise BadInput("task_unknown", identifier=identifier)
        adoption.state, adoption.task_id, adoption.charged = "submitted", identifier, "unknown"
        adoption.fingerprint = fingerprint(
            skill=self.skill,
            base_url=adoption.base_url,
            account=adoption.account,
            mode="adopted",
            model="",
            prompt="",
            parameters={"task_id": identifier},
        )
        return self.claim(adoption, patience)

    def reopen(self, folder: Path, entry: Entry) -> Claim | None:
        """Take a task with an unknown outcome in hand, to send its request once more by the user's word.

        None when it is in another process's hands or its outcome is known by now. What was paid for it, and what
        its `extra` holds, stays with it.

        Raises:
            DiskError: the journal cannot be read.
        """
        with disk_errors(folder):
            lock = Lock(folder / f"{entry.local_id}.lock")
            if not lock.try_acquire():
                return None
            task = OpenTask(entry, folder, lock, self._now)
            try:
                task.entry = Entry.from_json(task.path.read_bytes())
            except BaseException:
                task.release()
                raise
        if task.entry.state != "unknown":
            task.release()
            return None
        return Claim("create", task)

    def find(self, identifier: str, base_url: str | None = None) -> tuple[Path, Entry] | None:
        """Return the folder and the newest entry that bears this local or service id.

        Two services may give out the same id: with a `base_url`, a service id is looked for at that one only.
        """
        found = [
            (folder, entry)
            for folder, entry in self.entries()
            if identifier == entry.local_id or (identifier == entry.task_id and base_url in (None, entry.base_url))
        ]
        return max(found, key=lambda one: one[1].local_id, default=None)

    def entries(self) -> Iterator[tuple[Path, Entry]]:
        """Yield every readable entry with its folder, oldest first within a folder."""
        for folder in self._existing_folders():
            for path in sorted(folder.glob("*.json")):
                try:
                    yield folder, Entry.from_json(path.read_bytes())
                except (OSError, ValueError):
                    continue

    def has_paid(self, print_: str) -> bool:
        """Return whether an entry of this fingerprint may have been charged; such a request is never forgotten."""
        return any(entry.fingerprint == print_ and entry.possible_charges for _, entry in self.entries())

    def recent(self, alike: Callable[[Entry], bool]) -> list[Entry]:
        """Return up to 50 of the latest entries that succeeded and are `alike`, newest first."""
        done = [entry for _, entry in self.entries() if entry.state == "succeeded" and alike(entry)]
        return sorted(done, key=lambda entry: entry.local_id, reverse=True)[:HISTORY]

    def _knows(self, local_id: str, task_id: str) -> bool:
        """Tell an entry the id that it could not be told when the service gave it; True when it has that id."""
        found = self.find(local_id)
        if not found:
            return False
        with Lock(found[0] / f"{local_id}.lock") as lock:
            if lock.try_acquire():
                entry = Entry.from_json((found[0] / f"{local_id}.json").read_bytes())
                if entry.task_id is None and entry.state in ("submitting", "unknown"):
                    OpenTask(entry, found[0], lock, self._now).submitted(task_id, charged="yes", cost=entry.cost)
                return entry.task_id == task_id
        return True  # whoever holds it knows

    def _existing_folders(self) -> list[Path]:
        return sorted({folder for folder in self.folders if folder.is_dir()})

    def _newest_first(self, print_: str) -> list[tuple[Path, Entry]]:
        found = self._matching(print_)
        return sorted(found, key=lambda one: (one[1].sequence, one[1].created_at), reverse=True)

    def _matching(self, print_: str) -> Iterator[tuple[Path, Entry]]:
        """Yield the entries of a fingerprint; a file that may be one and cannot be read stops everything."""
        for folder in self._existing_folders():
            for path in folder.glob("*.json"):
                try:
                    content = path.read_bytes()
                except FileNotFoundError:  # another process has pruned or forgotten it
                    continue
                told = FINGERPRINT.search(content)
                if told and told.group(1).decode() != print_:
                    continue
                try:
                    yield folder, Entry.from_json(content)
                except ValueError:
                    raise DiskError("journal_unreadable", path=path, local_id=path.stem, remedy="forget") from None

    def _take(
        self, folder: Path, entry: Entry, *, resumed: bool = False
    ) -> Claim | tuple[Path, Entry] | Literal["create", "next"]:
        """Lock an entry and decide by its state; returns what it was given while a living owner holds it."""
        lock = Lock(folder / f"{entry.local_id}.lock")
        if not lock.try_acquire():
            return folder, entry
        task = OpenTask(entry, folder, lock, self._now)
        try:
            task.entry = Entry.from_json(task.path.read_bytes())  # what was read before the lock may be old
            verdict = verdict_on(task, self._now(), resumed=resumed)
        except BaseException:
            task.release()
            raise
        if verdict == "attach" or verdict == "return":  # noqa: PLR1714  - narrows the type
            return Claim(verdict, task)
        task.release()
        return verdict

    def _create(self, draft: Entry) -> Claim:
        """Write the draft as a new entry, locked before anybody can see it."""
        now = self._now()
        draft.local_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        draft.created_at = stamp(now)
        draft.sequence = 1 + max((entry.sequence for _, entry in self._matching(draft.fingerprint)), default=0)
        lock = Lock(self.folders[0] / f"{draft.local_id}.lock")
        lock.try_acquire()
        task = OpenTask(draft, self.folders[0], lock, self._now)
        try:
            task.save()
        except BaseException:
            task.release()
            raise
        prune(self._existing_folders(), KEPT_FOR, now)
        return Claim("attach" if draft.state == "submitted" else "create", task)

    @staticmethod
    def _wait(owned: tuple[Path, Entry] | None, patience: Patience) -> None:
        """Pause before the next look at a lock that another process holds."""
        local_id = owned[1].local_id if owned else ""
        if owned and not patience.wait:
            raise Busy("request_busy", about=owned, local_id=local_id)
        if patience.clock() >= patience.deadline:
            raise NotFinished("request_still_busy", about=owned, local_id=local_id, remedy="again")
        if owned:
            patience.on_wait(owned[1])
        patience.sleep(LOCK_PAUSE)
