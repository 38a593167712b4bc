"""The journals of all image skills of this machine, as the commands of tasks.py read them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from shared.errors import BadInput, DiskError
from shared.i18n.catalog import short_repr
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shared.cli.context import CommandContext

AGE = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
Answer = TypeVar("Answer")


def journals() -> list[JournalReader]:
    """Return the journals of every image skill that has one, in all state folders in force; they are only read."""
    states = state_folders()
    names = {path.parent.name for state in states for path in (state / "image-skills").glob("*/journal.db")}
    return [JournalReader(name, states, access="read") for name in sorted(names)]


def from_each(
    context: CommandContext, readers: Iterable[JournalReader], read: Callable[[JournalReader], Answer]
) -> Iterator[Answer]:
    """Yield what each journal answers; one of another skill that cannot be read is named and passed over."""
    for journal in readers:
        try:
            yield read(journal)
        except DiskError as error:
            if journal.skill == context.skill.slug:
                raise
            context.reporter.always(error.code, **error.facts)


def age(flag: str, text: str) -> timedelta:
    """Return a span of time such as 30m, 24h or 7d.

    Raises:
        BadInput: `age_invalid`.
    """
    match = AGE.fullmatch(text)
    if not match:
        raise BadInput("age_invalid", flag=flag, got=short_repr(text))
    return timedelta(**{UNITS[match.group(2)]: int(match.group(1))})
