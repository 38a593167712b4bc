"""From a task that the service knows to saved pictures."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ima_studio.polling import expected_range, pictures_of, wait
from ima_studio.user_messages import identify, tell_success
from shared.errors import SkillError, TaskFailed, UnusableResult
from shared.http.urls import without_query
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


def finish(claim: TaskLease, client: Client, journal: Journal, errand: TaskContext) -> None:
    """Wait for a task that the service knows, and save its pictures.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    task, run = claim.task, errand.context
    identify(run, task.entry)
    expected = expected_range(task.entry, journal)
    if claim.action == "return":
        run.result.reused = True
        kept = reuse_saved_images(task.entry.images, errand.output_dir)
        if kept:
            _tell_kept(kept, task, client, errand)
        else:
            _save(task, _fresh(task, client, errand), client, errand)
        _raise_if_partly_done(task.entry, run.result, run.catalog.format("no_words"))
        tell_success(run, task.entry, expected)
        return
    if errand.no_wait:
        run.result.next_argv = run.resume()
        return
    if expected:
        run.reporter.always("expected_seconds", least=f"{expected[0]:.0f}", most=f"{expected[1]:.0f}")
    ended = wait(claim, client, journal, errand)
    _save(task, ended, client, errand)
    _settle(task, ended, run)
    tell_success(run, task.entry, expected)


def _settle(task: LockedTask, ended: Task, run: CommandContext) -> None:
    """Record how a task ended whose pictures are saved, as far as there are any.

    Raises:
        TaskFailed: there are none.
        UnusableResult: some are missing; those without a link can be asked for again.
    """
    saved, count = len(run.result.images), max(pictures_of(task.entry), min(len(ended.medias), MAX_IMAGES))
    if ended.state == "failed":
        reason = ended.reason or run.catalog.format("no_words")
        charged: Charged = "yes" if saved else "unknown"
        task.finish("failed", charged=charged, error={"code": "task_failed", "reason": reason})
        _raise_if_partly_done(task.entry, run.result, reason)
        raise TaskFailed("task_failed", reason=reason)
    if not saved:
        raise UnusableResult("result_without_pictures", task_id=task.entry.task_id)
    if saved < count:
        raise UnusableResult("pictures_missing", saved=saved, count=count)
    task.finish("succeeded")


def _raise_if_partly_done(entry: Entry, result: Result, no_words: str) -> None:
    """Tell of a task that failed beside some images: their files are listed in `result`, every time.

    Raises:
        UnusableResult: `partly_done`.
    """
    if entry.state == "failed" and entry.images:
        reason = (entry.error or {}).get("reason") or no_words
        raise UnusableResult("partly_done", reason=reason, saved=len(result.images), remedy="new")


def _tell_kept(kept: list[dict[str, Any]], task: LockedTask, client: Client, errand: TaskContext) -> None:
    """Put pictures that are still here into the result, with links that open where the service gives them.

    The journal holds links without their signatures; asking for whole ones is free, and nothing depends on it.
    """
    links = [row["url"] for row in kept]
    cover = links[0]
    with contextlib.suppress(SkillError):
        ready = client.detail(str(task.entry.task_id), errand.deadline.remaining).ready
        if len(ready) == len(kept):
            links, cover = [media.link for media in ready], ready[0].cover or ready[0].link
    result = errand.context.result
    result.images = [{**row, "url": link} for row, link in zip(kept, links, strict=True)]
    result.extra |= {"url": links[0], "cover_url": cover}


def _fresh(task: LockedTask, client: Client, errand: TaskContext) -> Task:
    """Ask a finished task for its links again.

    Raises:
        UnusableResult: `pictures_gone`; the service does not give them any more.
    """
    task_id = str(task.entry.task_id)
    seen = retry_read(lambda seconds: client.detail(task_id, seconds), errand.deadline, tries=FRESH_TRIES)
    if not seen.ready:
        result = errand.context.result
        result.images = [
            row for image in task.entry.images for row in reuse_saved_images([image], errand.output_dir) or []
        ]
        raise UnusableResult("pictures_gone", task_id=task_id, remedy="new")
    return seen


def _save(task: LockedTask, ended: Task, client: Client, errand: TaskContext) -> None:
    """Save every picture that can be had; the entry and the result list them even when one cannot.

    Raises:
        UnusableResult: the first picture that could not be saved.
    """
    ready: tuple[Media, ...] = ended.ready
    if not ready:
        return
    result = errand.context.result
    result.extra |= {"url": ready[0].link, "cover_url": ready[0].cover or ready[0].link}
    target = errand.output_dir / task.entry.local_id
    links = [media.link for media in ready]
    result.images, failure = save_images(
        client.downloads, links, target, errand.deadline, errand.context.reporter.always
    )
    task.save(images=[{**row, "url": without_query(row["url"])} for row in result.images])
    if failure:
        raise failure
