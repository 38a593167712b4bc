"""The skill that CONTRIBUTING.md describes is short and works: it pays once and returns its image again."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.fifth_skill import LAUNCHER, SLUG, SOURCES, alone
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINES = 250
KEY = "dummy-key-of-the-kettle"


class Kettle(http.server.BaseHTTPRequestHandler):
    """Answers as the simulated service: every POST is charged."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Any = self.server
        server.charged.append((self.headers["Authorization"], body))
        self._answer(201 if server.accepts else 400, {"id": "7"} if server.accepts else {"error": "no water"})

    def do_GET(self) -> None:
        server: Any = self.server
        host, port = server.server_address
        if self.path == "/7.png":
            self._answer(200, make_picture("png", 8, 8, 1), "image/png")
        else:
            self._answer(200, {"status": "poured", "images": [f"http://{host}:{port}/7.png"]})

    def _answer(self, status: int, body: Any, media_type: str = "application/json") -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kettle)
    server.charged, server.accepts = [], True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def pour(checkout: Path, home: Path, service: Any, *more: str) -> tuple[int, dict[str, Any], str]:
    host, port = service.server_address
    argv = [sys.executable, str(checkout / "skills" / SLUG / "scripts" / LAUNCHER), "--prompt", "a cup", "--json"]
    argv += ["--base-url", f"http://{host}:{port}", "--trust-host", host, *more]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "KETTLE_KEY": KEY}
    run = subprocess.run(argv, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, json.loads(run.stdout), run.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_a_skill_at_a_task_queue_is_at_most_250_lines() -> None:
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in SOURCES.glob("*.py"))
    assert 150 < lines <= MAX_LINES


def test_a_repeated_request_is_paid_once_and_returns_the_saved_image(
    tmp_path: Path, home: Path, service: Any
) -> None:
    checkout = alone(tmp_path / "checkout")
    code, first, said = pour(checkout, home, service)
    assert (code, first["status"], first["charged"], first["task_id"]) == (0, "succeeded", "yes", "7"), said
    assert first["images"][0]["width"] == 8
    assert KEY not in said + json.dumps(first)
    code, second, said = pour(checkout, home, service)
    assert (code, second["reused"], second["images"][0]["path"]) == (0, True, first["images"][0]["path"]), said
    assert service.charged == [(f"Bearer {KEY}", {"prompt": "a cup", "cups": 1})]


def test_a_task_that_was_not_waited_for_is_resumed_by_the_next_command(
    tmp_path: Path, home: Path, service: Any
) -> None:
    checkout = alone(tmp_path / "checkout")
    code, submitted, said = pour(checkout, home, service, "--no-wait")
    assert (code, submitted["status"]) == (0, "submitted"), said
    assert submitted["next"]["argv"][2:4] == ["--resume", "7"]
    code, resumed, said = pour(checkout, home, service, "--resume", "7")
    assert (code, resumed["status"], len(resumed["images"])) == (0, "succeeded", 1), said
    assert len(service.charged) == 1


def test_a_refusal_is_not_charged(tmp_path: Path, home: Path, service: Any) -> None:
    service.accepts = False
    code, document, _ = pour(alone(tmp_path / "checkout"), home, service)
    assert (code, document["status"], document["charged"], document["possible_charges"]) == (7, "refused", "no", 0)
