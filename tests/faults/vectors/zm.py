"""What the launchers of zm-img2-generation-direct refuse; files and configurations are in zm_files."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.vectors import every_skill
from tests.faults.vectors.materials import LONG, NO_FOLDERS, NO_IDS, NO_NUMBERS
from tests.faults.vectors.row import Line, Row, Table, came
from tests.faults.vectors.zm_files import CONFIG, CONFIGURATIONS, TASK_FILES, TASKS_OF

RUN = Line("run.py", ("--prompt", "a cup"))
BARE = Line("run.py")
BATCH = Line("batch_run.py", (TASKS_OF["one"],))
QUEUE = Line("image_queue.py", (TASKS_OF["one"],), ("run",))
SINGLE = Line("image_queue.py", ("--prompt", "a cup"), ("run",))
UNTOLD = Line("image_queue.py", command=("run",))
VERIFY = Line("verify.py", ("folder",))
DOCTOR = Line("doctor.py")
STATUSES = "queued, running, completed"
PASSED = ("--raw", "--no-send")
FEW_NUMBERS = {name: NO_NUMBERS[name] for name in ("wrong", "negative", "not a number")}
NO_WORDS = {"empty": "", "wrong": "best", "two lines": "low\n", "oversized": LONG, "an escape": "\x1b[2J"}
NO_PROVIDERS = {"empty": "", "two words": "a b", "oversized": LONG, "path-like": "../x", "two lines": "happy\n"}
NO_NAMES = {"empty": "", "oversized": LONG, "path-like": "../up", "a device of Windows": "con", "a flag": "-rf",
            "two lines": "a\nb", "an escape": "\x1b[2J", "hidden": ".cup",
            "half a character": "a\udcff"}  # fmt: skip
NO_LISTS = {
    "empty": "",
    "numbers": "[1]",
    "cut": '["r.png"',
    "with a gap": "good.png,,good.png",
    "deep": "[" * 9999,
}


def pictures(line: Line) -> list[Row]:
    """Return the rows of the options that say who draws what."""
    return [
        *line.refused("--provider", "name of a provider", NO_PROVIDERS),
        line.row("--provider unknown", "--provider=nobody", says=("nobody", "openclaw.json", "models.providers"),
                 code=3, error="provider_missing"),
        *line.refused(
            "--model", "name of a model",
            {"empty": "", "two words": "a b", "oversized": LONG, "path-like": "../x", "two lines": "gpt\n"},
        ),
        *line.refused(
            "--size", "1024x1536, or auto",
            {"empty": "", "wrong": "big", "hexadecimal": "0x10", "a ratio": "16:9", "negative": "-1x1024",
             "other digits": "1٠24x1٠24", "two lines": "1024x1024\n", "oversized": "9" * 400 + "x1024"},
        ),
        *line.refused(
            "--size", "multiples of 16, no side longer than 3840",
            {"no multiple of 16": "1000x1024", "too small": "512x512", "too large": "3840x2880",
             "too long": "3856x2160", "too narrow": "3200x1024"},
        ),
        *line.refused("--size", "1024x1024, 1536x1024, 1024x1536, auto",
                      {"that only newer models take": "1536x864"}, "--model=gpt-image-1.5"),
        *line.refused("--quality", "auto, low, medium, high (", {**NO_WORDS, "of newer models": "max"}),
        *line.refused("--format", "png, jpeg, webp", {**NO_WORDS, "moving": "gif", "upper case": "PNG"}),
        *line.refused("--compression", "0 to 100", {**FEW_NUMBERS, "too much": "101", "a half": "80.5"}),
        *line.refused("--n", "1 to 10", {**FEW_NUMBERS, "none": "0", "too many": "11", "a half": "1.5"}),
        *line.refused("--background", "auto, opaque, transparent", {**NO_WORDS, "a colour": "white"}),
        *line.refused("--moderation", "auto, low", {**NO_WORDS, "none": "none"}),
        *line.refused("--input-fidelity", "high, low", NO_WORDS, "--model=gpt-image-1.5"),
        line.row("--input-fidelity of another model", "--input-fidelity=high",
                 says=("gpt-image-2", "--input-fidelity", "leave it out")),
    ]  # fmt: skip


def combinations(line: Line) -> list[Row]:
    """Return the rows of options that the API takes only together with others."""
    return [
        line.row("--compression of a png", "--compression=80", says=("--compression", "--format jpeg")),
        line.row("--compression of a named png", "--compression=80", "--format=png", says=("--format webp",)),
        line.row("--background transparent of a jpeg", "--background=transparent", "--format=jpeg",
                 says=("--background transparent", "--format png")),
        line.row("--input-fidelity without a reference", "--input-fidelity=high", "--model=gpt-image-1.5",
                 says=("--input-fidelity", "--input-image")),
        line.row("--moderation beside a reference", "--moderation=low", "--image=good.png",
                 says=("--moderation", "--input-image")),
        line.row("a prompt that is too long for the model", "--prompt", "x" * 32_001, says=("32000", "32001")),
    ]  # fmt: skip


def attempts(line: Line, numbers: dict[str, str]) -> list[Row]:
    """Return the rows of the options about attempts."""
    return [
        *line.refused("--timeout-ms", "1 to 86400000", {**numbers, "none": "0", "too long": "86400001"}),
        *line.refused("--max-attempts", "1 to 5", {**numbers, "none": "0", "too many": "6", "a half": "1.5"}),
        *[
            row
            for flag in ("--retry-base-delay", "--retry-max-delay", "--retry-jitter")
            for row in line.refused(flag, "0 to 600", {**numbers, "too long": "601"})
        ],
        *line.refused("--on-unknown", "fail, retry", {"empty": "", "wrong": "maybe", "two lines": "retry\n"}),
    ]


def references(line: Line) -> list[Row]:
    """Return the rows of files that are not valid reference images."""
    return [
        *[
            line.row(f"--input-image {name}", "--input-image", "good.png", "--input-image", file,
                     says=("--input-image", why))
            for name, file, why in every_skill.REFERENCES
        ],
        line.row("--input-image moving", "--image=moving.gif", says=("--input-image", "PNG, JPEG or WebP", "gif")),
        line.row("--images with one missing", "--images=good.png, gone.png", says=("--images", "No such file")),
        line.row("--images of seventeen", "--images", ",".join(["good.png"] * 16), "--reference-image=good.png",
                 says=("16", "17", "reference images"), process=line is RUN),
        *line.refused("--images", "JSON array", NO_LISTS),
        *[
            line.row(f"--mask {name}", "--image=good.png", "--mask", file, says=("--mask", why))
            for name, file, why in every_skill.REFERENCES
        ],
        line.row("--mask without alpha", "--image=good.png", "--mask=good.png", says=("--mask", "no alpha")),
        line.row("--mask that is a GIF", "--image=good.png", "--mask=moving.gif", says=("--mask", "not a PNG")),
        line.row("--mask without a reference", "--mask=good.png", says=("--mask", "--input-image")),
    ]  # fmt: skip


RUNS = [
    *RUN.refused("--task-name", "file name", NO_NAMES),
    *pictures(RUN),
    *combinations(RUN),
    *attempts(RUN, NO_NUMBERS),
    *references(RUN),
    *every_skill.output(RUN),
    *every_skill.waiting(RUN),
    *every_skill.spending(RUN, *PASSED),
    *every_skill.prompts(BARE),
    *[
        BARE.row(f"--resume {name}", f"--resume={value}", says=("no record", came(value)), error="task_unknown")
        for name, value in {**NO_IDS, "empty": ""}.items()
    ],
    *[
        RUN.row(f"{variable} {name}", says=(variable, came(value)), env={variable: value})
        for variable in ("OPENCLAW_IMAGE_PROVIDER", "OPENCLAW_IMAGE_MODEL")
        for name, value in {"of two words": "a b", "path-like": "../x"}.items()
    ],
    *CONFIGURATIONS,
]  # fmt: skip
BATCHES = [
    *TASK_FILES["batch_run.py"],
    Line("batch_run.py").row("no tasks", says=("@FILE",), error="usage", process=True),
    BATCH.row("two files", "@folder", says=("@folder",), error="usage"),
    BATCH.row("--resume of a batch", "--resume", "x", says=("--resume", "@FILE")),
    *BATCH.refused("--max-workers", "1 to 1000", {**FEW_NUMBERS, "none": "0", "a half": "1.5"}),
    *pictures(BATCH),
    *attempts(BATCH, FEW_NUMBERS),
    *every_skill.output(BATCH),
    *every_skill.waiting(BATCH),
    *every_skill.spending(BATCH, *PASSED),
]
QUEUES = [
    Line("image_queue.py").row("no command", says=("command",), error="usage"),
    Line("image_queue.py", command=("drop",)).row("unknown", says=("drop",), error="usage", process=True),
    *TASK_FILES["image_queue.py"],
    QUEUE.row("two files", "@folder", says=("@folder",), error="usage"),
    QUEUE.row("--resume of a queue", "--resume", "x", says=("--resume", "image_queue.py run")),
    *[
        QUEUE.row(f"{flag} beside a file", f"{flag}=good.png", says=(flag, "@FILE"))
        for flag in (
            "--prompt",
            "--prompt-file",
            "--task-name",
            "--task-key",
            "--input-image",
            "--images",
            "--mask",
        )
    ],
    *SINGLE.refused("--task-name", "file name", NO_NAMES),
    *SINGLE.refused("--task-key", "file name", NO_NAMES),
    *references(SINGLE),
    *every_skill.prompts(UNTOLD),
    *QUEUE.refused("--max-workers", "1 to 1000", {**FEW_NUMBERS, "none": "0", "a half": "1.5"}),
    *QUEUE.refused("--task-timeout-seconds", "0.1 to 86400", {**FEW_NUMBERS, "none": "0", "too long": "86401"}),
    *QUEUE.refused("--max-queue-size", "0 to 1000", {**FEW_NUMBERS, "too many": "1001", "a half": "1.5"}),
    *QUEUE.refused("--grace-seconds", "0 to 600", {**FEW_NUMBERS, "too long": "601"}),
    *QUEUE.refused("--state-dir", "folder", NO_FOLDERS),
    QUEUE.row("--state-dir in a skill", "--state-dir=skill/q", says=("--state-dir", "inside the skill")),
    *pictures(QUEUE),
    *attempts(QUEUE, FEW_NUMBERS),
    *every_skill.output(QUEUE),
    *every_skill.waiting(QUEUE),
    *every_skill.spending(QUEUE, *PASSED),
]
LOOKS = [
    row
    for name in ("status", "list", "history", "get", "cancel")
    for line in [Line("image_queue.py", ("x",) if name in ("get", "cancel") else (), (name,))]
    for row in (
        *line.usage(arguments=name in ("get", "cancel")),
        *every_skill.spoken(line),
        *line.refused(
            "--state-dir", "folder", {"empty": "", "two lines": "a\nb", "a file": "empty", "a pipe": "pipe"}
        ),
        *line.refused("--state-dir", "There is no queue", {"missing": "gone", "another folder": "folder"}),
    )
] + [
    *Line("image_queue.py", command=("list",)).refused(
        "--status", STATUSES, {"empty": "", "wrong": "done", "two lines": "queued\n", "oversized": LONG}
    ),
    *Line("image_queue.py", command=("history",)).refused(
        "--limit", "1 to 10000", {**NO_NUMBERS, "none": "0", "too many": "10001", "a half": "1.5"}
    ),
    Line("image_queue.py", command=("get",)).row("no id", says=("TASK_ID",), error="usage"),
    Line("image_queue.py", command=("cancel",)).row("no id", says=("TASK_ID",), error="usage"),
]
VERIFIES = [
    Line("verify.py").row("nothing to verify", says=("--self-test",), error="verify_what", process=True),
    VERIFY.row("--self-test beside a folder", "--self-test", says=("--self-test",), error="verify_what"),
    *VERIFY.usage("--self-test"),
    *every_skill.output(VERIFY),
    *Line("verify.py").argument(
        "result", "result.json",
        {"missing": "gone", "empty": "", "an empty file": "empty", "an empty folder": "folder",
         "a picture": "good.png", "a pipe": "pipe", "a device": "/dev/null", "a loop of links": "loop",
         "oversized": LONG, "large": "large", "NUL": "a\0b", "two lines": "a\nb", "not UTF-8": "latin"},
    ),
]  # fmt: skip
TASKS = every_skill.tasks(
    [
        Row(
            "tasks.py",
            f"resume {name}",
            ("resume", value, "--json"),
            ("no record", came(value)),
            error="task_unknown",
        )
        for name, value in {**NO_IDS, "empty": ""}.items()
    ]
)
DOCTORS = [
    *DOCTOR.usage(),
    *every_skill.output(DOCTOR),
    *DOCTOR.refused("--provider", "name of a provider", NO_PROVIDERS),
    DOCTOR.row("no configuration", says=("gone.json", "does not exist"), code=3, error="config_missing",
               env={"OPENCLAW_CONFIG_PATH": "gone.json"}, process=True),
]  # fmt: skip
ADDRESS = "--database=postgresql://nobody@127.0.0.1:1/nothing"
SUBMIT = Line("image_queue.py", (TASKS_OF["one"], ADDRESS), ("submit",))
WORKER = Line("image_queue.py", (ADDRESS,), ("worker",))
RECONCILE = Line("image_queue.py", (ADDRESS,), ("reconcile",))
READS = ("status", "list", "history", "get", "cancel")
STORES = {
    "empty": "",
    "a file": "empty",
    "missing": "gone",
    "a URL": "https://a.example/b",
    "a bucket without name": "s3://",
}
FLEET = [
    *SUBMIT.refused(
        "--priority", "-1000 to 1000", {"wrong": "high", "too much": "1001", "a half": "1.5", "empty": ""}
    ),
    *SUBMIT.refused("--delay", "0 to 31622400", {**FEW_NUMBERS, "too long": "31622401"}),
    *SUBMIT.refused(
        "--start-at", "with a time zone", {"wrong": "soon", "empty": "", "no zone": "2026-12-24T18:00:00"}
    ),
    *SUBMIT.refused("--on-unknown", "fail, retry", {"empty": "", "wrong": "maybe"}),
    SUBMIT.row("two times", "--delay=1", "--start-at=2026-12-24T18:00:00Z", says=("--start-at", "--delay")),
    *pictures(SUBMIT),
    *SUBMIT.refused("--timeout-ms", "1 to 3600000", {**FEW_NUMBERS, "too long": "3600001"}),
    *SUBMIT.refused("--variant", "200", {"oversized": LONG, "two lines": "a\nb"}),
    *SUBMIT.usage("--dry-run", "--new", "--yes"),
    *every_skill.output(SUBMIT),
    *WORKER.refused("--max-workers", "1 to 64", {**FEW_NUMBERS, "none": "0", "too many": "65", "a half": "1.5"}),
    *WORKER.refused("--max-per-minute", "0 to 1000000", {**FEW_NUMBERS, "too many": "1000001"}),
    *WORKER.refused("--provider", "name of a provider", NO_PROVIDERS),
    *WORKER.usage("--drain"),
    *WORKER.refused("--store", "s3://BUCKET/PREFIX", STORES),
    *WORKER.refused("--spool", "folder", {"empty": "", "two lines": "a\nb", "a file": "empty"}, "--store=folder"),
    *SUBMIT.refused("--store", "s3://BUCKET/PREFIX", STORES),
    DOCTOR.row("--database of words", "--database=nowhere", says=("--database",), error="database_invalid"),
    *Line("doctor.py", (ADDRESS,)).refused("--store", "s3://BUCKET/PREFIX", STORES),
    *Line("image_queue.py", command=("migrate",)).usage(),
    *RECONCILE.refused("--heartbeat", "1 to 86400", {**FEW_NUMBERS, "none": "0"}),
    *RECONCILE.usage("--apply"),
    *RECONCILE.refused("--after-restore", "trust, distrust", {"empty": "", "wrong": "yes"}),
    RECONCILE.row("--after-restore alone", "--after-restore=trust", says=("--after-restore", "--apply")),
    *[
        row
        for name in (*READS, "migrate", "reconcile", "worker", "submit")
        for line in [Line("image_queue.py", ("x",) if name in ("get", "cancel", "submit") else (), (name,))]
        for row in (
            *(() if name in (*READS, "submit") else every_skill.spoken(replace(line, words=(ADDRESS,)))),
            line.row("--database with a password", "--database=postgresql://a:dummy@b/c",
                     says=("--database", "password"), error="database_password"),
            line.row("--database of words", "--database=somewhere", says=("--database",),
                     error="database_invalid"),
            line.row("--database of two lines", "--database=postgresql://a/\nb", says=("--database",),
                     error="database_invalid"),
        )
    ],
    Line("image_queue.py", command=("migrate",)).row("no database", says=("--database",),
                                                     error="database_missing"),
    Line("image_queue.py", (ADDRESS,), ("status",)).row("--state-dir too", "--state-dir=folder",
                                                         says=("--database", "--state-dir")),
    Line("image_queue.py", command=("submit",)).row("no tasks", says=("@FILE",), error="usage"),
]  # fmt: skip
TABLE = Table(
    "zm-img2-generation-direct",
    [*RUNS, *BATCHES, *QUEUES, *LOOKS, *VERIFIES, *TASKS, *DOCTORS, *FLEET],
    least={
        "run.py": 150,
        "batch_run.py": 90,
        "image_queue.py": 180,
        "verify.py": 25,
        "tasks.py": 60,
        "doctor.py": 20,
    },
    files={"home/.openclaw/openclaw.json": CONFIG},
)
