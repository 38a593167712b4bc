"""The commands of image2: turn options into a request and run it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kexiang import __version__, wire
from kexiang.config import KEY_NAME, SKILL, Service, base_url, key_file, key_sources, stdin_key
from kexiang.request import (
    DEFAULT_MODEL,
    MODES,
    OTHER_MODELS,
    QUALITIES,
    RESOLUTIONS,
    SIZES,
    ImageRequest,
    image_request,
)
from shared.cli.app import Options, common_options, options_of, output_options, run_command, waiting_options
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.journal.entry import split_task_ref
from shared.security.keys import KeySource, ResolvedKey, find_key, write_key_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.cli.context import CommandContext
    from shared.cli.doctor import DoctorConfig
    from shared.output.outcome import Outcome


def create_task(argv: Sequence[str], launcher: str) -> int:
    """Run create_task.py and return its exit code."""
    return run_command(_create_task, SKILL, argv, launcher, {"image_urls": []})


def query_task(argv: Sequence[str], launcher: str) -> int:
    """Run query_task.py and return its exit code."""
    return run_command(_query_task, SKILL, argv, launcher, {"image_urls": []})


def set_key(argv: Sequence[str], launcher: str) -> int:
    """Run set_key.py and return its exit code."""
    return run_command(_set_key, SKILL, argv, launcher)


def tasks(argv: Sequence[str], launcher: str) -> int:
    """Run tasks.py and return its exit code; its `resume ID` is create_task.py --resume ID."""
    from shared.cli.again import again  # noqa: PLC0415
    from shared.cli.tasks import tasks_command  # noqa: PLC0415

    if argv[:1] == ["resume"] and argv[1:2] not in ([], ["--help"]):
        return create_task(["--resume", *argv[1:]], str(Path(launcher).with_name(SKILL.main_launcher)))
    if argv[:1] == ["again"]:
        return again(SKILL, argv[1:], launcher, create_task)
    return run_command(tasks_command(SKILL), SKILL, argv, launcher)


def doctor(argv: Sequence[str], launcher: str) -> int:
    """Run doctor.py and return its exit code."""
    from shared.cli.doctor import doctor_command  # noqa: PLC0415

    return run_command(doctor_command(SKILL, _patient, _SERVICE_OPTIONS), SKILL, argv, launcher)


_SERVICE_OPTIONS = (
    click.option("--base-url", metavar="URL", help="Address of the service (or set IMAGE2_BASE_URL)."),
    click.option(
        "--trust-host", "trusted", multiple=True, metavar="HOST", help="Also send the key to HOST; repeatable."
    ),
    click.option(
        "--use-local-key", "use_local", is_flag=True, help="Also read the key from ~/.config/image2/.env."
    ),
    click.option("--api-key-stdin", "from_stdin", is_flag=True, help="Read the key from stdin."),
)
_POLLING_OPTIONS = (
    click.option("--poll-interval", metavar="SECONDS", help="Poll every SECONDS (default: adaptive)."),
    click.option("--max-attempts", metavar="N", help="Poll at most N times."),
)


@click.command(help="Create one image with image2 on kexiangai.com, or resume a task (--resume ID).")
@click.option("--mode", metavar="|".join(MODES), help="Create from text, or from reference images.")
@click.option("--prompt", metavar="TEXT", help="Description of the image, sent unchanged.")
@click.option(
    "--prompt-file", metavar="FILE", help="Read the prompt from FILE (- for stdin), without a final newline."
)
@click.option("--size", metavar="RATIO", help="Aspect ratio: " + ", ".join(SIZES) + ".")
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="URL",
    help="https URL of a reference image; repeatable, 1 to 8 for img2img.",
)
@click.option(
    "--model-name", default=DEFAULT_MODEL, metavar="NAME",
    help=f"Default: {DEFAULT_MODEL}. Also, unconfirmed: {', '.join(OTHER_MODELS)}.",
)  # fmt: skip
@click.option("--resolution", metavar="|".join(RESOLUTIONS), help="Resolution; sent only if set (unconfirmed).")
@click.option("--quality", metavar="|".join(QUALITIES), help="Quality; sent only if set (unconfirmed).")
@options_of(*_POLLING_OPTIONS, *_SERVICE_OPTIONS)
@click.version_option(__version__)
@common_options
def _create_task(context: CommandContext, options: Options, **params: Any) -> Outcome:
    resumed = None if options.resume is None else _task_id("--resume", options.resume)
    request = None if resumed else _request(context, options, params)
    service = Service(context, options, params)
    return service.plan(request) if options.dry_run else service.run(request, resumed)


@click.command(help="Query a task once, or wait for it; save its images when it is done. Free.")
@click.argument("identifier", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait until the task has ended.")
@options_of(*_POLLING_OPTIONS, *_SERVICE_OPTIONS)
@click.version_option(__version__)
@waiting_options
def _query_task(context: CommandContext, options: Options, identifier: str, wait: bool, **params: Any) -> Outcome:
    if not wait and params["max_attempts"] is None:
        params["max_attempts"] = "1"
    service = Service(context, options, params)
    return service.run(None, _task_id("ID", identifier))


@click.command(help="Save the x-api-key to ~/.config/image2/.env, readable only by you.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from stdin instead of prompting for it.")
@click.version_option(__version__)
@output_options
def _set_key(context: CommandContext, from_stdin: bool) -> Outcome:
    path = key_file()
    key = find_key([KeySource("--stdin" if from_stdin else "terminal", lambda: _typed_key(context, from_stdin))])
    write_key_file(path, KEY_NAME, key.secret)
    saved = {"key_file": str(path), "key": str(key.secret)}
    line = context.catalog.format("key_saved", key=key.secret, path=path)
    return replace(context.result, status="succeeded", extra=saved, lines=(line,))


def _request(context: CommandContext, options: Options, params: dict[str, Any]) -> ImageRequest:
    if params["from_stdin"] and params["prompt_file"] == "-":
        raise BadInput("stdin_twice")
    prompt = read_prompt(params.pop("prompt"), params.pop("prompt_file"))
    context.set_language(prompt, options.lang)
    request = image_request(
        mode=params["mode"],
        prompt=prompt,
        size=params["size"],
        urls=params["urls"],
        model=params["model_name"],
        resolution=params.pop("resolution"),
        quality=params.pop("quality"),
    )
    if request.is_unconfirmed:
        context.reporter.info("request_unconfirmed")
    requested = dict(request.parameters)
    context.result = replace(
        context.result,
        mode=request.mode,
        model=request.model,
        requested=requested,
        applied=requested,
        input_images=[{"url": url} for url in request.urls],
    )
    return request


def _task_id(flag: str, text: str | None) -> str:
    option_as_id = str(text).startswith("--")
    if option_as_id or not wire.TASK_ID.fullmatch(split_task_ref(text or "")[1]):
        raise BadInput("resume_invalid", flag=flag, got=short_repr(text))
    return str(text)


def _typed_key(context: CommandContext, from_stdin: bool) -> str | None:
    if from_stdin:
        return stdin_key()
    import getpass  # noqa: PLC0415  - only for a person at a terminal

    if not (sys.stdin and sys.stdin.isatty()):
        raise BadInput("key_needs_terminal", flag="--stdin")
    return getpass.getpass(context.catalog.format("key_prompt"), stream=sys.stderr)


def _patient(params: dict[str, Any]) -> DoctorConfig:
    from shared.cli.doctor import DoctorConfig  # noqa: PLC0415

    address = base_url(params)

    def ask(key: ResolvedKey) -> str:
        from kexiang.client import Client  # noqa: PLC0415

        with Client(address, key.secret, user_agent=SKILL.user_agent) as client:
            client.check_key()
        return "service_accepts"

    return DoctorConfig(key_sources(params), address, ask, key_files=[key_file()])
