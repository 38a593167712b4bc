"""The subcommands that send a message to the agent, which costs credits: generate and say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nemovideo.cli.options import POLL_OPTION, SERVICE_OPTIONS, SESSION_OPTION
from shared.cli.app import Options, common_options, options_of

if TYPE_CHECKING:
    from shared.cli.context import CommandContext

MESSAGE_OPTIONS = (
    click.option("--prompt", metavar="TEXT", help="Same as TEXT."),
    click.option(
        "--prompt-file", metavar="FILE", help="Read the message from FILE (- for stdin), without a final newline."
    ),
    click.option(
        "--attach", "attachments", multiple=True, metavar="FILE|URL",
        help="Upload an image, video or audio file, or its https URL, first; repeatable.",
    ),
    click.option("--export", "exported", is_flag=True, help="Export the timeline afterwards. Free."),
    click.option("--format", "form", metavar="FORMAT", help="Format of the export (default: mp4)."),
    click.option("--quality", metavar="WORD", help="Quality of the export (default: high)."),
)  # fmt: skip


@click.command(
    "generate",
    help="Send a request to the agent in a new session (or --session), and save the images and videos. "
    "Costs credits once: the same command run again resumes, or returns the earlier result.",
)
@click.argument("text", required=False)
@options_of(*MESSAGE_OPTIONS)
@click.option("--session", metavar="ID", help="Session to use (default: a new one).")
@options_of(POLL_OPTION, *SERVICE_OPTIONS)
@common_options
def generate(context: CommandContext, options: Options, **params: Any) -> None:
    """Send the first message."""
    from nemovideo.cli.message_request import Messenger  # noqa: PLC0415

    Messenger(context, options, params).generate()


@click.command(
    "say",
    help="Send another message in a session, and save the new images and videos. Costs credits, "
    "each time that it is sent after the previous one was answered.",
)
@click.argument("text", required=False)
@options_of(*MESSAGE_OPTIONS, SESSION_OPTION, POLL_OPTION, *SERVICE_OPTIONS)
@common_options
def say(context: CommandContext, options: Options, **params: Any) -> None:
    """Send a further message."""
    from nemovideo.cli.message_request import Messenger  # noqa: PLC0415

    Messenger(context, options, params).say()
