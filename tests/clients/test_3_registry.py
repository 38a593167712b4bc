"""ClawHub's own command publishes, installs and updates every skill, and what is installed works."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.checkout import commit, copy_checkout, git
from tests.clients.arrangements import ENTRIES, arrangement_of
from tests.clients.registry import OWNER, TOKEN, Registry
from tests.contract.evidence import tree
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from skill_index import IndexEntry

    from tests.clients.programs import Machine

SLUGS = [entry.slug for entry in ENTRIES]


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.5) as standing:
        yield standing


@pytest.fixture
def registry(machine: Machine) -> Iterator[Registry]:
    with Registry() as standing:
        machine.environment["CLAWHUB_REGISTRY"] = standing.url
        machine.environment["CLAWHUB_SITE"] = standing.url
        yield standing


def maintain(
    machine: Machine, script: str, *arguments: str, checkout: Path, succeeds: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a maintainer's script as make does."""
    done = machine.run(sys.executable, checkout / "scripts" / script, *arguments, "--root", checkout, cwd=checkout)
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done


def clawhub(machine: Machine, workspace: Path, *arguments: str | Path) -> str:
    done = machine.run("clawhub", "--workdir", workspace, "--no-input", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def draw(machine: Machine, entry: IndexEntry, skill: Path) -> dict[str, Any]:
    """Run the documented command of an installed skill with an empty journal, as its user's shell would."""
    arrangement = arrangement_of(entry)
    configuration = arrangement.configuration(machine.house)
    machine.configure(configuration)
    page = (skill / "SKILL.md").read_text("utf-8")
    line = re.search(rf"^\S*python3 \{{baseDir\}}/scripts/{re.escape(arrangement.command)}.*$", page, re.MULTILINE)
    assert line
    primary = re.search(r"^ +primaryEnv: (\w+)$", page, re.MULTILINE)
    key = [f"{primary.group(1)}={getattr(machine.house, arrangement.service).key}"] if primary else []
    done = machine.run("env", *key, "bash", "-c", line.group().replace("{baseDir}", str(skill)) + " --new")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(document, dict)
    return document


def test_publish_install_run_update_run(machine: Machine, registry: Registry, tmp_path: Path) -> None:
    checkout, workspace = copy_checkout(tmp_path / "checkout"), tmp_path / "workspace"
    workspace.mkdir()
    assert OWNER in clawhub(machine, workspace, "login", "--token", TOKEN)
    maintain(machine, "publish.py", "all", "--confirm", "yes", checkout=checkout)
    assert set(registry.shelves) == set(SLUGS)
    for entry in ENTRIES:
        assert_published_as_planned(registry, entry)
    again = maintain(machine, "publish.py", "all", "--confirm", "yes", checkout=checkout)
    assert "what is published is what is here" in again.stdout
    maintain(machine, "package.py", checkout=checkout)
    for slug in SLUGS:
        told = json.loads(clawhub(machine, workspace, "skill", "publish", checkout / "dist" / slug, "--json"))
        assert told["status"] == "unchanged"

    before = {}
    for entry in ENTRIES:
        clawhub(machine, workspace, "install", entry.slug)
        skill = workspace / "skills" / entry.slug
        before[entry.slug] = tree(skill)
        assert draw(machine, entry, skill)["ok"] is True
        assert tree(skill) == before[entry.slug]
    paid = len(machine.house.ledger)
    assert paid == len(ENTRIES)

    first = ENTRIES[0]
    release_a_patch(machine, checkout, first)
    newest = registry.shelves[first.slug].versions[-1].version
    assert len(registry.shelves[first.slug].versions) == 2
    clawhub(machine, workspace, "update", "--all")
    skill = workspace / "skills" / first.slug
    assert json.loads((skill / "manifest.json").read_bytes())["version"] == newest
    for entry in ENTRIES[1:]:
        assert tree(workspace / "skills" / entry.slug).keys() == before[entry.slug].keys()
    updated = tree(skill)
    document = draw(machine, first, skill)
    assert (document["ok"], document["skill_version"]) == (True, newest)
    assert tree(skill) == updated
    assert registry.refused == []
    assert git(checkout, "tag", "--list").split() != []


def test_a_version_that_waits_for_checks_is_published_when_they_let_it_out(
    machine: Machine, registry: Registry, tmp_path: Path
) -> None:
    """Staged: `pending` is no success, and the version before stays the one that is installed meanwhile."""
    checkout, workspace = copy_checkout(tmp_path / "checkout"), tmp_path / "workspace"
    workspace.mkdir()
    clawhub(machine, workspace, "login", "--token", TOKEN)
    entry = ENTRIES[0]
    registry.looks = 3
    published = maintain(machine, "publish.py", entry.slug, "--confirm", "yes", "--poll", "0.1", checkout=checkout)
    assert "the registry says pending" in published.stdout
    assert git(checkout, "tag", "--list").split() == [
        f"{entry.slug}-v{registry.shelves[entry.slug].versions[0].version}"
    ]

    registry.looks = 10**6
    refused = release_a_patch(machine, checkout, entry, "--poll", "0.1", "--wait", "1", succeeds=False)
    assert "still not public after 1 s" in refused.stderr
    assert len(git(checkout, "tag", "--list").split()) == 1
    clawhub(machine, workspace, "install", entry.slug)
    installed = json.loads((workspace / "skills" / entry.slug / "manifest.json").read_bytes())
    assert installed["version"] == registry.shelves[entry.slug].versions[0].version


def test_a_version_that_the_checks_block_is_not_published(
    machine: Machine, registry: Registry, tmp_path: Path
) -> None:
    checkout, workspace = copy_checkout(tmp_path / "checkout"), tmp_path / "workspace"
    workspace.mkdir()
    clawhub(machine, workspace, "login", "--token", TOKEN)
    entry = ENTRIES[0]
    registry.verdicts[entry.slug] = "reads keys"
    arguments = (entry.slug, "--confirm", "yes", "--poll", "0.1")
    done = maintain(machine, "publish.py", *arguments, checkout=checkout, succeeds=False)
    assert "blocked it: reads keys" in done.stderr
    assert git(checkout, "tag", "--list").split() == []


def assert_published_as_planned(registry: Registry, entry: IndexEntry) -> None:
    (published,) = registry.shelves[entry.slug].versions
    manifest = json.loads(published.files["manifest.json"])
    sent = published.document
    assert (sent["displayName"], sent["version"]) == (entry.display_name, manifest["version"])
    assert (sent["categories"], sent["topics"]) == (list(entry.categories), list(entry.topics))
    assert published.files.keys() == {*manifest["files"], "manifest.json"}
    assert sent["changelog"]


def release_a_patch(
    machine: Machine, checkout: Path, entry: IndexEntry, *arguments: str, succeeds: bool = True
) -> subprocess.CompletedProcess[str]:
    """Change a page, bump, say what is new, commit, publish."""
    page = checkout / entry.folder / "SKILL.md"
    page.write_text(page.read_text("utf-8") + "\nThanks for reading.\n", "utf-8")
    maintain(machine, "bump.py", entry.slug, "patch", checkout=checkout)
    changelog = checkout / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    changelog.write_text(re.sub(r"(### [\d.]+ — [\d-]+\n\n)(?=###)", r"\1- Thanks.\n\n", text, count=1), "utf-8")
    commit(checkout)
    arguments = (entry.slug, "--confirm", "yes", *arguments)
    return maintain(machine, "publish.py", *arguments, checkout=checkout, succeeds=succeeds)
