"""What a service applied of a request's parameters: from its answer, and from the images themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.images.alpha import has_transparency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai_images.wire import Delivered
    from shared.output.progress import Reporter

AUTO = "auto"
MEASURED = {"opaque": False, "transparent": True}
"""The backgrounds that are checked in the images: whether any pixel is transparent."""


def applied_parameters(
    requested: Mapping[str, Any], delivered: Delivered, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the parameters as applied; `rows` are the saved images.

    The size and the format are those of the first image; the background is checked in every image if one was
    requested. Of the rest, the answer names some; for the others, the sent values count.
    """
    first = rows[0]
    applied = {**requested, **delivered.applied, "size": f"{first['width']}x{first['height']}"}
    if "output_format" in applied:
        applied["output_format"] = first["media_type"].removeprefix("image/")
    if "n" in applied:
        applied["n"] = len(rows)
    background = requested.get("background")
    if background in MEASURED:
        kinds = {has_transparency(Path(row["path"])) for row in rows}
        if kinds != {MEASURED[background]}:
            applied["background"] = "opaque" if background == "transparent" else "transparent"
        else:
            applied["background"] = background
    return applied


def report_differences(requested: Mapping[str, Any], applied: Mapping[str, Any], reporter: Reporter) -> None:
    """Say which parameters the service applied otherwise than requested; `auto` leaves the choice to it."""
    for name, value in requested.items():
        if name == "n" or value in (AUTO, applied[name]):
            continue
        if name == "size":
            reporter.info("size_differs", asked=value, got=applied[name])
        else:
            reporter.always("option_differs", flag=name, requested=value, applied=applied[name])
