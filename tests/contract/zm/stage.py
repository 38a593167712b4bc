"""Runs the launchers of zm-img2-generation-direct as processes, against the simulated provider."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jsonschema import Draft202012Validator
from openai_images.request import _reference

from tests.contract.inside import QuickBench
from tests.launcher import ROOT
from tests.providers.openai_images import BASE_URL, PROVIDER
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.launcher import Ended
    from tests.providers.house import StandInHouse

SKILL = "zm-img2-generation-direct"
QUICK = ("--retry-base-delay", "0.05", "--retry-max-delay", "0.1", "--retry-jitter", "0")
SECONDS = 30.0  # for any single moment that a test waits for
SCHEMA = Draft202012Validator(json.loads((ROOT / "shared" / "output" / "result.schema.json").read_bytes()))
Moment = TypeVar("Moment")


class Stage(QuickBench):
    """A throwaway home with an OpenClaw configuration, and a working folder."""

    def __init__(self, folder: Path, house: StandInHouse) -> None:
        super().__init__(folder, house, SKILL)
        self.environment.pop("X_API_KEY", None)
        self.state = self.home / ".openclaw"
        self.provide({"baseUrl": BASE_URL, "apiKey": house.openai_images.key, "models": []})

    def provide(self, provider: Any, **more: Any) -> None:
        """Write OpenClaw's configuration with this provider."""
        self.configure(json.dumps({"models": {"providers": {PROVIDER: provider}}, **more}))

    def configure(self, text: str) -> None:
        """Write OpenClaw's configuration as it is given."""
        self.state.mkdir(exist_ok=True)
        (self.state / "openclaw.json").write_text(text, encoding="utf-8")

    def picture(self, name: str, kind: str = "png", seed: int = 1) -> Path:
        """Put a reference image into the working folder."""
        path = self.work / name
        path.write_bytes(make_picture(kind, 96, 64, seed))
        return path

    def run(self, *arguments: Any, **more: Any) -> Ended:
        """Run a launcher's command to its end."""
        _reference.cache_clear()  # in a process of its own, nobody else's references are known
        return super().run(*arguments, **more)

    def make(self, *arguments: str | Path, **more: Any) -> Ended:
        """Run run.py with quick retries and a JSON result."""
        return self.run("run.py", *QUICK, "--json", *arguments, **more)

    def inside(self, launcher: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        """Run a command in this process, much quicker, where a process of its own proves nothing more."""
        return self.run(launcher, *arguments, env=env)

    def tried(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        """Run run.py as `make` does, in this process."""
        return self.inside("run.py", *QUICK, "--json", *arguments, env=env)

    def save(self, name: str, document: Any) -> str:
        """Write a task file into the working folder; return the argument that names it."""
        (self.work / name).write_text(json.dumps(document), encoding="utf-8")
        return f"@{name}"


def expect(ended: Ended, code: int, error: str | None = None) -> dict[str, Any]:
    """Return the document of a launcher that ended with this exit code, and with this `error.code` if named."""
    assert ended.code == code, (ended.code, ended.talk, ended.stdout[-2000:])
    document = ended.document
    SCHEMA.validate(document)
    assert document["ok"] is (code == 0)
    assert document["error"] is None if code == 0 else error in (None, document["error"]["code"])
    return document


def on_disk(row: dict[str, Any]) -> bytes:
    """Return the bytes of an image of a result, which must be as the result says."""
    content = Path(row["path"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (row["bytes"], row["sha256"])
    return content


def eventually(condition: Callable[[], Moment | None]) -> Moment:
    """Return what the condition gives as soon as it holds."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        met = condition()
        if met:
            return met
        time.sleep(0.01)
    raise AssertionError(f"not within {SECONDS:.0f} s")
