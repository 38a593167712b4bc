"""Take the current folder out of sys.path, before anything that could lie in it is imported."""

# Python 3.7 syntax, and no import but these two, which every interpreter has loaded before it starts a script.

import os
import sys


def without_relative_entries(path: str) -> str:
    """Return a PYTHONPATH without the entries that mean the current folder or something in it."""
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.isabs(entry))


def leave_out_current_folder(kept: "list[str]") -> None:
    """Take what a relative entry of PYTHONPATH names out of sys.path and of the environment.

    `kept` are folders that stay: those of the launcher itself.
    """
    path = os.environ.get("PYTHONPATH")
    if path is None:
        return
    relative = {os.path.abspath(entry) for entry in path.split(os.pathsep) if not os.path.isabs(entry)}
    sys.path[:] = [entry for entry in sys.path if entry in kept or os.path.abspath(entry) not in relative]
    os.environ["PYTHONPATH"] = without_relative_entries(path)
