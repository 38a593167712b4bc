"""The command lines of image_queue.py."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__
from openai_images.cli import ATTEMPT_OPTIONS, PASSED_OPTIONS, PICTURE_OPTIONS, SKILL, options_of
from openai_images.queue_store import ALIVE, CANCEL, STATUSES, QueueStore, counters, now
from openai_images.settings import number
from shared import interrupts
from shared.command import Options, common_options, output_options, run_command
from shared.errors import BadInput, Busy, NotFinished, TaskFailed
from shared.messages import shown
from shared.openclaw import output_folder, state_folders
from shared.run import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openai_images.queue_intake import Intake
    from openai_images.queue_store import Row
    from shared.files import Lock
    from shared.run import Run

MOST_LISTED = 10_000
TAIL = 4000  # characters of each log that `get` shows
PATIENCE = 5.0  # seconds for a living runner to heed a cancel


def image_queue(argv: Sequence[str], launcher: str) -> int:
    """Run image_queue.py and return its exit code; where nobody watches, the result is JSON unasked."""
    asked = {"--json", "--output-json"} & set(argv)
    more = ["--json"] if argv[:1] and argv[0] in _queue.commands and not (asked or is_terminal(sys.stdout)) else []
    return run_command(_queue, SKILL, [*argv, *more], launcher)


@click.group(name="image_queue", help="Picture tasks as supervised processes, with a state that can be looked at.")
@click.version_option(__version__)
def _queue() -> None:
    pass


_STATE_DIR = click.option("--state-dir", metavar="DIR", help="Where the queue's files are (default: image-queue).")


@_queue.command("run", help="Run one task, or those of @tasks.json, JSON text or - (stdin), and wait for them.")
@click.argument("tasks", required=False, metavar="[@FILE]")
@click.option("--prompt", metavar="TEXT", help="What to draw, for a single task.")
@click.option("--prompt-file", metavar="FILE", help="Read the prompt from a file; - is stdin.")
@click.option("--task-name", metavar="NAME", help="Beginning of the file names.")
@click.option("--task-key", metavar="KEY", help="Tells the task from others; run again, it is not paid again.")
@click.option(
    "--input-image", "--image", "--reference-image", "inputs", multiple=True, metavar="PATH",
    help="Reference picture: PNG, JPEG or WebP; repeatable.",
)  # fmt: skip
@click.option("--images", metavar="LIST", help="More of them: a JSON array, or paths with commas between.")
@click.option("--max-workers", metavar="N", help="Tasks at once (default: 4, at most 4).")
@click.option("--task-timeout-seconds", metavar="SECONDS", help="For each task (default: 600).")
@click.option("--max-queue-size", metavar="N", help="Tasks that may wait (default: 100); more are rejected.")
@click.option("--grace-seconds", metavar="SECONDS", help="From terminate to kill (default: 10).")
@_STATE_DIR
@options_of(*PICTURE_OPTIONS, *ATTEMPT_OPTIONS, *PASSED_OPTIONS)
@common_options
def _run(run: Run, options: Options, tasks: str | None, state_dir: str | None, **given: Any) -> None:
    from openai_images.queue_intake import Intake  # noqa: PLC0415

    if options.resume is not None:
        raise BadInput("option_goes_with", flag="--resume", other="image_queue.py run")
    intake = Intake(run, options, tasks, given)
    folder = _state_folder(state_dir)
    run.result.extra |= {"state_dir": str(folder), "results": [], "counters": counters(())}
    if options.dry_run:
        run.result.status = "prepared"
        run.result.extra["plan"] = intake.plan(folder)
        run.lines.append(json.dumps(run.result.extra["plan"], ensure_ascii=False, indent=2))
        return
    run.ask()
    store = QueueStore(folder)
    with _runner(store), interrupts.held():
        run.stopped_as = "queue_interrupted"
        _run_all(run, store, intake)
    rows = run.result.extra["results"]
    if not run.result.extra["summary"]["ok"]:
        done = sum(row["status"] == "completed" for row in rows)
        first = next(row["error"] or row["status"] for row in rows if row["status"] != "completed")
        raise TaskFailed("queue_incomplete", remedy="again", done=done, total=len(rows), first=first)


def _run_all(run: Run, store: QueueStore, intake: Intake) -> None:
    """Take the tasks in, run those that are accepted, and put what came of all of them into the result."""
    from openai_images.queue_runner import Runner  # noqa: PLC0415
    from shared.journal import Journal  # noqa: PLC0415

    store.load()
    store.mark_orphans()
    with store.writing():
        jobs = intake.jobs(store)
        run.reporter.say("queue_begins", tasks=len(jobs), workers=intake.workers, path=store.folder)
        journal = Journal(SKILL.slug, state_folders())
        Runner(run, store, journal, intake.seconds, intake.grace).carry_out(jobs, intake.workers)
    rows = [store.rows[task_id] for task_id in intake.task_ids]
    _tell(run, rows)
    ok = bool(rows) and all(row["status"] == "completed" for row in rows)
    run.result.extra["summary"] = {"ok": ok, "total": len(rows), "counters": run.result.extra["counters"]}
    run.result.status = "succeeded" if ok else "failed"
    run.result.attempts = sum(row.get("attempts") or 0 for row in rows)
    run.result.possible_charges = sum(row.get("possible_charges") or 0 for row in rows)
    told = {row.get("charged") for row in rows}
    run.result.charged = "unknown" if "unknown" in told else "yes" if "yes" in told else "no"


@_queue.command("status", help="How many tasks are in which state, and what runs now.")
@_STATE_DIR
@output_options
def _status(run: Run, state_dir: str | None) -> None:
    store = _seen(state_dir)
    rows = list(store.rows.values())
    run.result.status = "succeeded"
    run.result.extra["counters"] = counters(rows)
    running = [row for row in rows if row["status"] == "running"]
    run.result.extra |= {"running": running, "workers": {row["worker_id"]: row["task_id"] for row in running}}
    for status, count in counters(rows).items():
        if count:
            run.lines.append(f"{count:>5}  {run.catalogue.say(f'queue_is_{status}')}")
    run.lines += [_line(run, row) for row in running]


@_queue.command("list", help="The tasks, oldest first.")
@click.option("--status", metavar="STATUS", help="Only those: " + ", ".join(STATUSES) + ".")
@_STATE_DIR
@output_options
def _list(run: Run, status: str | None, state_dir: str | None) -> None:
    if status is not None and status not in STATUSES:
        raise BadInput("not_one_of", flag="--status", expected=", ".join(STATUSES), got=shown(status))
    rows = sorted(_seen(state_dir).rows.values(), key=lambda row: row["task_id"])
    _tell(run, [row for row in rows if status in (None, row["status"])])


@_queue.command("history", help="The last tasks that ended, newest first.")
@click.option("-n", "--limit", default="50", metavar="N", help="At most this many (default: 50).")
@_STATE_DIR
@output_options
def _history(run: Run, limit: str, state_dir: str | None) -> None:
    most = int(number("-n", limit, 1, MOST_LISTED, whole=True) or MOST_LISTED)
    ended = [row for row in _seen(state_dir).rows.values() if row["status"] not in ALIVE]
    ended.sort(key=lambda row: (row["finished_at"] or "", row["task_id"]), reverse=True)
    _tell(run, ended[:most])


@_queue.command("get", help="One task by its id or key: its data, where its files are, the ends of its logs.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@_STATE_DIR
@output_options
def _get(run: Run, identifier: str, state_dir: str | None) -> None:
    row = _found(_seen(state_dir), identifier)
    logs = {f"{name}_tail": _tail(row[name]) for name in ("stdout", "stderr")}
    run.result.extra |= {"task": row, **logs}
    run.lines += [_line(run, row), *(f"{name}: {row[name]}" for name in ("stdout", "stderr", "result_json"))]
    run.lines += [text for text in logs.values() if text]
    if row["status"] in ALIVE:
        run.result.status = "running"
        raise NotFinished("queue_task_alive", remedy="again", task_id=row["task_id"])
    if row["status"] != "completed":
        run.result.status = "failed"
        error = row["error"] or row["status"]
        raise TaskFailed("queue_task_ended", remedy="none", task_id=row["task_id"], error=error)
    run.result.status = "succeeded"


@_queue.command("cancel", help="Cancel a waiting task; a running one only if nothing paid can be lost.")
@click.argument("identifier", metavar="TASK_ID|TASK_KEY")
@_STATE_DIR
@output_options
def _cancel(run: Run, identifier: str, state_dir: str | None) -> None:
    store = _seen(state_dir)
    row = _found(store, identifier)
    if row["status"] not in (*ALIVE, "orphaned"):
        raise BadInput("cancel_ended", task_id=row["task_id"], status=row["status"])
    lock = store.runner_lock()
    if lock.try_acquire():
        with lock:
            store.change(row, status="cancelled", finished_at=now(), error=run.catalogue.say("queue_cancelled"))
            store.write()
    elif row["status"] == "running" and not row["mock"]:
        raise NotFinished("cancel_running", remedy="none", task_id=row["task_id"])
    else:
        (store.task_folder(row["task_id"]) / CANCEL).touch()
        row = _heeded(store, row)
    run.result.status = "succeeded"
    run.result.extra["task"] = row
    run.lines.append(_line(run, row))


def _heeded(store: QueueStore, row: Row) -> Row:
    """Wait until the living runner has cancelled the task.

    Raises:
        NotFinished: `cancel_running`; the task had begun, or the runner did not look.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = store.read(row["task_id"]) or row
        if seen["status"] == "cancelled":
            return seen
        if seen["status"] not in ALIVE:
            break
        time.sleep(0.05)
    with contextlib.suppress(FileNotFoundError):
        (store.task_folder(row["task_id"]) / CANCEL).unlink()
    raise NotFinished("cancel_running", remedy="none", task_id=row["task_id"])


@contextlib.contextmanager
def _runner(store: QueueStore) -> Iterator[None]:
    """Hold the state folder for one runner; whoever only looks holds it for a moment.

    Raises:
        Busy: another runner works in this folder.
    """
    lock = store.runner_lock()
    for _ in range(20):
        if lock.try_acquire():
            with lock:
                yield
            return
        time.sleep(0.05)
    raise Busy("queue_busy", path=store.folder)


def _seen(state_dir: str | None) -> QueueStore:
    """Return the queue as it is now; tasks of a runner that is gone are orphans."""
    folder = _state_folder(state_dir)
    if not folder.is_dir():
        raise BadInput("queue_missing", flag="--state-dir", got=shown(folder))
    store = QueueStore(folder)
    lock: Lock = store.runner_lock()
    if lock.try_acquire():
        with lock:
            store.load()
            store.mark_orphans()
    else:
        store.load()
    return store


def _found(store: QueueStore, identifier: str) -> Row:
    row = store.find(identifier) or (store.read(identifier) if Path(identifier).name == identifier else None)
    if not row:
        raise BadInput("queue_task_unknown", identifier=shown(identifier))
    return row


def _state_folder(given: str | None) -> Path:
    state = state_folders()[0]
    try:
        return output_folder(given, state, default=state / "image-queue")
    except BadInput as error:
        error.facts["flag"] = "--state-dir"
        raise


def _tell(run: Run, rows: list[Row]) -> None:
    run.result.status = "succeeded"
    run.result.extra |= {"counters": counters(rows), "results": rows}
    run.lines += [_line(run, row) for row in rows] or [run.catalogue.say("tasks_none")]


def _line(run: Run, row: Row) -> str:
    status = run.catalogue.say(f"queue_is_{row['status']}")
    return (
        f"{row['task_id']}  {row['task_key'] or '-'}  {status}  {row.get('output') or row['error'] or ''}".rstrip()
    )


def _tail(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")[-TAIL:]
    except OSError:
        return ""
