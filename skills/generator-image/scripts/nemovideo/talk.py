"""The agent talks as if a person sat before its editor; here such sentences become what they mean, or go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Meaning = Literal["export", "upload", "state", "nothing"]


@dataclass(frozen=True)
class Row:
    """What a person is told to do in the editor, in both languages, and what that means here."""

    meaning: Meaning
    english: str
    chinese: str


# A row holds for a sentence that tells the person to act: the verb opens it or a part of it (_LEAD).
TABLE = (
    Row(
        "export",
        r"(click|tap|press|hit|use|select|choose|find)\b.*\b(export|download|render)\b",
        r"(点击|点一下|点选|按下|按|选择|使用|找到).*(导出|下载|渲染)",
    ),
    Row(
        "upload",
        r"(drag|drop)\b.*\b(files?|images?|photos?|pictures?|videos?|clips?|media)\b.*\b(here|in|into|onto|to)\b|"
        r"(click|tap|press|hit|use|select|open)\b.*\bupload\b",
        r"(拖拽|拖放|拖动|拖入).*(文件|图片|照片|视频|素材).*(到|至|进)|(点击|点一下|打开|使用).*上传",
    ),
    Row(
        "state",
        r"(open|view|check|preview|expand|go to|switch to)\b.*\b(panel|timeline|sidebar|tab|editor)\b",
        r"(打开|查看|预览|切换到|展开|前往).*(面板|时间线|时间轴|侧边栏|编辑器|标签页)",
    ),
    Row(
        "nothing",
        r"(click|tap|press|hit|drag|drop|double-click|right-click|scroll|hover)\b.*"
        r"\b(button|icon|menu|panel|tab|slider|handle|toolbar|timeline|track|canvas|clip|here|below|above)\b",
        r"(点击|点一下|点选|按下|拖拽|拖放|拖动|长按|右键|双击|滚动)",
    ),
)
_LEAD = (
    r"(?:^|^(?:to|when|if|once|for|after|before)\b[^,]*,\s*|"
    r"\b(?:please|just|simply|then|now|you (?:can|could|may|should|need to|want to))\s+)(?:just |simply |also )?"
)
_LEAD_CHINESE = r"(?:^|[，；：、]|请|您可以|你可以|可以|直接|只需|只要|然后|接着|现在|需要|如需|后)"
_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？]+(?=\s|$|[^\x00-\x7f])|[.!?]|\n|$)\s*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|「[^」\n]*」|《[^》\n]*》|`[^`\n]*`")
_RULES = [
    (
        row.meaning,
        re.compile(_LEAD + f"(?:{row.english})", re.IGNORECASE),
        re.compile(_LEAD_CHINESE + f"(?:{row.chinese})"),
    )
    for row in TABLE
]


def meaning_of(sentence: str) -> Meaning | None:
    """Return what a sentence means if it tells a person to act in the editor, None for any other sentence.

    Words in quotation marks count only where they name what to click on: a title such as "Click here" stays.
    """
    plain = sentence.strip()
    bare = _QUOTED.sub(lambda found: _name_in(found.group()), plain)
    for meaning, english, chinese in _RULES:
        if english.search(bare) or chinese.search(bare):
            return meaning
    return None


def _name_in(quotation: str) -> str:
    """Return the quoted name of a button, or nothing for any other quotation."""
    name = quotation[1:-1].strip()
    return name if re.fullmatch(r"(?i)export|download|render|upload|导出|下载|渲染|上传", name) else "*"


def translate(text: str, say: Callable[[str], str]) -> tuple[str, list[str]]:
    """Return the agent's words without talk of the editor, and the actions that it meant, in order.

    The first sentence of each meaning becomes our own sentence (`gui_export` and so on), the others go. All that
    is no such talk stays as it is.
    """
    kept: list[str] = []
    actions: list[str] = []
    for sentence in _sentences(text):
        meaning = meaning_of(sentence)
        if meaning is None:
            kept.append(sentence)
        elif meaning != "nothing" and meaning not in actions:
            actions.append(meaning)
            space = sentence[len(sentence.rstrip()) :]
            kept.append(say(f"gui_{meaning}") + (space or " "))
    return "".join(kept).strip(), actions


def _sentences(text: str) -> list[str]:
    return [found for found in _SENTENCE.findall(text) if found]
