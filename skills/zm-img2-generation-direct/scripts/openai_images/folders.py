"""Folders whose files are believed later: they must be ours, and nobody else's to change."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from shared.errors import BadInput
from shared.files import disk_errors, make_private_folder
from shared.messages import shown
from shared.texts import Said

if TYPE_CHECKING:
    from pathlib import Path

OTHERS_MAY_WRITE = 0o002


def own_folder(path: Path, flag: str) -> Path:
    """Make the folder, or check that the one that is there is no link, belongs to us, and only we can change it.

    Raises:
        BadInput: `folder_unsafe`, with the flag that leads there.
        DiskError: `disk_failed`.
    """
    with disk_errors(path):
        make_private_folder(path)
        status = path.lstat()
    reason = None
    if stat.S_ISLNK(status.st_mode):
        reason = "is_a_link"
    elif hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        reason = "belongs_to_another"
    elif os.name != "nt" and status.st_mode & OTHERS_MAY_WRITE:
        reason = "others_may_write"
    if reason:
        raise BadInput("folder_unsafe", flag=flag, got=shown(path), reason=Said(reason))
    return path
