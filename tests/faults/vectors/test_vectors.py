"""Unusable input is refused before a connection is opened, costs nothing, leaves no files, and is explained.

The rows run inside this process, through the function that the launcher calls, with streams of their own and
without a network; what differs in a process of its own (the launcher, the encoding of argv, the streams, the time
it takes) is shown by the rows that are marked `process`, which run both ways.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.faults.vectors import ima, image2, nemo, zm
from tests.faults.vectors.materials import lay_out
from tests.faults.vectors.runner import Unplugged, nothing_written, told
from tests.launcher import SKILLS, Bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.faults.vectors.row import Row, Table
    from tests.providers.house import StandInHouse

TABLES = (image2.TABLE, ima.TABLE, zm.TABLE, nemo.TABLE)
LEAST = 250  # rows
QUICK = 2.0  # seconds of the processor for a refusal by a process, which takes a tenth of that
OPTION = re.compile(r"(?m)^  (?:-\w, )?(--[a-z][a-z-]+)")
SUBCOMMAND = re.compile(r"(?m)^  ([a-z]+)  ")

AT_ONCE = 80  # rows that a test runs, in one home: each must leave it as it was
VECTORS = [(table, row) for table in TABLES for row in table.rows]
BY_PROCESS = [pytest.param(table, row, id=f"{row.launcher} {row.name}") for table, row in VECTORS if row.process]
CHUNKS = [
    pytest.param(table, table.rows[start : start + AT_ONCE], id=f"{table.skill} from {table.rows[start].name}")
    for table in TABLES
    for start in range(0, len(table.rows), AT_ONCE)
]


def made(table: Table, row: Row | None, folder: Path, house: StandInHouse | None = None) -> Bench:
    """Return a bench with all that lies about when a row runs, or when any does."""
    folder.mkdir(exist_ok=True)
    bench = Bench(folder, house, skill=table.skill, environment=dict(table.environment))
    lay_out(bench.work, row.argv if row else None)
    for name, content in {**table.files, **(row.files if row else {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    return bench


@pytest.mark.parametrize(("table", "rows"), CHUNKS)
def test_refused(table: Table, rows: Sequence[Row], tmp_path: Path) -> None:
    usual = made(table, None, tmp_path / "usual")
    found = []
    for number, row in enumerate(rows):
        bench = made(table, row, tmp_path / str(number)) if row.files else usual
        try:
            with pytest.MonkeyPatch.context() as patch:
                refuse(bench, row, patch)
        except AssertionError as error:
            found.append(f"{row.launcher} {row.name}: {error}")
    assert found == []


def refuse(bench: Bench, row: Row, patch: pytest.MonkeyPatch) -> None:
    """Hold a row to it: refused by its code, with its sentence, without a connection and without a trace."""
    unplugged = Unplugged(bench, patch)
    with nothing_written(bench):
        error = told(unplugged.run(row.launcher, *row.argv, stdin=row.stdin, env=dict(row.env)), row.code)
    assert unplugged.calls == []
    assert error["code"] == (row.error or error["code"])
    assert [words for words in row.says if words not in error["message"]] == [], error["message"]


@pytest.mark.parametrize(("table", "row"), BY_PROCESS)
def test_refused_by_the_launcher_at_once(table: Table, row: Row, tmp_path: Path, house: StandInHouse) -> None:
    bench = made(table, row, tmp_path, house)
    seen = len(house.proxy.connects), len(house.recorder.requests)
    started = os.times()
    with nothing_written(bench):
        error = told(bench.run(row.launcher, *row.argv, stdin=row.stdin, env=row.env), row.code)
    ended = os.times()
    assert ended.children_user + ended.children_system - started.children_user - started.children_system < QUICK
    assert (len(house.proxy.connects), len(house.recorder.requests)) == seen
    assert [words for words in row.says if words not in error["message"]] == []


def test_no_table_is_short_of_rows() -> None:
    assert len(VECTORS) >= LEAST
    assert len({(table.skill, row.launcher, row.argv, tuple(row.env.items()), tuple(row.files.items()), row.stdin)
                for table in TABLES for row in table.rows}) == len(VECTORS), "a row stands twice"  # fmt: skip
    for table in TABLES:
        counted = Counter(row.launcher for row in table.rows)
        assert {name: count for name, count in table.least.items() if counted[name] < count} == {}
        assert counted.keys() == table.least.keys()
        launchers = {path.name for path in (SKILLS / table.skill / "scripts").glob("*.py")}
        assert launchers == table.least.keys()
        assert {row.launcher for row in table.rows if row.process} == launchers
    assert len(BY_PROCESS) == sum(len(table.least) for table in TABLES), (
        "one for each launcher: processes are dear"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.skill)
def test_every_option_of_every_command_has_a_row(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unplugged = Unplugged(made(table, None, tmp_path), monkeypatch)

    def shown(*argv: str) -> str:
        ended = unplugged.run(*argv, "--help")
        assert ended.code == 0
        return ended.stdout.decode() + capsys.readouterr().out

    without = []
    for launcher in table.least:
        page = shown(launcher)
        commands = SUBCOMMAND.findall(page.partition("Commands:")[2])
        for command in [[name] for name in commands] or [[]]:
            tried = {word.partition("=")[0] for row in table.rows for word in row.argv
                     if row.launcher == launcher and [*row.argv[: len(command)]] == command}  # fmt: skip
            page = shown(launcher, *command) if command else page
            options = set(OPTION.findall(page)) - {"--help", "--version", "--json"}
            without += [(launcher, *command, option) for option in sorted(options - tried)]
    assert without == [], without
