"""SIGINT and SIGTERM end a command in order, and wait where a paid task could be lost."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from shared.signals import (
    Interrupted,
    defer_signals,
    discard_pending,
    handle_signals,
    ignore,
    pending,
    set_deferred_note,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def _signals() -> Iterator[None]:
    assert threading.current_thread() is threading.main_thread()
    with handle_signals():
        yield


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@BOTH
def test_a_signal_becomes_an_error_that_no_retry_swallows(number: signal.Signals) -> None:
    before = handlers()
    with pytest.raises(Interrupted) as caught, handle_signals():
        signal.raise_signal(number)
    assert caught.value.signal_number == number
    assert not isinstance(caught.value, Exception)
    assert handlers() == before


def test_another_thread_leaves_the_handlers_alone() -> None:
    before, inside = handlers(), []

    def work() -> None:
        with handle_signals():
            inside.extend(handlers())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == before


class Block:
    """Steps inside a held block: signals that come, and work whose traces are left in `done`."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def run(
        self, *steps: signal.Signals | str | Exception | Callable[[], None], uninterruptible: bool = False
    ) -> None:
        with defer_signals(uninterruptible=uninterruptible):
            for step in steps:
                self._take(step)

    def firm(self, *steps: signal.Signals | str) -> Callable[[], None]:
        return lambda: self.run(*steps, uninterruptible=True)

    def _take(self, step: signal.Signals | str | Exception | Callable[[], None]) -> None:
        if isinstance(step, signal.Signals):
            signal.raise_signal(step)
        elif isinstance(step, str):
            self.done.append(step)
        elif isinstance(step, Exception):
            raise step
        else:
            step()


@pytest.fixture
def block() -> Block:
    return Block()


@pytest.mark.usefixtures("_signals")
@BOTH
def test_a_held_signal_is_raised_when_the_block_ended_well(
    block: Block, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    set_deferred_note("已收到中断")
    with pytest.raises(Interrupted) as caught:
        block.run(number, "the rest")
    assert caught.value.signal_number == number
    assert block.done == ["the rest"]
    assert capfd.readouterr().err == "已收到中断\n"


@pytest.mark.usefixtures("_signals")
def test_the_second_signal_ends_a_held_block_at_once(block: Block, capfd: pytest.CaptureFixture[str]) -> None:
    set_deferred_note("Interrupted")
    with pytest.raises(Interrupted) as caught:
        block.run(signal.SIGINT, "between", signal.SIGTERM, "after")
    assert caught.value.signal_number == signal.SIGTERM
    assert block.done == ["between"]
    assert capfd.readouterr().err.count("Interrupted") == 1
    block.run("nothing is left over")


@pytest.mark.usefixtures("_signals")
def test_a_firm_block_ends_first_however_many_signals_come(
    block: Block, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Interrupted):
        block.run(*[signal.SIGINT] * 5, "written", uninterruptible=True)
    assert block.done == ["written"]
    assert capfd.readouterr().err == "", "it takes milliseconds: nothing to explain"


@pytest.mark.usefixtures("_signals")
def test_blocks_may_be_nested_and_the_outermost_raises(block: Block) -> None:
    with pytest.raises(Interrupted):
        block.run(block.firm(signal.SIGINT, signal.SIGINT, "inner"), "outer")
    assert block.done == ["inner", "outer"]


@pytest.mark.usefixtures("_signals")
def test_a_firm_block_protects_only_itself(block: Block) -> None:
    with pytest.raises(Interrupted) as caught:
        block.run(block.firm(signal.SIGINT, "inner"), signal.SIGTERM, "outer")
    assert caught.value.signal_number == signal.SIGTERM
    assert block.done == ["inner"]


@pytest.mark.usefixtures("_signals")
def test_a_block_that_fails_tells_its_own_error_and_the_signal_waits_on(block: Block) -> None:
    with pytest.raises(ZeroDivisionError):
        block.run(signal.SIGINT, ZeroDivisionError())
    with pytest.raises(Interrupted):
        block.run("next")
    assert block.done == ["next"]


@pytest.mark.usefixtures("_signals")
def test_a_waiting_signal_can_be_dropped() -> None:
    with defer_signals():
        signal.raise_signal(signal.SIGINT)
        discard_pending()
    with defer_signals():
        pass


def test_a_signal_left_over_does_not_reach_the_next_run(block: Block) -> None:
    with handle_signals(), pytest.raises(ZeroDivisionError):
        block.run(signal.SIGINT, ZeroDivisionError())
    with handle_signals():
        block.run("next")
    assert block.done == ["next"]


@pytest.mark.usefixtures("_signals")
def test_a_block_may_ask_whether_it_should_end_early() -> None:
    asked = []
    with defer_signals():
        asked.append(pending())
        signal.raise_signal(signal.SIGINT)
        asked.append(pending())
        discard_pending()
        asked.append(pending())
    assert asked == [False, True, False]


@pytest.mark.usefixtures("_signals")
def test_another_thread_neither_holds_a_signal_back_nor_drops_one(block: Block) -> None:
    def work() -> None:
        with defer_signals():
            discard_pending()

    def elsewhere() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    with pytest.raises(Interrupted):
        block.run(signal.SIGINT, elsewhere, "the rest")
    assert block.done == ["the rest"]


def test_a_command_that_has_ended_is_not_interrupted_while_it_tells_how(block: Block) -> None:
    with handle_signals():
        ignore()
        signal.raise_signal(signal.SIGINT)
        block.run(signal.SIGTERM, "told")
    with pytest.raises(Interrupted), handle_signals():
        signal.raise_signal(signal.SIGINT)


def test_without_signals_held_is_nothing() -> None:
    with defer_signals(), defer_signals(uninterruptible=True):
        pass
