"""The hint of an error; that of a disk error depends on its cause, and on what chose the place."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import DiskError, SkillError
from shared.i18n.messages import MessageRef
from shared.openclaw.folders import OUTPUT_IN_STATE, config_path, state_folders, user_home

if TYPE_CHECKING:
    from shared.i18n.catalog import Catalog

DISK_HINTS = {
    "disk_failed": "disk_hint",
    "journal_failed": "journal_hint",
    "result_file_failed": "result_file_hint",
}


def hint_of(error: SkillError, catalog: Catalog) -> str | None:
    """Return the hint of an error, None if there is none; that for a missing key gets the places for one."""
    if isinstance(error, DiskError) and error.code in DISK_HINTS:
        cause = getattr(error.facts["reason"], "cause", None) or "disk_other"
        elsewhere = MessageRef("elsewhere", option=error.option or _chooser(error.facts["path"]))
        return catalog.format(DISK_HINTS[error.code], remedy=MessageRef(f"{cause}_remedy", elsewhere=elsewhere))
    hint, facts = f"{error.code}.hint", error.facts
    if error.code == "key_missing":
        facts = {**facts, "config": config_path(), "scripts": Path(sys.argv[0]).absolute().parent}
    return catalog.format(hint, **facts) if catalog.has(hint) else None


def _chooser(path: Path) -> str:
    """Return the option or the variable that sets the location of a file."""
    with contextlib.suppress(SkillError):  # without a home folder there is no state folder either
        for state in state_folders():
            if path.is_relative_to(state) and path.relative_to(state).parts[:1] not in OUTPUT_IN_STATE:
                return "OPENCLAW_STATE_DIR"
        if path.is_relative_to(user_home() / ".config"):
            return "HOME"
    return "--output-dir"
