"""Numbers, names and lists that options and fields give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openai_images.cli.options import model_name, number, reference_list, retry_policy
from openai_images.request import task_name
from openai_images.retry_policy import RetryPolicy
from openai_images.task_file import TaskFile, read_tasks, row_variant

from shared.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("raw_value", "whole"),
    [("NaN", False), ("inf", False), ("", False), ("1e400", False), (True, False), ([], False), ("0x10", True),
     (1.5, True), ("1.5", True), (11, True), (0, True), (float("nan"), True), (10**400, True)],
)  # fmt: skip
def test_number_of_wrong_type_or_range_is_refused(raw_value: Any, whole: bool) -> None:
    with pytest.raises(BadInput):
        number("--n", raw_value, 1, 10, whole=whole)


@pytest.mark.parametrize(("raw_value", "value"), [("3", 3.0), (3, 3.0), (3.0, 3.0), ("1", 1.0), (10, 10.0)])
def test_number_of_text_or_json_is_accepted(raw_value: Any, value: float) -> None:
    assert number("--n", raw_value, 1, 10, whole=True) == value
    assert number("--n", None, 1, 10) is None


def test_the_defaults_are_those_of_the_wire_facts() -> None:
    assert retry_policy({}) == RetryPolicy(
        max_attempts=3, base_delay=8.0, max_delay=45.0, jitter=5.0, seconds=600.0, retry_unknown=False
    )
    fields = {"max_attempts": "5", "timeout_ms": 1500, "on_unknown": "retry"}
    assert retry_policy(fields) == RetryPolicy(max_attempts=5, seconds=1.5, retry_unknown=True)


@pytest.mark.parametrize(("attempt", "least"), [(1, 8), (2, 16), (3, 32), (4, 45), (5, 45)])
def test_pauses_double_up_to_the_longest_plus_jitter(attempt: int, least: float) -> None:
    pauses = [RetryPolicy().delay(attempt, None) for _ in range(200)]
    assert least <= min(pauses)
    assert max(pauses) <= least + 5
    assert max(pauses) - min(pauses) > 2
    assert RetryPolicy().delay(attempt, 59.0) >= 59.0


def test_a_pair_means_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_name("happy/gpt-image-2") == model_name(None) == "gpt-image-2"
    monkeypatch.setenv("OPENCLAW_IMAGE_MODEL", "other")
    assert model_name(None) == "other"


@pytest.mark.parametrize("raw_value", ['["a", "b"]', "a, b", "a,b", ["a", "b"]])
def test_reference_list_of_any_form_is_accepted(raw_value: Any) -> None:
    assert reference_list("images", raw_value) == ["a", "b"]


@pytest.mark.parametrize("raw_value", ["", "a,,b", '["a", 1]', "[", {}, 7, [""]])
def test_reference_list_of_wrong_type_is_refused(raw_value: Any) -> None:
    with pytest.raises(BadInput):
        reference_list("images", raw_value)


def test_names_are_composed() -> None:
    assert task_name("task_name", "cafe\u0301") == "caf\u00e9"


def test_rows_are_kept_apart_and_fit() -> None:
    file = TaskFile({"tasks": []}, "covers\n")
    assert row_variant("", file, "3") == "covers?/3"
    assert row_variant("v2", file, "key") == "v2/covers?/key"
    long = [row_variant("v" * 200, file, key) for key in ("a", "b")]
    assert len(set(long)) == 2
    assert all(len(variant) <= 200 for variant in long)


def test_rows_of_two_files_are_told_apart_by_the_names_of_the_files(tmp_path: Path) -> None:
    for name in ("spring", "autumn"):
        (tmp_path / f"{name}.json").write_text('{"tasks": [{"task_key": "cover", "prompt": "a cover"}]}')
        file = read_tasks(f"@{tmp_path / name}.json", fields=(), maximum=1)
        assert row_variant("", file, "cover") == f"{name}/cover"
