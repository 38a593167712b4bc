"""The subcommands that send a message to the agent, which costs credits: generate and say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nemovideo.cli.options import POLL_OPTION, SERVICE_OPTIONS, SESSION_OPTION, options_of
from shared.cli.app import Options, common_options

if TYPE_CHECKING:
    from shared.cli.context import CommandContext

MESSAGE_OPTIONS = (
    click.option("--prompt", metavar="TEXT", help="The same as TEXT."),
    click.option("--prompt-file", metavar="FILE", help="Read the message from a file; - is stdin."),
    click.option(
        "--attach", "attachments", multiple=True, metavar="FILE|URL",
        help="Upload this first: picture, clip or sound, or its https address; repeatable.",
    ),
    click.option("--export", "exported", is_flag=True, help="Export the timeline afterwards; exports are free."),
    click.option("--format", "form", metavar="FORMAT", help="Of that export (default: mp4)."),
    click.option("--quality", metavar="WORD", help="Of that export (default: high)."),
)  # fmt: skip


@click.command(
    "generate",
    help="Send a wish to the agent in a session of its own (or --session) and save the pictures and clips. "
    "Costs credits once: run again, it goes on or returns what was made.",
)
@click.argument("text", required=False)
@options_of(*MESSAGE_OPTIONS)
@click.option("--session", metavar="ID", help="Session to work in (default: a new one).")
@options_of(POLL_OPTION, *SERVICE_OPTIONS)
@common_options
def generate(context: CommandContext, options: Options, **params: Any) -> None:
    """Send the first message."""
    from nemovideo.cli.message_request import Messenger  # noqa: PLC0415

    Messenger(context, options, params).generate()


@click.command(
    "say",
    help="Send a further message in a session and save what is new. Costs credits; said again after it was "
    "answered, it is another message.",
)
@click.argument("text", required=False)
@options_of(*MESSAGE_OPTIONS, SESSION_OPTION, POLL_OPTION, *SERVICE_OPTIONS)
@common_options
def say(context: CommandContext, options: Options, **params: Any) -> None:
    """Send a further message."""
    from nemovideo.cli.message_request import Messenger  # noqa: PLC0415

    Messenger(context, options, params).say()
