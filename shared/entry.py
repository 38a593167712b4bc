"""One entry of the journal: what is kept of a paid task, and the one way its state moves on."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, get_args

from shared import interrupts
from shared.errors import DiskError
from shared.files import write_atomically
from shared.keys import redact_keys, redact_within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from shared.files import Lock

SCHEMA = 1
LONG_AGO = "2000-01-01T00:00:00+00:00"
LARGEST_AMOUNT = 1e15
PROMPT_START = 40  # characters of a prompt that an entry shows

LOCAL_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")

State = Literal["prepared", "submitting", "submitted", "succeeded", "failed", "refused", "unreachable", "unknown"]
Charged = Literal["yes", "no", "unknown"]
UNFINISHED: frozenset[State] = frozenset(("prepared", "submitting", "submitted"))
FINISHED: frozenset[State] = frozenset(("succeeded", "failed", "refused", "unreachable"))
"""Besides these there is `unknown`, which nobody but the user ends."""


def fingerprint(
    *,
    skill: str,
    base_url: str,
    account: str,
    mode: str,
    model: str,
    prompt: str,
    parameters: Mapping[str, object],
    references: Sequence[str] = (),
    variant: str = "",
) -> str:
    """Return the hex SHA-256 that says whether two requests ask for the same picture.

    `parameters` are those the user sees, after defaults; `references` in their order, a URL by its text and a
    file by the SHA-256 of its bytes. Price, output folder, language and waiting are no part of it.
    """
    identity = {
        "version": 1,
        "skill": skill,
        "base_url": base_url,
        "account": account,
        "mode": mode,
        "model": model,
        "prompt": prompt,
        "parameters": dict(parameters),
        "references": list(references),
        "variant": variant,
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def prompt_record(prompt: str) -> dict[str, object]:
    """Return what an entry keeps of a prompt: SHA-256, length in characters, and how it starts."""
    digest = hashlib.sha256(prompt.encode()).hexdigest()
    return {"sha256": digest, "length": len(prompt), "start": redact_keys(prompt)[:PROMPT_START]}


def parted(identifier: str) -> tuple[str, str]:
    """Return the local id and the service's id of "<local id>/<service id>"; the first is empty where only one is.

    Both together are named where the journal could not be told the second (exit 12).
    """
    local_id, _, task_id = identifier.partition("/")
    return (local_id, task_id) if task_id and LOCAL_ID.fullmatch(local_id) else ("", identifier)


@dataclass
class Entry:
    """One paid task as the journal knows it; times are ISO 8601 UTC."""

    fingerprint: str
    skill: str
    provider: str
    mode: str
    model: str
    base_url: str
    account: str
    local_id: str = ""
    sequence: int = 0
    state: State = "prepared"
    task_id: str | None = None
    variant: str = ""
    prompt: dict[str, object] = field(default_factory=dict)
    requested: dict[str, Any] = field(default_factory=dict)
    applied: dict[str, Any] = field(default_factory=dict)
    output_dir: str = ""
    charged: Charged = "no"
    possible_charges: int = 0
    attempts: int = 0
    cost: dict[str, Any] | None = None
    images: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """What only this skill needs to go on with the task."""
    created_at: str = ""
    submitted_at: str | None = None
    finished_at: str | None = None
    seconds: float | None = None
    """From the service's acceptance to the end, when one process saw both; feeds the estimates."""
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, content: bytes) -> Entry:
        """Read an entry; unknown fields of a later minor version are left out.

        Raises:
            ValueError: not an entry, or one of a version this code does not know.
        """
        try:
            document = json.loads(content)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError("not an entry of this version")
        known = {one.name for one in fields(cls)}
        try:
            entry = cls(**{name: value for name, value in document.items() if name in known})
        except TypeError as error:
            raise ValueError("an entry without its identity") from error
        typed = all(_fits(getattr(entry, one.name), str(one.type)) for one in fields(cls))
        if not typed or not _is_cost(entry.cost) or moment(entry.created_at or LONG_AGO).tzinfo is None:
            raise ValueError("an entry that cannot be judged")
        return entry

    def to_json(self) -> bytes:
        """Return the file's content; the fingerprint comes first, so that even a cut file tells its request."""
        document = dict(vars(self))
        document["error"] = redact_within(self.error)  # what a service says may quote the key
        document["cost"] = self.cost if _is_cost(self.cost) else None  # or nobody could read the entry again
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


_KINDS: dict[str, tuple[type, ...]] = {
    "None": (type(None),), "str": (str,), "int": (int,), "float": (int, float), "dict": (dict,), "list": (list,),
}  # fmt: skip


def _fits(value: object, annotation: str) -> bool:
    """Tell whether a field's value is of the type that its annotation names, as far as JSON knows types."""
    if annotation in ("State", "Charged"):
        return isinstance(value, str) and value in get_args(State if annotation == "State" else Charged)
    return isinstance(value, _kinds(annotation)) and not isinstance(value, bool)


@functools.cache
def _kinds(annotation: str) -> tuple[type, ...]:
    return tuple(kind for one in annotation.split(" | ") for kind in _KINDS[one.partition("[")[0]])


def _is_cost(cost: Mapping[str, Any] | None) -> bool:
    """Tell whether a cost is none, or a number of some unit from some source."""
    if cost is None:
        return True
    amount, *words = (cost.get(name) for name in ("amount", "unit", "source"))
    number = isinstance(amount, int | float) and abs(amount) < LARGEST_AMOUNT
    return number and not isinstance(amount, bool) and all(isinstance(one, str) for one in words)


class OpenTask:
    """An entry together with its lock: whoever holds it may work on the task and write the entry."""

    def __init__(self, entry: Entry, folder: Path, lock: Lock, now: Callable[[], datetime]) -> None:
        self.entry = entry
        self.path = folder / f"{entry.local_id}.json"
        self._lock = lock
        self._now = now

    def save(self, **changes: Any) -> None:
        """Set fields of the entry and make them durable before returning.

        Raises:
            DiskError: `journal_failed`; the file still holds the former state.
        """
        for name, value in changes.items():
            setattr(self.entry, name, value)
        try:
            with interrupts.held(firmly=True):
                write_atomically(self.path, self.entry.to_json(), temporary=self.path.with_suffix(".tmp"))
        except OSError as error:
            raise DiskError("journal_failed", path=self.path, reason=error.strerror, remedy="resume") from error

    def about_to_spend(self) -> None:
        """Record, before a paid request is sent, that one may have been charged from now on.

        Raises:
            DiskError, Interrupted: the request must not be sent, and the entry is again what it was.
        """
        entry = self.entry
        before = {name: getattr(entry, name) for name in ("state", "charged", "attempts", "possible_charges")}
        try:
            self.save(
                state="submitting",
                charged="unknown",
                attempts=entry.attempts + 1,
                possible_charges=entry.possible_charges + 1,
            )
        except interrupts.Interrupted:
            self.save(**before)
            raise
        except DiskError as error:
            vars(entry).update(before)
            error.remedy = "again"
            raise

    def not_spent(self, state: State, **changes: Any) -> None:
        """Record that the last paid request provably was not accepted.

        While an earlier one may have been charged, an end that proves the opposite cannot stand: `unknown` then.
        """
        remaining = self.entry.possible_charges - 1
        charged = "unknown" if remaining else "no"
        if remaining and state in FINISHED:
            state = "unknown"
        self.save(state=state, possible_charges=remaining, charged=charged, **changes)

    def submitted(self, task_id: str, *, charged: Charged, cost: Mapping[str, Any] | None) -> None:
        """Record the id that the service gave out."""
        cost = dict(cost) if cost else None
        self.save(state="submitted", task_id=task_id, charged=charged, cost=cost, submitted_at=stamp(self._now()))

    def finish(self, state: State, **changes: Any) -> None:
        """Record the end of the task."""
        self.save(state=state, finished_at=stamp(self._now()), **changes)

    def release(self) -> None:
        """Let go of the task; the entry stays as it was last saved."""
        self._lock.release()


def stamp(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond, ending in Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
