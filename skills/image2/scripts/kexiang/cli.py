"""The command lines of image2: from options to a request, a client and the use case."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kexiang import __version__, wire
from kexiang.request import DEFAULT_MODEL, MODES, SIZES, ImageRequest, image_request
from kexiang.texts import TEXTS
from shared.command import Options, common_options, number, run_command
from shared.entry import Entry
from shared.errors import BadInput
from shared.keys import LONGEST_KEY, FoundKey, KeySource, find_key, read_key_file
from shared.messages import shown
from shared.openclaw import output_folder, state_folders, user_home
from shared.polling import FASTEST_INTERVAL, Limits
from shared.prompts import read_prompt
from shared.run import Run, Skill
from shared.service_url import service_url

if TYPE_CHECKING:
    from collections.abc import Sequence

SKILL = Skill("image2", "kexiang", __version__, TEXTS)
DEFAULT_BASE_URL = "https://kexiangai.com"
DEFAULT_TIMEOUT = 720.0  # seconds; the listing promises 12 minutes
MOST_ATTEMPTS = 10_000
KEY_NAME = "X_API_KEY"


def create_task(argv: Sequence[str], launcher: str) -> int:
    """Run create_task.py and return its exit code."""
    return run_command(_create_task, SKILL, argv, launcher)


@click.command(help="Make one picture with image2, or go on with one (--resume ID). Asks kexiangai.com once.")
@click.option("--mode", metavar="|".join(MODES), help="From words, or from reference pictures.")
@click.option("--prompt", metavar="TEXT", help="What to draw; sent exactly as given.")
@click.option("--prompt-file", metavar="FILE", help="Read the prompt from a file; - is stdin.")
@click.option("--size", metavar="RATIO", help="Aspect ratio: " + ", ".join(SIZES) + ".")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Reference picture, https; 1 to 8 for img2img.")
@click.option("--model-name", default=DEFAULT_MODEL, metavar="NAME", help=f"Default: {DEFAULT_MODEL}.")
@click.option("--poll-interval", metavar="SECONDS", help="Look this often instead of when it makes sense.")
@click.option("--max-attempts", metavar="N", help="Look at most this often.")
@click.option("--base-url", metavar="URL", help="Another address of the service (or IMAGE2_BASE_URL).")
@click.option("--trust-host", "trusted", multiple=True, metavar="HOST", help="Send the key to this host too.")
@click.option("--use-local-key", is_flag=True, help="Also read the key from ~/.config/image2/.env.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from stdin.")
@click.version_option(__version__)
@common_options
def _create_task(run: Run, options: Options, **given: Any) -> None:
    run.result.extra["image_urls"] = []
    run.resume_flags = _resume_flags(options, given)
    interval = number("--poll-interval", given["poll_interval"], FASTEST_INTERVAL, 3600)
    attempts = number("--max-attempts", given["max_attempts"], 1, MOST_ATTEMPTS, whole=True)
    seconds = options.seconds() or (DEFAULT_TIMEOUT if attempts is None else MOST_ATTEMPTS * 3600.0)
    request = None if options.resume else _request(run, options, given)
    if options.resume and not wire.TASK_ID.fullmatch(options.resume):
        raise BadInput("resume_invalid", flag="--resume", got=shown(options.resume))
    base_url = service_url(
        given["base_url"], variable="IMAGE2_BASE_URL", default=DEFAULT_BASE_URL, trusted=given["trusted"]
    )
    states = state_folders()
    folder = output_folder(options.output_dir, states[0])
    key = find_key(_key_sources(given["use_local_key"], given["api_key_stdin"]), missing="key_missing")
    for source, why in key.passed_over:
        run.reporter.say(f"key_source_{why}", source=source)
    if options.dry_run:
        _show_plan(run, request, base_url, key, folder)
        return

    # requests costs more than everything above together: only a command that sends something pays for it
    from kexiang import generate as use_case  # noqa: PLC0415
    from kexiang.client import Client  # noqa: PLC0415
    from shared.images import check_output_folder  # noqa: PLC0415
    from shared.journal import Journal  # noqa: PLC0415

    check_output_folder(folder)
    limits = Limits(time.monotonic() + seconds, time.monotonic, time.sleep, int(attempts) if attempts else None)
    errand = use_case.Errand(folder, limits, interval, options.no_wait, options.new, _summary(request, key))
    journal = Journal(SKILL.slug, states)
    client = Client(base_url, key.secret, user_agent=SKILL.user_agent)
    try:
        if request is None:
            blank = Entry("", SKILL.slug, SKILL.provider, "", "", base_url, key.secret.account())
            use_case.resume(str(options.resume), blank, client=client, journal=journal, errand=errand, run=run)
        else:
            account = key.secret.account()
            draft = use_case.draft_of(
                request, base_url=base_url, account=account, variant=options.variant, folder=folder
            )
            use_case.generate(request, draft, client=client, journal=journal, errand=errand, run=run)
    finally:
        client.close()
    run.attach(states[0])


def _request(run: Run, options: Options, given: dict[str, Any]) -> ImageRequest:
    if given["api_key_stdin"] and given["prompt_file"] == "-":
        raise BadInput("stdin_twice")
    prompt = read_prompt(given["prompt"], given["prompt_file"])
    run.speak(prompt, options.lang)
    request = image_request(
        mode=given["mode"], prompt=prompt, size=given["size"], urls=given["urls"], model=given["model_name"]
    )
    run.result.mode, run.result.model = request.mode, request.model
    run.result.requested = run.result.applied = {"size": request.size}
    run.result.input_images = [{"url": url} for url in request.urls]
    return request


def _key_sources(use_local: bool, from_stdin: bool) -> list[KeySource]:
    sources = []
    if from_stdin:
        sources.append(KeySource("--api-key-stdin", _stdin_key))
    sources.append(KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME)))
    if use_local:
        path = user_home() / ".config" / "image2" / ".env"
        sources.append(KeySource(str(path), lambda: read_key_file(path, KEY_NAME)))
    return sources


def _stdin_key() -> str | None:
    return sys.stdin.readline(LONGEST_KEY + 2) if sys.stdin else None


def _resume_flags(options: Options, given: dict[str, Any]) -> list[str]:
    """Return what a resume has to be told besides the id; the key comes from where it came from."""
    flags: list[str] = []
    if given["base_url"] is not None:
        flags += ["--base-url", given["base_url"]]
    for host in given["trusted"]:
        flags += ["--trust-host", host]
    if given["use_local_key"]:
        flags.append("--use-local-key")
    if given["api_key_stdin"]:
        flags.append("--api-key-stdin")
    if options.output_dir is not None:
        flags += ["--output-dir", str(Path(options.output_dir).expanduser().absolute())]
    return flags


def _summary(request: ImageRequest | None, key: FoundKey) -> dict[str, object]:
    if request is None:
        return {}
    return {
        "mode": request.mode,
        "size": request.size,
        "model": request.model,
        "references": len(request.urls),
        "key": key.secret,
        "source": key.source,
    }


def _show_plan(run: Run, request: ImageRequest | None, base_url: str, key: FoundKey, folder: Path) -> None:
    """Put into the result what would be sent and where files would go; nothing is sent or written."""
    plan: dict[str, Any] = {"headers": {wire.KEY_HEADER: str(key.secret)}, "output_dir": str(folder)}
    if request is None:
        plan |= {"method": "GET", "url": base_url + wire.QUERY_PATH + "<task id>"}
    else:
        plan |= {"method": "POST", "url": base_url + wire.CREATE_PATH, "body": wire.create_body(request)}
    run.result.status = "prepared"
    run.result.extra["plan"] = plan
