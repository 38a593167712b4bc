"""doctor.py: names what stands in the way, one line each, and spends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

CHECKS = ["python", "key", "proxy", "certificates", "output", "state", "service"]


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["verdict"] for check in document["checks"]}


def test_all_is_well_and_nothing_was_spent_or_left_behind(bench: Bench, house: StandInHouse) -> None:
    ended = bench.run("doctor.py", "--json")
    assert ended.code == 0, ended.talk
    assert verdicts(ended.document) == dict.fromkeys(CHECKS, "ok")
    assert [request.method for request in house.recorder.requests] == ["GET"]
    assert len(house.ledger) == 0
    assert list(bench.work.iterdir()) == []
    assert not (bench.home / ".openclaw").exists()


def test_a_line_for_each_check_without_json(bench: Bench) -> None:
    lines = bench.run("doctor.py").stdout.decode().splitlines()
    assert len([line for line in lines if line.startswith("ok")]) == len(lines) >= len(CHECKS)
    chinese = bench.run("doctor.py", "--lang", "zh").stdout.decode()
    assert "密钥" in chinese


@pytest.mark.parametrize(
    ("environment", "code", "check"),
    [
        ({"X_API_KEY": ""}, 3, "key"),
        ({"X_API_KEY": "two words"}, 3, "key"),
        ({"X_API_KEY": "another-dummy"}, 4, "service"),
        ({"IMAGE2_BASE_URL": "https://example.com"}, 3, None),
        ({"REQUESTS_CA_BUNDLE": "/nowhere.pem"}, 3, "certificates"),
        ({"HTTPS_PROXY": "socks5://127.0.0.1:1", "https_proxy": "socks5://127.0.0.1:1"}, 3, "proxy"),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}, 11, "service"),
        ({"OPENCLAW_STATE_DIR": "/dev/null/state"}, 12, "state"),
    ],
    ids=[
        "no key",
        "malformed",
        "refused",
        "other host",
        "no certificates",
        "socks",
        "proxy down",
        "no state folder",
    ],
)
def test_what_is_wrong_decides_the_exit_code(
    bench: Bench, environment: dict[str, str], code: int, check: str | None
) -> None:
    ended = bench.run("doctor.py", "--json", env=environment)
    assert ended.code == code, ended.talk
    failed = [one["check"] for one in ended.document.get("checks", []) if one["verdict"] == "failed"]
    assert failed[:1] == ([check] if check else [])


def test_a_key_source_that_was_passed_over_is_named(bench: Bench, house: StandInHouse) -> None:
    (bench.home / ".config" / "image2").mkdir(parents=True)
    path = bench.home / ".config" / "image2" / ".env"
    path.write_text(f"X_API_KEY={house.kexiang.key}\n")
    ended = bench.run("doctor.py", "--use-local-key", "--json", env={"X_API_KEY": "$X_API_KEY"})
    lines = [check["message"] for check in ended.document["checks"] if check["check"] == "key"]
    assert ended.code == 0, ended.talk
    assert len(lines) == 2
    assert "X_API_KEY" in lines[0]
    assert str(path) in lines[1]


def test_unfinished_and_unknown_tasks_are_pointed_out(bench: Bench) -> None:
    create = ("create_task.py", "--mode", "text2img", "--size", "1:1", "--prompt", "a kite", "--no-wait")
    assert bench.run(*create).code == 0
    assert verdicts(bench.run("doctor.py", "--json").document)["state"] == "note"
