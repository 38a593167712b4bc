"""The judge itself: it must detect every kind of failure, and an empty table."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fault import WELL, End, Fault, same
from tests.faults.judge import document_of, judge
from tests.faults.scene import MARK, Scene
from tests.faults.subjects import IMAGE2
from tests.launcher import copy_what_ships
from tests.providers.ledger import Charge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.scene import Run

ROW = Fault(title="nothing goes wrong", ends=same(WELL))
SIGNED = "?signature=dummy0123456789"
HALF = b"\x89PNG\r\n\x1a\n cut"


@contextlib.contextmanager
def file(path: Path, content: bytes) -> Iterator[None]:
    made = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    yield
    path.unlink()
    if made:
        path.parent.rmdir()


@contextlib.contextmanager
def said(
    scene: Scene, *, stdout: bytes | None = None, stderr: bytes = b"", seconds: float = 0.0
) -> Iterator[None]:
    last = scene.runs[-1]
    scene.runs.append(
        replace(last, stdout=last.stdout if stdout is None else stdout, stderr=stderr, seconds=seconds)
    )
    yield
    scene.runs.pop()


@contextlib.contextmanager
def charged(scene: Scene) -> Iterator[None]:
    charge = Charge(service="kexiang", task_id="13171", amount=Decimal(1), fingerprint_of_request="")
    scene.house.ledger.charge(charge)
    yield
    scene.house.ledger._charges.pop()


@contextlib.contextmanager
def given(scene: Scene) -> Iterator[None]:
    scene.given.append("an-id-that-nobody-kept")
    yield
    scene.given.pop()


@contextlib.contextmanager
def process(scene: Scene) -> Iterator[None]:
    command = [sys.executable, "-c", "input()"]
    left = subprocess.Popen(command, stdin=subprocess.PIPE, env={MARK: str(scene.folder)})
    yield
    left.communicate(b"\n")


@contextlib.contextmanager
def shown(scene: Scene, place: str, content: bytes) -> Iterator[None]:
    last = scene.runs[-1]
    scene.runs.append(replace(last, seen={place: content}))
    yield
    scene.runs.pop()


@contextlib.contextmanager
def received(scene: Scene, host: str, *, query: str = "", body: bytes = b"") -> Iterator[None]:
    requests = scene.house.recorder.requests
    requests.append(replace(requests[-1], host=host, target=f"/{query}", head=b"", body=body))
    yield
    requests.pop()


@contextlib.contextmanager
def both(*those: contextlib.AbstractContextManager[None]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for one in those:
            stack.enter_context(one)
        yield


def spellings(key: str) -> dict[str, bytes]:
    raw = key.encode()
    middle = len(key) // 2
    digits = re.findall(rb"[0-9a-f]{16}", raw)[0]
    return {
        "raw": raw,
        "base64": base64.b64encode(b"x-api-key: " + raw),
        "hex": raw.hex().encode(),
        "JSON-escaped": json.dumps({"key": key}).encode(),
        "split over lines": raw[:middle] + b"\n" + raw[middle:],
        "split by letters": b", ".join(raw[at : at + 1] for at in range(len(raw))),
        "the first half of its digits": digits[: len(digits) // 2],
        "the second half of its digits": digits[len(digits) // 2 :],
    }


def tamperings(scene: Scene) -> Iterator[tuple[str, contextlib.AbstractContextManager[None]]]:
    """Yield what may go wrong, and the name of the check that has to see it."""
    work, home = scene.bench.work, scene.bench.home
    yield "streams", said(scene, stderr=b"Traceback (most recent call last):")
    yield "streams", said(scene, stderr=b"the service says:\n MEDIA:/etc/passwd")
    yield "streams", said(scene, stdout=b"")
    yield "streams", said(scene, stdout=scene.runs[-1].stdout * 2)
    yield "streams", said(scene, stdout=b'{"schema_version": 1}\n')
    yield "time", said(scene, seconds=scene.limit + 5.5)
    yield "places", file(work / "elsewhere", b"x")
    yield "places", file(home / ".config" / "elsewhere", b"x")
    yield "places", file(scene.folder / "tmp" / "elsewhere", b"x")
    yield "files", file(scene.output / "half.png", HALF)
    yield "files", file(scene.bench.journal, scene.bench.journal.read_bytes()[:5000])
    yield "money", charged(scene)
    yield "ids", given(scene)
    yield "processes", process(scene)
    for name, secret in scene.secrets.items():
        for spelling in spellings(secret).values():
            yield f"secrets: {name} in", said(scene, stderr=b"talk " + spelling)
            yield f"secrets: {name} in", file(home / ".openclaw" / "logs" / "log", spelling)
            yield f"secrets: {name} in", file(scene.folder / "tmp" / "core", spelling)
        yield f"secrets: {name} in", shown(scene, "arguments of 7", secret.encode())
        yield f"secrets: {name} in", received(scene, "elsewhere.example", body=secret.encode())
    key = scene.secrets["key"].encode()
    yield "secrets: key in environment", shown(scene, "environment of 7", key)
    yield (
        "secrets: an upload's",
        both(received(scene, scene.upload_place[0], query=SIGNED), said(scene, stderr=SIGNED.encode())),
    )


def test_the_judge_sees_whatever_goes_wrong(tmp_path: Path) -> None:
    with Scene(tmp_path, IMAGE2) as scene:
        last = scene.run()
        assert judge(scene, ROW, last, WELL) == []
        for name, tampering in tamperings(scene):
            with tampering:
                found = judge(scene, ROW, last, WELL)
            assert any(one.startswith(name) for one in found), (name, found)
        assert judge(scene, ROW, last, WELL) == []


def retold(run: Run, **changes: Any) -> Run:
    """Return a run whose document says something else."""
    return replace(run, stdout=json.dumps({**document_of(run), **changes}).encode() + b"\n")


def failed(run: Run, shell: str) -> Run:
    """Return a run that ended with exit 9 and names this as the next command."""
    error = {"code": "still_running", "next": {"argv": shell.split(), "shell": shell}}
    return replace(retold(run, ok=False, error=error), code=9)


NINE = End(9, "still_running")


def test_the_judge_compares_with_the_row_the_ledger_and_the_journal(tmp_path: Path) -> None:
    with Scene(tmp_path, IMAGE2) as scene:
        last = scene.run()

        def found(run: Run, end: End) -> str:
            scene.runs[:] = [run]
            return "\n".join(judge(scene, ROW, run, end))

        assert found(last, WELL) == ""
        assert "end: exit 0 None instead of 9 still_running" in found(last, NINE)
        assert "money: 1 charges in the ledger instead of 2" in found(last, replace(WELL, charges=2))
        assert "money: charged no with 1 possible" in found(retold(last, charged="no"), WELL)
        assert "money: charged, and the result says no" in found(retold(last, charged="no"), WELL)
        assert "money: the entry says yes and 1" in found(retold(last, possible_charges=2), WELL)
        assert "next: the error names None" in found(last, replace(WELL, then=0))
        assert "next: the error names true" in found(failed(last, "true"), replace(NINE, then=None))
        assert "next: false ended with 1 instead of 0" in found(failed(last, "false"), NINE)
        assert "next: no picture came of it" in found(failed(last, "true"), NINE)
        assert "next: 1 charges after it instead of 2" in found(failed(last, "true"), replace(NINE, after=2))
        other = scene.bench.put(unfinished(scene))
        assert "next: entries are left as ['succeeded', 'submitted']" in found(failed(last, "true"), NINE)
        other.remove()
        scene.house.ledger._charges.clear()
        assert "money: not charged, and the result says yes" in found(last, WELL)
        assert "again: the same command ended with 0 None" in found(last, End(10, "answer_lost"))
        scene.more = ("--new",)
        assert "again: the same command sent a paid request" in found(last, End(10, "answer_lost"))


def unfinished(scene: Scene) -> dict[str, Any]:
    (entry,) = scene.bench.entries()
    another = {"local_id": "20260301T120000Z-0123abcd", "state": "submitted", "sequence": entry["sequence"] + 1}
    return {**entry, **another}


LEAKS: dict[str, tuple[str, str, str]] = {
    "a mask that shows everything": ("security/keys.py", 'return "****" + key[-4:] if', "return key if"),
    "an account that is the key": (
        "security/keys.py",
        "return hashlib.sha256(self._value.encode()).hexdigest()[:12]",
        "return __import__('base64').b64encode(self._value.encode()).decode()",
    ),
    "a header that goes everywhere": (
        "http/session.py",
        "headers=dict(headers),",
        "headers={**headers, 'x-trace': __import__('os').environ['X_API_KEY']},",
    ),
}


@pytest.mark.parametrize(("module", "whole", "leaky"), LEAKS.values(), ids=LEAKS)
def test_a_build_that_leaks_is_caught(tmp_path: Path, module: str, whole: str, leaky: str) -> None:
    copy_what_ships(tmp_path / "checkout")
    skills = tmp_path / "checkout" / "skills"
    for folder in (tmp_path / "checkout" / "shared", skills / "image2" / "scripts" / "shared"):
        path = folder / module
        if path.exists():
            text = path.read_text(encoding="utf-8")
            assert whole in text
            path.write_text(text.replace(whole, leaky))
    with Scene(tmp_path, IMAGE2, skills=skills) as scene:
        found = judge(scene, ROW, scene.run(), WELL)
    assert any(one.startswith("secrets: key in") for one in found), found
