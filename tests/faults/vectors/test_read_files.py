"""Any file is read as a value or a known error, never another exception."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ima_studio.preferences import Preferences
from nemovideo.sessions import Sessions
from openai_images import task_file
from openai_images.batch import cli
from openai_images.cli import app
from openai_images.config.provider import Provider, find_provider
from openai_images.queue.store import QueueStore, counters
from openai_images.response.reader import decode_image, read_document

from shared.cli.app import Options
from shared.errors import SkillError
from shared.journal.entry import Entry
from shared.journal.rows import COLUMNS, entry_of
from shared.openclaw import config_files
from shared.openclaw.folders import configured_workspace, is_attachable
from shared.security.keys import Secret, read_key_file
from tests.contract.inside import Inside
from tests.faults.vectors.spoiled import BODIES, FEW, ODD, spoilings
from tests.faults.vectors.zm_files import CONFIG, KEY
from tests.journals import keep_raw
from tests.launcher import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY = Entry(
    "f" * 64, "zm-img2-generation-direct", "happy", "generation", "gpt-image-2", "https://a.example", "a" * 12,
    local_id="20260101T000000Z-00000000", state="succeeded", charged="yes", possible_charges=1, attempts=1,
    prompt={"sha256": "0" * 64, "length": 5, "start": "a cup"}, created_at="2026-01-01T00:00:00.000Z",
    cost={"amount": 7.0, "unit": "tokens", "source": "charged"},
    images=[{"path": "/tmp/a.png", "url": None, "bytes": 7, "sha256": "0" * 64}],
    extra={"run_dir": "/tmp/run"}, error={"code": "refused", "message": "no"}, seconds=1.5, task_id="t-1",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OPENCLAW_STATE_DIR", "OPENCLAW_HOME", "OPENCLAW_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".openclaw").mkdir()
    return tmp_path


def spoiled_entries() -> Iterator[dict[str, Any]]:
    for number, document in enumerate(spoilings(asdict(ENTRY))):
        if isinstance(document, dict) and document.get("local_id") == ENTRY.local_id:
            document["local_id"] = f"20260101T000000Z-{number:08x}"
            yield document


def test_a_journal_of_odd_entries_is_listed_and_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, skill="zm-img2-generation-direct")
    for document in spoiled_entries():
        keep_raw(bench.journal.parent, document)
    tasks = Inside(bench, monkeypatch, app.tasks, "tasks.py")
    listed = tasks.run("list", "--limit", "1000", "--json")
    assert listed.code == 0, listed.talk
    assert len(listed.document["tasks"]) > 100
    for command in (
        ("list", "--limit", "1000"),
        ("cost", "--since", "9999d"),
        ("cost", "--since", "9999d", "--json"),
    ):
        ended = tasks.run(*command)
        assert ended.code == 0, ended.talk


def test_each_odd_entry_is_shown_or_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, skill="zm-img2-generation-direct")
    tasks = Inside(bench, monkeypatch, app.tasks, "tasks.py")
    for number, one in enumerate(fields(Entry)):
        local_id = f"20260101T000000Z-{number:08x}"
        document = {**asdict(ENTRY), "local_id": local_id, one.name: [[7]] if number % 2 else {"x": 7}}
        keep_raw(bench.journal.parent, document)
        assert tasks.run("show", local_id, "--json").code in (0, 2, 8, 9, 10), one.name


@FEW
@given(BODIES)
@example(b"[" * 100_000)
@example(b"9" * 5000)
def test_any_details_are_an_entry_or_none(content: bytes) -> None:
    row = {name: asdict(ENTRY)[name] for name in COLUMNS}
    with contextlib.suppress(ValueError):
        entry_of(cast("Any", {**row, "requested": "{}", "details": content}))


def configured(home: Path, text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (home / ".openclaw" / "openclaw.json").write_bytes(content)
    config_files.parse.cache_clear()
    with contextlib.suppress(SkillError):
        find_provider("happy")
    assert configured_workspace() != Path()
    assert is_attachable(home / "a.png", home / ".openclaw") in (True, False)


def test_an_odd_configuration_names_a_provider_or_what_is_wrong(home: Path) -> None:
    whole = json.loads(CONFIG)
    happy = whole["models"]["providers"]["happy"]
    happy["headers"] = {"X-A": "b"}
    whole["agents"] = {"defaults": {"workspace": str(home)}}
    whole["secrets"] = {"providers": {"vault": {"source": "file", "path": str(home / "vault"), "mode": "json"}}}
    (home / "vault").write_text(json.dumps({"key": KEY}))
    happy["apiKey"] = {"source": "file", "provider": "vault", "id": "/key"}
    for document in spoilings(whole):
        configured(home, json.dumps(document))


@pytest.mark.parametrize("text", [
    b"", b"//", b"/*", b"{,}", b"{a:", b"{a:1,}", b"{a:.5e}", b"'", b"{a:'\\u12'}", b"{a:'\\x4'}", b"+", b"NaN",
    b"\xff", b"{a:0x}", b"{a:'\\\n'}", b"// x\n" + b"[" * 3000, b"// x\n{a:" + b"9" * 5000 + b"}", b"[" * 100_000,
    b"{\xe2\x80\xa8}", b"{'a':1,a:2}", b"\x00", b'{a:"\\ud83d"}',
])  # fmt: skip
def test_odd_json5_is_a_configuration_or_unreadable(home: Path, text: bytes) -> None:
    configured(home, text)


TASKS = {
    "tasks": [{"prompt": "a cup", "task_name": "cup", "task_key": "k", "size": "auto", "raw": False}],
    "batch_name": "b", "max_workers": 4, "timeout_ms": 1000, "max_attempts": 3, "provider": "happy", "model": "m",
    "send_to_feishu": False, "quality": "low", "format": "webp", "compression": 80, "background": "opaque",
}  # fmt: skip


def test_an_odd_file_of_tasks_is_refused_or_each_task_says_why() -> None:
    for document in spoilings(TASKS):
        with contextlib.suppress(SkillError):
            file = task_file.read_tasks(f" {json.dumps(document)}", fields=cli.BATCH_FIELDS, maximum=200)
            settings = cli._settings(file, {})
            provider = Provider("happy", "https://images.example/v1", Secret("dummy-" + "key"))
            for index, task in enumerate(file.tasks, 1):
                assert cli._task(index, task, file, settings, Options(), provider, Counter()).index == index


@FEW
@given(st.text(max_size=60))
def test_any_text_is_a_file_of_tasks_or_refused(text: str) -> None:
    for words in ("{" + text, '{"tasks":[' + text + "]}", "@" + text):
        with contextlib.suppress(SkillError):
            task_file.read_tasks(words, fields=(), maximum=200)


def test_an_odd_state_of_a_queue_is_read(tmp_path: Path) -> None:
    row = {"task_id": "t", "task_key": "k", "status": "completed", "error": None}
    store = QueueStore(tmp_path / "queue")
    (store.task_folder("t")).mkdir(parents=True)
    for document in spoilings({"version": 1, "tasks": {"t": row}}):
        (store.folder / "queue_state.json").write_text(json.dumps(document))
        (store.task_folder("t") / "task.json").write_text(json.dumps(document))
        store.load()
        assert counters(store.rows.values())
        assert store.find("k") is None or store.find("k")


def test_odd_lines_of_a_session_say_what_they_can(tmp_path: Path) -> None:
    remembered = Sessions([tmp_path], "https://a.example", "acc")
    remembered.note("s-1", uploads=["a"], renders={"r": "mp4"}, ended=["q"])
    (file,) = tmp_path.rglob("*.jsonl")
    line = json.loads(file.read_text("utf-8"))
    for odd in spoilings(line):
        file.write_text(json.dumps(odd))
        assert len(remembered.newest_first()) <= 1
        remembered.unfinished("s-1", "mp4")


def test_odd_preferences_are_none(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path)
    preferences.path.parent.mkdir(parents=True)
    row = {"model_id": "gemini-3-pro-image", "model_name": "x", "credit": 6, "last_used": "x"}
    for document in spoilings({"user_me": {"text_to_image": row}}):
        preferences.path.write_text(json.dumps(document))
        found = preferences.remembered("me", "text_to_image")
        assert found is None or json.dumps(found.credit)
    preferences.path.write_text("[" * 100_000)
    assert preferences.remembered("me", "text_to_image") is None


@FEW
@given(st.binary(max_size=60) | st.text("X_API_KEY='\"\\#\n= $export{}", max_size=40).map(str.encode))
def test_any_file_holds_a_key_or_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    file.chmod(0o600)
    with contextlib.suppress(SkillError):
        key = read_key_file(file, "X_API_KEY")
        assert key is None or isinstance(key, str)


@FEW
@given(BODIES)
@example(b"[" * 100_000)
@example(b'{"a":"\\u0000"}')
@example(b'{"\\u00000":1}')
@example(b'["\\u00009", "' + b"x" * 70_000 + b'"]')
def test_any_spooled_answer_is_a_document_or_none(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_document(io.BytesIO(content))


@FEW
@given(st.text(max_size=40) | st.text("data:image/png;base64,AQg=\\n/+ ", max_size=40))
@example("data:,")
@example("data:" + "x" * 200 + ";base64,AAAA")
@example("====")
@example("A")
def test_any_text_is_a_picture_in_base64_or_none(text: str) -> None:
    with contextlib.suppress(ValueError):
        decode_image(io.BytesIO(), text, io.BytesIO())


def test_what_is_odd_is_odd_enough() -> None:
    assert len(ODD) > 30
    assert sum(1 for _ in spoilings(asdict(ENTRY))) > 1000
