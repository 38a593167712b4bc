"""The catalog: both languages hold the same facts, and every sentence that the code asks for is there."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import ima_studio
import pytest
from ima_studio import wire
from ima_studio.messages import MESSAGES

from shared.i18n.messages import SHARED_MESSAGES

PACKAGE = Path(ima_studio.__file__).parent
CALLS = {
    "say",
    "format",
    "info",
    "notify_user",
    "always",
    "status",
    "MessageRef",
    "BadInput",
    "InvalidRequest",
    "ReadError",
    "AuthenticationError",
    "QuotaExceeded",
}
CALLS |= {"OutcomeUnknown", "RateLimitError", "TaskFailed", "UnusableResult", "ConfigurationError"}


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("message", MESSAGES)
def test_both_languages_hold_the_same_facts(message: str) -> None:
    text = MESSAGES[message]
    assert placeholders(text.en) == placeholders(text.zh)
    assert text.en.strip()
    assert text.zh.strip()


def test_only_the_hints_that_name_the_account_page_replace_those_of_all_skills() -> None:
    replaced = SHARED_MESSAGES.keys() & MESSAGES.keys()
    unknown = ("outcome_unknown_before", "answer_lost", "answer_unclear", "answer_is_page", "answer_without_id")
    assert replaced == {f"{code}.hint" for code in unknown}
    assert all(wire.POINTS_PAGE in MESSAGES[message].en for message in replaced)


FOR_USERS = [name for name in MESSAGES if name.endswith((".advice", "_message")) or "advice" in name]


@pytest.mark.parametrize("message", [*FOR_USERS, "start_for_user"])
def test_what_is_passed_on_to_users_names_no_flag_and_no_command(message: str) -> None:
    text = MESSAGES[message]
    assert not re.search(r"--\w|command|IMA_", text.en)
    assert not re.search(r"--\w|命令|IMA_", text.zh)


def asked_for() -> set[str]:
    found = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for first in ast.walk(node.args[0]) if name in CALLS else ():
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.isidentifier():
                    found.add(first.value)
    return found


def test_every_sentence_that_the_code_asks_for_is_there() -> None:
    asked = asked_for()
    assert len(asked) > 40
    assert {name for name in asked - MESSAGES.keys() - SHARED_MESSAGES.keys() if not name.endswith("_")} == set()


def test_every_own_sentence_is_asked_for() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py") if path.stem != "messages")
    unused = {name for name in MESSAGES if "." not in name and not re.search(f"[\"']{name}[\"']", code)}
    assert unused == {"key_missing"}  # which find_key asks for


def test_the_seed_s_links_stand_in_the_error_playbook() -> None:
    code = (PACKAGE / "wire.py").read_text(encoding="utf-8")
    assert "https://www.imaclaw.ai/imaclaw/apikey" in code
    assert "https://www.imaclaw.ai/imaclaw/subscription" in code
