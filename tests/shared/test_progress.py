"""Lines on stderr for those who read a pipe, one live line for a person at a terminal."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import pytest

from shared.cli.progress_bar import bar_text
from shared.i18n.catalog import Catalog
from shared.output.progress import CLEAR_TO_END, STATUS_INTERVAL, Reporter
from shared.security import keys
from shared.security.keys import Secret
from tests.shared.fakes import FakeClock

if TYPE_CHECKING:
    from typing import Any

FACTS: dict[str, Any] = {"word": "pending", "expected": "none"}


class Listener:
    """A reporter with a fake clock, and what it wrote."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.stream = io.StringIO()
        self.reporter = Reporter(Catalog("en"), self.stream, clock=self.clock, **options)

    def wait(self, seconds: int) -> None:
        """Report a wait every second."""
        for _ in range(seconds):
            self.clock.now += 1
            self.reporter.status("waiting", elapsed=f"{self.clock.now - 100:.0f}", **FACTS)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def seconds(self) -> list[int]:
        """When a line of waiting was written."""
        return [int(line.partition(" ")[0]) for line in self.text.splitlines() if line[0].isdigit()]


def test_without_a_terminal_a_line_comes_at_least_every_15_seconds() -> None:
    listener = Listener()
    listener.wait(60)
    assert listener.seconds == [14, 28, 42, 56]
    assert listener.text.splitlines()[0] == "14 s: pending (none)"


def test_any_other_line_starts_the_15_seconds_anew() -> None:
    listener = Listener()
    listener.wait(10)
    listener.reporter.info("reason_timeout")
    listener.wait(20)
    assert listener.seconds == [24]


@pytest.mark.parametrize(("options", "lines"), [({}, 1), ({"quiet": True}, 0), ({"live": True}, 0)])
def test_a_request_without_an_answer_is_no_silence(options: dict[str, bool], lines: int) -> None:
    listener = Listener(**options)
    with listener.reporter.heartbeat():
        listener.clock.now += STATUS_INTERVAL + 1
        patience = time.monotonic() + 5
        while lines and not listener.text and time.monotonic() < patience:
            time.sleep(0.01)
    assert listener.text == "14 s: still working\n" * lines


def test_on_a_terminal_there_is_one_live_line() -> None:
    listener = Listener(live=True)
    listener.wait(3)
    assert listener.text == "".join(f"\r{second} s: pending (none){CLEAR_TO_END}" for second in (1, 2, 3))


def test_what_follows_a_live_line_stands_on_a_line_of_its_own() -> None:
    listener = Listener(live=True)
    listener.wait(1)
    before = listener.text
    listener.reporter.info("reason_timeout")
    assert listener.text == f"{before}\r{CLEAR_TO_END}it did not answer in time\n"
    listener.reporter.end()
    listener.reporter.end()
    assert listener.text.count(CLEAR_TO_END) == 2, "there is no live line any more"


def test_quiet_silences_all_but_what_nobody_may_miss() -> None:
    for live in (False, True):
        listener = Listener(quiet=True, live=live)
        listener.wait(60)
        listener.reporter.info("reason_timeout")
        listener.reporter.notify_user("reason_timeout")
        assert listener.text == ""
        listener.reporter.always("task_accepted", task_id="77", local_id="here")
        assert listener.text == "Accepted by the service: task 77 (local ID: here).\n"


def test_a_line_for_the_user_is_marked_where_an_agent_reads() -> None:
    agent, person = Listener(), Listener(live=True)
    for listener in (agent, person):
        listener.reporter.notify_user("reason_timeout")
    assert agent.text.endswith("it did not answer in time\n")
    assert agent.text != "it did not answer in time\n"
    assert person.text == ""


class Broken(io.StringIO):
    """A stream that cannot be written."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    def write(self, _text: str, /) -> int:
        raise self.failure


@pytest.mark.parametrize(
    "stream",
    [None, Broken(BrokenPipeError()), Broken(OSError(28, "full")), Broken(ValueError("closed"))],
    ids=["none", "pipe", "full", "closed"],
)
@pytest.mark.parametrize("live", [False, True])
def test_a_stream_that_nobody_reads_stops_no_work(stream: io.StringIO | None, *, live: bool) -> None:
    reporter = Reporter(Catalog("en"), stream, live=live)
    reporter.always("reason_timeout")
    reporter.status("waiting", elapsed="1", **FACTS)
    reporter.end()


def test_a_closed_stream_stops_no_work() -> None:
    stream = io.StringIO()
    reporter = Reporter(Catalog("en"), stream)
    stream.close()
    reporter.always("reason_timeout")


def test_every_line_is_flushed() -> None:
    flushed = []

    class Watched(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    Reporter(Catalog("en"), Watched()).info("reason_timeout")
    assert flushed == ["it did not answer in time\n"]


def test_keys_and_signatures_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_in_play", {})
    Secret("dummy-key-of-many-letters")
    listener = Listener()
    words = "dummy-key-of-many-letters at https://img.example/one.png?sig=1"
    listener.reporter.info("error_line", message=words)
    assert listener.text == "Error: ****ters at https://img.example/one.png\n"


def test_a_bar_is_drawn_on_a_terminal_only() -> None:
    shown = {}
    for live in (True, False):
        stream = io.StringIO()
        clock = FakeClock()
        reporter = Reporter(Catalog("en"), stream, live=live, clock=clock, bar=bar_text)
        clock.now += 20
        reporter.status("waiting", progress=0.5, elapsed="20", **FACTS)
        shown[live] = stream.getvalue()
    assert shown[True].startswith("\r[############------------] 50% 20 s: ")
    assert shown[False].startswith("20 s: ")


def test_a_live_line_never_wraps() -> None:
    stream = io.StringIO()
    reporter = Reporter(Catalog("zh"), stream, live=True)
    reporter.status("waiting", elapsed="1", word="生成中" * 40, expected="-")
    line = stream.getvalue().removeprefix("\r").removesuffix("\x1b[K")
    assert sum(2 if ord(char) > 255 else 1 for char in line) < 80


@pytest.mark.parametrize(
    ("share", "text"), [(-1, " 0%"), (0.0, " 0%"), (0.999, "99%"), (1.0, "100%"), (7, "100%")]
)
def test_a_bar_is_full_only_at_the_end(share: float, text: str) -> None:
    assert bar_text(share).endswith(text)
    assert ("-" in bar_text(share)) is (share < 1)
