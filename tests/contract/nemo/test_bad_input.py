"""Tokens that are not set and drafts that cannot be rendered; command lines are in tests/faults/vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.nemo.room import LAUNCHER

if TYPE_CHECKING:
    from tests.contract.nemo.room import Room


@pytest.mark.parametrize("token", ["", "$NEMO_TOKEN"])
def test_a_token_that_is_not_set_is_said_and_an_anonymous_one_taken(stranger: Room, token: str) -> None:
    ended = stranger.bench.run(LAUNCHER, "credits", "--json", env={"NEMO_TOKEN": token})
    assert stranger.checked(ended)["credits"]["available"] == 100


@pytest.mark.parametrize(("content", "code"), [(b"[]", 2), (b'{"t": NaN}', 2), (b'{"t": []}', 13)])
def test_a_draft_that_cannot_be_rendered(room: Room, content: bytes, code: int) -> None:
    (room.bench.work / "draft.json").write_bytes(content)
    flags = ("--draft", "draft.json", "--session", "s-1")
    room.do("export", *flags, code=code, error="draft_unusable" if code == 2 else "nothing_to_export")
    assert room.house.contacted == set()
