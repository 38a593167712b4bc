"""The acceptance rules: whether a result is proof of a picture that the approved pair really made."""

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

LARGEST_RESULT = 16 << 20  # bytes
LONGEST_DETAIL = 300  # characters
MOST_COUNTED = 1000  # tasks; the queue takes no more
Document = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What one rule says of a result; `detail` is what was found when it does not hold."""

    rule: str
    holds: bool
    detail: str | None = None


def documents(given: str) -> Iterator[tuple[Path, Document]]:
    """Yield the results that a result.json, a run's folder or a batch's folder holds, each with its path.

    A result that cannot be read, stands there twice, or was counted and is not listed, is an empty one.

    Raises:
        BadInput: `verify_nothing`.
    """
    path = expand_path(given)
    if os.path.isdir(path):  # unlike Path.is_dir, this never raises
        path = next(
            (path / name for name in ("batch_result.json", "result.json") if (path / name).is_file()), path
        )
    document = _read(path)
    if document is None:
        raise BadInput("verify_nothing", got=short_repr(given))
    if "results" not in document:
        yield path, document
        return
    rows = document["results"] if isinstance(document["results"], list) else []
    seen = {path}
    for row in rows:
        own = Path(str(row.get("result_json"))) if isinstance(row, dict) else path
        is_new = own not in seen and own.suffix == ".json"  # whatever else a list names is not a result
        yield own, (_read(own) if is_new else None) or {}
        seen.add(own)
    for _ in range(len(rows), _counted(document)):
        yield path, {}


def _counted(document: Document) -> int:
    """Return how many tasks a batch, or a run of the queue, says that it had."""
    counters = document.get("counters")
    told = counters.items() if isinstance(counters, dict) else ()
    counts = {name: count for name, count in told if isinstance(count, int)}
    return min(counts.get("total", sum(counts.values())), MOST_COUNTED)


def _read(path: Path) -> Document | None:
    try:
        document = json.loads(read_document(path, LARGEST_RESULT).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def judge(document: Document) -> list[Verdict]:
    """Return the verdict of every rule; the result is acceptable when all hold."""
    return [_asked(name, rule, document) for name, rule in _RULES.items()]


def _asked(name: str, rule: Callable[[Document], str | None], document: Document) -> Verdict:
    """Ask one rule; a document that lacks what the rule looks at does not keep it."""
    try:
        detail = rule(document)
    except InvalidImage as error:
        detail = str(error)
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}"
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        detail = f"missing or malformed: {error}"
    return Verdict(name, detail is None, None if detail is None else sanitize_line(detail, LONGEST_DETAIL))


def _image(document: Document) -> Document:
    image = document["images"][0]  # a service may give more than the one that is asked for
    if "\0" in image["path"]:
        raise ValueError("a path with NUL")
    if document.get("output") not in (None, image["path"]) or document.get("bytes") not in (None, image["bytes"]):
        raise ValueError("output and bytes name another picture than images")
    _refuse_endless(Path(image["path"]))
    return dict(image)


def _refuse_endless(path: Path) -> None:
    """Refuse what is there and no file: reading a device or a pipe may never end."""
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
        _refuse_endless(path)
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
    path = Path(_image(document)["path"])
    return None if path.is_file() and not path.is_symlink() else f"{path} is no file"


def _picture(document: Document) -> str | None:
    inspect_image(Path(_image(document)["path"]))
    return None


def _integrity(document: Document) -> str | None:
    row = _image(document)
    path = Path(row["path"])
    found = inspect_image(path)
    sizes = {name: getattr(found, name) for name in ("bytes", "width", "height", "media_type")}
    wrong = [name for name, value in sizes.items() if row[name] != value]
    if sha256_of(path) != row["sha256"]:
        wrong.append("sha256")
    return f"{', '.join(wrong)} differ" if wrong else None


def _not_an_input(document: Document) -> str | None:
    image = _image(document)
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
