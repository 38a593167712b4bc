"""The free subcommands of exports: export and cancel-export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nemovideo.cli.options import POLL_OPTION, SERVICE_OPTIONS, SESSION_OPTION, refuse_paying_options
from shared.cli.app import Options, common_options, options_of

if TYPE_CHECKING:
    from shared.cli.context import CommandContext


@click.command(
    "export",
    help="Render the timeline of a session and save the file; png, jpg and webp save its images instead. "
    "Free. --resume RENDER_ID waits for a render.",
)
@click.option(
    "--format", "form", metavar="FORMAT", help="mp4 (default), mov, avi, webm, mkv, gif, png, jpg or webp."
)
@click.option("--quality", metavar="WORD", help="Quality of the export (default: high).")
@click.option("--draft", "draft_file", metavar="FILE", help="Render the draft in FILE instead of the session's.")
@options_of(SESSION_OPTION, POLL_OPTION, *SERVICE_OPTIONS)
@common_options
def export(context: CommandContext, options: Options, **params: Any) -> None:
    """Export a session."""
    from nemovideo.cli import export_request  # noqa: PLC0415

    refuse_paying_options("export", "--resume")
    export_request.export(context, options, params)


@click.command("cancel-export", help="Cancel the render with this ID. Free.")
@click.argument("render_id", metavar="RENDER_ID")
@options_of(*SERVICE_OPTIONS)
@common_options
def cancel_export(context: CommandContext, options: Options, **params: Any) -> None:
    """Cancel a render."""
    from nemovideo.cli import export_request  # noqa: PLC0415

    refuse_paying_options("cancel-export")
    export_request.cancel(context, options, params)
