"""Part files: unfinished files under a random name that cannot be guessed or planted in advance."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from shared.files import BINARY, NOFOLLOW, create_file, move_into_place

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PART_NAME = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{16}\.part")


class PartFile:
    """An unfinished file, open for reading and writing; removed at the end unless it was moved.

    `identity` is its device and inode, which identify it even if another user replaces the file of its name.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        status = os.fstat(descriptor)
        self.identity = status.st_dev, status.st_ino
        self.file = open(path, "r+b", opener=lambda _path, _flags: descriptor)  # noqa: SIM115  - unlike fdopen, it knows its name

    @classmethod
    def create(cls, target: Path, *, alone: bool = True) -> PartFile:
        """Create the part of `target` beside it.

        The caller holds the lock of the task that the name belongs to, so the remains of killed runs for the same
        target are removed first. Without that lock (not `alone`), nothing is removed.

        Raises:
            OSError: the file cannot be created.
        """
        if alone:
            remove_left_over_parts(target)
        path = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        return cls(path, create_file(path))

    @classmethod
    def reopen(cls, target: Path, name: str, identity: tuple[int, int]) -> PartFile:
        """Return the part of that name that an earlier run kept for `target`, if it is still the same file.

        Raises:
            ValueError: the name is not one of a part of this target.
            OSError: it is missing, or something else has its name now.
        """
        match = PART_NAME.fullmatch(name)
        if not match or match["target"] != target.name:
            raise ValueError("not a part of this target")
        path = target.with_name(name)
        if path.is_symlink():  # Windows cannot refuse links while it opens
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        descriptor = os.open(path, os.O_RDWR | NOFOLLOW | BINARY | getattr(os, "O_NONBLOCK", 0))
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or (status.st_dev, status.st_ino) != identity:
            os.close(descriptor)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return cls(path, descriptor)

    def clear(self) -> None:
        """Empty the file, for another try."""
        self.file.seek(0)
        self.file.truncate()

    def sync(self) -> None:
        """Flush what was written to the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def move_to(self, target: Path, *, durable: bool = True) -> Path:
        """Rename the finished file to its final name, or the next free one; return that.

        Raises:
            OSError: the file could not be moved, or another user has put something else in its place.
        """
        self.file.close()  # Windows moves no open file
        status = self.path.lstat()
        if (status.st_dev, status.st_ino) != self.identity:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return move_into_place(self.path, target, durable=durable)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk has been reported by the write
            self.file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def remove_left_over_parts(target: Path, *, but: str | None = None) -> None:
    """Remove the part files of one target that killed runs left; links and other kinds of files stay untouched."""
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            match = PART_NAME.fullmatch(entry.name)
            if match and match["target"] == target.name and entry.name != but:
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        os.unlink(entry.path)  # noqa: PTH108  - a scanned entry has no Path
