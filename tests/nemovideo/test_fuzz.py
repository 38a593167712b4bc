"""Whatever is answered at any call: no bug, the message leaves once at most, and its session is not lost."""

from __future__ import annotations

import contextlib
import io
import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nemovideo import config
from nemovideo.cli import app
from requests.structures import CaseInsensitiveDict

from shared.errors import ResponseLost
from shared.http import session
from shared.security import keys
from tests.faults.vectors.spoiled import JSON, ODD
from tests.journals import entries_in
from tests.providers.pictures import make_picture
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TOKEN = "dummy-token-of-nobody-0123456789"
PICTURE = make_picture("png", 8, 8, 1)
LINK = "https://cdn.example/1.png?sign=x"
DRAFT = {"t": [{"tt": 0, "sg": [{"d": 5000, "m": {"name": "kite"}}]}]}
GOOD: dict[str, dict[str, Any]] = {
    "session": {"code": 0, "data": {"session_id": "s-1", "task_id": "t-1"}},
    "credits": {"code": 0, "data": {"available": 90, "frozen": 0, "total": 90}},
    "state": {"code": 0, "data": {"state": {"draft": DRAFT, "generated_media": [{"url": LINK, "type": "image"}]}}},
    "render": {"status": "completed", "output": {"url": "https://cdn.example/1.mp4"}},
}
SPOILED = st.sampled_from([*ODD, {"code": 1002}, {"code": 1001}, {"code": 2001}, {"code": 429}, {"code": 0}])
STATUSES = st.sampled_from([200, 200, 200, 204, 301, 307, 400, 401, 402, 403, 404, 408, 429, 451, 500, 503, 599])
HEADERS = st.sampled_from(
    [{}, {"content-type": "application/json"}, {"content-type": "text/html"}, {"retry-after": "9" * 400},
     {"retry-after": "1"}, {"retry-after": "-5"}, {"retry-after": "\xb2"}, {"content-length": "-5"},
     {"location": "http://[::1"}, {"content-type": "application/json; charset=\xff"}]
)  # fmt: skip
BODIES = st.one_of(
    st.sampled_from([b"", b"<html>", b"null", b"[" * 990 + b"]" * 990, b'{"code": 1e3}', b'{"a": "\\ud800"}']),
    st.binary(max_size=20),
    JSON.map(lambda one: json.dumps(one).encode()),
    SPOILED.map(lambda one: json.dumps(one).encode()),
    st.tuples(st.sampled_from(list(GOOD.values())), SPOILED).map(
        lambda two: json.dumps({**two[0], "data": two[1]}).encode()
    ),
)
EVENTS = st.one_of(
    SPOILED.map(lambda one: {"type": "text", "content": one}),
    SPOILED.map(lambda one: {"content": {"parts": [{"text": one}]}, "author": "a"}),
    SPOILED.map(lambda one: {"errorCode": one, "errorMessage": one}),
    SPOILED.map(lambda one: {"code": one, "message": one}),
    JSON,
    st.just({"type": "text", "content": "half a character \ud83d"}),
)
STREAMS = st.lists(
    EVENTS.map(lambda one: b"data: " + json.dumps(one).encode() + b"\n\n") | st.binary(max_size=9), max_size=4
)


class Reply:
    """An answer in the place of one of requests."""

    def __init__(self, status: int, headers: Mapping[str, str], *blocks: bytes) -> None:
        self.status_code = status
        self.headers = CaseInsensitiveDict(headers)
        self.is_redirect = "location" in self.headers and status in range(300, 400)
        self._blocks = iter(blocks)
        self.raw = SimpleNamespace(chunked=True, length_remaining=None, read1=self._read1)

    def _read1(self, _size: int, *, decode_content: bool) -> bytes:
        assert decode_content
        return next(self._blocks, b"")

    def iter_content(self, _size: int) -> Iterator[bytes]:
        return self._blocks


class Service:
    """Answers every call well but those that the example spoils."""

    def __init__(self, spoiled: dict[int, Reply | None], stream: list[bytes]) -> None:
        self.calls: list[str] = []
        self._spoiled = spoiled
        self._stream = stream

    @contextlib.contextmanager
    def exchange(self, method: str, url: str, *_: Any, **__: Any) -> Iterator[Reply]:
        number = len(self.calls)
        self.calls.append(f"{method} {url.partition('//')[2].partition('/')[2]}")
        if number in self._spoiled:
            reply = self._spoiled[number]
            if reply is None:
                raise ResponseLost("answer_lost", reason="x", host="x")
            yield reply
        elif url.endswith("/run_sse"):
            yield Reply(200, {"content-type": "text/event-stream"}, *self._stream)
        elif "cdn.example" in url:
            yield Reply(200, {}, PICTURE)
        else:
            place = re.search("session|credits|state|render", url)
            yield Reply(200, {}, json.dumps(GOOD[place.group()] if place else {}).encode())

    @property
    def messages(self) -> int:
        return sum(call.endswith("run_sse") for call in self.calls)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    spoiled=st.dictionaries(st.integers(0, 9), st.none() | st.tuples(STATUSES, HEADERS, BODIES), max_size=4),
    stream=STREAMS,
    command=st.sampled_from([("generate", "a kite"), ("generate", "a kite", "--export")]),
)
def test_a_run_ends_well_whatever_is_answered(
    tmp_path_factory: pytest.TempPathFactory,
    spoiled: dict[int, tuple[int, dict[str, str], bytes] | None],
    stream: list[bytes],
    command: tuple[str, ...],
) -> None:
    home = tmp_path_factory.mktemp("fuzz")
    replies = {at: one and Reply(one[0], one[1], one[2]) for at, one in spoiled.items()}
    met = Service(replies, stream)
    document, code = run(home, met, *command)
    assert code != 1, document["error"]
    accepted = met.messages - sum(
        at in spoiled and met.calls[at].endswith("run_sse") for at in range(len(met.calls))
    )
    assert accepted <= 1, "the message was sent again after it was accepted"
    if document["possible_charges"]:
        entries = [entry for path in home.rglob("journal.db") for entry in entries_in(path)]
        assert [one.extra["session_id"] for one in entries if one.possible_charges] == [document["session_id"]]
    may_cost = document["possible_charges"]
    again = Service({}, [])
    document, code = run(home, again, *command)
    assert code != 1, document["error"]
    assert not (may_cost and again.messages), "the same words were paid for twice"


def run(home: Path, met: Service, *command: str) -> tuple[dict[str, Any], int]:
    clock = FakeClock()
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_in_play", {})
        for name, value in {"HOME": str(home), "NEMO_TOKEN": TOKEN}.items():
            patch.setenv(name, value)
        patch.delenv("OPENCLAW_STATE_DIR", raising=False)
        patch.chdir(home)
        patch.setattr(config, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=clock.sleep))
        patch.setattr(session.Session, "_exchange", met.exchange)
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        code = app.generator_image([*command, "--json", "--timeout", "1500"], str(home / "generator_image.py"))
    out.flush()
    content = out.buffer.getvalue()
    assert TOKEN.encode() not in content
    return json.loads(content), code
