"""One entry of the journal: what is kept of a paid task, and which requests are the same."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from shared.security.keys import redact_keys
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONG_AGO = "2000-01-01T00:00:00+00:00"
MAX_AMOUNT = 1e15
PROMPT_START = 40  # characters of a prompt that an entry shows

LOCAL_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")

State = Literal["prepared", "submitting", "submitted", "succeeded", "failed", "refused", "unreachable", "unknown"]
Charged = Literal["yes", "no", "unknown"]
UNFINISHED: frozenset[State] = frozenset(("prepared", "submitting", "submitted"))
FINISHED: frozenset[State] = frozenset(("succeeded", "failed", "refused", "unreachable"))
"""In addition there is `unknown`, which only the user can end."""


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
    """Return the hex SHA-256 that identifies equal requests.

    `parameters` are those the user sees, after defaults; `references` in their order, a URL by its text and a
    file by the SHA-256 of its bytes. Price, output folder, language and waiting are not included.
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


def split_task_ref(identifier: str) -> tuple[str, str]:
    """Return the local id and the service's id of "<local id>/<service id>"; the first may be empty.

    Both are given together if the journal could not record the second (exit 12).
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
    """What only this skill needs to resume the task."""
    created_at: str = ""
    submitted_at: str | None = None
    finished_at: str | None = None
    seconds: float | None = None
    """From the service's acceptance to the end, when one process saw both; feeds the estimates."""

    @property
    def is_live(self) -> bool:
        """Whether the task has not ended."""
        return self.state in UNFINISHED

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Entry:
        """Return the entry that a document describes; fields of a later minor version are left out.

        Raises:
            ValueError: not an entry, or one that cannot be judged.
        """
        known = {one.name for one in fields(cls)}
        try:
            entry = cls(**{name: value for name, value in document.items() if name in known})
        except TypeError as error:
            raise ValueError("an entry without its identity") from error
        typed = all(_fits(getattr(entry, one.name), str(one.type)) for one in fields(cls))
        if not typed or not _is_cost(entry.cost) or parse_time(entry.created_at or LONG_AGO).tzinfo is None:
            raise ValueError("an entry that cannot be judged")
        if entry.local_id and not LOCAL_ID.fullmatch(entry.local_id):  # it names files
            raise ValueError("an entry with an id of another kind")
        return entry

    def to_document(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            **vars(self),
            "cost": self.cost if _is_cost(self.cost) else None,
        }  # otherwise it could not be read again


def entry_of_request(
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
    **known: Any,
) -> Entry:
    """Return the entry of a request that the journal has not seen; `known` are fields besides its identity."""
    identity: dict[str, Any] = {
        "skill": skill, "base_url": base_url, "account": account, "mode": mode, "model": model, "variant": variant,
    }  # fmt: skip
    digest = fingerprint(prompt=prompt, parameters=parameters, references=references, **identity)
    return Entry(digest, prompt=prompt_record(prompt), **identity, **known)


_KINDS: dict[str, tuple[type, ...]] = {
    "None": (type(None),), "str": (str,), "int": (int,), "float": (int, float), "dict": (dict,), "list": (list,),
}  # fmt: skip


def _fits(value: object, annotation: str) -> bool:
    """Return whether a field's value has the type of its annotation, as far as JSON has types."""
    if annotation in ("State", "Charged"):
        return isinstance(value, str) and value in get_args(State if annotation == "State" else Charged)
    return isinstance(value, _kinds(annotation)) and not isinstance(value, bool)


@functools.cache
def _kinds(annotation: str) -> tuple[type, ...]:
    return tuple(kind for one in annotation.split(" | ") for kind in _KINDS[one.partition("[")[0]])


def _is_cost(cost: Mapping[str, Any] | None) -> bool:
    """Return whether a cost is None, or a number with a unit and a source."""
    if cost is None:
        return True
    amount, *words = (cost.get(name) for name in ("amount", "unit", "source"))
    number = isinstance(amount, int | float) and abs(amount) < MAX_AMOUNT
    return number and not isinstance(amount, bool) and all(isinstance(one, str) for one in words)
