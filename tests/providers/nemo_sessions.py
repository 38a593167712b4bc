"""The media host of the simulated NemoVideo, and its sessions: drafts that messages change, now or later."""

from __future__ import annotations

import copy
import hashlib
import re
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.providers.nemo_media import PIXELS, make_media
from tests.providers.nemo_rules import TYPES, check_foreign
from tests.providers.plan import Plan
from tests.providers.reply import Reply

if TYPE_CHECKING:
    from tests.providers.nemo_rules import Sent
    from tests.providers.nemo_stream import Effect
    from tests.providers.request import Request

CDN_HOST = "cdn.nemovideo.example"
SEGMENT = 10_000  # milliseconds


class MediaHost:
    """Files by path and their signed links; answers ranges, and 403 to links that were expired.

    Without `honours_ranges` every answer is whole, without `tags` none has an ETag.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.plans: deque[Plan] = deque()
        self.honours_ranges = True
        self.tags = True
        self._signatures: dict[str, str] = {}

    def put(self, name: str, kind: str, content: bytes) -> str:
        """Keep a file; return its path."""
        path = f"/{secrets.token_hex(4)}/{name}"
        self.files[path] = (TYPES[kind], content)
        return path

    def link(self, path: str) -> str:
        """Sign a fresh link; earlier ones stay good until expire_links()."""
        sign = secrets.token_hex(8)
        self._signatures[sign] = path
        return f"https://{CDN_HOST}{path}?sign={sign}"

    def expire_links(self) -> None:
        """Let every link so far answer 403."""
        self._signatures.clear()

    def handle(self, request: Request, tokens: list[str]) -> Reply:
        """Answer a download; it must not carry a token."""
        check_foreign(request, tokens)
        plan = self.plans.popleft() if self.plans else Plan()
        if self._signatures.get(request.query.get("sign", [""])[0]) != request.path:
            return plan.alter(Reply(status=403))
        media_type, content = self.files[request.path]
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = {"Content-Type": media_type, **({"ETag": tag} if self.tags else {})}
        if not self.honours_ranges:
            return plan.alter(Reply(headers=headers, body=content))
        headers["Accept-Ranges"] = "bytes"
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if not asked or request.headers.get("if-range", tag) != tag:
            return plan.alter(Reply(headers=headers, body=content))
        start = int(asked[1])
        if start >= len(content):
            return plan.alter(Reply(status=416, headers={"Content-Range": f"bytes */{len(content)}"}))
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return plan.alter(Reply(status=206, headers=headers, body=content[start:]))


@dataclass
class _Change:
    due: float
    effect: Effect
    text: str


@dataclass
class NemoSession:
    """One project: what was made and uploaded in it, and the changes that are still to come."""

    session_id: str
    task_id: str
    language: str
    owner: str
    media: MediaHost
    messages: list[str] = field(default_factory=list)
    drafts: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    gone: bool = False
    _tracks: dict[int, dict[str, Any]] = field(default_factory=dict)
    _made: list[dict[str, Any]] = field(default_factory=list)
    _uploaded: list[dict[str, Any]] = field(default_factory=list)
    _coming: list[_Change] = field(default_factory=list)

    def begin(self, text: str, effects: tuple[Effect, ...], now: float, seconds: float) -> None:
        """Begin the work on a message."""
        self.messages.append(text)
        count = max(len(effects), 1)
        moments = [now + seconds * (number + 1) / count for number in range(count)]
        self._coming += [_Change(due, one, text) for due, one in zip(moments, effects, strict=False)]

    def state(self, now: float) -> dict[str, Any]:
        """Return the state at a moment, with freshly signed links."""
        for change in [one for one in self._coming if one.due <= now]:
            self._coming.remove(change)
            self._apply(change)
        draft = {"t": copy.deepcopy(list(self._tracks.values())), "m": {"fps": 30}, "v": 3, **self.extra}
        if draft not in self.drafts:
            self.drafts.append(copy.deepcopy(draft))
        return {
            "draft": draft,
            "video_infos": [self._signed(row) for row in self._uploaded],
            "canvas_config": {"width": 1920, "height": 1080},
            "generated_media": [self._signed(row) for row in self._made],
        }

    def upload(self, name: str, kind: str, sent: Sent | None) -> dict[str, Any]:
        """Add a file that someone sent, or a link; return the service's row for it."""
        content = sent.content if sent and sent.content is not None else make_media(kind, len(self._uploaded))
        path = self.media.put(re.sub(r"[^\w.-]", "_", name, flags=re.ASCII), kind, content)
        row: dict[str, Any] = {"filename": name, "file_type": TYPES[kind].partition("/")[0], "path": path}
        if row["file_type"] != "audio":
            row |= {"width": PIXELS[0], "height": PIXELS[1]}
        if row["file_type"] != "image":
            row["duration"] = SEGMENT / 1000
        self._uploaded.append(row)
        return {**self._signed(row), "hash": sent.sha256 if sent else hashlib.sha256(content).hexdigest()}

    def _signed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Name a row's link: generated files have url and type, all others cdn_url."""
        row = dict(row)
        link = self.media.link(row.pop("path"))
        return {**row, "url" if "type" in row else "cdn_url": link}

    def _apply(self, change: _Change) -> None:
        number = len(self._made) + 1
        effect = change.effect
        if effect in ("picture", "clip"):
            kind = "png" if effect == "picture" else "mp4"
            seed = int(hashlib.sha256(f"{change.text}{number}".encode()).hexdigest()[:6], 16)
            path = self.media.put(f"{number}.{kind}", kind, make_media(kind, seed))
            row: dict[str, Any] = {
                "path": path,
                "type": "image" if effect == "picture" else "video",
                "model": "inner-1",
            }
            row |= {"width": PIXELS[0], "height": PIXELS[1]}
            self._made.append(row if effect == "picture" else {**row, "duration": SEGMENT / 1000})
            self._add(0, {"name": f"{effect} {number}", "asset": path})
        elif effect == "music":
            self._add(1, {"name": "Lo-fi", "volume": 0.35})
        elif effect == "title":
            self._add(7, {"text": "Urban Dreams"})
        elif effect == "louder":
            for segment in self._tracks.get(1, {"sg": []})["sg"]:
                segment["m"]["volume"] = round(segment["m"]["volume"] + 0.1, 2)

    def _add(self, kind: int, facts: dict[str, Any]) -> None:
        track = self._tracks.setdefault(kind, {"id": f"track-{kind}", "tt": kind, "sg": [], "locked": False})
        track["sg"].append({"id": f"s{kind}-{len(track['sg']) + 1}", "d": SEGMENT, "m": facts, "speed": 1.0})
