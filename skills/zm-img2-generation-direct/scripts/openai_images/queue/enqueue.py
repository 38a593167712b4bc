"""Enqueues tasks: decides which are accepted, rejected or skipped, and what each runs."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images import task_file
from openai_images.cli.options import (
    model_name,
    note_other_models,
    number,
    provider_name,
    reference_list,
    retry_policy,
    set_proof,
)
from openai_images.config.provider import find_provider
from openai_images.journal_entry import new_entry
from openai_images.queue.mock_task import mock_argv
from openai_images.queue.runner import Job, reject
from openai_images.queue.store import now
from openai_images.queue.task_command import TaskCommands
from openai_images.request import DEFAULT_NAME, DEFAULT_SIZE, image_request, task_name
from openai_images.task_file import TaskFile
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput, SkillError
from shared.files import write_atomically
from shared.i18n.messages import MessageRef
from shared.openclaw.folders import output_folder, state_folders

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.queue.rows import Row
    from openai_images.queue.store import QueueStore
    from openai_images.request import ImageRequest
    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry

MAX_TASKS = 1000
MAX_WORKERS = 4
DEFAULT_SECONDS, DEFAULT_WAITING, DEFAULT_GRACE = 600.0, 100, 10.0
MOCKS = ("mock_sleep", "mock_command")
ALLOW_COMMANDS = "IMAGE_QUEUE_ALLOW_MOCK_COMMAND"
"""Environment variable: `1` lets tests of the queue run their own command."""


class Enqueuer:
    """The checked arguments of a `run`; creates a job for each accepted task."""

    def __init__(
        self, context: CommandContext, options: Options, tasks: str | None, params: dict[str, Any]
    ) -> None:
        self._context = context
        self._options = options
        self._file = _file(tasks, params)
        self.total = len(self._file.tasks)
        document = task_file.check_fields(self._file.document, task_file.QUEUE_FIELDS | {"tasks"})
        task_file.warn_no_delivery(self._file, context)
        self._settings = {**document, **{name: value for name, value in params.items() if value is not None}}
        prompts = " ".join(str(task.get("prompt")) for task in self._file.tasks if isinstance(task, dict))
        context.set_language(prompts, options.lang)
        task_file.check_defaults(self._settings)
        retry_policy(self._settings)
        requested = int(
            number("--max-workers", self._settings.get("max_workers"), 1, 1000, whole=True) or MAX_WORKERS
        )
        self.workers = min(requested, MAX_WORKERS)
        if requested > MAX_WORKERS:
            context.reporter.always("workers_capped", asked=requested, most=MAX_WORKERS)
        seconds = number("--task-timeout-seconds", self._settings.get("task_timeout_seconds"), 0.1, 86400)
        self.seconds = seconds or options.seconds() or DEFAULT_SECONDS
        waiting = number("--max-queue-size", self._settings.get("max_queue_size"), 0, MAX_TASKS, whole=True)
        self._capacity = self.workers + int(DEFAULT_WAITING if waiting is None else waiting)
        grace = number("--grace-seconds", self._settings.get("grace_seconds"), 0, 600)
        self.grace = DEFAULT_GRACE if grace is None else grace
        state = state_folders()[0]
        folder = output_folder(options.output_dir, state, default=state / "generated-images")
        self._provider_name = provider_name(self._settings.get("provider"))
        self._commands = TaskCommands(
            context, self._provider_name, folder, self.seconds, self._settings, options.new
        )
        context.note(provider=self._provider_name)
        paid_tasks = [
            task
            for task in self._file.tasks
            if isinstance(task, dict) and "prompt" in task and not set(MOCKS) & task.keys()
        ]
        self.provider_config = find_provider(self._provider_name) if paid_tasks else None
        if self.provider_config and task_file.uses_default_model(paid_tasks):
            self.provider_config.check_model(model_name(self._settings.get("model")))
        self.task_ids: list[str] = []
        self._key_counts: Counter[str] = Counter()

    def jobs(self, store: QueueStore) -> list[Job]:
        """Create the folder of every task and return the jobs of the accepted ones."""
        jobs: list[Job] = []
        keys: set[str] = set()
        for index, definition in enumerate(self._file.tasks, 1):
            row = self._row(store, index, definition)
            self.task_ids.append(row["task_id"])
            say = self._context.catalog.format
            try:
                job = self._job(row, definition)
            except SkillError as error:
                reject(store, row, "rejected", say(error.code, **error.facts))
                continue
            if row["task_key"] in keys:
                reject(store, row, "skipped", say("queue_duplicate", key=row["task_key"]))
            elif len(jobs) >= self._capacity:
                reject(store, row, "rejected", say("queue_full", most=self._capacity))
            else:
                keys |= {row["task_key"]} - {None}
                store.add(row)
                store_command(store, job)
                jobs.append(job)
        models = [job.row["model"] for job in jobs if not job.row["mock"]]
        set_proof(self._context, self._provider_name, models)
        note_other_models(self._context, models)
        if any(job.row["mock"] for job in jobs):
            self._context.note_own(
                proof={
                    "acceptable": False,
                    "reason": self._context.catalog.format("queue_mocks"),
                }
            )
        return jobs

    def plan(self, folder: Path) -> tuple[dict[str, Any], list[Entry]]:
        """Return what a run would do, and the journal entries that its paid tasks would have."""
        rows, drafts = [], []
        for index, definition in enumerate(self._file.tasks, 1):
            task = self._checked(definition)
            request = None if set(MOCKS) & task.keys() else self._request(task)
            rows.append({"index": index, "task_key": task.get("task_key"), "mode": request and request.mode})
            if request and self.provider_config:
                variant = self._variant(task_file.task_key(task), request)
                drafts.append(new_entry(request, self.provider_config, variant=variant, folder=folder))
        plan = {
            "state_dir": str(folder),
            "output_dir": str(self._commands.folder),
            "workers": self.workers,
            "tasks": rows,
        }
        return plan, drafts

    def _variant(self, key: str | None, request: ImageRequest) -> str:
        key = key or task_file.default_key(request, self._key_counts)
        return task_file.row_variant(self._options.variant, self._file, key)

    def _row(self, store: QueueStore, index: int, definition: Any) -> Row:
        """Return the row of a new task; its name is checked later."""
        task_id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{index:04d}-{secrets.token_hex(3)}"
        folder = store.task_folder(task_id)
        fields = definition if isinstance(definition, dict) else {}
        key, name = fields.get("task_key"), fields.get("task_name")
        mock = bool(set(MOCKS) & fields.keys())
        blank = dict.fromkeys(("worker_id", "thread_id", "pid", "exit_code", "started_at", "finished_at", "error"))
        return {
            "task_id": task_id,
            "task_key": key if isinstance(key, str) else None,
            "task_name": name if isinstance(name, str) else DEFAULT_NAME,
            "status": "queued",
            **blank,
            "mock": mock,
            "variant": "",
            "provider": None if mock else self._provider_name,
            "model": None,
            "mode": None,
            "stdout": str(folder / "stdout.txt"),
            "stderr": str(folder / "stderr.txt"),
            "result_json": str(folder / "result.json"),
            "created_at": now(),
        }

    def _checked(self, definition: Any) -> dict[str, Any]:
        return task_file.check_fields(definition, task_file.TASK_FIELDS | frozenset(MOCKS))

    def _request(self, task: dict[str, Any]) -> ImageRequest:
        request = task_file.task_request(task, self._settings)
        if self.provider_config:
            self.provider_config.check_model(request.model)
        return request

    def _job(self, row: Row, definition: Any) -> Job:
        """Return the job of a task.

        Raises:
            SkillError: the task is invalid.
        """
        task = self._checked(definition)
        row["task_key"] = task_file.task_key(task)
        row["task_name"] = task_name("task_name", task.get("task_name", DEFAULT_NAME))
        if row["mock"]:
            return Job(row, _mock(row["task_id"], task))
        request = self._request(task)
        row["variant"] = self._variant(row["task_key"], request)
        row["model"], row["mode"] = request.model, request.mode
        attempts = task_file.attempt_settings(task)
        retry_policy({**self._settings, **attempts})
        attempts["raw"] = task.get("raw") or self._settings.get("raw")
        prompt = f"{request.prompt}\n".encode("utf-8-sig")  # run.py removes one byte order mark and one line break
        return Job(row, self._commands.argv(request, row, attempts), prompt)


def store_command(store: QueueStore, job: Job) -> None:
    """Write command.json: the command without the prompt, which is read from stdin."""
    text = json.dumps({"argv": list(job.argv), "mock": job.row["mock"]}, ensure_ascii=False, indent=1)
    path = store.task_folder(job.row["task_id"]) / "command.json"
    write_atomically(path, text.encode(), durable=False)


def _file(tasks: str | None, params: dict[str, Any]) -> TaskFile:
    """Return the tasks of the argument, or the single task that the flags describe.

    Raises:
        BadInput: names the flag; an invalid task in a file is rejected later, on its own.
    """
    flags = {
        name: params.pop(name)
        for name in ("prompt", "prompt_file", "task_name", "task_key", "inputs", "images", "mask")
    }
    single = [name for name, value in flags.items() if value]
    if tasks is not None:
        if single:
            flag = f"--{single[0].replace('_', '-')}".replace("--inputs", "--input-image")
            raise BadInput("option_goes_with", flag=flag, other="@FILE")
        return task_file.read_tasks(tasks, fields=task_file.QUEUE_FIELDS, maximum=MAX_TASKS)
    task: dict[str, Any] = {"prompt": read_prompt(flags["prompt"], flags["prompt_file"])}
    for name in ("task_name", "task_key"):
        if flags[name] is not None:
            task[name] = task_name(f"--{name.replace('_', '-')}", flags[name])
    references = [("--input-image", path) for path in flags["inputs"]]
    if flags["images"] is not None:
        references += [("--images", path) for path in reference_list("--images", flags["images"])]
    mask = None if flags["mask"] is None else ("--mask", str(flags["mask"]))
    if references:
        task["images"] = [path for _, path in references]
    if mask:
        task["mask"] = mask[1]
    if references or mask:
        model = model_name(params["model"])
        image_request(prompt="", model=model, size=DEFAULT_SIZE, references=references, mask=mask)
    return TaskFile({"tasks": [task]}, "single")


def _mock(task_id: str, task: dict[str, Any]) -> list[str]:
    """Return the command of a task that creates no image."""
    command = task.get("mock_command")
    if command is None:
        sleep = task.get("mock_sleep")
        seconds = number("mock_sleep", "null" if sleep is None else sleep, 0, 86400)
        return mock_argv(task_id, seconds=seconds, command=None)
    if os.environ.get(ALLOW_COMMANDS) != "1":
        raise BadInput("mock_command_refused", variable=ALLOW_COMMANDS)
    if not (isinstance(command, list) and command and all(isinstance(word, str) for word in command)):
        raise BadInput("field_type", field="mock_command", expected=MessageRef("a_list_of_words"))
    return mock_argv(task_id, seconds=None, command=command)
