"""What a session holds, as the service tells it: media, draft, and a digest that changes when they do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from nemovideo.wire import amount
from shared.errors import ReadFailed
from shared.urls import without_query

MediaKind = Literal["image", "video", "audio", "unknown"]


@dataclass(frozen=True)
class Media:
    """A picture, clip or sound of a session; sides in pixels, duration in seconds as the service tells them."""

    url: str
    kind: MediaKind
    width: float | None = None
    height: float | None = None
    duration: float | None = None

    @property
    def key(self) -> str:
        """What tells it from others, whatever the signature of its link."""
        return hashlib.sha256(without_query(self.url).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class State:
    """What a session holds; `digest` changes exactly when it does."""

    draft: Any
    generated: tuple[Media, ...]
    uploads: tuple[Media, ...]
    digest: str


def read_state(data: dict[str, Any]) -> State:
    """Read a session's state; fields that are not known are left alone.

    Raises:
        ReadFailed: there is none.
    """
    found = data.get("state")
    if not isinstance(found, dict):
        raise ReadFailed("read_failed", status=200, remedy="again")
    parts = {
        name: found.get(name) or None for name in ("draft", "video_infos", "canvas_config", "generated_media")
    }
    text = json.dumps(_unsigned(parts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return State(parts["draft"], _media(parts["generated_media"]), _media(parts["video_infos"]), digest)


def _media(rows: Any) -> tuple[Media, ...]:
    found = {}
    for row in rows if isinstance(rows, list) else ():
        url = (
            next((row[name] for name in ("url", "cdn_url") if row.get(name)), "") if isinstance(row, dict) else ""
        )
        if isinstance(url, str) and url:
            sizes = (amount(row.get(name)) for name in ("width", "height", "duration"))
            media = Media(url, _kind(row, url), *sizes)
            found[media.key] = media
    return tuple(found.values())


def _kind(row: dict[str, Any], url: str) -> MediaKind:
    told = " ".join(str(row.get(name) or "") for name in ("type", "file_type")).lower()
    kinds: tuple[MediaKind, ...] = ("image", "video", "audio")
    for kind in kinds:
        if kind in told:
            return kind
    ending = without_query(url).rpartition(".")[2].lower()
    by_ending: dict[MediaKind, str] = {
        "image": "jpg jpeg png gif webp",
        "video": "mp4 mov avi webm mkv",
        "audio": "mp3 wav m4a aac",
    }
    return next((kind for kind, endings in by_ending.items() if ending in endings.split()), "unknown")


def _unsigned(value: Any) -> Any:
    """Return a JSON value whose links have lost their signatures, which differ at each look."""
    if isinstance(value, str):
        return without_query(value) if "://" in value else value
    if isinstance(value, dict):
        return {name: _unsigned(one) for name, one in value.items()}
    return [_unsigned(one) for one in value] if isinstance(value, list) else value


EMPTY = read_state({"state": {}})
"""The state of a session in which nothing has happened."""
