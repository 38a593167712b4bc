"""Builds the command of a task's process: run.py with its request; the prompt goes to stdin."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.cli.next_command import Invocation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openai_images.request import ImageRequest
    from shared.cli.context import CommandContext
    from shared.cli.next_command import OptionValue

FORWARDED_OPTIONS = (
    "timeout_ms",
    "max_attempts",
    "retry_base_delay",
    "retry_max_delay",
    "retry_jitter",
    "on_unknown",
)
TIMEOUT_MARGIN = 2.0  # seconds by which a task gives up before the queue ends it


def child_seconds(seconds: float) -> float:
    """Return the timeout of a task's own process, shorter than the queue's timeout of `seconds`."""
    return max(1.0, seconds - TIMEOUT_MARGIN)


@dataclass(frozen=True)
class TaskCommands:
    """What the commands of all tasks of a run share."""

    context: CommandContext
    provider: str
    folder: Path
    seconds: float
    settings: Mapping[str, Any]
    new: bool

    def argv(self, request: ImageRequest, row: Mapping[str, Any], attempts: Mapping[str, Any]) -> list[str]:
        """Return the command of a task; its timeout is shorter than the queue's."""
        options: dict[str, OptionValue] = {
            "--json": True,
            "--lang": self.context.catalog.language,
            "--prompt-file": "-",
            "--result-file": str(row["result_json"]),
            "--task-name": str(row["task_name"]),
            "--variant": str(row["variant"]),
            "--output-dir": str(self.folder),
            "--provider": self.provider,
            **request.options(),
            "--timeout": f"{child_seconds(self.seconds):g}",
            "--raw": bool(attempts["raw"]),
            "--new": self.new,
            **self.context.chat_copy_option(),
        }
        for name in FORWARDED_OPTIONS:
            value = attempts.get(name, self.settings.get(name))
            if value is not None:
                options[f"--{name.replace('_', '-')}"] = str(value)
        command = Invocation(self.context.launcher_named(self.context.skill.main_launcher), options)
        return [sys.executable, *["-I"] * bool(sys.flags.isolated), *command.to_argv()[1:]]
