"""What of a result OpenClaw may attach to a reply: the file itself, or a copy that chats accept."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.disk_reason import system_reason
from shared.i18n.messages import CommandText, MessageRef
from shared.interpreters import install_line
from shared.launch import DEPENDENCIES
from shared.openclaw.folders import attachable_path, attachment_folder
from shared.output.result import shell_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shared.output.progress import Reporter

MAX_ATTACHMENT_BYTES = 6_000_000  # bytes; chat channels refuse more
CHAT_COPY = ("auto", "never")
PILLOW = "pillow>=11.3"


def attachable(
    rows: Iterable[tuple[Mapping[str, Any], str]], state: Path, reporter: Reporter, chat_copy: str
) -> Iterator[str]:
    """Yield a path of each saved file that may be attached; a copy is made under the id beside the file's row."""
    paths = (attached_path(row, identifier, state, reporter, chat_copy) for row, identifier in rows)
    yield from filter(None, paths)


def attached_path(
    row: Mapping[str, Any], identifier: str, state: Path, reporter: Reporter, chat_copy: str
) -> str | None:
    """Return a path of a saved file that OpenClaw may attach, None if there is none; report what is too large.

    `row` is one of the result's images, or a file like it. An image of more than 6 MB gets a smaller copy with
    `chat_copy` "auto"; the original stays as it is, and both are named.
    """
    path = Path(row["path"])
    try:
        if row["bytes"] > MAX_ATTACHMENT_BYTES:
            copy = _smaller(row, path, attachment_folder(identifier, state), reporter, chat_copy)
            if copy:
                return str(copy)
        return str(attachable_path(path, identifier, state))
    except OSError as failure:
        reporter.always("not_attachable", path=path, reason=system_reason(failure))
        return None


def _smaller(row: Mapping[str, Any], path: Path, folder: Path, reporter: Reporter, chat_copy: str) -> Path | None:
    """Return a copy of a large image that chats accept; without one, say why the original is too large."""
    from shared.output.chat_copy import NoCopyError, make_chat_copy  # noqa: PLC0415  - seldom needed

    facts: dict[str, Any] = {"path": path, "megabytes": f"{row['bytes'] / 1e6:.1f}"}
    reporter.always("picture_large", **facts)
    if chat_copy == "never" or not str(row.get("media_type")).startswith("image/"):
        return None
    try:
        copy = make_chat_copy(path, folder / f"{path.stem}-chat", max_bytes=MAX_ATTACHMENT_BYTES)
    except NoCopyError as failure:
        if failure.reason == "needs_pillow":
            reporter.always("chat_copy_needs_pillow", command=CommandText(_pillow_line()))
        else:
            reporter.always("chat_copy_failed", path=path, reason=MessageRef(f"copy_{failure.reason}"))
    except OSError as failure:
        reporter.always("chat_copy_failed", path=path, reason=system_reason(failure))
    else:
        reporter.always("chat_copy_made", copy=copy.path, size=f"{copy.bytes / 1e6:.1f}", path=path)
        return copy.path
    return None


def _pillow_line() -> str:
    """Return the command that adds Pillow to this interpreter, or without pip (uv) to the skills' own one."""
    if importlib.util.find_spec("pip"):
        return shell_line([sys.executable, "-I", "-m", "pip", "install", PILLOW])
    return install_line([*DEPENDENCIES.values(), "json5>=0.12", PILLOW])
