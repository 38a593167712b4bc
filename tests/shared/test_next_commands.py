"""Commands that a result names for next: built from parsed options, without keys, each with what it may cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cli.context import CommandContext, Skill
from shared.cli.next_command import PYTHON_COMMAND, Invocation, early_options, parsed_invocation
from shared.errors import (
    InvalidRequest,
    NotSentError,
    OutcomeUnknown,
    RateLimitError,
    SkillError,
    StillRunning,
    TaskFailed,
    TaskLocked,
    UnusableResult,
)
from shared.security.keys import redact

if TYPE_CHECKING:
    from shared.journal.entry import Charged

KEY = "typed-dummy-key-of-a-test"
LOCAL_ID = "20260301T120000Z-0123abcd"
SKILL = Skill("s", "p", "1.0.0", {}, "main.py", secret_options=("--api-key",), repeat_options=("--on-unknown",))
COMMAND = click.Command(
    "main",
    params=[
        *(click.Option([f"--{name}"]) for name in ("prompt", "size", "on-unknown", "api-key")),
        click.Option(["--new"], is_flag=True),
        click.Option(["--json", "--output-json"], is_flag=True),
        click.Option(["--url", "--link"], multiple=True),
        click.Option(["--count"], default="4"),
        click.Argument(["words"], nargs=-1),
    ],
)


def parsed(argv: list[str], launcher: str = "/skill/main.py") -> Invocation:
    return parsed_invocation(COMMAND.make_context("main", list(argv)), launcher, SKILL.secret_options)


def context_of(argv: list[str], **facts: Any) -> CommandContext:
    context = CommandContext(SKILL, argv, "/skill/main.py")
    context.invocation, context.spends = parsed(argv), True
    context.note(**facts)
    return context


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
    command = context_of(argv).pay_for({"--new": True})
    assert command
    assert command.argv == [PYTHON_COMMAND, "/skill/main.py", "--prompt", "x", "--new"]
    assert KEY not in redact(f"what was typed: {KEY}")
    assert KEY in early_options(argv, SKILL.secret_options)["secrets"]


@pytest.mark.parametrize("argv", [["--size", "4K", "--prompt", "x"], ["--size=4K", "--prompt", "x"]])
def test_a_refusal_may_propose_another_value(argv: list[str]) -> None:
    error = InvalidRequest("refused", remedy="instead", instead={"--size": "2K"}, status=200, words="no")
    following = context_of(argv).result_document(error)["next"]
    assert following["argv"] == [PYTHON_COMMAND, "/skill/main.py", "--prompt", "x", "--size", "2K"]
    assert (following["cost"], following["needs_consent"]) == ("yes", True)


WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(
    st.dictionaries(st.sampled_from(["--prompt", "--size", "--on-unknown", "--count"]), WORD),
    st.lists(WORD, max_size=3),
    st.lists(WORD, max_size=3),
    st.booleans(),
)
def test_click_parses_what_was_built_into_the_same_command(
    options: dict[str, str], urls: list[str], arguments: list[str], new: bool
) -> None:
    typed: dict[str, Any] = {
        **options,
        **({"--url": tuple(urls)} if urls else {}),
        **({"--new": True} if new else {}),
    }
    command = Invocation("/skill/main.py", typed, tuple(arguments))
    again = parsed(command.to_argv()[2:])
    assert (again.options, again.arguments) == (typed, tuple(arguments))


def test_only_what_was_typed_is_repeated_by_its_first_name() -> None:
    argv = ["--link", "b", "one", "--output-json", "--url", "a"]
    assert parsed(argv).to_argv()[2:] == ["one", "--url", "b", "--url", "a", "--json"]


def test_a_word_that_looks_like_an_option_stays_a_word() -> None:
    assert parsed(["--prompt", "--new", "--", "--json", "x"]).to_argv()[2:] == [
        "--prompt", "--new", "--", "--json", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "task", "cost", "consent"),
    [
        (OutcomeUnknown("answer_without_id"), ("unknown", "unknown", 1), "yes", True),
        (TaskFailed("task_failed", reason="-"), ("failed", "unknown", 1), "yes", True),
        (TaskFailed("task_failed", reason="-"), ("failed", "no", 0), "yes", True),
        (UnusableResult("pictures_gone", task_id="7", remedy="new"), ("succeeded", "yes", 1), "yes", True),
        (RateLimitError("create_limited", wait="60 s", status=429, words="-"), ("refused", "no", 0), "yes", True),
        (
            RateLimitError("create_limited", wait="60 s", status=429, words="-"),
            ("submitted", "yes", 1),
            "none",
            False,
        ),
        (RateLimitError("rate_limited", wait="60 s", remedy="resume"), ("running", "yes", 1), "none", False),
        (NotSentError("unreachable", host="h", reason="-"), ("not_started", "no", 0), "yes", False),
        (NotSentError("unreachable", host="h", reason="-"), None, "maybe", False),
        (StillRunning("still_running", elapsed="9"), ("running", "yes", 1), "none", False),
        (
            StillRunning("request_still_busy", local_id="-", remedy="again"),
            ("not_started", "no", 0),
            "maybe",
            False,
        ),
        (TaskLocked("request_busy", local_id="-"), ("not_started", "no", 0), "maybe", False),
    ],
)
@pytest.mark.parametrize("more", [[], ["--new"], ["--on-unknown", "retry"]])
def test_each_command_says_what_it_costs_and_whether_the_user_decides(
    error: SkillError, task: tuple[str, Charged, int] | None, *, cost: str, consent: bool, more: list[str]
) -> None:
    facts: dict[str, Any] = {}
    if task:
        facts = dict(zip(("status", "charged", "possible_charges"), task, strict=True))
        facts |= {"local_id": LOCAL_ID, "task_id": "7" if task[0] in {"submitted", "running"} else None}
    document = context_of(["--prompt", "x", *more], **facts).result_document(error)
    following = document["next"]
    assert (following["cost"], following["needs_consent"]) == (cost, consent)
    assert following == document["error"]["next"]
    if not consent and facts.get("possible_charges"):
        assert not {"--new", "--on-unknown"} & set(following["argv"]), "it pays for nothing twice"


@pytest.mark.parametrize(
    ("possible_charges", "lang", "line"),
    [
        (0, "en", "Only if the user agrees to pay: "),
        (1, "en", "Only if the user agrees to a possible second charge: "),
        (1, "zh", "只有在用户同意可能再次扣费时才运行："),
    ],
)
def test_a_command_that_may_charge_again_is_named_under_its_condition(
    possible_charges: int, lang: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context = context_of(["--prompt", "x"], possible_charges=possible_charges, local_id=LOCAL_ID)
    context.set_language("", lang)
    context.finish(TaskFailed("task_failed", reason="-"))
    talk = capsys.readouterr().err
    assert f"{line}{PYTHON_COMMAND} /skill/main.py --prompt x --new\n" in talk
    assert not [name for name in ("Next command", "下一条命令") if name in talk]


def test_a_command_that_cannot_pay_costs_nothing() -> None:
    context = context_of(["--prompt", "x"])
    context.spends = False
    command = context.rerun()
    assert command
    assert (command.cost, command.needs_consent) == ("none", False)
    assert context.result_document(TaskFailed("task_failed", reason="-"))["next"] is None


def test_before_its_options_are_parsed_no_command_is_proposed() -> None:
    context = CommandContext(SKILL, ["--prompt", "x"], "/skill/main.py")
    assert context.result_document(SkillError("interrupted_early", remedy="again"))["next"] is None
    assert json.dumps(context.result_document(None))
