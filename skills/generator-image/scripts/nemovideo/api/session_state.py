"""What a session holds, as the service tells it: media, draft, and a digest that changes when they do."""

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
"""What a signed link carries besides the file: Amazon, Google, Azure, Alibaba and Tencent."""
_LINK = re.compile(r"(?i)https?://\S+")
_LONGEST_STEADY = 40  # characters of a value that names a file; signatures are longer
MAX_DEPTH = 100  # objects and lists inside each other; a draft has about ten


@dataclass(frozen=True)
class Media:
    """A picture, clip or sound of a session; sides in pixels, duration in seconds as the service tells them."""

    url: str
    kind: MediaKind
    width: float | None = None
    height: float | None = None
    duration: float | None = None
    place: int = 0
    """How many rows before it have a link that differs in nothing but its signature."""

    @property
    def key(self) -> str:
        """What tells it from others, whatever the signature of its link."""
        name = unsigned(self.url) + (f" {self.place}" if self.place else "")
        return hashlib.sha256(name.encode()).hexdigest()[:16]


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
        ReadError: there is none.
    """
    found = data.get("state")
    if not isinstance(found, dict):
        raise ReadError("read_failed", status=200, remedy="again")
    parts = {
        name: found.get(name) or None for name in ("draft", "video_infos", "canvas_config", "generated_media")
    }
    text = json.dumps(without_signatures(parts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return State(parts["draft"], _media(parts["generated_media"]), _media(parts["video_infos"]), digest)


def is_deep(document: Any) -> bool:
    """Return whether a JSON value is nested deeper than any answer should be; what walks through it recurses."""
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
    """Return a link without its signature: of its query, what looks as if it named the file.

    A link that is too long to be fetched loses its whole query.
    """
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True) if len(url) <= MAX_URL_LENGTH else []
    except ValueError:
        query = []
    steady = [
        (name, value)
        for name, value in query
        if not _is_of_signature(name.lower())
        and len(value) <= _LONGEST_STEADY
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
    told = " ".join(word for word in words if isinstance(word, str)).lower()
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


def without_signatures(value: Any) -> Any:
    """Return a JSON value whose links have lost their signatures, which differ at each look."""
    if isinstance(value, str):
        return unsigned(value) if _LINK.fullmatch(value) else value
    if isinstance(value, dict):
        return {name: without_signatures(one) for name, one in value.items()}
    return [without_signatures(one) for one in value] if isinstance(value, list) else value


EMPTY = read_state({"state": {}})
"""The state of a session in which nothing has happened."""
