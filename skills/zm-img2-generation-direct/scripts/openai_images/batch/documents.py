"""Documents of a whole batch: its request, its result, and the HTML report for the reviewer."""

from __future__ import annotations

import contextlib
import json
import time
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.batch.report import report_page
from openai_images.private_folder import private_folder
from openai_images.result_rows import aggregate, common_value
from shared.errors import StillRunning, TaskLocked
from shared.files import Lock, disk_errors, read_document, write_atomically
from shared.images.download import check_output_folder
from shared.journal.claim import LOCK_PAUSE
from shared.output.result import to_json_line
from shared.timefmt import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from openai_images.batch.task import Batch
    from shared.errors import SkillError
    from shared.output.outcome import Status
    from shared.signals import Interrupted

MAX_NAME_COLUMNS = 40  # columns of a terminal for a task's name; a longer one is not aligned
REQUEST, RESULT, REPORT, LOCK = "batch_request.json", "batch_result.json", "batch_report.html", ".lock"
MAX_TIMESTAMP = 64  # bytes
NEW = ".new"  # when the --new began that is under way


def new_since(folder: Path) -> str:
    """Return when the unfinished --new of a batch's folder began, otherwise now.

    A stopped --new resumes when run again: what it created, or may have been charged, is not paid again.
    """
    try:
        text = read_document(folder / NEW, MAX_TIMESTAMP).decode("ascii")
        parse_time(text)
    except (OSError, ValueError):
        return format_time(datetime.now(timezone.utc))
    return text


@contextlib.contextmanager
def hold_folder(batch: Batch, document: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[None]:
    """Lock the batch's folder for one process, and write batch_request.json into it.

    Raises:
        TaskLocked, StillRunning: another process runs the same batch, and waiting was forbidden or too long.
        BadInput: other users can change the folder.
        DiskError: `disk_failed`.
    """
    private_folder(batch.folder, "--output-dir")
    with disk_errors(batch.folder), Lock(batch.folder / LOCK) as lock:
        while not lock.try_acquire():
            if batch.no_wait:
                raise TaskLocked("batch_busy", path=batch.folder)
            if time.monotonic() >= batch.deadline:
                raise StillRunning("batch_busy", remedy="again", path=batch.folder)
            batch.context.reporter.status("batch_waits", path=batch.folder)
            time.sleep(LOCK_PAUSE)
        for folder in (batch.folder / "tasks", batch.images):
            private_folder(folder, "--output-dir")
        check_output_folder(batch.images)
        resolved = {name: value for name, value in settings.items() if name != "tasks"}
        text = json.dumps({"request": document, "settings": resolved}, ensure_ascii=False, indent=1)
        write_atomically(batch.folder / REQUEST, text.encode("utf-8", "backslashreplace"), durable=False)
        if batch.since:
            write_atomically(batch.folder / NEW, batch.since.encode(), durable=False)
        yield


def write_documents(batch: Batch, ended: SkillError | Interrupted | None) -> None:
    """Put the outcome of the tasks into the result, and write batch_result.json and the report."""
    context, rows = batch.context, batch.rows()
    finished = [row for row in rows if row["output"]]
    context.note(
        **aggregate(rows),
        status=_status(rows),
        requested={"tasks": len(rows), "size": common_value(row["requested"].get("size") for row in rows)},
        applied={"tasks": len(finished), "size": common_value(row["applied"].get("size") for row in finished)},
    )
    context.note_own(
        counters=batch.counters(),
        results=rows,
        batch_result=str(batch.folder / RESULT),
        batch_report=str(batch.folder / REPORT),
    )
    with disk_errors(batch.folder):
        document = context.result_document(ended)
        write_atomically(batch.folder / RESULT, (to_json_line(document, ascii_only=False) + "\n").encode())
        page = report_page(
            batch.folder, document, {task.index: task.definition for task in batch.tasks}, context.catalog
        )
        write_atomically(batch.folder / REPORT, page.encode("utf-8", "backslashreplace"), durable=False)
        if batch.since and not document["next"] and not batch.stop_reason:  # nothing is left for the same command
            (batch.folder / NEW).unlink(missing_ok=True)
    context.summary_lines += _table(batch)


def _status(rows: list[dict[str, Any]]) -> Status:
    """Return the worst status of any task, which needs attention first."""
    statuses = {row["status"] for row in rows}
    order: tuple[Status, ...] = ("unknown", "failed", "refused", "submitted", "not_started")
    return next((status for status in order if status in statuses), "succeeded")


def _table(batch: Batch) -> list[str]:
    """Return the summary table for a person."""
    say = batch.context.catalog.format
    table = []
    for row in batch.rows():
        mark = say("verdict_ok") if row["ok"] else say("verdict_failed")
        detail = row["error"]["message"] if row["error"] else f"{row['width']}x{row['height']}  {row['bytes']} B"
        status = say("row_reused") if row["reused"] else say(f"row_{row['status']}")
        seconds = f"{row['elapsed_seconds']:6.1f} s"
        table.append((mark, f"{row['index']:>3}", row["task_name"], status, seconds, detail))
    lines = _aligned(table)
    counters = batch.counters()
    facts = {
        "done": counters["succeeded"],
        "total": counters["total"],
        "charges": batch.context.result.possible_charges,
    }
    lines.append(say("batch_totals", **facts))
    lines.append(say("batch_report_line", path=batch.folder / REPORT))
    return lines


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as aligned lines; a Han character is two terminal columns wide."""

    def cells(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)

    widths = [min(MAX_NAME_COLUMNS, max(map(cells, column))) for column in zip(*table, strict=True)][:-1]
    return [
        "  ".join([*(text + " " * (wide - cells(text)) for text, wide in zip(row, widths, strict=False)), row[-1]])
        for row in table
    ]
