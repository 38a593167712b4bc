"""The documents of a whole batch: what was asked, what came of it, and the page for the person who accepts it."""

from __future__ import annotations

import contextlib
import json
import time
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images.batch.report import report_page
from openai_images.private_folder import own_folder
from openai_images.result_rows import add_up, shared_by
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
    from shared.output.result import Status
    from shared.signals import Interrupted

WIDEST = 40  # columns of a terminal for a task's name; a longer one stands out
REQUEST, RESULT, REPORT, LOCK = "batch_request.json", "batch_result.json", "batch_report.html", ".lock"
LONGEST_STAMP = 64  # bytes
NEW = ".new"  # when the --new began that is under way


def new_since(folder: Path) -> str:
    """Return when the --new began that a batch's folder tells of, else now.

    One that was stopped goes on when it is run again: what it has made, or may have paid, is not paid again.
    """
    try:
        text = read_document(folder / NEW, LONGEST_STAMP).decode("ascii")
        parse_time(text)
    except (OSError, ValueError):
        return format_time(datetime.now(timezone.utc))
    return text


@contextlib.contextmanager
def opened(batch: Batch, document: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[None]:
    """Hold the batch's folder for one process, and write batch_request.json into it.

    Raises:
        TaskLocked, StillRunning: another process runs the same batch, and waiting was forbidden or too long.
        BadInput: the folder is not ours alone.
        DiskError: `disk_failed`.
    """
    own_folder(batch.folder, "--output-dir")
    with disk_errors(batch.folder), Lock(batch.folder / LOCK) as lock:
        while not lock.try_acquire():
            if batch.no_wait:
                raise TaskLocked("batch_busy", path=batch.folder)
            if time.monotonic() >= batch.deadline:
                raise StillRunning("batch_busy", remedy="again", path=batch.folder)
            batch.run.reporter.status("batch_waits", path=batch.folder)
            time.sleep(LOCK_PAUSE)
        for folder in (batch.folder / "tasks", batch.pictures):
            own_folder(folder, "--output-dir")
        check_output_folder(batch.pictures)
        resolved = {name: value for name, value in settings.items() if name != "tasks"}
        text = json.dumps({"request": document, "settings": resolved}, ensure_ascii=False, indent=1)
        write_atomically(batch.folder / REQUEST, text.encode("utf-8", "backslashreplace"), durable=False)
        if batch.since:
            write_atomically(batch.folder / NEW, batch.since.encode(), durable=False)
        yield


def close(batch: Batch, ended: SkillError | Interrupted | None) -> None:
    """Put what came of the tasks into the run's result, write batch_result.json and the report."""
    run, rows = batch.run, batch.rows()
    result = run.result
    result.status = _status(rows)
    add_up(result, rows)
    done = [row for row in rows if row["output"]]
    result.requested = {"tasks": len(rows), "size": shared_by(row["requested"].get("size") for row in rows)}
    result.applied = {"tasks": len(done), "size": shared_by(row["applied"].get("size") for row in done)}
    result.extra |= {"counters": batch.counters(), "results": rows}
    result.extra |= {"batch_result": str(batch.folder / RESULT), "batch_report": str(batch.folder / REPORT)}
    with disk_errors(batch.folder):
        document = run.result_document(ended)
        write_atomically(batch.folder / RESULT, (to_json_line(document, ascii_only=False) + "\n").encode())
        page = report_page(batch.folder, document, {task.index: task.given for task in batch.tasks}, run.catalog)
        write_atomically(batch.folder / REPORT, page.encode("utf-8", "backslashreplace"), durable=False)
        if batch.since and not document["next"] and not batch.stopped:  # nothing is left for the same command
            (batch.folder / NEW).unlink(missing_ok=True)
    run.summary_lines += _table(batch)


def _status(rows: list[dict[str, Any]]) -> Status:
    """Return the worst state of any task: what needs to be looked at first."""
    found = {row["status"] for row in rows}
    order: tuple[Status, ...] = ("unknown", "failed", "refused", "submitted", "not_started")
    return next((status for status in order if status in found), "succeeded")


def _table(batch: Batch) -> list[str]:
    """Return the summary table for a person."""
    say = batch.run.catalog.format
    table = []
    for row in batch.rows():
        mark = say("verdict_ok") if row["ok"] else say("verdict_failed")
        told = row["error"]["message"] if row["error"] else f"{row['width']}x{row['height']}  {row['bytes']} B"
        status = say("row_reused") if row["reused"] else say(f"row_{row['status']}")
        seconds = f"{row['elapsed_seconds']:6.1f} s"
        table.append((mark, f"{row['index']:>3}", row["task_name"], status, seconds, told))
    lines = _aligned(table)
    counters = batch.counters()
    facts = {
        "done": counters["succeeded"],
        "total": counters["total"],
        "charges": batch.run.result.possible_charges,
    }
    lines.append(say("batch_totals", **facts))
    lines.append(say("batch_report_line", path=batch.folder / REPORT))
    return lines


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines; a Han character is two columns of a terminal wide."""

    def cells(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)

    widths = [min(WIDEST, max(map(cells, column))) for column in zip(*table, strict=True)][:-1]
    return [
        "  ".join([*(text + " " * (wide - cells(text)) for text, wide in zip(row, widths, strict=False)), row[-1]])
        for row in table
    ]
