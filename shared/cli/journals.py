"""The journals of all image skills of this machine, as the commands of tasks.py read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from shared.errors import DiskError
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shared.cli.context import CommandContext

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
