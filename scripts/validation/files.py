"""Rules about the files of a bundle: the right ones, complete, readable everywhere, and no others."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import stat
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.bundle import Bundle

NEEDED = ("SKILL.md", "CHANGELOG.md", "LICENSE", "requirements.txt", "manifest.json", "scripts/shared/launch.py")
UNWANTED = {
    "a dotfile": ("*/.*", ".*"),
    "bytecode": ("*.pyc", "*.pyo", "*__pycache__*"),
    "a test": ("*/test_*", "test_*", "*/conftest.py", "tests/*", "*/tests/*"),
    "an index that nobody reads": ("clawhub.json", "*/clawhub.json", "_meta.json"),
}
MAX_FILE, LARGEST_PAGE, LARGEST_BUNDLE = 1 << 20, 256_000, 8 << 20  # bytes; a personal library, OpenClaw
MAX_FILES = 256  # of a personal library
OLDEST_PYTHON = (3, 10)


def files(bundle: Bundle) -> Iterator[str | None]:
    """Require ordinary UTF-8 files with the usual line ends, and the limits of ClawHub and OpenClaw."""
    for path in NEEDED:
        if path not in bundle.paths:
            yield f"{path} is missing"
    for path in bundle.paths:
        yield from _file(bundle, path)
    if len(bundle.paths) > MAX_FILES:
        yield f"the bundle has {len(bundle.paths)} files; a personal library takes {MAX_FILES}"
    if sum((bundle.folder / path).lstat().st_size for path in bundle.paths) > LARGEST_BUNDLE:
        yield f"the bundle has more than {LARGEST_BUNDLE} bytes"


def _file(bundle: Bundle, path: str) -> Iterator[str | None]:
    state = (bundle.folder / path).lstat()
    if not stat.S_ISREG(state.st_mode):
        yield f"{path} is no ordinary file"
        return
    yield None
    for what, patterns in UNWANTED.items():
        if any(fnmatch(path, pattern) for pattern in patterns):
            yield f"{path} is {what}"
    if state.st_size > (LARGEST_PAGE if path == "SKILL.md" else MAX_FILE):
        yield f"{path} is too large ({state.st_size} bytes)"
    text = bundle.texts.get(path)
    if text is None:
        yield f"{path} is not UTF-8"
    elif text.startswith("\ufeff") or "\r" in text or "\0" in text or (text and not text.endswith("\n")):
        yield f"{path} begins with a byte order mark, has \\r or NUL, or does not end its last line"
    elif path.endswith(".py"):
        try:
            ast.parse(text, feature_version=OLDEST_PYTHON)
        except SyntaxError as error:
            yield f"{path}:{error.lineno} is no Python: {error.msg}"


def manifest(bundle: Bundle) -> Iterator[str | None]:
    """Require that the manifest names exactly the other files, each with its SHA-256."""
    try:
        sums = json.loads(bundle.texts["manifest.json"])["files"]
    except (KeyError, ValueError):
        yield "manifest.json is missing or no manifest"
        return
    there = set(bundle.paths) - {"manifest.json"}
    for path in sorted(there ^ sums.keys()):
        yield f"{path} is {'not in the manifest' if path in there else 'in the manifest only'}"
    for path in sorted(there & sums.keys()):
        data = (bundle.folder / path).read_bytes()
        yield None if hashlib.sha256(data).hexdigest() == sums[path] else f"{path} is not the file of the manifest"


def license_terms(bundle: Bundle) -> Iterator[str | None]:
    """Require the repository's own terms and no others, which is what ClawHub publishes under."""
    ours = (bundle.root / "LICENSE").read_text("utf-8")
    yield None if bundle.texts.get("LICENSE") == ours else "LICENSE is not the repository's"
    for path, text in bundle.texts.items():
        other = re.search(
            r"(Apache License|GNU (Lesser |Affero )?General Public|All rights reserved|SPDX-License)", text
        )
        if other:
            yield f"{path} speaks of other terms: {other.group(1)}"
