"""tasks.py: what the journals know, without a request."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.cli.task_list import since_time
from shared.journal.entry import Entry
from tests.journals import Kept, alter, keep
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

CREATE = ("create_task.py", "--mode", "text2img", "--size", "3:4", "--poll-interval", "0.5", "--json", "--prompt")


@pytest.fixture
def three(bench: Bench, house: StandInHouse) -> Bench:
    """One task that succeeded, one that continues, one whose outcome is unknown."""
    assert bench.run(*CREATE, "a red kite").code == 0
    house.kexiang.plan_task(TaskPlan(duration=60))
    assert bench.run(*CREATE, "a blue boat", "--no-wait").code == 0
    house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    assert bench.run(*CREATE, "a green hill").code == 10
    house.recorder.requests.clear()
    return bench


def tasks(bench: Bench, *arguments: str) -> tuple[int, dict[str, Any]]:
    ended = bench.run("tasks.py", *arguments, "--json")
    return ended.code, ended.document


def entry(bench: Bench, state: str) -> dict[str, Any]:
    return next(one for one in bench.entries() if one["state"] == state)


def test_list_is_newest_first_filtered_and_limited(three: Bench, house: StandInHouse) -> None:
    code, document = tasks(three, "list")
    assert (code, [one["state"] for one in document["tasks"]]) == (0, ["unknown", "submitted", "succeeded"])
    assert [one["state"] for one in tasks(three, "list", "--state", "unknown")[1]["tasks"]] == ["unknown"]
    assert len(tasks(three, "list", "--limit", "1")[1]["tasks"]) == 1
    assert "a red kite" in three.run("tasks.py", "list").stdout.decode()
    assert house.recorder.requests == []


@pytest.mark.parametrize(("state", "code"), [("succeeded", 0), ("submitted", 9), ("unknown", 10)])
def test_show_tells_by_its_exit_code_how_the_task_stands(three: Bench, state: str, code: int) -> None:
    known = entry(three, state)
    for identifier in filter(None, (known["local_id"], known["task_id"])):
        shown, document = tasks(three, "show", identifier)
        assert (shown, document["local_id"], document["task_id"]) == (code, known["local_id"], known["task_id"])


def test_show_looks_across_skills_and_resume_belongs_to_its_own(three: Bench) -> None:
    known = entry(three, "submitted")
    other = three.journal.parent.parent / "other-skill"
    keep(other, Entry.from_document({**known, "skill": "other-skill"}))
    Kept(three.journal, known["local_id"]).remove()
    alter(other / "journal.db", "PRAGMA user_version = 99")
    code, document = tasks(three, "show", known["local_id"])
    assert (code, document["skill"], document["error"]["next"]) == (9, "other-skill", None)
    assert len(tasks(three, "list")[1]["tasks"]) == 3


def test_resume_goes_on_with_the_task(three: Bench, house: StandInHouse) -> None:
    known = entry(three, "submitted")
    code, document = tasks(three, "resume", known["task_id"], "--timeout", "1")
    assert (code, document["task_id"]) == (9, known["task_id"])
    assert len(house.ledger) == 3


def test_cost_adds_up_what_was_charged_and_lists_what_is_unclear(three: Bench) -> None:
    code, document = tasks(three, "cost", "--since", "7d")
    assert code == 0
    assert document["costs"] == [
        {"skill": "image2", "unit": "credits", "source": "charged", "tasks": 2, "amount": 0.4}
    ]
    assert [one["state"] for one in document["unknown"]] == ["unknown"]
    three.put({**entry(three, "succeeded"), "created_at": "2020-01-01T00:00:00.000Z"})
    assert tasks(three, "cost", "--since", "7d")[1]["costs"][0]["tasks"] == 1


@pytest.mark.parametrize("since", ["today", "this-week", "7d", "2026-11-01"])
def test_cost_takes_the_words_of_a_question(three: Bench, since: str) -> None:
    code, document = tasks(three, "cost", "--since", since)
    assert (code, document["costs"][0]["tasks"]) == (0, 2)
    paid = entry(three, "succeeded")
    last = {"skill": "image2", "at": paid["created_at"], "local_id": paid["local_id"], **paid["cost"]}
    assert document["last_costs"] == [last]
    assert "image2: the last task, on " in three.run("tasks.py", "cost", "--since", since).stdout.decode()


NOW = datetime(2026, 12, 2, 1, 30, tzinfo=timezone(timedelta(hours=8)))  # a Wednesday


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("today", "2026-12-02T00:00:00+08:00"),
        ("this-week", "2026-11-30T00:00:00+08:00"),
        ("36h", "2026-11-30T13:30:00+08:00"),
        ("2026-11-01", "2026-11-01T00:00:00+08:00"),
    ],
)
def test_days_begin_in_the_local_time_zone(text: str, since: str) -> None:
    assert since_time("--since", text, NOW) == datetime.fromisoformat(since)


def test_list_searches_prompts_and_variants_and_shows_dates(three: Bench) -> None:
    three.put({**entry(three, "succeeded"), "variant": "Zweite"})
    for text in ("RED", "zweite", entry(three, "succeeded")["task_id"]):
        found = tasks(three, "list", "--search", text)[1]["tasks"]
        assert [one["state"] for one in found] == ["succeeded"]
    assert tasks(three, "list", "--search", "purple")[1]["tasks"] == []
    line = three.run("tasks.py", "list", "--search", "red").stdout.decode()
    assert re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}  ", line)
    assert line.rstrip().endswith("Zweite")


def test_show_attaches_what_is_saved_and_resumes_what_is_gone(three: Bench, house: StandInHouse) -> None:
    known = entry(three, "succeeded")
    code, document = tasks(three, "show", known["local_id"])
    (path,) = document["media"]
    assert (code, document["next"], Path(path).read_bytes()) == (
        0,
        None,
        Path(known["images"][0]["path"]).read_bytes(),
    )
    Path(known["images"][0]["path"]).write_bytes(b"edited")
    code, document = tasks(three, "show", known["local_id"])
    assert (code, document["images"], document["media"]) == (0, [], [])
    assert (document["next"]["cost"], document["next"]["needs_consent"]) == ("none", False)
    resumed = three.shell(document["next"])
    assert (resumed.code, len(resumed.document["media"])) == (0, 1)
    assert len(house.ledger) == 3


def test_the_language_is_that_of_the_conversation(bench: Bench) -> None:
    assert bench.run(*CREATE, "红色的风筝").code == 0
    (known,) = bench.entries()
    for argv in (("list",), ("show", known["local_id"])):
        assert "成功" in bench.run("tasks.py", *argv).stdout.decode()
        assert "succeeded" in bench.run("tasks.py", *argv, "--lang", "en").stdout.decode()


@pytest.mark.parametrize("state", ["submitted", "unknown"])
def test_forgetting_what_may_be_paid_needs_the_users_word(three: Bench, state: str) -> None:
    known = entry(three, state)
    code, document = tasks(three, "forget", known["local_id"])
    assert (code, document["error"]["code"]) == (2, "forget_needs_yes")
    assert entry(three, state) == known
    code, document = tasks(three, "forget", known["local_id"], "--yes")
    assert (code, document["tasks"][0]["task_id"]) == (0, known["task_id"])
    assert state not in [one["state"] for one in three.entries()]


def test_a_task_of_another_skill_can_be_forgotten(three: Bench) -> None:
    known = entry(three, "succeeded")
    other = keep(
        three.journal.parent.parent / "other-skill", Entry.from_document({**known, "skill": "other-skill"})
    )
    Kept(three.journal, known["local_id"]).remove()
    assert tasks(three, "forget", known["local_id"])[0] == 0
    assert not other.exists


@pytest.mark.parametrize("command", ["forget", "show"])
@pytest.mark.parametrize(
    "identifier",
    [
        "../../../openclaw",
        "../../../openclaw.json",
        "/etc/passwd",
        "x" * 5000,
        "a/../../b",
        "%",
        "' OR 1=1 --",
        ".",
    ],
    ids=str.__len__,
)
def test_an_id_is_never_a_path(three: Bench, identifier: str, command: str) -> None:
    config = three.home / ".openclaw" / "openclaw.json"
    config.write_text("{}")
    before = three.entries()
    code, document = tasks(three, command, identifier)
    assert (code, document["error"]["code"]) == (2, "task_unknown")
    assert config.read_text() == "{}"
    assert three.entries() == before


def test_a_damaged_journal_is_kept_aside_by_the_next_command(bench: Bench, house: StandInHouse) -> None:
    assert bench.run(*CREATE, "a red kite").code == 0
    content = bench.journal.read_bytes()[:-4096]
    bench.journal.write_bytes(content)
    stopped = bench.run(*CREATE, "a blue boat")
    assert (stopped.code, stopped.document["error"]["code"]) == (12, "journal_damaged")
    assert str(bench.journal) in stopped.document["error"]["message"]
    assert tasks(bench, "list")[0] == 12
    assert len(house.ledger) == 1
    aside = bench.shell(stopped.document["error"]["next"])
    assert aside.code == 0
    (kept_as,) = bench.journal.parent.glob("journal.db.damaged-????????")
    assert kept_as.read_bytes() == content
    assert str(kept_as) in aside.stdout.decode()
    assert bench.run(*CREATE, "a blue boat").code == 0
    assert len(house.ledger) == 2
    code, document = tasks(bench, "set-aside")
    assert (code, document["set_aside"]) == (0, [])


def test_a_newer_journal_stops_its_skill_and_says_what_to_do(bench: Bench, house: StandInHouse) -> None:
    assert bench.run(*CREATE, "a red kite").code == 0
    alter(bench.journal, "PRAGMA user_version = 99")
    stopped = bench.run(*CREATE, "a red kite")
    assert (stopped.code, stopped.document["error"]["code"]) == (12, "journal_newer")
    assert "Update the skill" in stopped.document["error"]["hint"]
    assert len(tasks(bench, "list")[1]["tasks"]) == 1
    assert len(house.ledger) == 1


def test_another_skills_damaged_journal_is_named_and_passed_over(three: Bench) -> None:
    other = three.journal.parent.parent / "other-skill"
    other.mkdir()
    (other / "journal.db").write_bytes(b"noise" * 1000)
    listed = three.run("tasks.py", "list", "--json")
    assert (listed.code, len(listed.document["tasks"])) == (0, 3)
    assert str(other / "journal.db") in listed.talk


def test_prune_removes_old_finished_tasks_only(three: Bench) -> None:
    for known in three.entries():
        Kept(three.journal, known["local_id"]).remove()
        three.put({**known, "local_id": "20200101T000000Z" + known["local_id"][16:]})
    code, document = tasks(three, "prune", "--older-than", "30d")
    assert (code, document["removed"]) == (0, 1)
    assert sorted(one["state"] for one in three.entries()) == ["submitted", "unknown"]
