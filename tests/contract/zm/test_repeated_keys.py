"""A key that a relay repeats is in no file that a run leaves, in any form, and not on the streams."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.contract.zm.relay import IMAGE, KEY, Relay
from tests.providers.reply import Reply

if TYPE_CHECKING:
    from tests.contract.zm.stage import Stage

SPELLINGS = {
    "plain": KEY,
    "url": quote(KEY, safe=""),
    "hex": KEY.encode().hex(),
    "HEX": KEY.encode().hex().upper(),
    "base64": base64.b64encode(KEY.encode()).decode().rstrip("="),
}
ROWS = {"with an image": [{"b64_json": base64.b64encode(IMAGE).decode()}], "without one": [{"url": 7}]}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("status", [200, 400])
def test_a_repeated_key_is_written_nowhere(rows: str, status: int, stage: Stage) -> None:
    error = {"message": " ".join(SPELLINGS.values()), "code": KEY, "type": KEY}
    body = {"data": ROWS[rows], "revised_prompt": [*SPELLINGS.values()], "error": error if status != 200 else None}
    with Relay() as relay:
        stage.provide(relay.provider)
        headers = {"Content-Type": "application/json", "x-request-id": KEY}
        relay.answers = [Reply(status=status, headers=headers, body=json.dumps(body).encode())]
        ended = stage.tried("--prompt", "a red kite")
    config = stage.state / "openclaw.json"
    files = [path for path in stage.home.parent.rglob("*") if path.is_file() and path != config]
    contents = {str(path): path.read_bytes() for path in files} | {"stdout": ended.stdout, "stderr": ended.stderr}
    for name, spelling in SPELLINGS.items():
        assert [place for place, content in contents.items() if spelling.encode() in content] == [], name
