"""The shipped code keeps its import rules, and each rule's checker finds an import that breaks it."""

from __future__ import annotations

import ast
import builtins
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = [ROOT / "shared", *(path.parent for path in sorted(ROOT.glob("skills/*/scripts/*/__init__.py")))]
LAUNCHERS = sorted(ROOT.glob("skills/*/scripts/*.py"))
PLATFORM_MODULES = ("fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "termios", "tty", "winreg")
"""Absent on some platform: imported inside a function, never when a module is."""
EARLY_FILES = [ROOT / "shared" / f"{name}.py" for name in ("__init__", "launch", "interpreters", "search_path")]
EARLY_FILES += LAUNCHERS
"""They explain the problem to an old Python, so it must be able to read them, with nothing installed."""
EARLY_MODULES = ("shared", "shared.launch", "shared.interpreters", "shared.search_path")
EARLY_PYTHON = (3, 7)


def modules_of(package: Path) -> list[str]:
    """Return the dotted names of a package's modules."""
    return [
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(package.rglob("*.py"))
    ]


def test_every_module_imports_where_platform_modules_are_missing(tmp_path: Path) -> None:
    names = [name for package in PACKAGES for name in modules_of(package)]
    program = (
        "import importlib, sys\n"
        "import click, dotenv, requests, urllib3\n"
        f"sys.path[:0] = {[str(package.parent) for package in PACKAGES]!r}\n"
        f"sys.modules.update(dict.fromkeys({PLATFORM_MODULES!r}))\n"
        f"for name in {names!r}:\n"
        "    print(importlib.import_module(name).__name__)\n"
    )
    argv = [sys.executable, "-B", "-I", "-c", program]
    run = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.split()) == len(names) > 100


def test_the_index_lists_every_skill_and_its_package() -> None:
    listed = json.loads((ROOT / "clawhub.json").read_text(encoding="utf-8"))["skills"]
    packages = {package.name: package.parent.parent.name for package in PACKAGES[1:]}
    assert {entry["package"]: entry["slug"] for entry in listed} == packages
    assert len(listed) == len(packages)


def annotation_parts(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield from (part for part in ast.walk(annotation) if isinstance(part, ast.expr))


def is_new_annotation(part: ast.expr) -> bool:
    """Return whether an annotation is `int | None` or `list[int]`, which only newer Pythons can evaluate."""
    subscript_of_builtin = (
        isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and hasattr(builtins, part.value.id)
    )
    return subscript_of_builtin or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr))


def early_breaches(text: str) -> list[str]:
    """Return what an old Python, with nothing installed, cannot run of a module."""
    try:
        tree = ast.parse(text, feature_version=EARLY_PYTHON)
    except SyntaxError as error:
        return [f"line {error.lineno} is not Python 3.7: {error.msg}"]
    breaches = [
        f"line {part.lineno} evaluates an annotation that Python 3.7 cannot"
        for part in annotation_parts(tree)
        if is_new_annotation(part)
    ]
    for node in tree.body:  # an import inside a function happens later
        imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        breaches += [
            f"line {node.lineno} imports {module}: nothing need be installed yet"
            for module in imported
            if module not in EARLY_MODULES and module.split(".")[0] not in sys.stdlib_module_names
        ]
    return breaches


@pytest.mark.parametrize("path", EARLY_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_old_python_can_read_what_tells_it_so(path: Path) -> None:
    assert early_breaches(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("match 1:\n    case _: ...\n", "is not Python 3.7: Pattern matching"),
        ("if (n := 1): ...\n", "is not Python 3.7: Assignment expressions"),
        ("import dotenv\n", "imports dotenv: nothing need be installed"),
        ("from shared.errors import BadInput\n", "imports shared.errors: nothing need be installed"),
        ("x: int | None = None\n", "evaluates an annotation that Python 3.7 cannot"),
        ("def f(x) -> list[int]: ...\n", "evaluates an annotation that Python 3.7 cannot"),
    ],
)
def test_what_an_old_python_cannot_read_is_found(text: str, breach: str) -> None:
    (found,) = early_breaches(text)
    assert breach in found


IMA = "skills/ai-nano-banana-ima/scripts/ima_studio"
KEXIANG = "skills/image2/scripts/kexiang"
SKILLS = "A skill knows shared and no other skill; shared knows none"
SABOTAGES = {
    "up inside shared": ("shared/http/urls.py", "import shared.cli.app", "Inside shared, imports go down"),
    "up inside a skill": (f"{KEXIANG}/wire.py", "import kexiang.client", "Inside kexiang, imports go down"),
    "another skill": (f"{IMA}/wire.py", "import kexiang.wire", SKILLS),
    "a skill from shared": (
        "shared/files.py",
        "import ima_studio.wire",
        SKILLS,
    ),
    "requests": (
        f"{IMA}/pricing.py",
        "import requests",
        "Only shared.http and a skill's client import requests and urllib3",
    ),
    "click": (f"{IMA}/pricing.py", "import click", "Only the command line imports click"),
    "the tests": ("shared/files.py", "import tests.launcher", "What ships imports nothing that does not"),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sabotaged")
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("shared", "skills"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copy2(ROOT / "pyproject.toml", root)
    return root


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    paths = [str(root), *(str(path) for path in sorted(root.glob("skills/*/scripts")))]
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as main; main()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_code_keeps_the_import_rules(checkout: Path) -> None:
    run = lint_imports(checkout)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_forbidden_import_is_found(checkout: Path, sabotage: str) -> None:
    path, statement, contract = SABOTAGES[sabotage]
    module = checkout / path
    text = module.read_text("utf-8")
    module.write_text(f"{text}\n{statement}\n", "utf-8")
    try:
        run = lint_imports(checkout)
    finally:
        module.write_text(text, "utf-8")
    assert run.returncode == 1
    assert f"{contract} BROKEN" in run.stdout.replace("\n", " ")


def test_a_module_without_a_layer_is_found(checkout: Path) -> None:
    module = checkout / KEXIANG / "helpers.py"
    module.write_text("", "utf-8")
    try:
        run = lint_imports(checkout)
    finally:
        module.unlink()
    assert run.returncode == 1
    assert "helpers" in run.stdout


def test_a_platform_module_at_the_top_is_found(checkout: Path) -> None:
    (checkout / "shared/sabotage.py").write_text('"""A module."""\n\nimport fcntl\n', "utf-8")
    argv = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "shared/sabotage.py"]
    run = subprocess.run(argv, cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    (checkout / "shared/sabotage.py").unlink()
    assert run.returncode == 1
    assert "TID253" in run.stdout
