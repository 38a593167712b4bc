"""The simulated NemoVideo itself: it answers what is right, and complains about everything else."""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.providers import nemo, nemo_stream
from tests.providers.house import StandInHouse
from tests.providers.ledger import Ledger
from tests.providers.nemo import MessagePlan, NemoService, RenderPlan, refused
from tests.providers.nemo_media import make_media
from tests.providers.nemo_rules import TYPES
from tests.providers.plan import Plan
from tests.providers.reply import Fault, Reply, encode_pieces
from tests.providers.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.nemo_stream import Shape

KEY = "dummy-token"
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "x-skill-source": "generator-image",
    "x-skill-version": "1.1.0",
    "x-skill-platform": "unknown",
}
SESSION = {"task_name": "project", "language": "en"}
OUTPUT = {"format": "mp4", "quality": "high"}


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def service(now: list[float]) -> NemoService:
    return NemoService(Ledger(), key=KEY, clock=lambda: now[0])


def ask(service: NemoService, path: str, document: Any = None, **headers: str) -> Reply:
    body = b"" if document is None else json.dumps(document).encode()
    kind = {} if document is None else {"content-type": "application/json"}
    method = "GET" if document is None else "POST"
    every = {name: value for name, value in {**HEADERS, **kind, **headers}.items() if value}
    return service.handle(Request(host=nemo.HOST, method=method, target=path, headers=every, body=body))


def data(reply: Reply) -> Any:
    answer = json.loads(reply.body)
    assert answer["code"] == 0, answer
    return answer["data"]


def code(reply: Reply) -> int:
    return int(json.loads(reply.body)["code"])


def session(service: NemoService) -> str:
    return str(data(ask(service, nemo.SESSION_PATH, SESSION))["session_id"])


def message(session_id: str, text: str = "a red kite") -> dict[str, Any]:
    parts = {"parts": [{"text": text}]}
    return {"app_name": "nemo_agent", "user_id": "me", "session_id": session_id, "new_message": parts}


def say(service: NemoService, session_id: str, text: str = "a red kite") -> Reply:
    return ask(service, nemo.MESSAGE_PATH, message(session_id, text), accept="text/event-stream")


def state(service: NemoService, session_id: str) -> dict[str, Any]:
    told = data(ask(service, f"{nemo.STATE_PATH}/{session_id}/latest"))["state"]
    assert isinstance(told, dict)
    return told


def told(reply: Reply) -> list[bytes]:
    return [piece for _, piece in reply.pieces or ()]


def fetch(service: NemoService, link: str, **headers: str) -> Reply:
    target = link.partition(nemo.CDN_HOST)[2]
    return service.handle_media(Request(host=nemo.CDN_HOST, method="GET", target=target, headers=headers))


def anonymous(service: NemoService, client: str = "") -> Reply:
    headers = {"x-client-id": client} if client else {}
    return service.handle(Request(host=nemo.HOST, method="POST", target=nemo.TOKEN_PATH, headers=headers))


def test_a_message_is_charged_once_and_changes_the_state_at_its_end(
    service: NemoService, now: list[float]
) -> None:
    where = session(service)
    assert b'"type": "text"' in b"".join(told(say(service, where)))
    assert state(service, where)["generated_media"] == []
    now[0] = 1.0
    (row,) = state(service, where)["generated_media"]
    assert fetch(service, row["url"]).body.startswith(b"\x89PNG")
    assert [int(charge.amount) for charge in service.ledger.charges] == [5]
    assert data(ask(service, nemo.CREDITS_PATH)) == {"available": 995, "frozen": 0, "total": 995}
    assert service.complaints == []


def test_links_differ_each_time_and_expire(service: NemoService, now: list[float]) -> None:
    where = session(service)
    say(service, where)
    now[0] = 1.0
    first, second = (state(service, where)["generated_media"][0]["url"] for _ in range(2))
    assert first != second
    assert fetch(service, first).body == fetch(service, second).body
    service.media.expire_links()
    assert fetch(service, first).status == 403


def test_a_download_goes_on_where_it_stopped(service: NemoService) -> None:
    content = b"0123456789"
    link = service.media.link(service.media.put("a.mp4", "mp4", content))
    whole = fetch(service, link)
    part = fetch(service, link, **{"range": "bytes=4-", "if-range": whole.headers["ETag"]})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"456789", "bytes 4-9/10")
    assert fetch(service, link, **{"range": "bytes=4-", "if-range": '"older"'}).body == content
    assert fetch(service, link, range="bytes=10-").status == 416
    service.media.honours_ranges = False
    assert fetch(service, link, range="bytes=4-").status == 200


@pytest.mark.parametrize("name", ["authorization", "x-client-id", "x-skill-source", "cookie"])
def test_the_media_host_wants_nothing_of_ours(service: NemoService, name: str) -> None:
    link = service.media.link(service.media.put("a.mp4", "mp4", b"x"))
    assert fetch(service, link, **{name: "x"}).status == 400
    assert len(service.complaints) == 1


def test_credits_run_out(service: NemoService) -> None:
    service.accounts[KEY].available = 9
    where = session(service)
    say(service, where)
    assert code(say(service, where)) == 2001
    assert len(service.ledger) == 1


def test_one_token_for_one_client(service: NemoService) -> None:
    client = str(uuid.uuid4())
    token = data(anonymous(service, client))["token"]
    assert token.startswith("nmv_usr_")
    assert (anonymous(service, client).status, anonymous(service).status) == (429, 400)
    service.expire_tokens()
    assert code(ask(service, nemo.CREDITS_PATH, authorization=f"Bearer {token}")) == 1001
    assert data(anonymous(service, client))["token"] != token
    assert data(ask(service, nemo.CREDITS_PATH))["available"] == 1000
    assert service.complaints == []


def test_ten_tokens_for_one_address(service: NemoService) -> None:
    answers = [anonymous(service, str(uuid.uuid4())).status for _ in range(11)]
    assert answers == [200] * 10 + [429]


@pytest.mark.parametrize("name", ["x-skill-source", "x-skill-version", "x-skill-platform"])
def test_an_export_without_attribution_is_a_matter_of_the_plan(
    service: NemoService, now: list[float], name: str
) -> None:
    where, draft = ready(service, now)
    document = {"id": "render_1750000000", "sessionId": where, "draft": draft, "output": OUTPUT}
    assert ask(service, nemo.RENDERS, document, **{name: ""}).status == 402
    assert (len(service.complaints), service.renders.by_id) == (1, {})


def ready(service: NemoService, now: list[float]) -> tuple[str, dict[str, Any]]:
    where = session(service)
    say(service, where, "music under a clip with a title")
    now[0] += 1.0
    return where, state(service, where)["draft"]


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_a_render_in_both_shapes(service: NemoService, now: list[float], shape: Any) -> None:
    where, draft = ready(service, now)
    assert [track["tt"] for track in draft["t"]] == [1, 7, 0]
    service.plan_render(RenderPlan(shape=shape, seconds=10.0))
    document = {"id": "render_1750000000", "sessionId": where, "draft": draft, "output": OUTPUT}
    ask(service, nemo.RENDERS, document)
    seen = []
    for moment in (1.0, 6.0, 20.0):
        now[0] = 1.0 + moment
        answer = json.loads(ask(service, f"{nemo.RENDERS}/render_1750000000").body)
        facts = answer if shape == "flat" else answer["data"]
        seen.append((facts["status"], facts["progress"]))
    assert seen == [("pending", 10), ("processing", 60), ("completed", 100)]
    link = facts["output"]["url"] if shape == "flat" else facts["outputUrl"]
    content = fetch(service, link).body
    assert content[4:8] == b"ftyp"
    assert ask(service, f"{nemo.DOWNLOADS}/render_1750000000/download").body == content
    ask(service, nemo.RENDERS, document)
    assert "posted twice" in service.complaints[0]


def test_a_render_that_is_cancelled_and_a_draft_of_ones_own(service: NemoService, now: list[float]) -> None:
    where, draft = ready(service, now)
    document = {"id": "render_1750000001", "sessionId": where, "draft": draft, "output": OUTPUT}
    service.plan_render(RenderPlan(end="never"))
    ask(service, nemo.RENDERS, document)
    assert data(ask(service, f"{nemo.RENDERS}/render_1750000001/cancel", {}))["status"] == "cancelled"
    assert json.loads(ask(service, f"{nemo.RENDERS}/render_1750000001").body)["status"] == "cancelled"
    changed = copy.deepcopy(draft)
    changed["t"][0]["sg"][0]["d"] += 1
    ask(service, nemo.RENDERS, {**document, "id": "render_1750000002", "draft": changed})
    assert "not one that the state has given out" in service.complaints[0]


def test_a_session_that_is_gone(service: NemoService) -> None:
    where = session(service)
    service.forget_sessions()
    assert (code(say(service, where)), len(service.ledger)) == (1002, 0)
    assert code(ask(service, f"{nemo.STATE_PATH}/{where}/latest")) == 1002


def test_planned_refusals_charge_nothing(service: NemoService) -> None:
    where = session(service)
    service.plan_message(refused(429, status=429), Plan(fault=Fault.CLOSE_BEFORE_READING))
    assert (say(service, where).status, say(service, where).fault) == (429, Fault.CLOSE_BEFORE_READING)
    assert len(service.ledger) == 0
    service.plan_message(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    say(service, where)
    assert len(service.ledger) == 1


WRONG = (
    lambda document: document.update(streaming=True),
    lambda document: document.update(user_id="you"),
    lambda document: document["new_message"].update(role="user"),
    lambda document: document["new_message"]["parts"].append({"text": "b"}),
    lambda document: document["new_message"].update(parts=[{"text": " "}]),
)


@pytest.mark.parametrize("change", WRONG)
def test_a_message_of_another_shape_is_complained_about(service: NemoService, change: Any) -> None:
    document = message(session(service))
    change(document)
    assert ask(service, nemo.MESSAGE_PATH, document, accept="text/event-stream").status == 400
    assert (len(service.complaints), len(service.ledger)) == (1, 0)


def form(*parts: tuple[str, bytes], boundary: str = "b1") -> bytes:
    heads = [f'--{boundary}\r\nContent-Disposition: form-data; name="files"; {head}\r\n\r\n' for head, _ in parts]
    body = b"".join(head.encode() + content + b"\r\n" for head, (_, content) in zip(heads, parts, strict=True))
    return body + f"--{boundary}--\r\n".encode()


def upload(service: NemoService, where: str, body: bytes) -> Reply:
    kind = {"content-type": "multipart/form-data; boundary=b1"}
    request = Request(
        host=nemo.HOST,
        method="POST",
        target=f"{nemo.UPLOAD_PATH}/{where}",
        headers={**HEADERS, **kind},
        body=body,
    )
    return service.handle(request)


def test_an_upload_is_read_to_the_letter(service: NemoService) -> None:
    where = session(service)
    picture = make_media("png", 1)
    two = form(('filename="a.png"\r\nContent-Type: image/png', picture), ('filename="b.mp3"', b"ID3\r\n--b"))
    rows = data(upload(service, where, two))["files"]
    assert [(row["filename"], row["file_type"]) for row in rows] == [("a.png", "image"), ("b.mp3", "audio")]
    assert [one.content for one in service.uploads] == [picture, b"ID3\r\n--b"]
    assert rows[0]["hash"] == hashlib.sha256(picture).hexdigest()
    assert fetch(service, rows[0]["cdn_url"]).body == picture
    assert [row["filename"] for row in state(service, where)["video_infos"]] == ["a.png", "b.mp3"]
    assert code(upload(service, where, form(('filename="a.exe"', b"MZ")))) == 4001
    assert service.complaints == []
    for body in (two[:-4], b"--b1--\r\n", form(('filename="../a.png"', b"x")), form(("x=1", b"x")), two + b"x"):
        upload(service, where, body)
    assert len(service.complaints) == 5


def test_an_upload_by_link(service: NemoService) -> None:
    where = session(service)
    document = {"urls": ["https://example.com/a/photo.jpg?x=1"], "source_type": "url"}
    assert data(ask(service, f"{nemo.UPLOAD_PATH}/{where}", document))["files"][0]["filename"] == "photo.jpg"
    ask(service, f"{nemo.UPLOAD_PATH}/{where}", {**document, "urls": ["http://example.com/a.jpg"]})
    assert (service.links, len(service.complaints)) == (document["urls"], 1)


@pytest.mark.parametrize("shape", ["typed", "adk"])
def test_a_stream_that_is_cut_ends_after_so_many_events(shape: Shape) -> None:
    whole = nemo_stream.events(MessagePlan(shape=shape))
    for cut in range(len(whole)):
        reply = nemo_stream.stream(MessagePlan(shape=shape, cut=cut, piece=7), 0.0)
        assert b"".join(told(reply)) == b"".join(whole[:cut])
        assert b"0\r\n\r\n" not in [part for _, part in encode_pieces(reply)]
    assert list(encode_pieces(nemo_stream.stream(MessagePlan(shape=shape), 0.0)))[-1] == (0.0, b"0\r\n\r\n")


def test_the_complete_text_comes_again_in_the_shape_of_the_development_kit() -> None:
    lines = nemo_stream.events(MessagePlan(shape="adk", text="abcd", heartbeats=0))
    rows = [json.loads(line.removeprefix(b"data: ")) for line in lines]
    texts = [
        (row.get("partial"), part["text"]) for row in rows for part in row["content"]["parts"] if "text" in part
    ]
    assert texts == [(True, "ab"), (True, "cd"), (None, "abcd")]


@pytest.mark.parametrize("kind", TYPES)
def test_media_differ_by_number_and_begin_as_their_kind(kind: str) -> None:
    assert make_media(kind, 1) != make_media(kind, 2)
    assert len({make_media(one, 1)[:16] for one in TYPES if one != "jpeg"}) == len(TYPES) - 1


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


def over_the_wire(house: StandInHouse, path: str, **how: Any) -> requests.Response:
    headers = {**HEADERS, "authorization": f"Bearer {house.nemo.key}", **how.pop("headers", {})}
    return requests.post(
        f"https://{nemo.HOST}{path}",
        headers=headers,
        proxies={"https": house.proxy.url},
        verify=house.server.ca_path,
        timeout=20,
        **how,
    )


def test_a_stream_over_the_wire(house: StandInHouse) -> None:
    where = over_the_wire(house, nemo.SESSION_PATH, json=SESSION).json()["data"]["session_id"]
    house.nemo.plan_message(
        MessagePlan(noise=True, piece=3), MessagePlan(cut=2), MessagePlan(cut=1, fault=Fault.CUT_CLOSE)
    )
    accept = {"accept": "text/event-stream"}
    whole = over_the_wire(house, nemo.MESSAGE_PATH, json=message(where), headers=accept)
    assert whole.content == b"".join(nemo_stream.events(MessagePlan(noise=True)))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        over_the_wire(house, nemo.MESSAGE_PATH, json=message(where), headers=accept)
    short = over_the_wire(house, nemo.MESSAGE_PATH, json=message(where), headers=accept)
    assert short.content == nemo_stream.events(MessagePlan())[0]
    assert house.nemo.complaints == []


def test_a_large_upload_lies_on_the_disk(house: StandInHouse, tmp_path: Path) -> None:
    where = over_the_wire(house, nemo.SESSION_PATH, json=SESSION).json()["data"]["session_id"]
    path = tmp_path / "body"
    head, tail = form(('filename="film.mp4"', b"")).split(b"\r\n--b1--")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + (17 << 20))
        file.seek(0, 2)
        file.write(b"\r\n--b1--" + tail)
    with path.open("rb") as file:
        kind = {"content-type": "multipart/form-data; boundary=b1"}
        answer = over_the_wire(house, f"{nemo.UPLOAD_PATH}/{where}", data=file, headers=kind)
    assert answer.json()["code"] == 0
    (sent,) = house.nemo.uploads
    assert (sent.size, sent.content, sent.start) == (17 << 20, None, bytes(64))
    assert sent.sha256 == hashlib.sha256(bytes(17 << 20)).hexdigest()
    assert house.recorder.requests[-1].body == b""
    assert house.recorder.hosts_that_saw("film.mp4") == {nemo.HOST}
