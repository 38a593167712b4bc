"""The copy of the result document that --result-file asks for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from shared.files import write_atomically


def could_be_result_file(path: str) -> bool:
    """Tell whether a file may be put there: nothing else has that name, and the folder exists."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except FileNotFoundError:
        return Path(path).parent.is_dir() and not Path(path).is_symlink()
    except OSError:
        return False


def write_result_file(path: Path, text: str) -> None:
    """Put the text there, whole or not at all.

    Raises:
        OSError: it cannot be written, or something that is no file has that name.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # a device would be replaced by a file
    write_atomically(path, text.encode())
