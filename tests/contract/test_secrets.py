"""A key goes to its service and nowhere else: no output, file, process list or foreign request contains it.

Every secret is a canary that is generated when the test runs; after each run all that the run wrote, and all
that anyone received, is searched for it in every form of `evidence.traces`.
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.evidence import canary, files, traces
from tests.launcher import Bench, Ended, wait
from tests.providers import kexiang
from tests.providers.house import StandInHouse
from tests.providers.kexiang import TaskPlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.providers.request import Request

CREATE = ("create_task.py", "--mode", "text2img", "--size", "1:1", "--poll-interval", "0.5", "--json")
CUP = (*CREATE, "--prompt", "a cup")


@dataclass
class Guarded:
    """A bench whose every secret is a canary, in the places where people keep secrets."""

    bench: Bench
    house: StandInHouse
    key: str = field(default_factory=lambda: canary("key"))
    netrc: str = field(default_factory=lambda: canary("netrc"))
    proxy: str = field(default_factory=lambda: "dummy" + secrets.token_hex(12))  # it is in a URL

    def __post_init__(self) -> None:
        self.house.kexiang.key = self.key
        self.house.proxy.password = f"somebody:{self.proxy}"
        leading_here = self.house.environment(self.house.proxy.url_with_password(self.house.proxy.password))
        self.bench.environment |= {"X_API_KEY": self.key, **leading_here}
        self._netrc_file = self.bench.home / ".netrc"
        lines = [
            f"machine {host} login me password {self.netrc}\n" for host in (kexiang.HOST, kexiang.PICTURE_HOST)
        ]
        self._netrc_file.write_text("".join(lines))
        self._netrc_file.chmod(0o600)

    @property
    def secrets(self) -> dict[str, str]:
        return {"key": self.key, "netrc": self.netrc, "proxy": self.proxy}

    def leaks(self, ended: Ended, **more: bytes) -> list[str]:
        """Return where a secret is that should not be: in what a run said and wrote, and in whatever `more` is."""
        places = {"stdout": ended.stdout, "stderr": ended.stderr, **more}
        places |= files(self.bench.home, self.bench.work, but_not=[self._netrc_file])
        return [f"{name} in {trace}" for name, secret in self.secrets.items() for trace in traces(secret, places)]

    def assert_kept(self, ended: Ended, **more: bytes) -> None:
        """Hold the run to it: nothing leaked, the key went to its service, the rest to nobody."""
        assert self.leaks(ended, **more) == []
        recorder, tunnel = self.house.recorder, b"".join(self.house.proxy.heads)
        assert recorder.hosts_that_saw(self.key) <= {kexiang.HOST}
        assert recorder.hosts_that_saw(self.netrc) == recorder.hosts_that_saw(self.proxy) == set()
        assert traces(self.key, {"CONNECT": tunnel}) == traces(self.netrc, {"CONNECT": tunnel}) == []
        for request in recorder.requests:
            assert "authorization" not in request.headers
            assert "proxy-authorization" not in request.headers
        assert self.house.contacted <= {kexiang.HOST, kexiang.PICTURE_HOST}


@pytest.fixture
def guarded(tmp_path: Path, house: StandInHouse) -> Guarded:
    return Guarded(Bench(tmp_path, house), house)


def test_the_search_finds_a_leak_in_every_spelling(guarded: Guarded) -> None:
    key = guarded.key
    raw = key.encode()
    spellings = {
        "raw": raw,
        "in a line": b"x-api-key: " + raw + b"\r\n",
        "json": json.dumps({"key": key}).encode(),
        "json in json": json.dumps(json.dumps({"key": key})).encode(),
        "repr": repr({"key": key}).encode(),
        "hex": raw.hex().encode(),
        "upper-case hex": raw.hex().upper().encode(),
        **{f"base64 {n}": base64.b64encode(b"u" * n + raw + b":more") for n in range(4)},
        **{f"base64 for URLs {n}": base64.urlsafe_b64encode(b"u" * n + raw) for n in range(4)},
    }
    quiet = Ended(0, b"", b"")
    assert guarded.leaks(quiet) == []
    for name, spelling in spellings.items():
        for leaky in (Ended(0, spelling, b""), Ended(0, b"", b"talk " + spelling)):
            assert guarded.leaks(leaky), name
        for folder in (guarded.bench.home / ".cache" / "deep", guarded.bench.work):
            folder.mkdir(parents=True, exist_ok=True)
            planted = folder / "planted"
            planted.write_bytes(spelling)
            assert guarded.leaks(quiet), name
            planted.unlink()
    named = guarded.bench.work / raw.hex()
    named.mkdir()
    assert guarded.leaks(quiet)
    named.rmdir()
    assert guarded.leaks(quiet, cmdline=raw)
    assert guarded.leaks(quiet) == []


def happy(_: Guarded) -> None:
    """Change nothing."""


def refused(guarded: Guarded) -> None:
    """Let the service refuse the key, and quote it."""
    body = {"message": f"invalid key {guarded.key}", "request": f"x-api-key={guarded.key}"}
    guarded.house.kexiang.plan_create(Plan(status=401, body=body))


def cut(guarded: Guarded) -> None:
    guarded.house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))


def unclear(guarded: Guarded) -> None:
    """Answer with a page that quotes the key, as a debugging gateway does."""
    guarded.house.kexiang.plan_create(Plan(status=502, body=f"<pre>x-api-key: {guarded.key}</pre>".encode()))


def failed(guarded: Guarded) -> None:
    guarded.house.kexiang.plan_task(
        TaskPlan(outcome="failed", reason=f"the key {guarded.key} is not good for this")
    )


def stranger(guarded: Guarded) -> None:
    """Use a status word and an id that quote the key."""
    words = (f"waiting {guarded.key}", "running", "success")
    guarded.house.kexiang.plan_task(TaskPlan(status_words=words, duration=3.0))


def unreachable(guarded: Guarded) -> None:
    guarded.house.proxy.refuse_with = 503


def proxy_refuses(guarded: Guarded) -> None:
    """Let the proxy refuse the password."""
    guarded.house.proxy.password = "somebody:else"


RUNS: dict[str, tuple[Callable[[Guarded], None], int]] = {
    "happy": (happy, 0),
    "key refused": (refused, 4),
    "answer lost": (cut, 10),
    "answer unclear": (unclear, 10),
    "task failed": (failed, 8),
    "strange status": (stranger, 0),
    "unreachable": (unreachable, 11),
    "proxy refuses": (proxy_refuses, 11),
}

DEBUG_LOGGING = """
import logging
logging.basicConfig(level=logging.DEBUG)
logging.captureWarnings(True)
"""


@pytest.mark.parametrize("logging", [False, True], ids=["quiet", "debug"])
@pytest.mark.parametrize(("prepare", "code"), RUNS.values(), ids=RUNS)
def test_no_run_leaks(guarded: Guarded, prepare: Callable[[Guarded], None], code: int, logging: bool) -> None:
    prepare(guarded)
    (guarded.bench.folder / "sitecustomize.py").write_text(DEBUG_LOGGING if logging else "")
    env = {"PYTHONPATH": str(guarded.bench.folder)}
    ended = guarded.bench.run(*CUP, "--result-file", "result.json", env=env)
    assert ended.code == code, ended.talk
    assert ("DEBUG:" in ended.talk) is logging
    guarded.assert_kept(ended)
    assert len(guarded.bench.entries()) == 1
    if code == 0:
        assert guarded.house.recorder.hosts_that_saw(guarded.key) == {kexiang.HOST}
        again = guarded.bench.run(*CUP, env=env)  # what was kept of the run is told again
        guarded.assert_kept(again)


@pytest.mark.parametrize(
    "words",
    [
        ("--size", "{key}"),
        ("--mode", "{key}"),
        ("--api-key", "{key}"),
        ("--api-key={key}",),
        ("{key}",),
        ("--{key}",),
        ("--base-url", "https://{key}.example"),
        ("--resume", "{key}"),
        ("--url", "{key}"),
        ("--lang", "{key}"),
        ("--timeout", "{key}"),
        ("--prompt-file", "{key}"),
    ],
    ids=" ".join,
)
def test_a_key_in_a_wrong_place_is_not_repeated(guarded: Guarded, words: tuple[str, ...]) -> None:
    typed = [word.format(key=guarded.key) for word in words]
    ended = guarded.bench.run(*CUP, *typed)
    assert ended.code in {2, 3}, ended.talk
    assert ended.document["ok"] is False
    guarded.assert_kept(ended)
    assert guarded.house.proxy.connects == []


def test_a_key_that_is_cut_to_be_shown_is_not_shown(guarded: Guarded) -> None:
    start = canary("long")
    long = start + secrets.token_hex(500)
    for words in (("--size", long), (long,), (f"--{long}",), ("--prompt-file", f"/{long}"), ("--base-url", long)):
        ended = guarded.bench.run(*CUP, *words, env={"X_API_KEY": long})
        assert ended.code in {2, 3}, ended.talk
        assert traces(start, {"stdout": ended.stdout, "stderr": ended.stderr}) == []
    guarded.house.kexiang.key = long
    guarded.house.kexiang.plan_create(Plan(status=400, body={"message": "x" * 480 + long}))
    ended = guarded.bench.run(*CUP, env={"X_API_KEY": long})
    assert ended.code == 7, ended.talk
    assert traces(start[:12], {"stdout": ended.stdout, "stderr": ended.stderr}) == []


def test_a_prompt_that_holds_the_key_is_refused_and_not_kept(guarded: Guarded) -> None:
    ended = guarded.bench.run(*CREATE, "--prompt", f"{guarded.key} in neon")
    assert (ended.code, ended.document["error"]["code"]) == (2, "prompt_holds_key"), ended.talk
    assert "revoke it" in ended.document["error"]["hint"]
    guarded.assert_kept(ended)


# What goes wrong carries the key: as a bug would, as the disk might.
CRASH = """
import http.client, os, secrets, sqlite3
working = {place}
def crash(*arguments, **named):
    working(*arguments, **named)
    raise {error}
{place} = crash
"""
CRASHES = {
    "before the create": ("secrets.token_hex", "RuntimeError(os.environ['X_API_KEY'])", 1, 0),
    "in the create": ("http.client.HTTPResponse.begin", "RuntimeError({'key': os.environ['X_API_KEY']})", 10, 1),
    "on the disk": ("sqlite3.connect", "OSError(5, 'I/O error in ' + os.environ['X_API_KEY'])", 12, 0),
    "in the connection": ("http.client.HTTPResponse.begin", "OSError(5, os.environ['X_API_KEY'])", 10, 1),
}


@pytest.mark.parametrize(("place", "error", "code", "charges"), CRASHES.values(), ids=CRASHES)
def test_a_crash_with_the_key_in_it_does_not_tell_it(
    guarded: Guarded, place: str, error: str, code: int, charges: int
) -> None:
    (guarded.bench.folder / "sitecustomize.py").write_text(CRASH.format(place=place, error=error))
    ended = guarded.bench.run(*CUP, env={"PYTHONPATH": str(guarded.bench.folder)})
    assert ended.code == code, ended.talk
    assert ended.document["error"]["code"]
    guarded.assert_kept(ended)
    assert len(guarded.house.ledger) == charges
    assert len(guarded.house.recorder.requests_to(kexiang.CREATE_PATH)) == charges


def test_the_process_list_does_not_tell_the_key(guarded: Guarded) -> None:
    guarded.house.kexiang.plan_query(
        *[Plan(fault=Fault.HANG)] * 9
    )  # holds the command until it has been inspected
    del guarded.bench.environment["X_API_KEY"]
    process = subprocess.Popen(
        guarded.bench.argv(*CUP, "--api-key-stdin"),
        env=guarded.bench.environment,
        cwd=guarded.bench.work,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stderr
    process.stdin.write(guarded.key.encode())
    process.stdin.close()
    process.stdin = None
    talk = b"".join(iter_until(process.stderr, b"13170"))
    listed = command_line(process.pid)
    process.terminate()
    ended = wait(process)
    assert b"create_task.py" in listed
    assert guarded.house.recorder.hosts_that_saw(guarded.key) == {kexiang.HOST}
    guarded.assert_kept(ended, listed=listed, talk=talk)


def iter_until(stream: Any, word: bytes) -> Iterator[bytes]:
    """Yield the lines of a stream up to the one that contains the word."""
    for line in stream:
        yield line
        if word in line:
            return


def command_line(process_id: int) -> bytes:
    """Return a process's arguments as other people on the machine see them."""
    place = Path(f"/proc/{process_id}/cmdline")
    if place.exists():
        return place.read_bytes()
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(process_id)], capture_output=True, check=True
    ).stdout


# Where a key comes from


def keys_sent(house: StandInHouse) -> list[str]:
    return [request.headers["x-api-key"] for request in house.recorder.requests_to(kexiang.CREATE_PATH)]


def keep(bench: Bench, content: str) -> None:
    place = bench.home / ".config" / "image2" / ".env"
    place.parent.mkdir(parents=True)
    place.write_text(content)
    place.chmod(0o600)


SUBMIT = (*CUP, "--no-wait")


@pytest.mark.parametrize(
    ("typed", "variable", "flags", "sent"),
    [
        ("typed", "set", "--api-key-stdin --use-local-key", "typed"),
        ("typed", "set", "--use-local-key", "set"),
        ("typed", None, "--use-local-key", "kept"),
        ("  typed \r\n", "set", "--api-key-stdin", "typed"),
        ("", " set\n", "--api-key-stdin", "set"),
        ("$X_API_KEY\n", "set", "--api-key-stdin", "set"),
        ("typed", "", "--use-local-key", "kept"),
        ("typed", "${X_API_KEY}", "--use-local-key", "kept"),
        ("\n", "$NOT_SET", "--api-key-stdin --use-local-key", "kept"),
    ],
)
def test_the_first_source_that_is_set_gives_the_key(
    bench: Bench, house: StandInHouse, *, typed: str, variable: str | None, flags: str, sent: str
) -> None:
    house.kexiang.key = "dummy-" + sent
    keep(bench, "# mine\nX_API_KEY='dummy-kept'\n")
    del bench.environment["X_API_KEY"]
    env = {} if variable is None else {"X_API_KEY": variable.replace("set", "dummy-set")}
    stdin = typed.replace("typed", "dummy-typed").encode()
    ended = bench.run(*SUBMIT, *flags.split(), stdin=stdin, env=env)
    assert ended.code == 0, ended.talk
    assert keys_sent(house) == ["dummy-" + sent]


@pytest.mark.parametrize(
    ("value", "word"), [("", "empty"), ("  ", "empty"), ("$KEY", "unresolved"), ("${KEY}", "unresolved")]
)
def test_a_source_that_is_passed_over_is_named(bench: Bench, house: StandInHouse, value: str, word: str) -> None:
    house.kexiang.key = "dummy-kept"
    keep(bench, "X_API_KEY=dummy-kept\n")
    ended = bench.run(*SUBMIT, "--use-local-key", env={"X_API_KEY": value})
    assert ended.code == 0, ended.talk
    (line,) = [line for line in ended.talk.splitlines() if "skipped" in line]
    assert "X_API_KEY" in line
    assert word in line
    alone = bench.run(*SUBMIT, "--variant", "alone", env={"X_API_KEY": value})
    assert (alone.code, alone.document["error"]["code"]) == (3, "key_missing")
    assert len(keys_sent(house)) == 1


@pytest.mark.parametrize("source", ["X_API_KEY", "--api-key-stdin", "~/.config/image2/.env"])
def test_a_malformed_key_ends_the_search(bench: Bench, house: StandInHouse, source: str) -> None:
    value = "two words"
    flags, stdin, env = ["--use-local-key"], b"", {"X_API_KEY": "dummy-set"}
    keep(bench, "X_API_KEY=dummy-kept\n")
    if source == "X_API_KEY":
        env = {"X_API_KEY": value}
    elif source == "--api-key-stdin":
        flags, stdin = [*flags, source], value.encode()
    else:
        env = {"X_API_KEY": ""}
        place = bench.home / ".config" / "image2" / ".env"
        place.write_bytes(b'X_API_KEY="' + value.encode() + b'"\n')
    ended = bench.run(*SUBMIT, *flags, env=env, stdin=stdin)
    assert ended.code == 3, ended.talk
    assert source.removeprefix("~") in ended.document["error"]["message"]
    assert value not in ended.talk
    assert house.contacted == set()


def test_a_key_file_is_not_read_unasked(bench: Bench, house: StandInHouse) -> None:
    keep(bench, "X_API_KEY=dummy-kept\n")
    del bench.environment["X_API_KEY"]
    ended = bench.run(*SUBMIT)
    assert (ended.code, ended.document["error"]["code"]) == (3, "key_missing")
    assert house.contacted == set()


def test_a_word_that_json_knows_is_a_poor_key_and_leaves_the_document_whole(bench: Bench) -> None:
    for key in ("null", "true", "false", "1024", '"a"'):
        ended = bench.run(*SUBMIT, "--variant", key, "--result-file", "result.json", env={"X_API_KEY": key})
        assert ended.code == 4, ended.talk
        assert ended.document["error"]["code"] == "key_refused"
        assert json.loads((bench.work / "result.json").read_bytes()) == ended.document


# Where a key goes


@pytest.mark.parametrize("given", ["flag", "variable"])
@pytest.mark.parametrize("trusted", ["pictures.example", "kexiangai.com", "other.example.com", "my.other.example"])
def test_another_host_gets_no_key_unless_it_is_named(
    bench: Bench, house: StandInHouse, given: str, trusted: str
) -> None:
    base, flags, env = "https://other.example", ["--trust-host", trusted], {}
    if given == "flag":
        flags += ["--base-url", base]
    else:
        env = {"IMAGE2_BASE_URL": base}
    for words in (flags, flags[2:]):
        ended = bench.run(*SUBMIT, *words, env=env)
        assert (ended.code, ended.document["error"]["code"]) == (3, "host_not_trusted")
        assert "--trust-host other.example" in ended.document["error"]["hint"]
    assert house.contacted == set()


@pytest.mark.parametrize("given", ["flag", "variable"])
def test_a_host_that_is_named_gets_the_key_and_nobody_else(tmp_path: Path, given: str) -> None:
    def answer(request: Request) -> Any:
        return house.kexiang.handle(request)

    with StandInHouse(task_seconds=0.5, handlers={"other.example": answer}) as house:
        guarded = Guarded(Bench(tmp_path, house), house)
        base = "https://other.example/"
        flags, env = (["--base-url", base], {}) if given == "flag" else ([], {"IMAGE2_BASE_URL": base})
        ended = guarded.bench.run(*CUP, "--trust-host", "OTHER.example", *flags, env=env)
        assert ended.code == 0, ended.talk
        assert house.recorder.hosts_that_saw(guarded.key) == {"other.example"}
        assert house.contacted == {"other.example", kexiang.PICTURE_HOST}
        assert guarded.leaks(ended) == []


def test_this_machine_needs_trust_as_any_host_does(bench: Bench, house: StandInHouse) -> None:
    base = f"https://127.0.0.1:{house.server.port}"
    for flags, env in (("--base-url", base), {}), ((), {"IMAGE2_BASE_URL": base}):
        ended = bench.run(*SUBMIT, *flags, env=env)
        assert (ended.code, ended.document["error"]["code"]) == (3, "host_not_trusted")
        assert "--trust-host 127.0.0.1" in ended.document["error"]["hint"]
    assert house.recorder.requests == []
    ended = bench.run(*SUBMIT, "--base-url", base, "--trust-host", "127.0.0.1")
    assert ended.code == 0, ended.talk
    assert house.recorder.hosts_that_saw(house.kexiang.key) == {"127.0.0.1"}
    assert house.proxy.connects == []


def test_a_link_elsewhere_gets_no_key(tmp_path: Path) -> None:
    def redirect(_: Request) -> Any:
        return Plan(status=302, headers={"Location": "https://mirror.example/x.png"}).alter(json_reply({}))

    hosts = ("elsewhere.example", "mirror.example")
    with StandInHouse(task_seconds=0.5, handlers=dict.fromkeys(hosts, redirect)) as house:
        guarded = Guarded(Bench(tmp_path, house), house)
        house.kexiang.plan_task(TaskPlan(links=("https://elsewhere.example/x.png",)))
        ended = guarded.bench.run(*CUP)
        assert ended.code == 13, ended.talk
        assert set(hosts) <= house.contacted
        assert house.recorder.hosts_that_saw(guarded.key) == {kexiang.HOST}
        assert house.recorder.hosts_that_saw(guarded.netrc) == set()


def test_a_redirected_create_takes_no_key_along(guarded: Guarded) -> None:
    location = {"Location": f"https://{kexiang.PICTURE_HOST}/api"}
    guarded.house.kexiang.plan_create(Plan(status=307, headers=location))
    ended = guarded.bench.run(*CUP)
    assert ended.code == 10, ended.talk
    assert guarded.house.contacted == {kexiang.HOST}
    guarded.assert_kept(ended)
