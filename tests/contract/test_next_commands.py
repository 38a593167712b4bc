"""A printed next command, pasted into a shell, sends the very same prompt, and harms nobody who reads it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from shared.i18n.catalog import harmless
from tests.contract.paid import CREATE
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

PROMPTS = (
    "a red\rkite",
    "a kite\r\nand a cat\r",
    "a kite\u200b, \u202eobliged\u202c",
    "it's a kite\ufeff",
    "$(id)`id`\r",
)


@pytest.mark.processes
@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["printed", "document"])
def test_a_pasted_command_sends_the_same_prompt(
    prompt: str, more: tuple[str, ...], bench: Bench, house: StandInHouse
) -> None:
    house.kexiang.plan_create(Plan(status=429))
    argv = [word for word in CREATE if word != "--json"]
    ended = bench.run(*argv, "--prompt", prompt, *more)
    assert ended.code == 6, ended.talk
    printed = ended.talk.partition("Only if the user agrees to pay: ")[2].rstrip("\n")
    line = ended.document["next"]["shell"] if more else printed
    assert harmless(line) == line
    again = bench.shell({"shell": line})
    assert again.code == 0, again.talk
    (charge,) = house.ledger.charges
    sent = house.kexiang.tasks[str(charge.task_id)].user_input["prompt"]
    assert os.fsencode(sent) == os.fsencode(prompt)
