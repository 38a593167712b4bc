"""Files of tasks and configurations of OpenClaw that zm-img2-generation-direct refuses."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.vectors.materials import LONG
from tests.faults.vectors.row import Line, Row, came
from tests.providers.openai_images import BASE_URL, PROVIDER

KEY = "dummy-" + "key" * 6
TASK = '{"prompt":"a cup"}'
TASKS_OF = {"one": f'{{"tasks":[{TASK}]}}'}
CONFIG_FILE = "home/.openclaw/openclaw.json"


def provider(**changes: Any) -> bytes:
    """Return a configuration whose provider is right but for these changes; None leaves a field out."""
    entry = {"baseUrl": BASE_URL, "apiKey": KEY, "models": [], **changes}
    entry = {name: value for name, value in entry.items() if value is not None}
    return json.dumps({"models": {"providers": {PROVIDER: entry}}}).encode()


CONFIG = provider()
_SECRETS = {"source": "file", "provider": "vault", "id": "/key"}
_REFUSED: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "empty": (b"", "config_unreadable", ("openclaw.json", "JSON5")),
    "broken": (b"{broken", "config_unreadable", ("openclaw.json", "JSON5")),
    "a list": (b"[]", "config_unreadable", ("openclaw.json", "JSON5")),
    "deep": (b"[" * 100_000, "config_unreadable", ("openclaw.json", "JSON5")),
    "deep and whole": (b"[" * 100_000 + b"]" * 100_000, "config_unreadable", ("openclaw.json", "JSON5")),
    "not UTF-8": (b"\xff\xfe{}", "config_unreadable", ("openclaw.json", "JSON5")),
    "without models": (b"{}", "provider_missing", ("happy", "models.providers")),
    "with models that are a list": (b'{"models":[]}', "provider_missing", ("happy", "models.providers")),
    "with a provider that is a word": (
        b'{"models":{"providers":{"happy":"x"}}}', "provider_missing", ("happy", "models.providers")),
    "without an address": (provider(baseUrl=None), "provider_incomplete", ("happy.baseUrl",)),
    "with an address that is a number": (provider(baseUrl=7), "provider_incomplete", ("happy.baseUrl",)),
    "with an empty address": (provider(baseUrl=" "), "provider_incomplete", ("happy.baseUrl",)),
    "without a key": (provider(apiKey=None), "provider_incomplete", ("happy.apiKey",)),
    "with an empty key": (provider(apiKey=""), "provider_incomplete", ("happy.apiKey",)),
    "with a key that is a number": (provider(apiKey=7), "secret_malformed", ("happy.apiKey",)),
    "with an include that is missing": (
        b'{"$include": "gone.json5"}', "include_refused", ("openclaw.json", "gone")),
    "that includes itself": (b'{"$include": "openclaw.json"}', "include_refused", ("openclaw.json", "cycle")),
    "with an include outside": (b'{"$include": "/etc/passwd"}', "include_refused", ("passwd", "outside")),
    "with an include that is a number": (b'{"models": {"$include": 7}}', "include_refused", ("7", "path")),
    "with a blank key": (provider(apiKey=" \t"), "provider_incomplete", ("happy.apiKey", "empty")),
    "with an address in a private network": (
        provider(baseUrl="http://192.168.1.5:3000/v1"), "base_url_unencrypted", ("192.168.1.5", "unencrypted")),
    "with a variable of small letters": (provider(apiKey="${small}"), "key_missing", ("happy.apiKey",)),
    "with a key of two words": (provider(apiKey="two words"), "key_malformed", ("happy.apiKey", "malformed")),
    "with an oversized key": (provider(apiKey="d" * 4097), "key_malformed", ("happy.apiKey", "malformed")),
    "with a variable that is not set": (provider(apiKey="${NOT_SET}"), "variable_missing", ("apiKey", "NOT_SET")),
    "with an address that is not set": (provider(baseUrl="$NOT_SET"), "variable_missing", ("baseUrl", "NOT_SET")),
    "with a secret to be executed": (
        provider(apiKey={"source": "exec", "id": "x"}), "secret_source_refused", ("apiKey", "exec")),
    "with a secret of the gateway": (
        provider(apiKey={"source": "store", "id": "x"}), "secret_source_refused", ("apiKey", "store")),
    "with a secret of no source": (provider(apiKey={"id": "x"}), "secret_malformed", ("apiKey",)),
    "with a secret without a name": (provider(apiKey={"source": "env", "id": 7}), "secret_malformed", ("apiKey",)),
    "with a secret of nobody": (provider(apiKey=_SECRETS), "secret_malformed", ("apiKey",)),
    "with headers that are a list": (provider(headers=["X-A"]), "header_invalid", ("happy.headers",)),
    "with a header of ours": (provider(headers={"Authorization": "x"}), "header_invalid", ("Authorization",)),
    "with a header of two lines": (provider(headers={"X-A": "a\nb"}), "header_invalid", ("X-A",)),
    "with a header's name of two lines": (provider(headers={"X-A\nHost": "a"}), "header_invalid", ("headers",)),
    "with a header in Chinese": (provider(headers={"X-A": "茶杯"}), "header_invalid", ("X-A",)),
    **{
        f"with an address {name}": (provider(baseUrl=address), "base_url_invalid", ("happy.baseUrl", "https"))
        for name, address in {
            "without a scheme": "images.happy.example/v1",
            "unencrypted": "http://images.happy.example/v1",
            "of a file": "file:///etc/passwd",
            "with a password": "https://me:word@images.happy.example/v1",
            "of an endpoint with a query": "https://images.happy.example/v1/images/generations?a=b",
            "with spaces": "https://images.happy.example/v1 /images",
            "with a query": "https://images.happy.example/v1?to=me",
            "with a bad port": "https://images.happy.example:99999/v1",
            "with a backslash": "https://images.happy.example\\@pictures.example",
            "with a line break": "https://images.happy.example/v1\nx",
        }.items()
    },
}  # fmt: skip
CONFIGURATIONS: list[Row] = [
    Line("run.py", ("--prompt", "a cup")).row(
        f"a configuration {name}", says=says, code=3, error=error, files={CONFIG_FILE: content}
    )
    for name, (content, error, says) in _REFUSED.items()
]
_FILES: dict[str, tuple[bytes, str]] = {
    "that is no JSON": (b"{tasks: }", "line 1, column 2"),
    "that is a list": (b'[{"prompt":"a"}]', "not a JSON object"),
    "that is empty": (b"", "not valid JSON"),
    "without tasks": (b"{}", "list of tasks is missing"),
    "with no tasks": (b'{"tasks":[]}', "list of tasks is missing"),
    "with tasks that are an object": (b'{"tasks":{"a":1}}', "list of tasks is missing"),
    "with NaN": (b'{"tasks":[{"prompt":"a"}],"max_workers":NaN}', "not valid JSON"),
    "with a name twice": (b'{"tasks":[],"tasks":[{"prompt":"a"}]}', '"tasks" appears twice'),
    "that is not UTF-8": (b'{"tasks":[{"prompt":"caf\xe9"}]}', "not UTF-8"),
    "that is deep": (b'{"tasks":' + b"[" * 100_000, "not valid JSON"),
    "that is deep and whole": (b'{"tasks":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not valid JSON"),
}
_FIELDS = {
    "unknown": ('"colour":1', "unknown fields"),
    "unknown and hostile": ('"\\u001b[2J":1', "unknown fields"),
    "max_workers of a list": ('"max_workers":[1]', "1 to 1000"),
    "max_workers of none": ('"max_workers":0', "1 to 1000"),
    "max_workers of true": ('"max_workers":true', "1 to 1000"),
    "max_workers beyond all numbers": ('"max_workers":1e999', "1 to 1000"),
    "timeout_ms of a list": ('"timeout_ms":[1]', "1 to 86400000"),
    "timeout_ms of words": ('"timeout_ms":"many"', "1 to 86400000"),
    "max_attempts of six": ('"max_attempts":6', "1 to 5"),
    "max_attempts of a half": ('"max_attempts":1.5', "1 to 5"),
    "batch_name of a number": ('"batch_name":7', "batch_name"),
    "provider of a list": ('"provider":["happy"]', "provider"),
    "provider of a path": ('"provider":"../x"', "name of a provider"),
    "model of two words": ('"model":"a b"', "name of a model"),
    "size of a number": ('"size":1024', "size"),
    "size of a word": ('"size":"big"', "1024x1536"),
    "quality of a number": ('"quality":7', "quality"),
    "quality of a word": ('"quality":"best"', "auto, low, medium, high"),
    "format of a list": ('"format":["png"]', "format"),
    "compression of true": ('"compression":true', "0 to 100"),
    "compression of a list": ('"compression":[80]', "0 to 100"),
    "n of none": ('"n":0', "1 to 10"),
    "n of eleven": ('"n":11', "1 to 10"),
    "n of a half": ('"n":1.5', "1 to 10"),
    "background of nothing": ('"background":""', "auto, opaque, transparent"),
    "moderation of a word": ('"moderation":"off"', "auto, low"),
    "send_to_feishu of a word": ('"send_to_feishu":"yes"', "send_to_feishu"),
}
_QUEUE_FIELDS = {
    "task_timeout_seconds of a list": ('"task_timeout_seconds":[1]', "0.1 to 86400"),
    "max_queue_size below none": ('"max_queue_size":-1', "0 to 1000"),
}
_BATCH_FIELDS = {"batch_name of a path": ('"batch_name":"../up"', "batch_name")}


def _rows(line: Line, most: int, fields: dict[str, tuple[str, str]]) -> list[Row]:
    """Return the rows of the tasks that a launcher is given in a file, on stdin or among the words."""
    many = b'{"tasks":[%s]}' % b",".join([TASK.encode()] * (most + 1))
    return [
        line.row("tasks in a missing file", "@gone.json", says=("@gone.json", "No such file")),
        line.row("tasks in a folder", "@folder", says=("@folder", "not a regular file")),
        line.row("tasks in a pipe", "@pipe", says=("@pipe", "not a regular file")),
        line.row("tasks in a device", "@/dev/zero", says=("@/dev/zero", "not a regular file")),
        line.row("tasks in a large file", "@large", says=("@large", "32 MB")),
        line.row("tasks in a file without a name", "@", says=('"@"', "not a regular file")),
        line.row("tasks in a file with NUL", "@a\0b", says=("@a\\x00b", "not a valid file name")),
        line.row("tasks in a file with an oversized name", f"@{LONG}", says=(came(f"@{LONG}"), "too long")),
        line.row("tasks in a file without @", "t.json", says=("t.json", "leading @")),
        line.row("tasks in an empty word", "", says=("leading @",)),
        line.row("tasks on stdin that is empty", "-", says=("not valid JSON",)),
        line.row("tasks in words that are cut", '{"tasks":[', says=("not valid JSON",)),
        line.row("tasks beyond all bounds", "@t.json", says=(str(most), str(most + 1)), error="tasks_too_many",
                 files={"work/t.json": many}),
        *[
            line.row(f"tasks in a file {name}", "@t.json", says=("@t.json", why), files={"work/t.json": content})
            for name, (content, why) in _FILES.items()
        ],
        *[
            line.row(f"a field {name}", f'{{"tasks":[{TASK}],{text}}}', says=(why,))
            for name, (text, why) in {**_FIELDS, **fields}.items()
        ],
    ]  # fmt: skip


TASK_FILES = {
    "batch_run.py": _rows(Line("batch_run.py"), 200, _BATCH_FIELDS),
    "image_queue.py": _rows(Line("image_queue.py", command=("run",)), 1000, _QUEUE_FIELDS),
}
