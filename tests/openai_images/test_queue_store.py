"""The queue's documents: whole, bounded in how often they are written, and rebuilt when one is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openai_images import queue_store
from openai_images.queue_store import QueueStore

from shared.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = dict.fromkeys(("worker_id", "thread_id", "pid", "started_at", "finished_at", "error"))


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"task_id": f"t{number:03}", "task_key": f"k{number}", "status": "queued", **NOTHING, **more}


def test_a_hundred_tasks_do_not_rewrite_everything_for_each_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def counting(path: Path, content: bytes, *, durable: bool) -> None:
        assert durable is False
        written.append(path.name)
        write_atomically(path, content, durable=durable)

    monkeypatch.setattr(queue_store, "write_atomically", counting)
    store = QueueStore(tmp_path / "queue")
    with store.writing():
        for number in range(100):
            one = row(number)
            store.add(one)
            store.change(one, status="running", worker_id="w", started_at="now")
            store.change(one, status="completed")
    assert written.count("task.json") == 300
    assert written.count("queue_state.json") < 30
    state = json.loads((tmp_path / "queue" / "queue_state.json").read_bytes())
    assert (len(state["tasks"]), state["running"], state["counters"]["completed"]) == (100, {}, 100)


def test_a_task_under_way_is_read_from_its_own_file(tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    one = row(1)
    store.add(one)
    store.write()
    store.change(one, status="completed")  # the process dies before the document is written again
    again = QueueStore(tmp_path / "queue")
    again.load()
    assert again.rows["t001"]["status"] == "completed"


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"tasks": 7}', b'{"tasks": {"x": 1}}'])
def test_a_document_that_is_gone_or_broken_is_rebuilt(content: bytes | None, tmp_path: Path) -> None:
    store = QueueStore(tmp_path / "queue")
    store.add(row(1))
    if content is not None:
        (tmp_path / "queue" / "queue_state.json").write_bytes(content)
    again = QueueStore(tmp_path / "queue")
    again.load()
    again.mark_orphans()
    assert {task: one["status"] for task, one in again.rows.items()} == {"t001": "orphaned"}
    assert again.find("k1") == again.rows["t001"]
    assert again.find("nobody") is None
