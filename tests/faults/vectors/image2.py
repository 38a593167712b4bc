"""What image2's launchers refuse."""

from __future__ import annotations

from tests.faults.vectors import every_skill
from tests.faults.vectors.materials import LONG, NO_HOSTS, NO_KEYS, NO_NUMBERS, NO_SERVICES, NO_URLS
from tests.faults.vectors.row import Line, Row, Table, came
from tests.providers.house import KEXIANG_KEY

WORDS = ("--mode", "text2img", "--size", "1:1", "--prompt", "a cup")
CREATE = Line("create_task.py", WORDS)
BARE = Line("create_task.py")
WITHOUT_PROMPT = Line("create_task.py", WORDS[:4])
FROM_PICTURES = Line("create_task.py", (*WORDS, "--mode", "img2img"))
RESUME = Line("create_task.py", ("--resume", "13170"))
QUERY = Line("query_task.py", ("13170",))
SET_KEY = Line("set_key.py", ("--stdin",))
DOCTOR = Line("doctor.py")
PICTURE = "https://pictures.example/cup.png"
RATIOS = "auto, 1:1, 3:2"
NO_TASKS = {
    "empty": "",
    "wrong": "a b",
    "oversized": LONG,
    "path-like": "../../etc/passwd",
    "two lines": "13170\n",
    "an escape": "\x1b[2J",
    "a private address": "http://127.0.0.1/13170",
    "a path of the service": "13170/cancel",
    "a query": "13170?x=1",
    "the folder above": "..",
    "an escaped folder above": "%2e%2e",
    "a path through another": "13170/../1",
    "one too long": "a" * 129,
    "other digits": "１３１７０",
}
NO_KEY_BYTES = {name: key.encode(errors="surrogateescape") for name, key in NO_KEYS.items()}
KEPT = {"home/.config/image2/.env": b"X_API_KEY='dummy-kept'\n"}
STRANGERS = ("pictures.example", "kexiangai.com.example")
SERVICE_FLAGS = ("--use-local-key", "--api-key-stdin")


def service(line: Line) -> list[Row]:
    """Return the rows of the options for the service's address and key."""
    return [
        *line.refused("--base-url", "https URL of the service", NO_SERVICES),
        *[
            line.row(f"--base-url {host}", f"--base-url=https://{host}", says=("--base-url", f"to {host} instead"),
                     code=3, error="host_not_trusted")
            for host in STRANGERS
        ],
        *line.refused("--trust-host", "host", NO_HOSTS),
        *[
            line.row(
                f"IMAGE2_BASE_URL {name}",
                says=("IMAGE2_BASE_URL", "https URL", came(value)),
                code=3,
                env={"IMAGE2_BASE_URL": value},
            )
            for name, value in NO_SERVICES.items()
            if value and "\0" not in value
        ],
        *[
            line.row(f"X_API_KEY {name}", says=("X_API_KEY", "malformed"), code=3, env={"X_API_KEY": key})
            for name, key in NO_KEYS.items()
        ],
        line.row("X_API_KEY empty", says=("x-api-key",), code=3, error="key_missing", env={"X_API_KEY": ""}),
        line.row("X_API_KEY unresolved", says=("x-api-key",), code=3, env={"X_API_KEY": "${X_API_KEY}"}),
        *[
            line.row(f"--api-key-stdin {name}", "--api-key-stdin", stdin=key,
                     says=("--api-key-stdin", "malformed"), code=3)
            for name, key in NO_KEY_BYTES.items()
        ],
        *[
            line.row(f"--use-local-key {name}", "--use-local-key", says=(".env", why), code=3,
                     env={"X_API_KEY": ""}, files={"home/.config/image2/.env": content})
            for name, content, why in (
                ("binary", bytes(range(256)), "UTF-8"),
                ("large", b"#" * 70_000, "UTF-8"),
                ("of two words", b"X_API_KEY='two words'\n", "malformed"),
            )
        ],
    ]  # fmt: skip


def polling(line: Line) -> list[Row]:
    """Return the rows of the options about polling."""
    return [
        *line.refused("--poll-interval", "0.5 to 3600", {**NO_NUMBERS, "too short": "0.4", "too long": "3601"}),
        *line.refused(
            "--max-attempts", "1 to 10000", {**NO_NUMBERS, "none": "0", "too many": "10001", "a half": "1.5"}
        ),
    ]


CREATES = [
    *BARE.refused(
        "--mode", "text2img, img2img", {"empty": "", "wrong": "Text2Img", "oversized": LONG, "path-like": "../x"},
        *WORDS,
    ),
    *CREATE.refused("--mode", "text2img, img2img", {"with a control character": "text2img\n"}),
    BARE.row("--mode missing", "--size", "1:1", "--prompt", "a cup", says=("--mode", "text2img, img2img")),
    BARE.row("--mode without a value", "--mode", says=("--mode",), error="usage"),
    *CREATE.refused(
        "--size", RATIOS, {"empty": "", "wrong": "16x9", "unknown": "4:5", "oversized": LONG, "path-like": "./1:1"}
    ),
    *CREATE.refused("--size", RATIOS, {"with a control character": "1:1\x1b[2J"}),
    *CREATE.refused("--resolution", "1k, 2k, 4k", {"empty": "", "wrong": "8k", "upper case": "4K"}),
    *CREATE.refused("--quality", "low, medium, high", {"empty": "", "wrong": "max", "two lines": "low\n"}),
    BARE.row("--size missing", "--mode", "text2img", "--prompt", "a cup", says=("--size", RATIOS)),
    *CREATE.refused(
        "--model-name", "100", {"empty": "", "blank": "  ", "oversized": LONG, "two lines": "a\nb", "NUL": "a\0b"}
    ),
    *polling(CREATE),
    *every_skill.output(CREATE),
    *every_skill.waiting(CREATE),
    *every_skill.spending(CREATE, *SERVICE_FLAGS),
    *every_skill.prompts(WITHOUT_PROMPT),
    *BARE.refused("--resume", "letters, digits", NO_TASKS),
    *RESUME.refused("--timeout", "1 to 86400", {"wrong, for a resume": "soon"}),
    *RESUME.refused("--output-dir", "folder", {"a file, for a resume": "empty"}),
    *FROM_PICTURES.refused("--url", "public https", NO_URLS),
    FROM_PICTURES.row("--url missing", says=("--url", "1 to 8", "0")),
    FROM_PICTURES.row(
        "--url nine times", *(f"--url={PICTURE}?{n}" for n in range(9)), says=("--url", "1 to 8", "9")
    ),
    FROM_PICTURES.row(
        "--url one of two", f"--url={PICTURE}", "--url=https://10.0.0.1/x", says=("--url", "10.0.0.1")
    ),
    CREATE.row("--url with text2img", "--url", PICTURE, says=("--url", "img2img")),
    WITHOUT_PROMPT.row(
        "stdin wanted twice", "--prompt-file=-", "--api-key-stdin", says=("--api-key-stdin", "--prompt-file"),
        error="stdin_twice",
    ),
    *[
        CREATE.row(f"{flag} not UTF-8", flag, "caf\udce9\udcff", says=(flag,), process=flag == "--size")
        for flag in ("--prompt", "--size", "--model-name", "--url", "--base-url", "--variant")
    ],
    *service(CREATE),
]  # fmt: skip
QUERIES = [
    Line("query_task.py").row("no id", says=("ID",), error="usage", process=True),
    QUERY.row("two ids", "13171", says=("13171",), error="usage"),
    *Line("query_task.py").argument("ID", "letters, digits", NO_TASKS),
    *QUERY.usage("--wait", *SERVICE_FLAGS, arguments=True),
    *polling(QUERY),
    *every_skill.output(QUERY),
    *every_skill.waiting(QUERY),
    *service(QUERY),
]
KEYS = [
    *SET_KEY.usage("--stdin"),
    *every_skill.output(SET_KEY),
    SET_KEY.row("a key among the words", "dummy-key-among-the-words", says=("unexpected",), error="usage"),
    *[
        SET_KEY.row(f"a key of {name}", says=("--stdin", "malformed"), code=3, stdin=key,
                    process=name == "two words", files=KEPT)
        for name, key in {**NO_KEY_BYTES, "all bytes": bytes(range(256)), "a megabyte": b"a" * (1 << 20)}.items()
    ],
    *[
        SET_KEY.row(f"no key but {name}", says=("x-api-key",), code=3, error="key_missing", stdin=key, files=KEPT)
        for name, key in {"empty": b"", "blank": b" \n", "a variable": b"$X_API_KEY\n"}.items()
    ],
    Line("set_key.py").row("nobody to ask", says=("no terminal",), error="key_needs_terminal"),
    SET_KEY.row(
        "a key file that is binary", stdin=b"dummy-key-of-many-letters", says=(".env", "UTF-8"), code=3,
        files={"home/.config/image2/.env": bytes(range(256))},
    ),
]  # fmt: skip
TASKS = every_skill.tasks(
    [
        Row(
            "tasks.py", f"resume {name}", ("resume", value, "--json"), ("--resume", "letters, digits", came(value))
        )
        for name, value in NO_TASKS.items()
    ]
)
DOCTORS = [
    *DOCTOR.usage(*SERVICE_FLAGS),
    DOCTOR.row("no key", says=("x-api-key",), code=3, env={"X_API_KEY": "$NOT_SET"}, process=True),
    *every_skill.output(DOCTOR),
    *service(DOCTOR),
]
TABLE = Table(
    "image2",
    [*CREATES, *QUERIES, *KEYS, *TASKS, *DOCTORS],
    least={"create_task.py": 200, "query_task.py": 100, "set_key.py": 20, "tasks.py": 70, "doctor.py": 60},
    environment={"X_API_KEY": KEXIANG_KEY},
)
