"""Check the bundles in dist/ against the rules of ClawHub, OpenClaw and the validators (`make validate`).

Exit 0: no violation. 1: violations, one per line; a rule that checked nothing is one too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from skill_index import ROOT, Refused, read_index
from validation import code, files, head, pages, scan
from validation.bundle import Bundle, Rule

RULES: dict[str, Rule] = {
    "files": files.files,
    "manifest": files.manifest,
    "license": files.license_terms,
    "front matter": head.front_matter,
    "description": head.description,
    "identity": head.identity,
    "catalog": head.catalog,
    "requirements": code.requirements,
    "languages": code.languages,
    "variables": code.variables,
    "commands": pages.commands,
    "links": pages.links,
    "first publish": pages.first_publish,
    "static scan": scan.static_scan,
    "private": scan.private,
}


def breaches_of(bundle: Bundle) -> tuple[list[str], int]:
    """Return the violations of a bundle, one per line, and the number of checks."""
    wrong, inspected = [], 0
    for name, rule in RULES.items():
        verdicts = list(rule(bundle))
        inspected += len(verdicts)
        if not verdicts:
            verdicts = ["this rule found nothing to look at"]
        wrong += [f"{bundle.entry.slug}: {name}: {verdict}" for verdict in dict.fromkeys(verdicts) if verdict]
    return wrong, inspected


def same_shapes(bundles: list[Bundle]) -> list[str]:
    """Return the skills whose SKILL.md have the same headings, which ClawHub treats as a template."""
    shapes = Counter(pages.heading_shape(bundle) for bundle in bundles)
    return [
        f"{bundle.entry.slug}: headings: those of SKILL.md are another skill's too"
        for bundle in bundles
        if shapes[pages.heading_shape(bundle)] > 1
    ]


def validate(root: Path, dist: Path) -> list[str]:
    """Return the violations of all bundles of the index, and print what was checked.

    Raises:
        InvalidRequest: the index cannot be read.
    """
    bundles, wrong = [], []
    for entry in read_index(root):
        began = time.monotonic()
        bundle = Bundle(dist / entry.slug, entry, root)
        if not bundle.paths:
            wrong.append(f"{entry.slug}: files: {bundle.folder} holds nothing; make package")
            continue
        bundles.append(bundle)
        found, inspected = breaches_of(bundle)
        wrong += found
        spent = time.monotonic() - began
        print(f"{entry.slug}: {len(RULES)} rules, {inspected} things, {len(found)} breaches, {spent:.1f} s")
    return wrong + same_shapes(bundles)


def main() -> int:
    """Validate and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--dist", type=Path, help="where the bundles lie (default: <root>/dist)")
    arguments = parser.parse_args()
    try:
        wrong = validate(arguments.root, arguments.dist or arguments.root / "dist")
    except Refused as refusal:
        wrong = [str(refusal)]
    for breach in wrong:
        print(f"validate: {breach}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
