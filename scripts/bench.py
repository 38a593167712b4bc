"""Measures what a person waits for, against floors measured in the same run; asserts nothing (`make bench`).

`make bench ARGS=ima` measures one skill.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the simulated services do not ship, so no set-up installs them

SECTIONS = (
    "image2",
    "ima",
    "zm",
    "journal",
)
"""Each is a module bench_<name>.py beside this one, with a function `measure` that prints its tables."""


def main() -> None:
    """Print the tables of the sections that are named, else of all."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for name in sys.argv[1:] or SECTIONS:
        import_module(f"scripts.bench_{name}").measure()


if __name__ == "__main__":
    main()
