"""The messages while a task runs, and how often an agent passes them on."""

from __future__ import annotations

import io

import pytest

from shared.i18n.catalog import Catalog
from shared.output.poll_reporter import PollReporter, ReminderInterval
from shared.output.progress import Reporter


def watched(
    *, live: bool = False, quiet: bool = False, rhythm: ReminderInterval | None
) -> tuple[PollReporter, io.StringIO]:
    stream = io.StringIO()
    catalog = Catalog("en")
    reporter = Reporter(catalog, stream, live=live, quiet=quiet, clock=lambda: 0.0)
    return PollReporter(reporter, [20.0, 40.0], rhythm=rhythm), stream


def told(stream: io.StringIO) -> list[str]:
    return [line for line in stream.getvalue().splitlines() if line.startswith("[tell the user]")]


def test_the_user_hears_every_fifteen_seconds_with_percent() -> None:
    watcher, stream = watched(rhythm=ReminderInterval(15.0, 40.0))
    for second in range(1, 62):
        watcher.update(float(second), None)
    assert [(line.split("%")[0].split()[-1], line.split("(")[1].split()[0]) for line in told(stream)] == [
        ("37", "15"),
        ("75", "30"),
        ("95", "45"),
        ("95", "60"),
    ]


def test_a_late_beat_is_told_once_and_not_made_up_for() -> None:
    watcher, stream = watched(rhythm=ReminderInterval(15.0, 40.0))
    for elapsed in (47.0, 48.0, 61.0):
        watcher.update(elapsed, None)
    assert len(told(stream)) == 2


@pytest.mark.parametrize("way", [{"live": True}, {"quiet": True}])
def test_a_live_line_or_quiet_leaves_the_rhythm_out(way: dict[str, bool]) -> None:
    watcher, stream = watched(rhythm=ReminderInterval(15.0, 40.0), **way)
    watcher.update(20.0, None)
    assert told(stream) == []


def test_without_a_rhythm_nothing_is_passed_on() -> None:
    watcher, stream = watched(rhythm=None)
    watcher.update(100.0, None)
    assert told(stream) == []
