"""The acceptance rules: each bad result is refused by the rule that is for it, and by no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai_images.verify import rules
from openai_images.verify import self_test as trial
from openai_images.verify.rules import documents, judge

from shared.errors import SkillError


def refused(document: dict[str, object]) -> set[str]:
    return {verdict.rule for verdict in judge(document) if not verdict.holds}


def test_a_good_result_is_accepted(tmp_path: Path) -> None:
    assert refused(trial._good(tmp_path)) == set()
    assert trial.self_test() == 12


@pytest.mark.parametrize("number", range(len(trial._BAD)), ids=lambda number: trial._BAD[number][0])
def test_a_bad_result_is_refused_by_its_rule(number: int, tmp_path: Path) -> None:
    rule, spoil = trial._BAD[number]
    document = trial._good(tmp_path)
    spoil(document, tmp_path)
    assert rule in refused(document)


def test_a_rule_that_does_not_look_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules._RULES, "integrity", lambda _document: None)
    with pytest.raises(SkillError) as failure:
        trial.self_test()
    assert (failure.value.code, failure.value.facts["case"]) == ("self_test_failed", "integrity")


def test_a_picture_that_is_a_link_or_was_changed(tmp_path: Path) -> None:
    document = trial._good(tmp_path)
    path = Path(str(document["output"]))
    real = tmp_path / "real.png"
    path.rename(real)
    path.symlink_to(real)
    assert refused(document) == {"artifact"}
    path.unlink()
    path.write_bytes(real.read_bytes() + b"tail")
    assert refused(document) == {"integrity"}


def test_nothing_holds_for_an_empty_document() -> None:
    assert refused({}) == set(rules._RULES) - {"no_mock"}


@pytest.mark.parametrize(
    ("rows", "counters", "found"),
    [
        ([0, 1], {"total": 2, "succeeded": 2}, [True, True]),
        ([0, 1], {"completed": 2}, [True, True]),
        ([0], {"total": 2, "succeeded": 2}, [True, False]),
        ([0], {"completed": 2, "failed": 0}, [True, False]),
        ([0, 0], {"total": 2}, [True, False]),
        ([], {"total": 10**12}, [False] * 1000),
        ([0, 1, 2], {"total": "many"}, [True, True, False]),
    ],
)
def test_every_task_of_a_batch_needs_a_result_of_its_own(
    rows: list[int], counters: dict[str, Any], found: list[bool], tmp_path: Path
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.json").write_text('{"ok": true}')
    results = [{"result_json": str(tmp_path / f"{number}.json")} for number in rows]
    (tmp_path / "batch_result.json").write_text(json.dumps({"results": results, "counters": counters}))
    assert [bool(document) for _, document in documents(str(tmp_path))] == found
