"""What the audit makes of pip-audit's report: a vulnerability and an audit of nothing both fail."""

from __future__ import annotations

import json

import pytest
from audit import complaints

LOOKED_UP = {"name": "click", "version": "8.1.8", "vulns": []}
SKIPPED = {"name": "urllib3", "skip_reason": "Dependency not found on PyPI and could not be audited"}
FOUND = {"name": "requests", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNFIXED = {"name": "json5", "version": "0.1", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([LOOKED_UP], []),
        (
            [LOOKED_UP, FOUND, UNFIXED],
            ["requests 2.0: PYSEC-1, fixed in 2.1", "json5 0.1: PYSEC-2, fixed in none"],
        ),
        ([LOOKED_UP, SKIPPED], ["these: not audited: urllib3"]),
        ([SKIPPED], ["these: nothing was audited: the advisory database cannot be reached from here"]),
        ([], ["these: nothing was audited: the advisory database cannot be reached from here"]),
    ],
)
def test_only_packages_that_were_looked_up_and_found_clean_pass(
    packages: list[dict[str, object]], expected: list[str]
) -> None:
    assert complaints("these", json.dumps({"dependencies": packages, "fixes": []})) == expected


@pytest.mark.parametrize("report", ["", "[]", "null", "no JSON"])
def test_without_a_report_nothing_was_audited(report: str) -> None:
    (sentence,) = complaints("these", report)
    assert sentence.startswith("these: nothing was audited")
