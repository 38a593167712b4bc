"""Create a task: look up the journal, spend once, wait, save the images, report the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kexiang.client import CREATE_SECONDS
from kexiang.polling import MAX_UNKNOWN, wait
from shared.errors import ReadError, TaskFailed, UnusableResult
from shared.files import disk_errors, write_atomically
from shared.http.urls import without_query
from shared.i18n.catalog import duration
from shared.i18n.messages import MessageRef
from shared.images.download import reuse_saved_images, save_images
from shared.journal.entry import Entry, fingerprint, prompt_record
from shared.journal.history import durations, likely_cost
from shared.paid_request import submit_once
from shared.polling import retry_read
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from pathlib import Path

    from kexiang.client import Client
    from kexiang.request import ImageRequest
    from kexiang.wire import Created, Task
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import Journal, TaskLease
    from shared.journal.entry import Charged
    from shared.journal.submit import LockedTask


def new_entry(request: ImageRequest, *, base_url: str, account: str, variant: str, folder: Path) -> Entry:
    """Return the journal's description of a request, without its prompt and key."""
    parameters: dict[str, Any] = {"size": request.size}
    return Entry(
        fingerprint=fingerprint(
            skill="image2",
            base_url=base_url,
            account=account,
            mode=request.mode,
            model=request.model,
            prompt=request.prompt,
            parameters=parameters,
            references=request.urls,
            variant=variant,
        ),
        skill="image2",
        provider="kexiang",
        mode=request.mode,
        model=request.model,
        base_url=base_url,
        account=account,
        variant=variant,
        prompt=prompt_record(request.prompt),
        requested=parameters,
        applied=parameters,
        output_dir=str(folder),
    )


def generate(
    request: ImageRequest, draft: Entry, *, client: Client, journal: Journal, task_context: TaskContext
) -> None:
    """Create the image of a request, paying at most once; the outcome is in the context's result.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    context = task_context.context
    with (
        journal.claim(draft, task_context.lock_wait, new=task_context.new) as claim,
        task_context.reporting(claim),
    ):
        if claim.action == "create":
            context.reporter.info(
                "create_summary", **task_context.summary, cost=likely_cost(journal, draft, context.catalog)
            )
            context.confirm_spend()
            submit_once(
                claim.task,
                lambda: client.create(request, CREATE_SECONDS),
                sleep=task_context.deadline.sleep,
                left=lambda: task_context.deadline.remaining,
                on_accepted=lambda created: _announce(created, claim.task.entry, context),
            )
            _estimate(claim.task.entry, journal, context)
        elif claim.action == "attach":
            _say_resumed(claim, task_context)
        _finish(claim, client, journal, task_context)


def resume(
    identifier: str, imported: Entry, *, client: Client, journal: Journal, task_context: TaskContext
) -> None:
    """Resume a task by its local or service id; send nothing that costs.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    with journal.resume(identifier, imported, task_context.lock_wait) as claim, task_context.reporting(claim):
        _say_resumed(claim, task_context)
        _finish(claim, client, journal, task_context)


def _say_resumed(claim: TaskLease, task_context: TaskContext) -> None:
    entry = claim.task.entry
    task_context.context.reporter.always("resumed", local_id=entry.local_id, task_id=entry.task_id)


def _announce(created: Created, entry: Entry, context: CommandContext) -> None:
    """Print both ids on stderr, whatever happens next."""
    context.result.task_id = created.task_id
    context.reporter.always("task_accepted", local_id=entry.local_id, task_id=created.task_id)


def _estimate(entry: Entry, journal: Journal, context: CommandContext) -> None:
    """Report how long earlier tasks of this kind took."""
    expected = durations(journal, entry)
    if expected:
        context.reporter.info("expected_line", duration=duration(min(expected), max(expected)))


def _finish(claim: TaskLease, client: Client, journal: Journal, task_context: TaskContext) -> None:
    """Wait for a task that the service knows, and save its images."""
    task, result = claim.task, task_context.context.result
    if claim.action == "return":
        result.reused = True
        kept = reuse_saved_images(task.entry.images, task_context.output_dir)
        if kept:
            result.images = kept
            result.extra["image_urls"] = [row["url"] for row in kept]
        else:
            _save(task, _fresh_links(task, client, task_context), client, task_context)
        _raise_if_partly_done(task.entry, task_context)
        return
    if task_context.no_wait:
        result.next_command = task_context.context.resume()
        return
    ended = wait(claim, client, journal, task_context)
    if ended.state == "succeeded" and not ended.links:
        raise UnusableResult(
            "answer_kept", task_id=task.entry.task_id, path=_keep_answer(task.entry, ended, task_context)
        )
    if ended.links:
        _save(task, ended, client, task_context)
    if ended.state == "succeeded":
        task.finish("succeeded")
        return
    charged: Charged = "yes" if result.images else "unknown"
    task.finish("failed", charged=charged, error={"code": "task_failed", "reason": ended.reason})
    _raise_if_partly_done(task.entry, task_context)
    raise TaskFailed("task_failed", reason=ended.reason or MessageRef("no_words"))


def _raise_if_partly_done(entry: Entry, task_context: TaskContext) -> None:
    """Report a task that failed beside some images; the result lists their files every time.

    Raises:
        UnusableResult: `partly_done`.
    """
    if entry.state == "failed" and entry.images:
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        raise UnusableResult(
            "partly_done", reason=reason, saved=len(task_context.context.result.images), remedy="new"
        )


def _fresh_links(task: LockedTask, client: Client, task_context: TaskContext) -> Task:
    """Query the links of a finished task again.

    Raises:
        UnusableResult: `pictures_gone`; the service no longer returns them.
    """
    task_id = str(task.entry.task_id)
    try:
        ended = retry_read(
            lambda seconds: client.query(task_id, seconds), task_context.deadline, tries=MAX_UNKNOWN
        )
    except ReadError as failure:
        if failure.code == "task_unknown_at_service":
            raise UnusableResult("pictures_gone", task_id=task_id, remedy="new") from failure
        raise
    if not ended.links:
        result = task_context.context.result
        result.images = [
            row
            for image in task.entry.images
            for row in reuse_saved_images([image], task_context.output_dir) or []
        ]
        raise UnusableResult("pictures_gone", task_id=task_id, remedy="new")
    return ended


def _keep_answer(entry: Entry, ended: Task, task_context: TaskContext) -> Path:
    """Write the service's answer about a finished task without links to a file, without keys; return its path.

    Raises:
        DiskError: `disk_failed`.
    """
    path = task_context.output_dir / f"{entry.local_id}-answer.json"
    text = redact_keys(json.dumps(ended.document, ensure_ascii=False, indent=1))
    with disk_errors(path):
        write_atomically(path, text.encode(errors="replace") + b"\n")
    return path


def _save(task: LockedTask, ended: Task, client: Client, task_context: TaskContext) -> None:
    """Save every available image; the entry and the result list them even if one is missing.

    Raises:
        UnusableResult, RateLimitError: the first image that could not be saved.
    """
    result = task_context.context.result
    result.extra["image_urls"] = list(ended.links)
    target = task_context.output_dir / task.entry.local_id
    result.images, failure = save_images(
        client.downloads, ended.links, target, task_context.deadline, task_context.context.reporter.always
    )
    task.save(images=[{**row, "url": without_query(row["url"])} for row in result.images])
    if failure:
        raise failure
