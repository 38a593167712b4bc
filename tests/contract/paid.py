"""What the tests of paid tasks share: checked ends, moments to wait for, a service that answers when told to."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import jsonschema

from tests.launcher import EARLY_TALK, ROOT
from tests.providers import kexiang

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.launcher import Bench, Ended
    from tests.providers.house import StandInHouse
    from tests.providers.reply import Reply
    from tests.providers.request import Request

LAUNCHER = "create_task.py"
CREATE = (LAUNCHER, "--mode", "text2img", "--size", "3:4", "--poll-interval", "0.5", "--json")
KITE = (*CREATE, "--prompt", "a red kite")
SECONDS = 20.0  # for any single moment that a test waits for

SCHEMA = json.loads((ROOT / "shared" / "output" / "result.schema.json").read_bytes())
DOCUMENT_KEYS = {*SCHEMA["required"], "image_urls"}

Moment = TypeVar("Moment")


def ended_well(ended: Ended) -> dict[str, Any]:
    """Return the document of a launcher that ended with a complete image."""
    document = ended_with(ended, 0)
    assert (document["status"], document["charged"]) == ("succeeded", "yes")
    assert len(document["images"]) == 1
    return document


def ended_with(ended: Ended, code: int, error: str | None = None) -> dict[str, Any]:
    """Return the document of a launcher that ended with this exit code and this `error.code`."""
    assert ended.code == code, ended.talk
    document = ended.document
    told = document["error"]
    jsonschema.validate(document, SCHEMA)
    assert document.keys() == DOCUMENT_KEYS
    assert document["ok"] is (code == 0)
    assert (told and told["code"]) == error
    if told:
        assert (told["next"], told["charged"]) == (document["next"], document["charged"])
    return document


def creates(house: StandInHouse) -> int:
    """Count the create requests that arrived."""
    return len(house.recorder.requests_to(kexiang.CREATE_PATH))


def queries(house: StandInHouse) -> int:
    """Count the polls of tasks that arrived."""
    return len(house.recorder.requests_to(kexiang.QUERY_PATH))


def charges_by_prompt(house: StandInHouse) -> Counter[str]:
    """Count what was charged for each prompt."""
    return Counter(
        house.kexiang.tasks[str(charge.task_id)].user_input["prompt"] for charge in house.ledger.charges
    )


def states(bench: Bench) -> list[str]:
    """Return the states of the journal's entries, oldest first."""
    return [entry["state"] for entry in sorted(bench.entries(), key=lambda entry: int(entry["sequence"]))]


def eventually(condition: Callable[[], Moment | None]) -> Moment:
    """Return what the condition gives as soon as it holds."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        met = condition()
        if met:
            return met
        time.sleep(0.01)
    raise AssertionError(f"not within {SECONDS:.0f} s")


def entry_in(bench: Bench, state: str) -> dict[str, Any]:
    """Wait until the newest entry is in this state, and return it."""

    def newest() -> dict[str, Any] | None:
        entry = max(bench.entries(), key=lambda entry: int(entry["sequence"]), default=None)
        return entry if entry and entry["state"] == state else None

    return eventually(newest)


def a_process_waits(process: subprocess.Popen[bytes]) -> None:
    """Wait until a launcher has found a living owner of its request, and says that it waits."""
    stderr = process.stderr
    assert stderr
    said = EARLY_TALK.setdefault(process.pid, bytearray())
    while b"Waiting for it" not in said:
        part = os.read(stderr.fileno(), 65536)
        assert part, said.decode()
        said += part


def tasks_end_when_told(house: StandInHouse) -> Callable[[], None]:
    """Stop the service's clock; the function that is returned lets every task come to its end."""
    now = [0.0]
    house.kexiang._clock = lambda: now[0]

    def go_on() -> None:
        now[0] += 3600.0

    return go_on


@contextmanager
def answers_held(house: StandInHouse, path_prefix: str) -> Iterator[Callable[[], None]]:
    """Let the service act on requests to such paths, and answer them once the yielded function was called."""
    answer = threading.Event()
    handlers = house.server.handlers

    def held(request: Request) -> Reply:
        reply = handlers[request.host](request)
        if request.path.startswith(path_prefix):
            answer.wait(SECONDS)
        return reply

    house.server.handlers = dict.fromkeys(handlers, held)
    try:
        yield answer.set
    finally:
        answer.set()
