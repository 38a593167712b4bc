"""What SKILL.md of generator-image promises an agent: sentences and command lines that work unchanged."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nemovideo.api.account import Account
from nemovideo.api.wire import DEFAULT_BASE_URL
from nemovideo.cli.routes import ROUTES, route
from nemovideo.sessions import Sessions

from tests.launcher import SKILLS, Bench
from tests.providers.house import StandInHouse
from tests.providers.nemo_media import make_media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.launcher import Ended

SKILL = "generator-image"
LAUNCHER = "generator_image.py"
PAGE = (SKILLS / SKILL / "SKILL.md").read_text("utf-8")
SENTENCES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("generator-image.json").read_text("utf-8"))
COMMANDS = re.findall(r"^python3 \{baseDir\}/scripts/(.+)$", PAGE, re.MULTILINE)


class Stage(Bench):
    """A home that remembers a session, and the files that the page names."""

    def __init__(self, folder: Path, house: StandInHouse) -> None:
        super().__init__(folder, house, SKILL)
        account = Account(self.home / ".config" / "nemovideo", DEFAULT_BASE_URL, None)
        Sessions([self.home / ".openclaw"], DEFAULT_BASE_URL, account.name).note("session-0001")
        for name in ("photo.png", "logo.png", "intro.mp4"):
            (self.work / name).write_bytes(make_media(name[-3:], 1))

    def rehearse(self, *words: str) -> Ended:
        """Run a subcommand with nothing sent."""
        return self.run(LAUNCHER, *words, "--dry-run", "--json")


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse() as standing:
        yield standing


@pytest.fixture
def stage(tmp_path: Path, house: StandInHouse) -> Stage:
    return Stage(tmp_path, house)


def test_there_are_ten_sentences_half_of_them_chinese() -> None:
    languages = [row["language"] for row in SENTENCES]
    assert (len(languages), languages.count("zh")) == (10, 5)


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["says"][:30])
def test_a_sentence_becomes_a_command_line_that_is_accepted(
    row: dict[str, Any], stage: Stage, house: StandInHouse
) -> None:
    ended = stage.rehearse(*row["argv"])
    assert (ended.code, ended.document["status"]) == (0, "prepared"), ended.talk
    assert house.contacted == set()


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["says"][:30])
def test_a_sentence_stands_on_the_page_and_is_routed_as_the_page_says(row: dict[str, Any]) -> None:
    told = next(line for line in PAGE.splitlines() if line.startswith(f"| {row['says']} |"))
    assert shlex.split(told.split("`")[1]) == row["argv"]
    command = {"generate": "message", "say": "message"}.get(row["argv"][0], row["argv"][0])
    assert route(row["says"]) == command


def test_the_table_of_the_page_is_the_one_that_routes() -> None:
    rows = re.findall(r"^\| (.+) \| `(export|credits|state|upload)` \| no \|$", PAGE, re.MULTILINE)
    told = {action: tuple(re.split(r", (?:or sends a file)?", words.strip())) for words, action in rows}
    free = {action: words for action, words in ROUTES.items() if action != "message"}
    assert {action: tuple(word for word in words if word) for action, words in told.items()} == free


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works_as_it_stands(line: str, stage: Stage, house: StandInHouse) -> None:
    launcher, *words = shlex.split(line)
    local = launcher != LAUNCHER or words[0] in ("route", "sessions")
    ended = stage.run(launcher, *words) if local else stage.rehearse(*words)
    assert ended.code == 0, ended.talk
    assert house.contacted == set()


def test_the_exit_codes_of_the_page_are_those_of_the_contract() -> None:
    from shared import errors  # noqa: PLC0415

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE) for code in row.split(",")}
    assert told == {kind.exit_code for kind in kinds} | {0, 130, 143}


def test_the_description_says_what_and_when_in_its_first_160_characters() -> None:
    match = re.search(r'^description: "(.+)"$', PAGE, re.MULTILINE)
    assert match
    assert "pictures" in match.group(1)[:160]
    assert "Use for" in match.group(1)[:160]
    assert len(match.group(1)) <= 1024
