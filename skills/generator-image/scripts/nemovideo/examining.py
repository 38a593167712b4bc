"""What doctor.py has to know about this skill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo import __version__, wire
from nemovideo.account import Account
from nemovideo.service import base_url, config_folder, key_sources, token_ignored
from shared.doctor_command import Patient
from shared.keys import KeySource
from shared.texts import Said

if TYPE_CHECKING:
    from shared.keys import FoundKey

ASK_SECONDS = 20.0


def patient(given: dict[str, Any]) -> Patient:
    """Return where tokens come from and how to ask whether one is accepted: by the balance, for nothing."""
    service = base_url(given)
    account = Account(config_folder(), service, None)
    sources = [*key_sources(), KeySource(str(config_folder() / "token.json"), account.kept_token)]

    def ask(key: FoundKey) -> str:
        from nemovideo.client import Client  # noqa: PLC0415  - with requests

        attribution = wire.headers(__version__, "unknown")
        with Client(
            service, key.secret, user_agent=f"openclaw-generator-image/{__version__}", attribution=attribution
        ) as client:
            client.credits(ASK_SECONDS)
        return "service_accepts"

    ignored = token_ignored()
    without_key = Said(f"{ignored}_doctor" if ignored else "token_comes_by_itself")
    return Patient(sources, service, ask, without_key=without_key)
