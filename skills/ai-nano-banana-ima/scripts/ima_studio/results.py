"""Wait for a created task, save its images and record its end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ima_studio.polling import expected_range, pictures_of, wait
from ima_studio.user_messages import identify, tell_success
from shared.errors import SkillError, TaskFailed, UnusableResult
from shared.http.urls import without_query
from shared.i18n.catalog import duration
from shared.images.download import MAX_IMAGES, reuse_saved_images, save_images
from shared.polling import retry_read

if TYPE_CHECKING:
    from ima_studio.client import Client
    from ima_studio.task_status import Media, Task
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import Journal, TaskLease
    from shared.journal.entry import Charged, Entry
    from shared.journal.submit import LockedTask
    from shared.output.result import Result

FRESH_TRIES = 3


def finish(claim: TaskLease, client: Client, journal: Journal, task_context: TaskContext) -> None:
    """Wait for a created task, and save its images.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    task, context = claim.task, task_context.context
    identify(context, task.entry)
    expected = expected_range(task.entry, journal)
    if claim.action == "return":
        context.result.reused = True
        kept = reuse_saved_images(task.entry.images, task_context.output_dir)
        if kept:
            _tell_kept(kept, task, client, task_context)
        else:
            _save(task, _fresh(task, client, task_context), client, task_context)
        _raise_if_partly_done(task.entry, context.result, context.catalog.format("no_words"))
        tell_success(context, task.entry, expected)
        return
    if task_context.no_wait:
        context.result.next_command = context.resume()
        return
    if expected:
        context.reporter.always("expected_seconds", duration=duration(*expected))
    ended = wait(claim, client, journal, task_context)
    _save(task, ended, client, task_context)
    _settle(task, ended, context)
    tell_success(context, task.entry, expected)


def _settle(task: LockedTask, ended: Task, context: CommandContext) -> None:
    """Record the end of a task, after its images (if any) were saved.

    Raises:
        TaskFailed: it has no images.
        UnusableResult: some are missing; those without a link can be queried again.
    """
    saved, count = len(context.result.images), max(pictures_of(task.entry), min(len(ended.medias), MAX_IMAGES))
    if ended.state == "failed":
        reason = ended.reason or context.catalog.format("no_words")
        charged: Charged = "yes" if saved else "unknown"
        task.finish("failed", charged=charged, error={"code": "task_failed", "reason": reason})
        _raise_if_partly_done(task.entry, context.result, reason)
        raise TaskFailed("task_failed", reason=reason)
    if not saved:
        raise UnusableResult("result_without_pictures", task_id=task.entry.task_id)
    if saved < count:
        raise UnusableResult("pictures_missing", saved=saved, count=count)
    task.finish("succeeded")


def _raise_if_partly_done(entry: Entry, result: Result, no_words: str) -> None:
    """Raise for a failed task with some images: `result` lists their files every time.

    Raises:
        UnusableResult: `partly_done`.
    """
    if entry.state == "failed" and entry.images:
        reason = (entry.error or {}).get("reason") or no_words
        raise UnusableResult("partly_done", reason=reason, saved=len(result.images), remedy="new")


def _tell_kept(kept: list[dict[str, Any]], task: LockedTask, client: Client, task_context: TaskContext) -> None:
    """Put the images that are still on disk into the result, with fresh links if the service returns them.

    The journal holds links without their signatures; querying whole ones is free and optional.
    """
    links = [row["url"] for row in kept]
    cover = links[0]
    with contextlib.suppress(SkillError):
        ready = client.detail(str(task.entry.task_id), task_context.deadline.remaining).ready
        if len(ready) == len(kept):
            links, cover = [media.link for media in ready], ready[0].cover or ready[0].link
    result = task_context.context.result
    result.images = [{**row, "url": link} for row, link in zip(kept, links, strict=True)]
    result.extra |= {"url": links[0], "cover_url": cover}


def _fresh(task: LockedTask, client: Client, task_context: TaskContext) -> Task:
    """Query the links of a finished task again.

    Raises:
        UnusableResult: `pictures_gone`; the service no longer returns them.
    """
    task_id = str(task.entry.task_id)
    current = retry_read(lambda seconds: client.detail(task_id, seconds), task_context.deadline, tries=FRESH_TRIES)
    if not current.ready:
        result = task_context.context.result
        result.images = [
            row
            for image in task.entry.images
            for row in reuse_saved_images([image], task_context.output_dir) or []
        ]
        raise UnusableResult("pictures_gone", task_id=task_id, remedy="new")
    return current


def _save(task: LockedTask, ended: Task, client: Client, task_context: TaskContext) -> None:
    """Save every image that can be downloaded; the entry and the result list them even if one fails.

    Raises:
        UnusableResult: the first image that could not be saved.
    """
    ready: tuple[Media, ...] = ended.ready
    if not ready:
        return
    result = task_context.context.result
    result.extra |= {"url": ready[0].link, "cover_url": ready[0].cover or ready[0].link}
    target = task_context.output_dir / task.entry.local_id
    links = [media.link for media in ready]
    result.images, failure = save_images(
        client.downloads, links, target, task_context.deadline, task_context.context.reporter.always
    )
    task.save(images=[{**row, "url": without_query(row["url"])} for row in result.images])
    if failure:
        raise failure
