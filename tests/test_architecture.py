"""The shipped code keeps its import rules, and the checker finds each kind of breach in made-up code."""

import json
from pathlib import Path

import pytest

from tests.import_rules import Checkout, breaches, import_without_platform_modules

ROOT = Path(__file__).resolve().parent.parent


def test_the_code_keeps_the_rules() -> None:
    assert breaches(ROOT) == []


def test_every_module_imports_where_platform_modules_are_missing(tmp_path: Path) -> None:
    checkout = Checkout(ROOT)
    run = import_without_platform_modules(checkout, tmp_path)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.split()) == len(checkout.shared) + len(checkout.packaged)


def test_the_index_lists_every_skill_and_its_package() -> None:
    listed = json.loads((ROOT / "clawhub.json").read_text(encoding="utf-8"))["skills"]
    packages = Checkout(ROOT).skill_of_package
    assert {entry["package"]: entry["slug"] for entry in listed} == packages
    assert len(listed) == len(packages)


GOOD_FILES = {
    "shared/__init__.py": "",
    "shared/launch.py": "from typing import List, Optional\ndef start(argv: Optional[List[str]]) -> None: ...\n",
    "shared/http.py": "import requests\nfrom urllib3.util import Retry\n",
    "shared/errors.py": "",
    "shared/files.py": "def lock():\n    import fcntl\n",
    "shared/tasks_command.py": "import click\nfrom . import errors\n",
    "skills/one/scripts/draw.py": "from shared.launch import start\n",
    "skills/one/scripts/first/__init__.py": "__version__ = '1.0.0'\n",
    "skills/one/scripts/first/cli.py": "import click\nfrom first import __version__, client, request\n",
    "skills/one/scripts/first/client.py": "from shared import http\nfrom . import wire\nimport first.request\n",
    "skills/one/scripts/first/wire.py": "from shared.errors import Rejected\n",
    "skills/one/scripts/first/request.py": "Size = str\n",
    "skills/two/scripts/second/__init__.py": "",
}


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_code_that_keeps_the_rules_passes(tmp_path: Path) -> None:
    assert breaches(write(tmp_path, GOOD_FILES)) == []


FIRST = "skills/one/scripts/first"


@pytest.mark.parametrize(
    ("path", "text", "breach"),
    [
        (f"{FIRST}/request.py", "import first.wire\n", "imports first.wire: request may not"),
        (f"{FIRST}/wire.py", "from . import client\n", "imports first.client: wire may not"),
        (f"{FIRST}/wire.py", "def f():\n    from .client import Client\n", "imports first.client: wire may not"),
        (f"{FIRST}/request.py", "from first import wire as w\n", "imports first.wire: request may not"),
        (f"{FIRST}/generate.py", "from shared import http\n", "imports shared.http: generate may not"),
        (f"{FIRST}/request.py", "import shared.http\n", "imports shared.http: request may not"),
        (f"{FIRST}/helpers.py", "", "no layer is called helpers"),
        (f"{FIRST}/wire.py", "import second\n", "imports second: only two may"),
        ("shared/errors.py", "from first.wire import read\n", "imports first.wire: only one may"),
        ("shared/errors.py", "import tests.providers\n", "imports tests.providers: it does not ship"),
        ("shared/errors.py", "import click\n", "imports click: click belongs in"),
        (f"{FIRST}/wire.py", "from requests import Response\n", "imports requests: requests belongs in"),
        (f"{FIRST}/generate.py", "import urllib3.util\n", "imports urllib3.util: urllib3 belongs in"),
        ("shared/files.py", "if True:\n    import fcntl\n", "imports fcntl: not every platform has it"),
        ("shared/files.py", "try:\n    import msvcrt\nexcept ImportError: ...\n", "imports msvcrt: not every"),
        ("skills/one/scripts/draw.py", "match 1:\n    case _: ...\n", "is no Python 3.7: Pattern matching"),
        ("skills/one/scripts/draw.py", "import dotenv\n", "imports dotenv: nothing need be installed"),
        ("shared/launch.py", "if (n := 1): ...\n", "is no Python 3.7: Assignment expressions"),
        ("shared/launch.py", "import shared.errors\n", "imports shared.errors: nothing need be installed"),
        ("shared/__init__.py", "x: int | None = None\n", "evaluates an annotation that Python 3.7 cannot"),
        ("shared/__init__.py", "def f(x) -> list[int]: ...\n", "evaluates an annotation that Python 3.7 cannot"),
    ],
)
def test_each_breach_is_found(tmp_path: Path, path: str, text: str, breach: str) -> None:
    found = breaches(write(tmp_path, {**GOOD_FILES, path: text}))
    assert len(found) == 1
    assert found[0].startswith(path)
    assert breach in found[0]


@pytest.mark.parametrize("folder", ["shared/", "skills/one/scripts/draw.py", "skills/"])
def test_a_checkout_without_code_is_an_error(tmp_path: Path, folder: str) -> None:
    files = {path: text for path, text in GOOD_FILES.items() if not path.startswith(folder)}
    with pytest.raises(LookupError, match="nothing to inspect"):
        breaches(write(tmp_path, files))


def test_a_platform_module_at_import_is_found_by_importing(tmp_path: Path) -> None:
    importing = {"shared/files.py": "__import__('fcntl')\n"}
    run = import_without_platform_modules(Checkout(write(tmp_path, {**GOOD_FILES, **importing})), tmp_path)
    assert run.returncode != 0
    assert "fcntl" in run.stderr
