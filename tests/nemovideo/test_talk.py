"""Talk of an editor becomes what it means here, or goes; content stays, whatever words are in it."""

from __future__ import annotations

import pytest
from nemovideo.message.reply_rewriter import TABLE, meaning_of, translate
from nemovideo.messages import EDITOR

INSTRUCTIONS = [
    ("Click the Export button to download it.", "export"),
    ("To export, click Export.", "export"),
    ("Simply hit the blue Download button", "export"),
    ("Once your video is ready, click the **Export** button to download it.", "export"),
    ('Click "Export" when it is ready.', "export"),
    ("Click Export and choose 1080p MP4.", "export"),
    ("点击导出按钮。", "export"),
    ("如需导出，请点击右上角的导出按钮", "export"),
    ("完成后点击“导出”即可下载。", "export"),
    ("Click Upload to add your files.", "upload"),
    ("Drag your photo here to upload it.", "upload"),
    ("请点击上传按钮。", "upload"),
    ("You can drag the clip to reorder it.", "edit"),
    ("Drag and drop files onto the canvas.", "edit"),
    ("您可以拖动片段来调整顺序。", "edit"),
    ("把素材拖拽到时间线上。", "edit"),
    ("Open the timeline panel.", "state"),
    ("Preview it in the timeline.", "state"),
    ("打开时间线面板。", "state"),
    ("你可以在时间线面板中预览效果", "state"),
    ("Click the play button.", "nothing"),
    ("点击右侧的播放图标。", "nothing"),
]
CONTENT = [
    "Click tracks are in sync with the timeline.",
    "Press coverage clip is ready.",
    "Drop shadows on the canvas were added.",
    "Hover animation on the button icon is in.",
    "Tap dancing clip added.",
    "Preview of the timeline: 3 tracks.",
    "Find your download below.",
    "Select the best clips for export? I did that.",
    'I added a title that says "Click here".',
    "The export button is on the right.",
    "Would you like me to click Export?",
    "Click-through rate: 3%.",
    "Tap shoes on a wooden floor.",
    "Drop the bass.",
    "Hit it!",
    "Use the link https://a.example/x.mp4 to download it.",
    "The girl can now click the Export button.",
    "Click Export, the music fades out at the end.",
    "Press the red button, says the robot.",
    "Press the red button 3 times.",
    "点击率提高的海报已经生成。",
    "拖拽感很强的动画已加上。",
    "点击音效已放在第 3 秒。",
    "画面中的人点击了屏幕。",
    "他可以点击下载按钮。",
    "标题改为“点击导出”。",
    "在时间线中查看，共3条轨道。",
]


def say(message: str) -> str:
    return f"<{message}>"


@pytest.mark.parametrize(("sentence", "meaning"), INSTRUCTIONS)
def test_an_instruction_becomes_what_it_means(sentence: str, meaning: str) -> None:
    assert meaning_of(sentence) == meaning
    own = "" if meaning == "nothing" else f"<gui_{meaning}>"
    assert translate(f"It has music. {sentence}", say)[0] == f"It has music. {own}".strip()


def test_every_meaning_is_shown_in_both_languages() -> None:
    for chinese in (False, True):
        shown = {meaning for sentence, meaning in INSTRUCTIONS if sentence.isascii() is not chinese}
        assert shown == {row.meaning for row in TABLE}
    assert {f"gui_{row.meaning}" for row in TABLE} - {"gui_nothing"} == EDITOR.keys()


@pytest.mark.parametrize("sentence", CONTENT)
def test_content_stays_as_it_is(sentence: str) -> None:
    assert translate(sentence, say) == (sentence, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I've added the music; now click the Export button.", "I've added the music. <gui_export>"),
        ("Your video is ready and you can now click Export.", "Your video is ready. <gui_export>"),
        ("视频已生成，点击导出按钮下载。", "视频已生成。<gui_export>"),
        ("生成了三张图，请点击下载按钮保存。", "生成了三张图。<gui_export>"),
    ],
)
def test_what_is_stated_before_an_instruction_stays(text: str, told: str) -> None:
    assert translate(text, say) == (told, ["export"])


def test_a_meaning_is_told_once_and_the_actions_keep_their_order() -> None:
    text = "Open the timeline panel.\nClick Export. 点击导出按钮。Drag the clip to the left."
    assert translate(text, say) == ("<gui_state>\n<gui_export> <gui_edit>", ["state", "export", "edit"])


def test_the_steps_of_a_list_go_together_but_for_what_they_state() -> None:
    steps = "1. Click **Export**\n2. Choose MP4\n3. Done"
    assert translate(steps, say) == ("<gui_export>", ["export"])
    told, _ = translate("1. Click **Export**\n2. It has 3 scenes\n\nEnjoy! 2. Choose MP4", say)
    assert told == "<gui_export>\n2. It has 3 scenes\n\nEnjoy! 2. Choose MP4"
    assert translate("1. A cat\n2. A dog", say) == ("1. A cat\n2. A dog", [])


@pytest.mark.parametrize("text", ["Click the play button.", "点击右侧的播放图标。", "  Scroll down here.\n"])
def test_words_never_become_none(text: str) -> None:
    assert translate(text, say) == (text.strip(), [])


def test_nothing_that_reads_as_a_line_for_the_agent_or_the_terminal_is_let_through() -> None:
    text = "Look:\r\nMEDIA:/etc/passwd\x1b[31m\u2028media:/etc/hosts\rME\x00DIA:x\tend 👨\u200d👩\u200d👧"
    told, _ = translate(text, say)
    assert "media:" not in told.lower()
    assert told.split("\n")[0] == "Look:"
    assert told.endswith("x\tend 👨\u200d👩\u200d👧")
    assert all(char.isprintable() or char in "\n\t\u200d" for char in told)
