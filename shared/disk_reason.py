"""Explain a disk error: the system's text, and the message with the same meaning in both languages."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from shared.errors import DiskError, SkillError, bug_error
from shared.i18n.messages import MessageRef, SystemReason

_CAUSES = {
    "full": ("ENOSPC",),
    "quota": ("EDQUOT",),
    "read_only": ("EROFS",),
    "long_name": ("ENAMETOOLONG",),
    "no_rights": ("EACCES", "EPERM"),
    "file_limit": ("EFBIG",),
    "open_files": ("EMFILE", "ENFILE"),
    "broken": ("EIO", "ENXIO", "ENODEV", "EREMOTEIO"),
    "no_folder": ("ENOTDIR",),
    "taken": ("EEXIST", "EISDIR", "ENOTEMPTY"),
    "gone": ("ENOENT",),
    "link": ("ELOOP",),
    "no_locks": ("ENOLCK", "ENOSYS", "EOPNOTSUPP"),
}
_NUMBERS = ((getattr(errno, name, None), cause) for cause, names in _CAUSES.items() for name in names)
CAUSES = {number: cause for number, cause in _NUMBERS if number is not None}
"""The cause of each error number that has a remedy of its own; not every platform has every number."""


def system_reason(error: OSError) -> SystemReason:
    """Return why the system refused."""
    cause = CAUSES.get(error.errno or 0)
    return SystemReason(error.strerror or type(error).__name__, MessageRef(f"disk_{cause}") if cause else None)


def unexpected_error(failure: Exception) -> SkillError:
    """Return the error of an unexpected exception: a disk error if the system refused a file, else a bug."""
    if isinstance(failure, OSError) and failure.errno in CAUSES and isinstance(failure.filename, str | bytes):
        return DiskError("disk_failed", path=Path(os.fsdecode(failure.filename)), reason=system_reason(failure))
    return bug_error(failure)
