"""A fleet as its user has it: the launcher as processes, a database, a store, and a simulated service."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.contract.inside import QuickBench
from tests.contract.zm.stage import SKILL, expect
from tests.providers.openai_images import BASE_URL, PROVIDER
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.fleet.server import PostgresServer
    from tests.launcher import Ended
    from tests.providers.house import StandInHouse

LAUNCHER = "image_queue.py"


class FleetStage(QuickBench):
    """One machine of a fleet: a home with an OpenClaw configuration, and the fleet's database and store."""

    def __init__(self, folder: Path, house: StandInHouse, server: PostgresServer, database: str) -> None:
        super().__init__(folder, house, SKILL)
        self.service = house.openai_images
        self.service.honours_keys = False  # whatever comes twice is charged twice
        self.database = database
        self.store = folder / "store"
        self.store.mkdir(exist_ok=True)
        self.environment.pop("X_API_KEY", None)
        self.environment |= {"PGPASSFILE": str(server.pgpass), "IMAGE_QUEUE_DATABASE": database}
        self.configure(self.home, house.openai_images.key)

    def configure(self, home: Path, key: str) -> None:
        """Write the OpenClaw configuration of a home, which names the account."""
        state = home / ".openclaw"
        state.mkdir(parents=True, exist_ok=True)
        entry = {"baseUrl": BASE_URL, "apiKey": key, "models": []}
        document = {"models": {"providers": {PROVIDER: entry}}}
        (state / "openclaw.json").write_text(json.dumps(document), encoding="utf-8")

    def save(self, count: int, name: str = "tasks.json", **more: Any) -> str:
        """Write a file of tasks; return the argument that names it."""
        tasks = [
            {"task_name": f"p{number}", "task_key": f"k{number}", "prompt": f"picture {number}", **more}
            for number in range(1, count + 1)
        ]
        (self.work / name).write_text(json.dumps({"batch_name": name, "tasks": tasks}), encoding="utf-8")
        return f"@{name}"

    def picture(self, name: str) -> Path:
        """Put a reference picture into the working folder."""
        path = self.work / name
        path.write_bytes(make_picture("png", 96, 64, 1))
        return path

    def queue(self, command: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        """Run a command of image_queue.py to its end."""
        return self.run(LAUNCHER, command, *arguments, env=env)

    def ask(self, command: str, *arguments: str | Path, code: int = 0, error: str | None = None) -> dict[str, Any]:
        """Run a command and return its document, which must end with this exit code."""
        return expect(self.queue(command, *arguments), code, error)

    def submit(self, count: int, *arguments: str | Path, code: int = 0, **more: Any) -> dict[str, Any]:
        """Submit a file of so many tasks."""
        return self.ask("submit", self.save(count, **more), "--store", self.store, *arguments, code=code)

    def start_worker(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a worker as a process group of its own; its output goes to files in the working folder."""
        number = len(list(self.work.glob("worker-*.err")))
        with (
            (self.work / f"worker-{number}.out").open("wb") as out,
            (self.work / f"worker-{number}.err").open("wb") as err,
        ):
            return subprocess.Popen(
                self.argv(LAUNCHER, "worker", "--store", self.store, *arguments),
                env={**self.environment, **(env or {})},
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def drain(self, *arguments: str | Path, code: int = 0, error: str | None = None) -> dict[str, Any]:
        """Let a worker carry out what waits, and return its document."""
        return self.ask("worker", "--store", self.store, "--drain", *arguments, code=code, error=error)

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return the fleet's tasks by their key."""
        return {row["task_key"]: row for row in self.ask("list")["results"]}

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in each status, without those of which there is none."""
        return {status: count for status, count in self.ask("status")["counters"].items() if count}

    @property
    def paid(self) -> list[str]:
        """The requests that the service charged, in order; what comes twice was paid twice."""
        return [charge.fingerprint_of_request for charge in self.service.ledger.charges]

    def paid_once(self) -> int:
        """Check that nothing was paid twice; return how much was paid."""
        assert len(self.paid) == len(set(self.paid)), "a picture was paid twice"
        assert not self.service.complaints
        return len(self.paid)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and wait for its end."""
    process.kill()
    process.wait()


def stop(process: subprocess.Popen[bytes], seconds: float = 60) -> int:
    """Tell a worker to stop as systemd does, and return its exit code."""
    process.terminate()
    return process.wait(seconds)
