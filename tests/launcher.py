"""Runs the shipped launchers as processes, unchanged, against the simulated services."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.journal.entry import Entry
from tests.journals import Kept, entries_in, keep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.files import Lock
    from tests.providers.house import StandInHouse

ROOT = Path(__file__).resolve().parent.parent
SKILLS = ROOT / os.environ.get("SKILLS_UNDER_TEST", "skills")
"""Where the launchers under test lie: the checkout's own, or the bundles in dist/ (`make test-bundles`)."""
SECONDS = 60.0  # no command of a test may take longer
EARLY_TALK: dict[int, bytearray] = {}
"""What was read of a launcher's stderr before its end, by process id."""


@dataclass
class Ended:
    """How a launcher ended: exit code and every byte it wrote."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        lines = self.stdout.decode().splitlines()
        assert len(lines) == 1, f"not one document on stdout: {self.stdout!r}\n{self.stderr.decode()}"
        document = json.loads(lines[0])
        assert isinstance(document, dict)
        return document

    @property
    def talk(self) -> str:
        """What stderr says."""
        return self.stderr.decode()


@dataclass
class Bench:
    """A throwaway home and working folder in which launchers of one skill run."""

    folder: Path
    house: StandInHouse | None = None
    skill: str = "image2"
    environment: dict[str, str] = field(default_factory=dict)
    skills: Path = SKILLS

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.work = self.folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            **(self.house.environment() if self.house else {}),
            **({"X_API_KEY": self.house.kexiang.key} if self.house else {}),
            **self.environment,
        }

    @property
    def journal(self) -> Path:
        """The database of the skill's journal."""
        return self.home / ".openclaw" / "image-skills" / self.skill / "journal.db"

    def entries(self) -> list[dict[str, Any]]:
        """Return the journal's entries, oldest first."""
        return [asdict(entry) for entry in entries_in(self.journal)]

    def put(self, entry: Mapping[str, Any]) -> Kept:
        """Put an entry into the journal, or in the place of what has its local id."""
        return keep(self.journal.parent, Entry.from_document(entry))

    def lock(self, local_id: str) -> Lock:
        """Return the lock of a task, not yet taken."""
        return Kept(self.journal, local_id).lock

    def argv(self, launcher: str, *arguments: str | Path) -> list[str]:
        """Return the command that a person would type, with this interpreter."""
        script = self.skills / self.skill / "scripts" / launcher
        return [sys.executable, str(script), *map(str, arguments)]

    def start(
        self, launcher: str, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a launcher and return at once."""
        return subprocess.Popen(
            self.argv(launcher, *arguments),
            env={**self.environment, **(env or {})},
            cwd=cwd or self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self,
        launcher: str,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bytes = b"",
    ) -> Ended:
        """Run a launcher to its end."""
        done = subprocess.run(
            self.argv(launcher, *arguments),
            env={**self.environment, **(env or {})},
            cwd=cwd or self.work,
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def shell(self, command: Mapping[str, Any]) -> Ended:
        """Run the `next` command of a result, from its shell line."""
        done = subprocess.run(  # noqa: S602  - the shell line is what is tested
            command["shell"],
            shell=True,
            env=self.environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


def copy_what_ships(checkout: Path) -> None:
    """Copy the launchers under test and what they need of the repository, but nothing that a run left."""
    leavings = shutil.ignore_patterns("__pycache__", "*.zip")
    shutil.copytree(SKILLS, checkout / "skills", ignore=leavings)
    if SKILLS == ROOT / "skills":  # bundles hold their own
        shutil.copytree(ROOT / "shared", checkout / "shared", ignore=leavings)


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> Ended:
    """Send a signal to a started launcher and wait for its end."""
    process.send_signal(number)
    return wait(process)


def wait(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for a started launcher."""
    stdout, stderr = process.communicate(timeout=SECONDS)
    return Ended(process.returncode, stdout, bytes(EARLY_TALK.pop(process.pid, b"")) + stderr)
