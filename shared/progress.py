"""What a person sees while a command works: lines on stderr, one live line on a terminal."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, TextIO

from shared.keys import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.messages import Catalogue

LINE_EVERY = 15.0  # seconds between two lines where there is no terminal
CLEAR_TO_END = "\x1b[K"


class Reporter:
    """Writes progress to stderr, flushed at once; never raises because nobody reads it."""

    def __init__(
        self,
        catalogue: Catalogue,
        stream: TextIO | None,
        *,
        quiet: bool = False,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.catalogue = catalogue
        self._stream = stream
        self._quiet = quiet
        self._live = live
        self._clock = clock
        self._line_open = False
        self._last_line = clock()

    def say(self, message: str, /, **facts: object) -> None:
        """Write one line, unless the person asked for quiet."""
        if not self._quiet:
            self._line(self.catalogue.say(message, **facts))

    def insist(self, message: str, /, **facts: object) -> None:
        """Write one line that nobody may miss, such as an id: --quiet does not silence it."""
        self._line(self.catalogue.say(message, **facts))

    def waiting(self, message: str, /, **facts: object) -> None:
        """Tell how the wait goes: rewrite the live line of a terminal, elsewhere a line every 15 seconds."""
        if self._quiet:
            return
        if self._live:
            self._write("\r" + self.catalogue.say(message, **facts) + CLEAR_TO_END)
            self._line_open = True
        elif self._clock() - self._last_line >= LINE_EVERY:
            self._line(self.catalogue.say(message, **facts))

    def end(self) -> None:
        """Take the live line away, so that what follows stands on a line of its own."""
        if self._line_open:
            self._write("\r" + CLEAR_TO_END)
            self._line_open = False

    def _line(self, text: str) -> None:
        self.end()
        self._last_line = self._clock()
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):  # closed or full: the work goes on
                self._stream.write(redact(text))
                self._stream.flush()
