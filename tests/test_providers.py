"""The simulated services themselves: all other tests rely on them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import requests
from PIL import Image

from tests.providers import kexiang, pictures
from tests.providers.certificates import CertificateFault
from tests.providers.house import StandInHouse
from tests.providers.kexiang import KexiangService, TaskPlan
from tests.providers.ledger import Ledger
from tests.providers.plan import Plan
from tests.providers.reply import Fault, Reply
from tests.providers.request import MalformedRequestError, Request, read_request
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

API = f"https://{kexiang.HOST}"


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as running:
        running.server.drip_seconds = 0.02
        yield running


@pytest.fixture
def session(house: StandInHouse) -> Iterator[requests.Session]:
    with requests.Session() as client:
        client.trust_env = False
        client.proxies = {"https": house.proxy.url, "http": house.proxy.url}
        client.verify = house.server.ca_path
        client.headers["x-api-key"] = house.kexiang.key
        yield client


@pytest.fixture(params=["through the proxy", "directly"])
def base(request: pytest.FixtureRequest, house: StandInHouse, session: requests.Session) -> str:
    if request.param == "through the proxy":
        return API
    session.proxies = {}
    return f"https://127.0.0.1:{house.server.port}"


def document(**user_input: Any) -> dict[str, Any]:
    given = {"modelName": "GPT-Image-2", "modelType": "text2img", "prompt": "a cat", "size": "16:9"}
    return {"cost_type": 1, "business_url": "gpt-image2/img", "user_input": {**given, **user_input}}


def create(session: requests.Session, base: str = API, **options: Any) -> requests.Response:
    return session.post(base + kexiang.CREATE_PATH, json=document(), **{"timeout": 5, **options})


def query(session: requests.Session, task_id: object) -> requests.Response:
    return session.get(f"{API}{kexiang.QUERY_PATH}{task_id}", timeout=5)


def download(session: requests.Session, link: str) -> requests.Response:
    return session.get(link, headers={"x-api-key": None}, timeout=5)


# --- The whole way


def test_create_query_and_download_through_the_environment(
    house: StandInHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)
    with requests.Session() as client:
        client.headers["x-api-key"] = house.kexiang.key
        created = create(client).json()
        finished = query(client, created["id"]).json()
    picture = requests.get(finished["service_output"]["imgUrls"][0], timeout=5)

    assert created == {
        "id": 13170,
        "task_status": "pending",
        "cost": "0.2",
        "user_input": document()["user_input"],
    }
    assert finished["task_status"] == "success"
    assert picture.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size == (320, 180)
    assert house.proxy.connects == [f"{kexiang.HOST}:443", f"{kexiang.PICTURE_HOST}:443"]
    assert house.contacted == {kexiang.HOST, kexiang.PICTURE_HOST}
    assert house.server.handshakes == {kexiang.HOST: 1, kexiang.PICTURE_HOST: 1}
    assert house.recorder.hosts_that_saw(house.kexiang.key) == {kexiang.HOST}
    assert [request.method for request in house.recorder.requests_to("/api/")] == ["POST", "GET"]
    assert len(house.recorder.requests_to("/", host=kexiang.PICTURE_HOST)) == 1
    assert (len(house.ledger), house.ledger.total) == (1, Decimal("0.2"))
    assert house.kexiang.complaints == []


def test_a_secret_is_found_in_target_and_body_too(house: StandInHouse, session: requests.Session) -> None:
    session.get(f"{API}/x?a=two%20words", timeout=5)
    session.post(f"https://{kexiang.PICTURE_HOST}/", data=b"other words", timeout=5)
    assert house.recorder.hosts_that_saw("two words") == {kexiang.HOST}
    assert house.recorder.hosts_that_saw("other words") == {kexiang.PICTURE_HOST}
    assert house.recorder.hosts_that_saw("no such words") == set()


def test_creates_at_once_get_a_task_and_a_charge_each(house: StandInHouse) -> None:
    def create_alone(_number: int) -> int:
        with requests.Session() as client:
            client.trust_env = False
            client.proxies, client.verify = {"https": house.proxy.url}, house.server.ca_path
            client.headers["x-api-key"] = house.kexiang.key
            task_id: int = create(client).json()["id"]
            return task_id

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create_alone, range(8))) == list(range(13170, 13178))
    assert len(house.ledger) == house.server.handshakes[kexiang.HOST] == 8


def test_a_host_of_the_tests_own_is_served() -> None:
    def redirect(_request: Request) -> Reply:
        return Reply(status=302, headers={"Location": "https://unknown.example/"})

    with StandInHouse(handlers={"elsewhere.example": redirect}) as house:
        answer = requests.get(
            "https://elsewhere.example/",
            proxies={"https": house.proxy.url},
            verify=house.server.ca_path,
            allow_redirects=False,
            timeout=5,
        )
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://unknown.example/")


def test_leaving_the_house_ends_hanging_connections_and_threads() -> None:
    before = threading.active_count()
    with StandInHouse() as house:
        house.proxy.plan("hangs.example", TunnelFault.HANG)
        silent = [socket.create_connection(("127.0.0.1", port)) for port in (house.server.port, house.proxy.port)]
        silent[1].sendall(b"CONNECT hangs.example:443 HTTP/1.1\r\n\r\n")
        while not house.proxy.connects:
            time.sleep(0.001)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 1
    assert threading.active_count() == before
    for connection in silent:
        connection.close()


# --- Faults on the socket


@pytest.mark.parametrize(
    ("fault", "error", "charges"),
    [
        (Fault.CLOSE_BEFORE_READING, requests.ConnectionError, 0),
        (Fault.CLOSE_WITHOUT_ANSWER, requests.ConnectionError, 1),
        (Fault.RESET, requests.ConnectionError, 1),
        (Fault.HANG, requests.ReadTimeout, 1),
        (Fault.CUT_HEADERS, requests.exceptions.ChunkedEncodingError, 1),
        (Fault.CUT_LENGTH, requests.exceptions.ChunkedEncodingError, 1),
        (Fault.CUT_CHUNKED, requests.exceptions.ChunkedEncodingError, 1),
        (Fault.GARBAGE_RECORD, requests.exceptions.SSLError, 1),
    ],
)
def test_a_fault_is_seen_by_the_client_and_charged_when_the_service_acted(  # noqa: PLR0917 - handed on by name
    house: StandInHouse,
    session: requests.Session,
    base: str,
    fault: Fault,
    error: type[Exception],
    charges: int,
) -> None:
    house.kexiang.plan_create(Plan(fault=fault))
    with pytest.raises(error):
        create(session, base, timeout=0.5 if fault is Fault.HANG else 5)
    assert len(house.ledger) == charges
    assert create(session, base).status_code == 200


@pytest.mark.parametrize("tunnelled", [True, False])
@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE_WITHOUT_ANSWER])
def test_a_reset_is_one_on_the_wire(house: StandInHouse, fault: Fault, tunnelled: bool) -> None:
    # Seen below TLS, because Python's ssl module reports both as the same end of file.
    house.kexiang.plan_query(Plan(fault=fault))
    trust = ssl.create_default_context(cafile=house.server.ca_path)
    port = house.proxy.port if tunnelled else house.server.port
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=5)
    if tunnelled:
        connection.set_tunnel(kexiang.HOST, 443)
    connection.connect()
    with contextlib.closing(connection), socket.socket(fileno=os.dup(connection.sock.fileno())) as raw:
        raw.settimeout(5)
        connection.request("GET", kexiang.QUERY_PATH + "1", headers={"x-api-key": house.kexiang.key})
        expected = pytest.raises(ConnectionResetError) if fault is Fault.RESET else contextlib.nullcontext()
        with expected:
            while raw.recv(65536):
                pass


def test_an_answer_ended_by_close_is_cut_without_an_error(
    house: StandInHouse, session: requests.Session, base: str
) -> None:
    whole = create(session, base).content
    house.kexiang.plan_create(Plan(fault=Fault.CUT_CLOSE))
    assert create(session, base).content == whole.replace(b"13170", b"13171")[: len(whole) // 2]


@pytest.mark.parametrize(("fault", "seconds"), [(Fault.DRIP, 1.2), (Fault.DRIP_HEADERS, 2.0)])
def test_a_drip_outlasts_a_timeout_per_read(
    house: StandInHouse, session: requests.Session, fault: Fault, seconds: float
) -> None:
    house.kexiang.plan_create(Plan(fault=fault, body=b"x" * 60))
    started = time.monotonic()
    assert create(session, timeout=1).content == b"x" * 60
    assert time.monotonic() - started > seconds


def test_a_gzip_bomb_is_small_on_the_wire(house: StandInHouse, session: requests.Session) -> None:
    house.kexiang.plan_create(Plan(fault=Fault.GZIP_BOMB))
    with create(session, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) < 200_000
        assert sum(map(len, answer.iter_content(1 << 20))) == 100 * 1024 * 1024


def test_a_close_after_the_answer_is_not_announced(house: StandInHouse) -> None:
    house.kexiang.plan_query(Plan(fault=Fault.CLOSE_AFTER_ANSWER))
    trust = ssl.create_default_context(cafile=house.server.ca_path)
    connection = http.client.HTTPSConnection("127.0.0.1", house.server.port, context=trust, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", kexiang.QUERY_PATH + "1", headers={"x-api-key": house.kexiang.key})
        answer = connection.getresponse()
        assert (answer.status, answer.will_close) == (404, False)
        answer.read()
        assert connection.sock.recv(1) == b""


@pytest.mark.parametrize("fault", [Fault.CLOSE_BEFORE_TLS, Fault.CLOSE_BEFORE_READING])
def test_a_connection_can_be_closed_before_anything_is_read(
    house: StandInHouse, session: requests.Session, base: str, fault: Fault
) -> None:
    house.server.plan_connections(fault)
    with pytest.raises(requests.ConnectionError):
        create(session, base)
    assert house.recorder.requests == []
    assert sum(house.server.handshakes.values()) == (fault is Fault.CLOSE_BEFORE_READING)
    assert create(session, base).status_code == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (CertificateFault.EXPIRED, "certificate has expired"),
        (CertificateFault.SELF_SIGNED, "self.signed certificate"),
        (CertificateFault.WRONG_NAME, "Hostname mismatch|doesn't match|not valid for"),
        (CertificateFault.UNKNOWN_ISSUER, "unable to get local issuer"),
    ],
)
def test_a_bad_certificate_is_refused_before_a_request(
    house: StandInHouse, session: requests.Session, base: str, fault: CertificateFault, reason: str
) -> None:
    for host in ("127.0.0.1", kexiang.HOST):
        house.server.serve_certificate(host, fault)
    with pytest.raises(requests.exceptions.SSLError, match=reason):
        create(session, base)
    assert house.recorder.requests == []
    for host in ("127.0.0.1", kexiang.HOST):
        house.server.serve_certificate(host)
    assert create(session, base).status_code == 200


# --- Faults of the proxy


@pytest.mark.parametrize("status", [407, 502, 503])
def test_the_proxy_can_refuse(house: StandInHouse, session: requests.Session, status: int) -> None:
    house.proxy.refuse_with = status
    with pytest.raises(requests.exceptions.ProxyError, match=str(status)):
        create(session)
    assert house.proxy.connects == [f"{kexiang.HOST}:443"]
    assert not house.server.handshakes


@pytest.mark.parametrize(
    ("fault", "error", "handshakes"),
    [
        (503, requests.exceptions.ProxyError, 0),
        (TunnelFault.HANG, requests.Timeout, 0),
        (TunnelFault.CUT_BEFORE_ANSWER, requests.exceptions.ConnectionError, 0),
        (TunnelFault.CUT_BEFORE_TLS, requests.exceptions.ConnectionError, 0),
        (TunnelFault.CUT_REQUEST, requests.exceptions.ConnectionError, None),
    ],
)
def test_a_planned_tunnel_fault_meets_one_connection(
    house: StandInHouse,
    session: requests.Session,
    fault: TunnelFault | int,
    error: type[Exception],
    handshakes: int | None,
) -> None:
    house.proxy.plan(kexiang.HOST, fault)
    with pytest.raises(error):
        create(session, timeout=0.5 if fault is TunnelFault.HANG else 5)
    assert house.recorder.requests == []
    assert handshakes is None or sum(house.server.handshakes.values()) == handshakes
    assert create(session).status_code == 200
    assert len(house.ledger) == 1


def test_an_unknown_host_is_recorded_and_refused(house: StandInHouse, session: requests.Session) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        session.get("https://unknown.example/", timeout=5)
    assert session.get("http://plain.example/path", timeout=5).status_code == 405
    assert house.proxy.connects == ["unknown.example:443", "http://plain.example/path"]
    assert house.contacted == {"unknown.example", "plain.example"}


def test_the_proxy_can_ask_for_a_password(house: StandInHouse, session: requests.Session) -> None:
    house.proxy.password = "user:word"
    with pytest.raises(requests.exceptions.ProxyError, match="407"):
        create(session)
    session.proxies = {"https": house.proxy.url_with_password("user:word")}
    assert create(session).status_code == 200


# --- The rules of kexiang


@pytest.mark.parametrize("key", ["wrong", "", None])
def test_a_wrong_key_is_401(house: StandInHouse, session: requests.Session, key: str | None) -> None:
    session.headers["x-api-key"] = key  # type: ignore[assignment]  # None leaves the header out
    assert create(session).status_code == 401
    assert len(house.ledger) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "create"),
        (b"[]", "object"),
        (b'{"cost_type": 1, "cost_type": 1}', "twice"),
        (b'{"cost_type": NaN}', "NaN"),
        (b"\xff", "utf-8"),
        ({**document(), "extra": 1}, "extra"),
        ({**document(), "cost_type": True}, "cost_type"),
        ({**document(), "cost_type": 2}, "cost_type"),
        ({**document(), "business_url": "img"}, "business_url"),
        ({**document(), "user_input": []}, "user_input"),
        (document(n=1), "'n'"),
        (document(modelType="video"), "modelType"),
        (document(modelType=[]), "modelType"),
        (document(modelName=""), "modelName"),
        (document(prompt=" "), "prompt"),
        (document(prompt=None), "prompt"),
        (document(size="5:4"), "size"),
        (document(size=[]), "size"),
        (document(urls=[]), "urls"),
        (document(modelType="img2img"), "urls"),
        (document(modelType="img2img", urls=[]), "urls"),
        (document(modelType="img2img", urls=["https://a.example/"] * 9), "urls"),
        (document(modelType="img2img", urls=["http://a.example/"]), "urls"),
        (document(modelType="img2img", urls=[1]), "urls"),
    ],
)
def test_a_wrong_create_is_refused_and_complained_about(body: Any, field: str) -> None:
    service = KexiangService(Ledger(), key="k")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = service.handle(ask(service, "POST", kexiang.CREATE_PATH, content))
    assert reply.status == 400
    assert json.loads(reply.body)["message"] == service.complaints[0]
    assert field in service.complaints[0]
    assert len(service.ledger) == 0


@pytest.mark.parametrize(
    ("method", "target", "headers", "complaint"),
    [
        ("GET", kexiang.CREATE_PATH, {}, "create"),
        ("POST", kexiang.CREATE_PATH, {"content-type": "text/plain"}, "Content-Type"),
        ("POST", kexiang.QUERY_PATH + "13170", {}, "query"),
        ("GET", kexiang.QUERY_PATH + "13170?x=1", {}, "query"),
        ("GET", "/api/v2", {}, "no such path"),
    ],
)
def test_a_wrong_request_is_complained_about(
    method: str, target: str, headers: dict[str, str], complaint: str
) -> None:
    service = KexiangService(Ledger(), key="k")
    assert service.handle(ask(service, method, target, headers=headers)).status == 400
    assert complaint in service.complaints[0]


def test_a_download_with_the_key_is_complained_about(house: StandInHouse, session: requests.Session) -> None:
    link = query(session, create(session).json()["id"]).json()["service_output"]["imgUrls"][0]
    assert session.get(link, timeout=5).status_code == 400
    assert "x-api-key" in house.kexiang.complaints[0]


@pytest.mark.parametrize("urls", [1, 8])
@pytest.mark.parametrize("size", ["auto", "9:21", "1:3"])
def test_img2img_is_accepted(urls: int, size: str) -> None:
    service = KexiangService(Ledger(), key="k")
    body = document(modelType="img2img", size=size, urls=["https://a.example/b.png"] * urls)
    reply = service.handle(ask(service, "POST", kexiang.CREATE_PATH, json.dumps(body).encode()))
    assert (reply.status, service.complaints) == (200, [])


# --- The life of a task, without sockets


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(service: KexiangService, method: str, target: str, body: bytes = b"", headers: Any = None) -> Request:
    return Request(
        host=kexiang.HOST,
        method=method,
        target=target,
        headers={"x-api-key": service.key, "content-type": "application/json", **(headers or {})},
        body=body,
    )


def create_here(service: KexiangService) -> Any:
    body = json.dumps(document()).encode()
    return json.loads(service.handle(ask(service, "POST", kexiang.CREATE_PATH, body)).body)


def query_here(service: KexiangService, task_id: object = kexiang.FIRST_ID) -> Any:
    return json.loads(service.handle(ask(service, "GET", f"{kexiang.QUERY_PATH}{task_id}")).body)


def fetch_here(service: KexiangService, link: str) -> Reply:
    target = link.removeprefix(f"https://{kexiang.PICTURE_HOST}")
    return service.handle_picture(Request(host=kexiang.PICTURE_HOST, method="GET", target=target, headers={}))


def test_a_task_lives_by_the_services_clock() -> None:
    clock = Clock()
    service = KexiangService(Ledger(), key="k", default_duration=10, clock=clock)
    create_here(service)
    seen = []
    for clock.now in (0, 3, 9.9, 10):
        answer = query_here(service)
        seen.append((answer["task_status"], answer["service_output"] is None))
    assert seen == [("pending", True), ("running", True), ("running", True), ("success", False)]


def test_status_words_and_reasons_are_as_planned() -> None:
    clock = Clock()
    service = KexiangService(Ledger(), key="k", clock=clock)
    service.plan_task(
        TaskPlan(duration=1, outcome="failed", status_words=("PENDING", None, "Canceled"), reason="no cats")
    )
    assert create_here(service)["task_status"] == "PENDING"
    clock.now = 0.5
    assert query_here(service)["task_status"] is None
    clock.now = 1
    answer = query_here(service)
    assert (answer["task_status"], answer["service_output"]) == ("Canceled", {"failReason": "no cats"})
    assert len(service.ledger) == 1


def test_service_output_takes_every_form() -> None:
    service = KexiangService(Ledger(), key="k", default_duration=0)
    links = ("https://a.example/1", "https://a.example/2")
    for form in ("object", "text", "null", "single"):
        service.plan_task(TaskPlan(output=form, links=links))
    answers = [query_here(service, create_here(service)["id"])["service_output"] for _ in range(4)]
    many = {"imgUrls": list(links)}
    assert answers == [many, json.dumps(many), None, {"imgUrl": links[0]}]


def test_links_are_fresh_with_every_query_and_can_expire() -> None:
    service = KexiangService(Ledger(), key="k", default_duration=0)
    service.plan_task(TaskPlan(pictures=(("png", 30, 20), ("jpeg", 20, 30), ("webp", 8, 8)), task_id="a/../b c"))
    create_here(service)
    old, fresh = ([*query_here(service, "a%2F..%2Fb%20c")["service_output"]["imgUrls"]] for _ in range(2))
    assert not set(old) & set(fresh)
    for links in (old, fresh):
        replies = [fetch_here(service, link) for link in links]
        assert [reply.headers["Content-Type"] for reply in replies] == ["image/png", "image/jpeg", "image/webp"]
        assert [Image.open(io.BytesIO(reply.body)).size for reply in replies] == [(30, 20), (20, 30), (8, 8)]
    assert fetch_here(service, fresh[0].replace("/0.png", "/1.jpeg")).status == 403
    service.expire_links()
    assert fetch_here(service, fresh[0]).status == 403
    assert fetch_here(service, query_here(service, "a%2F..%2Fb%20c")["service_output"]["imgUrls"][0]).status == 200


@pytest.mark.parametrize(
    ("plan", "charges"),
    [
        (Plan(status=429), 0),
        (Plan(status=401, charge=True), 1),
        (Plan(status=503), 1),
        (Plan(status=503, charge=False), 0),
        (Plan(body=b"<html>"), 1),
        (Plan(fields={"id": None}), 1),
    ],
)
def test_a_plan_says_what_is_charged(plan: Plan, charges: int) -> None:
    service = KexiangService(Ledger(), key="k")
    service.plan_create(plan)
    service.handle(ask(service, "POST", kexiang.CREATE_PATH, json.dumps(document()).encode()))
    assert (len(service.ledger), len(service.tasks)) == (charges, charges)


def test_a_plan_alters_one_answer_each() -> None:
    service = KexiangService(Ledger(), key="k", default_duration=0)
    service.plan_create(Plan(fields={"id": "x" * 10}))
    service.plan_query(Plan(status=429, headers={"Retry-After": "7"}), Plan(body=pictures.HTML, delay=0.5))
    service.plan_picture(Plan(body=pictures.truncated(pictures.make_picture("png", 64, 64, 1))))
    assert create_here(service)["id"] == "x" * 10
    first, second, third = (service.handle(ask(service, "GET", kexiang.QUERY_PATH + "13170")) for _ in range(3))
    assert (first.status, first.headers["Retry-After"], json.loads(first.body).keys()) == (429, "7", {"message"})
    assert (second.status, second.body, second.delay) == (200, pictures.HTML, 0.5)
    assert (third.status, third.delay) == (200, 0.0)
    broken = fetch_here(service, json.loads(third.body)["service_output"]["imgUrls"][0])
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(broken.body)).load()


def test_an_unknown_task_is_404() -> None:
    service = KexiangService(Ledger(), key="k")
    assert service.handle(ask(service, "GET", kexiang.QUERY_PATH + "1")).status == 404
    assert service.complaints == []


# --- Parser and images


HEAD = b"POST /a%20b?c=d+e&f HTTP/1.1\r\nHost: A.example:443\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
)
def test_a_request_is_read_whole(rest: bytes) -> None:
    stream = io.BytesIO(HEAD + rest)
    request = read_request(stream)
    assert request is not None
    assert (request.host, request.method, request.path) == ("a.example", "POST", "/a%20b")
    assert request.query == {"c": ["d e"], "f": [""]}
    assert request.body == b"hello"
    assert request.head.startswith(HEAD)
    assert read_request(stream) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\n\n",
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % number for number in range(200)) + b"\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        HEAD + b"No colon\r\n\r\n",
        HEAD + b"Space : before\r\n\r\n",
        HEAD + b"host: twice\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: five\r\n\r\n",
        HEAD + b"Content-Length: 999999999999\r\n\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nhell",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_a_malformed_request_is_named_so(data: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        read_request(io.BytesIO(data))


@pytest.mark.parametrize("kind", pictures.MEDIA_TYPES)
def test_pictures_are_real_repeatable_and_different(kind: str) -> None:
    data = pictures.make_picture(kind, 120, 80, 1)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.get_format_mimetype(), picture.size) == (pictures.MEDIA_TYPES[kind], (120, 80))
        picture.load()
    pictures.make_picture.cache_clear()
    assert pictures.make_picture(kind, 120, 80, 1) == data
    assert pictures.make_picture(kind, 120, 80, 2) != data
