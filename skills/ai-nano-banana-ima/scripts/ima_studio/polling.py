"""Looking at a task until it ended, with the patiences that IMA needs."""

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
CAUTIOUS_INTERVAL = 5.0  # once the service is in trouble, and the longest one between looks that may tell an end
USUAL_SECONDS = {FLASH: (20.0, 40.0), PRO: (60.0, 120.0)}  # as published for each model
ENOUGH_HISTORY = 5  # past tasks, below which the published times count too
TELL_EVERY = {FLASH: 15.0, PRO: 30.0}  # seconds between two lines for the user
LINKS_GRACE = 60.0  # seconds in which a finished task may still be without all links
MOST_REFUSED = 3  # looks in a row that the service answers with the same refusal


def expected_range(entry: Entry, journal: Journal) -> tuple[float, float] | None:
    """Return how long such a task takes at least and at most, in seconds; few past tasks do not tell alone."""
    known = durations(journal, entry)
    if len(known) < ENOUGH_HISTORY:
        known += USUAL_SECONDS.get(entry.model, ())
    return (min(known), max(known)) if known else None


def wait(claim: TaskLease, client: Client, journal: Journal, errand: TaskContext) -> Task:
    """Look at the task until it ended.

    Raises:
        StillRunning: not within the limits.
        InvalidRequest, AuthenticationError, RateLimitError: the service does not tell about the task.
    """
    entry, limits = claim.task.entry, errand.deadline
    expected = expected_range(entry, journal)
    cautious = 0.0 if errand.interval else CAUTIOUS_INTERVAL
    if claim.action == "create":
        earliest, latest = expected if expected and not errand.interval else (0.0, 0.0)
        schedule = PollSchedule(errand.interval or POLITE_INTERVAL, earliest, cautious=cautious, latest=latest)
    else:
        schedule = PollSchedule(errand.interval or POLITE_INTERVAL, immediate=True, cautious=cautious)
    rhythm = ReminderInterval(TELL_EVERY.get(entry.model, 30.0), expected[1]) if expected else None
    started = limits.clock()
    ended = wait_for_task(
        Looks(client, str(entry.task_id), pictures_of(entry), limits).look,
        schedule=schedule,
        limits=limits,
        on_update=PollReporter(errand.context, durations(journal, entry), rhythm=rhythm).update,
    )
    if claim.action == "create":
        entry.seconds = round(limits.clock() - started, 1)
    return ended


def pictures_of(entry: Entry) -> int:
    """Return how many pictures the task was created for; of an adopted one, nobody knows more than 1."""
    count = entry.applied.get("n", 1)
    return count if isinstance(count, int) else 1


class Looks:
    """Looks at one task of `count` pictures."""

    def __init__(self, client: Client, task_id: str, count: int, limits: Deadline) -> None:
        self._client = client
        self._task_id = task_id
        self._count = count
        self._clock = limits.clock
        self._refused: list[str] = []
        self._done_since: float | None = None

    def look(self, seconds: float) -> Task:
        """Look once; a task that is done but for links or for a picture not listed runs a minute more."""
        try:
            seen = self._client.detail(self._task_id, seconds)
        except ReadError as failure:
            self._give_up_on(failure)
            raise
        except SkillError as error:
            error.remedy = "resume"
            raise
        self._refused.clear()
        if not (seen.only_links_missing or (seen.ended and len(seen.medias) < self._count)):
            self._done_since = None
            return seen
        self._done_since = self._clock() if self._done_since is None else self._done_since
        if self._clock() - self._done_since <= LINKS_GRACE:
            return replace(seen, state="running")
        failed = any(media.state == "failed" for media in seen.medias)
        return replace(seen, state="failed" if failed else "succeeded")

    def _give_up_on(self, failure: ReadError) -> None:
        """End the wait when the service keeps refusing to tell, such as about an id that it never gave out."""
        is_page = failure.code == "firewall_page"
        reason = "page" if is_page else failure.provider_code
        reason = None if is_overloaded(failure) else reason
        if reason not in self._refused:
            self._refused.clear()
        self._refused += [reason] if reason else []
        if len(self._refused) >= MOST_REFUSED:
            raise InvalidRequest(
                "firewall_page" if is_page else "look_refused",
                remedy="resume",
                http_status=failure.http_status,
                provider_code=failure.provider_code,
                request_id=failure.request_id,
                task_id=self._task_id,
                **failure.facts,
            ) from failure
