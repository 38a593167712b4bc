"""The options about the service and the wait, checked before anything is sent or written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nemovideo import __version__
from nemovideo.api import wire
from nemovideo.sessions import Sessions
from shared.cli.app import parse_number
from shared.cli.preview import show_plan
from shared.errors import BadInput, ConfigurationError
from shared.http.base_url import checked_base_url, trusted_hosts
from shared.openclaw.folders import expand_path, output_folder, state_folders, user_home
from shared.polling import MIN_POLL_INTERVAL, Deadline
from shared.security.keys import KeySource, ResolvedKey, find_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nemovideo.api.account import Account
    from nemovideo.services import Services, TaskContext
    from shared.cli.app import Options
    from shared.cli.context import CommandContext
    from shared.cli.next_command import OptionValue

KEY_NAME = "NEMO_TOKEN"
MAX_INTERVAL = 3600.0  # seconds
FREE_TIMEOUT = 600.0  # seconds
NEW_SESSION = "<a new session>"  # in the plan of a dry run
PLATFORMS = ("clawhub", "cursor", "unknown")


class Service:
    """One run's way to the service."""

    def __init__(
        self, context: CommandContext, options: Options, params: dict[str, Any], timeout: float = FREE_TIMEOUT
    ) -> None:
        self._context = context
        self._options = options
        self._given = params
        text = params.get("poll_interval")
        self._interval = parse_number("--poll-interval", text, MIN_POLL_INTERVAL, MAX_INTERVAL)
        self._seconds = options.seconds() or timeout
        self.base_url = base_url(params)
        self.states = state_folders()
        self.folder = output_folder(options.output_dir, self.states[0])
        self._own = own_token(context)
        context.resume_options = _resume_options(options, params)

    @contextlib.contextmanager
    def services(self, *, saves: bool = True) -> Iterator[tuple[Services, TaskContext]]:
        """Yield what the use cases work with; what they saved can be attached when the block ends."""
        from nemovideo.api.client import Client  # noqa: PLC0415  - with requests
        from nemovideo.api.connection import Connection  # noqa: PLC0415
        from nemovideo.services import Services, TaskContext  # noqa: PLC0415
        from shared.images.download import check_output_folder  # noqa: PLC0415
        from shared.journal.claim import Journal  # noqa: PLC0415

        context, options = self._context, self._options
        deadline = Deadline(time.monotonic() + self._seconds, time.monotonic, time.sleep)
        account = self.account()
        attribution = wire.headers(__version__, platform(context))
        client = Client(self.base_url, None, user_agent=context.skill.user_agent, attribution=attribution)
        if saves:
            check_output_folder(self.folder)
        connection = Connection(client, account, context, deadline)
        sessions = Sessions(self.states, self.base_url, account.name)
        journal = Journal(context.skill.slug, self.states, run_budget=options.run_budget(context.skill))
        services = Services(connection, journal, sessions, self._language())
        newest = _newest(sessions)
        task_context = TaskContext(
            context,
            journal,
            self.states[0],
            self.folder,
            deadline,
            self._interval,
            options.no_wait,
            options.new,
        )
        try:
            with client:
                yield services, task_context
        finally:
            self._report_newest(newest, _newest(sessions))
            self._attach()

    def _report_newest(self, before: str | None, now: str | None) -> None:
        """Report that another session is the newest now, in which `say`, `state` and `export` work by default."""
        if before and now and now != before:
            self._context.note_own(newest_session={"before": before, "now": now})
            self._context.reporter.always("session_newest_changed", before=before, now=now)

    def _attach(self) -> None:
        """Make the saved files attachable; an export uses its own id, not that of an earlier message."""
        result = self._context.result
        exported = str(result.extra.get("render_id") or result.extra.get("stills_id") or "")
        rows = [(row, str(row.get("render_id") or "")) for row in result.extra.get("videos", ())]
        self._context.attach_media(self.states[0], rows, exported)

    def account(self) -> Account:
        """Return who pays."""
        from nemovideo.api.account import Account  # noqa: PLC0415

        return Account(config_folder(), self.base_url, self._own)

    def newest_session(self) -> str:
        """Return the requested session, else the one that was used last.

        Raises:
            BadInput: `session_missing`; none is stored.
        """
        session = self.last_session()
        if session is None:
            raise BadInput("session_missing", flag="--session")
        message = "session_newest" if self._given.get("session") is None else "session_named"
        self._context.reporter.info(message, session=session)
        return session

    def last_session(self) -> str | None:
        """Return the requested session, else the last one used; None if none is stored."""
        if self._given.get("session") is not None:
            from nemovideo.request import identifier  # noqa: PLC0415

            return identifier("--session", self._given["session"])
        sessions = Sessions(self.states, self.base_url, self.account().name).newest_first()
        return sessions[0].session_id if sessions else None

    def show_plan(self, plan: dict[str, Any]) -> None:
        """Put into the result what would be sent and where files would go; nothing is sent."""
        token = f"Bearer {self._own.secret}" if self._own else "Bearer (an anonymous token)"
        attribution = wire.headers(__version__, platform(self._context))
        plan = {**plan, "headers": {"Authorization": token, **attribution}, "output_dir": str(self.folder)}
        show_plan(self._context, plan)

    def _language(self) -> str:
        return str(self._given.get("language") or self._context.catalog.language)


def _newest(sessions: Sessions) -> str | None:
    return next((session.session_id for session in sessions.newest_first()), None)


def base_url(params: dict[str, Any]) -> str:
    """Return where the service is; the token goes nowhere else.

    Raises:
        BadInput, ConfigurationError.
    """
    trusted = trusted_hosts(params["trusted"])
    return checked_base_url(
        params["base_url"], variable="NEMO_API_URL", default=wire.DEFAULT_BASE_URL, trusted=trusted
    )


def key_sources() -> list[KeySource]:
    """Return where a token of the user's own may come from."""
    return [KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME))]


def own_token(context: CommandContext) -> ResolvedKey | None:
    """Return the user's own token, None if there is none.

    A variable that is set without a token counts as not set. The user probably meant to use their own account, so
    this is reported on stderr, even with --quiet, and under `warnings` in the document.

    Raises:
        ConfigurationError: `key_malformed`.
    """
    try:
        return find_key(key_sources())
    except ConfigurationError as error:
        if error.code != "key_missing":
            raise
    code = token_ignored()
    if code:
        context.reporter.always(code, name=KEY_NAME)
        context.note_own(warnings=[context.catalog.format(code, name=KEY_NAME)])
    return None


def token_ignored() -> str | None:
    """Return the sentence's id for a token variable that is set and counts as not set; None for any other."""
    text = os.environ.get(KEY_NAME)
    if text is None or (text.strip() and not text.strip().startswith("$")):
        return None
    return "token_unresolved" if text.strip() else "token_empty"


def config_folder() -> Path:
    """Return where the client id and the anonymous token are kept."""
    return user_home() / ".config" / "nemovideo"


def platform(context: CommandContext) -> str:
    """Return the platform that is sent to the service: SKILL_SOURCE, else by the launcher's path."""
    configured = os.environ.get("SKILL_SOURCE", "").strip().lower()
    if configured in PLATFORMS:
        return configured
    if configured:
        context.reporter.info("platform_ignored", expected=", ".join(PLATFORMS))
    home = user_home()
    places = {"clawhub": home / ".clawhub", "cursor": home / ".cursor" / "skills"}
    launcher = Path(context.launcher)
    for name, folder in places.items():
        if launcher.is_relative_to(folder) or launcher.resolve().is_relative_to(folder.resolve()):
            return name
    return "unknown"


def _resume_options(options: Options, params: dict[str, Any]) -> dict[str, OptionValue]:
    """Return the options that a resume needs besides the id."""
    needed: dict[str, OptionValue] = {} if params["base_url"] is None else {"--base-url": params["base_url"]}
    needed["--trust-host"] = params["trusted"]
    if options.output_dir is not None:
        needed["--output-dir"] = str(expand_path(options.output_dir))
    return needed
