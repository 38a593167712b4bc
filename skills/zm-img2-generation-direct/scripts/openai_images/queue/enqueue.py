"""Takes tasks into the queue: which are accepted, which rejected or skipped, and what each runs."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openai_images import task_file
from openai_images.cli.options import model_name, number, policy, provider_name, reference_list, tell_proof
from openai_images.config.provider import find_provider
from openai_images.queue.mock_task import mock_argv
from openai_images.queue.runner import Job, reject
from openai_images.queue.store import now
from openai_images.queue.task_command import Commands
from openai_images.request import DEFAULT_MODEL, DEFAULT_NAME, DEFAULT_SIZE, image_request, task_name
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

MOST_TASKS = 1000
MOST_WORKERS = 4
DEFAULT_SECONDS, DEFAULT_WAITING, DEFAULT_GRACE = 600.0, 100, 10.0
MOCKS = ("mock_sleep", "mock_command")
ALLOW_COMMANDS = "IMAGE_QUEUE_ALLOW_MOCK_COMMAND"
"""Set to 1, it lets tests of the queue run a command of their own."""
FIELDS = frozenset(
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
    ]
)


class Intake:
    """What a `run` was told, checked; then one job for each task that is accepted."""

    def __init__(self, run: CommandContext, options: Options, tasks: str | None, given: dict[str, Any]) -> None:
        self._run = run
        self._options = options
        self._file = _file(tasks, given)
        self.total = len(self._file.tasks)
        document = task_file.check_fields(self._file.document, FIELDS | {"tasks"})
        task_file.tell_of_delivery(self._file, run)
        self._settings = {**document, **{name: value for name, value in given.items() if value is not None}}
        prompts = " ".join(str(task.get("prompt")) for task in self._file.tasks if isinstance(task, dict))
        run.set_language(prompts, options.lang)
        task_file.check_defaults(self._settings)
        policy(self._settings)
        asked = int(
            number("--max-workers", self._settings.get("max_workers"), 1, 1000, whole=True) or MOST_WORKERS
        )
        self.workers = min(asked, MOST_WORKERS)
        if asked > MOST_WORKERS:
            run.reporter.always("workers_capped", asked=asked, most=MOST_WORKERS)
        seconds = number("--task-timeout-seconds", self._settings.get("task_timeout_seconds"), 0.1, 86400)
        self.seconds = seconds or options.seconds() or DEFAULT_SECONDS
        waiting = number("--max-queue-size", self._settings.get("max_queue_size"), 0, MOST_TASKS, whole=True)
        self._capacity = self.workers + int(DEFAULT_WAITING if waiting is None else waiting)
        grace = number("--grace-seconds", self._settings.get("grace_seconds"), 0, 600)
        self.grace = DEFAULT_GRACE if grace is None else grace
        state = state_folders()[0]
        folder = output_folder(options.output_dir, state, default=state / "generated-images")
        self._provider = provider_name(self._settings.get("provider"))
        self._commands = Commands(run, self._provider, folder, self.seconds, self._settings, options.new)
        run.result.provider = self._provider
        real = [
            task
            for task in self._file.tasks
            if isinstance(task, dict) and "prompt" in task and not set(MOCKS) & task.keys()
        ]
        self._found = find_provider(self._provider) if real else None
        if self._found and task_file.some_take_the_default(real):
            self._found.check_model(model_name(self._settings.get("model")))
        self.task_ids: list[str] = []
        self._seen: Counter[str] = Counter()

    def jobs(self, store: QueueStore) -> list[Job]:
        """Give every task its folder and return the jobs of those that are accepted."""
        jobs: list[Job] = []
        keys: set[str] = set()
        for index, given in enumerate(self._file.tasks, 1):
            row = self._row(store, index, given)
            self.task_ids.append(row["task_id"])
            say = self._run.catalog.format
            try:
                job = self._job(row, given)
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
        tell_proof(self._run, self._provider, models)
        if any(job.row["mock"] for job in jobs):
            self._run.result.extra["proof"] = {
                "acceptable": False,
                "reason": self._run.catalog.format("queue_mocks"),
            }
        return jobs

    def plan(self, folder: Path) -> dict[str, Any]:
        """Return what would be run."""
        rows = []
        for index, given in enumerate(self._file.tasks, 1):
            task = self._checked(given)
            request = None if set(MOCKS) & task.keys() else self._request(task)
            rows.append({"index": index, "task_key": task.get("task_key"), "mode": request and request.mode})
        return {
            "state_dir": str(folder),
            "output_dir": str(self._commands.folder),
            "workers": self.workers,
            "tasks": rows,
        }

    def _row(self, store: QueueStore, index: int, given: Any) -> Row:
        """Return a new task's row; what it is called is checked later."""
        task_id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{index:04d}-{secrets.token_hex(3)}"
        folder = store.task_folder(task_id)
        told = given if isinstance(given, dict) else {}
        key, name = told.get("task_key"), told.get("task_name")
        blank = dict.fromkeys(("worker_id", "thread_id", "pid", "exit_code", "started_at", "finished_at", "error"))
        return {
            "task_id": task_id,
            "task_key": key if isinstance(key, str) else None,
            "task_name": name if isinstance(name, str) else DEFAULT_NAME,
            "status": "queued",
            **blank,
            "mock": bool(set(MOCKS) & told.keys()),
            "variant": "",
            "model": None,
            "stdout": str(folder / "stdout.txt"),
            "stderr": str(folder / "stderr.txt"),
            "result_json": str(folder / "result.json"),
            "created_at": now(),
        }

    def _checked(self, given: Any) -> dict[str, Any]:
        return task_file.check_fields(given, task_file.TASK_FIELDS | frozenset(MOCKS))

    def _request(self, task: dict[str, Any]) -> ImageRequest:
        request = task_file.task_request(task, self._settings)
        if self._found:
            self._found.check_model(request.model)
        return request

    def _job(self, row: Row, given: Any) -> Job:
        """Return what a task runs; raises what is wrong with it."""
        task = self._checked(given)
        row["task_key"] = task_file.task_key(task)
        row["task_name"] = task_name("task_name", task.get("task_name", DEFAULT_NAME))
        if row["mock"]:
            return Job(row, _mock(row["task_id"], task))
        request = self._request(task)
        key = row["task_key"] or task_file.own_key(request, self._seen)
        row["variant"] = task_file.row_variant(self._options.variant, self._file, key)
        row["model"], row["mode"] = request.model, request.mode
        attempts: dict[str, Any] = {name: task[name] for name in ("timeout_ms", "max_attempts") if name in task}
        policy({**self._settings, **attempts})
        attempts["raw"] = task.get("raw") or self._settings.get("raw")
        prompt = request.prompt.encode("utf-8-sig")  # run.py takes one mark away, and it may be the prompt's own
        return Job(row, self._commands.argv(request, row, attempts), prompt)


def store_command(store: QueueStore, job: Job) -> None:
    """Write command.json: what runs, without the prompt, which it reads on stdin."""
    text = json.dumps({"argv": list(job.argv), "mock": job.row["mock"]}, ensure_ascii=False, indent=1)
    path = store.task_folder(job.row["task_id"]) / "command.json"
    write_atomically(path, text.encode(), durable=False)


def _file(tasks: str | None, given: dict[str, Any]) -> TaskFile:
    """Return the tasks of the argument, or the single one that the flags describe.

    Raises:
        BadInput: naming the flag; what is wrong with a task in a file is that task's own affair.
    """
    flags = {
        name: given.pop(name) for name in ("prompt", "prompt_file", "task_name", "task_key", "inputs", "images")
    }
    single = [name for name, value in flags.items() if value]
    if tasks is not None:
        if single:
            flag = f"--{single[0].replace('_', '-')}".replace("--inputs", "--input-image")
            raise BadInput("option_goes_with", flag=flag, other="@FILE")
        return task_file.read_tasks(tasks, fields=FIELDS, most=MOST_TASKS)
    task: dict[str, Any] = {"prompt": read_prompt(flags["prompt"], flags["prompt_file"])}
    for name in ("task_name", "task_key"):
        if flags[name] is not None:
            task[name] = task_name(f"--{name.replace('_', '-')}", flags[name])
    references = [("--input-image", path) for path in flags["inputs"]]
    if flags["images"] is not None:
        references += [("--images", path) for path in reference_list("--images", flags["images"])]
    if references:
        task["images"] = [path for _, path in references]
        image_request(prompt="", model=DEFAULT_MODEL, size=DEFAULT_SIZE, references=references)
    return TaskFile({"tasks": [task]}, "single")


def _mock(task_id: str, task: dict[str, Any]) -> list[str]:
    """Return the command of a task that makes no picture."""
    command = task.get("mock_command")
    if command is None:
        given = task.get("mock_sleep")
        seconds = number("mock_sleep", "null" if given is None else given, 0, 86400)
        return mock_argv(task_id, seconds=seconds, command=None)
    if os.environ.get(ALLOW_COMMANDS) != "1":
        raise BadInput("mock_command_refused", variable=ALLOW_COMMANDS)
    if not (isinstance(command, list) and command and all(isinstance(word, str) for word in command)):
        raise BadInput("field_type", field="mock_command", expected=MessageRef("a_list_of_words"))
    return mock_argv(task_id, seconds=None, command=command)
