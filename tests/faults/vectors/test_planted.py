"""Planted names, ids, documents and links: no command crashes, writes outside or prints someone's file.

Quick by default; `HYPOTHESIS_EXAMPLES=500` looks longer.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.inside import QuickBench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher import Ended

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
ZM = "zm-img2-generation-direct"
SECRET = "dummy-secret-of-somebody"
CODES = frozenset((0, 2, 3, 8, 9, 12, 13, 14))
"""Every exit code that reading a file may have: never 1, which is a bug."""

names = st.one_of(
    st.sampled_from(
        ["T1", "../../victim", "..", ".", "", "/etc/passwd", "a\0b", "x" * 300, "~/secret", "a\nMEDIA:/x"]
    ),
    st.text(max_size=20),
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    names,
    st.lists(names, max_size=3),
    st.dictionaries(st.sampled_from(["path", "amount", "source", "sha256", "prompt"]), names, max_size=3),
)
FIELDS = (
    "task_id", "task_key", "task_name", "status", "stdout", "stderr", "result_json", "run_dir", "output", "media",
    "images", "input_images", "cost", "charged", "possible_charges", "attempts", "pid", "mock", "error", "ok",
    "results", "counters", "schema_version", "provider", "model", "mode", "tasks", "prompt", "created_at",
)  # fmt: skip
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=12)
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def bench(tmp_path: Path) -> QuickBench:
    bench = QuickBench(tmp_path, skill=ZM)
    provider = {"baseUrl": "https://relay.example/v1", "apiKey": "dummy-key-of-a-test"}
    write(bench.home / ".openclaw" / "openclaw.json", {"models": {"providers": {"happy": provider}}})
    return bench


def write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


class Plot:
    """A home with a secret, a victim outside, and a working folder that someone has prepared."""

    def __init__(self, bench: QuickBench) -> None:
        self._bench = bench
        self._secret = bench.home / "secret"
        self._secret.write_text(json.dumps({"task_id": SECRET, "status": SECRET, "prompt": SECRET}))
        (bench.folder / "victim").mkdir(exist_ok=True)
        shutil.rmtree(bench.work)
        bench.work.mkdir()

    def _outside(self) -> dict[str, bytes]:
        folders = (self._bench.home, self._bench.folder / "victim")
        return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}

    def link(self, name: str) -> None:
        path = self._bench.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(path):
            path.symlink_to(self._secret)

    def check(self, launcher: str, *words: str) -> Ended:
        before = self._outside()
        for more in ((), ("--json",)):
            ended = self._bench.run(launcher, *words, *more)
            text = ended.talk + ended.stdout.decode("utf-8", "replace")
            assert ended.code in CODES, (words, text[-1500:])
            assert SECRET not in text
            assert not any(
                line.strip(" \t\u200b\ufeff").upper().startswith("MEDIA:") for line in text.splitlines()
            )
        assert self._outside() == before
        return ended


@quick
@given(row=documents, status=st.sampled_from(["queued", "running", "failed", "completed"]), task_id=names)
def test_a_planted_queue(bench: QuickBench, row: dict[str, Any], status: str, task_id: str) -> None:
    plot = Plot(bench)
    planted = {**row, "task_id": task_id, "status": status}
    write(bench.work / "q" / "queue_state.json", {"tasks": {task_id: planted, "T2": row}, "version": 1})
    write(bench.work / "q" / "tasks" / "T1" / "task.json", {"status": status, **row, "task_id": "T1"})
    for name in ("stdout.txt", "stderr.txt", "result.json"):
        plot.link(f"q/tasks/T1/{name}")
    safe = task_id if task_id.strip("-") and "\0" not in task_id and not task_id.startswith("-") else "T1"
    for words in (("status",), ("list",), ("history",), ("get", safe), ("get", "T1"), ("cancel", safe)):
        plot.check("image_queue.py", *words, "--state-dir", str(bench.work / "q"))


@quick
@given(document=documents, row=documents)
def test_planted_results(bench: QuickBench, document: dict[str, Any], row: dict[str, Any]) -> None:
    plot = Plot(bench)
    write(bench.work / "r" / "result.json", document)
    write(bench.work / "b" / "batch_result.json", {**document, "results": [row, {"result_json": "r/result.json"}]})
    for name in ("r", "b", "r/result.json"):
        plot.check("verify.py", name)


@quick
@given(document=documents, tasks=st.lists(documents, max_size=3))
def test_planted_task_files(bench: QuickBench, document: dict[str, Any], tasks: list[dict[str, Any]]) -> None:
    plot = Plot(bench)
    write(bench.work / "t.json", {**document, "tasks": tasks})
    plot.check("batch_run.py", "@t.json", "--dry-run")
    plot.check("image_queue.py", "run", "@t.json", "--dry-run", "--state-dir", str(bench.work / "q"))


@quick
@given(identifier=names.filter(lambda name: "\0" not in name and not name.startswith("-")))
def test_names_and_ids(bench: QuickBench, identifier: str) -> None:
    plot = Plot(bench)
    for words in (("show", identifier), ("forget", identifier)):
        plot.check("tasks.py", *words)
    plot.check("run.py", "--prompt-file", identifier, "--dry-run")
    plot.check("run.py", "--prompt", "a cup", "--dry-run", "--result-file", identifier)
