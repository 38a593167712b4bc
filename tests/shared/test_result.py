"""Every document has the same keys and keeps to the schema, however a command ended."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shared import errors, launch, signals
from shared.cli.context import CommandContext, Skill
from shared.i18n.catalog import harmless
from shared.journal.entry import State
from shared.output.outcome import Outcome, Status
from shared.output.result import NextCommand, shell_line, to_json_line
from shared.output.result import document as document_of
from shared.security import keys
from shared.security.keys import Secret
from tests.shared.fakes import draft

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "shared" / "output" / "result.schema.json").read_text("utf-8"))
LOCAL_ID = "20260301T120000Z-0123abcd"
IMAGE = {
    "path": "/p/one.png",
    "url": "https://img.example/one.png?sig=1",
    "media_type": "image/png",
    "width": 3,
    "height": 4,
    "bytes": 70,
    "sha256": "ab" * 32,
}
KEY = "dummy-key-of-many-letters"


def complaints(document: object) -> list[str]:
    """Return what the schema has against a document."""
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(cast("Any", document))]


def full_result() -> Outcome:
    result = Outcome("image2", "1.1.0", "kexiang", extra={"image_urls": [IMAGE["url"]]})
    entry = draft(
        local_id=LOCAL_ID,
        task_id="77",
        state="succeeded",
        charged="yes",
        possible_charges=1,
        attempts=1,
        cost={"amount": 0.2, "unit": "credits", "source": "charged"},
        requested={"size": "3:4"},
        applied={"size": "3:4"},
    )
    return replace(
        result.with_entry(entry, "/journal/one.json"),
        images=[dict(IMAGE)],
        media=["/p/one.png"],
        input_images=[{"url": "https://a.example/1.png"}],
        next_command=NextCommand(["python3", "/s/create_task.py", "--resume", "77"]),
    )


@pytest.fixture
def run(tmp_path: Path) -> CommandContext:
    skill = Skill("image2", "kexiang", "1.1.0", {}, "create_task.py")
    return CommandContext(skill, ["--json", "--prompt", "a kite"], str(tmp_path / "create_task.py"))


# ---- the schema itself


def subschemas(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a schema and every one that is written out inside it."""
    below = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    return [schema, *(deep for one in below for deep in subschemas(one))]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_required_and_described_in_one_line() -> None:
    objects = [one for one in subschemas(SCHEMA) if one.get("properties")]
    assert len(objects) == 6
    for schema in objects:
        if "minProperties" not in schema:  # a reference has a URL or is a file
            assert schema["required"] == list(schema["properties"])
        for name, value in schema["properties"].items():
            target = SCHEMA["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else {}
            description = {**target, **value}.get("description", "")
            assert description.endswith((".", ";")), name
            assert "\n" not in description


def test_only_the_top_level_is_open() -> None:
    open_objects = [one for one in subschemas(SCHEMA) if one.get("type") == "object" and "properties" in one]
    assert [one.get("additionalProperties", True) for one in open_objects] == [True] + [False] * 5


def test_the_words_of_the_schema_are_those_of_the_code() -> None:
    properties = SCHEMA["properties"]
    assert tuple(properties["status"]["enum"]) == get_args(Status)
    assert list(properties) == list(document_of(Outcome("image2", "1.1.0", "kexiang"), None))


def broken(**changes: Any) -> dict[str, Any]:
    return {**document_of(full_result(), None), **changes}


ERROR = {
    "code": "refused",
    "message": "No.",
    "hint": None,
    "next": None,
    "retryable": False,
    "charged": "no",
    "provider_code": None,
    "http_status": 400,
    "request_id": None,
    "help_url": None,
}
WRONG: dict[str, dict[str, Any]] = {
    "another version": broken(schema_version=2),
    "success with an error": broken(error=ERROR),
    "failure without one": broken(ok=False),
    "an unknown status": broken(status="rendering"),
    "an id that is a number": broken(task_id=77),
    "an empty id": broken(task_id=""),
    "a foreign local id": broken(local_id="77"),
    "more in a picture": broken(images=[{**IMAGE, "colour": "red"}]),
    "less in a picture": broken(images=[{name: IMAGE[name] for name in IMAGE if name != "sha256"}]),
    "a picture of no size": broken(images=[{**IMAGE, "width": 0}]),
    "a hash in capitals": broken(images=[{**IMAGE, "sha256": "AB" * 32}]),
    "an attachment that is no path": broken(media=[None]),
    "a reference that is nothing": broken(input_images=[{}]),
    "more in the cost": broken(cost={"amount": 1, "unit": "credits", "source": "charged", "tax": 0}),
    "a cost of nobody's": broken(cost={"amount": 1, "unit": "credits", "source": "guessed"}),
    "a cost that is text": broken(cost={"amount": "0.2", "unit": "credits", "source": "charged"}),
    "charged perhaps": broken(charged="perhaps"),
    "fewer than no charges": broken(possible_charges=-1),
    "a local time": broken(started_at="2026-03-01T12:00:00+08:00"),
    "a command without a shell": broken(next={"argv": ["x"]}),
    "a command of no words": broken(next={"argv": [], "shell": "x"}),
    "more in an error": broken(ok=False, error={**ERROR, "trace": ""}),
    "less in an error": broken(ok=False, error={"code": "refused"}),
    "an error without words": broken(ok=False, error={**ERROR, "message": ""}),
    "an error with a sentence for a code": broken(ok=False, error={**ERROR, "code": "It failed"}),
    "an HTTP status from nowhere": broken(ok=False, error={**ERROR, "http_status": 42}),
}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_the_schema_refuses(document: dict[str, Any]) -> None:
    assert len(complaints(document)) == 1


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_no_key_may_be_missing(name: str) -> None:
    document = broken()
    del document[name]
    assert f"{name!r} is a required property" in complaints(document)


# ---- documents


def test_an_empty_result_and_a_full_one_keep_to_the_schema() -> None:
    empty = document_of(Outcome("image2", "1.1.0", "kexiang"), None)
    document = document_of(full_result(), None)
    assert (complaints(empty), complaints(document)) == ([], [])
    assert list(document) == [*SCHEMA["required"], "image_urls"]
    assert (document["charged"], document["attempts"], document["journal"]) == ("yes", 1, "/journal/one.json")
    assert document["next"]["shell"] == "python3 /s/create_task.py --resume 77"


STATUSES: dict[str, Status] = {
    "prepared": "not_started",
    "submitting": "unknown",
    "submitted": "submitted",
    "succeeded": "succeeded",
    "failed": "failed",
    "refused": "refused",
    "unreachable": "not_started",
    "unknown": "unknown",
}


@pytest.mark.parametrize("state", get_args(State))
def test_the_status_follows_the_entry(state: State) -> None:
    result = Outcome("image2", "1.1.0", "kexiang")
    result = result.with_entry(draft(state=state, local_id=LOCAL_ID), "/j")
    assert result.status == STATUSES[state]
    result = replace(result, status="running").with_entry(draft(state=state, local_id=LOCAL_ID), "/j")
    assert result.status == ("running" if state == "submitted" else STATUSES[state])


def test_an_adopted_entry_that_knows_little_leaves_what_the_run_knows() -> None:
    adopted = draft(mode="", model="", requested={}, applied={}, cost=None, local_id=LOCAL_ID)
    result = full_result().with_entry(adopted, "/j")
    document = document_of(result, None)
    assert (document["mode"], document["model"], document["requested"]) == (
        "text2img",
        "GPT-Image-2",
        {"size": "3:4"},
    )
    assert document["cost"]["amount"] == 0.2
    assert (document["charged"], document["task_id"]) == ("no", None)


ENDS: dict[str, Callable[[], errors.SkillError | signals.Interrupted]] = {
    "bug": lambda: errors.SkillError("bug", kind="KeyError", where="wire.py:1"),
    "bad input": lambda: errors.BadInput("prompt_empty", flag="--prompt"),
    "configuration": lambda: errors.ConfigurationError("no_home"),
    "limited": lambda: errors.RateLimitError(
        "create_limited", http_status=429, retry_after=5.0, words="-", wait="5 s"
    ),
    "refused": lambda: errors.InvalidRequest("refused", http_status=400, request_id="r-1", words="no", status=400),
    "failed": lambda: errors.TaskFailed("task_failed", provider_code="E17", reason="no faces"),
    "running": lambda: errors.StillRunning("still_running", elapsed="12", looks=2),
    "unknown": lambda: errors.ResponseLost("answer_lost", reason="cut", host="kexiangai.com"),
    "unreachable": lambda: errors.NotSentError("unreachable", host="kexiangai.com", reason="refused"),
    "disk": lambda: errors.DiskError("journal_damaged", path="/j", remedy="set_aside"),
    "unusable": lambda: errors.UnusableResult("picture_unusable", reason="cut"),
    "busy": lambda: errors.TaskLocked("request_busy", local_id=LOCAL_ID),
    "interrupted": lambda: signals.Interrupted(15),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("full", [False, True])
def test_a_run_ends_with_a_document_of_the_same_keys(
    run: CommandContext, capsys: pytest.CaptureFixture[str], end: Callable[[], Any], *, full: bool
) -> None:
    if full:
        run.result = full_result()
    code = run.finish(end())
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert complaints(document) == []
    assert list(document) == SCHEMA["required"] + (["image_urls"] if full else [])
    assert code != 0
    assert document["error"]["charged"] == document["charged"]


def test_a_run_that_succeeds_ends_with_the_same_keys(
    run: CommandContext, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.finish(None) == 0
    document = json.loads(capsys.readouterr().out)
    assert (complaints(document), list(document)) == ([], SCHEMA["required"])


@pytest.mark.parametrize("code", launch._TEXTS)
@pytest.mark.parametrize("line", [None, "python3 -m venv x"])
def test_the_launcher_writes_the_same_document(code: str, line: str | None) -> None:
    free = {"cost": "none", "needs_consent": False}
    following = {"argv": ["sh", "-c", line], "shell": line, **free} if line else None
    document = launch._document(
        "/skills/image2/scripts/create_task.py", code, "Missing.", "Install it.", following
    )
    assert complaints(document) == []
    assert set(document) == set(document_of(Outcome("image2", "1.1.0", "kexiang"), None))
    assert (document["skill"], document["status"], document["charged"]) == ("image2", "not_started", "no")
    nulls = {name for name, value in document.items() if value is None and name != "next"}
    nullable = {
        name
        for name, schema in SCHEMA["properties"].items()
        if "null" in schema.get("type", "") and name not in ("skill_version", "provider")
    }
    assert nulls - nullable == {"skill_version", "provider"}, "which only the launcher cannot know"


def test_only_a_launcher_leaves_the_skill_in_the_dark() -> None:
    document = document_of(full_result(), None)
    assert (document["skill_version"], document["provider"]) == ("1.1.0", "kexiang")


# ---- how it is printed


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_document_is_one_line_whatever_is_in_it(*, ascii_only: bool) -> None:
    hostile = "a\nb\r\u2028\u2029\x85\x9b\x7f\ud800é画😀"
    text = to_json_line({"link": hostile}, ascii_only=ascii_only)
    assert text.splitlines() == [text]
    assert text.isprintable()
    assert text.isascii() == ascii_only
    assert text.encode()
    assert json.loads(text) == {"link": hostile}


def test_a_key_in_play_is_masked_and_links_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_in_play", {})
    Secret(KEY)
    text = to_json_line({"url": IMAGE["url"], "prompt": f"my key is {KEY}"}, ascii_only=True)
    assert json.loads(text) == {"url": IMAGE["url"], "prompt": "my key is ****ters"}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json_line({"cost": number}, ascii_only=True)


SHOWN = st.characters(categories=["L", "N", "P", "S", "Zs"])
ANY = st.characters(exclude_characters="\0", exclude_categories=["Cs"])


@given(st.lists(st.text(SHOWN | st.sampled_from("\n\t")), min_size=1))
def test_a_command_is_spelled_so_that_a_shell_reads_it_back(argv: list[str]) -> None:
    command = NextCommand(argv).document()
    assert command["argv"] == argv
    assert shlex.split(command["shell"]) == argv


UNPRINTABLE = (
    "a\rb", "a\r\nb\r", "\r", "\x1b[2J", "it's\x07", "\u200b\u202e'\u2028",
    "a\u00adb\ufeff", "\udcff\x9b", "\x85$(x)`y`",
)  # fmt: skip
SHELLS = [name for name in ("sh", "bash", "zsh", "ksh") if shutil.which(name)]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_back_what_may_not_be_printed(shell: str) -> None:
    line = shell_line(["printf", "%s\\0", *UNPRINTABLE])
    assert harmless(line) == line
    output = subprocess.run([shell, "-c", line], capture_output=True, check=True).stdout
    assert output.split(b"\0")[:-1] == [os.fsencode(word) for word in UNPRINTABLE]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(ANY, max_size=8), min_size=1))
def test_a_shell_reads_back_any_words(argv: list[str]) -> None:
    line = shell_line(["printf", "%s\\0", *argv])
    assert harmless(line) == line
    output = subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout
    assert output.decode().split("\0")[:-1] == argv


@pytest.mark.parametrize(
    "prompt", ["cat\nMEDIA:/etc/passwd", "cat\n\n  media: x\nMEDIA:y", "\nMEDIA:/x", "it's\nMEDIA:'x'", "MEDIA:/x"]
)
def test_no_line_of_a_command_begins_with_media_and_it_means_the_same(prompt: str) -> None:
    line = shell_line(["printf", "%s", prompt])
    assert not [part for part in line.splitlines() if part.strip().lower().startswith("media:")]
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout.decode() == prompt
