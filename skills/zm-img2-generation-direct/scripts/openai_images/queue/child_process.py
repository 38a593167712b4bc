"""One child process of the queue, in its own process group, which is terminated together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, Literal

from openai_images.parent_watch import DESCRIPTOR_VARIABLE
from shared.files import create_anew, disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

POLL_INTERVAL = 0.05  # seconds between two checks of a child
MAX_LOG_BYTES = 1 << 20  # bytes kept of each stream
TRUNCATED = b"\n[the rest was not kept]\n"
LOG_BLOCK = 1 << 16
PUMP_TIMEOUT = 2.0  # seconds for the last bytes of a stream, after the group is gone

ExitReason = Literal["exited", "timed_out", "cancelled", "stopped"]


class ParentPipe:
    """A pipe whose writing end only this process holds: children read end of file once this process is gone."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reading)
        os.close(self._writing)


class Child:
    """A started child; the files `stdout` and `stderr` get the first MAX_LOG_BYTES of its output."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes,
        stdout: Path,
        stderr: Path,
        parent_pipe: ParentPipe,
        grace: float,
    ) -> None:
        self._grace = grace
        environment = dict(os.environ)
        group: dict[str, object] = {}
        if os.name == "nt":
            group["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        else:
            environment[DESCRIPTOR_VARIABLE] = str(parent_pipe.reading)
            group |= {"start_new_session": True, "pass_fds": (parent_pipe.reading,)}
        with _input_file(stdin, stdout.parent) as input_file:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                argv, stdin=input_file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **group
            )  # type: ignore[call-overload]
        self._pumps = [
            _pump(stream, path)
            for stream, path in ((self._process.stdout, stdout), (self._process.stderr, stderr))
            if stream is not None
        ]

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    def wait(self, seconds: float, stop_reason: Callable[[], ExitReason | None]) -> tuple[ExitReason, int]:
        """Wait for the child, at most `seconds` or until `stop_reason` returns a reason; return how it ended.

        Remaining processes of its group are killed, so that nothing holds its streams open.
        """
        deadline = time.monotonic() + seconds
        reason: ExitReason = "exited"
        while self._process.poll() is None:
            requested = "timed_out" if time.monotonic() >= deadline else stop_reason()
            if requested:
                reason = requested
                self._terminate()
                break
            time.sleep(POLL_INTERVAL)
        self._signal_group(getattr(signal, "SIGKILL", signal.SIGTERM))
        code = self._process.wait()
        for pump in self._pumps:
            pump.join(PUMP_TIMEOUT)
        return reason, code

    def _terminate(self) -> None:
        """Terminate the group, and wait for the grace period."""
        self._signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace)

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, number)


def _input_file(content: bytes, folder: Path) -> IO[bytes]:
    """Return an unnamed file with the child's input; a pipe would block on a child that does not read."""
    with contextlib.ExitStack() as closing, disk_errors(folder, option="--state-dir"):
        file = closing.enter_context(tempfile.TemporaryFile(dir=folder))
        file.write(content)
        file.seek(0)
        closing.pop_all()
    return file


def _pump(stream: IO[bytes], path: Path) -> threading.Thread:
    """Copy a stream into a file until its end; bytes beyond the limit are read and discarded."""

    def copy() -> None:
        left = MAX_LOG_BYTES
        with stream:
            with contextlib.suppress(OSError), os.fdopen(create_anew(path), "wb") as file:
                while block := os.read(stream.fileno(), LOG_BLOCK):
                    if left >= 0:
                        file.write(block[:left] + (TRUNCATED if len(block) > left else b""))
                        file.flush()
                    left -= len(block)
            while os.read(stream.fileno(), LOG_BLOCK):  # a log that cannot be written does not stop the child
                pass

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread
