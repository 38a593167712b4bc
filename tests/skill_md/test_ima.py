"""What the pages of ai-nano-banana-ima promise: sentences, command lines, exit codes, hosts."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ima_studio import __version__, wire
from ima_studio.provider import REMIND_EVERY, USUAL_SECONDS
from ima_studio.request import FLASH, MODELS, PRO, RATIOS

from shared import errors
from tests.launcher import SKILLS, Bench
from tests.providers import ima
from tests.providers.house import StandInHouse
from tests.providers.ima_products import FLASH_POINTS, PRO_POINTS
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

SKILL = SKILLS / "ai-nano-banana-ima"
PAGE = (SKILL / "SKILL.md").read_text("utf-8")
SECURITY = (SKILL / "SECURITY.md").read_text("utf-8")
MODELS_PAGE = (SKILL / "references" / "models.md").read_text("utf-8")
SENTENCES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("ai-nano-banana-ima.json").read_text("utf-8")
)
COMMANDS = re.findall(r"^python3 \{baseDir\}/scripts/(.+)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


@pytest.fixture
def bench(tmp_path: Path, house: StandInHouse) -> Bench:
    made = Bench(tmp_path, house, skill="ai-nano-banana-ima", environment={"IMA_API_KEY": house.ima.key})
    (made.work / "local-photo.jpg").write_bytes(make_picture("jpeg", 40, 30, 1))
    return made


def test_there_are_ten_sentences_half_of_them_chinese() -> None:
    languages = [row["language"] for row in SENTENCES]
    assert (len(languages), languages.count("zh")) == (10, 5)


def test_the_page_tells_the_same_ten() -> None:
    rows = list(re.findall(r"^\| (.+) \| `(--task-type.+)` \|$", PAGE, re.MULTILINE))
    assert [(says, shlex.split(flags)) for says, flags in rows] == [
        (row["says"], row["argv"][1:]) for row in SENTENCES
    ]


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["says"][:30])
def test_a_sentence_becomes_a_command_line_that_is_accepted(
    row: dict[str, Any], bench: Bench, house: StandInHouse
) -> None:
    ended = bench.run(*row["argv"], "--dry-run", "--json")
    assert (ended.code, ended.document["status"]) == (0, "prepared"), ended.talk
    assert ended.document["cost"]["source"] == "quoted"
    assert house.contacted == {ima.HOST}
    assert len(house.ledger) == 0


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works_as_it_stands(line: str, bench: Bench) -> None:
    launcher, *arguments = shlex.split(line)
    dry = ["--dry-run"] if "--prompt" in arguments else []
    ended = bench.run(launcher, *arguments, *dry)
    assert ended.code == 0, ended.talk


def test_the_exit_codes_of_the_page_are_those_of_the_contract() -> None:
    ours = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    }
    told = {
        int(code) for row in re.findall(r"^\| ([\d, ]+) \| [a-z]", PAGE, re.MULTILINE) for code in row.split(",")
    }
    assert told - {0} == ours | {130, 143}


def test_the_front_matter_tells_the_version_and_the_only_variable() -> None:
    assert f'version: "{__version__}"' in PAGE
    assert re.findall(r"- name: (\w+)", PAGE) == ["IMA_API_KEY"]
    match = re.search(r'^description: "(.+)"$', PAGE, re.MULTILINE)
    assert match
    assert len(match.group(1)) <= 1024
    assert "pictures" in match.group(1)[:160]


def test_the_domain_table_is_the_code_s() -> None:
    hosts = re.findall(r"^\| `([a-z.]+)` \|", SECURITY, re.MULTILINE)
    assert hosts == [wire.HOST, wire.UPLOAD_HOST]
    written = {
        host
        for path in (SKILL / "scripts" / "ima_studio").glob("*.py")
        for host in re.findall(r"\"([a-z]+(?:\.[a-z]+)+\.?com)\"", path.read_text("utf-8"))
    }
    assert written == set(hosts)


def test_the_key_column_is_what_the_service_sees(bench: Bench, house: StandInHouse) -> None:
    before = len(house.recorder.requests)
    arguments = shlex.split(next(line for line in COMMANDS if "local-photo" in line))[1:]
    assert bench.run("ima_image_create.py", *arguments, "--poll-interval", "0.5").code == 0
    house.recorder.requests[:before] = []
    rows = re.findall(r"^\| (.+?) \| .+ \| .+ \| (yes|no).* \|$", SECURITY, re.MULTILINE)
    assert [key for _, key in rows] == ["yes", "yes", "no", "no"]
    assert house.recorder.hosts_that_saw(house.ima.key) == {wire.HOST, wire.UPLOAD_HOST}
    assert {request.host for request in house.recorder.requests} == {
        wire.HOST,
        wire.UPLOAD_HOST,
        ima.BUCKET_HOST,
        ima.PICTURE_HOST,
    }


def test_the_page_of_models_agrees_with_the_code_and_the_documented_points() -> None:
    assert re.findall(r"`(gemini-[\w.-]+)`", MODELS_PAGE)[:2] == list(MODELS)
    flash = " / ".join(str(points) for points in FLASH_POINTS.values())
    pro = " / ".join(str(points) for points in PRO_POINTS["text_to_image"].values())
    assert f"| {flash} points | – / {pro} points |" in MODELS_PAGE
    for model in (FLASH, PRO):
        least, most = USUAL_SECONDS[model]
        assert f"{least:.0f}-{most:.0f} s" in MODELS_PAGE
        assert f"every {REMIND_EVERY[model]:.0f} s" in MODELS_PAGE
    assert all(f"`{ratio}`" in MODELS_PAGE for ratio in RATIOS)
