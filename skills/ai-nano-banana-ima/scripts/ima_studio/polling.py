"""Poll a task until it ended; tolerate late links and passing refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ima_studio.request import FLASH, PRO
from shared.cli.poll_reporter import PollReporter, ReminderInterval
from shared.errors import InvalidRequest, ReadError, SkillError
from shared.journal.history import durations
from shared.polling import PollSchedule, is_overloaded, wait_for_task

if TYPE_CHECKING:
    from ima_studio.client import Client
    from ima_studio.task_status import Task
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import Journal, TaskLease
    from shared.journal.entry import Entry
    from shared.polling import Deadline

POLITE_INTERVAL = 2.0  # seconds; the vendor's documents say 2 to 5
CAUTIOUS_INTERVAL = 5.0  # once the service is overloaded, and the longest one between polls that may find the end
USUAL_SECONDS = {FLASH: (20.0, 40.0), PRO: (60.0, 120.0)}  # as published for each model
ENOUGH_HISTORY = 5  # past tasks, below which the published times count too
TELL_EVERY = {FLASH: 15.0, PRO: 30.0}  # seconds between two lines for the user
LINKS_GRACE = 60.0  # seconds in which a finished task may still be without all links
MAX_REFUSED = 3  # polls in a row that the service answers with the same refusal


def expected_range(entry: Entry, journal: Journal) -> tuple[float, float] | None:
    """Return the shortest and longest known duration in seconds; with little history, also IMA's range."""
    known = durations(journal, entry)
    if len(known) < ENOUGH_HISTORY:
        known += USUAL_SECONDS.get(entry.model, ())
    return (min(known), max(known)) if known else None


def wait(claim: TaskLease, client: Client, journal: Journal, task_context: TaskContext) -> Task:
    """Poll the task until it has ended.

    Raises:
        StillRunning: not within the limits.
        InvalidRequest, AuthenticationError, RateLimitError: the service refuses to answer about the task.
    """
    entry, deadline = claim.task.entry, task_context.deadline
    expected = expected_range(entry, journal)
    cautious = 0.0 if task_context.interval else CAUTIOUS_INTERVAL
    if claim.action == "create":
        earliest, latest = expected if expected and not task_context.interval else (0.0, 0.0)
        schedule = PollSchedule(
            task_context.interval or POLITE_INTERVAL, earliest, cautious=cautious, latest=latest
        )
    else:
        schedule = PollSchedule(task_context.interval or POLITE_INTERVAL, immediate=True, cautious=cautious)
    rhythm = ReminderInterval(TELL_EVERY.get(entry.model, 30.0), expected[1]) if expected else None
    started = deadline.clock()
    ended = wait_for_task(
        Poller(client, str(entry.task_id), pictures_of(entry), deadline).poll,
        schedule=schedule,
        deadline=deadline,
        on_update=PollReporter(task_context.context, durations(journal, entry), rhythm=rhythm).update,
    )
    if claim.action == "create":
        entry.seconds = round(deadline.clock() - started, 1)
    return ended


def pictures_of(entry: Entry) -> int:
    """Return how many images the task was created for; 1 for an imported task, whose number is unknown."""
    count = entry.applied.get("n", 1)
    return count if isinstance(count, int) else 1


class Poller:
    """Polls one task of `count` images."""

    def __init__(self, client: Client, task_id: str, count: int, deadline: Deadline) -> None:
        self._client = client
        self._task_id = task_id
        self._count = count
        self._clock = deadline.clock
        self._refused: list[str] = []
        self._done_since: float | None = None

    def poll(self, seconds: float) -> Task:
        """Poll once; a task that only lacks links or an unlisted image counts as running for another minute."""
        try:
            task = self._client.detail(self._task_id, seconds)
        except ReadError as failure:
            self._give_up_on(failure)
            raise
        except SkillError as error:
            error.remedy = "resume"
            raise
        self._refused.clear()
        if not (task.only_links_missing or (task.ended and len(task.medias) < self._count)):
            self._done_since = None
            return task
        self._done_since = self._clock() if self._done_since is None else self._done_since
        if self._clock() - self._done_since <= LINKS_GRACE:
            return replace(task, state="running")
        failed = any(media.state == "failed" for media in task.medias)
        return replace(task, state="failed" if failed else "succeeded")

    def _give_up_on(self, failure: ReadError) -> None:
        """Raise if the service keeps refusing to answer, such as about an id that it never issued."""
        is_page = failure.code == "firewall_page"
        reason = "page" if is_page else failure.provider_code
        reason = None if is_overloaded(failure) else reason
        if reason not in self._refused:
            self._refused.clear()
        self._refused += [reason] if reason else []
        if len(self._refused) >= MAX_REFUSED:
            raise InvalidRequest(
                "firewall_page" if is_page else "look_refused",
                remedy="resume",
                http_status=failure.http_status,
                provider_code=failure.provider_code,
                request_id=failure.request_id,
                task_id=self._task_id,
                **failure.facts,
            ) from failure
