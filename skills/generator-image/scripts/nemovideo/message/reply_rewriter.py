"""Rewrite the agent's replies: replace or remove instructions for its editor, which the user does not have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.i18n.catalog import without_media_lines
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from collections.abc import Callable

Meaning = Literal["export", "upload", "edit", "state", "nothing"]

_CLICK = r"(?:double-click|right-click|click|tap|press|hit)"
_THE = r"\s+(?:on |in |at |to )?(?:the |your |that |this |a |an |any |one of |here\b|[\"“'‘`*「])"
_FILES = r"(?:files?|images?|photos?|pictures?|videos?|clips?|media|logo|music|audio)"
_CLICK_CHINESE = r"(?:点击|点一下|点选|按下|长按|双击|右键)(?![率量数流]|次数|事件|音效|声)"
_DRAG_CHINESE = r"(?:拖拽|拖放|拖动|拖入|拖到)(?!感|式|效果|风格)"
_PLACE_CHINESE = r"(?:面板|时间线|时间轴|侧边栏|编辑器|标签页)"


@dataclass(frozen=True)
class Row:
    """One instruction for the editor, in both languages, and its meaning here."""

    meaning: Meaning
    english: str
    chinese: str


TABLE = (
    Row(
        "export",
        rf"(?:{_CLICK}|use|select|choose|open)(?=\s+[\"“'‘`*]*(?:export|download|render)\b|{_THE})"
        r"(?:\W+\w+){0,4}?\W+(?:export|download|render)\b",
        rf"(?:{_CLICK_CHINESE}|选择|使用|找到|打开)[^，；。]{{0,12}}(?:导出|下载|渲染)",
    ),
    Row(
        "upload",
        rf"(?:{_CLICK}|use|select|choose|open|drag|drop)(?=\s+[\"“'‘`*]*upload\b|{_THE})[^,;]*\bupload\b",
        rf"(?:{_CLICK_CHINESE}|打开|使用|选择|{_DRAG_CHINESE})[^，；。]{{0,16}}上传",
    ),
    Row(
        "edit",
        rf"drag(?: and drop|-and-drop)?(?:{_THE}|\s+{_FILES}\b)|drop (?:the |your |a )?{_FILES}\b",
        rf"(?:[把将][^，；。]{{1,12}})?{_DRAG_CHINESE}",
    ),
    Row(
        "state",
        rf"(?:open|view|check|preview|expand|go|switch)(?:\s+out)?{_THE}[^,;]*"
        r"\b(?:panel|timeline|sidebar|tab|editor)\b|"
        r"preview\s+(?:it |this |that )?in the timeline\b",
        rf"(?:打开|查看|预览|切换到|展开|前往)(?!了)[^，；。]{{0,12}}{_PLACE_CHINESE}|"
        rf"在[^，；。]{{0,8}}{_PLACE_CHINESE}[^，；。]{{0,4}}(?:查看|预览)",
    ),
    Row(
        "nothing",
        rf"(?:{_CLICK}|scroll|hover){_THE}[^,;]*\b(?:button|icon|menu|panel|tab|slider|toolbar|here)\b|"
        rf"(?:(?:double-|right-)?click|scroll|hover){_THE}[^,;]*"
        r"\b(?:handle|timeline|track|canvas|clip|below|above)\b|"
        rf"click\s+(?:\*\*|[\"“「`])",
        _CLICK_CHINESE,
    ),
)
"""A row matches a sentence that instructs the person: it starts with the verb, or with a lead ("please") before
it."""
_LEAD = (
    r"(?:^|^(?:to|when|if|once|for|after|before|as soon as)\b[^,]*,\s*|\b(?:please|just|simply|then|now|also)\s+|"
    r"\byou (?:can|could|may|should|need to|want to)\s+)(?:(?:just|simply|also|now) )*"
)
_LEAD_CHINESE = r"(?:^|[，；：、]|请|您|你|可以|直接|只需|只要|然后|接着|现在|需要|后)(?:再|先)?"
_RULES = [
    (
        row.meaning,
        re.compile(f"{_LEAD}(?P<verb>{row.english})", re.IGNORECASE),
        re.compile(f"{_LEAD_CHINESE}(?P<verb>{row.chinese})"),
    )
    for row in TABLE
]
_END = re.compile(r"(?P<stop>[.!?。！？]+)(?P<close>[\"”*」]*)(?P<space>\s*)|\n\s*")
"""The end of a sentence, or of a line, with the closing quotes or brackets that belong to it."""
_STEP = re.compile(r"\s*(?:(?P<number>\d{1,2})[.)、]|[-*•](?!\*))\s*(?!\d)")
_NUMBER = re.compile(r"\s*(?:\d{1,2}\.|[-*•])\s*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|「[^」\n]*」|《[^》\n]*》|`[^`\n]*`")
_NAMES = re.compile(r"(?i)(?:export|download|render|upload|导出|下载|渲染|上传)[\w ]{0,10}")
_BETWEEN = re.compile(
    r"(?i)(?:[\s,;，；：、—]|\b(?:and|so|then|please|just|simply|now|also|"
    r"you (?:can|could|may|should|need to|want to))\b|请|您|你|可以|直接|只需|只要|然后|接着|现在|先|再)*$"
)
_CONDITION = re.compile(
    r"(?i)^\W*(?:(?:to|when|once|if|for|after|before|as soon as)\b|如|若|想|要|当|等|为了)|"
    r"(?:后|时|的话|需要|如需)$"
)
_AS_LONG_AS = re.compile(r"(?i)\b(?:when|once|if|until|after|before|as soon as|that you|where you)\b[^,;]*")
_PERSON = re.compile(r"(?i)\b(?:i|we)\b|我")
_FACT = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|been|will|i|i've|i'll|we|we've|added|made|created|changed|removed|done|"
    r"finished|completed|ready)\b|://|\bwww\.|[已了我]|完成(?!后)|成功|(?<![a-z0-9])\d+(?![0-9pk])|"
    r"[,;，；:：—](?!\s*(?:and|then|to|or|so|you can|choose|select)\b|\s*(?:即可|就|来|并|再|然后|以|选择|也))"
)
"""What no instruction contains: a verb of being or having been done, a number, a link, a separate clause."""
LONGEST = 400  # characters of an instruction


def meaning_of(sentence: str) -> Meaning | None:
    """Return the meaning of a sentence that only instructs a person to act in the editor, None for any other."""
    instruction = _instruction(sentence)
    return instruction[0] if instruction else None


def translate(text: str, say: Callable[[str], str]) -> tuple[str, list[str]]:
    """Return the agent's text without instructions for the editor, and the actions in them, in order.

    The first sentence of each action is replaced by a message (`gui_export` and so on), the others are removed.
    All other text is unchanged, and so is a text of which nothing would be left.
    """
    text = _harmless(text)
    kept: list[str] = []
    actions: list[str] = []
    steps = False  # within a numbered list that began with what to click on
    for sentence in _sentences(text):
        step = _STEP.match(sentence)
        instruction = _instruction(sentence)
        steps = bool(step and step["number"]) and (instruction is not None or steps)
        if instruction is None:
            if not (steps and _is_bare(sentence)):
                kept.append(sentence)
            continue
        meaning, before = instruction
        space = sentence[len(sentence.rstrip()) :]
        if before:
            kept.append(before + (" " if before.isascii() else ""))
        if meaning != "nothing" and meaning not in actions:
            actions.append(meaning)
            kept.append(say(f"gui_{meaning}") + (space or " "))
    return "".join(kept).strip() or text.strip(), actions


def _instruction(sentence: str) -> tuple[Meaning, str] | None:
    """Return the meaning of an instruction, and the statement before it in the same sentence.

    None for a sentence that states something after it, asks, or is about somebody else: it is content.
    Words in quotation marks count only where they name what to click on: a title such as "Click here" stays.
    """
    step = _STEP.match(sentence)
    plain = sentence[step.end() if step else 0 :].strip()
    if plain.endswith(("?", "？")) or len(plain) > LONGEST:  # longer ones are not matched against anything
        return None
    bare = _QUOTED.sub(lambda match: _name_in(match.group()), plain)
    for meaning, english, chinese in _RULES:
        matched = english.search(bare) or chinese.search(bare)
        if not matched:
            continue
        verb = matched.start("verb")
        if _FACT.search(_AS_LONG_AS.sub("", bare[verb:])):
            return None
        between = _BETWEEN.search(bare[:verb])
        states = bare[: between.start() if between else verb]
        if not states or (_CONDITION.search(states) and not _PERSON.search(states)):
            return meaning, ""
        if re.search(r"[,;，；：、—]|\b(?:and|so)\b", bare[len(states) : verb]):
            return meaning, plain[: len(states)] + ("." if states.isascii() else "。")
        return None
    return None


def _is_bare(sentence: str) -> bool:
    """Return whether a step of a list states nothing."""
    step = _STEP.match(sentence)
    words = sentence[step.end() if step else 0 :].strip(" .!。！\n")
    return words.lower() in ("done", "完成") or not _FACT.search(words)


def _name_in(quotation: str) -> str:
    """Return the quoted name of a button, or nothing for any other quotation; of the same length."""
    name = quotation[1:-1].strip()
    return quotation if _NAMES.fullmatch(name) else "*" * len(quotation)


def _sentences(text: str) -> list[str]:
    """Split a text into sentences, losing nothing; the number of a step stays with its sentence."""
    begin, sentences = 0, list[str]()
    for match in _END.finditer(text):
        end = match.end()
        follows = text[match.end("close") : match.end("close") + 1] if match["stop"] else "\n"
        if match["close"] and not match["space"] and follows.isascii() and follows:
            end = match.end("stop")
        sentences.append(text[begin:end])
        begin = end
    if begin < len(text):
        sentences.append(text[begin:])
    joined: list[str] = []
    for sentence in sentences:
        if joined and _NUMBER.fullmatch(joined[-1]):
            joined[-1] += sentence
        else:
            joined.append(sentence)
    return joined


def _harmless(text: str) -> str:
    """Return a text that is safe for a terminal: without control characters, and without lines for the agent.

    Joiners stay, because emoji and some scripts need them.
    """
    lines = redact_keys(text).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in lines if char.isprintable() or char in "\n\t\u200c\u200d")
    return without_media_lines(kept)
