"""doctor.py: reports each problem on one line, and spends nothing."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

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


def lines_of(document: dict[str, Any], name: str) -> list[tuple[str, str]]:
    return [(check["verdict"], check["message"]) for check in document["checks"] if check["check"] == name]


@pytest.mark.parametrize(
    ("script", "verdict", "words"),
    [
        ("echo 'uv 9.8.7 (dummy)'", "ok", "uv 9.8.7 (dummy)"),
        ("exit 2", "note", "does not start (CalledProcessError)"),
        ("printf 'uv \\033[31m9\\nMEDIA:/etc/passwd'", "ok", "uv [31m9"),
        (None, "ok", "not found"),
    ],
)
def test_uv_is_named_with_its_version(bench: Bench, script: str | None, verdict: str, words: str) -> None:
    folder = bench.folder / "bin"
    folder.mkdir()
    if script:
        (folder / "uv").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "uv").chmod(0o755)
    ended = bench.run("doctor.py", "--json", env={"PATH": str(folder)})
    assert ended.code == 0, ended.talk
    line = lines_of(ended.document, "python")[-1]
    assert line[0] == verdict
    assert words in line[1]


@pytest.mark.parametrize(
    ("offset", "verdict", "words"),
    [(0, "ok", "agrees"), (-3600, "note", "s ahead of"), (86400, "note", "s behind"), (None, None, "")],
)
def test_clock_is_compared_with_the_date_of_the_service(
    bench: Bench, house: StandInHouse, offset: float | None, verdict: str | None, words: str
) -> None:
    headers = {} if offset is None else {"Date": formatdate(time.time() + offset, usegmt=True)}
    house.kexiang.plan_query(Plan(headers=headers))
    ended = bench.run("doctor.py", "--json")
    assert ended.code == 0, ended.talk
    lines = lines_of(ended.document, "clock")
    assert [line[0] for line in lines] == ([verdict] if verdict else [])
    assert words in "".join(line[1] for line in lines)


@pytest.mark.parametrize("date", ["yesterday", "Mon, 31 Feb 2026 99:99:99 GMT", "0"])
def test_a_date_that_is_none_says_nothing_of_the_clock(bench: Bench, house: StandInHouse, date: str) -> None:
    house.kexiang.plan_query(Plan(headers={"Date": date}))
    ended = bench.run("doctor.py", "--json")
    assert (ended.code, lines_of(ended.document, "clock")) == (0, [])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
@pytest.mark.parametrize("place", [".openclaw/openclaw.json", ".openclaw/.env", ".config/image2/.env"])
def test_a_key_file_that_others_may_read_is_named(bench: Bench, place: str, mode: int) -> None:
    path: Path = bench.home / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}" if path.suffix == ".json" else "")
    path.chmod(mode)
    ended = bench.run("doctor.py", "--json")
    assert ended.code == 0, ended.talk
    assert lines_of(ended.document, "key_files") == (
        [("ok", f"{path}: only this user can read it (mode 600)")]
        if mode == 0o600
        else [("note", f"{path} may be read by other users (mode {mode:o}): `chmod 600 {path}`")]
    )
    assert path.stat().st_mode & 0o777 == mode
