"""What the process of a task runs: run.py with its request, which it reads the prompt of on stdin."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai_images.request import ImageRequest
    from shared.cli.context import CommandContext

PASSED_ON = ("timeout_ms", "max_attempts", "retry_base_delay", "retry_max_delay", "retry_jitter", "on_unknown")
HEADSTART = 2.0  # seconds by which a task gives up before the queue would end it


def own_seconds(seconds: float) -> float:
    """Return after how many seconds a task ends by itself, which the queue ends after `seconds`."""
    return max(1.0, seconds - HEADSTART)


@dataclass(frozen=True)
class Commands:
    """What all tasks of a run have in common."""

    run: CommandContext
    provider: str
    folder: Path
    seconds: float
    settings: Mapping[str, Any]
    new: bool

    def argv(self, request: ImageRequest, row: Mapping[str, Any], attempts: Mapping[str, Any]) -> list[str]:
        """Return the command of a task; it ends by itself before the queue would end it."""
        launcher = Path(self.run.launcher).with_name(self.run.skill.main_launcher)
        options = {
            "--lang": self.run.catalog.language,
            "--prompt-file": "-",
            "--result-file": row["result_json"],
            "--task-name": row["task_name"],
            "--variant": row["variant"],
            "--output-dir": self.folder,
            "--provider": self.provider,
            "--model": request.model,
            "--size": request.size,
            "--timeout": f"{own_seconds(self.seconds):g}",
        }
        for name in PASSED_ON:
            value = attempts.get(name, self.settings.get(name))
            if value is not None:
                options[f"--{name.replace('_', '-')}"] = value
        argv = [sys.executable, *["-I"] * bool(sys.flags.isolated), str(launcher), "--json"]
        argv += [str(word) for option in options.items() for word in option]
        argv += [word for reference in request.references for word in ("--input-image", str(reference.path))]
        return argv + ["--raw"] * bool(attempts["raw"]) + ["--new"] * self.new
