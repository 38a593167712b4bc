"""tasks.py report: a page of what was made, which shows nothing that its words could make a browser do."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from shared.journal.entry import Entry
from tests.contract.paid import CREATE
from tests.journals import keep

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

HOSTILE = "<script>alert(1)</script> \"quoted\" 'too' & a red kite over the sea"


class Reader(HTMLParser):
    """Collects the tags of a page, the links of its images, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[str] = []
        self.alts: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            known = dict(attrs)
            self.images.append(unquote(str(known["src"])))
            self.alts.append(str(known["alt"]))

    def handle_data(self, data: str) -> None:
        self.said += data


def report(bench: Bench, *arguments: str, code: int = 0) -> Any:
    ended = bench.run("tasks.py", "report", *arguments, "--json")
    assert ended.code == code, ended.talk
    return ended.document


def test_a_report_shows_each_image_with_its_prompt_cost_and_hash(bench: Bench, house: StandInHouse) -> None:
    made = bench.run(*CREATE, "--prompt", HOSTILE).document
    bench.run(*CREATE, "--prompt", "a blue boat", "--no-wait")
    requests = len(house.recorder.requests)
    document = report(bench)["report"]
    assert (document["tasks"], document["images"]) == (2, 1)
    path = Path(document["path"])
    assert path.parent == bench.work / "generated-images"
    page = Reader(path.read_text("utf-8"))
    assert "script" not in page.tags
    assert [(path.parent / link).resolve() for link in page.images] == [Path(made["images"][0]["path"])]
    (row,) = made["images"]
    for words in (HOSTILE[:40] + "…", "0.2 credits", row["sha256"], f"{row['width']} × {row['height']}"):
        assert words in page.said
    assert page.alts == [HOSTILE[:40] + "…"]
    assert "a blue boat" in page.said
    assert "no image" in page.said
    assert len(house.recorder.requests) == requests


def test_a_report_says_what_is_gone_and_knows_other_skills(bench: Bench) -> None:
    made = bench.run(*CREATE, "--prompt", "a red kite").document
    (entry,) = bench.entries()
    other = {**entry, "skill": "other-skill", "images": [{"path": 7}, "words", *entry["images"]]}
    keep(bench.journal.parent.parent / "other-skill", Entry.from_document(other))
    Path(made["images"][0]["path"]).unlink()
    page = Reader(Path(report(bench, "--lang", "zh")["report"]["path"]).read_text("utf-8"))
    assert page.images == []
    assert page.said.count(f"文件已不存在：{made['images'][0]['path']}") == 2
    assert "other-skill" in page.said


def test_a_report_replaces_no_file_and_covers_the_time_that_was_named(bench: Bench, tmp_path: Path) -> None:
    assert bench.run(*CREATE, "--prompt", "a red kite").code == 0
    (entry,) = bench.entries()
    bench.put({**entry, "created_at": "2020-01-01T00:00:00.000Z"})
    first, second = (report(bench, "--output-dir", str(tmp_path / "pages"))["report"] for _ in "12")
    assert first["path"] != second["path"]
    assert (first["tasks"], report(bench, "--since", "99999d")["report"]["tasks"]) == (0, 1)


@pytest.mark.parametrize("since", ["0", "7", "soon", "-1d"])
def test_an_age_that_is_none_is_refused(bench: Bench, since: str) -> None:
    assert report(bench, "--since", since, code=2)["error"]["code"] == "age_invalid"
