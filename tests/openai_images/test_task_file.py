"""Errors in a task file are reported with their position."""

from __future__ import annotations

import pytest
from openai_images.task_file import read_tasks

from shared.errors import BadInput


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ('{"tasks": [\n {"prompt": "x"}\n {"prompt": "y"}]}', "tasks_not_json", {"line": 3, "column": 2}),
        (
            '{"tasks": [\n {"prompt": "x"},\n]}',
            "tasks_not_json",
            {},
        ),  # the position depends on Python's version
        ('{"tasks": [{"prompt": "x", "prompt": "y"}]}', "field_twice", {"field": '"prompt"'}),
        ('{"tasks": [{"prompt": NaN}]}', "tasks_malformed", {"reason": "tasks_too_odd"}),
        ("{" + '"tasks": ' + "[" * 100_000, "tasks_malformed", {"reason": "tasks_too_odd"}),
    ],
    ids=["syntax", "trailing comma", "twice", "NaN", "deep"],
)
def test_what_is_no_file_of_tasks(text: str, code: str, facts: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        read_tasks(text, fields=(), maximum=200)
    assert (caught.value.code, caught.value.facts | facts) == (code, caught.value.facts)
