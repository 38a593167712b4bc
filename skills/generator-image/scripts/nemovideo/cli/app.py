"""The commands of generator-image: one launcher with subcommands, and `tasks` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nemovideo import __version__
from nemovideo.api.wire import COST_UNIT
from nemovideo.cli.export_commands import cancel_export, export
from nemovideo.cli.message_commands import generate, say
from nemovideo.cli.options import SERVICE_OPTIONS
from nemovideo.cli.session_commands import connect, route, sessions, show_credits, state, upload
from nemovideo.messages import MESSAGES
from nemovideo.request import RENDER_START
from shared.cli.app import run_command
from shared.cli.context import Skill

if TYPE_CHECKING:
    from collections.abc import Sequence

SKILL = Skill(
    "generator-image",
    "nemovideo",
    __version__,
    MESSAGES,
    "generator_image.py",
    key_variables=("NEMO_TOKEN",),
    cost_unit=COST_UNIT,
)


def generator_image(argv: Sequence[str], launcher: str) -> int:
    """Run generator_image.py and return its exit code; `--resume ID` alone resumes a message or a render."""
    first = argv[0].split("=", 1) if argv else []
    if first[:1] == ["--resume"]:
        identifier = [*first[1:], *argv[1:2]][:1]
        is_render = bool(identifier) and identifier[0].startswith(RENDER_START)
        argv = ["export" if is_render else "generate", *argv]
    return run_command(_group, SKILL, argv, launcher)


def tasks(argv: Sequence[str], launcher: str) -> int:
    """Run tasks.py and return its exit code; its `resume ID` is generator_image.py --resume ID."""
    from shared.cli.again import again  # noqa: PLC0415
    from shared.cli.tasks import tasks_command  # noqa: PLC0415

    if argv[:1] == ["resume"] and argv[1:2] not in ([], ["--help"]):
        return generator_image(["--resume", *argv[1:]], str(Path(launcher).with_name(SKILL.main_launcher)))
    if argv[:1] == ["again"]:
        return again(SKILL, argv[1:], launcher, generator_image)
    return run_command(tasks_command(SKILL), SKILL, argv, launcher)


def doctor(argv: Sequence[str], launcher: str) -> int:
    """Run doctor.py and return its exit code."""
    from nemovideo.cli.doctor import patient  # noqa: PLC0415
    from shared.cli.doctor import doctor_command  # noqa: PLC0415

    return run_command(doctor_command(SKILL, patient, SERVICE_OPTIONS), SKILL, argv, launcher)


@click.group(
    name="generator_image",
    help="Create images and videos with NemoVideo's agent. generate and say cost credits; the rest is free.",
)
@click.version_option(__version__)
def _group() -> None:
    pass


for _command in (
    connect, generate, say, upload, state, export, cancel_export, show_credits, sessions, route,
):  # fmt: skip
    _group.add_command(_command)
