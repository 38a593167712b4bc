"""Write files that the user names: the result document and a draft; only our own documents are replaced."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import BadInput
from shared.files import check_could_make, read_document, write_atomically
from shared.i18n.catalog import short_repr
from shared.openclaw.folders import enclosing_skill, expand_path

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 64 << 20  # of an earlier result: far more than any has
Trouble = Literal["no_folder", "link", "not_a_file", "not_ours"]


RESULT_KEYS = frozenset(("schema_version", "ok", "skill", "skill_version", "charged", "possible_charges"))
"""What every result has, of any version; other programs' documents have a `schema_version` too."""


def is_result(document: Any) -> bool:
    """Return whether a JSON document is a result document."""
    return isinstance(document, dict) and document.keys() >= RESULT_KEYS


def why_not_replaceable(path: str, is_ours: Callable[[Any], bool]) -> Trouble | None:
    """Return why nothing may be written there; None for a free name, an empty file or a result document."""
    file = Path(path)
    try:
        if file.is_symlink():
            return "link"
        if not os.path.lexists(file):
            return None if file.parent.is_dir() else "no_folder"
        if not file.is_file():
            return "not_a_file"
        content = read_document(file, MAX_BYTES)
        return None if not content or is_ours(json.loads(content)) else "not_ours"
    except OSError:
        return "not_a_file"
    except (ValueError, RecursionError):  # a name with NUL, too
        return "not_ours"


def check_written_file(flag: str, path: str, is_ours: Callable[[Any], bool], *, taken: str) -> None:
    """Check a file that the user names as an output: not a link, in an existing folder outside a skill's.

    Raises:
        BadInput: such as `taken`, the message for a file that is neither empty nor a document of this skill.
        DiskError: its folder cannot be written to.
    """
    is_name = path.isprintable() and path.strip() not in ("", "-")  # "-" is not standard output here
    problem = why_not_replaceable(path, is_ours) if is_name else "no_folder"
    if problem:
        code = {"not_ours": taken, "link": "result_file_link"}.get(problem, "result_file_invalid")
        raise BadInput(code, flag=flag, got=short_repr(path))
    skill = enclosing_skill(expand_path(path).parent)
    if skill:
        raise BadInput("output_dir_in_skill", flag=flag, got=short_repr(path), skill=skill)
    check_could_make(Path(path).absolute().parent, option=flag)


def write_replaceable(path: Path, content: bytes, is_ours: Callable[[Any], bool]) -> None:
    """Write the content atomically.

    Raises:
        OSError: it cannot be written, or the existing file is not a result document.
    """
    problem = why_not_replaceable(str(path), is_ours)
    if problem and problem != "no_folder":  # the write itself reports what is wrong with the folder
        number = errno.EEXIST if problem == "not_ours" else errno.EINVAL
        raise OSError(number, os.strerror(number))
    write_atomically(path, content)
