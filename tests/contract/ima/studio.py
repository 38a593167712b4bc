"""What the tests of ai-nano-banana-ima share: its usual command, checked ends, and what the service saw."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema

from tests.contract.evidence import files, traces
from tests.launcher import ROOT
from tests.providers import ima
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.launcher import Bench, Ended
    from tests.providers.house import StandInHouse
    from tests.providers.request import Request

LAUNCHER = "ima_image_create.py"
QUICK = ("--poll-interval", "0.5", "--json")
WORDS = (LAUNCHER, "--task-type", "text_to_image", *QUICK)
KITE = (*WORDS, "--prompt", "a red kite")
CHANGE = (LAUNCHER, "--task-type", "image_to_image", *QUICK, "--prompt", "turn into oil painting")
OWN_KEYS = {"url", "cover_url", "model_id", "model_name", "credit", "messages"}
SECONDS = 20.0


@dataclass
class Studio:
    """One test's launchers and the service that they meet."""

    bench: Bench
    house: StandInHouse

    def run(
        self, *argv: str | Path, code: int = 0, error: str | None = None, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Run a launcher, check how it ended, and return its document."""
        return self.checked(self.bench.run(str(argv[0]), *argv[1:], env=env), code, error)

    def checked(self, ended: Ended, code: int = 0, error: str | None = None) -> dict[str, Any]:
        """Check an end against the contract, and return its document."""
        assert ended.code == code, ended.talk + ended.stdout.decode()
        document = ended.document
        schema = json.loads((ROOT / "shared" / "output" / "result.schema.json").read_bytes())
        jsonschema.validate(document, schema)
        assert document.keys() >= OWN_KEYS
        assert document["ok"] is (code == 0)
        assert (document["error"] and document["error"]["code"]) == error
        self.nothing_leaked(ended.stdout + ended.stderr)
        return document

    def nothing_leaked(self, *outputs: bytes) -> None:
        """Check that the key is in no output and in no file that a command has left."""
        places = {f"output {number}": output for number, output in enumerate(outputs)}
        assert traces(self.house.ima.key, {**files(self.bench.folder), **places}) == []

    def requests(self, path: str) -> list[Request]:
        """Return the requests to one path of the main API."""
        return self.house.recorder.requests_to(path, host=ima.HOST)

    def bodies(self) -> list[dict[str, Any]]:
        """Return the outer parameters of every create that arrived."""
        found = [json.loads(request.body)["parameters"][0] for request in self.requests(ima.CREATE_PATH)]
        assert all(isinstance(one, dict) for one in found)
        return found

    def charged(self) -> list[int]:
        """Return what was charged, in points, in order."""
        return [int(charge.amount) for charge in self.house.ledger.charges]

    def picture(self, name: str, kind: str = "png", seed: int = 1) -> Path:
        """Put an image into the working folder."""
        path = self.bench.work / name
        path.write_bytes(make_picture(kind, 64, 48, seed))
        return path


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {SECONDS:.0f} s"
        time.sleep(0.01)
