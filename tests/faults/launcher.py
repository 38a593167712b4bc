"""Faults of the start: hostile files around a skill without its packages, and unusable environments."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.contract.evidence import tree
from tests.faults.fault import WELL, End, Fault, same
from tests.launcher import SECONDS, copy_what_ships

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.scene import Scene

EVIL_INDEX = "https://packages.evil.example/simple"
SETTINGS = {
    "uv.toml": f'index-url = "{EVIL_INDEX}"\n',
    "pyproject.toml": f'[project]\nname = "x"\nversion = "1"\n[tool.uv]\nindex-url = "{EVIL_INDEX}"\n',
    ".python-version": "/nowhere/python\n",
    ".env": f"UV_DEFAULT_INDEX={EVIL_INDEX}\n",
}
NAMES = ("venv", "pip", "click", "requests", "dotenv", "urllib3", "shared", "json", "re", "subprocess", "tempfile")
UV = """[ "$PWD" = / ] || exit 71
[ -z "$UV_PYTHON$UV_PROJECT$UV_ENV_FILE$UV_WORKING_DIR$VIRTUAL_ENV$PYTHONPATH" ] || exit 72
case " $* " in *" --no-project --no-env-file --no-config "*) ;; *) exit 73 ;; esac
while [ "$1" != --script ]; do shift; done
shift
exec 'INTERPRETER' "$@"
"""
"""A uv that refuses to work where anything but its arguments could choose what it installs."""


def executable(path: Path, script: str) -> None:
    """Make a command out of a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)


def bare(scene: Scene, uv: str | None = None) -> Path:
    """Start the command with a Python that has no packages, in a workspace of its own; return the workspace."""
    environment = scene.folder / "bare"
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(command, check=True, timeout=SECONDS)
    python = environment / "bin" / "python"
    scene.wrap = ("sh", "-c", 'shift; exec "$0" "$@"', str(python))
    scene.env["PATH"] = f"{scene.folder / 'bin'}:/usr/bin:/bin"
    if uv is not None:
        executable(scene.folder / "bin" / "uv", uv.replace("INTERPRETER", sys.executable))
    workspace = scene.folder / "workspace"
    copy_what_ships(workspace)
    scene.bench.skills = workspace / "skills"
    return workspace


def evil(scene: Scene) -> str:
    """Return Python code that leaves a trace where the judge searches for one."""
    return f"open({str(scene.bench.home / 'evil')!r}, 'w').close()\n"


def settings_everywhere(scene: Scene) -> None:
    """Plant settings of uv above the skill, beside it and in the current folder, and in the environment."""
    workspace = bare(scene, UV)
    for folder in (workspace, workspace / "skills", scene.bench.skills / scene.subject.slug, scene.bench.work):
        for name, content in SETTINGS.items():
            (folder / name).write_text(content, encoding="utf-8")
        executable(folder / ".venv" / "bin" / "python", f"touch '{scene.bench.home / 'evil'}'\n")
    names = ("UV_PYTHON", "UV_PROJECT", "UV_ENV_FILE", "UV_WORKING_DIR", "VIRTUAL_ENV")
    scene.env |= {name: str(scene.bench.work) for name in names}
    scene.before |= tree(scene.bench.work)


def modules_in_the_current_folder(entries: str) -> Callable[[Scene], None]:
    """Plant modules in the current folder and let PYTHONPATH lead there."""

    def inject(scene: Scene) -> None:
        bare(scene, UV)
        for name in NAMES:
            (scene.bench.work / f"{name}.py").write_text(evil(scene), encoding="utf-8")
        scene.env["PYTHONPATH"] = entries
        scene.before |= tree(scene.bench.work)

    return inject


def environment_in_the_state_folder(kind: str) -> Callable[[Scene], None]:
    """Plant an environment in the state folder, or let one be broken."""

    def inject(scene: Scene) -> None:
        bare(scene)
        environment = scene.bench.home / ".openclaw" / "image-skills" / "venv"
        python = environment / "bin" / "python"
        executable(python, f"touch '{scene.bench.home / 'evil'}'\n" if kind == "writable" else "exit 127\n")
        if kind == "writable":
            environment.chmod(0o777)
        if kind == "link":
            planted = scene.folder / "planted"
            shutil.move(environment, planted)
            executable(planted / "bin" / "python", f"touch '{scene.bench.home / 'evil'}'\n")
            planted.chmod(0o777)
            environment.symlink_to(planted)

    return inject


def uv_that(script: str) -> Callable[[Scene], object]:
    """Let uv fail in this way."""
    return lambda scene: bare(scene, script)


MISSING = End(3, "dependency_missing", charges=0)
NO_NEXT = frozenset({"next"})  # it would install from the network
ROWS = (
    Fault(title="settings of uv above, in and beside the skill and in the environment", inject=settings_everywhere,
          ends=same(WELL), quick=("image2",)),
    *(
        Fault(title=f"modules in the current folder, PYTHONPATH={entries!r}",
              inject=modules_in_the_current_folder(entries), ends=same(WELL))
        for entries in ("", ":", ".")
    ),
    *(
        Fault(title=f"the environment in the state folder is {words}, and there is no uv",
              inject=environment_in_the_state_folder(kind), ends=same(MISSING), spares=NO_NEXT)
        for kind, words in {
            "writable": "open to others", "link": "a link to one that is open to others", "broken": "broken",
        }.items()
    ),
    Fault(title="uv has no network", inject=uv_that("echo 'error: dns error' >&2\nexit 2\n"), ends=same(MISSING),
          spares=NO_NEXT),
    Fault(title="uv prints what is not an interpreter", inject=uv_that("echo /bin/sh; echo more\n"),
          ends=same(MISSING), spares=NO_NEXT),
)  # fmt: skip
