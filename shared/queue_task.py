"""The steps of a task at a service that works as a queue: confirm, submit once, wait, save, finish."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Generic

from shared.errors import ReadError, TaskFailed, UnusableResult
from shared.http.urls import without_query
from shared.i18n.catalog import duration
from shared.i18n.messages import MessageRef
from shared.images.download import reuse_saved_images, save_images
from shared.journal.history import cost_text, durations, expected_range
from shared.output.poll_reporter import PollReporter, ReminderInterval
from shared.pipeline import carry_out
from shared.polling import PollSchedule, retry_read, wait_for_task
from shared.provider import StatusT
from shared.queue_poller import QueuePoller

if TYPE_CHECKING:
    from shared.journal.entry import Charged, Entry
    from shared.journal.submit import LockedTask
    from shared.output.outcome import Outcome
    from shared.pipeline import Job
    from shared.provider import Context, Provider

FRESH_TRIES = 3  # queries for the links of a task that was saved before


def create(draft: Entry, provider: Provider[StatusT], context: Context, outcome: Outcome) -> Outcome:
    """Make the images of a request, paying for it at most once; every end is an outcome."""
    claim = partial(context.journal.claim, draft, context.lock_wait, new=context.new)
    return carry_out(claim, lambda job: _Steps(provider, job).run(), context, outcome)


def resume(
    identifier: str, imported: Entry, provider: Provider[StatusT], context: Context, outcome: Outcome
) -> Outcome:
    """Resume a task by its local or service id; sends nothing that costs."""
    claim = partial(context.journal.resume, identifier, imported, context.lock_wait)
    return carry_out(claim, lambda job: _Steps(provider, job).run(resumed=True), context, outcome)


class _Steps(Generic[StatusT]):
    """The steps of one task; what each of them achieves is noted in the job."""

    def __init__(self, provider: Provider[StatusT], job: Job) -> None:
        self._provider = provider
        self._job = job
        self._context = job.context

    def run(self, *, resumed: bool = False) -> None:
        """Take the steps that are left of the task.

        Raises:
            SkillError: any end but success, see docs/contract.md.
        """
        job, task, context = self._job, self._job.task, self._context
        if job.action == "create":
            self._provider.prepare(task, context)
            context.ui.confirm_spend(
                task.entry, cost_text(context.journal, task.entry, context.ui.reporter.catalog)
            )
            self._provider.submit(task, context)
        elif job.action == "attach" or resumed:
            context.ui.reporter.always("resumed", local_id=task.entry.local_id, task_id=task.entry.task_id)
        usual = self._provider.polling(task.entry).usual_seconds
        job.note(expected=expected_range(context.journal, task.entry, usual))
        if job.action == "return":
            self._reuse(task)
        elif context.no_wait:
            job.note(continues=True)
        else:
            self._finish(task, self._wait(task.entry, created=job.action == "create"))

    def _wait(self, entry: Entry, *, created: bool) -> StatusT:
        """Poll until the task ended."""
        context, policy, expected = self._context, self._provider.polling(entry), self._job.outcome.expected
        deadline, reporter = context.deadline, context.ui.reporter
        if expected and policy.announced_as:
            reporter.always(policy.announced_as, duration=duration(*expected))
        earliest, latest = expected if expected and created and not context.interval else (0.0, 0.0)
        schedule = PollSchedule(
            context.interval or policy.interval,
            earliest,
            immediate=not created,
            cautious=0.0 if context.interval else policy.cautious,
            latest=latest,
        )
        rhythm = ReminderInterval(policy.remind_every, expected[1]) if expected and policy.remind_every else None
        watcher = PollReporter(reporter, durations(context.journal, entry), rhythm=rhythm)
        self._job.watcher = watcher
        query = partial(self._provider.poll, entry)
        poller = QueuePoller(query, policy, str(entry.task_id), deadline.clock)
        started = deadline.clock()
        status = wait_for_task(poller.poll, schedule=schedule, deadline=deadline, on_update=watcher.update)
        if created:
            entry.seconds = round(deadline.clock() - started, 1)
        return status

    def _finish(self, task: LockedTask, status: StatusT) -> None:
        """Save the images of a task that has ended, and record its end."""
        self._save(task, status)
        saved = len(self._job.outcome.images)
        if status.state == "failed":
            charged: Charged = "yes" if saved else "unknown"
            task.finish("failed", charged=charged, error={"code": "task_failed", "reason": status.reason})
            self._raise_if_partly_done(task.entry)
            raise TaskFailed("task_failed", reason=status.reason or MessageRef("no_words"))
        missing = self._provider.missing(status, saved, task.entry, self._context)
        if missing:
            raise missing
        task.finish("succeeded")

    def _save(self, task: LockedTask, status: StatusT) -> None:
        """Save every image that can be downloaded; the entry and the outcome list them even if one fails."""
        if not status.links:
            return
        context = self._context
        self._job.note_own(**self._provider.results(status))
        target = context.output_dir / task.entry.local_id
        rows, failure = save_images(
            self._provider.downloads, status.links, target, context.deadline, context.ui.reporter.always
        )
        self._job.note(images=rows)
        task.save(images=[{**row, "url": without_query(row["url"])} for row in rows])
        if failure:
            raise failure

    def _reuse(self, task: LockedTask) -> None:
        """Return the images that were saved before; missing or altered ones are downloaded again."""
        entry = task.entry
        rows = reuse_saved_images(entry.images, self._context.output_dir)
        if rows:
            rows, own = self._provider.reused(rows, entry, self._context.deadline.remaining)
            self._job.note(images=rows)
            self._job.note_own(**own)
        else:
            self._save(task, self._fresh(entry))
        self._raise_if_partly_done(entry)

    def _fresh(self, entry: Entry) -> StatusT:
        """Query the links of a finished task again.

        Raises:
            UnusableResult: `pictures_gone`; the service does not return them any more.
        """
        gone = UnusableResult("pictures_gone", task_id=str(entry.task_id), remedy="new")
        try:
            status = retry_read(partial(self._provider.poll, entry), self._context.deadline, tries=FRESH_TRIES)
        except ReadError as failure:
            if failure.code == "task_unknown_at_service":
                raise gone from failure
            raise
        if not status.links:
            folder = self._context.output_dir
            self._job.note(
                images=[row for image in entry.images for row in reuse_saved_images([image], folder) or []]
            )
            raise gone
        return status

    def _raise_if_partly_done(self, entry: Entry) -> None:
        """Raise for a task that failed beside some images; their files are in the outcome, every time."""
        if entry.state == "failed" and entry.images:
            reason = (entry.error or {}).get("reason") or MessageRef("no_words")
            raise UnusableResult("partly_done", reason=reason, saved=len(self._job.outcome.images), remedy="new")
