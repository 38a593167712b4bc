"""Draw a progress bar with click, as text for the live line of a terminal."""

from __future__ import annotations

import io

import click

LENGTH = 1000
WIDTH = 24  # columns


def bar_text(share: float) -> str:
    """Return a bar that is filled to `share`, from 0 to 1, with its percentage."""
    bar = click.progressbar(length=LENGTH, width=WIDTH, file=io.StringIO())
    bar.pos = int(LENGTH * min(max(share, 0.0), 1.0))
    return f"[{bar.format_bar()}] {bar.format_pct().strip()}"
