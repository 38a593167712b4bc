"""Ids, key files and prompt files of every skill: no crash, no charge, nothing written or printed of elsewhere.

Quick by default; `make faults` (the mark `thorough`) tries more.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.contract.inside import QuickBench
from tests.faults.subjects import IMAGE2, SUBJECTS
from tests.providers.house import StandInHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.subjects import Subject

SECRET = "dummy-secret-of-somebody"
CODES = frozenset((0, 2, 3, 4, 7, 8, 9, 11, 12, 13, 14))
"""Every exit code that an id or a file from outside may lead to: never 1, which is a bug."""
QUICK, THOROUGH = 12, 100  # examples
IDS = st.one_of(
    st.sampled_from(
        ["../../../openclaw", "..", ".", "/etc/passwd", "x" * 300, "~/secret", "a\nMEDIA:/x", "a/../b", "%2e%2e",
         "a?b#c"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.from_regex(r"\A20261201T1[0-9]{5}Z-[0-9a-f]{8}\Z"),
).filter(lambda name: not name.startswith("-"))  # fmt: skip
KEY_FILES = st.one_of(
    st.binary(max_size=60),
    st.text("X_API_KEY='\"=$\\ #\n\r\0é", max_size=40).map(str.encode),
    st.sampled_from(
        [b"X_API_KEY=", b"X_API_KEY=a\0b", b"\xff\xfe", b"X_API_KEY=" + b"k" * 70_000, b"export X_API_KEY='a"]
    ),
)  # fmt: skip


def fuzz(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


class Plot:
    """A home with someone's secret, a configuration and a victim beside it, of which nothing may change."""

    def __init__(self, folder: Path, house: StandInHouse, subject: Subject) -> None:
        self.bench = QuickBench(folder, house, subject.slug)
        self.bench.environment.pop("X_API_KEY", None)
        subject.give_key(self.bench, house, f"{subject.key_start}dummy-key-of-this-test")
        self.house = house
        (self.bench.home / ".openclaw").mkdir(exist_ok=True)
        self.configuration = self.bench.home / ".openclaw" / "openclaw.json"
        if not self.configuration.exists():
            self.configuration.write_text("{}")
        (self.bench.home / "secret").write_text(SECRET)
        (self.bench.folder / "victim").mkdir()
        self.before = self._outside()

    def _outside(self) -> dict[str, bytes]:
        ours = (self.bench.home / ".openclaw" / name for name in ("image-skills", "logs", "memory", "media"))
        folders = tuple(map(str, (*ours, self.bench.home / ".config", self.bench.work)))
        return {
            str(path): path.read_bytes()
            for path in self.bench.folder.rglob("*")
            if path.is_file() and not str(path).startswith(folders)
        }

    def check(self, launcher: str, *words: str) -> None:
        """Run a command both ways, and hold it to all that was promised."""
        for more in ((), ("--json",)):
            ended = self.bench.run(launcher, *words, *more)
            text = ended.talk + ended.stdout.decode("utf-8", "replace")
            assert ended.code in CODES, (launcher, words, text[-1500:])
            assert SECRET not in text
            assert not any(
                line.strip(" \t\u200b\ufeff").upper().startswith("MEDIA:") for line in text.splitlines()
            )
        assert self._outside() == self.before
        assert len(self.house.ledger) == 0
        assert not any(".." in request.path.split("/") for request in self.house.recorder.requests)


@pytest.fixture
def house() -> Iterator[StandInHouse]:
    with StandInHouse(task_seconds=0.0) as standing:
        yield standing


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.slug)
def plot(request: pytest.FixtureRequest, tmp_path: Path, house: StandInHouse) -> Plot:
    return Plot(tmp_path, house, request.param)


def try_id(plot: Plot, identifier: str) -> None:
    for command in ("show", "forget", "resume"):
        plot.check("tasks.py", command, identifier, *(("--timeout", "1") if command == "resume" else ()))
    if plot.bench.skill == IMAGE2.slug:
        plot.check("query_task.py", identifier)


def try_prompt_file(plot: Plot, name: str) -> None:
    launcher, *words = next(subject for subject in SUBJECTS if subject.slug == plot.bench.skill).command
    words = words[: words.index("--json")]
    plot.check(launcher, *words, "--dry-run", "--prompt-file", name)


@fuzz(QUICK)
@given(identifier=IDS)
@example(identifier="../../../openclaw")
def test_an_id_is_only_an_id(plot: Plot, identifier: str) -> None:
    try_id(plot, identifier)


@pytest.mark.thorough
@fuzz(THOROUGH)
@given(identifier=IDS)
def test_an_id_is_only_an_id_thoroughly(plot: Plot, identifier: str) -> None:
    try_id(plot, identifier)


@fuzz(QUICK)
@given(name=IDS)
def test_any_name_of_a_prompt_file(plot: Plot, name: str) -> None:
    try_prompt_file(plot, name)


@pytest.mark.thorough
@fuzz(THOROUGH)
@given(name=IDS)
def test_any_name_of_a_prompt_file_thoroughly(plot: Plot, name: str) -> None:
    try_prompt_file(plot, name)


@pytest.mark.parametrize("planted", ["file", "link", "folder", "pipe"])
def test_a_planted_key_file(planted: str, tmp_path: Path, house: StandInHouse) -> None:
    plot = Plot(tmp_path, house, IMAGE2)
    plot.bench.environment.pop("X_API_KEY")
    key_file = plot.bench.home / ".config" / "image2" / ".env"
    key_file.parent.mkdir(parents=True)

    def try_content(content: bytes) -> None:
        if planted == "file":
            key_file.write_bytes(content)
            key_file.chmod(0o600)
        elif planted == "link" and not key_file.is_symlink():
            key_file.symlink_to(plot.bench.home / "secret")
        elif planted == "folder":
            key_file.mkdir(exist_ok=True)
        elif planted == "pipe" and not key_file.exists():
            os.mkfifo(key_file)
        plot.check(*IMAGE2.command[:5], "--prompt", "a cup", "--dry-run", "--use-local-key")
        plot.check("doctor.py", "--use-local-key")

    if planted == "file":
        fuzz(QUICK)(given(KEY_FILES)(try_content))()
    else:
        try_content(b"")
