"""Folders whose files are trusted later: only this user may own and change them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from shared.errors import BadInput
from shared.files import disk_errors, make_private_folder
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.trusted_folders import untrusted_part

if TYPE_CHECKING:
    from pathlib import Path


def private_folder(path: Path, flag: str) -> Path:
    """Create the folder, or check that it is this user's, not a link, and safe from changes by others.

    Raises:
        BadInput: `folder_unsafe`, naming the flag.
        DiskError: `disk_failed`, or `folder_planted`.
    """
    unsafe = untrusted_part(path, private=True)
    if not unsafe:
        with disk_errors(path, option=flag):
            make_private_folder(path)
            status = path.lstat()
        unsafe = untrusted_part(path, private=True)  # once more, now that all of it is there
        if stat.S_ISLNK(status.st_mode):
            unsafe = path, "link"
        elif hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            unsafe = path, "owner"
    if unsafe:
        part, trouble = unsafe
        reason = "is_a_link"
        if trouble == "owner":
            reason = "belongs_to_another"
        elif trouble == "mode":
            reason = "others_may_write"
        raise BadInput(
            "folder_unsafe", flag=flag, got=short_repr(path), part=short_repr(part), reason=MessageRef(reason)
        )
    return path
