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

Written by `make quality`; do not edit. It fails when a core module has a line or a branch without a test, when a
mutant lives without an explanation, and when the line of an explanation is gone.

## Branches

The modules that decide about money and keys: tests that start no launcher reach every line and branch of them.
Those that run the launchers come on top of that.

| module | branches | reached |
| --- | ---: | ---: |
{covered}

## Lives of a paid task

{lives} lives of {steps} steps each, in any order: requests, answers, losses, kills, resumes, other processes. None
was charged without a word of the user, and none lost an id that the service gave out (tests/model).

## Mutants

Each is one change to a core module; a test has to notice it.

| module | mutants | noticed |
| --- | ---: | ---: |
{tallies}

## Mutants that live, and why they may

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
