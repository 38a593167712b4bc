"""One paid task from claim to outcome, whatever the service: no error is lost, and no fact that precedes one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.disk_reason import unexpected_error
from shared.errors import SkillError
from shared.output.media import attachable
from shared.paid_request import submit_once
from shared.signals import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.journal.claim import TaskLease
    from shared.journal.submit import LockedTask
    from shared.output.outcome import Outcome
    from shared.output.poll_reporter import PollReporter
    from shared.paid_request import AcceptedTask
    from shared.provider import Context


class Job:
    """One task in hand, with the outcome so far: what was noted before an error is not lost with it."""

    def __init__(self, lease: TaskLease, context: Context, outcome: Outcome) -> None:
        self.task = lease.task
        self.action = lease.action
        self.context = context
        self.outcome = outcome
        self.watcher: PollReporter | None = None
        """Reports the wait, once there is one."""

    def note(self, **changes: Any) -> None:
        """Go on with an outcome that has these facts as well."""
        self.outcome = replace(self.outcome, **changes)

    def note_own(self, **facts: Any) -> None:
        """Note keys of the document that only this skill has."""
        self.note(extra={**self.outcome.extra, **facts})


def carry_out(
    claim: Callable[[], TaskLease], steps: Callable[[Job], None], context: Context, outcome: Outcome
) -> Outcome:
    """Claim a task, take the steps that it needs, and return how it ended; no error leaves this function."""
    try:
        lease = claim()
    except (SkillError, Interrupted) as error:
        return replace(outcome, error=error)
    if lease.action == "create":
        lease.task.entry.extra = {**lease.task.entry.extra, **context.ui.command_record()}
    job = Job(lease, context, replace(outcome, reused=lease.action == "return"))
    with lease:
        _catch(lambda: steps(job), job)
        if job.watcher and job.watcher.has_reported:
            job.note(status="running")
        job.outcome = job.outcome.with_entry(lease.task.entry, lease.task.path)
    _catch(lambda: _attach(job), job)
    return job.outcome


def submit(
    task: LockedTask, send: Callable[[], AcceptedTask], context: Context, *, last: bool = True
) -> AcceptedTask:
    """Send the paid request of a task as `submit_once` does; report both ids at once."""

    def announce(created: AcceptedTask) -> None:
        context.ui.reporter.always("task_accepted", local_id=task.entry.local_id, task_id=created.task_id)

    deadline = context.deadline
    return submit_once(
        task, send, sleep=deadline.sleep, left=lambda: deadline.remaining, on_accepted=announce, last=last
    )


def _catch(step: Callable[[], None], job: Job) -> None:
    try:
        step()
    except (SkillError, Interrupted) as error:
        job.note(error=error)
    except Exception as failure:  # noqa: BLE001  - a bug, told with the state of the task
        job.note(error=unexpected_error(failure))


def _attach(job: Job) -> None:
    """List a path of every image that OpenClaw may attach, however the task ended."""
    rows = [(row, job.outcome.local_id or "result") for row in job.outcome.images]
    for path in attachable(rows, job.context.state, job.context.ui.reporter, job.context.ui.chat_copy):
        job.note(media=[*job.outcome.media, path])
