"""What a refusal says and to whom, words that go out byte for byte, and streams and folders that are missing.

What is refused, for every option of every command, is in tests/faults/vectors.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from kexiang import cli

from shared.cli.prompt_input import MAX_PROMPT_BYTES
from tests.contract.evidence import tree
from tests.contract.inside import Inside
from tests.contract.paid import SCHEMA
from tests.launcher import SECONDS, Ended
from tests.providers import kexiang
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.launcher import Bench
    from tests.providers.house import StandInHouse

LAUNCHER = "create_task.py"
WORDS = ("--mode", "text2img", "--size", "1:1", "--prompt", "a cup")


@pytest.fixture
def inside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(bench, monkeypatch, cli.create_task, LAUNCHER)


@contextlib.contextmanager
def nothing_happens(bench: Bench, house: StandInHouse) -> Iterator[None]:
    """Hold the block to it: no file is made or changed, nobody is called."""
    before = tree(bench.home, bench.work)
    yield
    assert tree(bench.home, bench.work) == before
    assert (house.contacted, house.proxy.connects, len(house.ledger)) == (set(), [], 0)


def told(ended: Ended, code: int) -> dict[str, Any]:
    """Return the error of a refusal, in the one document and as a sentence on stderr."""
    document = ended.document
    assert ended.code == code, ended.talk
    jsonschema.validate(document, SCHEMA)
    assert (document["ok"], document["status"], document["charged"]) == (False, "not_started", "no")
    assert (document["attempts"], document["local_id"], document["journal"]) == (0, None, None)
    assert document["image_urls"] == []
    assert "Traceback" not in ended.talk
    error = document["error"]
    assert isinstance(error, dict)
    assert error["message"] in ended.talk
    assert error["message"].isprintable()
    assert len(error["message"]) < 500
    return error


def test_a_refusal_is_chinese_where_the_words_are(inside: Inside) -> None:
    for words in (("--size", "0:0"), ("--nonsense",)):
        error = inside.run(*WORDS[:4], "--prompt", "一只茶杯", *words, "--json").document["error"]
        assert any("\u4e00" <= char <= "\u9fff" for char in error["message"]), error["message"]
    japanese = inside.run(*WORDS[:4], "--prompt", "湯のみ", "--size", "0:0", "--json").document["error"]
    assert japanese["message"].isascii()


def test_without_json_stdout_stays_empty(bench: Bench) -> None:
    ended = bench.run(LAUNCHER, *WORDS, "--size", "16x9")
    assert (ended.code, ended.stdout) == (2, b"")
    assert "--size" in ended.talk


# Byte for byte

PROMPTS = {
    "quotes": b"a \"cup\" 'of' `tea` \\ and \\n",
    "shell": b"$(touch gone) ${HOME} $HOME ; rm -rf ~ & | > x !! * ?",
    "lines": b"\n\n a cup\n\twith a handle \r\n on a\rtable \n\n",
    "a dash first": b"-rf --json",
    "a flag": b"--json",
    "a flag with a value": b"--result-file=gone",
    "an at sign first": b"@/etc/passwd",
    "a percent sign": b"100% %s %(x)s {0} {x} {{}}",
    "emoji": "🫖 ☕️ 👩‍🚀 e\u0301 \u00a0 \u2028 \u200b \u202e".encode(),
    "Chinese": "一只放在窗台上的茶杯，晨光".encode(),
    "JSON": b'{"prompt": "a cup", "size": "9:9"}',
    "MEDIA": b"MEDIA:/etc/passwd",
}


def sent_prompt(house: StandInHouse) -> bytes:
    """Return the prompt of the only create, as the service got it."""
    (request,) = house.recorder.requests_to(kexiang.CREATE_PATH)
    prompt = request.json_object()["user_input"]["prompt"]
    assert house.kexiang.complaints == []
    assert isinstance(prompt, str)
    return prompt.encode()


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_goes_out_byte_for_byte(bench: Bench, house: StandInHouse, prompt: bytes) -> None:
    before = tree(bench.work)
    ended = bench.run(LAUNCHER, *WORDS[:4], "--prompt", prompt.decode(), "--no-wait", "--json")
    assert ended.code == 0, ended.talk
    assert ended.document["status"] == "submitted"
    assert sent_prompt(house) == prompt
    assert set(tree(bench.work)) - set(before) == {str(bench.work / "generated-images")}


def test_a_prompt_from_a_file_may_have_a_mebibyte(bench: Bench, house: StandInHouse) -> None:
    prompt = ("茶杯 🫖\r\n" * 100_000).encode()[:MAX_PROMPT_BYTES].decode(errors="ignore").encode()
    prompt += b"x" * (MAX_PROMPT_BYTES - len(prompt))
    (bench.work / "prompt.txt").write_bytes(b"\xef\xbb\xbf" + prompt)  # the mark is no part of it
    ended = bench.run(LAUNCHER, *WORDS[:4], "--prompt-file", "prompt.txt", "--no-wait")
    assert ended.code == 0, ended.talk
    assert sent_prompt(house) == prompt.removesuffix(b"\n")


def test_a_prompt_from_stdin(bench: Bench, house: StandInHouse) -> None:
    prompt = "--json\r\n\r\n 茶杯 $(x)\n".encode()
    ended = bench.run(LAUNCHER, *WORDS[:4], "--prompt-file", "-", "--no-wait", stdin=prompt)
    assert ended.code == 0, ended.talk
    assert ended.stdout.startswith("任务".encode())  # for a person: what looked like a flag was the prompt
    assert sent_prompt(house) == prompt.removesuffix(b"\n")


def test_words_that_look_like_options_are_none(bench: Bench, house: StandInHouse) -> None:
    victim = bench.work / "victim"
    victim.write_text("kept")
    refusal = bench.run(LAUNCHER, "--prompt", f"--result-file={victim}", "--mode", "text2img", "--nonsense")
    ended = bench.run(LAUNCHER, *WORDS[:4], "--prompt", f"--result-file={victim}", "--no-wait")
    assert (refusal.code, ended.code) == (2, 0)
    assert victim.read_text() == "kept"
    assert sent_prompt(house) == f"--result-file={victim}".encode()


def test_a_file_whose_name_is_no_text_can_be_used(bench: Bench, house: StandInHouse) -> None:
    name = os.fsencode(bench.work) + b"/caf\xe9.txt"
    with open(name, "wb") as file:  # noqa: PTH123  - a name of bytes
        file.write(b"a cup")
    house.kexiang.plan_create(Plan(status=429))
    words = (*WORDS[:4], "--result-file", "result.json", "--json", "--prompt-file")
    argv: list[str | bytes] = [*bench.argv(LAUNCHER, *words), name]
    done = subprocess.run(
        argv, env=bench.environment, cwd=bench.work, capture_output=True, timeout=SECONDS, check=False
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert ended.code == 6, ended.talk
    assert os.fsencode(ended.document["next"]["argv"][-1]) == name
    assert json.loads((bench.work / "result.json").read_bytes()) == ended.document


# Streams, folders, homes

UNREAD = ['exec "$@" >&-', *(['exec "$@" >/dev/full'] if Path("/dev/full").exists() else [])]


def shell(bench: Bench, line: str, *words: str, env: dict[str, str] | None = None) -> Ended:
    """Run the launcher by a line of shell, in which it is "$@"."""
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *bench.argv(LAUNCHER, *words)],
        env=env or bench.environment,
        cwd=bench.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("line", UNREAD)
def test_a_result_that_nobody_can_read_is_a_failure(bench: Bench, house: StandInHouse, line: str) -> None:
    for words in (("--dry-run",), ("--dry-run", "--json")):
        ended = shell(bench, line, *WORDS, *words)
        assert ended.code == 12
        assert "standard output" in ended.talk
        assert "Traceback" not in ended.talk
    ended = shell(bench, line, *WORDS, "--no-wait", "--result-file", "result.json")
    assert ended.code == 12
    (charge,) = house.ledger.charges
    assert f"task {charge.task_id}" in ended.talk
    assert json.loads((bench.work / "result.json").read_bytes())["task_id"] == charge.task_id
    assert [entry["task_id"] for entry in bench.entries()] == [charge.task_id]


def test_a_reader_that_has_gone_is_a_failure(bench: Bench) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            bench.argv(LAUNCHER, *WORDS, "--dry-run", "--json"),
            env=bench.environment,
            cwd=bench.work,
            stdin=subprocess.DEVNULL,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 12
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_refused_input_is_told_by_its_code_where_stdout_is_closed(bench: Bench) -> None:
    ended = shell(bench, 'exec "$@" >&-', *WORDS, "--size", "0:0", "--json")
    assert (ended.code, ended.stdout) == (2, b"")
    assert "--size" in ended.talk


def test_a_closed_stderr_costs_only_the_talk(bench: Bench, house: StandInHouse) -> None:
    ended = shell(bench, 'exec "$@" 2>&-', *WORDS, "--no-wait", "--json")
    assert (ended.code, ended.talk) == (0, "")
    assert ended.document["status"] == "submitted"
    assert len(house.ledger) == 1


AT_EXIT = """
import atexit, os, stat, sys
def tell():
    kinds = [stat.S_ISCHR(os.fstat(number).st_mode) for number in range(3)]
    with open(os.environ["KINDS"], "w") as file:
        file.write(repr(kinds))
atexit.register(tell)
"""


def test_no_file_and_no_connection_takes_the_place_of_a_closed_stream(bench: Bench) -> None:
    (bench.folder / "sitecustomize.py").write_text(AT_EXIT)
    kinds = bench.folder / "kinds"
    env = {**bench.environment, "PYTHONPATH": str(bench.folder), "KINDS": str(kinds)}
    assert shell(bench, 'exec "$@" <&- >&- 2>&-', *WORDS, "--dry-run", env=env).code == 12
    assert kinds.read_text() == "[True, True, True]"  # each is the null device


def test_a_closed_stdin_is_no_prompt_and_no_key(bench: Bench, house: StandInHouse) -> None:
    with nothing_happens(bench, house):
        error = told(shell(bench, 'exec "$@" <&-', *WORDS[:4], "--prompt-file", "-", "--json"), 2)
        assert "--prompt-file" in error["message"]
        without = {name: value for name, value in bench.environment.items() if name != "X_API_KEY"}
        error = told(shell(bench, 'exec "$@" <&-', *WORDS, "--api-key-stdin", "--json", env=without), 3)
        assert error["code"] == "key_missing"


def test_all_streams_closed(bench: Bench, house: StandInHouse) -> None:
    ended = shell(bench, 'exec "$@" <&- >&- 2>&-', *WORDS, "--no-wait", "--result-file", "result.json")
    assert (ended.code, ended.stdout, ended.stderr) == (12, b"", b"")
    assert json.loads((bench.work / "result.json").read_bytes())["status"] == "submitted"
    assert len(house.ledger) == 1


def test_without_home_the_system_knows_it(bench: Bench, house: StandInHouse) -> None:
    without = {name: value for name, value in bench.environment.items() if name != "HOME"}
    without["OPENCLAW_STATE_DIR"] = str(bench.home / "state")
    with nothing_happens(bench, house):
        ended = shell(bench, 'exec "$@"', *WORDS, "--dry-run", "--json", env=without)
    assert ended.code == 0, ended.talk


def test_nobody_without_a_home(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a container's user that no passwd lists
    error = told(inside.run(*WORDS, "--json"), 3)
    assert error["code"] == "no_home"
    assert "HOME" in error["message"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--output-dir", "pictures"),
        ("--result-file", "result.json"),
        ("--output-dir", "pictures", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_current_folder_that_is_gone_is_told(bench: Bench, house: StandInHouse, words: tuple[str, ...]) -> None:
    with nothing_happens(bench, house):
        ended = shell(bench, 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', *WORDS, *words, "--json")
    error = told(ended, 12)
    assert error["code"] == "current_folder_gone"


def test_a_current_folder_that_is_gone_is_not_needed(bench: Bench) -> None:
    words = (*WORDS, "--no-wait", "--output-dir", str(bench.work / "pictures"), "--json")
    ended = shell(bench, 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', *words)
    assert ended.code == 0, ended.talk


@pytest.mark.parametrize("workspace", [False, True], ids=["home", "workspace"])
def test_nothing_is_written_inside_a_skill(bench: Bench, workspace: bool) -> None:
    skill = bench.work / "skills" / "drawing"
    (skill / "scripts").mkdir(parents=True)
    (skill / "SKILL.md").write_text("a skill\n")
    expected = bench.home
    if workspace:
        expected = bench.home / ".openclaw" / "workspace"
        expected.mkdir(parents=True)
    before = tree(skill)
    ended = bench.run(LAUNCHER, *WORDS, "--poll-interval", "0.5", "--json", cwd=skill / "scripts")
    assert ended.code == 0, ended.talk
    (row,) = ended.document["images"]
    assert Path(row["path"]).parent == expected / "generated-images"
    for words in (("--output-dir", "pictures"), ("--output-dir", "../new"), ("--result-file", "result.json")):
        ended = bench.run(LAUNCHER, *WORDS, "--json", *words, cwd=skill / "scripts")
        assert words[0] in told(ended, 2)["message"]
    assert tree(skill) == before


def test_the_result_file_is_what_stdout_says(bench: Bench, house: StandInHouse) -> None:
    place = bench.work / "result.json"
    for words, code in ((("--poll-interval", "0.5"), 0), (("--size", "0:0"), 2)):
        ended = bench.run(LAUNCHER, *WORDS, *words, "--result-file", "result.json", "--json")
        assert ended.code == code, ended.talk
        assert place.read_bytes() == ended.stdout
        assert sorted(path.name for path in bench.work.iterdir()) == ["generated-images", "result.json"]
    before = place.read_bytes()
    bench.run(LAUNCHER, *WORDS, "--dry-run", "--result-file", "result.json")
    assert place.read_bytes() == before, "a dry run writes nothing"
    for name in ("notes.txt", "link.json"):
        (bench.work / "notes.txt").write_text("mine")
        (bench.work / "link.json").unlink(missing_ok=True)
        (bench.work / "link.json").symlink_to("notes.txt")
        for more in ((), ("--dry-run",)):
            ended = bench.run(LAUNCHER, *WORDS, *more, "--result-file", name, "--json")
            assert "--result-file" in told(ended, 2)["message"]
        assert (bench.work / "notes.txt").read_text() == "mine"
        assert (bench.work / "link.json").is_symlink()
    bench.run(LAUNCHER, *WORDS, "--result-file", str(place))
    assert json.loads(place.read_bytes())["reused"] is True
    assert len(house.ledger) == 1
