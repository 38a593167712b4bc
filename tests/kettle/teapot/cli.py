"""The command line of paper-kettle."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from shared import queue_task
from shared.cli.app import Options, common_options, run_command
from shared.cli.context import CommandContext, Skill
from shared.cli.prompt_input import read_prompt
from shared.cli.task_context import task_context
from shared.http.base_url import checked_base_url, trusted_hosts
from shared.journal.entry import Entry, entry_of_request
from shared.openclaw.folders import output_folder, state_folders
from shared.polling import Deadline
from shared.security.keys import KeySource, find_key
from teapot import __version__
from teapot.messages import MESSAGES
from teapot.request import ImageRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.output.outcome import Outcome

KEY_NAME = "KETTLE_KEY"
SKILL = Skill("paper-kettle", "teapot", __version__, MESSAGES, "pour.py", key_variables=(KEY_NAME,))


def pour(argv: Sequence[str], launcher: str) -> int:
    """Run pour.py and return its exit code."""
    return run_command(_pour, SKILL, argv, launcher)


@click.command(help="Create images of tea.")
@click.option("--prompt", metavar="TEXT", help="Description of the images.")
@click.option("--cups", type=click.IntRange(1, 4), default=1, metavar="N", help="Number of images, up to 4.")
@click.option("--base-url", metavar="URL", help="Address of the service.")
@click.option("--trust-host", "trusted", multiple=True, metavar="HOST", help="Also send the key to HOST.")
@click.version_option(__version__)
@common_options
def _pour(context: CommandContext, options: Options, **params: Any) -> Outcome:
    request = None if options.resume else ImageRequest(read_prompt(params["prompt"], None), params["cups"])
    trusted = trusted_hosts(params["trusted"])
    url = checked_base_url(
        params["base_url"], variable="KETTLE_URL", default="https://teapot.example", trusted=trusted
    )
    key = find_key([KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME))]).secret
    identity: dict[str, Any] = {
        "skill": SKILL.slug,
        "provider": SKILL.provider,
        "base_url": url,
        "account": key.account(),
    }
    folder = output_folder(options.output_dir, state_folders()[0])
    steps = task_context(context, options, folder, Deadline.after(options.seconds() or 600.0))
    from teapot.client import Client  # noqa: PLC0415  - with requests, which costs more than all of the above
    from teapot.provider import Provider  # noqa: PLC0415

    provider = Provider(Client(url, key, user_agent=SKILL.user_agent), key, request)
    if request is None:
        imported = Entry("", mode="tea", model="", **identity)
        return queue_task.resume(str(options.resume), imported, provider, steps, context.result)
    cups = {"cups": request.cups}
    facts: dict[str, Any] = {
        "prompt": request.prompt,
        "parameters": cups,
        "requested": cups,
        "variant": options.variant,
    }
    draft = entry_of_request(mode="tea", model="", **facts, **identity)
    return queue_task.create(draft, provider, steps, replace(context.result, mode="tea", requested=cups))
