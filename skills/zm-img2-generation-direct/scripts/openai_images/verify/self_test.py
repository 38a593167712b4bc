"""Tests the acceptance rules on generated results: a good one, and one for each defect."""

from __future__ import annotations

import copy
import json
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.config.provider import APPROVED
from openai_images.verify.rules import judge
from shared.errors import SkillError
from shared.files import disk_errors, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]


def self_test() -> int:
    """Return the number of defects that the rules detect; writes only to a temporary folder.

    Raises:
        SkillError: `self_test_failed`, naming the wrongly judged case.
        DiskError: no temporary folder can be written to.
    """
    place = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108  - for the message; tempfile tries more
    with disk_errors(place, option="TMPDIR"), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = _good(folder)
        if any(not verdict.holds for verdict in judge(good)):
            raise SkillError("self_test_failed", case="good")
        for rule, spoil in _BAD:
            bad = copy.deepcopy(good)
            spoil(bad, folder)
            refused = {verdict.rule for verdict in judge(bad) if not verdict.holds}
            if rule not in refused:
                raise SkillError("self_test_failed", case=rule)
    return len(_BAD)


def _good(folder: Path) -> Document:
    picture, reference = _png(folder / "picture.png", 2), _png(folder / "reference.png", 3)
    attempt = folder / "attempt-1"
    attempt.mkdir()
    (attempt / "request.json").write_text(json.dumps({"input_images": [reference]}))
    provider, model = APPROVED
    return {
        "ok": True,
        "status": "succeeded",
        "error": None,
        "provider": provider,
        "model": model,
        "mode": "edit",
        "images": [picture],
        "output": picture["path"],
        "bytes": picture["bytes"],
        "input_images": [reference],
        "run_dir": str(folder),
    }


def _png(path: Path, side: int) -> Document:
    """Write a grey square and return its row."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    lines = zlib.compress((b"\0" + b"\x80" * side) * side)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b""))
    row = {"path": str(path), "media_type": "image/png", "width": side, "height": side}
    return {**row, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _copy(document: Document, folder: Path, content: bytes) -> None:
    """Make the result name another file as its image."""
    path = folder / "other.png"
    path.write_bytes(content)
    document["images"][0] |= {"path": str(path), "bytes": len(content), "sha256": sha256_of(path)}
    document |= {"output": str(path), "bytes": len(content)}


def _reuse(document: Document, _folder: Path) -> None:
    row = document["input_images"][0]
    document["images"] = [row]
    document |= {"output": row["path"], "bytes": row["bytes"]}


_BAD: tuple[tuple[str, Callable[[Document, Path], Any]], ...] = (
    ("ok", lambda document, _: document.update(ok=False)),
    ("provider", lambda document, _: document.update(provider="other")),
    ("model", lambda document, _: document.update(model="other")),
    ("mode", lambda document, _: document.update(mode="generation")),
    ("input_images", lambda document, _: document["input_images"][0].update(sha256="0" * 64)),
    ("input_images", lambda document, _: document.update(input_images=[])),
    ("artifact", lambda document, folder: document["images"][0].update(path=str(folder / "gone.png"))),
    ("picture", lambda document, folder: _copy(document, folder, b"<html>")),
    ("integrity", lambda document, _: document["images"][0].update(sha256="0" * 64)),
    ("integrity", lambda document, _: document["images"][0].update(width=1)),
    ("not_an_input", _reuse),
    ("no_mock", lambda document, _: document.update(mock=True)),
)
