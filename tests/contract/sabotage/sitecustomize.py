"""Loaded by a launcher's interpreter through PYTHONPATH: lets one of its steps on the disk go wrong.

SABOTAGE is `<how>:<n>`, n counting the steps from 1: `kill`, `stop`, `int` and `term` send that signal to the
process right before its n-th step; the name of an error (ENOSPC, EDQUOT, EROFS, ...) lets every step from the n-th
on fail with it. A step is
opening a file for writing, flushing it or its folder to the disk, or a rename, in folders of the names that
SABOTAGE_FOLDERS lists (else those of the journal and of the images), or a statement with which the journal's
database is changed. SABOTAGE_LOG names a file that gets a line for each. ROUTE is told in routes.py.
SIGNAL_AT_IMPORT is `<module>:<how>`: the process gets that signal when the module is about to be imported.
WALL_CLOCK_SHIFT is the number of seconds by which the wall clock is wrong.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import sys
from typing import Any

FOLDERS = os.environ.get("SABOTAGE_FOLDERS", "image2:locks:generated-images").split(":")
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "int": signal.SIGINT, "term": signal.SIGTERM}
FLUSH_FOLDER, BEGIN = "flush folder", "sql BEGIN"  # they need no room: a full disk does not stop them
SAID_BY_SQLITE = {"ENOSPC": "database or disk is full", "EROFS": "attempt to write a readonly database"}
CHANGES = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")

_open, _fsync, _replace = os.open, os.fsync, os.replace
_how, _, _number = os.environ.get("SABOTAGE", "none:0").partition(":")
_log = os.environ.get("SABOTAGE_LOG")
_paths: dict[int, str] = {}
_done = 0


def _step(name: str, path: str) -> None:
    global _done  # noqa: PLW0603  - one process, one count
    _done += 1
    if _log:
        line = _open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(line, f"{name} {path}".rstrip().encode() + b"\n")
        os.close(line)
    if _how in SIGNALS and _done == int(_number):
        os.kill(os.getpid(), SIGNALS[_how])
    elif hasattr(errno, _how) and _done >= int(_number) and name not in (FLUSH_FOLDER, BEGIN):
        if name.startswith("sql"):
            raise sqlite3.OperationalError(SAID_BY_SQLITE.get(_how, "disk I/O error"))
        raise OSError(getattr(errno, _how), os.strerror(getattr(errno, _how)), path)


def _watched(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)) in FOLDERS  # noqa: PTH119, PTH120  - pathlib keeps os.replace


def _counting_open(path: Any, flags: int, *more: Any, **named: Any) -> int:
    path_text = os.fspath(path)
    if flags & (os.O_WRONLY | os.O_RDWR) and _watched(path_text):
        _step("open", path_text)
    descriptor = _open(path, flags, *more, **named)
    _paths[descriptor] = path_text
    return descriptor


def _counting_fsync(descriptor: int) -> None:
    path = _paths.pop(descriptor, "")
    if _watched(path):
        _step("flush", path)
    elif os.path.basename(path) in FOLDERS:  # noqa: PTH119
        _step(FLUSH_FOLDER, path)
    _fsync(descriptor)


def _counting_replace(source: Any, target: Any, **named: Any) -> None:
    if _watched(os.fspath(target)):
        _step("rename", os.fspath(target))
    _replace(source, target, **named)


class _CountingConnection(sqlite3.Connection):
    def execute(self, statement: str, *values: Any) -> Any:
        verb, _, rest = statement.partition(" ")
        if verb in CHANGES:
            _step(f"sql {verb}", rest if verb == "BEGIN" else "")
        return super().execute(statement, *values)


_connect = sqlite3.connect
setattr(sqlite3, "connect", lambda *names, **named: _connect(*names, **named, factory=_CountingConnection))  # noqa: B010

for _name, _counting in (("open", _counting_open), ("fsync", _counting_fsync), ("replace", _counting_replace)):
    setattr(os, _name, _counting)

if "ROUTE" in os.environ:
    __import__("routes")  # it lies beside this file, and does its work when it is imported

if "SIGNAL_AT_IMPORT" in os.environ:
    _module, _, _signal = os.environ["SIGNAL_AT_IMPORT"].partition(":")

    class _Finder:
        @staticmethod
        def find_spec(name: str, *_more: Any) -> None:
            if name == _module:
                os.kill(os.getpid(), SIGNALS[_signal])

    sys.meta_path.insert(0, _Finder)

if "WALL_CLOCK_SHIFT" in os.environ:
    import datetime as dt
    import time

    _shift, _time = float(os.environ["WALL_CLOCK_SHIFT"]), time.time

    class _Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz) + dt.timedelta(seconds=_shift)

    setattr(time, "time", lambda: _time() + _shift)  # noqa: B010
    setattr(dt, "datetime", _Shifted)  # noqa: B010
