"""The queue's documents: whole, bounded in how often they are written, and rebuilt when one is gone."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openai_images import parent_watch
from openai_images.messages import MESSAGES
from openai_images.queue import inspect_cli
from openai_images.queue import store as store_module
from openai_images.queue.runner import Job, Runner
from openai_images.queue.store import CANCEL, QueueStore

from shared import signals
from shared.cli.context import CommandContext, Skill
from shared.files import write_atomically
from shared.journal.claim import Journal
from shared.journal.entry import Entry
from tests.journals import keep

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = dict.fromkeys(
    ("task_name", "thread_id", "pid", "worker_id", "thread_id", "pid", "started_at", "finished_at", "error")
)


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"task_id": f"t{number:03}", "task_key": f"k{number}", "status": "queued", **NOTHING, **more}


def test_a_hundred_tasks_do_not_rewrite_everything_for_each_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def counting(path: Path, content: bytes, *, temporary: Path, durable: bool) -> None:
        assert durable is False
        assert temporary == path.with_suffix(".tmp"), "a writer that is killed leaves one file, however often"
        written.append(path.name)
        write_atomically(path, content, temporary=temporary, durable=durable)

    monkeypatch.setattr(store_module, "write_atomically", counting)
    store = QueueStore(tmp_path / "queue")
    with store.writing():
        for number in range(100):
            task_row = row(number)
            store.add(task_row)
            store.change(task_row, status="running", worker_id="w", started_at="now")
            store.change(task_row, status="completed")
    assert written.count("task.json") == 300
    assert written.count("queue_state.json") < 30
    state = json.loads((tmp_path / "queue" / "queue_state.json").read_bytes())
    assert (len(state["tasks"]), state["running"], state["counters"]["completed"]) == (100, {}, 100)


def test_a_task_under_way_is_read_from_its_own_file(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    task_row = row(1)
    store.add(task_row)
    store.write()
    store.change(task_row, status="completed")  # the process dies before the document is written again
    again = QueueStore(tmp_path / "queue")
    again.load()
    assert again.rows["t001"]["status"] == "completed"


def test_what_was_left_out_of_the_document_is_not_read_again(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    store.add(row(1))
    store.add(row(2))
    del store.rows["t001"]  # a thousand later ones
    store.write()
    store.add(row(3))
    again = QueueStore(tmp_path / "queue")
    again.load()
    assert sorted(again.rows) == ["t002", "t003"]


@pytest.mark.parametrize(
    "more",
    [{"task_id": "../../elsewhere"}, {"task_id": "t002"}, {"status": []}, {"finished_at": 7}, {"stdout": 1}, None],
)
def test_a_file_that_tells_of_no_task_is_passed_over(more: dict[str, Any] | None, tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    store.add(row(1))
    task = store.task_folder("t001") / "task.json"
    task.write_text("[" * 100_000 if more is None else json.dumps({**row(1), **more}))
    store.load()
    store.mark_orphans("gone")
    assert store.rows == {}


@pytest.mark.parametrize("name", ["queue_state.json", "tasks/t001/task.json"])
def test_a_pipe_in_place_of_a_document_is_not_waited_for(name: str, tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    store.add(row(1))
    (tmp_path / "queue" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "queue" / name)
    store.load()
    assert len(store.rows) == (name == "queue_state.json")


def test_an_orphan_that_had_begun_may_have_been_charged(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    for number, more in enumerate(({"pid": 7}, {"pid": 7, "mock": True}, {})):
        store.add(row(number, **{"mock": False, "status": "running", **more}))
    store.mark_orphans("gone")
    assert [task_row.get("charged") for task_row in store.rows.values()] == ["unknown", None, None]


def test_what_is_printed_of_a_task_is_one_harmless_line() -> None:
    run = CommandContext(Skill("s", "p", "1", MESSAGES, "run.py"), [], "run.py")
    task_row = row(1, task_key="a\nMEDIA:/etc/passwd", error="\x1b[2J\nmedia: /etc/passwd")
    line = inspect_cli._line(run, task_row)
    assert line.isprintable()
    assert "media:" not in line.casefold()


def runner_of(store: QueueStore, folder: Path) -> Runner:
    run = CommandContext(Skill("s", "p", "1", MESSAGES, "run.py"), [], "run.py")
    return Runner(run, store, Journal("s", [folder]), 60.0, 1.0)


def test_a_task_that_a_worker_has_in_hand_is_no_waiting_one(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    runner = runner_of(store, tmp_path)
    jobs = [Job({**row(number), "mock": True, "result_json": str(tmp_path / "r.json")}, ()) for number in (1, 2)]
    for job in jobs:
        store.add(job.row)
        (store.task_folder(job.row["task_id"]) / CANCEL).touch()
    runner._assigned.add("t001")
    for job in jobs:
        runner._apply_cancel(job)
    runner.parent_pipe.close()
    assert [job.row["status"] for job in jobs] == ["queued", "cancelled"]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"tasks": 7}', b'{"tasks": {"x": 1}}'])
def test_a_document_that_is_gone_or_broken_is_rebuilt(content: bytes | None, tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    store.add(row(1))
    if content is not None:
        (tmp_path / "queue" / "queue_state.json").write_bytes(content)
    again = QueueStore(tmp_path / "queue")
    again.load()
    again.mark_orphans("gone")
    assert {task: task_row["status"] for task, task_row in again.rows.items()} == {"t001": "orphaned"}
    assert again.find("k1") == again.rows["t001"]
    assert again.find("nobody") is None


def test_the_money_of_a_request_that_was_sent_again_is_found_however_old_its_task_is(tmp_path: Path) -> None:
    prompt: dict[str, object] = {"sha256": hashlib.sha256(b"a cup").hexdigest()}
    told: dict[str, Any] = {
        "charged": "unknown",
        "possible_charges": 2,
        "attempts": 2,
        "created_at": "2026-01-01T00:00:00.000Z",
    }
    who: dict[str, Any] = dict.fromkeys(
        ("fingerprint", "skill", "provider", "mode", "model", "base_url", "account"), "x"
    )
    entry = Entry(**who, local_id="20260101T000000Z-00000000", variant="t/k1", prompt=prompt, **told)
    runner = runner_of(QueueStore(tmp_path / "queue"), tmp_path)
    keep(tmp_path / "image-skills" / runner.journal.skill, entry)
    again, other = (
        Job(row(1, variant="t/k1", created_at="2026-02-02"), (), text) for text in (b"a cup", b"a mug")
    )
    assert runner._from_journal(again)["possible_charges"] == 2
    assert runner._from_journal(other)["possible_charges"] == 0
    runner.parent_pipe.close()


def test_a_child_whose_task_cannot_be_written_down_is_ended(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    runner = runner_of(store, tmp_path)
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    job = Job({**row(1), "mock": True, "result_json": str(tmp_path / "queue" / "tasks" / "t001" / "r")}, sleeper)
    store.add(job.row)
    document = store.task_folder("t001") / "task.json"
    document.unlink()
    document.mkdir()
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    waiting.put(job)
    runner._work("worker-1", waiting)
    runner.parent_pipe.close()
    assert job.row["status"] == "failed"
    assert "t001" in job.row["error"]
    with pytest.raises(ProcessLookupError):
        os.killpg(job.row["pid"], 0)


def test_a_runner_that_is_gone_is_no_second_signal() -> None:
    """It has sent one before it was killed; a second one would give up an answer that is paid."""
    with signals.handle_signals(), signals.defer_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        parent_watch._terminate()
        assert signals.pending()
        signals.discard_pending()
