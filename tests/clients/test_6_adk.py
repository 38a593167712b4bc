"""A real server of Google's Agent Development Kit streams to generator-image, in a shape that is not ours."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.programs import CLIENTS
from tests.launcher import ROOT, Bench
from tests.providers.nemo_media import make_media

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.house import StandInHouse

PYTHON = CLIENTS / "adk" / "bin" / "python"
SECONDS = 60.0  # the kit takes 5 s to start on an idle machine
QUICK = ("--poll-interval", "0.5", "--json")
LANGUAGES = pytest.mark.parametrize("lang", ["en", "zh"], ids=["whole texts", "partial texts"])


@dataclass
class Kit:
    """The server's folder, and a bench whose client is led to it."""

    folder: Path
    bench: Bench

    def generate(self, text: str, lang: str, code: int = 0) -> dict[str, Any]:
        """Send a message in a session of its own and return the result."""
        ended = self.bench.run("generator_image.py", "generate", text, "--lang", lang, *QUICK)
        assert ended.code == code, ended.talk + ended.stdout.decode()
        assert "inner" not in ended.talk + ended.stdout.decode()
        return ended.document

    def messages(self) -> list[str]:
        """Return the texts of all messages that arrived."""
        bodies = (self.folder / "messages").read_text("utf-8").splitlines()
        return [json.loads(body)["new_message"]["parts"][0]["text"] for body in bodies]


@pytest.fixture
def kit(tmp_path: Path, house: StandInHouse) -> Iterator[Kit]:
    assert PYTHON.exists(), "run this as: make test-clients"
    folder = tmp_path / "kit"
    folder.mkdir()
    picture = house.nemo.media.put("kite.png", "png", make_media("png", 1))
    (folder / "link").write_text(house.nemo.media.link(picture))
    server = ROOT / "tests" / "clients" / "adk_server.py"
    environment = {"PATH": os.defpath, "HOME": str(tmp_path)}
    with (folder / "log").open("wb") as log:
        argv = [str(PYTHON), "-B", str(server), str(folder)]
        process = subprocess.Popen(argv, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield Kit(folder, _bench(tmp_path, house, _port(folder, process)))
    finally:
        process.kill()
        process.wait()


def _port(folder: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        path = folder / "port"
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


def _bench(tmp_path: Path, house: StandInHouse, port: str) -> Bench:
    environment = {
        "NEMO_TOKEN": house.nemo.key,
        "NEMO_API_URL": f"http://127.0.0.1:{port}",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return Bench(tmp_path, house, "generator-image", environment)


@LANGUAGES
def test_a_picture_by_a_tool(kit: Kit, lang: str) -> None:
    document = kit.generate("kite in the wind", lang)
    assert (document["text"], document["changed"]) == ("Your kite is ready: 风筝😀", True)
    assert [row["media_type"] for row in document["images"]] == ["image/png"]
    assert kit.messages() == ["kite in the wind"]


@LANGUAGES
def test_a_turn_without_a_word_changes_nothing(kit: Kit, lang: str) -> None:
    document = kit.generate("silent", lang)
    assert (document["text"], document["changed"]) == (None, False)


@LANGUAGES
def test_thoughts_are_not_for_the_user(kit: Kit, lang: str) -> None:
    assert kit.generate("thinks aloud", lang)["text"] == "Thought over."


@pytest.mark.parametrize(
    ("word", "told"), [("fails", "the model broke at the service"), ("refuses", "the model may not say this")]
)
def test_trouble_is_told_once_and_nothing_is_sent_again(kit: Kit, word: str, told: str) -> None:
    document = kit.generate(word, "en", 8)
    assert told in document["error"]["message"]
    assert kit.messages() == [word]
