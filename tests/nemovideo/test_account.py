"""An anonymous token is requested once per lifetime, private to its owner, and never used for another service."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from nemovideo.api.account import LIFETIME, Account
from nemovideo.api.wire import Anonymous

from shared.errors import AuthenticationError
from shared.security.keys import ResolvedKey, Secret

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://a.example"
START = 1_800_000_000.0


@dataclass
class Desk:
    """Issues tokens, and sets the time."""

    folder: Path
    expires_at: str = ""
    now: float = START
    clients: list[str] = field(default_factory=list)

    def account(self, url: str = URL, own: ResolvedKey | None = None) -> Account:
        return Account(self.folder, url, own, now=lambda: self.now)

    def fetch(self, client: str) -> Anonymous:
        self.clients.append(client)
        return Anonymous(f"dummy-token-number-{len(self.clients)}", "user-1", self.expires_at)

    def token(self, refused: str | None = None, url: str = URL) -> str:
        secret = Secret(refused) if refused else None
        return self.account(url).token(self.fetch, refused=secret).reveal()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "nemovideo")


def test_one_token_serves_until_it_expires(desk: Desk) -> None:
    first = desk.token()
    desk.now += LIFETIME - 1
    assert desk.token() == first
    desk.now += 2
    assert desk.token() != first
    assert len(set(desk.clients)) == 1
    assert len(desk.clients) == 2


@pytest.mark.parametrize("expires", ["2027-01-15T09:00:00Z", "2027-01-15T09:00:00", "2027-01-15T17:00:00+08:00"])
def test_it_expires_when_the_service_says(desk: Desk, expires: str) -> None:
    desk.expires_at = expires  # an hour after START
    first = desk.token()
    desk.now += 3599
    assert desk.token() == first
    desk.now += 2
    assert desk.token() != first


def test_a_refused_token_is_replaced_once_in_its_lifetime(desk: Desk) -> None:
    first = desk.token()
    second = desk.token(refused=first)
    assert second != first
    assert desk.token(refused=first) == second  # another process has replaced it
    with pytest.raises(AuthenticationError) as caught:
        desk.token(refused=second)
    assert caught.value.code == "token_refused_anonymous"
    desk.now += LIFETIME + 1
    assert desk.token(refused=second) not in (first, second)
    assert len(desk.clients) == 3


def test_a_token_of_ones_own_is_used_as_it_is(desk: Desk) -> None:
    own = ResolvedKey(Secret("dummy-token-of-my-own"), "NEMO_TOKEN", ())
    assert desk.account(own=own).token(desk.fetch, refused=own.secret) is own.secret
    assert (desk.clients, desk.folder.exists()) == ([], False)


def test_a_token_goes_to_no_other_address(desk: Desk) -> None:
    first = desk.token()
    assert desk.token(url="https://b.example") != first
    assert desk.token() == first


def test_what_is_kept_is_private_and_the_account_keeps_its_name(desk: Desk) -> None:
    name = desk.account().name
    desk.token()
    for path in desk.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    desk.token(refused=desk.token())
    assert desk.account().name == name
    assert desk.account().bind_id == "user-1"


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"https://a.example": 7}', '{"https://a.example": {"until": "x"}}']
)
def test_a_file_that_cannot_be_read_counts_as_not_there(desk: Desk, content: str) -> None:
    desk.token()
    (desk.folder / "token.json").write_text(content)
    desk.token()
    assert len(desk.clients) == 2
    assert json.loads((desk.folder / "token.json").read_text())[URL]["token"].endswith("-2")
