"""The provider comes from OpenClaw's own configuration, and from nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.zm.stage import Stage, expect
from tests.providers.openai_images import BASE_URL, HOST, MODELS, PICTURE_HOST, ImagePlan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

PROMPT = ("--prompt", "a cup")


def provider(key: Any, **more: Any) -> dict[str, Any]:
    return {"baseUrl": BASE_URL, "apiKey": key, "models": [], **more}


@pytest.mark.parametrize("form", ["plain", "${}", "$", "env", "file", "single value"])
def test_every_form_of_a_key_that_can_be_read(form: str, stage: Stage, service: OpenAiImagesService) -> None:
    secrets = stage.state / "secrets.json"
    secrets.write_text(json.dumps({"providers": {"a/b": [{"key": service.key}]}}))
    single = stage.state / "single"
    single.write_text(f"{service.key}\n")
    forms: dict[str, Any] = {
        "plain": service.key,
        "${}": "${IMAGES_KEY}",
        "$": "$IMAGES_KEY",
        "env": {"source": "env", "provider": "default", "id": "IMAGES_KEY"},
        "file": {"source": "file", "provider": "main", "id": "/providers/a~1b/0/key"},
        "single value": {"source": "file", "provider": "single", "id": "value"},
    }
    sources = {
        "main": {"source": "file", "path": str(secrets), "mode": "json"},
        "single": {"source": "file", "path": str(single), "mode": "singleValue"},
    }
    stage.provide(provider(forms[form]), secrets={"providers": sources})
    document = expect(stage.tried(*PROMPT, env={"IMAGES_KEY": service.key}), 0)
    everything = json.dumps(document) + "".join(
        path.read_text("utf-8", "replace") for path in Path(document["run_dir"]).rglob("*") if path.is_file()
    )
    assert service.key not in everything


KEY = 'apiKey: "${IMAGE_PROVIDER_KEY}"'
ENTRY = f'baseUrl: "https://your-provider.example/v1", {KEY}, models: []'
OTHER = '{ id: "a-chat-model", name: "Chat" }'
WITHOUT_MODEL = f'{{models: {{providers: {{happy: {{baseUrl: "{BASE_URL}", {KEY}, models: [HERE {OTHER}]}}}}}}}}'
WITHOUT_KEY = f'{{models: {{providers: {{happy: {{baseUrl: "{BASE_URL}", HERE}}}}}}}}'


@pytest.mark.parametrize(
    ("config", "error", "told"),
    [
        (None, "config_missing", f"with this content:  {{ models: {{ providers: {{ happy: {{ {ENTRY} }} }} }} }}"),
        ("{HERE}", "provider_missing", f"outermost braces:  models: {{ providers: {{ happy: {{ {ENTRY} }} }} }},"),
        ("{models: {HERE}}", "provider_missing", f"inside models:  providers: {{ happy: {{ {ENTRY} }} }},"),
        ("{models: {providers: {HERE other: {}}}}", "provider_missing", f".providers:  happy: {{ {ENTRY} }},"),
        (WITHOUT_KEY, "provider_incomplete", f"models.providers.happy:  {KEY},"),
        (WITHOUT_MODEL, "model_missing", '.happy.models:  { id: "gpt-image-2", name: "gpt-image-2" },'),
    ],
    ids=["no file", "empty", "models", "providers", "no key", "no model"],
)
def test_what_is_missing_is_named_with_what_to_write_and_where(
    config: str | None, error: str, told: str, stage: Stage, house: StandInHouse
) -> None:
    (stage.state / "openclaw.json").unlink()
    if config is not None:
        stage.configure(config.replace("HERE", ""))
    key = {"IMAGE_PROVIDER_KEY": house.openai_images.key}
    document = expect(stage.tried(*PROMPT, env=key), 3, error)
    assert document["proof"] is None
    hint = document["error"]["hint"]
    assert told in hint
    assert house.contacted == set()
    written = (config or "HERE").replace("HERE", hint.partition(":  ")[2])
    stage.configure(written.replace("https://your-provider.example/v1", BASE_URL))
    expect(stage.tried(*PROMPT, env=key), 0)


def test_an_empty_key_is_said_to_be_empty(stage: Stage) -> None:
    stage.provide(provider(" "))
    error = expect(stage.tried(*PROMPT), 3, "provider_incomplete")["error"]
    assert f"apiKey is set but empty in {stage.state / 'openclaw.json'}" in error["message"]
    assert "IMAGE_PROVIDER_KEY" in error["hint"]


@pytest.mark.parametrize("key", ["$pa-ss", "${HALF"])
def test_a_key_that_is_none_is_answered_with_what_to_write(key: str, stage: Stage) -> None:
    stage.provide(provider(key))
    assert "IMAGE_PROVIDER_KEY" in expect(stage.tried(*PROMPT), 3, "key_missing")["error"]["hint"]


def test_a_configuration_that_is_a_folder(stage: Stage) -> None:
    document = expect(stage.tried(*PROMPT, env={"OPENCLAW_CONFIG_PATH": str(stage.work)}), 3, "config_unreadable")
    assert "not a regular file" in document["error"]["message"]


def split(stage: Stage, key: str, **changes: Any) -> None:
    """Configure the provider in included files, with its key in the state folder's .env."""
    stage.configure('{$include: "./team/all.json5", env: {vars: {UNUSED: "x"}}}')
    (stage.state / "team").mkdir()
    (stage.state / "team" / "all.json5").write_text('{models: {providers: {$include: ["../p.json5"]}}} // ours')
    entry = {"baseUrl": f"{BASE_URL}/images/generations/", "apiKey": "${RELAY_KEY}", **changes}
    (stage.state / "p.json5").write_text(json.dumps({"happy": entry}))
    (stage.state / ".env").write_text(f"RELAY_KEY={key}\n")


def test_a_configuration_in_parts_makes_a_picture(stage: Stage, service: OpenAiImagesService) -> None:
    split(stage, service.key, headers={"user-agent": "Relay-Client/2", "X-Note": "$${RELAY_KEY}"})
    service.extra_headers = {"User-Agent": "Relay-Client/2", "X-Note": "${RELAY_KEY}"}
    document = expect(stage.make(*PROMPT), 0)
    assert service.complaints == []
    assert service.counted == 1
    assert service.key not in json.dumps(document)


def test_the_doctor_says_which_file_each_setting_is_from(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    split(stage, service.key, headers={"User-Agent": "Relay-Client/2", "X-Token": "dummy-token-of-team"})
    ended = stage.run("doctor.py")
    text = ended.stdout.decode()
    assert ended.code == 0, text
    for words in (
        f"models.providers.happy.baseUrl is read from {stage.state / 'p.json5'}",
        f"models.providers.happy.apiKey is read from {stage.state / 'p.json5'}",
        f"models.providers.happy.headers.X-Token is read from {stage.state / 'p.json5'}",
        f"the variable RELAY_KEY is set in {stage.state / '.env'}",
        f"requests go to {BASE_URL}\n",
    ):
        assert words in text
    assert "dummy-token-of-team" not in text
    assert service.key not in text
    agents = [request.headers["user-agent"] for request in house.recorder.requests]
    assert agents == ["Relay-Client/2"]
    process = stage.run("doctor.py", env={"RELAY_KEY": service.key}).stdout.decode()
    assert "the variable RELAY_KEY is set in the process environment" in process


@pytest.mark.parametrize(
    ("changes", "check", "told"),
    [
        ({"baseUrl": "http://192.168.1.5:3000/v1"}, "settings", "allowPrivateNetwork"),
        ({"baseUrl": "images.happy.example/v1"}, "settings", "usually ends in /v1"),
        ({"baseUrl": BASE_URL + "?x=1"}, "settings", "usually ends in /v1"),
        ({"apiKey": "${NOT_SET}"}, "key", "NOT_SET"),
        ({"apiKey": ""}, "key", "IMAGE_PROVIDER_KEY"),
        ({"headers": {"Host": "x"}}, "settings", "Correct it"),
    ],
)
def test_the_doctor_reports_a_setting_that_cannot_be_used(
    changes: dict[str, Any], check: str, told: str, stage: Stage, house: StandInHouse
) -> None:
    stage.provide(provider(house.openai_images.key, **changes))
    document = expect(stage.inside("doctor.py", "--json"), 3)
    failed = [row for row in document["checks"] if row["verdict"] == "failed"]
    assert failed[0]["check"] == check
    assert told in failed[0]["message"] + failed[0]["hint"]
    assert house.contacted == set()


def test_plain_http_in_a_private_network_names_the_ways_out(stage: Stage, house: StandInHouse) -> None:
    stage.provide(provider(house.openai_images.key, baseUrl="http://192.168.1.5:3000/v1"))
    error = expect(stage.make(*PROMPT), 3, "base_url_unencrypted")["error"]
    assert "192.168.1.5" in error["message"]
    for way in ("TLS", "http://127.0.0.1:3000/v1", "request: { allowPrivateNetwork: true }"):
        assert way in error["hint"]
    assert house.contacted == set()
    stage.provide(
        provider(house.openai_images.key, baseUrl="http://10.9.8.7:3000/v1", request={"allowPrivateNetwork": True})
    )
    document = expect(stage.make(*PROMPT, "--dry-run"), 0)
    assert "http://10.9.8.7:3000/v1/images/generations" in json.dumps(document)


DOCTOR: list[tuple[Reply | None, int, str]] = [
    (None, 0, "is reachable and accepts the key"),
    (Reply(status=404), 0, "the key could not be tested"),
    (Reply(body=b"<html>the console</html>"), 0, "the key could not be tested"),
    (json_reply({"error": {"message": "this key has expired"}}, 401), 4, "this key has expired"),
    (Reply(status=502), 11, "HTTP 502"),
]


@pytest.mark.parametrize(("reply", "code", "told"), DOCTOR)
def test_what_the_doctor_hears_of_the_service(
    reply: Reply | None, code: int, told: str, stage: Stage, house: StandInHouse
) -> None:
    if reply:
        house.server.handlers = {HOST: lambda _: reply}
    ended = stage.inside("doctor.py")
    assert (ended.code, told in ended.stdout.decode()) == (code, True)
    (line,) = [line for line in ended.stdout.decode().splitlines() if told in line]
    verdict = "FAILED" if code else "note" if "could not be tested" in told else "ok"
    assert line.split()[0] == verdict
    assert [request.path for request in house.recorder.requests] == [MODELS]


def test_extra_headers_go_along_and_are_not_told(stage: Stage, service: OpenAiImagesService) -> None:
    service.extra_headers = {"X-Team": "covers", "X-Access-Token": "dummy-access-word"}
    headers = {"X-Team": "covers", "X-Access-Token": "${ACCESS}"}
    stage.provide(provider(service.key, headers=headers))
    ended = stage.make(*PROMPT, env={"ACCESS": "dummy-access-word"})
    document = expect(ended, 0)
    record = (Path(document["run_dir"]) / "attempt-1" / "request.json").read_text()
    assert "dummy-access-word" not in record + ended.talk + json.dumps(document)
    assert service.complaints == []


def test_where_the_configuration_lies(stage: Stage, service: OpenAiImagesService) -> None:
    good = (stage.state / "openclaw.json").read_text()
    (stage.state / "openclaw.json").unlink()
    for variable, folder in (("OPENCLAW_HOME", ".openclaw"), ("OPENCLAW_STATE_DIR", "")):
        base = stage.work / variable
        (base / folder).mkdir(parents=True)
        (base / folder / "openclaw.json").write_text(good)
        expect(stage.tried(*PROMPT, "--new", env={variable: str(base)}), 0)
    (stage.work / "named.json").write_text(good)
    expect(stage.make(*PROMPT, env={"OPENCLAW_CONFIG_PATH": str(stage.work / "named.json")}), 0)
    assert service.complaints == []


def test_another_pair_runs_when_asked_for_and_is_no_proof(stage: Stage, service: OpenAiImagesService) -> None:
    other = {"other": provider(service.key), "happy": provider(service.key)}
    stage.configure("// my own\n" + json.dumps({"models": {"providers": other}})[:-1] + ",}")
    for flags, environment in (
        (("--provider", "other"), {}),
        (("--model", "gpt-image-1"), {}),
        ((), {"OPENCLAW_IMAGE_PROVIDER": "other"}),
        ((), {"OPENCLAW_IMAGE_MODEL": "gpt-image-1"}),
    ):
        ended = stage.tried(*PROMPT, *flags, "--new", env=environment)
        document = expect(ended, 0)
        assert document["proof"]["acceptable"] is False
        assert "cannot be accepted as proof" in ended.talk
        expect(stage.inside("verify.py", document["run_dir"], "--json"), 13)
    assert expect(stage.make(*PROMPT, "--new", "--model", "happy/gpt-image-2"), 0)["proof"]["acceptable"] is True


def test_a_picture_of_another_provider_is_no_proof_when_it_is_returned(
    stage: Stage, service: OpenAiImagesService
) -> None:
    both = {"other": provider(service.key, headers={"X-Route": "elsewhere"}), "happy": provider(service.key)}
    stage.configure(json.dumps({"models": {"providers": both}}))
    expect(stage.tried(*PROMPT, "--provider", "other"), 0)
    document = expect(stage.tried(*PROMPT), 0)
    assert (document["reused"], document["provider"], document["proof"]["acceptable"]) == (True, "other", False)


def test_no_netrc_and_no_key_for_the_picture_host(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    (stage.home / ".netrc").write_text("default login somebody password else\n")
    service.plan_image(ImagePlan(as_url=True, kind="webp"))
    document = expect(stage.make(*PROMPT), 0)
    assert document["images"][0]["media_type"] == "image/webp"
    assert document["output"].endswith(".webp")
    assert "signature=" in document["images"][0]["url"]
    assert b"signature" not in Path(document["journal"]).read_bytes()
    assert house.contacted == {HOST, PICTURE_HOST}
    assert house.recorder.hosts_that_saw(service.key) == {HOST}
    assert service.complaints == []


def test_a_big_picture_costs_little_memory_and_keeps_its_bytes(stage: Stage, service: OpenAiImagesService) -> None:
    peaks = []
    for megabytes in (0.0, 20.0):
        service.plan_image(ImagePlan(megabytes=megabytes))
        process = subprocess.Popen(
            stage.argv("run.py", "--json", "--prompt", f"{megabytes} MB"),
            env=stage.environment, cwd=stage.work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peaks.append(usage.ru_maxrss / 1024)
        assert Path(document["output"]).read_bytes() == service.pictures[-1]
    assert peaks[1] - peaks[0] < 60


@pytest.mark.parametrize("launcher", [("batch_run.py",), ("image_queue.py", "run")], ids=lambda words: words[0])
def test_a_model_that_the_provider_does_not_list_is_its_tasks_affair_or_everybodys(
    launcher: tuple[str, ...], stage: Stage, service: OpenAiImagesService
) -> None:
    stage.provide(provider(service.key, models=[{"id": "gpt-image-2"}]))
    tasks = [{"prompt": "x", "model": "other"}, {"prompt": "y"}]
    document = expect(stage.inside(*launcher, json.dumps({"tasks": tasks}), "--json"), 8)
    assert "other" in json.dumps(document["results"][0]["error"])
    assert [row.get("output") is not None for row in document["results"]] == [False, True]
    expect(stage.inside(*launcher, json.dumps({"tasks": tasks}), "--model", "third", "--json"), 3, "model_missing")
    assert service.counted == 1
