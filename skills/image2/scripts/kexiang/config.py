"""The options about the service and the wait, checked before anything is sent or written."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from kexiang import __version__, wire
from kexiang.messages import MESSAGES
from shared.cli.app import Options, parse_number
from shared.cli.context import CommandContext, Skill
from shared.cli.preview import show_plan, show_preview
from shared.cli.task_context import task_context
from shared.http.base_url import checked_base_url, trusted_hosts
from shared.journal.entry import Entry
from shared.journal.reader import JournalReader
from shared.journal.states import PASSED_OVER_BY_NEW
from shared.openclaw.folders import expand_path, output_folder, state_folders, user_home
from shared.polling import MIN_POLL_INTERVAL, Deadline
from shared.security.keys import MAX_KEY_LENGTH, KeySource, find_key, read_key_file

if TYPE_CHECKING:
    from pathlib import Path

    from kexiang.request import ImageRequest
    from shared.cli.next_command import OptionValue
    from shared.output.outcome import Outcome

KEY_NAME = "X_API_KEY"
SKILL = Skill(
    "image2",
    "kexiang",
    __version__,
    MESSAGES,
    "create_task.py",
    key_variables=(KEY_NAME,),
    cost_unit=wire.COST_UNIT,
)
DEFAULT_BASE_URL = "https://kexiangai.com"
DEFAULT_TIMEOUT = 720.0  # seconds; the listing promises 12 minutes
MAX_ATTEMPTS = 10_000
MAX_INTERVAL = 3600.0  # seconds


class Service:
    """One run's way to the service; the key is found and the places for files are chosen when it is made."""

    def __init__(self, context: CommandContext, options: Options, params: dict[str, Any]) -> None:
        self._ui = context
        self._options = options
        self._interval = parse_number("--poll-interval", params["poll_interval"], MIN_POLL_INTERVAL, MAX_INTERVAL)
        attempts = parse_number("--max-attempts", params["max_attempts"], 1, MAX_ATTEMPTS, whole=True)
        self._attempts = int(attempts) if attempts else None
        without_limit = DEFAULT_TIMEOUT if attempts is None else MAX_ATTEMPTS * MAX_INTERVAL
        self._seconds = options.seconds() or without_limit
        self._base_url = base_url(params)
        self._folder = output_folder(options.output_dir, state_folders()[0])
        self._key = find_key(key_sources(params))
        for source, reason in self._key.passed_over:
            context.reporter.info(f"key_source_{reason}", source=source)
        context.resume_options = _resume_options(options, params)

    def run(self, request: ImageRequest | None, resumed: str | None) -> Outcome:
        """Make the image of a request, or resume a task by its id."""
        from kexiang.client import Client  # noqa: PLC0415  - with requests, which costs more than all of the above
        from kexiang.provider import Provider  # noqa: PLC0415
        from shared import queue_task  # noqa: PLC0415

        account = self._key.secret.account()
        with Client(self._base_url, self._key.secret, user_agent=SKILL.user_agent) as client:
            provider = Provider(client, request, self._key)
            deadline = Deadline.after(self._seconds, self._attempts)
            context = task_context(self._ui, self._options, self._folder, deadline, self._interval)
            if request is None:
                imported = Entry("", SKILL.slug, SKILL.provider, "", "", base_url=self._base_url, account=account)
                return queue_task.resume(str(resumed), imported, provider, context, self._ui.result)
            return queue_task.create(self._entry(request), provider, context, self._ui.result)

    def plan(self, request: ImageRequest | None) -> Outcome:
        """Return what would be sent and where files would go; nothing is sent or written."""
        plan: dict[str, Any] = {"method": "GET", "url": self._base_url + wire.QUERY_PATH + "<task id>"}
        if request:
            plan = {"method": "POST", "url": self._base_url + wire.CREATE_PATH, "body": wire.create_body(request)}
        plan |= {"headers": {wire.KEY_HEADER: str(self._key.secret)}, "output_dir": str(self._folder)}
        if request:
            journal = JournalReader(SKILL.slug, state_folders(), access="read")
            passed_over = PASSED_OVER_BY_NEW if self._options.new else ()
            show_preview(self._ui, self._entry(request), journal, passed_over=passed_over)
        show_plan(self._ui, plan)
        return self._ui.result

    def _entry(self, request: ImageRequest) -> Entry:
        from kexiang.provider import new_entry  # noqa: PLC0415  - with requests, which costs more than all of the above

        return new_entry(
            request,
            base_url=self._base_url,
            account=self._key.secret.account(),
            variant=self._options.variant,
            folder=self._folder,
        )


def base_url(params: dict[str, Any]) -> str:
    """Return the address of the service: from the flag, the environment, or the published one.

    Raises:
        BadInput: the key may not go to this address.
    """
    trusted = trusted_hosts(params["trusted"])
    return checked_base_url(
        params["base_url"], variable="IMAGE2_BASE_URL", default=DEFAULT_BASE_URL, trusted=trusted
    )


def key_sources(params: dict[str, Any]) -> list[KeySource]:
    """Return the sources of the key, in the order in which they are searched."""
    sources = [KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME))]
    if params["from_stdin"]:
        sources.insert(0, KeySource("--api-key-stdin", stdin_key))
    if params["use_local"]:
        path = key_file()
        sources.append(KeySource(str(path), lambda: read_key_file(path, KEY_NAME)))
    return sources


def key_file() -> Path:
    """Return where set_key.py saves the key."""
    return user_home() / ".config" / "image2" / ".env"


def stdin_key() -> str | None:
    """Read a key, and no more than shows that it is too long for one."""
    return sys.stdin.read(MAX_KEY_LENGTH + 2) if sys.stdin else None


def _resume_options(options: Options, params: dict[str, Any]) -> dict[str, OptionValue]:
    """Return the options that a resume needs besides the id; the key comes from the same source."""
    needed: dict[str, OptionValue] = {} if params["base_url"] is None else {"--base-url": params["base_url"]}
    needed["--trust-host"] = params["trusted"]
    needed |= {"--use-local-key": params["use_local"], "--api-key-stdin": params["from_stdin"]}
    if options.output_dir is not None:
        needed["--output-dir"] = str(expand_path(options.output_dir))
    return needed
