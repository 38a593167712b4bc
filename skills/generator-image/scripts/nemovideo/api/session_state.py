"""The state of a session: its media, its draft, and a digest that changes when they do."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from nemovideo.api.wire import amount
from shared.errors import ReadError
from shared.http.urls import MAX_URL_LENGTH, without_query

MediaKind = Literal["image", "video", "audio", "unknown"]
_SIGNATURE_STARTS = ("x-", "response-")
_SIGNATURE_PARTS = (
    *("sig", "token", "expir", "time", "date", "nonce", "rand"),
    *("cred", "policy", "auth", "accesskey", "key-pair"),
)
_SIGNATURE_NAMES = frozenset(("e", "t", "s", "_", "ts", "se", "sp", "sr", "st", "sv"))
"""Query parameters of signed links: Amazon, Google, Azure, Alibaba and Tencent."""
_LINK = re.compile(r"(?i)https?://\S+")
_MAX_STEADY = 40  # characters of a value that names a file; signatures are longer
MAX_DEPTH = 100  # objects and lists inside each other; a draft has about ten


@dataclass(frozen=True)
class Media:
    """A media file of a session; sides in pixels and duration in seconds, as sent by the service."""

    url: str
    kind: MediaKind
    width: float | None = None
    height: float | None = None
    duration: float | None = None
    place: int = 0
    """The number of earlier rows whose link differs only in its signature."""

    @property
    def key(self) -> str:
        """Its identity, independent of the signature of its link."""
        name = unsigned(self.url) + (f" {self.place}" if self.place else "")
        return hashlib.sha256(name.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class State:
    """The state of a session; `digest` changes exactly when it does."""

    draft: Any
    generated: tuple[Media, ...]
    uploads: tuple[Media, ...]
    digest: str


def read_state(data: dict[str, Any]) -> State:
    """Parse a session's state; unknown fields are ignored.

    Raises:
        ReadError: it has no state.
    """
    state = data.get("state")
    if not isinstance(state, dict):
        raise ReadError("read_failed", status=200, remedy="again")
    parts = {
        name: state.get(name) or None for name in ("draft", "video_infos", "canvas_config", "generated_media")
    }
    text = json.dumps(without_signatures(parts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return State(parts["draft"], _media(parts["generated_media"]), _media(parts["video_infos"]), digest)


def is_deep(document: Any) -> bool:
    """Return whether a JSON value is nested too deep for the functions that recurse through it."""
    level = [document]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict | list):
                inner += value.values() if isinstance(value, dict) else value
        if not inner:
            return False
        level = inner
    return True


def unsigned(url: str) -> str:
    """Return a link without its signature: of its query, only what seems to name the file stays.

    A link that is too long to be downloaded loses its entire query.
    """
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True) if len(url) <= MAX_URL_LENGTH else []
    except ValueError:
        query = []
    steady = [
        (name, value)
        for name, value in query
        if not _is_of_signature(name.lower())
        and len(value) <= _MAX_STEADY
        and not re.fullmatch(r"\d{9,}", value)  # a moment
    ]
    return without_query(url) + ("?" + urlencode(sorted(steady), errors="replace") if steady else "")


def _is_of_signature(name: str) -> bool:
    return (
        name in _SIGNATURE_NAMES
        or name.startswith(_SIGNATURE_STARTS)
        or any(part in name for part in _SIGNATURE_PARTS)
    )


def _media(rows: Any) -> tuple[Media, ...]:
    media: dict[str, Media] = {}
    names: Counter[str] = Counter()
    for row in rows if isinstance(rows, list) else ():
        url = (
            next((row[name] for name in ("url", "cdn_url") if row.get(name)), "") if isinstance(row, dict) else ""
        )
        if isinstance(url, str) and url and url not in media:
            width, height, duration = (amount(row.get(name)) for name in ("width", "height", "duration"))
            name = unsigned(url)
            media[url] = Media(url, _kind(row, url), width, height, duration, names[name])
            names[name] += 1
    return tuple(media.values())


def _kind(row: dict[str, Any], url: str) -> MediaKind:
    words = [row.get(name) for name in ("type", "file_type")]
    declared = " ".join(word for word in words if isinstance(word, str)).lower()
    kinds: tuple[MediaKind, ...] = ("image", "video", "audio")
    for kind in kinds:
        if kind in declared:
            return kind
    ending = without_query(url).rpartition(".")[2].lower()
    by_ending: dict[MediaKind, str] = {
        "image": "jpg jpeg png gif webp",
        "video": "mp4 mov avi webm mkv",
        "audio": "mp3 wav m4a aac",
    }
    return next((kind for kind, endings in by_ending.items() if ending in endings.split()), "unknown")


def without_signatures(value: Any) -> Any:
    """Return a JSON value whose links have no signatures, because these differ at each poll."""
    if isinstance(value, str):
        return unsigned(value) if _LINK.fullmatch(value) else value
    if isinstance(value, dict):
        return {name: without_signatures(item) for name, item in value.items()}
    return [without_signatures(item) for item in value] if isinstance(value, list) else value


EMPTY = read_state({"state": {}})
"""The state of a session in which nothing has happened."""
