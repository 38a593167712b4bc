"""Compare the tracks of a session before and after a message, and with the kinds that its text asks for."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from nemovideo.api.session_state import without_signatures
from nemovideo.api.timeline import raw_tracks, tracks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Fact = dict[str, Any]
"""A track as the journal keeps it: `kind`, the number of `segments`, and a `digest` of all that it holds."""
Change = dict[str, Any]
"""A track that a message added, removed or changed: `change`, `kind`, `segments_before`, `segments_after`."""
Wish = dict[str, str]
"""What a text asks for: `kind` (audio, text, video, image) and `change` (added, removed, changed)."""

_QUESTION = re.compile(
    r"\s*(?:what|which|how|why|who|when|where|is|are|does|did|do i|should)\b|"
    r"\s*(?:什么|哪|怎么|为什么|是否|有没有|多少|几)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,.;:!?\n，。；：！？、]|\b(?:and|then|but)\b|然后|并且|再|但")
_NOUNS = {
    "audio": r"\b(?:music|bgm|soundtracks?|sounds?(?: effects?)?|audio|songs?|voice-?overs?|narration)\b"
    r"|音乐|配乐|背景音|音效|旁白|配音|歌曲",
    "text": r"\b(?:titles?|subtitles?|captions?|lower thirds?|text overlays?)\b|标题|字幕",
    "video": r"\b(?:videos?|clips?|animations?|films?)\b|视频|短片|动画",
    "image": r"\b(?:images?|pictures?|illustrations?|drawings?|posters?|logos?)\b|图片|图像|海报|插画|[画绘]一",
}
_ADDS = r"\b(?:add|put|insert|include|with|overlay)\b|加|添|配上|配一|放上|带"
_REMOVES = r"\b(?:remove|delete|drop|mute|take out|get rid of)\b|去掉|去除|删|移除|静音"
_MAKES = r"\b(?:generate|create|make|draw|paint|design|produce|render)\b|生成|制作|创建|做|画|绘"
_OTHERS = r"\b(?:change|set|turn|lower|raise|replace|swap|edit|adjust|fade)\b|改|换|调|把|让"
_NEGATED = re.compile(
    r"(?:\b(?:no|without|not any|free of|avoid)\s+(?:[\w-]+\s+){0,2}|(?:不要|没有|不带|不含|无)[^，。]{0,4})$",
    re.IGNORECASE,
)
_SHOWN = frozenset(("video", "image"))
"""Kinds that the service may put on a track of kind video, or make without a track."""


def track_facts(draft: Any) -> list[Fact]:
    """Return what the journal keeps of the tracks of a draft: no names, which may hold words of the prompt."""
    facts = []
    for track, raw in zip(tracks(draft), raw_tracks(draft), strict=True):
        text = json.dumps(without_signatures(raw), sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
        facts.append({"kind": track.kind, "segments": len(track.segments), "digest": digest})
    return facts


def compare(before: Iterable[Fact], after: Iterable[Fact]) -> list[Change]:
    """Return one row for each track that was added, removed or changed; tracks of one kind are paired in order."""
    old, new = _by_kind(before), _by_kind(after)
    changes: list[Change] = []
    for kind in dict.fromkeys((*old, *new)):
        kept = [fact["digest"] for fact in old[kind]]
        fresh = [fact for fact in new[kind] if not _take(kept, fact["digest"])]
        gone = [fact for fact in old[kind] if _take(kept, fact["digest"])]
        for number in range(max(len(gone), len(fresh))):
            was, now = gone[number : number + 1], fresh[number : number + 1]
            change = "changed" if was and now else "added" if now else "removed"
            counts = (sum(fact["segments"] for fact in facts) for facts in (was, now))
            changes.append({"kind": kind, "change": change, **dict(zip(_COUNTS, counts, strict=True))})
    return changes


_COUNTS = ("segments_before", "segments_after")


def wishes(text: str) -> list[Wish]:
    """Return the kinds of tracks that a text asks to add, remove or change; [] for a question or other words.

    A kind that is only excluded ("no text", 不要字幕) is not asked for.
    """
    if _QUESTION.match(text):
        return []
    asked: dict[str, str] = {}
    for clause in _CLAUSE.split(text):
        for kind, nouns in _NOUNS.items():
            for noun in re.finditer(nouns, clause, re.IGNORECASE):
                change = None if _NEGATED.search(clause[: noun.start()]) else _verb(clause, kind)
                if change:
                    asked.setdefault(kind, change)
    return [{"kind": kind, "change": change} for kind, change in asked.items()]


def missing(asked: Iterable[Wish], changes: Sequence[Change], media: Iterable[str]) -> list[Wish]:
    """Return the requests that no change meets; `media` are the kinds of the files that the message made."""
    made = set(media)
    return [wish for wish in asked if not _is_met(wish, changes, made)]


def _is_met(wish: Wish, changes: Sequence[Change], media: set[str]) -> bool:
    kinds = {"video", *_SHOWN} if wish["kind"] in _SHOWN else {wish["kind"]}
    if media & kinds and wish["change"] != "removed":
        return True
    opposite = {"added": "removed", "removed": "added"}.get(wish["change"])
    return any(row["kind"] in kinds and row["change"] != opposite for row in changes)


def _verb(clause: str, kind: str) -> str | None:
    """Return the change that the verbs of a clause ask for; what is shown counts only where it is to be made."""
    if re.search(_REMOVES, clause, re.IGNORECASE):
        return None if kind in _SHOWN else "removed"
    if kind in _SHOWN:
        return "added" if re.search(_MAKES, clause, re.IGNORECASE) else None
    if re.search(_ADDS, clause, re.IGNORECASE):
        return "added"
    return "changed" if re.search(f"{_MAKES}|{_OTHERS}", clause, re.IGNORECASE) else None


def _by_kind(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    grouped: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        grouped[fact["kind"]].append(fact)
    return grouped


def _take(digests: list[str], digest: str) -> bool:
    """Remove a digest from a list; return whether it was in it."""
    if digest in digests:
        digests.remove(digest)
        return True
    return False
