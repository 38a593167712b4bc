"""uv runs every launcher from its own header, from a foreign folder, with nothing else installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.clients.arrangements import ENTRIES
from tests.clients.programs import CLIENTS
from tests.contract.evidence import tree

if TYPE_CHECKING:
    from pathlib import Path

    from skill_index import IndexEntry

    from tests.clients.programs import Machine


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_help_under_uv(entry: IndexEntry, machine: Machine, dist: Path, tmp_path: Path) -> None:
    machine.environment |= {"UV_CACHE_DIR": str(CLIENTS / "uv-cache"), "UV_OFFLINE": "1"}
    (machine.state / "image-skills" / "venv").unlink()
    before = tree(dist / entry.slug)
    launchers = sorted((dist / entry.slug / "scripts").glob("*.py"))
    for launcher in launchers:
        done = machine.run("uv", "run", "--quiet", "--script", launcher, "--help", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Usage: {launcher.name} ")
    assert launchers
    assert tree(dist / entry.slug) == before
    assert machine.house.contacted == set()


def test_no_settings_above_a_skill_guide_uv(machine: Machine, dist: Path, tmp_path: Path) -> None:
    machine.environment |= {"UV_CACHE_DIR": str(CLIENTS / "uv-cache"), "UV_OFFLINE": "1"}
    (machine.state / "image-skills" / "venv").unlink()
    skill = tmp_path / "workspace" / "skills" / "image2"
    shutil.copytree(dist / "image2", skill)
    for folder in (tmp_path / "workspace", skill.parent):
        (folder / "uv.toml").write_text('index-url = "http://127.0.0.1:9/simple"\n')
        (folder / "pyproject.toml").write_text('[tool.uv]\nindex-url = "http://127.0.0.1:9/simple"\n')
        (folder / ".python-version").write_text("/nowhere/python\n")
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    launcher = skill / "scripts" / "create_task.py"
    done = machine.run(str(bare / "bin" / "python"), launcher, "--help", cwd=tmp_path / "workspace")
    assert done.returncode == 0, done.stderr
