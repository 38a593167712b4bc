"""One flag may precede many images."""

from __future__ import annotations

import pytest
from ima_studio import cli


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("--input-images a b --size 1K", "--input-images a --input-images b --size 1K"),
        ("--input-images a --input-images b", "--input-images a --input-images b"),
        ("--input-images=a b c", "--input-images=a --input-images b --input-images c"),
        ("--size 1K stray", "--size 1K stray"),
        ("--input-images a --json stray", "--input-images a --json stray"),
        ("--prompt-file - --input-images a", "--prompt-file - --input-images a"),
    ],
)
def test_input_images_takes_many(typed: str, understood: str) -> None:
    assert cli._one_flag_each(typed.split()) == understood.split()
