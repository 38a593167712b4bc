"""Reads the tasks of a batch or a queue: a JSON document in a file, on stdin or as the argument."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from openai_images.cli.options import image_options, model_name, reference_list
from openai_images.request import (
    DEFAULT_SIZE,
    NUMBERS,
    OPTIONS,
    ImageRequest,
    check_parameters,
    image_request,
    task_name,
)
from shared.cli.app import MAX_VARIANT_LENGTH
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shared.cli.context import CommandContext

MAX_FILE_BYTES = 32 << 20  # bytes
MAX_KEY_LENGTH = 100  # characters of a task_key
SINGLE_REFERENCES = ("input_image", "image", "reference_image")
TEXTS = (
    *("task_name", "task_key", "prompt", "size", "model", "provider", "batch_name"),
    *(name for name in OPTIONS if name not in NUMBERS),
)
FLAGS = ("raw", "no_send", "send_to_feishu")
ATTEMPT_FIELDS = ("timeout_ms", "max_attempts")
TASK_FIELDS: Final = frozenset(
    (
        *("task_name", "task_key", "prompt", "size", "model", "images", "mask"),
        *(*OPTIONS, *FLAGS, *ATTEMPT_FIELDS, *SINGLE_REFERENCES),
    )
)

QUEUE_FIELDS = frozenset(
    [
        "batch_name",
        "max_workers",
        "task_timeout_seconds",
        "max_queue_size",
        "timeout_ms",
        "max_attempts",
        "provider",
        "model",
        "size",
        "send_to_feishu",
        *OPTIONS,
    ]
)
"""The fields of a document with tasks for the queue, besides `tasks`; a fleet takes the same."""


@dataclass(frozen=True)
class TaskFile:
    """A document with tasks, and the name of its source."""

    document: dict[str, Any]
    name: str

    @property
    def tasks(self) -> list[Any]:
        """The tasks as written in the document."""
        tasks: list[Any] = self.document["tasks"]
        return tasks


def read_tasks(argument: str, *, fields: Collection[str], maximum: int) -> TaskFile:
    """Return the document of `@file`, `-` (stdin) or JSON text; its tasks are not checked yet.

    Raises:
        BadInput: it cannot be read.
        BadInput: it is not a JSON object with 1 to `maximum` tasks.
        BadInput: it has an unknown field.
    """
    content, name = _content(argument)
    document = _parsed(argument, content)
    if not isinstance(document, dict):
        raise _malformed(argument, "tasks_no_object")
    tasks = document.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise _malformed(argument, "tasks_missing")
    if len(tasks) > maximum:
        raise BadInput("tasks_too_many", most=maximum, got=len(tasks))
    unknown = sorted(document.keys() - fields - {"tasks"})
    if unknown:
        raise BadInput("field_unknown", where=MessageRef("the_document"), got=short_repr(", ".join(unknown)))
    for field in ("batch_name", "provider", "model", "size"):
        if not isinstance(document.get(field, ""), str):
            raise BadInput("field_type", field=field, expected=MessageRef("a_text"))
    return TaskFile(document, name)


def _parsed(argument: str, content: bytes) -> Any:
    try:
        hook = functools.partial(_without_duplicates, argument)
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=hook)
    except UnicodeDecodeError:
        raise _malformed(argument, "tasks_not_utf8") from None
    except json.JSONDecodeError as error:
        raise BadInput("tasks_not_json", got=short_repr(argument), line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise _malformed(argument, "tasks_too_odd") from None


def _content(argument: str) -> tuple[bytes, str]:
    if argument.lstrip().startswith(("{", "[")):
        return argument.encode("utf-8", "surrogateescape"), ""
    if argument == "-":
        if sys.stdin is None:
            raise _malformed(argument, "stdin_closed")
        return _bounded(argument, sys.stdin.buffer.read(MAX_FILE_BYTES + 1)), ""
    if not argument.startswith("@"):
        raise _malformed(argument, "tasks_no_source")
    try:
        path = Path(argument[1:]).expanduser()
        if path.exists() and not path.is_file():
            raise _malformed(argument, "not_regular_file")
        with path.open("rb") as file:
            return _bounded(argument, file.read(MAX_FILE_BYTES + 1)), path.stem
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or MessageRef("reference_no_name")
        raise BadInput("tasks_unreadable", got=short_repr(argument), reason=reason) from error


def _bounded(argument: str, content: bytes) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise _malformed(argument, "tasks_too_large")
    return content


def _malformed(argument: str, reason: str) -> BadInput:
    return BadInput("tasks_malformed", got=short_repr(argument), reason=MessageRef(reason))


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _without_duplicates(argument: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise BadInput("field_twice", got=short_repr(argument), field=short_repr(name))
    return document


def warn_no_delivery(file: TaskFile, context: CommandContext) -> None:
    """Warn that nothing is delivered if a document, or a task in it, requests delivery."""
    if any(isinstance(item, dict) and item.get("send_to_feishu") for item in (file.document, *file.tasks)):
        context.reporter.always("no_delivery")


def check_fields(task: Any, fields: Collection[str]) -> dict[str, Any]:
    """Return a task, or a whole document, after checking the names and types of its fields.

    Raises:
        BadInput: names the field.
    """
    if not isinstance(task, dict):
        raise BadInput("task_no_object", got=short_repr(json.dumps(task)[:100]))
    unknown = sorted(task.keys() - fields)
    if unknown:
        raise BadInput("field_unknown", where=MessageRef("the_task"), got=short_repr(", ".join(unknown)))
    for name in (*TEXTS, *SINGLE_REFERENCES, "mask"):
        if not isinstance(task.get(name, ""), str):
            raise BadInput("field_type", field=name, expected=MessageRef("a_text"))
    for name in FLAGS:
        if not isinstance(task.get(name, False), bool):
            raise BadInput("field_type", field=name, expected=MessageRef("true_or_false"))
    return task


def attempt_settings(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a task that are about its attempts."""
    return {name: task[name] for name in ATTEMPT_FIELDS if name in task}


def uses_default_model(tasks: Collection[Any]) -> bool:
    """Return whether any task relies on the default model."""
    return any(isinstance(task, dict) and "model" not in task for task in tasks)


def check_defaults(settings: Mapping[str, Any]) -> None:
    """Check the default model, size and options; how they go together is checked with each task.

    Raises:
        BadInput: names the flag.
    """
    size = settings.get("size")
    check_parameters(
        model_name(settings.get("model")), DEFAULT_SIZE if size is None else size, image_options(settings)
    )


def task_request(task: Mapping[str, Any], defaults: Mapping[str, Any]) -> ImageRequest:
    """Return the request of a checked task; its missing model, size and options come from `defaults`.

    Raises:
        BadInput: names the field.
    """
    references = [(name, task[name]) for name in SINGLE_REFERENCES if name in task]
    if "images" in task:
        references += [("images", path) for path in reference_list("images", task["images"])]
    return image_request(
        prompt=_prompt(task),
        model=model_name(task.get("model", defaults.get("model"))),
        size=task.get("size") or defaults.get("size") or DEFAULT_SIZE,
        references=references,
        options={**image_options(defaults), **image_options(task)},
        mask=("mask", task["mask"]) if "mask" in task else None,
    )


def _prompt(task: Mapping[str, Any]) -> str:
    try:
        return read_prompt(task.get("prompt", ""), None)
    except BadInput as error:
        error.facts["flag"] = "prompt"
        raise


def task_key(task: Mapping[str, Any]) -> str | None:
    """Return the task_key in Unicode's composed form (NFC), None if the task has none.

    Raises:
        BadInput: `task_key_invalid`.
    """
    return task_name("task_key", task["task_key"]) if "task_key" in task else None


def default_key(request: ImageRequest, counts: Counter[str]) -> str:
    """Return the key of a task without a task_key: a digest of its request, and a number among equal requests.

    `counts` counts the requests, row by row. The row's index would not do: it shifts when a row is inserted or
    removed, and all following tasks would be paid again.
    """
    references = [reference.sha256 for reference in request.references]
    identity: list[Any] = [request.prompt, request.model, request.size, references]
    if len(request.parameters) > 1:  # a request without options keeps the key that it always had
        identity.append({name: value for name, value in request.parameters.items() if name != "size"})
    text = json.dumps(identity, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    counts[digest] += 1
    return f"{digest}-{counts[digest]}"


def row_variant(base: str, file: TaskFile, key: str) -> str:
    """Return the variant that separates the tasks of a file, so that each is paid once however often it is run.

    `base` is the variant of the whole command, `key` the task_key or default_key (docs/money.md, section 4).
    """
    name = str(file.document.get("batch_name") or file.name)
    text = "/".join(part for part in (base, name, key) if part)
    text = "".join(char if char.isprintable() else "?" for char in text)
    if len(text) <= MAX_VARIANT_LENGTH:
        return text
    return f"{text[:150]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
