"""The simulated IMA itself: it answers what is right, and complains about everything else."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.providers import ima, ima_products
from tests.providers.ima import ImaService, TaskPlan
from tests.providers.ledger import Ledger
from tests.providers.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY = "ima_dummy"
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "x-app-source": "ima_skills",
    "x_app_language": "en",
    "user-agent": "openclaw-ai-nano-banana-ima/1.1.0",
}
BODY: dict[str, Any] = {
    "task_type": "text_to_image",
    "enable_multi_model": False,
    "src_img_url": [],
    "parameters": [
        {
            "attribute_id": 4401,
            "model_id": ima_products.FLASH,
            "model_name": "Nano Banana2",
            "model_version": ima_products.FLASH_VERSION,
            "app": "ima",
            "platform": "web",
            "category": "text_to_image",
            "credit": 6,
            "parameters": {
                "prompt": "a cat",
                "n": 1,
                "size": "1K",
                "input_images": [],
                "cast": {"points": 6, "attribute_id": 4401},
            },
        }
    ],
}


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def service(now: list[float]) -> ImaService:
    return ImaService(Ledger(), key=KEY, clock=lambda: now[0])


def post(path: str, document: Any, **headers: str) -> Request:
    body = json.dumps(document).encode()
    return Request(host=ima.HOST, method="POST", target=path, headers={**HEADERS, **headers}, body=body)


def create(service: ImaService, document: Any = BODY, **headers: str) -> dict[str, Any]:
    answer = json.loads(service.handle(post(ima.CREATE_PATH, document, **headers)).body)
    assert isinstance(answer, dict)
    return answer


def detail(service: ImaService, task_id: str) -> list[dict[str, Any]]:
    medias = json.loads(service.handle(post(ima.DETAIL_PATH, {"task_id": task_id})).body)["data"]["medias"]
    assert isinstance(medias, list)
    return medias


def changed(change: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(BODY)
    outer = document["parameters"][0]
    change(document, outer, outer["parameters"])
    return document


def test_a_right_create_is_charged_and_becomes_a_picture(service: ImaService, now: list[float]) -> None:
    task_id = create(service)["data"]["id"]
    assert [int(charge.amount) for charge in service.ledger.charges] == [6]
    assert detail(service, task_id)[0]["resource_status"] is None
    now[0] = 5.0
    (media,) = detail(service, task_id)
    assert (media["resource_status"], media["status"]) == (1, "success")
    link = Request(
        host=ima.PICTURE_HOST, method="GET", target=media["url"].partition(ima.PICTURE_HOST)[2], headers={}
    )
    assert service.handle_picture(link).body.startswith(b"\x89PNG")
    service.expire_links()
    assert service.handle_picture(link).status == 403
    assert service.complaints == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _d, outer, inner: (outer.update(credit=5), inner["cast"].update(points=5)), 6006),
        (lambda _d, _outer, inner: inner.pop("size"), 6009),
        (lambda _d, _outer, inner: inner.update(size="2K"), 6010),
        (lambda _d, outer, inner: (outer.update(attribute_id=1), inner["cast"].update(attribute_id=1)), 6010),
    ],
)
def test_the_service_judges_rule_price_and_attributes(service: ImaService, change: Any, code: int) -> None:
    assert create(service, changed(change))["code"] == code
    assert (len(service.ledger), service.complaints) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda document, _o, _i: document.update(extra=1),
        lambda document, _o, _i: document.update(enable_multi_model=True),
        lambda document, _o, _i: document.update(src_img_url=["https://example.com/1.png"]),
        lambda document, _o, _i: document["parameters"].append({}),
        lambda _d, outer, _i: outer.update(app="web"),
        lambda _d, outer, _i: outer.update(model_version="unheard-of"),
        lambda _d, outer, _i: outer.update(category="image_to_image"),
        lambda _d, _o, inner: inner.update(n=0),
        lambda _d, _o, inner: inner.update(prompt=" "),
        lambda _d, _o, inner: inner["cast"].update(points=7),
        lambda _d, _o, inner: inner.pop("cast"),
    ],
)
def test_a_create_of_another_shape_is_complained_about(service: ImaService, change: Any) -> None:
    create(service, changed(change))
    assert (len(service.complaints), len(service.ledger)) == (1, 0)


@pytest.mark.parametrize(
    "headers",
    [{"x-app-source": "web"}, {"x_app_language": "fr"}, {"user-agent": "python"}, {"content-type": "text/plain"}],
)
def test_other_headers_are_complained_about(service: ImaService, headers: dict[str, str]) -> None:
    create(service, **headers)
    assert len(service.complaints) == 1


def test_a_wrong_key_is_answered_with_401_in_the_body(service: ImaService) -> None:
    assert create(service, authorization="Bearer ima_other")["code"] == 401
    assert service.complaints == []


def form(**changes: str) -> bytes:
    fields = {
        "appUid": KEY,
        "cmimToken": KEY,
        "appId": "webAgent",
        "appKey": "32jdskjdk320eew",
        "timestamp": str(int(time.time())),
        "nonce": "0123456789abcdef01234",
        "fService": "privite",
        "fType": "picture",
        "fSuffix": "png",
        "fContentType": "image/png",
    } | changes
    text = "|".join((fields["appId"], fields["appKey"], fields["timestamp"], fields["nonce"]))
    fields.setdefault("sign", hashlib.sha1(text.encode()).hexdigest().upper())  # noqa: S324  - the vendor's scheme
    return urlencode(fields).encode()


def token(service: ImaService, body: bytes) -> dict[str, Any]:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    request = Request(host=ima.UPLOAD_HOST, method="POST", target=ima.TOKEN_PATH, headers=kind, body=body)
    answer = json.loads(service.handle_upload(request).body)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize(
    "changes",
    [
        {"sign": "0" * 40},
        {"nonce": "short"},
        {"timestamp": "1700000000"},
        {"fService": "private"},
        {"cmimToken": "ima_other"},
        {"fSuffix": "jpg"},
        {"appId": "other"},
    ],
)
def test_an_upload_token_is_checked_to_the_letter(service: ImaService, changes: dict[str, str]) -> None:
    token(service, form(**changes))
    assert len(service.complaints) == 1


def test_a_nonce_is_good_for_once(service: ImaService) -> None:
    assert token(service, form())["code"] == 200
    token(service, form())
    assert len(service.complaints) == 1


def put(service: ImaService, place: str, body: bytes = b"bytes", more: Mapping[str, str] | None = None) -> int:
    target = place.partition(ima.BUCKET_HOST)[2]
    kind = {"content-type": "image/png", **(more or {})}
    request = Request(host=ima.BUCKET_HOST, method="PUT", target=target, headers=kind, body=body)
    return service.handle_bucket(request).status


def test_an_upload_arrives_and_one_with_our_headers_is_complained_about(service: ImaService) -> None:
    data = token(service, form())["data"]
    assert put(service, data["ful"]) == 200
    assert service.stored == {data["fdl"]: b"bytes"}
    for name in ("authorization", "x-app-source", "cookie"):
        put(service, data["ful"], more={name: "x"})
    put(service, data["ful"], more={"content-type": "image/jpeg"})
    put(service, data["ful"], KEY.encode())
    assert len(service.complaints) == 5


def test_an_input_that_was_never_uploaded_is_complained_about(service: ImaService) -> None:
    link = f"https://{ima.FILE_HOST}/nothing.png"
    document = changed(
        lambda document, outer, inner: (
            document.update(task_type="image_to_image", src_img_url=[link]),
            outer.update(category="image_to_image"),
            inner.update(input_images=[link]),
        )
    )
    create(service, document)
    assert "nothing was put" in service.complaints[0]


def test_a_planned_life(service: ImaService, now: list[float]) -> None:
    service.plan_task(TaskPlan(medias=("success", "failed", "deleted", "linkless", "unlinked", "working")))
    task_id = create(service)["data"]["id"]
    now[0] = 5.0
    rows = [(row["resource_status"], row["status"], bool(row["url"])) for row in detail(service, task_id)]
    assert rows == [
        (1, "success", True),
        (2, "failed", False),
        (3, "failed", False),
        (1, "success", False),
        (1, "processing", False),
        (0, "processing", False),
    ]
