"""A whole turn of OpenClaw's agent with each skill: from the page that it reads to the image in its reply."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from install_local import install
from skill_index import ROOT

from tests.clients.arrangements import ENTRIES, arrangement_of
from tests.clients.scripted_model import Call, Conversation, ScriptedModel

if TYPE_CHECKING:
    from skill_index import IndexEntry

    from tests.clients.programs import Machine

IN_BACKGROUND = re.compile(r"Command still running \(session (\S+?),")
ENDED = re.compile(r"Process exited with code (\d+)")
LOOK = 15_000  # milliseconds that a poll of a process may take


class Agent:
    """A model that obeys SKILL.md: reads it, runs its command, looks until it ended, shows the image."""

    def __init__(self, slug: str, command: str, home: Path) -> None:
        self._slug = slug
        self._command = command
        self._home = home
        self.looks: list[str] = []
        """What the shell tool told of the command, after each poll."""

    def __call__(self, conversation: Conversation) -> Call | str:
        answers = conversation.answers
        page = self._page(conversation.system)
        if not answers:
            return Call("read", {"path": str(page)})
        if len(answers) == 1:
            return Call("exec", {"command": self._documented(answers[0]).replace("{baseDir}", str(page.parent))})
        self.looks = answers[1:]
        if ENDED.search(answers[-1]) is None:
            session = IN_BACKGROUND.search(answers[1])
            assert session, f"the shell tool has not put the command into the background: {answers[1]}"
            return Call("process", {"action": "poll", "sessionId": session.group(1), "timeout": LOOK})
        lines = [f"MEDIA:{path}" for path in self.document["media"]]
        return "\n".join(["Here is your picture.", *lines])

    @property
    def document(self) -> dict[str, Any]:
        """The one line of what the tool told that is the result document."""
        lines = [line for line in "\n".join(self.looks).splitlines() if line.startswith("{")]
        assert len(lines) == 1, self.looks
        document = json.loads(lines[0])
        assert isinstance(document, dict)
        return document

    def _page(self, system: str) -> Path:
        found = re.search(rf"<name>{self._slug}</name>.*?<location>(.+?)</location>", system, re.DOTALL)
        assert found, "the system prompt does not list the skill"
        return Path(found.group(1).replace("~", str(self._home), 1))

    def _documented(self, page: str) -> str:
        found = re.search(rf"^\S*python3 \{{baseDir\}}/scripts/{re.escape(self._command)}.*$", page, re.MULTILINE)
        assert found, f"SKILL.md shows no command that begins with {self._command}"
        return found.group()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_the_documented_command_ends_as_an_attachment(entry: IndexEntry, machine: Machine, dist: Path) -> None:
    arrangement = arrangement_of(entry)
    install(ROOT, dist, machine.state / "skills")
    agent = Agent(entry.slug, arrangement.command, machine.home)
    with ScriptedModel(agent) as model:
        machine.configure(model.configuration(), arrangement.configuration(machine.house))
        turn = ("agent", "--local", "--agent", "main", "--message", "Draw me a picture, please.", "--json")
        done = machine.run("openclaw", *turn)
    assert done.returncode == 0, done.stderr
    assert model.failures == [], (model.failures, agent.looks, done.stderr)
    payloads = json.loads(done.stdout)["payloads"]
    assert len(agent.looks) >= 2, "the shell tool has not put the command into the background"
    assert agent.document["ok"] is True, agent.looks
    assert agent.document["media"], agent.looks
    assert [path for one in payloads for path in one.get("mediaUrls") or []] == agent.document["media"]
    assert "MEDIA:" not in json.dumps(payloads)
    assert len(machine.house.ledger) == 1
    told = "\n".join(agent.looks)
    assert getattr(machine.house, arrangement.service).key not in told
    assert agent.document["task_id"] is None or agent.document["task_id"] in told.partition("\n{")[0]
    sys.stdout.write("\n---\n".join(agent.looks))
