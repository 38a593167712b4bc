"""image2 as a provider of the pipeline: request, payment, polling and saving at kexiangai.com."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import UnusableResult
from shared.files import disk_errors, write_atomically
from shared.i18n.catalog import duration
from shared.journal.entry import Entry, entry_of_request
from shared.journal.history import durations, likely_cost
from shared.pipeline import submit
from shared.queue_poller import PollPolicy
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kexiang.client import Client
    from kexiang.request import ImageRequest
    from kexiang.wire import Task
    from shared.images.download import Downloads
    from shared.journal.submit import LockedTask
    from shared.provider import Context, Row
    from shared.security.keys import ResolvedKey

FINAL_REFUSALS = ("task_unknown_at_service", "firewall_page")


@dataclass(frozen=True)
class Provider:
    """One task at kexiangai.com; a task that is resumed has no request."""

    client: Client
    request: ImageRequest | None = None
    key: ResolvedKey | None = None

    @property
    def downloads(self) -> Downloads:
        """Fetches image links, without the key."""
        return self.client.downloads

    def polling(self, _entry: Entry) -> PollPolicy:
        """Return how a task is polled: the service asks for 5 to 10 s."""
        return PollPolicy(interval=5.0, final_refusals={code: code for code in FINAL_REFUSALS})

    def prepare(self, task: LockedTask, context: Context) -> None:
        """Say what is about to be paid."""
        reporter = context.ui.reporter
        cost = likely_cost(context.journal, task.entry, reporter.catalog)
        reporter.info("create_summary", **self._summary(), cost=cost)

    def submit(self, task: LockedTask, context: Context) -> None:
        """Send the create, and say how long earlier tasks of this kind took."""
        request = self.request
        if request is None:
            raise ValueError("a task without a request is never submitted")
        submit(task, lambda: self.client.create(request), context)
        expected = durations(context.journal, task.entry)
        if expected:
            context.ui.reporter.info("expected_line", duration=duration(min(expected), max(expected)))

    def poll(self, entry: Entry, seconds: float) -> Task:
        """Query the task once."""
        return self.client.query(str(entry.task_id), seconds)

    def results(self, status: Task) -> Mapping[str, Any]:
        """Return the links, whole."""
        return {"image_urls": list(status.links)}

    def reused(self, rows: list[Row], _entry: Entry, _seconds: float) -> tuple[list[Row], Mapping[str, Any]]:
        """Return the images as they are; the journal keeps their links without the signature."""
        return rows, {"image_urls": [row["url"] for row in rows]}

    def missing(self, status: Task, _saved: int, entry: Entry, context: Context) -> UnusableResult | None:
        """Return `answer_kept` for a done task without links: its answer is in a file."""
        if status.links:
            return None
        path = _keep_answer(entry, status, context.output_dir)
        return UnusableResult("answer_kept", task_id=entry.task_id, path=path)

    def _summary(self) -> dict[str, object]:
        request, key = self.request, self.key
        if request is None or key is None:
            return {}
        facts = {"mode": request.mode, "size": request.size, "model": request.model}
        return {**facts, "references": len(request.urls), "key": key.secret, "source": key.source}


def new_entry(request: ImageRequest, *, base_url: str, account: str, variant: str, folder: Path) -> Entry:
    """Return the journal's description of a request, without its prompt and key."""
    parameters: dict[str, Any] = dict(request.parameters)
    return entry_of_request(
        skill="image2",
        provider="kexiang",
        base_url=base_url,
        account=account,
        mode=request.mode,
        model=request.model,
        prompt=request.prompt,
        parameters=parameters,
        references=request.urls,
        variant=variant,
        requested=parameters,
        applied=parameters,
        output_dir=str(folder),
    )


def _keep_answer(entry: Entry, status: Task, folder: Path) -> Path:
    """Write the service's answer about a finished task to a file, without keys; return its path.

    Raises:
        DiskError: `disk_failed`.
    """
    path = folder / f"{entry.local_id}-answer.json"
    text = redact_keys(json.dumps(status.document, ensure_ascii=False, indent=1))
    with disk_errors(path):
        write_atomically(path, text.encode(errors="replace") + b"\n")
    return path
