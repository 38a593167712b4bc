"""The use case: look up the journal, spend once, wait, save the pictures, tell the result."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared.entry import Entry, fingerprint, prompt_record
from shared.errors import ReadFailed, Refused, TaskFailed, UnusableResult
from shared.images import kept_pictures, save_picture
from shared.journal import Patience
from shared.polling import Schedule, read_patiently, wait_for_task
from shared.spend import spend_once
from shared.summary import cost_in_words
from shared.urls import without_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kexiang.client import Client
    from kexiang.request import ImageRequest
    from kexiang.wire import Created, Task
    from shared.entry import OpenTask
    from shared.journal import Claim, Journal
    from shared.polling import Limits
    from shared.run import Run

POLITE_INTERVAL = 5.0  # seconds; the service asks for 5 to 10
LINKS_GRACE = 60.0  # seconds in which a finished task may still be without links
MOST_UNKNOWN = 3  # looks in a row at which the service does not know the id


@dataclass(frozen=True)
class Errand:
    """How a request is to be carried out; no part of what is asked for."""

    folder: Path
    limits: Limits
    interval: float | None = None
    no_wait: bool = False
    new: bool = False
    summary: dict[str, object] = field(default_factory=dict)
    """What a person is shown before the create: mode, size, model, references, key."""

    def patience(self, run: Run) -> Patience:
        """Return how to wait for another process that works on the same request."""

        def tell(entry: Entry) -> None:
            run.reporter.waiting("waiting_for_other", local_id=entry.local_id)

        limits = self.limits
        return Patience(limits.deadline, not self.no_wait, limits.clock, limits.sleep, tell)


def draft_of(request: ImageRequest, *, base_url: str, account: str, variant: str, folder: Path) -> Entry:
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
    request: ImageRequest, draft: Entry, *, client: Client, journal: Journal, errand: Errand, run: Run
) -> None:
    """Make the picture of a request, paying for it at most once; `run.result` tells what came of it.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    with journal.claim(draft, errand.patience(run), new=errand.new) as claim, _telling(claim, run):
        if claim.verdict == "create":
            run.reporter.say("create_summary", **errand.summary, cost=_cost_in_words(journal, draft, run))
            run.ask()
            spend_once(
                claim.task,
                lambda: client.create(request, errand.limits.left),
                sleep=errand.limits.sleep,
                on_accepted=lambda created: _announce(created, claim, journal, run),
            )
        _finish(claim, client, journal, errand, run)


def resume(
    identifier: str, adoption: Entry, *, client: Client, journal: Journal, errand: Errand, run: Run
) -> None:
    """Go on with a task by its local or service id; sends nothing that costs.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    with journal.resume(identifier, adoption, errand.patience(run)) as claim, _telling(claim, run):
        run.reporter.say("resumed", local_id=claim.task.entry.local_id, task_id=claim.task.entry.task_id)
        _finish(claim, client, journal, errand, run)


def _finish(claim: Claim, client: Client, journal: Journal, errand: Errand, run: Run) -> None:
    """From a task that the service knows to saved pictures."""
    task = claim.task
    if claim.verdict == "return":
        run.result.reused = True
        kept = kept_pictures(task.entry.images, errand.folder)
        if kept:
            run.result.images = kept
            run.result.extra["image_urls"] = [row["url"] for row in kept]
            return
        ready = _fresh_links(task, client, errand)
    elif errand.no_wait:
        run.result.next_argv = run.resume()
        return
    else:
        ready = _wait(claim, client, journal, errand, run)
    _save(task, ready, client, errand, run)
    if ready.state == "failed":
        task.finish("failed", charged="unknown", error={"code": "task_failed", "reason": ready.reason})
        raise UnusableResult("partly_done", reason=ready.reason, saved=len(run.result.images), remedy="new")
    if claim.verdict != "return":
        task.finish("succeeded")


def _wait(claim: Claim, client: Client, journal: Journal, errand: Errand, run: Run) -> Task:
    """Poll until the task ended with something to save.

    Raises:
        TaskFailed: the service failed it, and there are no pictures.
        NotFinished, KeyRefused, Refused, UnusableResult: as they are told.
    """
    task, entry = claim.task, claim.task.entry
    looks = _Looks(client, str(entry.task_id), errand.limits)
    expected = _durations(journal, entry)
    if claim.verdict == "create":
        schedule = Schedule(errand.interval or POLITE_INTERVAL, 0 if errand.interval else min(expected, default=0))
    else:
        schedule = Schedule(errand.interval or POLITE_INTERVAL, at_once=True)
    started = errand.limits.clock()
    watcher = _Watcher(run, expected)
    ready = wait_for_task(looks.look, schedule=schedule, limits=errand.limits, on_update=watcher.update)
    if ready.state == "failed" and not ready.links:
        task.finish("failed", charged="unknown", error={"code": "task_failed", "reason": ready.reason})
        raise TaskFailed("task_failed", reason=ready.reason, task_id=entry.task_id)
    if claim.verdict == "create":
        entry.seconds = round(errand.limits.clock() - started, 1)
    return ready


class _Looks:
    """Looks at one task, with the two patiences that kexiangai.com needs."""

    def __init__(self, client: Client, task_id: str, limits: Limits) -> None:
        self._client = client
        self._task_id = task_id
        self._clock = limits.clock
        self._unknown = 0
        self._done_since: float | None = None

    def look(self, seconds: float) -> Task:
        """Query once; a finished task without links counts as running for a minute."""
        try:
            seen = self._client.query(self._task_id, seconds)
        except ReadFailed as failure:
            self._unknown = self._unknown + 1 if failure.code == "task_unknown_at_service" else 0
            if self._unknown >= MOST_UNKNOWN:
                raise Refused(failure.code, http_status=failure.http_status, task_id=self._task_id) from failure
            raise
        self._unknown = 0
        if seen.state != "succeeded" or seen.links:
            return seen
        self._done_since = self._clock() if self._done_since is None else self._done_since
        if self._clock() - self._done_since > LINKS_GRACE:
            raise UnusableResult("result_without_pictures", task_id=self._task_id)
        return replace(seen, state="running")


class _Watcher:
    """Tells a person how the wait goes."""

    def __init__(self, run: Run, expected: list[float]) -> None:
        self._run = run
        self._expected = "expected_range" if expected else "expected_unknown"
        self._facts = {"least": f"{min(expected):.0f}", "most": f"{max(expected):.0f}"} if expected else {}
        self._word = "pending"
        self._told_unknown = False

    def update(self, elapsed: float, seen: Task | ReadFailed | None) -> None:
        """Hear of a look, or of a second that passed without one (None)."""
        reporter = self._run.reporter
        self._run.result.status = "running"
        if isinstance(seen, ReadFailed):
            reporter.say("look_failed", elapsed=f"{elapsed:.0f}")
            return
        if seen is not None:
            self._word = seen.word
            if not seen.known and not self._told_unknown:
                self._told_unknown = True
                reporter.say("status_unknown", word=seen.word)
        expected = self._run.catalogue.say(self._expected, **self._facts)
        reporter.waiting("waiting", elapsed=f"{elapsed:.0f}", word=self._word, expected=expected)


def _fresh_links(task: OpenTask, client: Client, errand: Errand) -> Task:
    """Ask a finished task for its links again.

    Raises:
        UnusableResult: `pictures_gone`; the service does not give them any more.
    """
    task_id = str(task.entry.task_id)
    try:
        ready = read_patiently(lambda seconds: client.query(task_id, seconds), errand.limits, tries=MOST_UNKNOWN)
    except ReadFailed as failure:
        if failure.code == "task_unknown_at_service":
            raise UnusableResult("pictures_gone", task_id=task_id, remedy="new") from failure
        raise
    if not ready.links:
        raise UnusableResult("pictures_gone", task_id=task_id, remedy="new")
    return ready


def _save(task: OpenTask, ready: Task, client: Client, errand: Errand, run: Run) -> None:
    """Save every picture that can be had; the entry and the result list them even when one cannot.

    Raises:
        UnusableResult: the first picture that could not be saved.
    """
    run.result.extra["image_urls"] = list(ready.links)
    failure: UnusableResult | None = None
    rows: list[dict[str, Any]] = []
    for number, link in enumerate(ready.links, 1):
        target = errand.folder / f"{task.entry.local_id}-{number}"
        try:
            rows.append(save_picture(client.downloads, link, target, errand.limits))
        except UnusableResult as error:
            failure = failure or error
    run.result.images = rows
    task.save(images=[{**row, "url": without_query(row["url"])} for row in rows])
    if failure:
        failure.facts.update(saved=len(rows), of=len(ready.links))
        raise failure


def _announce(created: Created, claim: Claim, journal: Journal, run: Run) -> None:
    """Put both ids on stderr, whatever happens next."""
    run.result.task_id = created.task_id
    run.reporter.insist("task_accepted", local_id=claim.task.entry.local_id, task_id=created.task_id)
    expected = _durations(journal, claim.task.entry)
    if expected:
        run.reporter.say("expected_line", least=f"{min(expected):.0f}", most=f"{max(expected):.0f}")


def _durations(journal: Journal, entry: Entry) -> list[float]:
    """Return how long tasks of this model and size took, in seconds, from the journal."""
    return [past.seconds for past in _alike(journal, entry) if past.seconds]


def _cost_in_words(journal: Journal, draft: Entry, run: Run) -> str:
    """Say what the picture will cost, as far as the last one of its kind tells."""
    for past in _alike(journal, draft):
        if past.cost:
            return cost_in_words({**past.cost, "source": "estimated"}, run.catalogue)
    return run.catalogue.say("cost_unknown")


def _alike(journal: Journal, entry: Entry) -> list[Entry]:
    return journal.recent(
        lambda past: (past.mode, past.model, past.requested) == (entry.mode, entry.model, entry.requested)
    )


@contextlib.contextmanager
def _telling(claim: Claim, run: Run) -> Iterator[None]:
    """Let the result know what the journal knows, however the block ends."""
    try:
        run.result.take_over(claim.task.entry, claim.task.path)
        yield
    finally:
        run.result.take_over(claim.task.entry, claim.task.path)
