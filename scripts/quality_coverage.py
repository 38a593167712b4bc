"""What the in-process tests reach of each module, read from coverage's report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CORE = frozenset(
    f"shared/{name}.py"
    for name in (
        *(
            f"http/{part}"
            for part in ("base_url", "classify", "environment", "response", "session", "transport", "urls")
        ),
        *(
            f"journal/{part}"
            for part in ("claim", "entry", "reader", "retention", "schema", "states", "store", "submit")
        ),
        "paid_request",
        "security/keys",
        "signals",
    )
)
"""Where money and keys are decided: every branch of these has a test."""


@dataclass(frozen=True)
class Covered:
    """A module: its statements and branches together, and what no test reaches of them, in words."""

    name: str
    percent: float
    branches: int
    missing: str


def read_coverage(report: Path) -> list[Covered]:
    """Return the modules of coverage's JSON report, the core first.

    Raises:
        ValueError: a core module is not in the report, or nothing of it ran.
    """
    files: dict[str, Any] = json.loads(report.read_text("utf-8"))["files"]
    covered = [_covered(name, found) for name, found in files.items() if found["summary"]["num_statements"]]
    absent = CORE - {one.name for one in covered if one.percent}
    if absent:
        raise ValueError(f"coverage saw nothing of {', '.join(sorted(absent))}")
    return sorted(covered, key=lambda one: (one.name not in CORE, one.name))


def _covered(name: str, found: dict[str, Any]) -> Covered:
    summary = found["summary"]
    lines = [str(line) for line in found["missing_lines"]]
    branches = [f"{start}→{max(end, 0) or 'end'}" for start, end in found["missing_branches"]]
    missing = "; ".join(
        f"{what} {', '.join(places)}" for what, places in (("lines", lines), ("branches", branches)) if places
    )
    return Covered(name, summary["percent_covered"], summary["num_branches"], missing)
