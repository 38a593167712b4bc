"""The power is cut: of a run's writes only those are left that had been flushed to the disk by then."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from shared.journal import schema
from tests.contract.paid import KITE
from tests.journals import entries_in
from tests.launcher import Bench
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.thorough

CALL = re.compile(r"^\d+ +(\w+)\(\d+<([^>]*?(?:->[^>]*)?)>(.*)$")
WRITE = re.compile(r', "((?:\\x[0-9a-f]{2})*)"\.*, \d+, (\d+)\) = \d+')
SENT = "(network)"


def calls(trace: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each call that succeeded: its name, the path or connection it was about, and the rest of the line."""
    begun: dict[str, str] = {}
    for line in trace.read_text().splitlines():
        process = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        whole = re.sub(r"^(\d+ +)<\.\.\. \w+ resumed>", "", line)
        call = CALL.match(begun.pop(process) + whole if "resumed>" in line else line)
        if call and " = -1 " not in line:
            name, place, rest = call.groups()
            if "\\x" in place:
                place = bytes.fromhex(place.replace("\\x", "")).decode()
            yield name, place, rest


def synced_states(bench: Bench, trace: Path, folder: Path) -> list[str]:
    """Replay a trace on a copy of the journal as it was before; return its state after each flush, and sends."""
    files = {path.name: bytearray(path.read_bytes()) for path in folder.iterdir() if path.is_file()}
    moments: list[str] = []
    for name, place, rest in calls(trace):
        file = place.rpartition("/")[2]
        if place.startswith("TCP"):
            moments.append(SENT)
        elif not place.startswith(str(bench.journal)):
            continue
        elif name == "pwrite64":
            match = WRITE.match(rest)
            assert match, rest[-80:]
            data, offset = bytes.fromhex(match[1].replace("\\x", "")), int(match[2])
            content = files.setdefault(file, bytearray())
            content.extend(bytes(max(0, offset + len(data) - len(content))))
            content[offset : offset + len(data)] = data
        elif name == "ftruncate":
            del files.get(file, bytearray())[int(re.search(r", (\d+)\)", rest)[1]) :]  # type: ignore[index]
        else:
            (folder / file).write_bytes(files[file])
            moments.append(after_the_cut(folder))
    return moments


def after_the_cut(folder: Path) -> str:
    """Return the state of the task in what a power cut left, which has to be a whole database."""
    copy = folder.with_name("cut")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    connection = schema.connect(copy / "journal.db", "own")
    assert [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
    connection.close()
    return "".join(entry.state for entry in entries_in(copy / "journal.db") if entry.variant == "cut")


def test_the_disk_knows_of_a_request_before_its_first_byte_leaves(tmp_path: Path) -> None:
    with StandInHouse(task_seconds=0.0) as house:
        bench = Bench(tmp_path, house)
        assert bench.run(*KITE).code == 0
        before = tmp_path / "before"
        shutil.copytree(bench.journal.parent, before)
        trace = tmp_path / "trace"
        strace = ["strace", "-f", "-qqq", "-yy", "-xx", "-s", "1000000", "-o", str(trace)]
        watched = "trace=pwrite64,ftruncate,fsync,fdatasync,sendto,sendmsg,write"
        argv = [*strace, "-e", watched, *bench.argv(*KITE, "--variant", "cut")]
        subprocess.run(argv, env=bench.environment, cwd=bench.work, capture_output=True, check=True)
        moments = synced_states(bench, trace, before)
    first_byte = moments.index(SENT)
    assert moments[:first_byte][-1] == "submitting"
    known = [moment for moment in moments if moment not in (SENT, "")]
    assert known == sorted(known, key=["prepared", "submitting", "submitted", "succeeded"].index)
    assert known[-1] == "succeeded"
    assert SENT in moments[first_byte : moments.index("submitted")]
