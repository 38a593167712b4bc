"""One child process of the queue: in a group of its own, watched, ended with everything that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, Literal

from openai_images.parent_watch import VARIABLE
from shared.files import create_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LOOK = 0.05  # seconds between two looks at a child
LARGEST_LOG = 1 << 20  # bytes kept of each stream
CUT = b"\n[the rest was not kept]\n"
BLOCK = 1 << 16
LATE = 2.0  # seconds for the last bytes of a stream, after the group is gone

Reason = Literal["exited", "timed_out", "cancelled", "stopped"]


class Lifeline:
    """A pipe whose writing end only this process holds: its children read its end when this process is gone."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()

    def close(self) -> None:
        """Let go of both ends."""
        os.close(self.reading)
        os.close(self._writing)


class Child:
    """A started child; `stdout` and `stderr` are files that get the beginning of what it writes."""

    def __init__(
        self, argv: Sequence[str], *, stdin: bytes, stdout: Path, stderr: Path, lifeline: Lifeline, grace: float
    ) -> None:
        self._grace = grace
        environment = dict(os.environ)
        group: dict[str, object] = {}
        if os.name == "nt":
            group["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        else:
            environment[VARIABLE] = str(lifeline.reading)
            group |= {"start_new_session": True, "pass_fds": (lifeline.reading,)}
        with tempfile.TemporaryFile() as given:  # a pipe would block on a child that does not read
            given.write(stdin)
            given.seek(0)
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                argv, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **group
            )  # type: ignore[call-overload]
        self._pumps = [
            _pump(stream, path)
            for stream, path in ((self._process.stdout, stdout), (self._process.stderr, stderr))
            if stream is not None
        ]

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    def supervise(self, seconds: float, why_end: Callable[[], Reason | None]) -> tuple[Reason, int]:
        """Wait for the child, for `seconds` at most or until `why_end` gives a reason; return how it ended.

        Whatever it started and left in its group is killed, so nothing holds its streams open.
        """
        deadline = time.monotonic() + seconds
        reason: Reason = "exited"
        while self._process.poll() is None:
            wanted = "timed_out" if time.monotonic() >= deadline else why_end()
            if wanted:
                reason = wanted
                self._end()
                break
            time.sleep(LOOK)
        self._signal_group(getattr(signal, "SIGKILL", signal.SIGTERM))
        code = self._process.wait()
        for pump in self._pumps:
            pump.join(LATE)
        return reason, code

    def _end(self) -> None:
        """Terminate, then kill."""
        self._signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace)

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, number)


def _pump(stream: IO[bytes], path: Path) -> threading.Thread:
    """Copy a stream into a file until its end; what is beyond the limit is read and dropped."""

    def copy() -> None:
        left = LARGEST_LOG
        with stream:
            with contextlib.suppress(OSError), os.fdopen(create_anew(path), "wb") as file:
                while block := os.read(stream.fileno(), BLOCK):
                    if left >= 0:
                        file.write(block[:left] + (CUT if len(block) > left else b""))
                        file.flush()
                    left -= len(block)
            while os.read(stream.fileno(), BLOCK):  # a log that cannot be written does not stop the child
                pass

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread
