"""batch_run.py: one bad task stops no other, and a batch that was killed continues."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from tests.contract.paid import answers_held
from tests.contract.zm.stage import QUICK, SECONDS, Stage, eventually, expect, on_disk
from tests.launcher import end, wait
from tests.providers.openai_images import GENERATIONS
from tests.providers.plan import Plan
from tests.providers.reply import Fault

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

KILLS = int(os.environ.get("ZM_KILLS", "4"))
"""How often the batch is killed at a random moment; the whole number is 50."""


def tasks(count: int) -> list[dict[str, Any]]:
    return [{"task_name": f"cover-{number}", "prompt": f"picture {number}"} for number in range(1, count + 1)]


def batch(argument: str, *more: str) -> tuple[str, ...]:
    return ("batch_run.py", argument, *QUICK, "--json", *more)


def statuses(document: dict[str, Any]) -> list[str]:
    return [row["status"] for row in document["results"]]


def test_a_batch_with_every_spelling_of_references(stage: Stage, service: OpenAiImagesService) -> None:
    one, two = stage.picture("one.png"), stage.picture("two.jpg", "jpeg", 2)
    definitions = tasks(6)
    definitions[1]["input_image"] = str(one)
    definitions[2]["image"] = str(one)
    definitions[3]["reference_image"] = str(two)
    definitions[4]["images"] = [str(one), str(two)]
    definitions[5]["images"] = f"{one}, {two}"
    name = stage.save("b.json", {"batch_name": "封面", "max_workers": 3, "tasks": definitions})
    document = expect(stage.run(*batch(name)), 0)
    assert [row["mode"] for row in document["results"]] == ["generation"] + ["edit"] * 5
    assert [len(row["input_images"]) for row in document["results"]] == [0, 1, 1, 1, 2, 2]
    assert sorted(map(on_disk, document["images"])) == sorted(service.pictures)
    folder = Path(document["batch_dir"])
    assert folder.parent == stage.work / "content-factory/live-course-design/img2/batches"
    assert folder.name.startswith("封面-")
    kept = json.loads((folder / "batch_result.json").read_bytes())
    assert (kept["ok"], kept["counters"]["succeeded"], len(kept["results"])) == (True, 6, 6)
    assert json.loads((folder / "batch_request.json").read_bytes())["request"]["tasks"] == definitions
    for row in document["results"]:
        run_dir = Path(row["run_dir"])
        assert {path.name for path in run_dir.iterdir()} == {
            "attempt-1", "batch_task.json", "result.json", "state.json", "stderr.txt", "stdout.txt",
        }  # fmt: skip
        assert json.loads((run_dir / "result.json").read_bytes())["output"] == row["output"]
    assert expect(stage.run("verify.py", folder, "--json"), 0)["accepted"] is True
    assert service.complaints == []


def test_one_bad_task_stops_no_other(stage: Stage, service: OpenAiImagesService) -> None:
    refused = Plan(status=400, body={"error": {"message": "no", "code": "moderation_blocked"}})
    service.plan_prompt("picture 2", refused)
    service.plan_prompt("picture 4", Plan(fault=Fault.RESET))
    definitions = tasks(6)
    definitions[2]["images"] = ["gone.png"]
    definitions[4] = {"task_name": "../escape", "prompt": "x", "colour": "red"}
    document = expect(stage.inside(*batch(stage.save("b.json", {"tasks": definitions}))), 8, "batch_incomplete")
    assert statuses(document) == ["succeeded", "refused", "not_started", "unknown", "not_started", "succeeded"]
    assert [row["error"] and row["error"]["code"] for row in document["results"]] == [
        None, "content_refused", "reference_unreadable", "answer_lost", "field_unknown", None,
    ]  # fmt: skip
    assert (document["counters"]["succeeded"], document["counters"]["total"]) == (2, 6)
    assert (document["possible_charges"], document["charged"]) == (service.counted, "unknown")
    kept = json.loads(Path(document["batch_result"]).read_bytes())
    assert {name for name in document if kept[name] != document[name]} <= {"elapsed_seconds", "finished_at"}
    again = expect(stage.inside(*batch("@b.json")), 8)
    assert statuses(again) == statuses(document)
    assert service.counted == 3  # the lost one was not sent again, the finished ones were kept
    service._plans.by_prompt.clear()
    last = expect(stage.inside(*batch("@b.json", "--on-unknown", "retry")), 8)
    assert statuses(last) == ["succeeded", "succeeded", "not_started", "succeeded", "not_started", "succeeded"]
    assert last["results"][3]["possible_charges"] == 2


@pytest.mark.parametrize(
    ("plan", "error", "code"),
    [
        (Plan(status=401, body={"error": {"message": "bad key", "code": "invalid_api_key"}}), "key_refused", 4),
        (Plan(status=429, body={"error": {"message": "pay", "code": "insufficient_quota"}}), "out_of_credits", 5),
    ],
    ids=["key", "credits"],
)
def test_a_refused_key_or_an_empty_account_stops_the_dispatch(
    plan: Plan, error: str, code: int, stage: Stage, house: StandInHouse
) -> None:
    house.openai_images.plan_prompt("picture 2", plan)
    name = stage.save("b.json", {"tasks": tasks(6), "max_workers": 1})
    document = expect(stage.inside(*batch(name)), code)
    assert statuses(document) == ["succeeded", "refused"] + ["not_started"] * 4
    assert [row["error"]["code"] for row in document["results"][1:]] == [error] + ["task_not_started"] * 4
    assert len(house.recorder.requests_to(GENERATIONS)) == 2


def test_a_new_batch_that_was_stopped_goes_on(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    name = stage.save("b.json", {"tasks": tasks(4), "max_workers": 1})
    expect(stage.inside(*batch(name)), 0)
    service.plan_prompt("picture 2", Plan(fault=Fault.RESET))
    service.plan_prompt("picture 3", Plan(status=402, body={"error": {"message": "pay", "code": "pay"}}))
    stopped = expect(stage.inside(*batch(name, "--new")), 5, "batch_stopped_by_credits")
    assert "Number 3 (cover-3)" in stopped["error"]["message"]
    assert (len(house.ledger), "--new" in stopped["next"]["argv"]) == (6, True)
    service._plans.by_prompt.clear()
    again = expect(stage.inside(*batch(name, "--new")), 8)
    assert statuses(again) == ["succeeded", "unknown", "succeeded", "succeeded"]
    assert [row["reused"] for row in again["results"]] == [True, False, False, False]
    assert len(house.ledger) == 8
    expect(stage.inside(*batch(name, "--new", "--on-unknown", "retry")), 0)
    assert len(house.ledger) == 8  # the same Idempotency-Key
    assert expect(stage.inside(*batch(name, "--new")), 0)["results"][0]["reused"] is False
    assert len(house.ledger) == 12


def test_a_killed_new_is_not_hidden_by_what_was_before(stage: Stage, house: StandInHouse) -> None:
    name = stage.save("b.json", {"tasks": tasks(1)})
    expect(stage.inside(*batch(name)), 0)
    with answers_held(house, GENERATIONS):
        process = stage.start(*batch(name, "--new"))
        eventually(lambda: len(house.recorder.requests_to(GENERATIONS)) == 2)
        end(process, signal.SIGKILL)
    for more in ((), ("--new",)):
        assert statuses(expect(stage.inside(*batch(name, *more)), 8)) == ["unknown"]
    assert len(house.recorder.requests_to(GENERATIONS)) == 2


def test_what_is_not_begun_keeps_what_was_paid_for_it(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_prompt("picture 1", Plan(fault=Fault.RESET))
    expect(stage.inside(*batch(stage.save("b.json", {"tasks": tasks(1)}))), 8)
    service.plan_prompt("no more", Plan(status=402, body={"error": {"message": "pay", "code": "pay"}}))
    definitions = {"tasks": [{"prompt": "no more"}, *tasks(2)], "max_workers": 1}
    document = expect(stage.inside(*batch(stage.save("b.json", definitions))), 5)
    assert statuses(document) == ["refused", "unknown", "not_started"]
    assert document["results"][1]["error"]["code"] == "task_not_started"
    assert (document["charged"], document["possible_charges"]) == ("unknown", service.counted)


def test_certificates_that_are_missing_stop_a_batch(stage: Stage, house: StandInHouse) -> None:
    ended = stage.run(*batch(json.dumps({"tasks": tasks(2)})), env={"REQUESTS_CA_BUNDLE": "gone.pem"})
    expect(ended, 3, "certificates_missing")
    assert "Traceback" not in ended.talk
    assert house.contacted == set()


def test_a_batch_on_a_terminal_asks_once(stage: Stage, house: StandInHouse) -> None:
    name = stage.save("b.json", {"tasks": tasks(6)})
    person, terminal = os.openpty()
    with os.fdopen(person, "wb", buffering=0) as keyboard, os.fdopen(terminal, "rb") as screen:
        keyboard.write(b"y\n")
        ended = subprocess.run(
            stage.argv("batch_run.py", name, *QUICK),
            env={**stage.environment, "TERM": "xterm"}, cwd=stage.work, stdin=screen, stderr=screen,
            timeout=SECONDS, check=False, stdout=subprocess.PIPE,
        )  # fmt: skip
    assert (ended.returncode, len(house.ledger)) == (0, 6)
    assert b"6 of 6 done" in ended.stdout


def test_at_most_four_at_once(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    service.default_seconds = 0.4
    name = stage.save("b.json", {"tasks": tasks(8), "max_workers": 9})
    ended = stage.inside(*batch(name))
    expect(ended, 0)
    begun = sorted(request.received_at for request in house.recorder.requests_to(GENERATIONS))
    assert begun[4] - begun[0] >= 0.39
    assert "(9 requested)" in ended.talk


def test_a_batch_from_stdin_and_from_text(stage: Stage, house: StandInHouse) -> None:
    text = json.dumps({"batch_name": "b", "tasks": tasks(1)})
    first = expect(stage.run(*batch("-"), stdin=b"\xef\xbb\xbf" + text.encode()), 0)
    second = expect(stage.run(*batch(text)), 0)
    assert (first["batch_dir"], second["results"][0]["reused"]) == (second["batch_dir"], True)
    assert len(house.ledger) == 1
    other = expect(stage.run(*batch(text, "--variant", "2")), 0)
    model = expect(stage.inside(*batch(text, "--dry-run"), env={"OPENCLAW_IMAGE_MODEL": "other"}), 0)["plan"]
    assert len({one["batch_dir"] for one in (first, other, model)}) == 3
    assert expect(stage.run(*batch(text, "--new")), 0)["results"][0]["reused"] is False
    assert len(house.ledger) == 3


def test_only_what_an_edit_changed_is_paid(stage: Stage, house: StandInHouse) -> None:
    def paid(*definitions: dict[str, Any]) -> int:
        before, name = len(house.ledger), stage.save("b.json", {"tasks": definitions})
        plan = expect(stage.inside(*batch(name, "--dry-run")), 0)["plan"]
        document = expect(stage.inside(*batch(name)), 0)
        assert [row["made"] for row in plan["tasks"]] == [row["reused"] for row in document["results"]]
        for row in document["results"]:
            assert Path(row["output"]).stem == f"{row['index']:04d}-{row['task_name']}"
        return len(house.ledger) - before

    one, two, three = tasks(3)
    assert paid(one, two, two, three) == 4  # the same thing twice are two images
    corrected = {**three, "prompt": "a better picture 3"}
    assert paid(one, two, two, corrected) == 1
    assert paid({"prompt": "in front of all"}, one, two, two, corrected) == 1
    assert paid(corrected, two, one, two) == 0
    assert paid({**one, "task_name": "new-name"}, corrected) == 0
    folders = sorted((stage.work / "content-factory").rglob("images"), key=lambda path: path.stat().st_mtime)
    for folder in folders[:-1]:
        shutil.rmtree(folder.parent)  # what the last batch holds is enough
    assert paid(one, corrected) == 0


def test_what_would_be_refused_again_is_not_offered_again(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_prompt(
        "picture 2", Plan(status=400, body={"error": {"message": "no", "code": "moderation_blocked"}})
    )
    document = expect(stage.inside(*batch(json.dumps({"tasks": [*tasks(2), {"prompt": ""}]}))), 8, "batch_refused")
    assert (document["error"]["next"], document["counters"]["succeeded"]) == (None, 1)
    assert document["applied"] == {"tasks": 1, "size": "256x256"}


def test_a_picture_that_is_gone_is_paid_again_only_by_its_own_command(stage: Stage, house: StandInHouse) -> None:
    name = stage.save("b.json", {"tasks": tasks(2)})
    first = expect(stage.inside(*batch(name)), 0)
    Path(first["results"][1]["output"]).unlink()
    gone = expect(stage.inside(*batch(name)), 8, "batch_refused")
    assert (gone["counters"]["succeeded"], gone["counters"]["failed"], gone["error"]["next"]) == (1, 1, None)
    assert gone["results"][1]["error"]["code"] == "pictures_gone"
    assert len(house.ledger) == 2
    expect(stage.shell(gone["results"][1]["error"]["next"]), 0)
    assert statuses(expect(stage.inside(*batch(name)), 0)) == ["succeeded"] * 2
    assert len(house.ledger) == 3


def test_a_batch_that_is_run_again_keeps_evidence_and_attachments(stage: Stage) -> None:
    text = json.dumps({"tasks": [{"prompt": "a cup", "raw": True}]})
    first = expect(stage.inside(*batch(text)), 0)
    Path(first["media"][0]).unlink()  # as OpenClaw's folder is cleared after a week
    kept = expect(stage.inside(*batch(text)), 0)
    assert (kept["media"], Path(kept["media"][0]).is_file()) == (first["media"], True)
    new = expect(stage.inside(*batch(text, "--new")), 0)
    run_dir = Path(new["results"][0]["run_dir"])
    records = [json.loads((run_dir / f"attempt-{number}" / "request.json").read_bytes()) for number in (1, 2)]
    assert records[0]["headers"]["Idempotency-Key"] != records[1]["headers"]["Idempotency-Key"]
    assert json.loads((run_dir / "result.json").read_bytes())["raw"] is True
    assert expect(stage.inside("verify.py", run_dir, "--json"), 0)["accepted"] is True


def test_the_workspace_of_openclaw_holds_the_batches(stage: Stage) -> None:
    workspace = stage.home / "agent"
    workspace.mkdir()
    text = (stage.state / "openclaw.json").read_text()[:-1]
    stage.configure(f'{text}, /* JSON5 */ agents: {{defaults: {{workspace: "{workspace}",}}}}}}')
    document = expect(stage.inside(*batch(json.dumps({"tasks": tasks(1)}))), 0)
    assert Path(document["batch_dir"]).is_relative_to(workspace / "content-factory")
    assert document["media"] == [document["images"][0]["path"]]  # OpenClaw attaches from there
    moved = expect(stage.inside(*batch(json.dumps({"tasks": tasks(1)}), "--output-dir", "here")), 0)
    assert Path(moved["batch_dir"]).parent == stage.work / "here"


def test_a_killed_batch_goes_on(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    service.plan_prompt("picture 3", Plan(delay=30.0))
    name = stage.save("b.json", {"tasks": tasks(5), "max_workers": 1})
    process = stage.start(*batch(name))
    eventually(lambda: len(house.recorder.requests_to(GENERATIONS)) == 3)
    end(process, signal.SIGKILL)
    document = expect(stage.run(*batch(name)), 8)
    assert statuses(document) == ["succeeded", "succeeded", "unknown", "succeeded", "succeeded"]
    assert [row["reused"] for row in document["results"]] == [True, True, False, False, False]
    assert (document["possible_charges"], service.counted, len(house.ledger)) == (5, 5, 5)


def test_sigterm_lets_what_is_under_way_end(stage: Stage, house: StandInHouse) -> None:
    with answers_held(house, GENERATIONS) as answer:
        process = stage.start(*batch(stage.save("b.json", {"tasks": tasks(4), "max_workers": 2})))
        eventually(lambda: len(house.recorder.requests_to(GENERATIONS)) == 2)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while b"Interrupted" not in process.stderr.readline():
            pass
        answer()
        document = expect(wait(process), 143, "batch_stopped")
    assert statuses(document) == ["succeeded", "succeeded", "not_started", "not_started"]
    assert statuses(expect(stage.run(*batch("@b.json")), 0)) == ["succeeded"] * 4
    assert len(house.ledger) == 4


def test_a_second_signal_tells_what_may_have_been_charged(stage: Stage, house: StandInHouse) -> None:
    name = stage.save("b.json", {"tasks": tasks(3), "max_workers": 1})
    with answers_held(house, GENERATIONS):
        process = stage.start(*batch(name))
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while b"Interrupted" not in process.stderr.readline():
            pass
        document = expect(end(process, signal.SIGINT), 130, "batch_abandoned")
    assert statuses(document) == ["unknown", "not_started", "not_started"]
    assert (document["charged"], document["possible_charges"]) == ("unknown", 1)


def test_no_task_begins_when_the_time_is_over(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.default_seconds = 0.6
    name = stage.save("b.json", {"tasks": tasks(5), "max_workers": 1})
    document = expect(stage.run(*batch(name, "--timeout", "3")), 9, "batch_unfinished")
    done = statuses(document).count("succeeded")
    assert 1 <= done < 5
    assert len(house.ledger) == done
    assert document["next"]["argv"][2] == name


def test_two_processes_share_a_batch(stage: Stage, house: StandInHouse) -> None:
    name = stage.save("b.json", {"tasks": tasks(3)})
    with answers_held(house, GENERATIONS) as answer:
        first = stage.start(*batch(name))
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        expect(stage.run(*batch(name, "--no-wait")), 14, "batch_busy")
        waiting = stage.start(*batch(name))
        answer()
        expect(wait(first), 0)
        second = expect(wait(waiting), 0)
    assert [row["reused"] for row in second["results"]] == [True] * 3
    assert len(house.ledger) == 3


def test_killed_at_random_moments(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    """Nothing is lost, and every charge is in the journal, however often and whenever the batch is killed."""
    service.default_seconds = 0.3  # so that every kill finds work under way
    service.honours_keys = False
    name = stage.save("b.json", {"tasks": tasks(8 + 3 * KILLS), "max_workers": 4})
    moments = random.Random(7)  # noqa: S311
    for _ in range(KILLS):
        process = stage.start(*batch(name))
        time.sleep(moments.uniform(0.3, 1.0))
        end(process, signal.SIGKILL)
        paid = sum(entry["possible_charges"] for entry in stage.entries())
        assert paid >= len(house.ledger)
    open_ends = any(entry["state"] in ("submitting", "unknown") for entry in stage.entries())
    document = expect(stage.run(*batch(name)), 8 if open_ends else 0)
    assert set(statuses(document)) <= {"succeeded", "unknown"}
    assert document["possible_charges"] >= len(house.ledger) == service.counted
    for row in document["results"]:
        if row["status"] == "succeeded":
            on_disk({"path": row["output"], "bytes": row["bytes"], "sha256": row["sha256"]})
    assert document["counters"]["unknown"] <= 4 * KILLS


class Page(HTMLParser):
    """Collects what a page links to and says."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [str(value) for name, value in attrs if name in ("src", "href")]
        assert tag != "script"

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def test_the_report_shows_every_task_and_needs_no_network(stage: Stage, service: OpenAiImagesService) -> None:
    definitions = tasks(3)
    definitions[0]["prompt"] = "<script>alert(1)</script> & more"
    definitions[1]["image"] = str(stage.picture("r.png"))
    service.plan_prompt("picture 3", Plan(status=400, body={"error": {"message": "<b>no</b>"}}))
    document = expect(stage.inside(*batch(stage.save("b.json", {"tasks": definitions}), "--lang", "en")), 8)
    path = Path(document["batch_report"])
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    for row in document["results"][:2]:
        assert row["sha256"] in page.text
        assert f"{row['bytes']:,}" in page.text
    assert "<script>alert(1)</script> & more" in page.text
    assert "<b>no</b>" in page.text
    assert {"done", "refused", "text2img", "img2img"} <= set(page.text.replace("\n", " ").split())
    assert "256 × 256 (1024x1024 requested)" in page.text
    for source in page.sources:
        assert "://" not in source
        assert (path.parent / unquote(source)).is_file()
