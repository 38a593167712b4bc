"""Commands that a result names for next: without the key that was typed, with the values that are proposed."""

from __future__ import annotations

import pytest

from shared.arguments import values_of, without_options
from shared.errors import Refused
from shared.keys import redact
from shared.run import PYTHON, Run, Skill

KEY = "typed-dummy-key-of-a-test"
SKILL = Skill("s", "p", "1.0.0", {}, "main.py", secret_options=("--api-key",))


@pytest.mark.parametrize(
    "argv",
    [
        ["--api-key", KEY, "--prompt", "x"],
        [f"--api-key={KEY}", "--prompt", "x"],
        ["--prompt", "x", "--api-key", KEY],
        ["--api-key", "old", "--prompt", "x", f"--api-key={KEY}"],
    ],
)
def test_a_typed_key_is_masked_at_once_and_never_repeated(argv: list[str]) -> None:
    run = Run(SKILL, argv, "/skill/main.py")
    assert run.again("--new") == [PYTHON, "/skill/main.py", "--prompt", "x", "--new"]
    assert KEY not in redact(f"what was typed: {KEY}")
    assert KEY in values_of(argv, SKILL.secret_options)


def test_an_option_without_its_value_leaves_the_rest() -> None:
    assert without_options(["--prompt", "x", "--api-key"], ["--api-key"]) == ["--prompt", "x"]
    assert values_of(["--prompt", "x", "--api-key"], ["--api-key"]) == []


@pytest.mark.parametrize("argv", [["--size", "4K", "--prompt", "x"], ["--size=4K", "--prompt", "x"]])
def test_a_refusal_may_propose_another_value(argv: list[str]) -> None:
    run = Run(SKILL, argv, "/skill/main.py")
    error = Refused("refused", remedy="instead", instead={"--size": "2K"}, status=200, words="no")
    following = run.document(error)["next"]
    assert following["argv"] == [PYTHON, "/skill/main.py", "--prompt", "x", "--size", "2K"]
