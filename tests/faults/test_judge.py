"""The judge itself: it must see every way in which a fault is not survived, and a table that holds nothing."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from scripts.faults import DOCUMENT, Outcome, cases, rendered, verdict
from tests.faults.fault import ALL, WELL, End, Fault, same
from tests.faults.judge import judge
from tests.faults.scene import MARK, Scene
from tests.faults.subjects import IMAGE2
from tests.faults.table import SECTIONS, TABLE
from tests.launcher import copy_what_ships
from tests.providers.ledger import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROW = Fault(title="nothing goes wrong", ends=same(WELL))
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
    yield "files", file(scene.tasks_folder / "half.json", b'{"schema": 1')
    yield "money", charged(scene)
    yield "ids", given(scene)
    yield "processes", process(scene)
    for name, secret in scene.secrets.items():
        for spelling in spellings(secret).values():
            yield f"secrets: {name} in", said(scene, stderr=b"talk " + spelling)
            yield f"secrets: {name} in", file(home / ".openclaw" / "logs" / "log", spelling)
            yield f"secrets: {name} in", file(scene.folder / "tmp" / "core", spelling)


def test_the_judge_sees_whatever_goes_wrong(tmp_path: Path) -> None:
    with Scene(tmp_path, IMAGE2) as scene:
        last = scene.run()
        assert judge(scene, ROW, last, WELL) == []
        for name, tampering in tamperings(scene):
            with tampering:
                found = judge(scene, ROW, last, WELL)
            assert any(one.startswith(name) for one in found), (name, found)
        assert judge(scene, ROW, last, WELL) == []
        for end in (End(10, "answer_lost"), replace(WELL, charges=2), replace(WELL, then=0)):
            assert judge(scene, ROW, last, end), end


LEAKS: dict[str, tuple[str, str, str]] = {
    "a mask that shows everything": ("keys.py", 'return "****" + key[-4:] if', "return key if"),
    "an account that is the key": (
        "keys.py",
        "return hashlib.sha256(self._value.encode()).hexdigest()[:12]",
        "return __import__('base64').b64encode(self._value.encode()).decode()",
    ),
    "a header that goes everywhere": (
        "http.py",
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


def test_the_table_is_what_was_promised() -> None:
    counts = {letter: len(rows) for letter, (_, rows) in SECTIONS.items()}
    assert counts["N"] >= 28
    assert counts["P"] >= 18
    assert all(count >= 30 for letter, count in counts.items() if letter not in "NP")
    assert len(counts) == 2 + len(ALL)
    assert len(TABLE) == sum(counts.values())
    for letter, (_, rows) in SECTIONS.items():
        titles = [fault.title for fault in rows]
        assert len(titles) == len(set(titles)), letter
    for number, fault in TABLE.items():
        assert fault.ends, number
        assert set(fault.quick) <= set(fault.ends), number
        for end in fault.ends.values():
            assert end.charges <= 1 or end.code == 0, f"{number}: more than one charge for one request"


Change = "Callable[[dict[tuple[str, str], Outcome]], object]"


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda _: None, 0, f"survived {len(cases())} of {len(cases())}"),
        (lambda found: found.clear(), 1, f"survived 0 of {len(cases())}"),
        (lambda found: found.popitem(), 1, f"survived {len(cases()) - 1} of {len(cases())}"),
        (
            lambda found: found.update({cases()[0]: Outcome(survived=False)}),
            1,
            f"survived {len(cases()) - 1} of {len(cases())}",
        ),
    ],
    ids=["all", "nothing was run", "one was not run", "one was not survived"],
)
def test_the_count_is_of_all_that_should_have_been_run(
    change: Callable[[dict[tuple[str, str], Outcome]], object], code: int, line: str
) -> None:
    found = {case: Outcome(survived=True) for case in cases()}
    change(found)
    assert verdict(cases(), found) == (code, line)


def test_an_empty_table_fails() -> None:
    assert verdict([], {}) == (1, "survived 0 of 0")


def test_the_document_tells_the_table() -> None:
    found = {case: Outcome(survived=True) for case in cases()}
    assert DOCUMENT.read_text(encoding="utf-8") == rendered(found), "run `make faults` again"
