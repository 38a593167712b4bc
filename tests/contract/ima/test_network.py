"""Who is contacted, who sees the key, and that nothing moves IMA's hosts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from ima_studio import wire

from tests.contract.ima.studio import CHANGE, KITE, LAUNCHER
from tests.launcher import SKILLS
from tests.providers import ima
from tests.providers.ima import TaskPlan
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.contract.ima.studio import Studio
    from tests.contract.inside import Inside

PACKAGE = SKILLS / "ai-nano-banana-ima" / "scripts" / "ima_studio"
ELSEWHERE = dict.fromkeys(
    ("IMA_BASE_URL", "IMA_IM_BASE_URL", "IMA_API_BASE_URL", "IMA_STUDIO_BASE_URL", "BASE_URL"),
    "https://evil.example",
)


def test_without_a_local_file_only_the_main_api_sees_the_key(studio: Studio) -> None:
    studio.run(*KITE, env=ELSEWHERE)
    studio.run(*CHANGE, "--input-images", "https://example.com/photo.jpg")
    assert studio.house.contacted == {ima.HOST, ima.PICTURE_HOST}
    assert studio.house.recorder.hosts_that_saw(studio.house.ima.key) == {ima.HOST}


def test_with_a_local_file_the_upload_service_sees_it_too(studio: Studio) -> None:
    studio.run(*CHANGE, "--input-images", studio.picture("a.webp", "webp"), env=ELSEWHERE)
    assert studio.house.contacted == {ima.HOST, ima.UPLOAD_HOST, ima.BUCKET_HOST, ima.PICTURE_HOST}
    assert studio.house.recorder.hosts_that_saw(studio.house.ima.key) == {ima.HOST, ima.UPLOAD_HOST}
    left = [path.read_bytes() for path in studio.bench.home.rglob("*") if path.is_file()]
    assert not any(b"sign=" in content or b"signature" in content for content in left)


def test_one_handshake_for_each_host(studio: Studio) -> None:
    studio.run(*CHANGE, "--input-images", studio.picture("a.png"))
    hosts = (ima.HOST, ima.UPLOAD_HOST, ima.BUCKET_HOST, ima.PICTURE_HOST)
    assert [studio.house.server.handshakes[host] for host in hosts] == [1, 1, 1, 1]


def test_the_hosts_are_written_down_once_and_read_from_nowhere() -> None:
    assert (wire.HOST, wire.UPLOAD_HOST) == (ima.HOST, ima.UPLOAD_HOST)
    code = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py")}
    assert [name for name, text in code.items() if ima.HOST in text or ima.UPLOAD_HOST in text] == ["wire.py"]
    variables = {found for text in code.values() for found in re.findall(r"environ\b[^\n]*", text)}
    assert variables == {"environ.get(KEY_NAME))]"}


@pytest.mark.parametrize("flag", ["--base-url", "--api-url", "--trust-host", "--im-base-url"])
def test_there_is_no_option_for_another_host(studio: Studio, inside: Inside, flag: str) -> None:
    studio.checked(inside.run(*KITE[1:], flag, "https://evil.example"), 2, "usage")
    assert studio.house.contacted == set()


@pytest.mark.parametrize(
    "place", ["https://10.0.0.1/put", "http://bucket.ima-storage.example/put", "https://127.0.0.1/put"]
)
def test_a_file_is_never_put_at_a_private_or_open_address(studio: Studio, place: str) -> None:
    data = {"ful": place, "fdl": "https://files.ima-storage.example/a.png"}
    studio.house.ima.plan_token(*[Plan(body={"code": 0, "message": "", "data": data})] * 3)
    document = studio.run(*CHANGE, "--input-images", studio.picture("a.png"), code=11, error="link_refused")
    assert studio.house.contacted == {ima.HOST, ima.UPLOAD_HOST}
    assert (studio.bodies(), document["charged"]) == ([], "no")


def test_a_picture_is_never_fetched_from_a_private_address(studio: Studio) -> None:
    studio.house.ima.plan_task(TaskPlan(links=("https://192.168.0.1/1.png",)))
    studio.run(*KITE, code=13, error="link_refused")
    assert studio.house.contacted == {ima.HOST}


def test_a_redirect_of_the_api_is_not_followed(studio: Studio) -> None:
    moved = Plan(status=302, body=b"", headers={"Location": f"https://{ima.PICTURE_HOST}/elsewhere"})
    studio.house.ima.plan_products(moved, moved, moved, moved)
    studio.run(LAUNCHER, "--list-models", "--task-type", "text_to_image", "--json", code=11, error="read_failed")
    assert studio.house.contacted == {ima.HOST}
