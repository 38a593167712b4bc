"""The command lines that a page shows, and whether they parse."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS = 120.0  # a start takes a quarter of one; a loaded machine needs longer
FLAG = re.compile(r"--[a-z][a-z-]*")
SCRIPT = re.compile(r"(?:.*/)?([\w-]+\.(?:py|sh))")
ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&"}
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
FENCE = re.compile(r"^(```+)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def shown_commands(page: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and words, from the script's name on, of each skill command in code blocks and spans."""
    for line, code in _code(page):
        words = _words(code)
        for position, word in enumerate(words):
            script = SCRIPT.fullmatch(word)
            # A bare file name is a command when it opens the span; a path when it is below scripts/.
            if script and ("scripts/" in word or position == 0):
                end = next((at for at in range(position, len(words)) if words[at] in ENDS), len(words))
                yield line, [script.group(1), *words[position + 1 : end]]
                break


def shown_flags(page: str) -> Iterator[tuple[int, str]]:
    """Yield line number and name of the flag that opens a code span."""
    for line, code in _code(page):
        flag = FLAG.match(code)
        if flag:
            yield line, flag.group()


def _code(page: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each line of a fence and of each code span."""
    spans = page
    for fence in FENCE.finditer(page):
        first = page.count("\n", 0, fence.start(2)) + 1
        joined = fence.group(2).replace("\\\n", "  ")
        for offset, code in enumerate(joined.splitlines()):
            yield first + offset, code.strip()
        spans = spans.replace(fence.group(), "\n" * fence.group().count("\n"))
    for span in SPAN.finditer(spans):
        yield spans.count("\n", 0, span.start()) + 1, " ".join(span.group(2).split())


def _words(code: str) -> list[str]:
    try:
        return shlex.split(code, comments=True)
    except ValueError:
        return []


class Commands:
    """The scripts of a bundle, run from a foreign folder with an empty home."""

    def __init__(self, folder: Path) -> None:
        self._scripts = folder / "scripts"

    def try_all(self, lines: Sequence[list[str]]) -> list[str]:
        """Return for each command line what is wrong with it, empty where it parses."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self._try, lines))

    def flags(self) -> set[str]:
        """Return every option of every command."""
        return self._flags

    @cached_property
    def _flags(self) -> set[str]:
        found = set()
        for script in sorted(self._scripts.glob("*.py")):
            code, said = self._run([script.name])
            found |= set(FLAG.findall(said))
            below = re.search(r"^Commands:\n((?:  .*\n?)+)", said, re.MULTILINE)
            for name in re.findall(r"^  (\S+)", below.group(1), re.MULTILINE) if below and code == 0 else []:
                found |= set(FLAG.findall(self._run([script.name, name])[1]))
        return found

    def _try(self, words: list[str]) -> str:
        if not (self._scripts / words[0]).is_file():
            return "there is no such command"
        code, said = self._run(words)
        if code == 0 and said.startswith("Usage:"):
            return ""
        return (said.strip().splitlines() or [f"exit code {code}"])[0]

    def _run(self, words: list[str]) -> tuple[int, str]:
        """Run a command with --help, which parses everything and does nothing; return its end and its words."""
        interpreter = ["bash"] if words[0].endswith(".sh") else [sys.executable]
        with tempfile.TemporaryDirectory() as home:
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
            done = subprocess.run(
                [*interpreter, str(self._scripts / words[0]), *words[1:], "--help"],
                cwd=home,
                env={"HOME": home, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
        return done.returncode, done.stdout.decode(errors="replace")
