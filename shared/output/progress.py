"""Progress on stderr: lines, and one live line on a terminal."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import unicodedata
from typing import TYPE_CHECKING, TextIO

from shared.i18n.catalog import harmless
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.i18n.catalog import Catalog

STATUS_INTERVAL = 13.5  # seconds between two lines without a terminal; the contract allows 15
CLEAR_TO_END = "\x1b[K"
USUAL_COLUMNS = 80


def _columns(stream: TextIO | None) -> int:
    """Return the width of a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS if stream else USUAL_COLUMNS
    except (OSError, ValueError):
        return USUAL_COLUMNS


def _cut(text: str, columns: int) -> str:
    """Return the start of a text that fits on one line, or the next rewrite would leave a part of it behind."""
    width = 0
    for position, char in enumerate(text):
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width >= columns:
            return text[:position]
    return text


class Reporter:
    """Write progress to stderr, flushed immediately; never raise because the stream is closed."""

    def __init__(
        self,
        catalog: Catalog,
        stream: TextIO | None,
        *,
        quiet: bool = False,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
        bar: Callable[[float], str] | None = None,
    ) -> None:
        self.catalog = catalog
        self._stream = stream
        self._quiet = quiet
        self._live = live
        self._clock = clock
        self._bar = bar
        self._line_open = False
        self._last_line = clock()

    def info(self, message: str, /, **facts: object) -> None:
        """Write one line, unless quiet."""
        if not self._quiet:
            self._line(self.catalog.format(message, **facts))

    def always(self, message: str, /, **facts: object) -> None:
        """Write one line even with --quiet, such as an id."""
        self._line(self.catalog.format(message, **facts))

    def line(self, text: str) -> None:
        """Write one formatted line even with --quiet."""
        self._line(text)

    def notify_user(self, message: str, /, **facts: object) -> None:
        """Write a line marked for the agent to pass on; a person at a terminal sees the live line."""
        if not (self._quiet or self._live):
            self._line(self.catalog.format("for_user", words=self.catalog.format(message, **facts)))

    def status(self, message: str, /, *, progress: float | None = None, **facts: object) -> None:
        """Show the status of the wait: rewrite the live line of a terminal, else write a line now and then.

        On a terminal, a bar that is filled to `progress`, from 0 to 1, is shown before the message.
        """
        if self._quiet:
            return
        if self._live:
            text = harmless(self.catalog.format(message, **facts))
            line = text if progress is None or self._bar is None else f"{self._bar(progress)} {text}"
            self._write("\r" + _cut(line, _columns(self._stream)) + CLEAR_TO_END)
            self._line_open = True
        elif self._clock() - self._last_line >= STATUS_INTERVAL:
            self._line(self.catalog.format(message, **facts))

    @contextlib.contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Report that the work continues after 15 seconds of silence, such as while a request gets no answer."""
        if self._quiet or self._live:
            yield
            return
        started, done = self._clock(), threading.Event()

        def watch() -> None:
            while not done.wait(1.0):
                if self._clock() - self._last_line >= STATUS_INTERVAL + 0.5:
                    self.info("still_working", elapsed=f"{self._clock() - started:.0f}")

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def end(self) -> None:
        """Clear the live line, so that the next output starts on its own line."""
        if self._line_open:
            self._write("\r" + CLEAR_TO_END)
            self._line_open = False

    def _line(self, text: str) -> None:
        self.end()
        self._last_line = self._clock()
        self._write(harmless(text) + "\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):  # closed or full: continue
                self._stream.write(redact_keys(text))
                self._stream.flush()
