"""What every test gets: an environment that knows nothing of the person who runs it."""

from __future__ import annotations

import compileall
import os
from typing import TYPE_CHECKING

import pytest

from shared.security import keys
from tests.launcher import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KEPT = ("PATH", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
"""Variables without which nothing runs; everything else of the environment is hidden from the tests."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the checkout once: launchers write no bytecode, and a thousand processes would each compile it."""
    if not hasattr(config, "workerinput"):
        for folder in ("shared", "skills"):
            compileall.compile_dir(ROOT / folder, quiet=1)


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(KEPT):
        if not name.startswith("PYTEST"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))


@pytest.fixture(autouse=True)
def _own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key that a test plays with be masked in the next one's output."""
    monkeypatch.setattr(keys, "_in_play", dict(keys._in_play))
