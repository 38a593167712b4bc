"""Runs the tests on every supported Python of this machine (`make test-pythons`), and names those it did not find.

Found are `python3.N` on PATH, pyenv's versions and what uv knows. Each gets an environment in build/pythons/3.N.
Arguments are handed to pytest. Exit 0: the tests passed on every Python that was found.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def main() -> int:
    """Run the tests on each Python, print a table, and return the exit status."""
    rows: list[tuple[str, str, str]] = []
    failed = False
    for version in VERSIONS:
        interpreter = find_python(version)
        if interpreter is None:
            rows.append((version, "not found", "-"))
            continue
        print(f"test-pythons: Python {version} ({interpreter})", flush=True)
        started = time.monotonic()
        summary = run_tests(version, interpreter, sys.argv[1:])
        failed = failed or summary.startswith("failed")
        rows.append((version, summary, f"{time.monotonic() - started:.0f} s"))
    print("\n| Python | tests | time |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    return int(failed or all(summary == "not found" for _, summary, _ in rows))


def find_python(version: str) -> str | None:
    """Return the path of an interpreter of this version ("3.N"), None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(f"python{version}")]
    candidates += [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
    if shutil.which("uv"):
        found = subprocess.run(
            ["uv", "python", "find", version], cwd=ROOT, capture_output=True, text=True, check=False
        )
        candidates.append(found.stdout.strip())
    return next((path for path in candidates if path and runs(path, version)), None)


def runs(interpreter: str, version: str) -> bool:
    """Return whether a file starts as a Python of this version; pyenv's shims exist for versions that do not."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([interpreter, "-c", program], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == version


def run_tests(version: str, interpreter: str, arguments: list[str]) -> str:
    """Make or update an environment and run pytest in it; return its summary, after "failed" if a test failed."""
    folder = ROOT / "build" / "pythons" / version
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([interpreter, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install"]
    if shutil.which("uv"):
        install = ["uv", "pip", "install", "--python", str(python)]
    subprocess.run([*install, "--quiet", "--editable", f"{ROOT}[dev]"], cwd=ROOT, check=True)
    with subprocess.Popen(
        [str(python), "-m", "pytest", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    summary = re.sub(r"=+ | =+", "", lines[-1].strip()) if lines else "no output"
    summary = re.sub(r" in [0-9.]+s.*", "", summary)
    return summary if process.returncode == 0 else f"failed: {summary}"


if __name__ == "__main__":
    sys.exit(main())
