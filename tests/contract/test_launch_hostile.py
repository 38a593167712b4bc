"""The start among hostile files and on broken machines: nothing near a skill chooses what runs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shared import interpreters
from tests.contract.test_launch import WORDS, Clone, assert_helped, bare, bare_python, clone, stub_uv
from tests.launcher import SECONDS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bare", "bare_python", "clone"]
pytestmark = pytest.mark.processes

WATCHING_UV = """pwd >'FOLDER/uv-cwd'; export -p >'FOLDER/uv-env'
while [ "$1" != --script ]; do shift; done
shift
exec 'PYTHON' "$@"
"""


def watching_uv(clone: Clone) -> None:
    script = WATCHING_UV.replace("FOLDER", str(clone.folder)).replace("PYTHON", sys.executable)
    clone.command(clone.folder / "bin" / "uv", script)


def test_uv_starts_in_the_root_folder_without_what_chooses_code(bare: Clone) -> None:
    watching_uv(bare)
    env = {name: "evil" for name in interpreters.UNTRUSTED_VARIABLES if not name.startswith("PYTHON")}
    env |= {"PYTHONPATH": str(bare.work), "UV_DEFAULT_INDEX": "https://mirror.example/simple"}
    assert_helped(bare.run("--help", env=env))
    assert (bare.folder / "uv-cwd").read_text() == "/\n"
    exported = (bare.folder / "uv-env").read_text()
    assert "evil" not in exported
    assert str(bare.work) not in exported.replace(f"PWD='{bare.work}'", "")
    assert "export UV_DEFAULT_INDEX='https://mirror.example/simple'\n" in exported


def test_the_command_resolves_paths_in_the_user_s_folder(bare: Clone) -> None:
    watching_uv(bare)
    (bare.work / "prompt.txt").write_text("a cup")
    words = ("--mode", "text2img", "--size", "1:1", "--prompt-file", "prompt.txt", "--dry-run", "--json")
    ended = bare.run(*words, env={"X_API_KEY": "dummy"})
    assert ended.code == 0, ended.talk


@pytest.mark.parametrize("path", [".", "", "relative"])
def test_a_uv_of_the_current_folder_is_not_started(bare: Clone, path: str) -> None:
    for folder in (bare.work, bare.work / "relative"):
        bare.command(folder / "uv", f"touch '{bare.folder}/started'\n")
    assert bare.run("--help", env={"PATH": path}).code == 3
    assert not (bare.folder / "started").exists()


def test_the_users_own_uv_settings_are_named_by_their_path(bare: Clone) -> None:
    log = stub_uv(bare, sys.executable)
    settings = bare.home / ".config" / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("")
    assert_helped(bare.run("--help"))
    settings.chmod(0o666)  # anyone may have written it
    assert_helped(bare.run("--help"))
    first, second = log.read_text().splitlines()
    assert f"--config-file {settings}" in first
    assert "--no-config" in second


def test_the_printed_line_starts_no_module_of_the_current_folder(bare: Clone) -> None:
    line = bare.run(*WORDS, env={"PIP_TARGET": str(bare.work)}).talk.splitlines()[-1]
    for name in ("venv", "pip", "sitecustomize"):
        (bare.work / f"{name}.py").write_text(f"open({str(bare.folder / 'started')!r}, 'w')\n")
    line = line.replace("-m venv ", "-m venv --without-pip ")  # copying pip takes a minute on a busy machine
    env = {**bare.environment, "PATH": os.defpath, "PYTHONPATH": str(bare.work)}
    argv = ["sh", "-c", line]
    done = subprocess.run(argv, env=env, cwd=bare.work, capture_output=True, timeout=SECONDS, check=False)
    assert b"No module named pip" in done.stderr
    assert not (bare.folder / "started").exists()
    assert " && PIP_TARGET= " in line


def test_no_module_comes_from_the_current_folder_by_an_empty_entry_of_pythonpath(clone: Clone) -> None:
    for name in ("click", "requests", "dotenv"):
        (clone.work / f"{name}.py").write_text("raise SystemExit('the wrong one')\n")
    assert_helped(clone.run("--help", env={"PYTHONPATH": f":{clone.folder}"}))


@pytest.mark.parametrize("entries", [":", "", ".", "relative", "../work"])
def test_no_module_of_the_standard_library_comes_from_a_relative_entry_of_pythonpath(
    bare: Clone, entries: str
) -> None:
    """What `launch` imports first is not loaded yet when a script begins."""
    for folder in (bare.work, bare.work / "relative"):
        folder.mkdir(exist_ok=True)
        for name in ("json", "re", "signal", "shlex", "enum", "typing", "importlib", "subprocess", "time"):
            (folder / f"{name}.py").write_text(f"open({str(bare.folder / 'started')!r}, 'w')\n")
    ended = bare.run("--json", *WORDS, env={"PYTHONPATH": entries})
    assert (ended.code, ended.document["error"]["code"]) == (3, "dependency_missing"), ended.talk
    assert not (bare.folder / "started").exists()


def own_environment(clone: Clone) -> Path:
    environment = clone.state / "image-skills" / "venv"
    clone.command(environment / "bin" / "python", f"touch '{clone.folder}/own'\nexec '{sys.executable}' \"$@\"\n")
    return environment


@pytest.mark.parametrize("place", ["", "bin", "bin/python", "..", "../.."])
def test_an_environment_that_others_may_write_to_is_not_used(bare: Clone, place: str) -> None:
    environment = own_environment(bare)
    (environment / place).resolve().chmod(0o777)
    ended = bare.run("--json", *WORDS)
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (3, "dependency_missing")
    assert str(environment) in error["message"]
    assert "OPENCLAW_STATE_DIR" in error["hint"]
    assert error["next"] is None, "what fills the same place would be refused again"
    assert "-m venv" not in ended.talk
    assert not (bare.folder / "own").exists()
    stub_uv(bare, sys.executable)
    assert_helped(bare.run("--help"))
    assert not (bare.folder / "own").exists()


BROKEN = {
    "no packages": "exec 'BARE' \"$@\"\n",
    "does not start": "exit 127\n",
    "no format": None,
    "dangling link": None,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_environment_gives_way_to_uv(bare: Clone, bare_python: str, kind: str) -> None:
    python = own_environment(bare) / "bin" / "python"
    script = BROKEN[kind]
    if script is not None:
        bare.command(python, script.replace("BARE", bare_python))
    elif kind == "no format":
        python.write_bytes(b"\x7fELF, cut")
    else:
        python.unlink()
        python.symlink_to(bare.folder / "gone")
    log = stub_uv(bare, sys.executable)
    assert_helped(bare.run("--help"))
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize("script", ["echo 'error: no \\033[31mnetwork' >&2; exit 2\n", "exit 0\n", "echo noise\n"])
def test_a_uv_that_fails_ends_with_one_document(bare: Clone, script: str) -> None:
    bare.command(bare.folder / "bin" / "uv", script)
    ended = bare.run("--json", *WORDS)
    assert ended.code == 3
    assert ended.document["error"]["code"] == "dependency_missing"
    assert "uv could not" in ended.document["error"]["message"]
    assert "\033" not in ended.talk
    assert "UV_DEFAULT_INDEX" in ended.document["error"]["hint"]
    assert json.loads(ended.stdout)["next"]["argv"][:2] == ["sh", "-c"]


@pytest.mark.parametrize("variable", ["OPENCLAW_STATE_DIR", "OPENCLAW_HOME"])
def test_a_relative_state_folder_is_in_the_home_folder(bare: Clone, variable: str) -> None:
    line = bare.run(*WORDS, env={variable: "place"}).talk.splitlines()[-1]
    state = bare.home / "place" / (".openclaw" if variable == "OPENCLAW_HOME" else "")
    assert shlex.split(line.split(" && ")[0])[-1] == str(state / "image-skills" / "venv")


def test_what_a_link_of_the_environment_leads_to_is_never_cleared(bare: Clone) -> None:
    environment = bare.state / "image-skills" / "venv"
    environment.mkdir(parents=True)
    (environment / "pyvenv.cfg").touch()
    assert "--clear" in bare.run(*WORDS).talk
    environment.rename(bare.folder / "elsewhere")
    environment.symlink_to(bare.folder / "elsewhere")
    assert "--clear" not in bare.run(*WORDS).talk


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("uv", [False, True])
def test_a_place_that_cannot_be_written_to_is_not_offered_for_the_packages(
    bare: Clone, language: str, uv: bool
) -> None:
    """As root, who may write anywhere, the state folder is below a file."""
    (bare.folder / "file").touch()
    if uv:
        bare.command(bare.folder / "bin" / "uv", "echo 'error: no network' >&2; exit 2\n")
    env = {"OPENCLAW_STATE_DIR": str(bare.folder / "file" / "state")}
    ended = bare.run("--json", "--lang", language, *WORDS, env=env)
    error = ended.document["error"]
    assert (ended.code, error["code"], error["next"]) == (3, "dependency_missing", None)
    assert str(bare.folder / "file" / "state" / "image-skills" / "venv") in error["message"]
    assert ("no network" in error["message"]) is uv
    assert "OPENCLAW_STATE_DIR" in error["hint"]
    assert "-m venv" not in ended.talk


@pytest.mark.parametrize("home", ["relative", ".", "~"])
def test_a_relative_home_finds_no_environment_in_the_current_folder(bare: Clone, home: str) -> None:
    for folder in (bare.work, bare.work / "relative"):
        environment = folder / ".openclaw" / "image-skills" / "venv"
        bare.command(environment / "bin" / "python", f"touch '{bare.folder}/own'\n")
        bare.command(folder / "bin" / "python", f"touch '{bare.folder}/own'\n")
    ended = bare.run("--json", *WORDS, env={"HOME": home})
    error = ended.document["error"]
    assert (ended.code, error["code"], error["next"]) == (3, "dependency_missing", None), ended.talk
    assert "HOME" in error["message"]
    assert not (bare.folder / "own").exists()


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_state_folder_that_cannot_be_made_names_its_variable(clone: Clone, kind: str) -> None:
    (clone.folder / "file").touch()
    state = clone.folder / "file" / ("" if kind == "a file" else "below")
    env = {"X_API_KEY": "dummy", "OPENCLAW_STATE_DIR": str(state)}
    ended = clone.run("--json", *WORDS, env=env)
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (12, "disk_failed"), ended.talk
    assert "OPENCLAW_STATE_DIR" in error["hint"]
    assert "--output-dir" not in ended.talk
