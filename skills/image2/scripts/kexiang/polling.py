"""Poll a task until it has ended; tolerate late links and passing refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.cli.poll_reporter import PollReporter
from shared.errors import InvalidRequest, ReadError
from shared.journal.history import durations
from shared.polling import PollSchedule, is_overloaded, wait_for_task

if TYPE_CHECKING:
    from kexiang.client import Client
    from kexiang.wire import Task
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import Journal, TaskLease
    from shared.polling import Deadline

POLITE_INTERVAL = 5.0  # seconds; the service recommends 5 to 10
LINKS_GRACE = 60.0  # seconds in which a finished task may still be without links
MAX_UNKNOWN = 3  # polls in a row at which the service does not know the id, or a web firewall answers
GIVEN_UP_ON = ("task_unknown_at_service", "firewall_page")


def wait(claim: TaskLease, client: Client, journal: Journal, task_context: TaskContext) -> Task:
    """Poll until the task has ended.

    Raises:
        StillRunning: not within the limits.
        AuthenticationError, InvalidRequest, RateLimitError: the service refuses to answer about the task.
    """
    entry, deadline = claim.task.entry, task_context.deadline
    expected = durations(journal, entry)
    interval = task_context.interval or POLITE_INTERVAL
    if claim.action == "create":
        schedule = PollSchedule(interval, 0.0 if task_context.interval else min(expected, default=0.0))
    else:
        schedule = PollSchedule(interval, immediate=True)
    started = deadline.clock()
    ended = wait_for_task(
        Poller(client, str(entry.task_id), deadline).poll,
        schedule=schedule,
        deadline=deadline,
        on_update=PollReporter(task_context.context, expected).update,
    )
    if claim.action == "create":
        entry.seconds = round(deadline.clock() - started, 1)
    return ended


class Poller:
    """Polls one task; tolerates late links, and a task that is not known yet."""

    def __init__(self, client: Client, task_id: str, deadline: Deadline) -> None:
        self._client = client
        self._task_id = task_id
        self._clock = deadline.clock
        self._unknown = 0
        self._done_since: float | None = None

    def poll(self, seconds: float) -> Task:
        """Query once; a finished task whose output is still empty counts as running for a minute."""
        try:
            task = self._client.query(self._task_id, seconds)
        except ReadError as failure:
            is_final = failure.code in GIVEN_UP_ON and not is_overloaded(failure)
            self._unknown = self._unknown + 1 if is_final else 0
            if self._unknown >= MAX_UNKNOWN:
                raise InvalidRequest(
                    failure.code,
                    remedy="resume",
                    http_status=failure.http_status,
                    status=failure.http_status,
                    task_id=self._task_id,
                ) from failure
            raise
        self._unknown = 0
        if task.state != "succeeded" or task.links or task.output:
            return task
        self._done_since = self._clock() if self._done_since is None else self._done_since
        if self._clock() - self._done_since > LINKS_GRACE:
            return task
        return replace(task, state="running")
