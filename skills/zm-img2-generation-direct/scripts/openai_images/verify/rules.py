"""Acceptance rules: whether a result proves that the approved provider and model made the image."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.config.provider import APPROVED
from shared.errors import BadInput
from shared.files import read_document, sha256_of
from shared.i18n.catalog import sanitize_line, short_repr
from shared.images.validate import InvalidImage, inspect_image
from shared.openclaw.folders import expand_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_RESULT_BYTES = 16 << 20  # bytes
MAX_DETAIL_LENGTH = 300  # characters
MAX_COUNTED = 1000  # tasks; the queue accepts no more
Document = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The outcome of one rule for a result; `detail` is why it failed."""

    rule: str
    holds: bool
    detail: str | None = None


def documents(argument: str) -> Iterator[tuple[Path, Document]]:
    """Yield the results in a result.json, a run's folder or a batch's folder, each with its path.

    A result that cannot be read, is listed twice, or is counted but not listed, is yielded as empty.

    Raises:
        BadInput: `verify_nothing`; there is no result.
    """
    path = expand_path(argument)
    if os.path.isdir(path):  # unlike Path.is_dir, this never raises
        path = next(
            (path / name for name in ("batch_result.json", "result.json") if (path / name).is_file()), path
        )
    document = _read(path)
    if document is None:
        raise BadInput("verify_nothing", got=short_repr(argument))
    if "results" not in document:
        yield path, document
        return
    rows = document["results"] if isinstance(document["results"], list) else []
    visited = {path}
    for row in rows:
        result_path = Path(str(row.get("result_json"))) if isinstance(row, dict) else path
        is_new = (
            result_path not in visited and result_path.suffix == ".json"
        )  # anything else that a list names is not a result
        yield result_path, (_read(result_path) if is_new else None) or {}
        visited.add(result_path)
    for _ in range(len(rows), _counted(document)):
        yield path, {}


def _counted(document: Document) -> int:
    """Return the number of tasks in the counters of a batch or of a run of the queue."""
    counters = document.get("counters")
    items = counters.items() if isinstance(counters, dict) else ()
    counts = {name: count for name, count in items if isinstance(count, int)}
    return min(counts.get("total", sum(counts.values())), MAX_COUNTED)


def _read(path: Path) -> Document | None:
    try:
        document = json.loads(read_document(path, MAX_RESULT_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def judge(document: Document) -> list[Verdict]:
    """Return the verdict of every rule; the result is acceptable if all hold."""
    return [_apply(name, rule, document) for name, rule in _RULES.items()]


def _apply(name: str, rule: Callable[[Document], str | None], document: Document) -> Verdict:
    """Apply one rule; a document without the fields that the rule reads fails it."""
    try:
        detail = rule(document)
    except InvalidImage as error:
        detail = str(error)
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}"
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        detail = f"missing or malformed: {error}"
    return Verdict(name, detail is None, None if detail is None else sanitize_line(detail, MAX_DETAIL_LENGTH))


def _images(document: Document) -> list[Document]:
    """Return the images that were requested; a service may return more."""
    requested = document.get("requested")
    count = requested.get("n", 1) if isinstance(requested, dict) else 1
    first, *others = images = document["images"][: max(count, 1)]
    if len(images) < count:
        raise ValueError(f"{len(images)} of {count} images")
    if document.get("output") not in (None, first["path"]) or document.get("bytes") not in (None, first["bytes"]):
        raise ValueError("output and bytes name another picture than images")
    for image in (first, *others):
        if "\0" in image["path"]:
            raise ValueError("a path with NUL")
        _require_regular_file(Path(image["path"]))
    return list(images)


def _require_regular_file(path: Path) -> None:
    """Refuse a path that exists and is not a file: reading a device or a pipe may never end."""
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no file")


def _ok(document: Document) -> str | None:
    if document["ok"] is True and document["status"] == "succeeded" and document["error"] is None:
        return None
    return f"ok is {document['ok']!r}, status is {document['status']!r}"


def _provider(document: Document) -> str | None:
    return None if document["provider"] == APPROVED[0] else f"{document['provider']!r}"


def _model(document: Document) -> str | None:
    return None if document["model"] == APPROVED[1] else f"{document['model']!r}"


def _mode(document: Document) -> str | None:
    fitting = "edit" if document["input_images"] else "generation"
    return None if document["mode"] == fitting else f"{document['mode']!r} instead of {fitting!r}"


def _input_images(document: Document) -> str | None:
    listed = document["input_images"]
    for row in listed:
        path = Path(row["path"])
        _require_regular_file(path)
        if path.stat().st_size != row["bytes"] or sha256_of(path) != row["sha256"]:
            return f"{path} is not the file that was sent"
    record = _read(_last_attempt(Path(document["run_dir"])) / "request.json") or {}
    if record["input_images"] != listed:
        return "request.json tells of other references"
    return None


def _last_attempt(run_dir: Path) -> Path:
    attempts = [path for path in run_dir.glob("attempt-*") if path.name.removeprefix("attempt-").isdecimal()]
    return max(attempts, key=lambda path: int(path.name.removeprefix("attempt-")), default=run_dir)


def _artifact(document: Document) -> str | None:
    paths = [Path(image["path"]) for image in _images(document)]
    return next((f"{path} is no file" for path in paths if not path.is_file() or path.is_symlink()), None)


def _picture(document: Document) -> str | None:
    for image in _images(document):
        inspect_image(Path(image["path"]))
    return None


def _integrity(document: Document) -> str | None:
    for row in _images(document):
        path = Path(row["path"])
        image_info = inspect_image(path)
        sizes = {name: getattr(image_info, name) for name in ("bytes", "width", "height", "media_type")}
        wrong = [name for name, value in sizes.items() if row[name] != value]
        if sha256_of(path) != row["sha256"]:
            wrong.append("sha256")
        if wrong:
            return f"{', '.join(wrong)} differ"
    return None


def _not_an_input(document: Document) -> str | None:
    for image in _images(document):
        digest, path = sha256_of(Path(image["path"])), Path(image["path"])
        for row in document["input_images"]:
            if digest == row["sha256"] or (Path(row["path"]).exists() and path.samefile(row["path"])):
                return f"it is {row['path']}"
    return None


def _no_mock(document: Document) -> str | None:
    marks = [name for name in ("mock", "mock_sleep", "mock_command") if document.get(name)]
    return f"{', '.join(marks)} is set" if marks else None


_RULES: dict[str, Callable[[Document], str | None]] = {
    "ok": _ok,
    "provider": _provider,
    "model": _model,
    "mode": _mode,
    "input_images": _input_images,
    "artifact": _artifact,
    "picture": _picture,
    "integrity": _integrity,
    "not_an_input": _not_an_input,
    "no_mock": _no_mock,
}
