"""What the launchers of generator-image refuse."""

from __future__ import annotations

from tests.faults.vectors import every_skill
from tests.faults.vectors.materials import LONG, NO_HOSTS, NO_KEYS, NO_NUMBERS, NO_SERVICES, NO_URLS
from tests.faults.vectors.row import Line, Row, Table, came
from tests.providers.house import NEMO_TOKEN

LAUNCHER = "generator_image.py"
SESSION = ("--session", "s-1")
GENERATE = Line(LAUNCHER, ("a cup",), ("generate",))
BARE = Line(LAUNCHER, command=("generate",))
EXPORTING = Line(LAUNCHER, ("a cup", "--export"), ("generate",))
SAY = Line(LAUNCHER, ("a cup", *SESSION), ("say",))
UPLOAD = Line(LAUNCHER, ("good.png", *SESSION), ("upload",))
EXPORT = Line(LAUNCHER, SESSION, ("export",))
ROUTE = Line(LAUNCHER, ("more", "light"), ("route",))
DOCTOR = Line("doctor.py")
FREE = {
    "connect": Line(LAUNCHER, command=("connect",)),
    "upload": UPLOAD,
    "state": Line(LAUNCHER, SESSION, ("state",)),
    "export": EXPORT,
    "cancel-export": Line(LAUNCHER, ("render_1",), ("cancel-export",)),
    "credits": Line(LAUNCHER, command=("credits",)),
    "sessions": Line(LAUNCHER, command=("sessions",)),
}
NO_IDENTIFIERS = {
    "empty": "",
    "wrong": "a b",
    "oversized": LONG,
    "path-like": "../../etc/passwd",
    "a path of the service": "s-1/cancel",
    "hidden": ".s",
    "two lines": "s-1\n",
    "an escape": "\x1b[2J",
    "a URL": "http://127.0.0.1/s-1",
    "other digits": "٥",
}
FEW_IDENTIFIERS = {name: NO_IDENTIFIERS[name] for name in ("empty", "path-like", "two lines")}
NO_FORMATS = {"empty.": ".", "wrong": "exe", "path-like": "../mp4", "two lines": "mp4\n", "oversized": LONG}
NO_QUALITIES = {
    "empty": "",
    "two words": "very high",
    "upper case": "HIGH",
    "oversized": LONG,
    "two lines": "high\n",
}
NO_LANGUAGES = {"empty": "", "two words": "e n", "upper case": "EN", "path-like": "../en", "two lines": "en\n"}
ATTACHED = {
    "missing": ("gone.png", "No such file"),
    "a folder": ("folder", "folder"),
    "here": (".", "folder"),
    "empty": ("empty", "mp4, mov"),
    "a pipe": ("pipe", "not a regular file"),
    "a device": ("/dev/zero", "not a regular file"),
    "a loop of links": ("loop", "symbolic links"),
    "a page": ("page.png", "mp4, mov"),
    "a drawing": ("drawing.svg", "mp4, mov"),
    "cut": ("cut.png", "truncated"),
    "words": ("escape", "mp4, mov"),
    "an oversized name": (LONG, "too long"),
    "a name with NUL": ("a\0b", "not a valid file name"),
    "a control character": ("\x07.png", "No such file"),
}
DRAFTS = {
    "empty": b"",
    "a list": b"[]",
    "a word": b'"draft"',
    "cut": b'{"t":',
    "not UTF-8": b'{"t":"\xff"}',
    "deep": b'{"t":' + b"[" * 100_000,
}


def service(line: Line) -> list[Row]:
    """Return the rows of the options for the service's address and token."""
    return [
        *line.refused("--base-url", "https URL of the service", NO_SERVICES),
        line.row("--base-url of a stranger", "--base-url=https://pictures.example", code=3,
                 error="host_not_trusted", says=("--base-url", "to pictures.example instead")),
        *line.refused("--trust-host", "host", NO_HOSTS),
        *[
            line.row(f"NEMO_API_URL {name}", says=("NEMO_API_URL", "https URL", came(NO_SERVICES[name])),
                     code=3, env={"NEMO_API_URL": NO_SERVICES[name]})
            for name in ("wrong", "unencrypted", "private", "with a password", "with a query")
        ],
        *[
            line.row(f"NEMO_TOKEN {name}", says=("NEMO_TOKEN", "malformed"), code=3, env={"NEMO_TOKEN": key})
            for name, key in NO_KEYS.items()
        ],
    ]  # fmt: skip


def attachments(line: Line, flag: str) -> list[Row]:
    """Return the rows of what cannot be attached; `flag` names it, FILE where it takes none."""
    given = (flag,) if flag.startswith("--") else ()
    return [
        *[line.row(f"{flag} {name}", *given, file, says=(flag, why)) for name, (file, why) in ATTACHED.items()],
        *[
            line.row(f"{flag} {name}", *given, url, says=(flag, came(url)))
            for name, url in NO_URLS.items()
            if "://" in url
        ],
    ]


def messages(line: Line) -> list[Row]:
    """Return the rows of the options of a message."""
    return [
        line.row("--format without --export", "--format=mp4", says=("--format", "--export"), error="needs_export"),
        line.row("--quality without --export", "--quality=high", says=("--quality", "--export")),
        *line.refused("--poll-interval", "0.5 to 3600", {"wrong": "soon", "too short": "0.4", "too long": "3601"}),
        *line.refused("--session", "letters, digits", NO_IDENTIFIERS),
        *line.usage("--export", "--dry-run", "--no-wait", "--new", "--yes", arguments=True),
        line.row("two wishes", "a pot", says=("a pot",), error="usage"),
        line.row("words twice", "--prompt", "a pot", says=("--prompt",), error="message_twice"),
        *line.refused("--variant", "200", {"oversized": LONG, "two lines": "a\nb"}),
    ]


def free(name: str, line: Line) -> list[Row]:
    """Return the rows of a command that costs nothing and has no use for what money needs."""
    paying = {"--new": (), "--variant": ("x",), "--variant=": (), "--resume": ("render_1",), "--resume=": ()}
    return [
        *[
            line.row(f"{flag} where nothing is paid", flag, *value, says=(flag.rstrip("="),))
            for flag, value in paying.items()
            if not (name == "export" and flag.startswith("--resume"))
        ],
        *line.usage("--dry-run", "--no-wait", "--yes", arguments=name in ("upload", "cancel-export")),
        *every_skill.spoken(line),
        *stretched(line),
        *copied(line),
    ]


def copied(line: Line) -> list[Row]:
    """Return a row for each option that every subcommand has though only a few make or pay for something."""
    return [
        *line.refused("--chat-copy", "auto, never", {"wrong": "always"}),
        *line.refused("--max-cost", "0.001 to 1000000000", {"none": "0"}),
    ]


def stretched(line: Line) -> list[Row]:
    """Return a few rows of each option that says where, how long and to whom, for a command of many."""
    return [
        *line.refused("--timeout", "1 to 86400", {"wrong": "soon", "too short": "0.9"}),
        *line.refused("--output-dir", "folder", {"empty": "", "a file": "empty"}),
        *line.refused("--base-url", "https URL of the service", {"unencrypted": "http://service.example"}),
        *line.refused("--trust-host", "host", {"all of them": "*"}),
    ]


GENERATES = [
    Line(LAUNCHER).row("no command", says=("command",), error="usage"),
    Line(LAUNCHER, command=("draw",)).row("unknown", says=("draw",), error="usage", process=True),
    *every_skill.prompts(BARE),
    *messages(GENERATE),
    *EXPORTING.refused("--format", "mp4, mov", NO_FORMATS),
    *EXPORTING.refused("--quality", "single word", NO_QUALITIES),
    *GENERATE.refused(
        "--poll-interval", "0.5 to 3600", {name: NO_NUMBERS[name] for name in ("empty", "infinite")}
    ),
    *attachments(GENERATE, "--attach"),
    GENERATE.row("--attach of 21", *["--attach=good.png"] * 21, says=("--attach", "20", "21")),
    *BARE.refused("--resume", "letters, digits", NO_IDENTIFIERS),
    *every_skill.output(GENERATE),
    *every_skill.waiting(GENERATE),
    *service(GENERATE),
    SAY.row("--prompt-file too", "--prompt-file", "gone.txt", says=("--prompt",), error="message_twice"),
    *SAY.refused("--attach", "folder", {"a folder": "folder"}),
    Line(LAUNCHER, SESSION, ("say",)).row(
        "words of marks", "\u200b\u3164", says=("--prompt", "invisible"), error="prompt_invisible"
    ),
    Line(LAUNCHER, SESSION, ("say",)).row("no words", says=("prompt is missing",), error="prompt_missing"),
    Line(LAUNCHER, ("a cup",), ("say",)).row("no session", says=("No session",), error="session_missing"),
    *Line(LAUNCHER, command=("say",)).refused("--resume", "letters, digits", FEW_IDENTIFIERS),
    *messages(SAY),
    *every_skill.spoken(SAY),
    *every_skill.limited(GENERATE),
    *stretched(SAY),
    *copied(SAY),
]
FREES = [
    *[row for name, line in FREE.items() for row in free(name, line)],
    *FREE["connect"].refused("--language", "en, zh or pt-BR", NO_LANGUAGES),
    *attachments(UPLOAD, "FILE"),
    Line(LAUNCHER, SESSION, ("upload",)).row("nothing", says=("FILE",), error="usage"),
    *UPLOAD.refused("--session", "letters, digits", FEW_IDENTIFIERS),
    *FREE["state"].refused("--session", "letters, digits", FEW_IDENTIFIERS),
    Line(LAUNCHER, command=("state",)).row("no session", says=("No session",), error="session_missing"),
    FREE["state"].row("--draft-file taken", "--draft-file=good.png", says=("--draft-file", "an earlier draft")),
    FREE["state"].row("--draft-file in a skill", "--draft-file=skill/d.json", says=("--draft-file", "the skill")),
    *EXPORT.refused("--format", "mp4, mov", NO_FORMATS),
    *EXPORT.refused("--quality", "single word", NO_QUALITIES),
    *EXPORT.refused("--session", "letters, digits", FEW_IDENTIFIERS),
    *EXPORT.refused("--poll-interval", "0.5 to 3600", {"wrong": "soon", "too short": "0.4"}),
    *Line(LAUNCHER, command=("export",)).refused("--resume", "letters, digits", FEW_IDENTIFIERS),
    Line(LAUNCHER, command=("export",)).row("no session", says=("No session",), error="session_missing"),
    EXPORT.row("--draft missing", "--draft=gone.json", says=("--draft", "gone.json", "No such file")),
    EXPORT.row("--draft a folder", "--draft=folder", says=("--draft", "folder")),
    EXPORT.row("--draft large", "--draft=large", says=("--draft", "large", "draft")),
    *[
        EXPORT.row(f"--draft {name}", "--draft=d.json", says=("--draft", "d.json", "draft"),
                   error="draft_unusable", files={"work/d.json": content})
        for name, content in DRAFTS.items()
    ],
    *Line(LAUNCHER, command=("cancel-export",)).argument("RENDER_ID", "RENDER_ID", NO_IDENTIFIERS),
    Line(LAUNCHER, command=("cancel-export",)).row("no id", says=("RENDER_ID",), error="usage"),
    Line(LAUNCHER, command=("route",)).row("no words", says=("WORDS",), error="usage"),
    *ROUTE.usage(arguments=True),
    *every_skill.spoken(ROUTE),
    ROUTE.row("--timeout where nothing is waited for", "--timeout=9", says=("--timeout",), error="usage"),
]  # fmt: skip
TASKS = every_skill.tasks(
    [
        Row(
            "tasks.py", f"resume {name}", ("resume", value, "--json"), ("--resume", "letters, digits", came(value))
        )
        for name, value in NO_IDENTIFIERS.items()
    ]
)
DOCTORS = [
    *DOCTOR.usage(),
    *every_skill.output(DOCTOR),
    *service(DOCTOR),
    DOCTOR.row("a token of two words", says=("NEMO_TOKEN",), code=3, env={"NEMO_TOKEN": "a b"}, process=True),
]
TABLE = Table(
    "generator-image",
    [*GENERATES, *FREES, *TASKS, *DOCTORS],
    least={LAUNCHER: 250, "tasks.py": 60, "doctor.py": 50},
    environment={"NEMO_TOKEN": NEMO_TOKEN},
)
