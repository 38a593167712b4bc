"""What the launchers of ai-nano-banana-ima refuse."""

from __future__ import annotations

import json

from tests.faults.vectors import every_skill
from tests.faults.vectors.materials import LONG, NO_KEYS, NO_NUMBERS, NO_URLS
from tests.faults.vectors.row import Line, Row, Table, came
from tests.providers.house import IMA_KEY

WORDS = ("--task-type", "text_to_image", "--prompt", "a cup")
CREATE = Line("ima_image_create.py", WORDS)
BARE = Line("ima_image_create.py")
WITHOUT_PROMPT = Line("ima_image_create.py", WORDS[:2])
FROM_PICTURES = Line("ima_image_create.py", ("--task-type", "image_to_image", "--prompt", "in oil"))
LISTING = Line("ima_image_create.py", ("--list-models",))
DOCTOR = Line("doctor.py")
KINDS = "text_to_image, image_to_image"
FLAGS = ("--list-models", "--allow-downgrade", "--forget-preference")
NO_TASKS = {
    "empty": "",
    "wrong": "a b",
    "oversized": LONG,
    "path-like": "../../etc/passwd",
    "two lines": "ima-1\n",
    "an escape": "\x1b[2J",
    "a URL": "http://127.0.0.1/ima-1",
    "other digits": "٥",
}
NO_USERS = {
    "empty": "",
    "a path": "../../etc/passwd",
    "the folder above": "..",
    "here": ".",
    "hidden": ".me",
    "two dots": "a..b",
    "an absolute path": "/me",
    "a path of Windows": "me\\you",
    "ending in a dot": "me.",
    "ending in a blank": "me ",
    "two lines": "me\nyou",
    "NUL": "me\0",
    "an escape": "\x1b[2J",
    "oversized": "u" * 129,
    "other letters": "мы",
    "an emoji": "🫖",
    "a flag": "-me",
    "a placeholder": "{user_id}",
}
NO_PARAMETERS = {
    "empty": "",
    "a word": "soon",
    "a list": "[1]",
    "a number": "7",
    "nothing": "null",
    "cut": '{"n":',
    "nested": '{"a":{"b":1}}',
    "a list inside": '{"a":[1]}',
    "nothing inside": '{"a":null}',
    "twice": '{"n":1,"n":2}',
    "deep": "[" * 100_000,
    "NaN": '{"seed":NaN}',
    "infinite": '{"seed":-Infinity}',
    "infinite in digits": '{"seed":1e999}',
    "half a character": '{"style":"\\ud800"}',
    "half a character as a name": '{"\\udfff":1}',
    "oversized": '{"seed":' + "9" * 5000 + "}",
}
RESERVED = ("credit", "CREDIT", "attribute_id", "prompt", "input_images", "points", "cast", "model_id")

CREATES = [
    *CREATE.refused(
        "--task-type",
        KINDS,
        {"empty": "", "wrong": "text_to_video", "upper case": "TEXT_TO_IMAGE", "oversized": LONG,
         "path-like": "../x", "two lines": "text_to_image\n"},
    ),
    BARE.row("--task-type missing", "--prompt", "a cup", says=("--task-type", KINDS)),
    *CREATE.refused(
        "--model-id", "gemini-3.1-flash-image, gemini-3-pro-image",
        {"empty": "", "wrong": "midjourney-v7", "oversized": LONG, "two lines": "gemini-3-pro-image\n"},
    ),
    *CREATE.refused(
        "--version-id", "--list-models",
        {"empty": "", "wrong": "a b", "oversized": LONG, "path-like": "../x", "two lines": "1\n2",
         "other letters": "версия"},
    ),
    *CREATE.refused(
        "--size", "512, 1K, 2K, 4K",
        {"empty": "", "wrong": "big", "16K": "16K", "oversized": LONG, "a ratio": "16:9", "two lines": "1K\n"},
    ),
    *[
        CREATE.row(f"--extra-params {name}", f"--extra-params={text}", says=("--extra-params", "JSON"),
                   error="extra_params_no_json", process=name == "half a character")
        for name, text in NO_PARAMETERS.items()
    ],
    *[
        CREATE.row(f"--extra-params sets {name}", f'--extra-params={{"{name}":1}}', says=("--extra-params", name),
                   error="extra_params_reserved")
        for name in RESERVED
    ],
    CREATE.row("--extra-params sets the size", '--extra-params={"Size":"1K"}', says=("--extra-params", "--size")),
    *[
        CREATE.row(f"--extra-params with {ratio!r} as ratio",
                   "--extra-params=" + json.dumps({"aspect_ratio": ratio}),
                   says=("--extra-params aspect_ratio", "16:9", came(str(ratio))))
        for ratio in ("", "16x9", 1.5, "21:9")
    ],
    *[
        CREATE.row(f"--extra-params with n of {count}", f'--extra-params={{"n":{count}}}',
                   says=("--extra-params n", "1 to 10"))
        for count in ("0", "11", "-1", "1.5", "true", '"2"', "9" * 400)
    ],
    *CREATE.refused("--user-id", "letters, digits", NO_USERS),
    BARE.row("--forget-preference of nobody", "--forget-preference", says=("--user-id", "required")),
    BARE.row(
        "--forget-preference of a wrong kind", "--forget-preference", "--user-id=me", "--task-type=video",
        says=("--task-type", KINDS, "video"),
    ),
    *CREATE.refused(
        "--language", "zh or en",
        {"empty": "", "wrong": "fr", "oversized": LONG, "two lines": "en\n", "path": "../en"},
    ),
    *CREATE.refused("--max-points", "0 to 1e+10", {**NO_NUMBERS, "too many": "9" * 11}),
    *CREATE.refused("--poll-interval", "0.5 to 3600", {**NO_NUMBERS, "too short": "0.4", "too long": "3601"}),
    *every_skill.output(CREATE),
    *every_skill.waiting(CREATE),
    *every_skill.spending(CREATE, *FLAGS),
    *every_skill.prompts(WITHOUT_PROMPT),
    *BARE.refused("--resume", "letters, digits", NO_TASKS),
    *LISTING.refused("--task-type", KINDS, {"wrong, for a list": "video"}),
    *LISTING.refused("--timeout", "1 to 86400", {"wrong, for a list": "soon"}),
    FROM_PICTURES.row("--input-images not given", says=("--input-images", "1 to 14", "0")),
    FROM_PICTURES.row(
        "--input-images fifteen times", "--input-images", *["good.png"] * 15,
        says=("--input-images", "1 to 14", "15"),
    ),
    CREATE.row("--input-images with words", "--input-images=good.png", says=("--input-images", "image_to_image")),
    *[
        FROM_PICTURES.row(f"--input-images {name}", "--input-images", "good.png", file,
                          says=("--input-images", why))
        for name, file, why in every_skill.REFERENCES
    ],
    *[
        FROM_PICTURES.row(f"--input-images {name}", f"--input-images={url}", says=("--input-images", came(url)))
        for name, url in NO_URLS.items() if "://" in url
    ],
    FROM_PICTURES.row("--input-images in the URL itself", "--input-images=data:image/png;base64,AAAA",
                      says=("--input-images", "data:image", "https")),
]  # fmt: skip


def keys(line: Line) -> list[Row]:
    """Return the rows of the option and the variable that hold a key."""
    return [
        *[
            line.row(f"--api-key {name}", f"--api-key={key}", says=("--api-key", "malformed"), code=3)
            for name, key in NO_KEYS.items()
        ],
        line.row("--api-key that took an option", "--api-key", "--quiet", says=("--api-key", "no value")),
        *[
            line.row(f"IMA_API_KEY {name}", says=("IMA_API_KEY", "malformed"), code=3, env={"IMA_API_KEY": key})
            for name, key in NO_KEYS.items()
        ],
        *[
            line.row(f"no key but {name}", f"--api-key={key}", says=("IMA Studio",), code=3, error="key_missing",
                     env={"IMA_API_KEY": ""})
            for name, key in {"an empty one": "", "a variable": "$IMA_API_KEY"}.items()
        ],
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
    *DOCTOR.usage(),
    *every_skill.output(DOCTOR),
    *keys(DOCTOR),
    DOCTOR.row("no key", says=("IMA Studio",), code=3, env={"IMA_API_KEY": ""}, process=True),
]
TABLE = Table(
    "ai-nano-banana-ima",
    [*CREATES, *keys(CREATE), *TASKS, *DOCTORS],
    least={"ima_image_create.py": 200, "tasks.py": 70, "doctor.py": 25},
    environment={"IMA_API_KEY": IMA_KEY},
)
