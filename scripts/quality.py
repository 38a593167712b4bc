"""Measures what the tests prove: branches reached, lives of a paid task, mutants caught; writes docs/quality.md.

Works in copies below build/quality. Exit 0: as promised. 1: a core module has an untested branch, a mutant lives
without an explanation, or the line of an explanation is gone. 2: there is no such part. 3: this Python is too old
to measure with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import quality_mutation
from quality_coverage import CORE, Covered, read_coverage
from quality_page import page

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "quality"
LIVES, STEPS = 200, 50
PARTS = ("coverage", "model", *(group.name for group in quality_mutation.GROUPS))
IN_PROCESS = (
    "tests/shared",
    "tests/ima_studio",
    "tests/kexiang",
    "tests/nemovideo",
    "tests/openai_images",
    "tests/model",
)


def main() -> int:
    """Run the parts named on the command line (all of them without a name), then judge."""
    if sys.version_info < (3, 11):
        print("quality: Python 3.11 or newer is expected: 3.10 catches other mutants", file=sys.stderr)
        return 3
    parts = sys.argv[1:] or [*PARTS]
    if unknown := set(parts) - set(PARTS):
        print(f"quality: no {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    complaints = []
    covered: list[Covered] = []
    if "coverage" in parts:
        covered = measure_coverage()
        complaints += [f"{one.name}: {one.missing}" for one in covered if one.name in CORE and one.missing]
    if "model" in parts:
        run("model", "-m", "pytest", "-n", "0", "-q", "tests/model", MODEL_RUNS=str(LIVES))
    groups = [group for group in quality_mutation.GROUPS if group.name in parts]
    if groups:
        tallies, survivors = mutate(groups)
        known = quality_mutation.read_explanations(ROOT / "scripts" / "survivors.txt")
        complaints += quality_mutation.compare(survivors, known, ROOT)
        if set(parts) == set(PARTS) and not complaints:
            alive = {mutant: known[mutant] for mutant in survivors}
            text = page(covered, tallies, alive, lives=LIVES, steps=STEPS)
            (ROOT / "docs" / "quality.md").write_text(text, "utf-8")
    for complaint in complaints:
        print(f"quality: {complaint}", file=sys.stderr)
    print(f"quality: {', '.join(parts)}: {f'{len(complaints)} complaints' if complaints else 'as promised'}")
    return 1 if complaints else 0


def measure_coverage() -> list[Covered]:
    """Run the in-process tests under coverage and print a line for each module."""
    tree = run("coverage", "-m", "coverage", "run", "-m", "pytest", "-n", "0", "-q", *IN_PROCESS)
    report = tree / "coverage.json"
    subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", report], cwd=tree, check=True)
    covered = read_coverage(report)
    for one in covered:
        print(f"  {one.name:45} {one.percent:6.1f} %  {one.missing}")
    return covered


def mutate(
    groups: list[quality_mutation.Group],
) -> tuple[list[quality_mutation.Tally], set[quality_mutation.Mutant]]:
    """Change the core modules in every way that mutmut knows, and return what became of it."""
    tallies: list[quality_mutation.Tally] = []
    survivors: set[quality_mutation.Mutant] = set()
    for group in groups:
        tree = copy(f"mutation-{group.name}")
        group.configure(tree)
        mutmut = [sys.executable, "-m", "mutmut"]
        with (tree / "mutmut.log").open("wb") as log:
            # Under CI hypothesis chooses the same examples each time, so that the same mutants are caught.
            environment = os.environ | {"CI": "true"}
            jobs = str((os.cpu_count() or 1) * group.at_once)
            argv = [*mutmut, "run", "--max-children", jobs]
            subprocess.run(argv, cwd=tree, env=environment, stdout=log, stderr=log, check=True)
        outcomes = quality_mutation.outcomes(tree, mutmut)
        tallies += outcomes.tallies
        survivors |= outcomes.survivors
        for tally in outcomes.tallies:
            print(f"  {tally.module:45} {tally.caught} of {tally.mutants} mutants caught")
    return tallies, survivors


def run(name: str, *arguments: str, **variables: str) -> Path:
    """Run Python in a fresh copy of the tree and return the copy."""
    tree = copy(name)
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=tree, env={**os.environ, **variables}, check=True)
    print(f"quality: {name}: {time.monotonic() - began:.0f} s")
    return tree


def copy(name: str) -> Path:
    """Copy what git knows or would take, as it is on disk now, to a folder below build/quality."""
    tree = WORK / name
    shutil.rmtree(tree, ignore_errors=True)
    argv = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for path in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\0"):
        if path and (ROOT / path).is_file():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, tree / path)
    return tree


if __name__ == "__main__":
    sys.exit(main())
