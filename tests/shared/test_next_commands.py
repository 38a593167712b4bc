"""Commands that a result names for next: without the key that was typed, with the values that are proposed."""

from __future__ import annotations

import pytest

from shared.cli.context import PYTHON_COMMAND, CommandContext, Skill
from shared.cli.next_command import option_values, without_options
from shared.errors import InvalidRequest
from shared.security.keys import redact

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
    run = CommandContext(SKILL, argv, "/skill/main.py")
    assert run.rerun("--new") == [PYTHON_COMMAND, "/skill/main.py", "--prompt", "x", "--new"]
    assert KEY not in redact(f"what was typed: {KEY}")
    assert KEY in option_values(argv, SKILL.secret_options)


def test_an_option_without_its_value_leaves_the_rest() -> None:
    assert without_options(["--prompt", "x", "--api-key"], ["--api-key"]) == ["--prompt", "x"]
    assert option_values(["--prompt", "x", "--api-key"], ["--api-key"]) == []


@pytest.mark.parametrize("argv", [["--size", "4K", "--prompt", "x"], ["--size=4K", "--prompt", "x"]])
def test_a_refusal_may_propose_another_value(argv: list[str]) -> None:
    run = CommandContext(SKILL, argv, "/skill/main.py")
    error = InvalidRequest("refused", remedy="instead", instead={"--size": "2K"}, status=200, words="no")
    following = run.result_document(error)["next"]
    assert following["argv"] == [PYTHON_COMMAND, "/skill/main.py", "--prompt", "x", "--size", "2K"]
