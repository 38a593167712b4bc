"""Writes docs/quality.md from what `make quality` measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality_coverage import CORE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quality_coverage import Covered
    from quality_mutation import Mutant, Tally

TEXT = """\
# What the tests prove

Written by `make quality`; do not edit. It fails if a core module has a line or a branch without a test, if a
mutant survives without an explanation, or if the line of an explanation is gone.

## Branches

The modules that decide about money and keys. Tests that start no launcher reach all of their lines and branches;
the tests that run launchers come on top.

| module | branches | reached |
| --- | ---: | ---: |
{covered}

## Lives of a paid task

{lives} lives of {steps} steps each, in any order: requests, answers, losses, kills, resumes, other processes. None
was charged without the user's consent, and none lost an ID that the service issued (tests/model).

## Mutants

Each is one change to a core module; a test must detect it.

| module | mutants | detected |
| --- | ---: | ---: |
{tallies}

## Surviving mutants, and why they may survive

{survivors}
"""


def page(
    covered: Iterable[Covered],
    tallies: Iterable[Tally],
    survivors: Mapping[Mutant, str],
    *,
    lives: int,
    steps: int,
) -> str:
    """Return the page; every survivor comes with its reason."""
    return TEXT.format(
        covered="\n".join(
            f"| {one.name} | {one.branches} | {one.percent:.1f} % |" for one in covered if one.name in CORE
        ),
        lives=lives,
        steps=steps,
        tallies="\n".join(f"| {one.module} | {one.mutants} | {one.caught} |" for one in tallies),
        survivors="\n".join(
            f"- `{mutant.where}`: `{mutant.before}` → `{mutant.after or '(gone)'}`: {reason}"
            for mutant, reason in sorted(survivors.items())
        )
        or "None.",
    )
