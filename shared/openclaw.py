"""OpenClaw's folders: its state, the agent's workspace, and where a file must lie to be attached to a reply."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

from shared.errors import BadInput, ConfigurationError, DiskError
from shared.files import PRIVATE_FOLDER
from shared.messages import shown

MEDIA_KEPT = 7 * 24 * 3600  # seconds
ROOTS_IN_STATE = ("media", "agents", "workspace", "sandboxes")
"""Folders below the state folder from which OpenClaw attaches files, besides the agent's workspace."""


def user_home() -> Path:
    """Return the home folder of the person.

    Raises:
        ConfigurationError: `no_home`, when neither a variable nor the system tells.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise ConfigurationError("no_home") from error


def openclaw_home() -> Path:
    """Return what OpenClaw takes for the home folder."""
    moved = os.environ.get("OPENCLAW_HOME")
    return Path(moved).expanduser().absolute() if moved else user_home()


def state_folders() -> list[Path]:
    """Return the state folder in force, then `~/.openclaw` when that is another.

    The gateway may have a variable that a terminal has not, so both are looked in.
    """
    moved = os.environ.get("OPENCLAW_STATE_DIR")
    in_force = Path(moved).expanduser().absolute() if moved else openclaw_home() / ".openclaw"
    return list(dict.fromkeys([in_force, user_home() / ".openclaw"]))


def workspace(state: Path) -> Path:
    """Return the agent's workspace: the one of openclaw.json where that is plain JSON, else the default one."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        config = json.loads((state / "openclaw.json").read_text("utf-8-sig"))
        return Path(config["agents"]["defaults"]["workspace"]).expanduser().absolute()
    return state / "workspace"


def enclosing_skill(folder: Path) -> Path | None:
    """Return the skill's folder that `folder` lies in (the one with SKILL.md), None outside of skills."""
    folder = folder.resolve()
    return next((one for one in (folder, *folder.parents) if (one / "SKILL.md").is_file()), None)


def output_folder(given: str | None, state: Path) -> Path:
    """Return where pictures go: --output-dir, else `generated-images` below the current folder.

    A current folder inside a skill's folder gives way to the agent's workspace, or home where there is none:
    nothing is ever written inside a skill.

    Raises:
        BadInput: `output_dir_invalid` or `output_dir_in_skill` for an explicit folder.
    """
    if given is not None:
        folder = Path(given).expanduser().absolute()
        if not given.strip() or not given.isprintable() or (folder.exists() and not folder.is_dir()):
            raise BadInput("output_dir_invalid", flag="--output-dir", got=shown(given))
        skill = enclosing_skill(folder)
        if skill:
            raise BadInput("output_dir_in_skill", flag="--output-dir", got=shown(given), skill=skill)
        return Path(os.path.normpath(folder))
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise DiskError("current_folder_gone") from error
    if enclosing_skill(here):
        here = workspace(state) if workspace(state).is_dir() else user_home()
    return here / "generated-images"


def attaches(path: Path, state: Path) -> bool:
    """Tell whether OpenClaw attaches a file from there."""
    roots = (workspace(state), *(state / name for name in ROOTS_IN_STATE))
    return any(path.resolve().is_relative_to(root.resolve()) for root in roots)


def attachable(picture: Path, local_id: str, state: Path) -> Path:
    """Return a path of this picture that OpenClaw may attach: itself, or a hard link or copy in the state folder.

    Raises:
        OSError: the copy could not be written.
    """
    picture = picture.absolute()
    if attaches(picture, state):
        return picture
    media = state / "media" / "image-skills"
    _clear(media)
    folder = media / local_id
    folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    target = folder / picture.name
    if target.exists() and target.samefile(picture):
        return target
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    real = picture.resolve()
    try:
        os.link(real, target)
    except OSError:
        shutil.copyfile(real, target)
    return target


def _clear(media: Path) -> None:
    """Remove attachments that are older than a week; their originals lie in the output folder."""
    with contextlib.suppress(OSError):
        for folder in media.iterdir():
            if time.time() - folder.stat().st_mtime > MEDIA_KEPT:
                shutil.rmtree(folder, ignore_errors=True)
