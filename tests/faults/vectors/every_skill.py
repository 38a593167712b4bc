"""Rows that every skill has, for the options and the commands that are the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.cli.prompt_input import MAX_PROMPT_BYTES
from tests.faults.vectors.materials import LONG, NO_AGES, NO_FOLDERS, NO_IDS, NO_NUMBERS, NO_RESULT_FILES
from tests.faults.vectors.row import Line

if TYPE_CHECKING:
    from tests.faults.vectors.row import Row


def prompts(line: Line) -> list[Row]:
    """Return the rows of prompts that cannot be used, for a line without one."""
    return [
        *[
            line.row(f"--prompt {name}", "--prompt", text, says=("--prompt", "no text"))
            for name, text in {"empty": "", "blank": " \n\t", "a wide blank": "\u3000"}.items()
        ],
        *[
            line.row(
                f"--prompt of {name}", "--prompt", text, says=("--prompt", "invisible"), error="prompt_invisible"
            )
            for name, text in INVISIBLE.items()
        ],
        line.row(
            "--prompt-file of marks",
            "--prompt-file=marks.txt",
            says=("--prompt-file", "invisible"),
            files={"work/marks.txt": "\u200b\n".encode()},
        ),
        line.row(
            "stdin of marks", "--prompt-file=-", stdin="\u2060".encode(), says=("--prompt-file", "invisible")
        ),
        line.row(
            "--prompt oversized",
            "--prompt",
            "x" * (MAX_PROMPT_BYTES + 1),
            says=("--prompt", "1048576", "1048577"),
        ),
        *[
            line.row(
                f"--prompt with U+{ord(char):04X}",
                "--prompt",
                f"a{char}",
                says=("--prompt", f"U+{ord(char):04X}", "position 2"),
            )
            for char in "\0\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f\x80\x85\x9f"
        ],
        line.row("--prompt half a character", "--prompt", "a\udcffb", says=("--prompt", "UTF-8")),
        line.row("--prompt missing", says=("prompt is missing",)),
        line.row("--prompt twice", "--prompt=a", "--prompt-file=-", says=("--prompt", "--prompt-file", " or ")),
        *[
            line.row(f"--prompt-file {name}", "--prompt-file", file, says=("--prompt-file", why))
            for name, file, why in PROMPT_FILES
        ],
        line.row("stdin empty", "--prompt-file", "-", says=("--prompt-file", "no text")),
        line.row("stdin not UTF-8", "--prompt-file", "-", stdin=b"caf\xe9", says=("--prompt-file", "UTF-8")),
    ]


INVISIBLE = {
    "a zero-width space": "\u200b",
    "a byte order mark": "\ufeff",
    "a word joiner": "\u2060",
    "a soft hyphen": "\u00ad",
    "a change of direction": "\u202e",
    "a Hangul filler": "\u3164",
    "an initial filler": "\u115f",
    "empty Braille": "\u2800",
    "tags": "\U000e0041\U000e007f",
    "variation selectors": "\ufe0f\U000e0100",
    "combining marks": "\u0301\u20dd",
    "marks among blanks": " \u200b\n\u3000\u200d\t",
}
"""Prompts that are invisible, but not empty."""
PROMPT_FILES = (
    ("missing", "gone.txt", "No such file"),
    ("a folder", "folder", "directory"),
    ("here", ".", "directory"),
    ("empty", "", "directory"),
    ("an empty file", "empty", "no text"),
    ("a mark alone", "mark", "no text"),
    ("a pipe that nobody fills", "pipe", "no process writes"),
    ("an empty device", "/dev/null", "no text"),
    ("a loop of links", "loop", "symbolic links"),
    ("an oversized name", LONG, "too long"),
    ("NUL", "a\0b", "cannot be read"),
    ("a control character", "\x07", "No such file"),
    ("not UTF-8", "latin", "UTF-8"),
    ("with an escape", "escape", "U+001B"),
    ("oversized", "long", "1048577"),
    ("oversized in the middle of a character", "cut in a character", "1048576"),
    ("a large file", "large", "1048576"),
)


REFERENCES = (
    ("missing", "gone.png", "No such file"),
    ("a folder", "folder", "folder"),
    ("here", ".", "folder"),
    ("empty", "empty", "empty"),
    ("a pipe", "pipe", "not a regular file"),
    ("a device", "/dev/zero", "not a regular file"),
    ("a loop of links", "loop", "symbolic links"),
    ("a page", "page.png", "web page"),
    ("a drawing", "drawing.svg", "SVG"),
    ("cut", "cut.png", "truncated"),
    ("wide", "wide.png", "wide.png"),
    ("words", "escape", "PNG"),
    ("large", "large", "20 MiB"),
    ("an oversized name", LONG, "too long"),
    ("a name with NUL", "a\0b", "not a valid file name"),
    ("a control character", "\x07.png", "No such file"),
)
"""Files that are not valid reference images, and the reason in the message."""


def output(line: Line) -> list[Row]:
    """Return the rows of the options that every command has."""
    return [
        *line.refused("--lang", "auto, en, zh", {"empty": "", "wrong": "fr", "two lines": "en\n"}),
        *line.refused("--result-file", "existing folder", NO_RESULT_FILES),
        *line.refused("--result-file", "symbolic link", {"a loop of links": "loop"}),
        *line.refused("--result-file", "not an earlier result", {"a picture": "good.png", "words": "escape"}),
        line.row(
            "--result-file in a skill", "--result-file=skill/x.json", says=("--result-file", "inside the skill")
        ),
    ]


def spoken(line: Line) -> list[Row]:
    """Return a row for each option of `output`, for one of many subcommands."""
    return [
        *line.refused("--lang", "auto, en, zh", {"wrong": "fr"}),
        *line.refused("--result-file", "existing folder", {"nowhere": "/nowhere/x"}),
    ]


def waiting(line: Line) -> list[Row]:
    """Return the rows of the options of a command that waits."""
    return [
        *line.refused("--timeout", "1 to 86400", {**NO_NUMBERS, "too short": "0.9", "too long": "86401"}),
        *line.refused("--output-dir", "folder", NO_FOLDERS),
        *line.refused("--chat-copy", "auto, never", {"empty": "", "wrong": "always", "oversized": LONG}),
        line.row(
            "--output-dir in a skill", "--output-dir=skill/pictures", says=("--output-dir", "inside the skill")
        ),
    ]


def spending(line: Line, *flags: str) -> list[Row]:
    """Return the rows of the options of a command that may spend, but for --resume; `flags` are its own."""
    lines = {"oversized": LONG, "two lines": "a\nb", "a control character": "a\x7fb"}
    return [
        *line.refused("--variant", "200", lines),
        *limited(line),
        *line.usage("--dry-run", "--no-wait", "--new", "--yes", *flags),
    ]


def limited(line: Line) -> list[Row]:
    """Return the rows of the option that limits what a command may cost."""
    return line.refused("--max-cost", "0.001 to 1000000000", {**NO_NUMBERS, "none": "0"})


def tasks(resume: list[Row]) -> list[Row]:
    """Return the rows of tasks.py; `resume` are those of what the skill's own command makes of an id."""
    group = Line("tasks.py")
    listing, show, cost, forget, prune = (
        Line("tasks.py", command=(name,)) for name in ("list", "show", "cost", "forget", "prune")
    )
    aged = Line("tasks.py", ("--older-than", "30d"), ("prune",))
    return [
        group.row("no command", says=("command",), error="usage"),
        Line("tasks.py", command=("drop",)).row("unknown", says=("drop",), error="usage", process=True),
        *listing.usage(),
        *output(listing),
        *listing.refused("--limit", "1 to 1000", {**NO_NUMBERS, "none": "0", "too many": "1001", "a half": "1.5"}),
        *listing.refused("--state", "submitted", {"empty": "", "wrong": "submited", "oversized": LONG}),
        *listing.refused(
            "--search", "200 characters", {"empty": "", "blank": " ", "oversized": LONG, "lines": "a\nb"}
        ),
        *cost.usage(),
        *spoken(cost),
        *cost.refused(
            "--since", "7d", {**NO_AGES, "no day": "2026-02-30", "no month": "2026-1-1", "a word": "Today"}
        ),
        *aged.usage(),
        prune.row("--older-than missing", says=("--older-than",), error="usage"),
        *prune.refused("--older-than", "24h or 7d", NO_AGES),
        *spoken(aged),
        *show.usage(arguments=True),
        show.row("no id", says=("ID",), error="usage"),
        *show.argument("ID", "no record of task", NO_IDS, error="task_unknown"),
        *spoken(Line("tasks.py", ("x",), ("show",))),
        *forget.usage("--yes", arguments=True),
        *spoken(Line("tasks.py", ("x",), ("forget",))),
        forget.row("no id", says=("ID",), error="usage"),
        *forget.argument("ID", "no record of task", {**NO_IDS, "empty": ""}, error="task_unknown"),
        *resume,
        *budget(),
        *report(),
        *repeated(),
    ]


def repeated() -> list[Row]:
    """Return the rows of tasks.py again."""
    line = Line("tasks.py", command=("again",))
    return [
        *Line("tasks.py", ("x",), ("again",)).usage("--dry-run", "--no-wait", "--new", "--yes", arguments=True),
        *spoken(Line("tasks.py", ("x",), ("again",))),
        line.row(
            "an unknown id before what else is wrong",
            *("x", "--prompt=a", "--prompt-file=gone.txt", "--output-dir=skill/x", "--timeout=0.9"),
            says=("no record of task",),
            error="task_unknown",
        ),
        line.row("no id", says=("ID",), error="usage"),
        *line.argument("ID", "no record of task", {**NO_IDS, "empty": ""}, error="task_unknown"),
        line.row("--resume", "x", "--resume=7", says=("--resume", "again"), error="again_option"),
        line.row("--variant", "x", "--variant=y", says=("--variant", "again"), error="again_option"),
        *Line("tasks.py", ("x",), ("again",)).refused("--max-cost", "0.001 to 1000000000", {"none": "0"}),
        *Line("tasks.py", ("x",), ("again",)).refused("--chat-copy", "auto, never", {"wrong": "always"}),
    ]


def report() -> list[Row]:
    """Return the rows of tasks.py report."""
    line = Line("tasks.py", command=("report",))
    return [
        *line.usage(),
        *spoken(line),
        *line.refused("--since", "7d", NO_AGES),
        *line.refused("--output-dir", "folder", NO_FOLDERS),
        line.row(
            "--output-dir in a skill", "--output-dir=skill/x", says=("--output-dir", "inside the skill folder")
        ),
    ]


def budget() -> list[Row]:
    """Return the rows of tasks.py budget."""
    group = Line("tasks.py", command=("budget",))
    setting = Line("tasks.py", ("--unit", "requests", "--per-day", "5"), ("budget", "set"))
    amount = Line("tasks.py", ("--unit", "requests"), ("budget", "set"))
    removing = Line("tasks.py", command=("budget", "remove"))
    return [
        group.row("no command", says=("command",), error="usage"),
        *setting.usage(),
        *spoken(setting),
        *[
            row
            for flag in ("--per-day", "--per-week", "--per-month")
            for row in amount.refused(flag, "1 to 1000000000", {**NO_NUMBERS, "none": "0", "a half": "0.5"})
        ],
        amount.row("no period", says=("--per-day", "--per-week", "--per-month"), error="budget_period_missing"),
        *setting.refused("--unit", "requests", NO_UNITS),
        Line("tasks.py", ("--per-day", "5"), ("budget", "set")).row("no unit", says=("--unit", "requests")),
        *setting.refused("--skill", "must be one of", NO_SKILLS),
        *removing.usage(),
        *removing.refused("--period", "day, week, month", {"empty": "", "wrong": "year", "oversized": LONG}),
        *removing.refused("--unit", "requests", NO_UNITS),
        *removing.refused("--skill", "must be one of", NO_SKILLS),
        *Line("tasks.py", command=("budget", "show")).usage(),
    ]


NO_UNITS = {
    "empty": "",
    "wrong": "dollars",
    "upper case": "REQUESTS",
    "oversized": LONG,
    "two lines": "requests\n",
}
NO_SKILLS = {"empty": "", "wrong": "image3", "path-like": "../image2", "oversized": LONG}
