"""tasks.py again: the same request, paid once more, by the command that made the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.paid import CREATE, creates, ended_well
from tests.providers import kexiang

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher import Bench, Ended
    from tests.providers.house import StandInHouse

LONG = "a red kite over the sea, seen from the cliffs at dawn"


def again(bench: Bench, *arguments: str, **more: Any) -> Ended:
    return bench.run("tasks.py", "again", *arguments, "--json", **more)


def bodies(house: StandInHouse) -> list[bytes]:
    return [request.body for request in house.recorder.requests_to(kexiang.CREATE_PATH)]


def test_a_request_is_made_and_paid_again(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*CREATE, "--prompt", "a red kite", "--output-dir", "art"))
    for identifier in (first["local_id"], first["task_id"]):
        second = ended_well(again(bench, identifier))
        assert second["local_id"] != first["local_id"]
        assert (second["reused"], second["cost"]["amount"]) == (False, 0.2)
        assert second["images"][0]["path"].startswith(str(bench.work / "art"))
    assert len(set(bodies(house))) == 1
    assert (creates(house), len(house.ledger)) == (3, 3)
    assert [entry["fingerprint"] for entry in bench.entries()] == [bench.entries()[0]["fingerprint"]] * 3


def test_a_long_prompt_is_repeated_and_compared(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*CREATE, "--prompt", LONG))
    needed = again(bench, first["local_id"])
    assert (needed.code, needed.document["error"]["code"]) == (2, "again_prompt_needed")
    assert f'"{LONG[:40]}" of {len(LONG)} characters' in needed.document["error"]["message"]
    other = again(bench, first["local_id"], "--prompt", LONG + "!")
    assert (other.code, other.document["error"]["code"]) == (2, "again_prompt_differs")
    assert creates(house) == 1
    ended_well(again(bench, first["local_id"], "--prompt-file", "-", stdin=f"{LONG}\n".encode()))
    assert len(set(bodies(house))) == 1
    assert len(house.ledger) == 2


def test_it_is_priced_and_obeys_a_limit(bench: Bench, house: StandInHouse) -> None:
    first = ended_well(bench.run(*CREATE, "--prompt", "a red kite"))
    ended = again(bench, first["local_id"], "--max-cost", "0.1")
    assert (ended.code, ended.document["error"]["code"]) == (5, "budget_exceeded")
    assert "cost: about 0.2 credits" in ended.talk
    shown = again(bench, first["local_id"], "--dry-run")
    assert (shown.code, shown.document["plan"]["body"]["user_input"]["prompt"]) == (0, "a red kite")
    assert len(house.ledger) == 1


def test_relative_paths_start_where_the_first_command_did(bench: Bench, tmp_path: Path) -> None:
    first = ended_well(bench.run(*CREATE, "--prompt", "a red kite"))
    (tmp_path / "elsewhere").mkdir()
    bench.work, work = tmp_path / "elsewhere", bench.work
    second = ended_well(again(bench, first["local_id"]))
    assert second["images"][0]["path"].startswith(str(work / "generated-images"))
    (entry, *_) = bench.entries()
    command = {**entry["extra"]["command"], "folder": str(tmp_path / "gone")}
    bench.put({**entry, "extra": {**entry["extra"], "command": command}})
    ended = again(bench, entry["local_id"])
    assert (ended.code, ended.document["error"]["code"]) == (2, "again_folder_gone")


def test_what_the_journal_keeps_of_a_command(bench: Bench) -> None:
    link = "https://pictures.example/cup.png"
    words = ("--mode", "img2img", "--size", "1:1", "--url", f"{link}?sign=dummy-signature", "--prompt", LONG)
    document = bench.run("create_task.py", *words, "--no-wait", "--new", "--timeout", "9", "--json").document
    (entry,) = bench.entries()
    command = entry["extra"]["command"]
    assert command["options"] == {"--mode": "img2img", "--size": "1:1", "--url": [link]}
    ended = again(bench, document["local_id"], "--prompt", LONG)
    assert (ended.code, ended.document["error"]["code"]) == (2, "again_link_cut")
    assert b"signature" not in bench.journal.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("20260301T000000Z-00000000",), "task_unknown"),
        (("../../etc/passwd",), "task_unknown"),
        (("ID", "--resume", "7"), "again_option"),
        (("ID", "--variant", "x"), "again_option"),
        (("ID",), "again_not_recorded"),
    ],
)
def test_what_cannot_be_made_again_says_why(
    bench: Bench, house: StandInHouse, arguments: tuple[str, ...], code: str
) -> None:
    made = ended_well(bench.run(*CREATE, "--prompt", "a red kite"))
    (entry,) = bench.entries()
    bench.put({**entry, "extra": {}})
    ended = again(bench, *(made["local_id"] if word == "ID" else word for word in arguments))
    assert (ended.code, ended.document["error"]["code"]) == (2, code)
    assert len(house.ledger) == 1
