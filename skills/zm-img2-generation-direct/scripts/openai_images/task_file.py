"""Reads the tasks of a batch or a queue: a JSON document in a file, on stdin or in the argument itself."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from openai_images.cli.options import model_name, reference_list
from openai_images.request import DEFAULT_SIZE, ImageRequest, image_request, task_name
from shared.cli.app import MAX_VARIANT_LENGTH
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shared.cli.context import CommandContext

LARGEST_FILE = 32 << 20  # bytes
LONGEST_KEY = 100  # characters of a task_key
SINGLE_REFERENCES = ("input_image", "image", "reference_image")
TEXTS = ("task_name", "task_key", "prompt", "size", "model", "provider", "batch_name")
FLAGS = ("raw", "no_send", "send_to_feishu")
NUMBERS = ("timeout_ms", "max_attempts")
TASK_FIELDS: Final = frozenset(
    ("task_name", "task_key", "prompt", "size", "model", *FLAGS, *NUMBERS, *SINGLE_REFERENCES, "images")
)


@dataclass(frozen=True)
class TaskFile:
    """A document with tasks, and the name of where it came from."""

    document: dict[str, Any]
    name: str

    @property
    def tasks(self) -> list[Any]:
        """The tasks as they stand there."""
        tasks: list[Any] = self.document["tasks"]
        return tasks


def read_tasks(argument: str, *, fields: Collection[str], most: int) -> TaskFile:
    """Return the document that `@file`, `-` (stdin) or JSON text holds; its tasks are not looked into yet.

    Raises:
        BadInput: it cannot be read, is no JSON object with 1 to `most` tasks, or has an unknown field.
    """
    content, name = _content(argument)
    document = _parsed(argument, content)
    if not isinstance(document, dict):
        raise _malformed(argument, "tasks_no_object")
    tasks = document.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise _malformed(argument, "tasks_missing")
    if len(tasks) > most:
        raise BadInput("tasks_too_many", most=most, got=len(tasks))
    unknown = sorted(document.keys() - fields - {"tasks"})
    if unknown:
        raise BadInput("field_unknown", where=MessageRef("the_document"), got=short_repr(", ".join(unknown)))
    for field in ("batch_name", "provider", "model", "size"):
        if not isinstance(document.get(field, ""), str):
            raise BadInput("field_type", field=field, expected=MessageRef("a_text"))
    return TaskFile(document, name)


def _parsed(argument: str, content: bytes) -> Any:
    try:
        once = functools.partial(_without_duplicates, argument)
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=once)
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
        return _bounded(argument, sys.stdin.buffer.read(LARGEST_FILE + 1)), ""
    if not argument.startswith("@"):
        raise _malformed(argument, "tasks_no_source")
    try:
        path = Path(argument[1:]).expanduser()
        if path.exists() and not path.is_file():
            raise _malformed(argument, "not_regular_file")
        with path.open("rb") as file:
            return _bounded(argument, file.read(LARGEST_FILE + 1)), path.stem
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or MessageRef("reference_no_name")
        raise BadInput("tasks_unreadable", got=short_repr(argument), reason=reason) from error


def _bounded(argument: str, content: bytes) -> bytes:
    if len(content) > LARGEST_FILE:
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


def tell_of_delivery(file: TaskFile, run: CommandContext) -> None:
    """Say that nothing is delivered where a document, or a task in it, asks for that."""
    if any(isinstance(one, dict) and one.get("send_to_feishu") for one in (file.document, *file.tasks)):
        run.reporter.always("no_delivery")


def check_fields(task: Any, fields: Collection[str]) -> dict[str, Any]:
    """Return a task, or a whole document, whose fields are known and of their types.

    Raises:
        BadInput: naming the field.
    """
    if not isinstance(task, dict):
        raise BadInput("task_no_object", got=short_repr(json.dumps(task)[:100]))
    unknown = sorted(task.keys() - fields)
    if unknown:
        raise BadInput("field_unknown", where=MessageRef("the_task"), got=short_repr(", ".join(unknown)))
    for name in (*TEXTS, *SINGLE_REFERENCES):
        if not isinstance(task.get(name, ""), str):
            raise BadInput("field_type", field=name, expected=MessageRef("a_text"))
    for name in FLAGS:
        if not isinstance(task.get(name, False), bool):
            raise BadInput("field_type", field=name, expected=MessageRef("true_or_false"))
    return task


def some_take_the_default(tasks: Collection[Any]) -> bool:
    """Tell whether any task names no model of its own."""
    return any(isinstance(task, dict) and "model" not in task for task in tasks)


def check_defaults(settings: Mapping[str, Any]) -> None:
    """Check the model and the size that hold for every task which names none.

    Raises:
        BadInput: naming the flag.
    """
    size = settings.get("size")
    image_request(
        prompt="",
        model=model_name(settings.get("model")),
        size=DEFAULT_SIZE if size is None else size,
        references=(),
    )


def task_request(task: Mapping[str, Any], defaults: Mapping[str, str | None]) -> ImageRequest:
    """Return the request of a checked task; model and size that it does not name are the `defaults`.

    Raises:
        BadInput: naming the field.
    """
    references = [(name, task[name]) for name in SINGLE_REFERENCES if name in task]
    if "images" in task:
        references += [("images", path) for path in reference_list("images", task["images"])]
    return image_request(
        prompt=_prompt(task),
        model=model_name(task.get("model", defaults.get("model"))),
        size=task.get("size") or defaults.get("size") or DEFAULT_SIZE,
        references=references,
    )


def _prompt(task: Mapping[str, Any]) -> str:
    try:
        return read_prompt(task.get("prompt", ""), None)
    except BadInput as error:
        error.facts["flag"] = "prompt"
        raise


def task_key(task: Mapping[str, Any]) -> str | None:
    """Return the key that tells a task from its siblings, in Unicode's composed form; None without one.

    Raises:
        BadInput: `task_key_invalid`.
    """
    return task_name("task_key", task["task_key"]) if "task_key" in task else None


def own_key(request: ImageRequest, seen: Counter[str]) -> str:
    """Return what tells a row without a task_key from its siblings: what it asks for, and which of these it is.

    `seen` counts them, row by row. An index would shift with every row that is put in front of others or taken
    out, and all that follow would be paid again.
    """
    references = [reference.sha256 for reference in request.references]
    text = json.dumps([request.prompt, request.model, request.size, references])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    seen[digest] += 1
    return f"{digest}-{seen[digest]}"


def row_variant(base: str, file: TaskFile, key: str) -> str:
    """Return the variant that keeps the rows of a file apart, so that each is paid once however often it is run.

    `base` is the variant of the whole command, `key` the row's task_key or its own_key. docs/money.md, section 4.
    """
    name = str(file.document.get("batch_name") or file.name)
    text = "/".join(part for part in (base, name, key) if part)
    text = "".join(char if char.isprintable() else "?" for char in text)
    if len(text) <= MAX_VARIANT_LENGTH:
        return text
    return f"{text[:150]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
