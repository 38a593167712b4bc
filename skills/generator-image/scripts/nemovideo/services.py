"""The services that every command uses, and the context of one task."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from shared.provider import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nemovideo.api.connection import Connection
    from nemovideo.sessions import Sessions
    from shared.cli.context import CommandContext
    from shared.journal.claim import Journal, TaskLease


@dataclass(frozen=True)
class Services:
    """The connection to the service and the local session store; `language` is the one of a new session."""

    connection: Connection
    journal: Journal
    sessions: Sessions
    language: str


@dataclass(frozen=True)
class TaskContext(Context):
    """What the steps of a message or an export share; they note its outcome in their command's context."""

    @property
    def context(self) -> CommandContext:
        """The context of the command."""
        return cast("CommandContext", self.ui)

    @contextlib.contextmanager
    def reporting(self, claim: TaskLease) -> Iterator[None]:
        """Copy the journal's entry into the outcome when the block ends, with or without an error."""
        entry = claim.task.entry
        if claim.action == "create":
            entry.extra = {**entry.extra, **self.context.command_record()}
        try:
            self.context.result = self.context.result.with_entry(claim.task.entry, claim.task.path)
            yield
        finally:
            self.context.result = self.context.result.with_entry(claim.task.entry, claim.task.path)
