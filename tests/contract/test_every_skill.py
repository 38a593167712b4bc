"""Promises of every skill, each with its own launcher, service and ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.evidence import files
from tests.faults.subjects import SUBJECTS
from tests.launcher import Bench

if TYPE_CHECKING:
    from tests.faults.subjects import Subject
    from tests.providers.house import StandInHouse

REFUSED_PROXIES = (
    "http://user:密码@127.0.0.1:8080",
    "http://user:dummy#word@127.0.0.1:8080",
    "http://127.0.0.1:99999",
)


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.slug)
def subject(request: pytest.FixtureRequest) -> Subject:
    chosen: Subject = request.param
    return chosen


@pytest.fixture
def bench(tmp_path: Path, house: StandInHouse, subject: Subject) -> Bench:
    bench = Bench(tmp_path, house, subject.slug)
    bench.environment.pop("X_API_KEY", None)
    subject.give_key(bench, house, f"{subject.key_start}dummy-key-of-this-test")
    return bench


def written(bench: Bench) -> dict[str, bytes]:
    """Return every file and folder of a bench but those of IMA's log, which contains no request."""
    log = ("/.openclaw", "/.openclaw/logs")
    found = files(bench.folder).items()
    return {path: content for path, content in found if not path.endswith(log) and "/.openclaw/logs/" not in path}


def test_a_command_whose_proxy_was_refused_simply_runs_with_a_good_one(
    subject: Subject, bench: Bench, house: StandInHouse
) -> None:
    before = written(bench)
    for proxy in REFUSED_PROXIES:
        ended = bench.run(*subject.command, env={"HTTPS_PROXY": proxy, "https_proxy": proxy})
        assert ended.code == 3, ended.talk
        document = ended.document
        assert document["error"]["code"] == "proxy_unusable"
        assert "https_proxy" in document["error"]["message"].lower()
        assert (document["charged"], document["possible_charges"], document["attempts"]) == ("no", 0, 0)
        assert written(bench) == before
    ended = bench.run(*subject.command)
    assert ended.code == 0, ended.talk
    assert (ended.document["attempts"], ended.document["possible_charges"]) == (1, 1)
    assert len(house.ledger) == 1


@pytest.mark.parametrize("mode", [0o1777, 0o777])
def test_a_folder_for_images_that_others_may_write_to(
    mode: int, subject: Subject, bench: Bench, house: StandInHouse
) -> None:
    """SECURITY.md, "Not considered": zm reads its documents there again, so nobody else may exchange them."""
    shared = bench.folder / "shared"
    shared.mkdir()
    shared.chmod(mode)
    ended = bench.run(*subject.command, "--output-dir", shared)
    if mode == 0o777 and subject.slug.startswith("zm-"):
        assert (ended.code, ended.document["error"]["code"]) == (2, "folder_unsafe"), ended.talk
        assert (list(shared.iterdir()), len(house.ledger)) == ([], 0)
    else:
        assert ended.code == 0, ended.talk
        assert {Path(row["path"]).parent for row in ended.document["images"]} == {shared}
        assert len(house.ledger) == 1
