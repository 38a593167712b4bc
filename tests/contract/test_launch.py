"""The start: from any folder, by any road, with or without the dependencies, and without a trace."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jsonschema
import pytest
from kexiang import __version__

from shared.interpreters import SECOND_START
from shared.launch import DEPENDENCIES
from tests.contract.evidence import tree
from tests.contract.paid import SCHEMA
from tests.launcher import SECONDS, Ended, copy_what_ships

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.processes

OPTIONS_OF_THE_CONTRACT = """
    --json --output-json --result-file --quiet --lang --dry-run --output-dir --timeout --no-wait --resume --new
    --variant --yes --mode --prompt --prompt-file --size --url --poll-interval --max-attempts --model-name
    --base-url --trust-host --use-local-key --api-key-stdin --resolution --quality --max-cost --chat-copy
"""
WORDS = ("--mode", "text2img", "--size", "1:1", "--prompt", "a cup")
WITHOUT_PATH = ["-P"] if sys.version_info >= (3, 11) else ["-I"]
"""Python's own way of leaving the script's folder and PYTHONPATH out of sys.path."""


@dataclass
class Clone:
    """A fresh copy of what ships, a home and an empty working folder; nothing of it was ever run."""

    folder: Path
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checkout, self.home, self.work = (self.folder / name for name in ("check out", "home", "work"))
        copy_what_ships(self.checkout)
        self.home.mkdir()
        self.work.mkdir()
        self.launcher = self.checkout / "skills" / "image2" / "scripts" / "create_task.py"
        self.environment = {"HOME": str(self.home), "PATH": str(self.folder / "bin"), **self.environment}

    @property
    def state(self) -> Path:
        return self.home / ".openclaw"

    def command(self, place: Path, script: str) -> Path:
        """Make a command out of a shell script."""
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\n" + script)
        place.chmod(0o755)
        return place

    def run(
        self,
        *arguments: str | Path,
        script: str | Path | None = None,
        options: list[str] | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Ended:
        argv = [self.python, *(options or []), str(script or self.launcher), *map(str, arguments)]
        done = subprocess.run(
            argv,
            env={**self.environment, **(env or {})},
            cwd=cwd or self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make an interpreter that has nothing but the standard library."""
    place = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=SECONDS)
    return str(place / "bin" / "python")


@pytest.fixture
def bare(tmp_path: Path, bare_python: str) -> Clone:
    return Clone(tmp_path, bare_python)


def assert_helped(ended: Ended) -> None:
    assert (ended.code, ended.talk) == (0, "")
    assert ended.stdout.startswith(b"Usage: create_task.py ")


def test_help_names_every_option_on_stdout(clone: Clone) -> None:
    ended = clone.run("--help")
    assert_helped(ended)
    named = set(re.findall(r"--[a-z-]+", ended.stdout.decode()))
    assert named == {*OPTIONS_OF_THE_CONTRACT.split(), "--help", "--version"}


def test_version_is_the_package_s(clone: Clone) -> None:
    ended = clone.run("--version")
    assert (ended.code, ended.talk) == (0, "")
    assert ended.stdout.decode().split()[-1] == __version__


@pytest.mark.parametrize("options", [[], WITHOUT_PATH], ids=["plain", "safe path"])
def test_it_starts_from_any_folder_and_by_any_road(clone: Clone, options: list[str]) -> None:
    assert_helped(clone.run("--help", options=options))
    scripts = clone.launcher.parent
    for folder in (clone.checkout, clone.checkout / "skills", scripts):
        relative = clone.launcher.relative_to(folder)
        assert_helped(clone.run("--help", options=options, script=relative, cwd=folder))
    linked_skill, linked_launcher = clone.work / "image2", clone.work / "draw.py"
    linked_skill.symlink_to(scripts.parent)
    linked_launcher.symlink_to(clone.launcher)
    assert_helped(clone.run("--help", options=options, script=linked_skill / "scripts" / "create_task.py"))
    ended = clone.run("--help", options=options, script=linked_launcher)
    assert ended.stdout.startswith(b"Usage: draw.py "), ended.talk


def test_pythonsafepath_changes_nothing(clone: Clone) -> None:
    assert_helped(clone.run("--help", env={"PYTHONSAFEPATH": "1"}))


def test_an_installed_skill_brings_its_own_shared(clone: Clone) -> None:
    installed = clone.folder / "skills" / "image2"
    shutil.copytree(clone.checkout / "skills" / "image2", installed)
    if not (installed / "scripts" / "shared").exists():  # a bundle holds it already
        shutil.copytree(clone.checkout / "shared", installed / "scripts" / "shared")
    shutil.rmtree(clone.checkout)
    assert_helped(clone.run("--help", script=installed / "scripts" / "create_task.py"))


def test_packages_of_the_same_name_are_not_imported(clone: Clone) -> None:
    for folder in (clone.work, clone.folder / "path"):
        for name in ("shared", "kexiang"):
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").write_text(f"raise SystemExit('the wrong {name}')\n")
    assert_helped(clone.run("--help", env={"PYTHONPATH": str(clone.folder / "path")}))
    assert_helped(clone.run("--help", env={"PYTHONPATH": ""}))  # an empty entry means the current folder


def test_nothing_is_written_where_the_skill_lies(clone: Clone) -> None:
    before = tree(clone.checkout, clone.home, clone.work)
    key = {"X_API_KEY": "dummy"}
    for words, code in ((("--help",), 0), (("--dry-run", *WORDS), 0), (("--size", "0:0"), 2)):
        for folder in (clone.work, clone.launcher.parent):
            assert clone.run(*words, env=key, cwd=folder).code == code
    assert tree(clone.checkout, clone.home, clone.work) == before


PROBE = """
import atexit, os, sys
def tell():
    with open(os.environ["MODULES"], "w") as file:
        file.write("\\n".join(sys.modules))
atexit.register(tell)
"""


def modules_of(clone: Clone, *arguments: str, script: Path | None = None) -> set[str]:
    """Return the names of all modules that a run has imported when it ends."""
    probe, told = clone.folder / "probe", clone.folder / "modules"
    probe.mkdir()
    (probe / "sitecustomize.py").write_text(PROBE)
    env = {"PYTHONPATH": str(probe), "MODULES": str(told), "X_API_KEY": "dummy"}
    clone.run(*arguments, script=script, env=env)
    return set(told.read_text().splitlines())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("--dry-run", *WORDS), (*WORDS, "--size", "0:0"), ("--nothing-like-this",)],
    ids=["help", "version", "dry run", "refused", "usage"],
)
def test_requests_is_imported_only_to_send(clone: Clone, arguments: tuple[str, ...]) -> None:
    imported = modules_of(clone, *arguments)
    assert "kexiang.cli" in imported
    assert not imported & {"requests", "urllib3", "ssl", "http.client"}


def test_the_probe_sees_requests(clone: Clone) -> None:
    importer = clone.work / "importer.py"
    importer.write_text("import requests\n")
    assert {"requests", "urllib3", "ssl", "http.client"} <= modules_of(clone, script=importer)


@pytest.mark.parametrize(("language", "word"), [("en", "missing"), ("zh", "缺少")])
def test_without_dependencies_one_command_is_named(bare: Clone, language: str, word: str) -> None:
    before = tree(bare.checkout, bare.home, bare.work)
    ended = bare.run(*WORDS, "--lang", language)
    assert (ended.code, ended.stdout) == (3, b"")
    assert word in ended.talk
    assert all(requirement in ended.talk for requirement in DEPENDENCIES.values())
    assert_one_command(bare, ended.talk.splitlines()[-1], bare.state)
    assert tree(bare.checkout, bare.home, bare.work) == before


@pytest.mark.parametrize("flag", ["--json", "--output-json"])
def test_without_dependencies_json_has_the_usual_keys(bare: Clone, flag: str) -> None:
    ended = bare.run(*WORDS, flag)
    document = ended.document
    assert ended.code == 3
    jsonschema.validate(document, SCHEMA)
    assert set(document) == set(SCHEMA["required"])
    assert (document["ok"], document["status"], document["skill"]) == (False, "not_started", "image2")
    assert (document["charged"], document["possible_charges"], document["attempts"]) == ("no", 0, 0)
    error = document["error"]
    assert error["code"] == "dependency_missing"
    assert error["next"] == document["next"]
    shell, option, line = error["next"]["argv"]
    assert (shell, option, line) == ("sh", "-c", error["next"]["shell"])
    assert_one_command(bare, line, bare.state)


def assert_one_command(clone: Clone, line: str, state: Path) -> None:
    """Hold the line to its promise: it makes the environment that the launcher searches for, and fills it."""
    make, fill = (shlex.split(part) for part in line.split(" && "))
    environment = state / "image-skills" / "venv"
    assert make == [clone.python, "-I", "-m", "venv", str(environment)]
    assert fill[:5] == [str(environment / "bin" / "python"), "-I", "-m", "pip", "install"]
    assert sorted(word for word in fill[5:] if not word.startswith("-")) == sorted(DEPENDENCIES.values())


@pytest.mark.parametrize(
    ("variables", "state"),
    [
        ({"OPENCLAW_STATE_DIR": "{0}/my state"}, "my state"),
        ({"OPENCLAW_HOME": "{0}/elsewhere"}, "elsewhere/.openclaw"),
        ({"OPENCLAW_HOME": "{0}/elsewhere", "OPENCLAW_STATE_DIR": "{0}/it's"}, "it's"),
    ],
    ids=["state folder", "home folder", "both"],
)
def test_the_environment_lies_in_the_state_folder(bare: Clone, variables: dict[str, str], state: str) -> None:
    env = {name: value.format(bare.folder) for name, value in variables.items()}
    line = bare.run(*WORDS, env=env).talk.splitlines()[-1]
    assert_one_command(bare, line, bare.folder / state)


def test_the_requirements_stand_in_every_launcher(clone: Clone) -> None:
    for launcher in clone.launcher.parent.glob("*.py"):
        header = re.search(r"^# dependencies = \[\n(.*?)^# \]$", launcher.read_text(), re.DOTALL | re.MULTILINE)
        assert header, launcher
        assert re.findall(r'"(.*)"', header.group(1)) == sorted(DEPENDENCIES.values()), launcher


@pytest.mark.parametrize(("versions", "missing"), [({}, []), ({"click": "8.1.7"}, ["click"])], ids=["new", "old"])
def test_a_dependency_that_is_too_old_counts_as_missing(
    bare: Clone, versions: dict[str, str], missing: list[str]
) -> None:
    site = bare.folder / "site"
    new = {"click": "8.10", "python_dotenv": "1.0.1", "requests": "3", "urllib3": "2.10.0.post1"}
    for project, version in {**new, **versions}.items():
        (site / f"{project}-{version}.dist-info").mkdir(parents=True)
        (site / project.removeprefix("python_")).mkdir()
        (site / project.removeprefix("python_") / "__init__.py").write_text("raise ImportError('a fake')\n")
    ended = bare.run("--help", env={"PYTHONPATH": str(site)})
    told = [name for name, requirement in DEPENDENCIES.items() if requirement in ended.talk.partition("\n")[0]]
    assert told == missing
    assert (ended.code == 3) is bool(missing)


UV = """echo "$$ ${VARIABLE:-unmarked} $*" >>'LOG'
while [ "$1" != --script ]; do shift; done
shift
exec 'PYTHON' "$@"
"""


def stub_uv(clone: Clone, python: str) -> Path:
    """Put a `uv` on PATH that runs the script with `python` and keeps a log of its calls."""
    log = clone.folder / "uv.log"
    script = UV.replace("VARIABLE", SECOND_START).replace("LOG", str(log)).replace("PYTHON", python)
    clone.command(clone.folder / "bin" / "uv", script)
    return log


def test_uv_brings_an_interpreter_once_and_the_command_gets_everything(bare: Clone) -> None:
    log = stub_uv(bare, sys.executable)
    ended = bare.run("--json", "--size", "a 'b' $c")
    assert ended.code == 2, ended.talk
    assert ended.document["error"]["code"] == "prompt_missing"
    flags = f"--quiet --no-project --no-env-file --no-config --python {bare.python}"
    assert log.read_text().partition(" ")[2] == f"probe run {flags} --script {bare.launcher}\n"


def test_a_second_start_never_starts_a_third(bare: Clone) -> None:
    log = stub_uv(bare, bare.python)
    ended = bare.run("--json", *WORDS)
    assert (ended.code, ended.document["error"]["code"]) == (3, "dependency_missing")
    assert len(log.read_text().splitlines()) == 1


def test_the_skills_own_environment_comes_before_uv(bare: Clone) -> None:
    log = stub_uv(bare, sys.executable)
    own = bare.state / "image-skills" / "venv" / "bin" / "python"
    bare.command(own, f"echo \"$*\" >'{bare.folder}/own.log'\nexec '{sys.executable}' \"$@\"\n")
    assert_helped(bare.run("--help"))
    assert (bare.folder / "own.log").read_text() == f"-I {bare.launcher} --help\n"
    assert not log.exists()


def test_an_environment_that_lacks_them_too_is_told(bare: Clone) -> None:
    own = bare.state / "image-skills" / "venv" / "bin" / "python"
    bare.command(own, f"echo call >>'{bare.folder}/own.log'\nexec '{bare.python}' \"$@\"\n")
    ended = bare.run("--json", *WORDS)
    assert (ended.code, ended.document["error"]["code"]) == (3, "dependency_missing")
    assert (bare.folder / "own.log").read_text() == "call\n"


def test_nothing_is_started_where_nothing_is_missing(clone: Clone) -> None:
    log = stub_uv(clone, sys.executable)
    assert_helped(clone.run("--help"))
    assert not log.exists()


AS_AN_OLD_PYTHON = """
import sys
sys.version_info = (3, 9, 2, "final", 0)
sys.argv = sys.argv[1:]
sys.path.insert(0, {checkout!r})
from shared.launch import launch
sys.exit(launch(sys.argv[0], "kexiang.cli:create_task"))
"""


@pytest.fixture
def old(clone: Clone) -> Clone:
    """Return a clone whose `old.py` starts a launcher as Python 3.9 would."""
    (clone.folder / "old.py").write_text(AS_AN_OLD_PYTHON.format(checkout=str(clone.checkout)))
    return clone


def test_an_old_python_is_told_so(old: Clone) -> None:
    ended = old.run(old.launcher, "--json", *WORDS, script=old.folder / "old.py")
    jsonschema.validate(ended.document, SCHEMA)
    error = ended.document["error"]
    assert (ended.code, error["code"], error["next"]) == (3, "python_too_old", None)
    assert "3.10" in error["message"]
    assert "3.9" in error["message"]
    assert error["message"] in ended.talk
    assert ended.document["next"] is None


def test_an_old_python_lets_uv_bring_a_new_one(old: Clone) -> None:
    log = stub_uv(old, sys.executable)
    assert_helped(old.run(old.launcher, "--help", script=old.folder / "old.py"))
    assert len(log.read_text().splitlines()) == 1


def test_a_launcher_that_cannot_speak_utf8_still_speaks(bare: Clone) -> None:
    ended = bare.run("--json", "--lang", "zh", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert ended.code == 3
    assert json.loads(ended.stdout)["error"]["message"].startswith("缺少")
    assert os.fsencode("\\u7f3a") in ended.stderr
