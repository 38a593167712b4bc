"""What SKILL.md of zm-img2-generation-direct promises an agent: sentences and command lines that work."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.zm.stage import SKILL, Stage
from tests.launcher import ROOT
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "skills" / SKILL / "SKILL.md").read_text("utf-8")
SENTENCES: list[dict[str, Any]] = json.loads(Path(__file__).with_name(f"{SKILL}.json").read_text("utf-8"))
COMMANDS = re.findall(r"^python3 \{baseDir\}/scripts/(.+)$", PAGE, re.MULTILINE)
SPENDING = ("run.py", "batch_run.py", "image_queue.py run")


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing


@pytest.fixture
def stage(tmp_path: Path, house: StandInHouse) -> Stage:
    stage = Stage(tmp_path, house)
    stage.save("batch.json", {"tasks": [{"prompt": "a shop counter"}]})
    stage.save("tasks.json", {"tasks": [{"task_key": "product-001", "mock_sleep": 0}]})
    stage.picture("catdog.png")
    return stage


def test_there_are_ten_sentences_half_of_them_chinese() -> None:
    languages = [row["language"] for row in SENTENCES]
    assert (len(languages), languages.count("zh")) == (10, 5)


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["says"][:30])
def test_a_sentence_becomes_a_command_line_that_is_accepted(
    row: dict[str, Any], stage: Stage, house: StandInHouse
) -> None:
    argv = [word.replace("REFERENCE", "catdog.png") for word in row["argv"]]
    before = len(house.recorder.requests)
    ended = stage.run(*argv, "--dry-run", "--json")
    assert (ended.code, ended.document["status"]) == (0, "prepared"), ended.talk
    assert len(house.recorder.requests) == before


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works_as_it_stands(line: str, stage: Stage) -> None:
    launcher, *arguments = shlex.split(line)
    if line.startswith(SPENDING):
        assert stage.run(launcher, *arguments, "--dry-run").code == 0
        return
    if launcher == "doctor.py" or "--self-test" in arguments or launcher == "tasks.py":
        assert stage.run(launcher, *arguments).code == 0
        return
    if launcher == "verify.py":
        assert stage.run(launcher, *arguments).code == 2  # there is no such folder here
        return
    stage.run("image_queue.py", "run", "@tasks.json")
    assert stage.run(launcher, *arguments).code == (2 if "cancel" in arguments else 0)


def test_the_exit_codes_of_the_page_are_those_of_the_contract() -> None:
    from shared import errors  # noqa: PLC0415

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = {kind.exit_code for kind in kinds if issubclass(kind, errors.SkillError)}
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE) for code in row.split(",")}
    assert told == ours | {130, 143}


def test_the_description_says_what_and_when_at_its_beginning() -> None:
    match = re.search(r'^description: "(.+)"$', PAGE, re.MULTILINE)
    assert match
    assert "pictures" in match.group(1)[:160]
    assert "Use for" in match.group(1)[:160]
    assert len(match.group(1)) <= 1024
