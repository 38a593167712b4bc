"""Private folders, atomic writes, safe names, and locks that end with their owner."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import secrets
import stat
from typing import TYPE_CHECKING

from shared.disk_reason import system_reason
from shared.errors import DiskError
from shared.trusted_folders import refuse_planted_links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
BLOCK = 1 << 20
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def disk_errors(path: Path, *, option: str | None = None) -> Iterator[None]:
    """Turn an OSError inside the block into a DiskError that names `path`, and the option that chose it."""
    try:
        yield
    except OSError as error:
        raise DiskError("disk_failed", path=path, reason=system_reason(error), option=option) from error


def make_private_folder(path: Path) -> None:
    """Make `path` and its missing parents, each with mode 700; existing folders keep theirs.

    Raises:
        DiskError: `disk_failed`, or `folder_planted`.
    """
    refuse_planted_links(path)
    with disk_errors(path):
        missing = []
        folder = path
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def make_own_folder(path: Path) -> None:
    """Create a private folder; refuse a link with its name, whoever created it.

    Raises:
        DiskError: `disk_failed`, or `folder_planted`.
    """
    make_private_folder(path)
    with disk_errors(path):
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def check_could_make(folder: Path, *, option: str | None = None) -> None:
    """Check, without making anything, that `folder` exists or could be made, and that files could be put there.

    `option` is the one that names the folder.

    Raises:
        DiskError: `disk_failed`.
    """
    with disk_errors(folder, option=option):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if hasattr(os, "statvfs") and os.statvfs(existing).f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def sync_folder(path: Path) -> None:
    """Flush the folder's own entries, so that a rename survives a power cut, where the file system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_file(path: Path) -> int:
    """Return a descriptor, for reading and writing, of a file that did not exist; mode 600.

    An existing file or link with that name is neither followed nor changed.

    Raises:
        FileExistsError: something has that name.
        OSError: it cannot be created.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NOFOLLOW | BINARY, PRIVATE_FILE)


def create_anew(path: Path) -> int:
    """Return a descriptor of a new empty file; an existing file of that name is unlinked, not truncated.

    Raises:
        OSError: it cannot be made, or a folder has that name.
    """
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return create_file(path)


def read_document(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file that we wrote; what replaced it must be a regular file, not a link.

    Raises:
        OSError: it is missing, not a regular file, a link, or larger than `max_bytes`.
    """
    if path.is_symlink():  # Windows cannot refuse links while it opens
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    descriptor = os.open(path, os.O_RDONLY | NOFOLLOW | BINARY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def open_to_append(path: Path) -> int:
    """Return a descriptor that adds to a file of this user's own, which is made with mode 600 where it is missing.

    Raises:
        OSError: it cannot be opened, or it is a link, not a regular file, or has a second name elsewhere.
    """
    if path.is_symlink():  # Windows cannot refuse links while it opens
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NOFOLLOW | BINARY | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, PRIVATE_FILE)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return descriptor


def write_atomically(path: Path, content: bytes, *, temporary: Path | None = None, durable: bool = True) -> None:
    """Replace `path` by `content` atomically, with mode 600: a reader sees the old file or the new one.

    `temporary` is a fixed name for a file whose only writer holds its lock, so that a killed writer leaves at most
    one stray file, which the next writer removes; by default the name is random. Either way the file is created
    new: a planted file is not written to. `durable` costs two flushes of the disk; without it, the file may not
    survive a power cut.

    Raises:
        OSError: nothing of `path` has changed then; a caller that serves people wraps it in `disk_errors`.
    """
    fixed, temporary = temporary, temporary or path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(create_anew(temporary) if fixed else create_file(temporary), "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  - Path.replace of Python 3.10 is out of reach for tests that fail or kill it
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_same_file(path: Path, digest: str) -> bool:
    """Return whether a regular file, no link to one, has that name and the hex SHA-256 `digest`."""
    return path.is_file() and not path.is_symlink() and sha256_of(path) == digest


def move_into_place(temporary: Path, target: Path, *, durable: bool = True) -> Path:
    """Rename a finished file to its final name without replacing a file; return the name it got.

    If the name is taken, use `<stem>-2<suffix>`, `-3` and so on: a file that a person edited or kept is never
    lost. The caller holds the lock of the task that the name belongs to, so no second writer checks the name at
    the same moment.
    """
    others = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in itertools.count(2))
    free = next(path for path in itertools.chain([target], others) if not os.path.lexists(path))
    os.replace(temporary, free)  # noqa: PTH105  - as above
    if durable:
        sync_folder(free.parent)
    return free


class Lock:
    """A kernel lock on a file that is never deleted; the kernel frees it when its owner ends, even by a kill.

    No process ids are stored or compared. Not re-entrant; a lock belongs to one thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never waits.

        Raises:
            OSError: the lock file cannot be opened, or the file system does not support locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE)
        try:
            taken = _lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if taken:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return taken

    def release(self) -> None:
        """Release the lock; does nothing when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)  # closing drops flock and msvcrt locks alike
            self._descriptor = None

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True
