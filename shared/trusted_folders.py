"""Check whether another user of this machine controls where a folder's path leads, or its content."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from shared.errors import DiskError

MAX_LINKS = 40  # on the path to one folder; more is a loop, as in Linux
OTHERS_MAY_WRITE = stat.S_IWOTH
Trouble = Literal["link", "owner", "mode"]


def untrusted_part(path: Path, *, private: bool = False) -> tuple[Path, Trouble] | None:
    """Return the first part of a folder's path that another user may have planted, and why; None if there is none.

    The rule for links is that of Linux's `fs.protected_symlinks`, applied everywhere: a link is followed if it
    belongs to this user, to root, or to the owner of the folder that contains it. With `private`, this also
    applies to every folder inside one that everyone can write to, and such a folder needs the sticky bit: without
    it, anyone can replace its content. Windows has no such owners, so nothing is refused there.
    """
    if not hasattr(os, "geteuid"):
        return None
    *ahead, here = reversed([Path(part) for part in path.absolute().parts])
    links = 0
    while ahead:
        step = ahead.pop()
        if step.name == "..":
            here = here.parent
            continue
        try:
            holder, status = here.stat(), (here / step).lstat()
        except OSError:
            return None  # what is not there was not planted
        trusted = status.st_uid in {os.geteuid(), 0, holder.st_uid}
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if not trusted or links > MAX_LINKS:
                return here / step, "link"
            ahead += reversed([Path(part) for part in (here / step).readlink().parts])
            continue
        here /= step
        if private and holder.st_mode & OTHERS_MAY_WRITE and not trusted:
            return here, "owner"
        if private and status.st_mode & OTHERS_MAY_WRITE and not status.st_mode & stat.S_ISVTX:
            return here, "mode"
    return None


def refuse_planted_links(path: Path) -> None:
    """Check that no other user controls by a link where `path` leads.

    Raises:
        DiskError: `folder_planted`, naming the link.
    """
    planted = untrusted_part(path)
    if planted:
        raise DiskError("folder_planted", path=path, link=planted[0])
