"""This skill's configuration of doctor.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo import __version__
from nemovideo.api import wire
from nemovideo.api.account import Account
from nemovideo.config import base_url, config_folder, key_sources, token_ignored
from shared.cli.doctor import DoctorConfig
from shared.i18n.messages import MessageRef
from shared.security.keys import KeySource

if TYPE_CHECKING:
    from shared.security.keys import ResolvedKey

ASK_SECONDS = 20.0


def patient(params: dict[str, Any]) -> DoctorConfig:
    """Return the sources of the token and a free check (of the balance) whether it is accepted."""
    service = base_url(params)
    account = Account(config_folder(), service, None)
    token_file = config_folder() / "token.json"
    sources = [*key_sources(), KeySource(str(token_file), account.kept_token)]

    def ask(key: ResolvedKey) -> str:
        from nemovideo.api.client import Client  # noqa: PLC0415  - with requests

        attribution = wire.headers(__version__, "unknown")
        with Client(
            service, key.secret, user_agent=f"openclaw-generator-image/{__version__}", attribution=attribution
        ) as client:
            client.credits(ASK_SECONDS)
        return "service_accepts"

    ignored = token_ignored()
    without_key = MessageRef(f"{ignored}_doctor" if ignored else "token_comes_by_itself")
    return DoctorConfig(sources, service, ask, without_key=without_key, key_files=[token_file])
