"""The copy of the result document that --result-file asks for."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Literal

from shared.files import read_document, write_atomically

MAX_BYTES = 64 << 20  # of an earlier result: far more than any has
Trouble = Literal["no_folder", "link", "not_a_file", "not_a_result"]


def why_not_result_file(path: str) -> Trouble | None:
    """Return why no result may be written there; None for a free name, an empty file or an earlier result."""
    file = Path(path)
    try:
        if file.is_symlink():
            return "link"
        if not os.path.lexists(file):
            return None if file.parent.is_dir() else "no_folder"
        if not file.is_file():
            return "not_a_file"
        content = read_document(file, MAX_BYTES)
        document = json.loads(content) if content else {"schema_version": 1}
    except OSError:
        return "not_a_file"
    except (ValueError, RecursionError):  # a name with NUL, too
        return "not_a_result"
    return None if isinstance(document, dict) and "schema_version" in document else "not_a_result"


def write_result_file(path: Path, text: str) -> None:
    """Put the text there, whole or not at all.

    Raises:
        OSError: it cannot be written, or what has that name is not an earlier result.
    """
    trouble = why_not_result_file(str(path))
    if trouble and trouble != "no_folder":  # the write itself says what is wrong with the folder
        number = errno.EEXIST if trouble == "not_a_result" else errno.EINVAL
        raise OSError(number, os.strerror(number))
    write_atomically(path, text.encode())
