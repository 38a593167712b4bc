"""The use case: look up the journal, spend once, wait, save the pictures, tell the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kexiang.client import CREATE_SECONDS
from kexiang.polling import MOST_UNKNOWN, wait
from shared.errors import ReadError, TaskFailed, UnusableResult
from shared.files import disk_errors, write_atomically
from shared.http.urls import without_query
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
    request: ImageRequest, draft: Entry, *, client: Client, journal: Journal, errand: TaskContext
) -> None:
    """Make the picture of a request, paying for it at most once; the run's result tells what came of it.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    run = errand.context
    with journal.claim(draft, errand.lock_wait, new=errand.new) as claim, errand.reporting(claim):
        if claim.action == "create":
            run.reporter.info("create_summary", **errand.summary, cost=likely_cost(journal, draft, run.catalog))
            run.confirm_spend()
            submit_once(
                claim.task,
                lambda: client.create(request, CREATE_SECONDS),
                sleep=errand.deadline.sleep,
                left=lambda: errand.deadline.remaining,
                on_accepted=lambda created: _announce(created, claim.task.entry, run),
            )
            _estimate(claim.task.entry, journal, run)
        elif claim.action == "attach":
            _say_resumed(claim, errand)
        _finish(claim, client, journal, errand)


def resume(identifier: str, imported: Entry, *, client: Client, journal: Journal, errand: TaskContext) -> None:
    """Go on with a task by its local or service id; sends nothing that costs.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    with journal.resume(identifier, imported, errand.lock_wait) as claim, errand.reporting(claim):
        _say_resumed(claim, errand)
        _finish(claim, client, journal, errand)


def _say_resumed(claim: TaskLease, errand: TaskContext) -> None:
    entry = claim.task.entry
    errand.context.reporter.always("resumed", local_id=entry.local_id, task_id=entry.task_id)


def _announce(created: Created, entry: Entry, run: CommandContext) -> None:
    """Put both ids on stderr, whatever happens next."""
    run.result.task_id = created.task_id
    run.reporter.always("task_accepted", local_id=entry.local_id, task_id=created.task_id)


def _estimate(entry: Entry, journal: Journal, run: CommandContext) -> None:
    """Say how long earlier tasks of this kind took."""
    expected = durations(journal, entry)
    if expected:
        run.reporter.info("expected_line", least=f"{min(expected):.0f}", most=f"{max(expected):.0f}")


def _finish(claim: TaskLease, client: Client, journal: Journal, errand: TaskContext) -> None:
    """From a task that the service knows to saved pictures."""
    task, result = claim.task, errand.context.result
    if claim.action == "return":
        result.reused = True
        kept = reuse_saved_images(task.entry.images, errand.output_dir)
        if kept:
            result.images = kept
            result.extra["image_urls"] = [row["url"] for row in kept]
        else:
            _save(task, _fresh_links(task, client, errand), client, errand)
        _raise_if_partly_done(task.entry, errand)
        return
    if errand.no_wait:
        result.next_argv = errand.context.resume()
        return
    ended = wait(claim, client, journal, errand)
    if ended.state == "succeeded" and not ended.links:
        raise UnusableResult(
            "answer_kept", task_id=task.entry.task_id, path=_keep_answer(task.entry, ended, errand)
        )
    if ended.links:
        _save(task, ended, client, errand)
    if ended.state == "succeeded":
        task.finish("succeeded")
        return
    charged: Charged = "yes" if result.images else "unknown"
    task.finish("failed", charged=charged, error={"code": "task_failed", "reason": ended.reason})
    _raise_if_partly_done(task.entry, errand)
    raise TaskFailed("task_failed", reason=ended.reason or MessageRef("no_words"))


def _raise_if_partly_done(entry: Entry, errand: TaskContext) -> None:
    """Tell of a task that failed beside some images: their files are listed in the result, every time.

    Raises:
        UnusableResult: `partly_done`.
    """
    if entry.state == "failed" and entry.images:
        reason = (entry.error or {}).get("reason") or MessageRef("no_words")
        raise UnusableResult("partly_done", reason=reason, saved=len(errand.context.result.images), remedy="new")


def _fresh_links(task: LockedTask, client: Client, errand: TaskContext) -> Task:
    """Ask a finished task for its links again.

    Raises:
        UnusableResult: `pictures_gone`; the service does not give them any more.
    """
    task_id = str(task.entry.task_id)
    try:
        ended = retry_read(lambda seconds: client.query(task_id, seconds), errand.deadline, tries=MOST_UNKNOWN)
    except ReadError as failure:
        if failure.code == "task_unknown_at_service":
            raise UnusableResult("pictures_gone", task_id=task_id, remedy="new") from failure
        raise
    if not ended.links:
        result = errand.context.result
        result.images = [
            row for image in task.entry.images for row in reuse_saved_images([image], errand.output_dir) or []
        ]
        raise UnusableResult("pictures_gone", task_id=task_id, remedy="new")
    return ended


def _keep_answer(entry: Entry, ended: Task, errand: TaskContext) -> Path:
    """Write what the service says about a finished task without links to a file, without keys; return its path.

    Raises:
        DiskError: `disk_failed`.
    """
    path = errand.output_dir / f"{entry.local_id}-answer.json"
    text = redact_keys(json.dumps(ended.document, ensure_ascii=False, indent=1))
    with disk_errors(path):
        write_atomically(path, text.encode(errors="replace") + b"\n")
    return path


def _save(task: LockedTask, ended: Task, client: Client, errand: TaskContext) -> None:
    """Save every picture that can be had; the entry and the result list them even when one cannot.

    Raises:
        UnusableResult, RateLimitError: the first picture that could not be saved.
    """
    result = errand.context.result
    result.extra["image_urls"] = list(ended.links)
    target = errand.output_dir / task.entry.local_id
    result.images, failure = save_images(
        client.downloads, ended.links, target, errand.deadline, errand.context.reporter.always
    )
    task.save(images=[{**row, "url": without_query(row["url"])} for row in result.images])
    if failure:
        raise failure
