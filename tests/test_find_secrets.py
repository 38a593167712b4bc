"""The search for keys sees a planted one in a tracked or a new file, and having seen nothing is a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import commit, git

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "find_secrets.py"

KEYS = {
    "a cloud's": "AKIA" + "Z7Q2K9XW4M1N8B5V",
    "a code host's": "ghp_" + "aB3" * 12,
    "a password in an address": "https://me:" + "correcthorse@images.example/",
    "a private key": "-----BEGIN " + "PRIVATE KEY-----",
    "said to be nothing": "AKIA" + "Z7Q2K9XW4M1N8B5V  # pragma: allowlist secret",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def search(root: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(SCRIPT), str(root)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def test_planted_keys_are_found_in_tracked_and_in_new_files(checkout: Path) -> None:
    for number, key in enumerate(KEYS.values()):
        (checkout / f"{number}.py").write_text(f'made_up = "dummy-{number}"\nvalue = "{key}"\n')
        if number < 2:
            commit(checkout)
    run = search(checkout)
    assert run.returncode == 1
    assert [line.rpartition(": ")[0] for line in run.stderr.splitlines()[:-1]] == [f"{n}.py:2" for n in range(5)]
    assert not any(key in run.stdout + run.stderr for key in KEYS.values()), "what is found is not repeated"


def test_what_git_leaves_out_is_left_out_and_the_rest_is_counted(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("/mine\n")
    (checkout / "mine").write_text(f'value = "{next(iter(KEYS.values()))}"\n')
    run = search(checkout)
    assert (run.returncode, run.stdout) == (0, "secrets: 1 files, no key\n")


def test_having_looked_at_nothing_is_a_failure(checkout: Path) -> None:
    run = search(checkout)
    assert run.returncode == 1
    assert run.stderr.startswith("secrets: nothing was looked at")
