"""The launchers work where this repository is not installed: with its dependencies and nothing else."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from tests.launcher import ROOT, copy_what_ships

DEPENDENCIES = ("certifi", "charset-normalizer", "click", "idna", "json5", "python-dotenv", "requests", "urllib3")
LAUNCHERS = sorted(path.relative_to(ROOT) for path in ROOT.glob("skills/*/scripts/*.py"))
SECONDS = 60.0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python that finds the packages of requirements.txt, and no `shared`."""
    environment = tmp_path_factory.mktemp("dependencies")
    venv.create(environment, symlinks=True)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    for name in DEPENDENCIES:
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]  # the package, or the metadata that tells its version
            if top not in ("..", "__pycache__") and not (site_packages / top).exists():
                (site_packages / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 2])
    interpreter = environment / "bin" / "python"
    lacks = subprocess.run([interpreter, "-I", "-c", "import shared"], capture_output=True, text=True, check=False)
    assert "No module named 'shared'" in lacks.stderr
    return interpreter


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    copy_what_ships(root)
    return root


def run(python: Path, home: Path, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [python, *argv], env=environment, cwd=home, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.mark.parametrize("launcher", LAUNCHERS, ids=str)
def test_every_launcher_starts(python: Path, checkout: Path, tmp_path: Path, launcher: Path) -> None:
    ended = run(python, tmp_path, checkout / launcher, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Usage: ")


def test_the_children_of_the_queue_start(python: Path, checkout: Path, tmp_path: Path) -> None:
    tasks = {"tasks": [{"task_key": "a", "mock_sleep": 0}, {"task_key": "b", "mock_sleep": 0}]}
    launcher = checkout / "skills" / "zm-img2-generation-direct" / "scripts" / "image_queue.py"
    ended = run(python, tmp_path, launcher, "run", json.dumps(tasks), "--state-dir", tmp_path / "queue", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["counters"]["completed"] == 2
