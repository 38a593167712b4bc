"""Mutants of the core modules: which tests have to catch them, which live, and which of these are explained."""

from __future__ import annotations

import configparser
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAUGHT = frozenset(("killed", "timeout"))
INTERNAL_WORDS = r"raise (AssertionError|TimeoutError|TypeError|ValueError)\("
"""Their texts are not shown: they are bugs, or converted to a message of the catalog where they are caught."""


class Mutant(NamedTuple):
    """A change that mutmut made: in which function, and the changed line before and after (empty: gone)."""

    where: str
    before: str
    after: str


@dataclass(frozen=True)
class Tally:
    """How many mutants of a module were made and caught."""

    module: str
    mutants: int
    caught: int


@dataclass(frozen=True)
class Outcomes:
    """What became of a group's mutants."""

    tallies: list[Tally]
    survivors: set[Mutant]


@dataclass(frozen=True)
class Group:
    """Core modules, and the test modules that have to catch their mutants, `at_once` on one processor."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    at_once: int = 1

    def configure(self, tree: Path) -> None:
        """Write mutmut's settings into a copy of the repository."""
        settings = configparser.ConfigParser(interpolation=None)
        settings["mutmut"] = {
            "source_paths": "shared",
            "only_mutate": "\n".join(["", *(f"shared/{module}.py" for module in self.modules)]),
            "do_not_mutate_patterns": INTERNAL_WORDS,
            "also_copy": "\nskills\nscripts\nclawhub.json\nCHANGELOG.md",
            "pytest_add_cli_args": "\n-n\n0\n-p\nno:cacheprovider",
            "pytest_add_cli_args_test_selection": "\n".join(["", *(f"tests/{test}.py" for test in self.tests)]),
            "timeout_multiplier": "3",
            "timeout_constant": "10",
            "use_setproctitle": "false",
        }
        with (tree / "setup.cfg").open("w", encoding="utf-8") as file:
            settings.write(file)


GROUPS = (
    Group(
        "journal",
        (
            "journal/claim",
            "journal/entry",
            "journal/reader",
            "journal/retention",
            "journal/schema",
            "journal/states",
            "journal/store",
            "journal/submit",
            "paid_request",
        ),
        (
            "shared/test_entry",
            "shared/test_journal",
            "shared/test_journal_lookup",
            "shared/test_journal_resume",
            "shared/test_journal_retention",
            "shared/test_journal_store",
            "shared/test_spend",
            "shared/test_spend_corrected",
        ),
    ),
    Group(
        "keys",
        ("http/base_url", "http/urls", "security/keys", "signals"),
        (
            "shared/test_interrupts",
            "shared/test_keys",
            "shared/test_keys_edges",
            "shared/test_service_url",
            "shared/test_urls",
        ),
    ),
    Group(
        "http",
        ("http/classify", "http/environment", "http/response", "http/session", "http/transport"),
        (
            "shared/test_for_direct_calls",
            "shared/test_http",
            "shared/test_http_ends",
            "shared/test_listen",
            "shared/test_put",
            "shared/test_trouble",
        ),
        at_once=2,  # its tests wait half of the time
    ),
)


def outcomes(tree: Path, mutmut: list[str]) -> Outcomes:
    """Read the outcome of each mutant from a finished run.

    Raises:
        ValueError: nothing was mutated, or some mutants were never tried.
    """
    statuses = dict(
        line.strip().rsplit(": ", 1) for line in _ask(tree, [*mutmut, "results", "--all", "true"]).splitlines()
    )
    if not statuses or "not checked" in statuses.values():
        raise ValueError(f"mutmut did not finish; see {tree / 'mutmut.log'}")
    made = Counter(_module(name) for name in statuses)
    caught = Counter(_module(name) for name, status in statuses.items() if status in CAUGHT)
    alive = [name for name, status in statuses.items() if status not in CAUGHT]
    return Outcomes(
        [Tally(module, made[module], caught[module]) for module in sorted(made)],
        {_mutant(name, _ask(tree, [*mutmut, "show", name])) for name in alive},
    )


def _ask(tree: Path, argv: list[str]) -> str:
    return subprocess.run(argv, cwd=tree, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def _module(name: str) -> str:
    """Return the module in mutmut's name of a mutant."""
    return re.split(r"\.x[_ǁ]", name)[0]


def _source(where: str, sources: Path) -> Path | None:
    """Return the file of a function: the longest beginning of its name that is one; None when it is gone."""
    parts = where.split(".")
    paths = (sources.joinpath(*parts[:length]).with_suffix(".py") for length in range(len(parts), 0, -1))
    return next((path for path in paths if path.is_file()), None)


def _mutant(name: str, shown: str) -> Mutant:
    """Make a mutant of mutmut's name, as in shared.files.xǁLockǁrelease__mutmut_4, and the diff that it shows."""
    function = name.removeprefix(_module(name)).rpartition("__mutmut_")[0]
    where = _module(name) + function.replace(".xǁ", ".").replace(".x_", ".").replace("ǁ", ".")
    _, _, diff = shown.partition("@@")
    lines = diff.splitlines()[1:]
    before, after = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Mutant(where, before, after)


def read_explanations(path: Path) -> dict[Mutant, str]:
    """Return why each survivor on the list may live.

    A block of the file is a function, one changed line (-), what it became (+, one line a mutant; + alone: it
    was taken out) and the reason (=).

    Raises:
        ValueError: a block is not like that.
    """
    explained: dict[Mutant, str] = {}
    blocks = path.read_text("utf-8").split("\n\n")
    for block in (block for block in blocks if not block.startswith("#")):
        where, *lines = block.strip().splitlines()
        before, reason = (" ".join(line[2:] for line in lines if line[0] == sign) for sign in "-=")
        after = [line[2:] for line in lines if line[0] == "+"]
        if not (before and reason and after):
            raise ValueError(f"{path.name}: expected a function, -, + and = in:\n{block}")
        explained |= {Mutant(where, before, one): reason for one in after}
    return explained


def compare(survivors: set[Mutant], explained: Mapping[Mutant, str], sources: Path) -> list[str]:
    """Return a sentence for each survivor that is not explained and each explanation whose line is gone.

    A mutant that a test caught this time may stay explained: some live only when the machine is slow.
    """
    return [
        *(f"no test notices {_told(mutant)}" for mutant in sorted(survivors - explained.keys())),
        *(
            f"the line of an explanation is gone: {_told(mutant)}"
            for mutant in sorted(explained)
            if mutant.before not in _text(_source(mutant.where, sources))
        ),
    ]


def _text(path: Path | None) -> str:
    """Return a module's lines as `_mutant` joins those of a diff."""
    return "" if path is None else " ".join(line.strip() for line in path.read_text("utf-8").splitlines())


def _told(mutant: Mutant) -> str:
    return f"{mutant.where}\n- {mutant.before}\n+ {mutant.after}"
