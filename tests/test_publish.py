"""Releases: what a bump edits, what the plan says, what is refused, and the arguments of the clawhub command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import install_local
import package
import pytest
from bump import raised
from release import numbers
from skill_index import Refused

from tests.checkout import ROOT, commit, git
from tests.contract.evidence import tree
from tests.fifth_skill import ENTRY, SLUG, alone

SECONDS = 120.0
# Records its arguments and exits as planned.
STUB = """#!/bin/sh
if [ "$1" = inspect ]; then
  echo look >>"$CALLS.looks"
  if [ "$(wc -l <"$CALLS.looks")" -ge "${PUBLIC_AFTER:-1}" ]; then echo "$CLAWHUB_SHOWS"; fi
  exit 0
fi
printf '%s\\n' "$@" END >>"$CALLS"
if [ -n "$CLAWHUB_SAYS" ]; then echo "$CLAWHUB_SAYS"; else echo '{"publicationStatus": "published"}'; fi
exit "${CLAWHUB_ENDS:-0}"
"""


@dataclass
class Maintainer:
    """A person with a checkout of one skill and a clawhub command that only records its arguments."""

    folder: Path

    def __post_init__(self) -> None:
        self.root = alone(self.folder / "checkout")
        (self.folder / "bin").mkdir()
        command = self.folder / "bin" / "clawhub"
        command.write_text(STUB)
        command.chmod(0o755)
        self.log = self.folder / "calls"
        self.log.touch()

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call of clawhub."""
        return [call.strip("\n").split("\n") for call in self.log.read_text("utf-8").split("END\n") if call]

    @property
    def tags(self) -> list[str]:
        return git(self.root, "tag", "--list").split()

    @property
    def changelog(self) -> Path:
        return self.root / "CHANGELOG.md"

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts" / script), *arguments, "--root", str(self.root)],
            env={"HOME": str(self.folder), "PATH": path, "CALLS": str(self.log), **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def publish(self, *arguments: str, code: int = 0, **environment: str) -> str:
        ended = self.run("publish.py", *arguments, **environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def bump(self, *arguments: str, code: int = 0) -> str:
        ended = self.run("bump.py", *arguments)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def say_what_is_new(self) -> None:
        """Write under the entry that a bump has opened."""
        text = self.changelog.read_text("utf-8")
        text, found = re.subn(r"(?m)^(### .+ — .+\n\n)(?=###)", r"\1- Hotter tea.\n\n", text, count=1)
        assert found
        self.changelog.write_text(text, "utf-8")

    def edit(self, path: str, text: str = "\n") -> None:
        with (self.root / path).open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture
def maintainer(tmp_path: Path) -> Maintainer:
    return Maintainer(tmp_path)


def test_a_dry_run_shows_the_plan_and_sends_nothing(maintainer: Maintainer) -> None:
    said = maintainer.publish(SLUG)
    assert f"{SLUG} 1.0.0   published so far: nothing with a tag" in said
    assert "categories   creative" in said
    assert "topics       tea, paper" in said
    assert "+ SKILL.md" in said
    assert "- First published version." in said
    assert re.search(r"fingerprint  [0-9a-f]{64}", said)
    assert "nothing was sent; add CONFIRM=yes" in said
    assert (maintainer.calls, maintainer.tags) == ([], [])


def test_confirmed_it_calls_clawhub_and_sets_the_tag(maintainer: Maintainer) -> None:
    maintainer.publish("all", "--confirm", "yes")
    (call,) = maintainer.calls
    assert call[:2] == ["skill", "publish"]
    assert Path(call[2]).name == SLUG
    told = dict(zip(call[4::2], call[5::2], strict=False))
    assert told["--slug"] == SLUG
    assert told["--name"] == ENTRY.display_name
    assert told["--version"] == "1.0.0"
    assert (told["--categories"], told["--topics"]) == ("creative", "tea,paper")
    assert told["--changelog"] == "- First published version."
    assert maintainer.tags == [f"{SLUG}-v1.0.0"]
    assert "what is published is what is here" in maintainer.publish("all", "--confirm", "yes")
    assert len(maintainer.calls) == 1


def test_a_failed_publish_sets_no_tag(maintainer: Maintainer) -> None:
    said = maintainer.publish(SLUG, "--confirm", "yes", code=1, CLAWHUB_ENDS="1")
    assert f"clawhub has not published {SLUG}" in said
    assert maintainer.tags == []


PENDING = '{"status": "pending-publication", "publicationStatus": "pending"}'
QUICK = ("--confirm", "yes", "--poll", "0.05", "--wait", "0.4")


@pytest.mark.parametrize("says", [PENDING, '{"status": "submitted"}', "nothing to read"])
def test_a_staged_version_is_waited_for_and_then_tagged(maintainer: Maintainer, says: str) -> None:
    shows = '{"latestVersion": {"version": "1.0.0"}, "moderation": null}'
    told = {"CLAWHUB_SAYS": says, "CLAWHUB_SHOWS": shows, "PUBLIC_AFTER": "3"}
    said = maintainer.publish(SLUG, *QUICK[:4], "--wait", "60", code=0, **told)
    assert f"{SLUG} 1.0.0 is out" in said
    assert (maintainer.folder / "calls.looks").read_text().count("look") == 3
    assert maintainer.tags == [f"{SLUG}-v1.0.0"]


@pytest.mark.parametrize(
    ("says", "shows", "words"),
    [
        (PENDING, '{"latestVersion": {"version": "0.9.0"}}', "still not public after"),
        (PENDING, '{"moderation": {"isMalwareBlocked": true, "summary": "it mines"}}', "blocked it: it mines"),
        (PENDING, '{"moderation": {"verdict": "malicious", "reasonCodes": ["exfil"]}}', "blocked it: exfil"),
        ('{"publicationStatus": "failed"}', "{}", "the registry says failed"),
        ('{"publicationStatus": "quarantined"}', "{}", "the registry says quarantined"),
        ('{"publicationStatus": "rejected"}', "{}", "the registry says rejected"),
    ],
)
def test_what_the_registry_does_not_publish_gets_no_tag(
    maintainer: Maintainer, says: str, shows: str, words: str
) -> None:
    said = maintainer.publish(SLUG, *QUICK, code=1, CLAWHUB_SAYS=says, CLAWHUB_SHOWS=shows)
    assert f"{SLUG} 1.0.0 is not published: " in said
    assert words in said
    assert maintainer.tags == []


def test_a_dirty_tree_is_refused(maintainer: Maintainer) -> None:
    (maintainer.root / "scratch.txt").write_text("x\n")
    assert "changes that are not committed: ?? scratch.txt" in maintainer.publish(SLUG, "--confirm", "yes", code=1)
    assert maintainer.calls == []


def test_a_failing_validate_is_refused(maintainer: Maintainer) -> None:
    maintainer.edit(f"{ENTRY.folder}/SKILL.md", "\n`pour.py --strong`\n")
    commit(maintainer.root)
    assert f"{SLUG}: commands: SKILL.md" in maintainer.publish(SLUG, "--confirm", "yes", code=1)
    assert maintainer.calls == []


def test_an_entry_without_a_date_is_refused(maintainer: Maintainer) -> None:
    text = maintainer.changelog.read_text("utf-8")
    maintainer.changelog.write_text(text.replace("2026-01-01", "unreleased"), "utf-8")
    commit(maintainer.root)
    assert "'1.0.0 — unreleased': give it a date" in maintainer.publish(SLUG, "--confirm", "yes", code=1)
    assert maintainer.calls == []


def test_a_change_needs_a_bump_and_then_goes_out(maintainer: Maintainer) -> None:
    maintainer.publish(SLUG, "--confirm", "yes")
    maintainer.edit(f"{ENTRY.folder}/references/kettle.md", "\nIt is dry.\n")
    commit(maintainer.root)
    assert f"make bump SKILL={SLUG} PART=patch" in maintainer.publish(SLUG, "--confirm", "yes", code=1)
    maintainer.bump(SLUG, "minor")
    commit(maintainer.root)
    assert "says nothing of 1.1.0" in maintainer.publish(SLUG, "--confirm", "yes", code=1)
    maintainer.say_what_is_new()
    commit(maintainer.root)
    said = maintainer.publish(SLUG, "--confirm", "yes")
    assert f"{SLUG} 1.1.0   published so far: 1.0.0 ({SLUG}-v1.0.0)" in said
    changed = re.findall(r"^ +(?:changed +)?([~+-] \S+)$", said, re.MULTILINE)
    assert changed == ["~ SKILL.md", "~ references/kettle.md", "~ scripts/teapot/__init__.py"]
    assert maintainer.tags == [f"{SLUG}-v1.0.0", f"{SLUG}-v1.1.0"]


def test_a_bump_edits_the_version_where_it_stands_and_opens_an_entry(maintainer: Maintainer) -> None:
    assert f"{SLUG}: 1.0.0 is now 1.0.1" in maintainer.bump(SLUG, "patch")
    changed = git(maintainer.root, "diff", "--numstat").split("\n")[:-1]
    assert changed == [
        "2\t0\tCHANGELOG.md",
        f"1\t1\t{ENTRY.folder}/SKILL.md",
        f"1\t1\t{ENTRY.version_file}",
    ]
    assert re.search(
        rf"## {SLUG}\n\n### 1\.0\.1 — \d{{4}}-\d\d-\d\d\n\n### 1\.0\.0", maintainer.changelog.read_text("utf-8")
    )
    before = tree(maintainer.root / "skills")
    assert "says nothing yet under" in maintainer.bump(SLUG, "patch", code=1)
    assert tree(maintainer.root / "skills") == before


@pytest.mark.parametrize(("part", "new"), [("patch", "1.1.0"), ("major", "2.0.0")])
def test_a_bump_dates_an_unreleased_entry_and_skips_no_version(
    maintainer: Maintainer, part: str, new: str
) -> None:
    maintainer.publish(SLUG, "--confirm", "yes")
    text = maintainer.changelog.read_text("utf-8")
    entry = f"## {SLUG}\n\n### 1.1.0 — unreleased\n\n- Hotter tea.\n\n"
    maintainer.changelog.write_text(text.replace(f"## {SLUG}\n\n", entry), "utf-8")
    commit(maintainer.root)
    assert f"{SLUG}: 1.1.0 — unreleased is now {new} — " in maintainer.bump(SLUG, part)
    commit(maintainer.root)
    assert re.search(
        rf"### {re.escape(new)} — \d{{4}}-\d\d-\d\d\n\n- Hotter tea.", maintainer.changelog.read_text("utf-8")
    )
    assert "unreleased" not in maintainer.changelog.read_text("utf-8")
    maintainer.publish(SLUG, "--confirm", "yes")
    assert maintainer.tags == [f"{SLUG}-v1.0.0", f"{SLUG}-v{new}"]


def add_a_sibling(maintainer: Maintainer) -> str:
    """Add a second skill, which is the first under another name."""
    sibling, root = "glass-kettle", maintainer.root
    for path in git(root, "ls-files", ENTRY.folder).split():
        text = (root / path).read_text("utf-8").replace(SLUG, sibling).replace("## When to", "## The time to")
        place = root / path.replace(SLUG, sibling)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    index = json.loads((root / "clawhub.json").read_text("utf-8"))
    index["skills"].append({**index["skills"][0], "slug": sibling})
    (root / "clawhub.json").write_text(json.dumps(index), "utf-8")
    maintainer.edit("CHANGELOG.md", f"\n## {sibling}\n\n### 1.0.0 — 2026-01-01\n\n- First.\n")
    commit(root)
    return sibling


def test_a_change_in_shared_asks_for_all(maintainer: Maintainer) -> None:
    sibling = add_a_sibling(maintainer)
    maintainer.publish("all", "--confirm", "yes")
    assert maintainer.tags == [f"{sibling}-v1.0.0", f"{SLUG}-v1.0.0"]
    assert "no skill has changed" in maintainer.bump("all", "patch")
    maintainer.edit("shared/cli/doctor.py", "# nothing that a kettle needs\n")
    assert "no skill has changed" in maintainer.bump("all", "patch")
    maintainer.edit("shared/cli/app.py", "# news\n")
    said = maintainer.bump(SLUG, "patch", code=1)
    assert f"what has changed in shared/ is in {sibling} too: make bump SKILL=all PART=patch" in said
    said = maintainer.bump("all", "patch")
    assert said.count("1.0.0 is now 1.0.1") == 2


def test_an_unknown_skill_is_named(maintainer: Maintainer) -> None:
    for script, arguments in (("publish.py", ["cup"]), ("bump.py", ["cup", "patch"])):
        ended = maintainer.run(script, *arguments)
        assert ended.returncode == 1
        assert f"there is no skill 'cup'; say SKILL=all or one of: {SLUG}" in ended.stderr


@pytest.mark.parametrize(("part", "new"), [("patch", "1.9.10"), ("minor", "1.10.0"), ("major", "2.0.0")])
def test_versions_are_numbers(part: str, new: str) -> None:
    assert raised("1.9.9", part) == new
    assert numbers(new) > numbers("1.9.9")


def test_install_local_replaces_its_own_and_nothing_else(maintainer: Maintainer, tmp_path: Path) -> None:
    skills = tmp_path / "state" / "skills"
    with pytest.raises(Refused, match="make package"):
        install_local.install(maintainer.root, maintainer.root / "dist", skills)
    assert not skills.exists()
    package.package(maintainer.root, maintainer.root / "dist")
    for _ in range(2):
        (folder,) = install_local.install(maintainer.root, maintainer.root / "dist", skills)
    bundle = maintainer.root / "dist" / SLUG
    assert {path.removeprefix(str(folder)): data for path, data in tree(folder).items()} == {
        path.removeprefix(str(bundle)): data for path, data in tree(bundle).items()
    }
    assert install_local.uninstall(maintainer.root, skills) == [folder]
    assert tree(skills) == {}
    assert install_local.uninstall(maintainer.root, skills) == []


def change_a_file(folder: Path) -> None:
    (folder / "SKILL.md").write_text("mine\n")


def add_a_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine\n")


def come_from_clawhub(folder: Path) -> None:
    (folder / ".clawhub").mkdir()


def have_no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize("happens", [change_a_file, add_a_file, come_from_clawhub, have_no_manifest])
def test_install_local_leaves_alone_what_it_did_not_make(
    maintainer: Maintainer, tmp_path: Path, happens: object
) -> None:
    skills = tmp_path / "state" / "skills"
    package.package(maintainer.root, maintainer.root / "dist")
    (folder,) = install_local.install(maintainer.root, maintainer.root / "dist", skills)
    assert callable(happens)
    happens(folder)
    before = tree(skills)
    with pytest.raises(Refused, match=r"away first"):
        install_local.install(maintainer.root, maintainer.root / "dist", skills)
    with pytest.raises(Refused, match=r"away first"):
        install_local.uninstall(maintainer.root, skills)
    assert tree(skills) == before


def test_install_local_goes_into_openclaw_s_state_folder(maintainer: Maintainer) -> None:
    package.package(maintainer.root, maintainer.root / "dist")
    for variable, state in (("HOME", ".openclaw"), ("OPENCLAW_STATE_DIR", "elsewhere")):
        place = maintainer.folder / state
        environment = {variable: str(maintainer.folder if variable == "HOME" else place)}
        assert maintainer.run("install_local.py", **environment).returncode == 0
        assert (place / "skills" / SLUG / "SKILL.md").is_file()
        assert maintainer.run("install_local.py", "--uninstall", **environment).returncode == 0
        assert not (place / "skills" / SLUG).exists()
