"""The process of mock_sleep and mock_command, which creates no image, for tests of the queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import openai_images
import shared
from openai_images.parent_watch import watch


def mock_argv(task_id: str, *, seconds: float | None, command: list[str] | None) -> list[str]:
    """Return the command of a mock task."""
    start = "import sys; sys.dont_write_bytecode = True; sys.path[:0] = sys.argv[2:]; "
    start += "from openai_images.queue.mock_task import main; sys.exit(main(sys.argv[1]))"
    folders = [str(Path(module.__file__ or "").resolve().parent.parent) for module in (openai_images, shared)]
    task = json.dumps({"task_id": task_id, "seconds": seconds, "command": command})
    return [sys.executable, "-I", "-c", start, task, *folders]


def main(text: str) -> int:
    """Sleep, or run the command in this process's group; print a result that is marked as a mock."""
    watch(_end_group)
    task = json.loads(text)
    if task["command"] is not None:
        return subprocess.call(task["command"], stdin=subprocess.DEVNULL)
    time.sleep(task["seconds"])
    print(json.dumps({"ok": True, "mock": True, "task_id": task["task_id"], "slept_seconds": task["seconds"]}))  # noqa: T201  - the result of a process
    return 0


def _end_group() -> None:
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
