"""Map a person's sentence to an action; SKILL.md shows the same table."""

from __future__ import annotations

import re
from typing import Literal

Action = Literal["export", "credits", "state", "upload", "message", "unknown"]

ROUTES: dict[Action, tuple[str, ...]] = {
    "export": ("export", "download", "send me the video", "save the video", "导出", "下载", "发给我", "保存视频"),
    "credits": ("credits", "balance", "积分", "余额"),
    "state": ("status", "show tracks", "show the timeline", "状态", "时间线", "看看轨道"),
    "upload": ("upload", "上传"),
    "message": (
        *("generate", "create", "make", "draw", "paint", "design", "add", "edit", "change", "turn", "remove"),
        *("replace", "animate", "a picture of", "an image of", "a video of", "a clip of"),
        *(
            "生成",
            "画",
            "制作",
            "创建",
            "做一",
            "做成",
            "做个",
            "添加",
            "加上",
            "加一",
            "修改",
            "改成",
            "换成",
            "去掉",
            "删除",
        ),
    ),
}
"""The keywords of each action. The first one in a sentence decides; without one it is unknown."""

_WORDS = {
    action: re.compile(
        "|".join(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in words)
    )
    for action, words in ROUTES.items()
}


def route(words: str) -> Action:
    """Return the action for a user's sentence; "unknown" if no word of it decides."""
    matches = {action: pattern.search(words.lower()) for action, pattern in _WORDS.items()}
    places = {action: match.start() for action, match in matches.items() if match}
    return min(places, key=lambda action: places[action], default="unknown")
