"""The timeline of a draft, parsed from its short keys; unknown keys are ignored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.i18n.catalog import sanitize_line
from shared.security.keys import redact_keys, redact_values

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {0: "video", 1: "audio", 7: "text"}
NAMES = ("name", "title", "text", "filename", "prompt")
MAX_NAME = 60  # characters
MAX_NUMBER = 1e12  # JSON knows numbers that fit no float
LOUDEST_SHARE = 2.0  # of the volume; what is louder is in percent already


@dataclass(frozen=True)
class Segment:
    """A segment of a track; times in seconds from the track's beginning, volume in percent if known."""

    name: str
    start: float
    end: float
    volume: int | None


@dataclass(frozen=True)
class Track:
    """One track: `kind` is video, audio, text, or the service's own number for another one."""

    kind: str
    segments: tuple[Segment, ...]

    def row(self) -> dict[str, Any]:
        """Return its row of the result's `tracks`."""
        return {"kind": self.kind, "segments": [vars(segment) for segment in self.segments]}


def tracks(draft: Any) -> tuple[Track, ...]:
    """Return the tracks of a draft; malformed ones are left out."""
    return tuple(_track(row) for row in raw_tracks(draft))


def raw_tracks(draft: Any) -> list[dict[str, Any]]:
    """Return the tracks of a draft as the service sent them; malformed ones are left out."""
    rows = draft.get("t") if isinstance(draft, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def is_exportable(draft: Any) -> bool:
    """Return whether a draft has a track with a segment, which an export needs."""
    return any(track.segments for track in tracks(draft))


def timeline(draft: Any, say: Callable[..., str]) -> str:
    """Return the draft as a line for people; `say` formats a message of the catalog."""
    draft_tracks = tracks(draft)
    if not draft_tracks:
        return say("timeline_empty")
    lines = []
    for number, track in enumerate(draft_tracks, 1):
        label = say(f"track_{track.kind}") if track.kind in KINDS.values() else say("other_track", kind=track.kind)
        pieces = ", ".join(_in_words(segment, track.kind) for segment in track.segments) or say("track_empty")
        lines.append(f"{number}. {label}: {pieces}")
    head = say("timeline_head", count=len(draft_tracks)) if len(draft_tracks) > 1 else say("timeline_head_one")
    return f"{head} {' '.join(lines)}"


def is_draft(document: Any) -> bool:
    """Return whether a JSON document is a draft as `to_file` writes it; that of a new session is empty."""
    return document in (None, {}) or (isinstance(document, dict) and isinstance(document.get("t"), list))


def to_file(draft: Any) -> bytes:
    """Return a draft as the content of a file; a key (secret) in it is masked, also in names."""
    masked = redact_values(draft)
    text = json.dumps(masked, ensure_ascii=False)
    return redact_keys(text).encode(errors="replace")


def _in_words(segment: Segment, kind: str) -> str:
    name = f'"{segment.name}"' if kind == "text" and segment.name else segment.name
    volume = f", {segment.volume}%" if segment.volume is not None else ""
    return f"{name or '-'} ({segment.start:g}-{segment.end:g}s{volume})"


def _track(track: dict[str, Any]) -> Track:
    number, rows = track.get("tt"), track.get("sg")
    kind = KINDS.get(number, sanitize_line(number, 20)) if isinstance(number, int) else sanitize_line(number, 20)
    segments: list[Segment] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            segments.append(_segment(row, segments[-1].end if segments else 0.0))
    return Track(kind, tuple(segments))


def _segment(segment: dict[str, Any], after: float) -> Segment:
    facts = segment.get("m")
    facts = facts if isinstance(facts, dict) else {}
    start = _number(facts.get("start"))
    begin = after if start is None else start / 1000
    length = (_number(segment.get("d")) or 0.0) / 1000
    volume = _number(facts.get("volume"))
    name = next((facts[key] for key in NAMES if isinstance(facts.get(key), str) and facts[key].strip()), "")
    percent = None if volume is None else round(volume if volume > LOUDEST_SHARE else 100 * volume)
    return Segment(sanitize_line(name, MAX_NAME), round(begin, 3), round(begin + length, 3), percent)


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER
    return float(value) if usable else None
