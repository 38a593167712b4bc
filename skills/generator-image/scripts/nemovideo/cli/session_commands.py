"""The free subcommands: connect, upload, credits, state, sessions, route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nemovideo.cli.options import SERVICE_OPTIONS, SESSION_OPTION, refuse_paying_options
from shared.cli.app import Options, common_options, options_of, output_options

if TYPE_CHECKING:
    from shared.cli.context import CommandContext


@click.command("connect", help="Request a token if there is none, and open a new session. Free.")
@click.option("--language", metavar="CODE", help="Language of the session, such as en or zh (default: as --lang).")
@options_of(*SERVICE_OPTIONS)
@common_options
def connect(context: CommandContext, options: Options, **params: Any) -> None:
    """Open a session."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    refuse_paying_options("connect")
    session_actions.connect(context, options, params)


@click.command("upload", help="Upload images, videos or audio, from files or https URLs, to a session. Free.")
@click.argument("sources", nargs=-1, required=True, metavar="FILE|URL...")
@options_of(SESSION_OPTION, *SERVICE_OPTIONS)
@common_options
def upload(context: CommandContext, options: Options, **params: Any) -> None:
    """Upload into a session."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    refuse_paying_options("upload")
    session_actions.upload(context, options, params)


@click.command("credits", help="Show the credits of the account. Free.")
@options_of(*SERVICE_OPTIONS)
@common_options
def show_credits(context: CommandContext, options: Options, **params: Any) -> None:
    """Show the balance."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    refuse_paying_options("credits")
    session_actions.show_credits(context, options, params)


@click.command("state", help="Show the timeline, uploads, images and videos of a session. Free.")
@click.option("--draft-file", metavar="FILE", help="Write the draft to FILE, for export --draft.")
@options_of(SESSION_OPTION, *SERVICE_OPTIONS)
@common_options
def state(context: CommandContext, options: Options, **params: Any) -> None:
    """Show the state of a session."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    refuse_paying_options("state")
    session_actions.state(context, options, params)


@click.command("sessions", help="List the sessions stored on this machine, newest first. Sends nothing.")
@options_of(*SERVICE_OPTIONS)
@common_options
def sessions(context: CommandContext, options: Options, **params: Any) -> None:
    """List remembered sessions."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    refuse_paying_options("sessions")
    session_actions.sessions(context, options, params)


@click.command("route", help="Show which subcommand fits the user's words. Sends nothing.")
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@output_options
def route(context: CommandContext, words: tuple[str, ...]) -> None:
    """Show the action for a user's sentence."""
    from nemovideo.cli import session_actions  # noqa: PLC0415

    session_actions.route(context, " ".join(words))
