"""Run the fault suite in random order, count the faults that were handled, and write docs/faults.md.

Exit 0: every row of the table was run and passed. Exit 1: not.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the table lies with the tests, which no set-up installs

from tests.faults.table import SECTIONS, TABLE  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.fault import End, Fault

DOCUMENT = ROOT / "docs" / "faults.md"
CASE = re.compile(r"test_survived\[([A-Z]\d+)-([a-z0-9-]+)\]")
WORKERS = "6"  # they are idle most of the time
HEAD = """\
# Faults

Written by `make faults` after a run of the complete table in `tests/faults/`. `make test` runs a part of it, and
compares this page with the table. {line}.

For each fault, the shipped launchers run as processes against simulated services at the services' real host
names. Every secret is a canary. A fault is survived if all of this is true:

- the exit code, the error code and the charges in the ledger are those of its row;
- the result's `charged` and `possible_charges` agree with the ledger and with the journal;
- every ID that the service issued is in the journal, or on both streams;
- no secret is in streams, files, arguments, child environments or requests to others, in any form: raw,
  URL-encoded, base64, hex, JSON-escaped, split or halved;
- there is no traceback and no line that starts with `MEDIA:`; stdout is one JSON document that fits its schema;
- it ends within its deadline plus 5 s (a paid request has its own limit of 60 s beyond that, see
  [money.md](money.md));
- no process is left; nothing changed outside state and output folders; no partial file has a final name;
- after exit 10, the same command sends nothing that costs and ends in the same way; that of generator-image reads
  its session, finds what was charged, and downloads it;
- the next command that the error names works once the fault is over, and costs what its row states.

A cell reads: exit code and error code, charges → exit code of the command that the error names, charges by then.
A fault *at every step* is tested once at the first step, once at the second, and so on to the last; the outcome
depends on the step. generator-image reads its session after a lost answer, which is why so many of its rows
succeed. Jumping clocks are also tested in process (`tests/faults/test_clocks.py`). Bad input has its own table
(`tests/faults/vectors/`).
"""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one fault with one skill."""

    survived: bool
    seconds: float = 0.0


class Results:
    """A pytest plugin that keeps the outcome of each case."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Outcome] = {}
        self.failures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of one test."""
        case = CASE.search(report.nodeid)
        if case and (report.when == "call" or report.failed):
            self.found[case[1], case[2]] = Outcome(report.passed, report.duration)


def cases() -> list[tuple[str, str]]:
    """Return every row with every skill that it concerns."""
    return [(number, slug) for number, fault in TABLE.items() for slug in fault.ends]


def verdict(wanted: Sequence[tuple[str, str]], found: Mapping[tuple[str, str], Outcome]) -> tuple[int, str]:
    """Return the exit code and the sentence: what was not run was not survived, no case at all is a failure."""
    survived = sum(case in found and found[case].survived for case in wanted)
    missing = sum(case not in found for case in wanted)
    not_run = f", {missing} not run" if missing else ""
    return int(survived < len(wanted) or not wanted), f"survived {survived} of {len(wanted)}{not_run}"


def rendered(found: Mapping[tuple[str, str], Outcome]) -> str:
    """Return the document."""
    sentence = verdict(cases(), found)[1]
    lines = [HEAD.format(line=sentence[0].upper() + sentence[1:])]
    for letter, (title, rows) in SECTIONS.items():
        slugs = [slug for slug in _slugs() if any(slug in fault.ends for fault in rows)]
        lines += [f"## {title}", "", f"| | fault | {' | '.join(slugs)} |", "| --- " * (len(slugs) + 2) + "|"]
        for number, fault in TABLE.items():
            if number.startswith(letter):
                cells = [_cell(fault, slug, found.get((number, slug))) for slug in slugs]
                lines.append(f"| {number} | {fault.title} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _slugs() -> list[str]:
    return list(dict.fromkeys(slug for fault in TABLE.values() for slug in fault.ends))


def _cell(fault: Fault, slug: str, outcome: Outcome | None) -> str:
    end = fault.ends.get(slug)
    if end is None:
        return "–"
    if outcome is None or not outcome.survived:
        return "**not survived**" if outcome else "**not run**"
    return "at every step" if fault.sweep else _end(end)


def _end(end: End) -> str:
    words = f"{end.code} {end.error or ''}".strip() + f", {end.charges}"
    if end.then is None:
        return words
    return f"{words} → {end.then}, {end.charges if end.after is None else end.after}"


def main() -> int:
    """Run the suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="", help="order of an earlier run")
    seed = parser.parse_args().seed or str(random.randrange(1_000_000))  # noqa: S311  - an order, no secret
    print(f"order: SEED={seed}", flush=True)
    os.environ["FAULTS_SEED"] = seed
    results, started = Results(), time.monotonic()
    arguments = ["tests/faults/test_faults.py", "-m", "", "-n", WORKERS, "-q"]
    arguments += ["--dist", "load", "--maxschedchunk", "1"]  # one after the other, in this order
    pytest.main(arguments, plugins=[results])
    code, line = verdict(cases(), results.found)
    if results.found.keys() == set(cases()):
        DOCUMENT.write_text(rendered(results.found), encoding="utf-8")
    print(f"{line} ({time.monotonic() - started:.0f} s)")
    return code


if __name__ == "__main__":
    sys.exit(main())
