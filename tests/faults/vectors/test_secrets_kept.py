"""A key is in no log, no crash and no object's text, for every skill, at every call of a complete run."""

from __future__ import annotations

import gc
import http.client
import io
import json
import logging
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from shared.openclaw import config_files
from shared.security import keys
from tests.contract.evidence import canary, files, traces
from tests.contract.inside import Inside, command_of
from tests.launcher import Bench, Ended
from tests.providers.house import StandInHouse
from tests.providers.openai_images import BASE_URL, PROVIDER
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = ("shared", "kexiang", "ima_studio", "nemovideo", "openai_images")
QUICK = ("--poll-interval", "0.5", "--json")
COMMANDS = {
    "image2": ("create_task.py", "--mode", "text2img", "--size", "1:1", *QUICK, "--prompt", "a kite"),
    "ai-nano-banana-ima": (
        "ima_image_create.py", "--task-type", "image_to_image", *QUICK, "--prompt=oil", "--input-images", "a.png"),
    "generator-image": ("generator_image.py", "generate", *QUICK, "a kite"),
    "zm-img2-generation-direct": ("run.py", "--json", "--prompt", "a kite", "--input-image", "a.png"),
}  # fmt: skip
MOST_CALLS = 40
SIGNATURE = 16  # characters; no other value of a query is as long
ENOUGH_CALLS = 2  # in which to inspect every live object


@dataclass(frozen=True)
class Vault:
    """The services, each with a canary for its key."""

    house: StandInHouse
    key: str

    def bench(self, folder: Path, skill: str) -> Bench:
        """Return a home in which a skill finds the key where it searches for one."""
        folder.mkdir(exist_ok=True)
        names = {"image2": "X_API_KEY", "ai-nano-banana-ima": "IMA_API_KEY", "generator-image": "NEMO_TOKEN"}
        bench = Bench(folder, self.house, skill, {names[skill]: self.key} if skill in names else {})
        (bench.work / "a.png").write_bytes(make_picture("png", 32, 32, 1))
        (bench.home / ".openclaw").mkdir()
        entry = {"baseUrl": BASE_URL, "apiKey": self.key, "models": []}
        config = json.dumps({"models": {"providers": {PROVIDER: entry}}})
        (bench.home / ".openclaw" / "openclaw.json").write_text(config, encoding="utf-8")
        return bench

    def run(self, bench: Bench, patch: pytest.MonkeyPatch) -> Ended:
        """Run the skill's usual command inside this process."""
        launcher, *argv = COMMANDS[bench.skill]
        with patch.context() as own:
            own.setattr(keys, "_in_play", {})
            config_files.parse.cache_clear()
            return Inside(bench, own, command_of(bench.skill, launcher), launcher).run(*argv)

    def leaks(self, bench: Bench, ended: Ended, **more: bytes) -> list[str]:
        """Return where the key is that it should not be."""
        places = files(bench.home, bench.work, but_not=[bench.home / ".openclaw" / "openclaw.json"])
        return traces(self.key, {**places, "stdout": ended.stdout, "stderr": ended.stderr, **more})


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    with StandInHouse(task_seconds=0.3) as house:
        key = "ima_" + canary("key")
        house.kexiang.key = house.ima.key = house.openai_images.key = key
        house.nemo.key, house.nemo.accounts = key, {key: house.nemo.accounts.pop(house.nemo.key)}
        yield Vault(house, key)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Set every logger to its lowest level."""
    told, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(told), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.setLevel(level)
    root.removeHandler(handler)


class Calls:
    """Counts the answers that a run waits for, and does something at one of them, or at each."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.at: int | None = None
        self._begin = http.client.HTTPResponse.begin
        patch.setattr(http.client.HTTPResponse, "begin", self._counted())

    def happen(self) -> None:
        raise NotImplementedError

    def _counted(self) -> Any:
        def begin(response: http.client.HTTPResponse) -> None:
            self.count += 1
            if self.at in (None, self.count):
                self.happen()
            self._begin(response)

        return begin


@pytest.mark.parametrize("skill", COMMANDS)
def test_nothing_tells_the_key_in_a_run_that_logs_everything(
    skill: str, vault: Vault, log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, seen = vault.bench(tmp_path, skill), len(vault.house.recorder.requests)

    found: list[str] = []
    kinds: set[type] = set()

    class Spelling(Calls):
        def happen(self) -> None:
            if self.count > ENOUGH_CALLS:
                return
            for one in gc.get_objects():
                if str(getattr(type(one), "__module__", "")).partition(".")[0] in OURS:
                    kinds.add(type(one))
                    found.extend(traces(vault.key, {type(one).__qualname__: spelled(one)}))

    Spelling(monkeypatch)
    ended = vault.run(bench, monkeypatch)
    assert ended.code == 0, ended.talk
    assert {"Secret", "CommandContext", "Entry"} <= {kind.__qualname__ for kind in kinds}
    assert found == []
    assert "DEBUG" in logging.getLevelName(logging.getLogger().getEffectiveLevel())
    assert "HTTP/1.1" in log.getvalue()
    assert vault.leaks(bench, ended, log=log.getvalue().encode()) == []
    requests = vault.house.recorder.requests[seen:]
    values = (value for one in requests for told in one.query.values() for value in told)
    assert [value for value in values if len(value) >= SIGNATURE and value in log.getvalue()] == []
    assert traces(vault.key, {"what was sent": b"".join(one.head + one.body for one in requests)})


def spelled(one: object) -> bytes:
    """Return every form that a debugger, a log or a cache may make of an object."""
    try:
        pickled = pickle.dumps(one)
    except Exception:  # noqa: BLE001  - an object that cannot be pickled reveals nothing
        pickled = b""
    return b" ".join([repr(one).encode(errors="replace"), str(one).encode(errors="replace"), pickled])


@pytest.mark.parametrize("skill", COMMANDS)
def test_a_crash_at_any_call_does_not_tell_the_key(
    skill: str, vault: Vault, log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(Calls):
        def happen(self) -> None:
            raise RuntimeError({"key": vault.key})

    crash = Crash(monkeypatch)
    for number in range(1, MOST_CALLS):
        crash.count, crash.at = 0, number
        bench = vault.bench(tmp_path / str(number), skill)
        ended = vault.run(bench, monkeypatch)
        assert vault.leaks(bench, ended, log=log.getvalue().encode()) == []
        assert "Traceback" not in ended.talk
        if crash.count < number:
            assert ended.code == 0, ended.talk
            break
        if ended.code:  # else it is proven that nothing left, and the call was made again
            assert ended.document["error"]["code"] in ("bug", "answer_lost", "unreachable")
    assert crash.count >= (1 if skill.startswith("zm") else 3)
