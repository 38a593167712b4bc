"""What the process of a task runs: run.py with its request, or going on with what was made of it before."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.draft import draft_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai_images.provider import Provider
    from openai_images.request import ImageRequest
    from shared.journal import Journal
    from shared.run import Run

PASSED_ON = ("timeout_ms", "max_attempts", "retry_base_delay", "retry_max_delay", "retry_jitter", "on_unknown")
HEADSTART = 2.0  # seconds by which a task gives up before the queue would end it


def made_before(journal: Journal) -> dict[str, str]:
    """Return the tasks that the journal knows as made, by their fingerprints."""
    newest = {}
    for _, entry in sorted(journal.entries(), key=lambda found: found[1].sequence):
        if entry.state not in {"prepared", "refused", "unreachable"}:
            newest[entry.fingerprint] = entry
    return {print_: entry.local_id for print_, entry in newest.items() if entry.state == "succeeded"}


@dataclass(frozen=True)
class Commands:
    """What all tasks of a run have in common; `made` is empty where all are to be made anew."""

    run: Run
    provider: Provider
    folder: Path
    seconds: float
    settings: Mapping[str, Any]
    made: Mapping[str, str]
    new: bool

    def argv(self, request: ImageRequest, row: Mapping[str, Any], attempts: Mapping[str, Any]) -> list[str]:
        """Return the run.py of a task, which reads the prompt on stdin and ends before the queue would end it."""
        launcher = Path(self.run.launcher).with_name(self.run.skill.main_launcher)
        argv = [sys.executable, str(launcher), "--json", "--lang", self.run.catalogue.language]
        argv += ["--result-file", row["result_json"], "--task-name", row["task_name"]]
        argv += ["--output-dir", str(self.folder), "--provider", self.provider.name]
        argv += ["--timeout", f"{max(1.0, self.seconds - HEADSTART):g}", *["--raw"] * bool(attempts["raw"])]
        draft = draft_of(request, self.provider, variant=row["variant"], folder=self.folder)
        if draft.fingerprint in self.made:
            return [*argv, "--resume", self.made[draft.fingerprint]]
        argv += [
            "--prompt-file",
            "-",
            "--variant",
            row["variant"],
            "--model",
            request.model,
            "--size",
            request.size,
        ]
        for reference in request.references:
            argv += ["--input-image", str(reference.path)]
        for name in PASSED_ON:
            value = attempts.get(name, self.settings.get(name))
            if value is not None:
                argv += [f"--{name.replace('_', '-')}", str(value)]
        return argv + ["--new"] * self.new
