"""The paths that OpenClaw may attach to a reply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.disk_reason import system_reason
from shared.openclaw.folders import attachable_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shared.output.progress import Reporter

MAX_ATTACHMENT_BYTES = 6_000_000  # bytes; chat channels refuse more


def attachable(rows: Iterable[tuple[Mapping[str, Any], str]], state: Path, reporter: Reporter) -> Iterator[str]:
    """Yield a path of each saved file that may be attached; a copy is made under the id beside the file's row."""
    for row, identifier in rows:
        if row["bytes"] > MAX_ATTACHMENT_BYTES:
            reporter.always("picture_large", path=row["path"], megabytes=f"{row['bytes'] / 1e6:.1f}")
        try:
            yield str(attachable_path(Path(row["path"]), identifier, state))
        except OSError as failure:
            reporter.always("not_attachable", path=row["path"], reason=system_reason(failure))
