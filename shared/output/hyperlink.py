"""Turn the paths of saved images into links, in terminals that know OSC 8."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KNOWN_PROGRAMS = frozenset(("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby"))  # of TERM_PROGRAM
KNOWN_TERMINALS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm")  # how TERM begins
MIN_VTE = 5000  # version 0.50 of GNOME's terminals


def knows_links(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal that this environment describes shows OSC 8 links."""
    terminal = environment.get("TERM", "")
    if terminal == "dumb":
        return False
    vte = environment.get("VTE_VERSION", "")
    return (
        environment.get("TERM_PROGRAM") in KNOWN_PROGRAMS
        or terminal.startswith(KNOWN_TERMINALS)
        or (vte.isdecimal() and int(vte) >= MIN_VTE)
        or "WT_SESSION" in environment
        or "KONSOLE_VERSION" in environment
    )


def with_links(text: str, paths: Iterable[str]) -> str:
    """Return the text with each of these absolute paths as a link; one with a control character stays text."""
    for path in paths:
        if path.isprintable() and Path(path).is_absolute():
            text = text.replace(path, f"\x1b]8;;{Path(path).as_uri()}\x1b\\{path}\x1b]8;;\x1b\\", 1)
    return text
