"""What SKILL.md of image2 promises an agent: sentences and command lines that work unchanged."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.launcher import SKILLS, Bench
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator

SKILL = SKILLS / "image2"
SENTENCES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("image2.json").read_text("utf-8"))
COMMANDS = re.findall(r"^python3 \{baseDir\}/scripts/(.+)$", (SKILL / "SKILL.md").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


def test_there_are_ten_sentences_half_of_them_chinese() -> None:
    languages = [row["language"] for row in SENTENCES]
    assert (len(languages), languages.count("zh")) == (10, 5)


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["says"][:30])
def test_a_sentence_becomes_a_command_line_that_is_accepted(
    row: dict[str, Any], tmp_path: Path, house: StandInHouse
) -> None:
    ended = Bench(tmp_path, house).run(*row["argv"], "--dry-run", "--json")
    assert (ended.code, ended.document["status"]) == (0, "prepared"), ended.talk
    assert house.contacted == set()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works_as_it_stands(line: str, tmp_path: Path, house: StandInHouse) -> None:
    bench = Bench(tmp_path, house)
    launcher, *arguments = shlex.split(line)
    if launcher == "create_task.py":
        assert bench.run(launcher, *arguments, "--dry-run").code == 0
        return
    if "13170" in arguments:
        made = bench.run(
            "create_task.py", "--mode", "text2img", "--prompt", "x", "--size", "1:1", "--no-wait", "--json"
        )
        arguments = [made.document["task_id"] if one == "13170" else one for one in arguments]
    ended = bench.run(launcher, *arguments)
    unfinished = launcher == "tasks.py" and arguments[0] == "show"
    assert ended.code == (9 if unfinished else 0), ended.talk


def test_the_exit_codes_of_the_page_are_those_of_the_contract() -> None:
    from shared import errors  # noqa: PLC0415

    ours = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    }
    page = (SKILL / "SKILL.md").read_text("utf-8")
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", page, re.MULTILINE) for code in row.split(",")}
    assert told == ours | {0, 130, 143}


def test_the_description_says_what_and_when_in_its_first_160_characters() -> None:
    match = re.search(r'^description: "(.+)"$', (SKILL / "SKILL.md").read_text("utf-8"), re.MULTILINE)
    assert match
    start = match.group(1)[:160]
    assert "picture" in start
    assert "Use for" in start
    assert len(match.group(1)) <= 1024
