"""OpenClaw's folders: its state, the agent's workspace, and those from which files are attached to a reply."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import BadInput, ConfigurationError, DiskError
from shared.files import PRIVATE_FOLDER, create_file
from shared.i18n.catalog import short_repr
from shared.interpreters import home_folder
from shared.openclaw import config_files

if TYPE_CHECKING:
    from shared.openclaw.config_files import Config

MEDIA_KEPT_FOR = 7 * 24 * 3600  # seconds
ROOTS_IN_STATE = ("media", "agents", "workspace", "sandboxes")
"""Folders below the state folder from which OpenClaw attaches files, besides the agent's workspace."""

OUTPUT_IN_STATE = (("agents",), ("workspace",), ("sandboxes",), ("generated-images",))
"""Folders below the state folder that an agent works in: files there were put by --output-dir."""


def user_home() -> Path:
    """Return the home folder of the person.

    Raises:
        ConfigurationError: `no_home`: neither a variable nor the system names one with an absolute path.
    """
    home = home_folder()
    if not home:
        raise ConfigurationError("no_home")
    return Path(home)


def expand_path(text: str) -> Path:
    """Return an absolute path with a leading `~` put in full; `~somebody` is a name like any other.

    Raises:
        ConfigurationError: `no_home`.
        DiskError: `current_folder_gone`, for a relative path.
    """
    path = user_home() / text[2:] if text == "~" or text.startswith(("~/", "~\\")) else Path(text)
    try:
        return path.absolute()
    except FileNotFoundError as error:
        raise DiskError("current_folder_gone") from error


def openclaw_home() -> Path:
    """Return the folder that OpenClaw uses as home; a relative OPENCLAW_HOME is in the home folder."""
    moved = os.environ.get("OPENCLAW_HOME", "").strip()
    return _in_home(moved) if moved else user_home()


def _in_home(text: str) -> Path:
    """Return an absolute path; a relative one is resolved in the home folder, not the current one."""
    path = Path(text)
    if text == "~" or text.startswith(("~/", "~\\")):
        path = expand_path(text)
    elif not path.is_absolute():
        path = user_home() / text
    return Path(os.path.normpath(path))


def state_folders() -> list[Path]:
    """Return the current state folder, then `~/.openclaw` if that is a different one.

    The gateway may have a variable that a terminal does not have, so both are searched. A relative
    OPENCLAW_STATE_DIR is in the home folder: in the current one, each folder would have a journal of its own, and
    pay again.

    Raises:
        ConfigurationError: `no_home`, unless OPENCLAW_STATE_DIR is absolute.
    """
    moved = os.environ.get("OPENCLAW_STATE_DIR", "").strip()
    in_force = _in_home(moved) if moved else openclaw_home() / ".openclaw"
    default = [user_home() / ".openclaw"] if home_folder() else []
    return list(dict.fromkeys([in_force, *default]))


def config_path() -> Path:
    """Return the path of OpenClaw's own configuration."""
    moved = os.environ.get("OPENCLAW_CONFIG_PATH")
    return expand_path(moved) if moved else state_folders()[0] / "openclaw.json"


def load_config() -> Config:
    """Return OpenClaw's configuration with its includes, and the source file of each value.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is not a JSON5 object.
        ConfigurationError: `include_refused`.
    """
    named = os.environ.get("OPENCLAW_INCLUDE_ROOTS", "").split(os.pathsep)
    return config_files.load_config(config_path(), [expand_path(root.strip()) for root in named if root.strip()])


def read_config() -> dict[str, Any]:
    """Return OpenClaw's configuration with its includes; raises as `load_config` does."""
    return load_config().document


def configured_workspace() -> Path | None:
    """Return the agent's workspace as openclaw.json names it, None when it does not or cannot be read."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError, ConfigurationError):
        named = os.fspath(read_config()["agents"]["defaults"]["workspace"])
        if b"\0" not in os.fsencode(named):  # half a character fails here
            return expand_path(named)
    return None


def workspace(state: Path) -> Path:
    """Return the agent's workspace: the one that openclaw.json names, else the default one."""
    return configured_workspace() or state / "workspace"


def enclosing_skill(folder: Path) -> Path | None:
    """Return the folder of the skill that contains `folder` (the one with SKILL.md), None outside of skills."""
    folder = folder.resolve()
    files = ((parent, parent / "SKILL.md") for parent in (folder, *folder.parents))
    return next((parent for parent, file in files if os.path.isfile(file)), None)  # noqa: PTH113  - this one never raises


def output_folder(output_dir: str | None, state: Path, *, default: Path | None = None) -> Path:
    """Return the output folder: --output-dir, else `default`, else `generated-images` below the current folder.

    If the current folder is inside a skill's folder, use the agent's workspace, or else the home folder: nothing
    is ever written inside a skill.

    Raises:
        BadInput: `output_dir_invalid` or `output_dir_in_skill` for an explicit folder.
    """
    if output_dir is not None:
        folder = expand_path(output_dir)
        if not output_dir.strip() or not output_dir.isprintable() or _is_no_folder(folder):
            raise BadInput("output_dir_invalid", flag="--output-dir", got=short_repr(output_dir))
        skill = enclosing_skill(folder)
        if skill:
            raise BadInput("output_dir_in_skill", flag="--output-dir", got=short_repr(output_dir), skill=skill)
        return Path(os.path.normpath(folder))
    if default is not None:
        return default
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise DiskError("current_folder_gone") from error
    if enclosing_skill(here):
        here = workspace(state) if workspace(state).is_dir() else user_home()
    return here / "generated-images"


def _is_no_folder(path: Path) -> bool:
    """Return whether the path cannot be a folder: it is a file, below a file, in a loop of links, or too long."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, PermissionError):
        return False
    except OSError:
        return True


def is_attachable(path: Path, state: Path) -> bool:
    """Return whether OpenClaw attaches files from this path."""
    roots = (workspace(state), *(state / name for name in ROOTS_IN_STATE))
    real = path.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def attachment_folder(local_id: str, state: Path) -> Path:
    """Return the folder of a task's attachments in the state folder, made where it is missing.

    Raises:
        OSError: it could not be made, or a link has its name.
    """
    media = state / "media" / "image-skills"
    folder = media / local_id
    for level in (media, folder):  # both are made here, so neither is a link, and nothing is cleared behind one
        level.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        if level.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    _clear(media)
    return folder


def attachable_path(picture: Path, local_id: str, state: Path) -> Path:
    """Return a path of this image that OpenClaw may attach: itself, or a hard link or copy in the state folder.

    Raises:
        OSError: the copy could not be written.
    """
    picture = picture.absolute()
    if is_attachable(picture, state):
        return picture
    target = attachment_folder(local_id, state) / picture.name
    if target.exists() and target.samefile(picture) and not target.is_symlink():
        return target
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    real = picture.resolve()
    try:
        os.link(real, target)
    except OSError:
        with real.open("rb") as source, os.fdopen(create_file(target), "wb") as copy:
            shutil.copyfileobj(source, copy)
    return target


def _clear(media: Path) -> None:
    """Remove attachments that are older than a week; their originals are in the output folder."""
    with contextlib.suppress(OSError):
        for folder in media.iterdir():
            if time.time() - folder.lstat().st_mtime > MEDIA_KEPT_FOR:
                shutil.rmtree(folder, ignore_errors=True)  # a link is left alone
