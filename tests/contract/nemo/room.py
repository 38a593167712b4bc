"""What the tests of generator-image share: its usual commands, checked ends, and what the service saw."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import jsonschema

from tests.launcher import ROOT
from tests.providers import nemo
from tests.providers.nemo_media import make_media

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.contract.inside import Inside
    from tests.launcher import Bench, Ended
    from tests.providers.house import StandInHouse
    from tests.providers.nemo import NemoService

SKILL = "generator-image"
LAUNCHER = "generator_image.py"
QUICK = ("--poll-interval", "0.5", "--json")
GENERATE = (LAUNCHER, "generate", *QUICK)
KITE = (*GENERATE, "a red kite")
SAY = (LAUNCHER, "say", *QUICK)
EXPORT = (LAUNCHER, "export", *QUICK)
OWN_KEYS = {"session_id", "text", "changed", "videos", "timeline", "actions"}
SCHEMA = json.loads((ROOT / "shared" / "output" / "result.schema.json").read_bytes())
SECONDS = 20.0  # for any single moment that a test waits for

Moment = TypeVar("Moment")


@dataclass
class Room:
    """One test's launchers and the service that they meet."""

    bench: Bench
    house: StandInHouse
    inside: Mapping[str, Inside] = field(default_factory=dict)
    """The launchers that `run` runs in the tests' own process; the others become processes."""

    @property
    def service(self) -> NemoService:
        """The simulated service."""
        return self.house.nemo

    @property
    def settings(self) -> Path:
        """The folder where a token of the skill's own is kept."""
        return self.bench.home / ".config" / "nemovideo"

    def run(
        self, *argv: str | Path, code: int = 0, error: str | None = None, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Run a launcher, check how it ended, and return its document."""
        launcher, *arguments = map(str, argv)
        if launcher in self.inside:
            return self.checked(self.inside[launcher].run(*arguments, env=env), code, error)
        return self.checked(self.bench.run(launcher, *arguments, env=env), code, error)

    def do(self, command: str, *argv: str | Path, code: int = 0, error: str | None = None) -> dict[str, Any]:
        """Run a subcommand that neither waits nor pays."""
        return self.run(LAUNCHER, command, *argv, "--json", code=code, error=error)

    def go_on(self, document: dict[str, Any], **expected: Any) -> dict[str, Any]:
        """Run the `next` command of a result, from its shell line, with quick polls."""
        shell = {"shell": f"{document['next']['shell']} --poll-interval 0.5"}
        return self.checked(self.bench.shell(shell), **expected)

    def checked(self, ended: Ended, code: int = 0, error: str | None = None) -> dict[str, Any]:
        """Check an end against the contract, and return its document."""
        assert ended.code == code, ended.talk + ended.stdout.decode()
        document = ended.document
        jsonschema.validate(document, SCHEMA)
        assert document["ok"] is (code == 0)
        assert (document["error"] and document["error"]["code"]) == error, document["error"]
        self.nothing_leaked(ended.stdout + ended.stderr)
        return document

    def nothing_leaked(self, *outputs: bytes) -> None:
        """Check that no token is in an output, nor in a file but the one that is there for it."""
        files = [path for path in self.bench.folder.rglob("*") if path.is_file()]
        kept = [
            path.read_bytes() for path in files if path.parent != self.settings and path.stat().st_size < 1 << 24
        ]
        for token in self.service.accounts:
            assert not any(token.encode() in content for content in [*kept, *outputs])

    def charged(self) -> list[int]:
        """Return what was charged, in credits, in order."""
        return [int(charge.amount) for charge in self.house.ledger.charges]

    def messages(self) -> list[str]:
        """Return the text of every message that arrived."""
        bodies = [json.loads(one.body) for one in self.house.recorder.requests_to(nemo.MESSAGE_PATH)]
        return [body["new_message"]["parts"][0]["text"] for body in bodies]

    def requests(self, path: str, method: str = "") -> int:
        """Count the requests to paths that begin so."""
        return sum(method in one.method for one in self.house.recorder.requests_to(path, host=nemo.HOST))

    def arrived(self, path: str, host: str = nemo.HOST, count: int = 1) -> None:
        """Wait until so many requests have arrived."""
        eventually(lambda: len(self.house.recorder.requests_to(path, host=host)) >= count)

    def file(self, name: str, seed: int = 1) -> Path:
        """Put an image, a clip or a sound into the working folder."""
        path = self.bench.work / name
        path.write_bytes(make_media(name.rpartition(".")[2], seed))
        return path


def on_disk(row: dict[str, Any]) -> bytes:
    """Return the bytes of an image or clip of a result, which must be as the result says."""
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
