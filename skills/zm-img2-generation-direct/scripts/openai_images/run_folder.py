"""The folder of one run: its request, the result of each attempt, and its final result."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TextIO

from openai_images import wire
from openai_images.request import OPTIONS, image_request
from openai_images.wire import IDEMPOTENCY_HEADER, Delivered
from shared.errors import BadInput, DiskError, SkillError, UnusableResult
from shared.files import create_anew, disk_errors, make_own_folder, open_to_append, read_document, write_atomically
from shared.i18n.catalog import short_repr
from shared.journal.entry import prompt_record
from shared.output.result import to_json_line
from shared.security.keys import redact, redact_values
from shared.timefmt import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai_images.config.provider import Provider
    from openai_images.prepared_request import PreparedRequest
    from openai_images.request import ImageRequest
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry

RESPONSE_FILE = "answer.json"
MAX_RECORD_BYTES = 16 << 20  # bytes of a request.json


def request_record(
    request: ImageRequest, provider: Provider, package: PreparedRequest, idempotency_key: str, seconds: float
) -> dict[str, Any]:
    """Return the content of request.json: the complete prompt, the reference images by hash, the key masked."""
    headers = {
        "Authorization": f"Bearer {provider.secret}",
        "Content-Type": package.content_type.partition(";")[0],
    }
    return {
        "method": "POST",
        "url": provider.base_url + package.path,
        "headers": {**headers, IDEMPOTENCY_HEADER: idempotency_key, **dict.fromkeys(provider.headers, "****")},
        "mode": request.mode,
        "body": wire.generation_body(request),
        "input_images": [reference.row() for reference in request.references],
        "seconds": round(seconds, 3),
        "started_at": format_time(datetime.now(timezone.utc)),
    }


def recorded_request(entry: Entry) -> ImageRequest:
    """Return the request of an entry: its prompt from an attempt's request.json, the rest from the entry.

    Raises:
        BadInput: a reference image is gone or has changed.
        UnusableResult: `request_gone`; no attempt's request.json contains the prompt.
    """
    path = Path(entry.extra["run_dir"])
    prompt = _prompt_of(entry, path)
    if prompt is None:
        raise UnusableResult("request_gone", path=path, remedy="none")
    rows, mask = entry.extra["input_images"], entry.extra.get("mask")
    request = image_request(
        prompt=prompt,
        model=entry.model,
        size=entry.requested["size"],
        references=[("--input-image", str(row["path"])) for row in rows],
        options={name: entry.requested.get(api_name) for name, api_name in OPTIONS.items()},
        mask=("--mask", str(mask["path"])) if mask else None,
    )
    for reference, row in zip(request.files, [*rows, mask] if mask else rows, strict=True):
        if reference.sha256 != row["sha256"]:
            raise BadInput("reference_changed", flag="--input-image", got=short_repr(row["path"]))
    return request


def _prompt_of(entry: Entry, path: Path) -> str | None:
    """Return the prompt from the attempts in a folder; a batch task may have had another prompt before."""
    for file in sorted(path.glob("attempt-*/request.json")):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            prompt = str(json.loads(read_document(file, MAX_RECORD_BYTES))["body"]["prompt"])
            if prompt_record(prompt)["sha256"] == entry.prompt["sha256"]:
                return prompt
    return None


def record(context: CommandContext) -> None:
    """Write the result of the run into its folder, if it has one; an error before that takes precedence."""
    outcome = context.result
    path = outcome.extra.get("run_dir")
    if not path or outcome.reused:
        return
    try:
        RunFolder(Path(path)).finish(context.result_document(outcome.error))
    except DiskError as error:
        if not outcome.error:
            context.result = replace(outcome, error=error)


class RunFolder:
    """Writes the documents of a run atomically; only result.json is flushed to survive a power cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started = time.monotonic()
        self._attempt = 0
        self._folder = path
        make_own_folder(path)

    @property
    def answer(self) -> Path:
        """The file with the service's response until its image is saved."""
        return self.path / RESPONSE_FILE

    def state(self, status: str, *, output: str | None = None, last_error: str | None = None) -> None:
        """Write state.json: the progress of the run.

        Raises:
            DiskError: `disk_failed`.
        """
        self._write(
            self.path / "state.json",
            {
                "status": status,
                "attempt": self._attempt,
                "elapsed_seconds": round(time.monotonic() - self._started, 3),
                "output": output,
                "last_error": redact(last_error) if last_error else None,
                "updated_at": format_time(datetime.now(timezone.utc)),
            },
        )

    def begin_attempt(self, number: int, request: Mapping[str, Any]) -> None:
        """Create the folder of an attempt, beside those of earlier ones, and write its request.json.

        A batch task has one folder for all its attempts, also of earlier runs, so the number may be taken.
        """
        self._attempt = number
        folders = (self.path / f"attempt-{free}" for free in itertools.count(number))
        self._folder = next(folder for folder in folders if not os.path.lexists(folder))
        make_own_folder(self._folder)
        self._write(self._folder / "request.json", request)
        self.state("running")

    def end_attempt(self, started: float, outcome: Delivered | SkillError, error: str | None = None) -> None:
        """Write the outcome of an attempt: result.json, the response without its image, and the error.

        `started` is on time.monotonic; `error` is the message of an outcome that is an error.
        """
        answer = outcome.document if isinstance(outcome, Delivered) else None
        result = {
            "ok": answer is not None,
            "code": None if isinstance(outcome, Delivered) else outcome.code,
            "http_status": wire.OK if isinstance(outcome, Delivered) else outcome.http_status,
            "provider_code": None if isinstance(outcome, Delivered) else outcome.provider_code,
            "request_id": outcome.request_id,
            "seconds": round(time.monotonic() - started, 3),
            "finished_at": format_time(datetime.now(timezone.utc)),
        }
        self._write(self._folder / "result.json", redact_values(result))  # an id or a code may repeat the key
        said = json.dumps(answer, ensure_ascii=False, default=lambda _: None) if answer else ""  # no long strings
        self._write_text(self._folder / "stdout.txt", said)
        self._write_text(self._folder / "stderr.txt", error or "")
        if error:
            self.state("running", last_error=error)

    def finish(self, document: Mapping[str, Any]) -> None:
        """Write the end of the run: state.json, and result.json, which is the result document."""
        error = document["error"]
        self._attempt = document["attempts"]
        self._started = time.monotonic() - document["elapsed_seconds"]
        self.state(document["status"], output=document.get("output"), last_error=error and error["message"])
        text = to_json_line(dict(document), ascii_only=False) + "\n"
        with disk_errors(self.path):
            write_atomically(self.path / "result.json", text.encode())

    def note(self, name: str, content: str | Mapping[str, Any]) -> None:
        """Write another document, as text or JSON."""
        if isinstance(content, str):
            self._write_text(self.path / name, content)
        else:
            self._write(self.path / name, content)

    def spool(self) -> BinaryIO:
        """Open an empty file for the service's response, readable only by this user."""
        return open(self.answer, "w+b", opener=lambda _path, _flags: create_anew(self.answer))

    def messages(self, mode: Literal["w", "a"]) -> TextIO:
        """Open stderr.txt for the messages of the run, readable only by this user."""
        path = self.path / "stderr.txt"
        with disk_errors(path):
            descriptor = open_to_append(path) if mode == "a" else create_anew(path)
        return os.fdopen(descriptor, mode, encoding="utf-8", errors="backslashreplace")

    def keep_answer(self) -> Path:
        """Rename a response without an image so that the next one does not replace it; return its path."""
        names = (self.path / f"answer-{number}.json" for number in itertools.count(1))
        target = next(path for path in names if not path.exists())
        with disk_errors(target), contextlib.suppress(FileNotFoundError):
            self.answer.replace(target)
        return target

    def drop_answer(self) -> None:
        """Remove the spooled response once its image is saved."""
        with contextlib.suppress(OSError):
            self.answer.unlink()

    @staticmethod
    def _write(path: Path, document: Mapping[str, Any]) -> None:
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        with disk_errors(path):
            write_atomically(path, text.encode("utf-8", "backslashreplace"), durable=False)

    @staticmethod
    def _write_text(path: Path, text: str) -> None:
        content = (redact(text) + "\n" if text else "").encode("utf-8", "backslashreplace")
        with disk_errors(path):
            write_atomically(path, content, durable=False)
