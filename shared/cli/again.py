"""The command `tasks.py again ID`: the same request as a new paid task, by the command that made the first one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.cli.app import Options, common_options, run_command
from shared.cli.next_command import Invocation
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.journal.reader import JournalReader
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.cli.context import CommandContext, Skill
    from shared.journal.entry import Entry

_PROMPT_OPTIONS = ("--prompt", "--prompt-file")
HELP = """Pay for the request of task ID again, as a new task.

The price is shown first, and confirmed on a terminal, as by the command that made the task. Relative paths start
from the folder of that command. The journal has only the start of a long prompt: repeat it with --prompt-file.
"""


def again(skill: Skill, argv: Sequence[str], launcher: str, main: Callable[[Sequence[str], str], int]) -> int:
    """Run the skill's `main` command for the arguments of `again`, and return its exit code."""
    words: list[str] = []
    code = run_command(again_command(words), skill, argv, launcher)
    return main(words, str(Path(launcher).with_name(skill.main_launcher))) if words else code


def again_command(words: list[str]) -> click.Command:
    """Return the click command that puts the arguments of the skill's main command into `words`."""

    @click.command("again", help=HELP)
    @click.argument("identifier", metavar="ID")
    @click.option("--prompt", metavar="TEXT", help="The whole prompt of the task, if it is long.")
    @click.option("--prompt-file", metavar="FILE", help="Read that prompt from FILE; - reads stdin.")
    @common_options
    def _again(
        context: CommandContext, options: Options, identifier: str, prompt: str | None, prompt_file: str | None
    ) -> int:
        for flag, value in (("--resume", options.resume), ("--variant", options.variant or None)):
            if value is not None:
                raise BadInput("again_option", flag=flag)
        entry = _entry(context, identifier)
        whole = _prompt(entry, prompt, prompt_file)
        recorded: dict[str, Any] = entry.extra["command"]
        typed = context.invocation.without(_PROMPT_OPTIONS).options if context.invocation else {}
        request = {**recorded["options"], "--prompt": whole, "--new": True}
        _enter(recorded["folder"])
        words.extend(Invocation("", {**request, **typed}, subcommand=recorded["subcommand"]).to_argv()[2:])
        return 0

    return _again


def _entry(context: CommandContext, identifier: str) -> Entry:
    """Return the task that an id names, with its command.

    Raises:
        BadInput: `task_unknown`; `again_not_recorded`; `again_link_cut`, since links are kept without their query.
    """
    match = JournalReader(context.skill.slug, state_folders(), access="read").find(identifier)
    if not match:
        raise BadInput("task_unknown", identifier=short_repr(identifier))
    recorded = match[1].extra.get("command")
    if not isinstance(recorded, dict) or recorded.keys() != {"options", "subcommand", "folder", "cut"}:
        raise BadInput("again_not_recorded", local_id=match[1].local_id)
    if recorded["cut"]:
        raise BadInput("again_link_cut", local_id=match[1].local_id)
    return match[1]


def _prompt(entry: Entry, text: str | None, file: str | None) -> str:
    """Return the task's prompt: as given, else the beginning that the journal has if that is all of it.

    Raises:
        BadInput: `again_prompt_needed`, `again_prompt_differs`, or what `read_prompt` raises.
    """
    start = str(entry.prompt.get("start", ""))
    given = text is not None or file is not None
    prompt = read_prompt(text, file) if given else start
    if hashlib.sha256(prompt.encode()).hexdigest() == entry.prompt.get("sha256"):
        return prompt
    code = "again_prompt_differs" if given else "again_prompt_needed"
    raise BadInput(code, start=short_repr(start), length=entry.prompt.get("length"), local_id=entry.local_id)


def _enter(folder: str) -> None:
    """Go to the folder in which the task was made: relative paths of its command start there.

    Raises:
        BadInput: `again_folder_gone`.
    """
    try:
        os.chdir(folder)
    except OSError as error:
        raise BadInput("again_folder_gone", path=folder) from error
