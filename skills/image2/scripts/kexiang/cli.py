"""The command lines of image2: from options to a request, a client and the use case."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kexiang import __version__, wire
from kexiang.request import DEFAULT_MODEL, MODES, SIZES, ImageRequest, image_request
from kexiang.texts import TEXTS
from shared.command import Options, common_options, number, output_options, run_command, waiting_options
from shared.entry import Entry, parted
from shared.errors import BadInput
from shared.keys import LONGEST_KEY, FoundKey, KeySource, find_key, read_key_file, write_key_file
from shared.messages import shown
from shared.openclaw import expanded, output_folder, state_folders, user_home
from shared.polling import FASTEST_INTERVAL, Limits
from shared.prompts import read_prompt
from shared.run import Run, Skill
from shared.service_url import service_url, trusted_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kexiang.client import Client
    from shared.doctor_command import Patient
    from shared.errand import Errand
    from shared.journal import Journal

KEY_NAME = "X_API_KEY"
SKILL = Skill("image2", "kexiang", __version__, TEXTS, "create_task.py", key_variables=(KEY_NAME,))
DEFAULT_BASE_URL = "https://kexiangai.com"
DEFAULT_TIMEOUT = 720.0  # seconds; the listing promises 12 minutes
MOST_ATTEMPTS = 10_000
LONGEST_INTERVAL = 3600.0  # seconds


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
    from shared.tasks_command import tasks_command  # noqa: PLC0415

    if argv[:1] == ["resume"] and argv[1:2] not in ([], ["--help"]):
        return create_task(["--resume", *argv[1:]], str(Path(launcher).with_name(SKILL.main_launcher)))
    return run_command(tasks_command(SKILL), SKILL, argv, launcher)


def doctor(argv: Sequence[str], launcher: str) -> int:
    """Run doctor.py and return its exit code."""
    from shared.doctor_command import doctor_command  # noqa: PLC0415

    return run_command(doctor_command(SKILL, _patient, _SERVICE_OPTIONS), SKILL, argv, launcher)


_SERVICE_OPTIONS = (
    click.option("--base-url", metavar="URL", help="Another address of the service (or IMAGE2_BASE_URL)."),
    click.option("--trust-host", "trusted", multiple=True, metavar="HOST", help="Send the key to this host too."),
    click.option("--use-local-key", "use_local", is_flag=True, help="Also read ~/.config/image2/.env."),
    click.option("--api-key-stdin", "from_stdin", is_flag=True, help="Read the key from stdin."),
)
_POLLING_OPTIONS = (
    click.option("--poll-interval", metavar="SECONDS", help="Look this often instead of when it makes sense."),
    click.option("--max-attempts", metavar="N", help="Look at most this often."),
)


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda function: functools.reduce(lambda wrapped, one: one(wrapped), reversed(decorators), function)


@click.command(help="Make one picture with image2, or go on with one (--resume ID). Asks kexiangai.com once.")
@click.option("--mode", metavar="|".join(MODES), help="From words, or from reference pictures.")
@click.option("--prompt", metavar="TEXT", help="What to draw; sent exactly as given.")
@click.option("--prompt-file", metavar="FILE", help="Read the prompt from a file; - is stdin.")
@click.option("--size", metavar="RATIO", help="Aspect ratio: " + ", ".join(SIZES) + ".")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Reference picture, https; 1 to 8 for img2img.")
@click.option("--model-name", default=DEFAULT_MODEL, metavar="NAME", help=f"Default: {DEFAULT_MODEL}.")
@_options(*_POLLING_OPTIONS, *_SERVICE_OPTIONS)
@click.version_option(__version__)
@common_options
def _create_task(run: Run, options: Options, **given: Any) -> None:
    resumed = None if options.resume is None else _task_id("--resume", options.resume)
    request = None if resumed else _request(run, options, given)
    service = _Service(run, options, given)
    if options.dry_run:
        service.show_plan(request)
    elif request is None:
        service.resume(str(resumed))
    else:
        service.generate(request)


@click.command(help="Look at a task once, or wait for it; save its pictures when it is done. Costs nothing.")
@click.argument("identifier", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait until the task ended.")
@_options(*_POLLING_OPTIONS, *_SERVICE_OPTIONS)
@click.version_option(__version__)
@waiting_options
def _query_task(run: Run, options: Options, identifier: str, wait: bool, **given: Any) -> None:
    if not wait and given["max_attempts"] is None:
        given["max_attempts"] = "1"
    _Service(run, options, given).resume(_task_id("ID", identifier))


@click.command(help="Save the x-api-key in ~/.config/image2/.env, readable by you alone.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from stdin instead of asking.")
@click.version_option(__version__)
@output_options
def _set_key(run: Run, from_stdin: bool) -> None:
    path = _key_file()
    key = find_key([KeySource("--stdin" if from_stdin else "terminal", lambda: _typed_key(run, from_stdin))])
    write_key_file(path, KEY_NAME, key.secret)
    run.result.status = "succeeded"
    run.result.extra |= {"key_file": str(path), "key": str(key.secret)}
    run.lines.append(run.catalogue.say("key_saved", key=key.secret, path=path))


class _Service:
    """What the options say about the service and the wait, checked before anything is sent or written."""

    def __init__(self, run: Run, options: Options, given: dict[str, Any]) -> None:
        self._run = run
        self._options = options
        self._interval = number("--poll-interval", given["poll_interval"], FASTEST_INTERVAL, LONGEST_INTERVAL)
        attempts = number("--max-attempts", given["max_attempts"], 1, MOST_ATTEMPTS, whole=True)
        self._attempts = int(attempts) if attempts else None
        without_limit = DEFAULT_TIMEOUT if attempts is None else MOST_ATTEMPTS * LONGEST_INTERVAL
        self._seconds = options.seconds() or without_limit
        self._base_url = _base_url(given)
        self._states = state_folders()
        self._folder = output_folder(options.output_dir, self._states[0])
        self._key = find_key(_key_sources(given))
        for source, why in self._key.passed_over:
            run.reporter.say(f"key_source_{why}", source=source)
        run.resume_flags = _resume_flags(options, given)

    def generate(self, request: ImageRequest) -> None:
        """Make the picture of a request."""
        from kexiang import generate  # noqa: PLC0415  - with requests, which costs more than all of the above

        key, options = self._key, self._options
        draft = generate.draft_of(
            request,
            base_url=self._base_url,
            account=key.secret.account(),
            variant=options.variant,
            folder=self._folder,
        )
        summary = {
            "mode": request.mode,
            "size": request.size,
            "model": request.model,
            "references": len(request.urls),
            "key": key.secret,
            "source": key.source,
        }
        client, journal, errand = self._hands(summary)
        try:
            with client:
                generate.generate(request, draft, client=client, journal=journal, errand=errand)
        finally:  # three of four pictures can be attached too
            self._run.attach(self._states[0])

    def resume(self, identifier: str) -> None:
        """Go on with a task."""
        from kexiang import generate  # noqa: PLC0415

        blank = Entry(
            "", SKILL.slug, SKILL.provider, "", "", base_url=self._base_url, account=self._key.secret.account()
        )
        client, journal, errand = self._hands({})
        try:
            with client:
                generate.resume(identifier, blank, client=client, journal=journal, errand=errand)
        finally:
            self._run.attach(self._states[0])

    def show_plan(self, request: ImageRequest | None) -> None:
        """Put into the result what would be sent and where files would go; nothing is sent or written."""
        plan: dict[str, Any] = {"method": "GET", "url": self._base_url + wire.QUERY_PATH + "<task id>"}
        if request:
            plan = {"method": "POST", "url": self._base_url + wire.CREATE_PATH, "body": wire.create_body(request)}
        plan |= {"headers": {wire.KEY_HEADER: str(self._key.secret)}, "output_dir": str(self._folder)}
        self._run.result.status = "prepared"
        self._run.result.extra["plan"] = plan
        self._run.lines.append(json.dumps(plan, ensure_ascii=False, indent=2))

    def _hands(self, summary: dict[str, object]) -> tuple[Client, Journal, Errand]:
        from kexiang.client import Client  # noqa: PLC0415
        from shared.errand import Errand  # noqa: PLC0415
        from shared.images import check_output_folder  # noqa: PLC0415
        from shared.journal import Journal  # noqa: PLC0415

        check_output_folder(self._folder)
        limits = Limits(time.monotonic() + self._seconds, time.monotonic, time.sleep, self._attempts)
        options = self._options
        errand = Errand(self._run, self._folder, limits, self._interval, options.no_wait, options.new, summary)
        client = Client(self._base_url, self._key.secret, user_agent=SKILL.user_agent)
        return client, Journal(SKILL.slug, self._states), errand


def _request(run: Run, options: Options, given: dict[str, Any]) -> ImageRequest:
    if given["from_stdin"] and given["prompt_file"] == "-":
        raise BadInput("stdin_twice")
    prompt = read_prompt(given.pop("prompt"), given.pop("prompt_file"))
    run.speak(prompt, options.lang)
    request = image_request(
        mode=given["mode"], prompt=prompt, size=given["size"], urls=given["urls"], model=given["model_name"]
    )
    run.result.mode, run.result.model = request.mode, request.model
    run.result.requested = run.result.applied = {"size": request.size}
    run.result.input_images = [{"url": url} for url in request.urls]
    return request


def _task_id(flag: str, text: str | None) -> str:
    if not wire.TASK_ID.fullmatch(parted(text or "")[1]) or str(text).startswith(
        "--"
    ):  # an option taken for an id
        raise BadInput("resume_invalid", flag=flag, got=shown(text))
    return str(text)


def _base_url(given: dict[str, Any]) -> str:
    trusted = trusted_hosts(given["trusted"])
    return service_url(given["base_url"], variable="IMAGE2_BASE_URL", default=DEFAULT_BASE_URL, trusted=trusted)


def _key_sources(given: dict[str, Any]) -> list[KeySource]:
    sources = [KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME))]
    if given["from_stdin"]:
        sources.insert(0, KeySource("--api-key-stdin", _stdin_key))
    if given["use_local"]:
        path = _key_file()
        sources.append(KeySource(str(path), lambda: read_key_file(path, KEY_NAME)))
    return sources


def _key_file() -> Path:
    return user_home() / ".config" / "image2" / ".env"


def _stdin_key() -> str | None:
    return sys.stdin.read(LONGEST_KEY + 2) if sys.stdin else None


def _typed_key(run: Run, from_stdin: bool) -> str | None:
    if from_stdin:
        return _stdin_key()
    import getpass  # noqa: PLC0415  - only for a person at a terminal

    if not (sys.stdin and sys.stdin.isatty()):
        raise BadInput("key_needs_terminal", flag="--stdin")
    return getpass.getpass(run.catalogue.say("key_prompt"), stream=sys.stderr)


def _resume_flags(options: Options, given: dict[str, Any]) -> list[str]:
    """Return what a resume has to be told besides the id; the key comes from where it came from."""
    flags: list[str] = []
    if given["base_url"] is not None:
        flags += ["--base-url", given["base_url"]]
    for host in given["trusted"]:
        flags += ["--trust-host", host]
    if given["use_local"]:
        flags.append("--use-local-key")
    if given["from_stdin"]:
        flags.append("--api-key-stdin")
    if options.output_dir is not None:
        flags += ["--output-dir", str(expanded(options.output_dir))]
    return flags


def _patient(given: dict[str, Any]) -> Patient:
    from shared.doctor_command import Patient  # noqa: PLC0415

    base_url = _base_url(given)

    def ask(key: FoundKey) -> str:
        from kexiang.client import Client  # noqa: PLC0415

        with Client(base_url, key.secret, user_agent=SKILL.user_agent) as client:
            client.check_key()
        return "service_accepts"

    return Patient(_key_sources(given), base_url, ask)
