"""Click options that several subcommands share."""

from __future__ import annotations

import click
from click.core import ParameterSource

from shared.cli.context import CommandContext
from shared.errors import BadInput

SERVICE_OPTIONS = (
    click.option("--base-url", "--api-url", metavar="URL", help="Address of the service (or set NEMO_API_URL)."),
    click.option(
        "--trust-host", "trusted", multiple=True, metavar="HOST", help="Also send the token to HOST; repeatable."
    ),
)
SESSION_OPTION = click.option(
    "--session", metavar="ID", help="Session to use (default: the newest on this machine)."
)
POLL_OPTION = click.option("--poll-interval", metavar="SECONDS", help="Poll every SECONDS (default: adaptive).")
PAYING = {"--resume": "resume", "--new": "new", "--variant": "variant"}


def refuse_paying_options(command: str, *allowed: str) -> None:
    """Refuse options that only make sense for a paid message, also with an empty value: this command is free.

    Raises:
        BadInput: `option_has_no_meaning`.
    """
    click.get_current_context().ensure_object(CommandContext).spends = False
    parameter_source = click.get_current_context().get_parameter_source
    for flag, name in PAYING.items():
        if flag not in allowed and parameter_source(name) is ParameterSource.COMMANDLINE:
            raise BadInput("option_has_no_meaning", flag=flag, command=command)
