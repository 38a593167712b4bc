"""What an entry of OpenClaw's configuration means: includes, variables, addresses, headers, and their files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from openai_images.config.base_url import base_url
from openai_images.config.provider import find_provider, headers_of
from openai_images.config.provider_entry import read_entry

from shared.errors import ConfigurationError
from shared.openclaw.config_variables import find_variable
from shared.openclaw.folders import load_config

if TYPE_CHECKING:
    from pathlib import Path

KEY = "dummy-key-of-nobody"
URL = "https://relay.example/v1"
HAPPY = {"baseUrl": URL, "apiKey": KEY}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / ".openclaw"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("OPENCLAW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def save(state: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def happy(**changes: Any) -> dict[str, Any]:
    return {"models": {"providers": {"happy": {**HAPPY, **changes}}}}


def refusal(code: str) -> dict[str, Any]:
    with pytest.raises(ConfigurationError) as caught:
        find_provider("happy")
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    return {name: str(value) for name, value in caught.value.facts.items()}


# ---- includes


INCLUDES: dict[str, dict[str, Any]] = {
    "the whole": {"openclaw.json": {"$include": "./all.json5"}, "all.json5": happy()},
    "a list, deeply merged": {
        "openclaw.json": {"$include": ["a.json5", "sub/b.json5"]},
        "a.json5": "{models: {providers: {happy: {baseUrl: 'https://old.example', apiKey: '" + KEY + "'}}}}",
        "sub/b.json5": {"models": {"providers": {"happy": {"$include": "../address.json5"}}}},
        "address.json5": {"baseUrl": URL},
    },
    "a section": {"openclaw.json": {"models": {"$include": "m.json5"}}, "m.json5": happy()["models"]},
    "the entry, and what stands beside it wins": {
        "openclaw.json": {"models": {"providers": {"happy": {"$include": "h.json5", "baseUrl": URL}}}},
        "h.json5": {"baseUrl": "https://old.example", "apiKey": KEY},
    },
    "a single value": {
        "openclaw.json": {
            "models": {"providers": {"happy": {"baseUrl": URL, "apiKey": {"$include": "key.json5"}}}}
        },
        "key.json5": json.dumps(KEY),
    },
    "ten deep": {
        "openclaw.json": {"$include": "1.json5"},
        **{f"{number}.json5": {"$include": f"{number + 1}.json5"} for number in range(1, 10)},
        "10.json5": happy(),
    },
}


@pytest.mark.parametrize("files", INCLUDES.values(), ids=INCLUDES)
def test_includes_are_merged_as_openclaw_merges_them(files: dict[str, Any], state: Path) -> None:
    save(state, files)
    provider = find_provider("happy")
    assert (provider.base_url, provider.secret.reveal()) == (URL, KEY)


def test_lists_are_joined_and_each_value_knows_its_file(state: Path) -> None:
    save(
        state,
        {
            "openclaw.json": {
                "models": {"providers": {"happy": {"$include": ["a.json", "b.json"], "apiKey": KEY}}}
            },
            "a.json": {"baseUrl": URL, "models": [{"id": "x"}], "headers": {"X-A": "1"}},
            "b.json": {"models": [{"id": "gpt-image-2"}], "headers": {"X-B": "2"}},
        },
    )
    entry = read_entry("happy")
    assert find_provider("happy").models == {"x", "gpt-image-2"}
    places = [("baseUrl",), ("apiKey",), ("headers", "X-A"), ("headers", "X-B"), ("timeout",)]
    files = ["a.json", "openclaw.json", "a.json", "b.json", "openclaw.json"]
    assert [entry.file(*place).name for place in places] == files


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"openclaw.json": {"$include": "gone.json5"}}, "include_missing"),
    "itself": ({"openclaw.json": {"$include": "openclaw.json"}}, "include_cycle"),
    "in a circle": (
        {"openclaw.json": {"$include": "a.json"}, "a.json": {"b": {"$include": "./sub/../openclaw.json"}}},
        "include_cycle",
    ),
    "eleven deep": (
        {
            "openclaw.json": {"$include": "1.json"},
            **{f"{number}.json": {"$include": f"{number + 1}.json"} for number in range(1, 11)},
            "11.json": happy(),
        },
        "include_too_deep",
    ),
    "thousands": (
        {
            "openclaw.json": {"$include": ["a.json"] * 40},
            "a.json": {"$include": ["b.json"] * 40},
            "b.json": {},
        },
        "include_too_many",
    ),
    "outside": ({"openclaw.json": {"$include": "../other.json"}, "../other.json": happy()}, "include_outside"),
    "absolute": ({"openclaw.json": {"$include": "/etc/passwd"}}, "include_outside"),
    "a number": ({"openclaw.json": {"$include": 7}}, "include_not_path"),
    "a list of numbers": ({"openclaw.json": {"$include": [7]}}, "include_not_path"),
    "nothing": ({"openclaw.json": {"$include": ""}}, "include_not_path"),
    "NUL": ({"openclaw.json": {"$include": "a\0b"}}, "include_not_path"),
    "a long path": ({"openclaw.json": {"$include": "x" * 5000}}, "include_not_path"),
    "a list beside keys": ({"openclaw.json": {"$include": "a.json", "b": 1}, "a.json": []}, "include_not_object"),
    "a list as the whole": ({"openclaw.json": {"$include": "a.json"}, "a.json": []}, "include_not_object"),
    "broken": ({"openclaw.json": {"$include": "a.json"}, "a.json": "{broken"}, "include_not_json5"),
    "a folder": ({"openclaw.json": {"$include": "a"}, "a/b.json": {}}, "not_regular_file"),
    "too large": (
        {"openclaw.json": {"$include": "a.json"}, "a.json": " " * ((2 << 20) + 1)},
        "include_too_large",
    ),
}


@pytest.mark.parametrize(("files", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_include_that_cannot_be_read_is_named(files: dict[str, Any], reason: str, state: Path) -> None:
    save(state, files)
    facts = refusal("include_refused")
    assert facts["reason"] == reason
    assert facts["path"].endswith(".json")


def test_an_include_that_is_a_link_out_a_hard_link_or_a_pipe(state: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(happy()))
    save(state, {"openclaw.json": {"$include": "a.json"}})
    (state / "a.json").symlink_to(tmp_path / "other.json")
    assert refusal("include_refused")["reason"] == "include_outside"
    (state / "a.json").unlink()
    (state / "a.json").hardlink_to(tmp_path / "other.json")
    assert refusal("include_refused")["reason"] == "include_hard_link"
    (state / "a.json").unlink()
    os.mkfifo(state / "a.json")
    assert refusal("include_refused")["reason"] == "not_regular_file"
    (state / "a.json").unlink()
    (state / "a.json").symlink_to("a.json")
    assert refusal("include_refused")["reason"] == "include_missing"


def test_further_roots_are_named_by_the_user(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(state, {"openclaw.json": {"$include": "../team/a.json"}, "../team/a.json": happy()})
    assert refusal("include_refused")["reason"] == "include_outside"
    monkeypatch.setenv("OPENCLAW_INCLUDE_ROOTS", os.pathsep.join(["/nowhere", "~/team", ""]))
    assert find_provider("happy").base_url == URL
    assert load_config().origin("models", "providers", "happy", "apiKey") == tmp_path / "team" / "a.json"


# ---- variables


@pytest.mark.parametrize(
    ("process", "env_file", "env", "value", "source"),
    [
        ("p", "f", {"vars": {"NAME": "v"}}, "p", "process_environment"),
        (None, "f", {"vars": {"NAME": "v"}, "NAME": "i"}, "f", ".env"),
        (None, None, {"vars": {"NAME": "v"}, "NAME": "i"}, "i", "openclaw.json: env.NAME"),
        (None, None, {"vars": {"NAME": "v"}}, "v", "openclaw.json: env.vars.NAME"),
        ("", "f", {"vars": {"NAME": "v"}}, "v", "openclaw.json: env.vars.NAME"),
        ("", "f", {}, "", "process_environment"),
        (None, "", {"vars": {"NAME": "v"}}, "v", "openclaw.json: env.vars.NAME"),
        (None, None, {"vars": {"NAME": "${OTHER}"}}, None, None),
        (None, None, {"vars": {"NAME": 7}}, None, None),
        (None, None, {"vars": [1]}, None, None),
        (None, None, [], None, None),
    ],
)
def test_a_variable_is_looked_up_in_openclaws_order(  # noqa: PLR0917  - a row each
    process: str | None,
    env_file: str | None,
    env: Any,
    value: str | None,
    source: str | None,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(state, {"openclaw.json": {"env": env}})
    if process is not None:
        monkeypatch.setenv("NAME", process)
    if env_file is not None:
        save(state, {".env": f"# mine\nexport NAME='{env_file}'\n"})
    variable = find_variable("NAME", load_config())
    assert (variable.value if variable else None) == value
    assert variable is None or variable.source.endswith(str(source))


def test_the_gateways_own_env_file_goes_with_the_default_state_folder(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(state, {"openclaw.json": {}, "../.config/openclaw/gateway.env": "NAME=gateway\n"})
    variable = find_variable("NAME", load_config())
    assert variable
    assert variable.value == "gateway"
    save(tmp_path / "other", {"openclaw.json": {}})
    monkeypatch.setenv("OPENCLAW_STATE_DIR", str(tmp_path / "other"))
    assert find_variable("NAME", load_config()) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "large", "not UTF-8"])
def test_an_env_file_that_cannot_be_read_sets_nothing(kind: str, state: Path) -> None:
    save(state, {"openclaw.json": {}})
    path = state / ".env"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"NAME=x\n" + (b"#" * (1 << 20) if kind == "large" else b"\xff"))
    assert find_variable("NAME", load_config()) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("$NAME", "word"),
        (" $NAME ", "word"),
        ("${NAME}", "word"),
        ("a-${NAME}-b", "a-word-b"),
        ("pa$NAME", "pa$NAME"),
        ("a$", "a$"),
        ("$${NAME}", "${NAME}"),
        ("a$${NAME}b${NAME}", "a${NAME}bword"),
        ("$$${NAME}", "$${NAME}"),
        ("${name}", "${name}"),
        ("${NAME", "${NAME"),
    ],
)
def test_what_a_text_stands_for(text: str, meaning: str, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "word")
    monkeypatch.setenv("name", "lower case")
    save(state, {"openclaw.json": happy()})
    assert read_entry("happy").resolved(text, "headers", "X-A") == meaning


def test_an_escaped_variable_is_the_key_itself(state: Path) -> None:
    save(state, {"openclaw.json": happy(apiKey="$${NOT_A_VARIABLE}")})
    assert find_provider("happy").secret.reveal() == "${NOT_A_VARIABLE}"


@pytest.mark.parametrize(
    ("value", "environment", "code", "state_of_it"),
    [
        (None, {}, "provider_incomplete", "value_missing"),
        ("", {}, "provider_incomplete", "value_empty"),
        (" \t", {}, "provider_incomplete", "value_empty"),
        ("${MY_KEY}", {}, "variable_missing", "variable_not_set"),
        ("$MY_KEY", {"MY_KEY": " "}, "variable_missing", "variable_empty"),
        ("${MY_KEY}", {"MY_KEY": "${OTHER}"}, "variable_missing", "variable_unresolved"),
        ({"source": "env", "provider": "default", "id": "MY_KEY"}, {}, "variable_missing", "variable_not_set"),
    ],
)
@pytest.mark.parametrize("field", ["baseUrl", "apiKey"])
def test_what_is_empty_or_unresolved_is_named_with_its_file(  # noqa: PLR0917  - a row each
    field: str, value: Any, environment: dict[str, str], code: str, state_of_it: str, state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    save(state, {"openclaw.json": {"models": {"$include": "m.json"}}, "m.json": happy(**{field: value})["models"]})
    if field == "baseUrl" and isinstance(value, dict):
        code, state_of_it = "provider_incomplete", "value_missing"  # an address is text
    facts = refusal(code)
    assert facts["what"] == f"models.providers.happy.{field}"
    assert facts["state"] == state_of_it
    assert facts["path"] == str(state / "m.json")
    assert facts.get("variable") in (None, "MY_KEY")


# ---- addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://relay.example/v1", URL),
        ("  https://relay.example/v1/ ", URL),
        ("https://relay.example/v1//", URL),
        ("https://relay.example/v1/images/generations", URL),
        ("https://relay.example/v1/images/edits/", URL),
        ("https://relay.example/v1/Chat/Completions", URL),
        ("https://relay.example/v1/completions", URL),
        ("https://relay.example/v1/responses", URL),
        ("https://relay.example/v1/models", URL),
        ("https://relay.example/my/models", "https://relay.example/my/models"),
        ("https://relay.example/images/generations", "https://relay.example"),
        ("HTTPS://Relay.example", "HTTPS://Relay.example"),
        ("http://127.0.0.1:3000/v1", "http://127.0.0.1:3000/v1"),
        ("http://localhost:3000/v1/chat/completions", "http://localhost:3000/v1"),
        ("http://[::1]:3000/v1", "http://[::1]:3000/v1"),
    ],
)
def test_an_address_is_corrected_where_its_text_leaves_no_doubt(text: str, address: str, state: Path) -> None:
    save(state, {"openclaw.json": happy(baseUrl=text)})
    assert base_url(read_entry("happy")) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("relay.example/v1", "url_not_https"),
        ("relay.example:8080/v1", "url_not_https"),
        ("localhost:3000", "url_not_https"),
        ("//relay.example/v1", "url_not_https"),
        ("http://relay.example/v1", "url_not_https"),
        ("http://169.254.169.254/v1", "url_not_https"),
        ("http://8.8.8.8/v1", "url_not_https"),
        ("ftp://192.168.1.5/v1", "url_not_https"),
        ("https://relay.example/v1?key=x", "url_query"),
        ("https://relay.example/v1/images/generations?x=1", "url_query"),
        ("https://relay.example/#/v1", "url_query"),
        ("https://relay.example/v 1", "url_control_character"),
        ("https://relay.example /v1", "url_control_character"),
        ("https:relay.example/v1", "url_malformed"),
        ("https://user:dummy@relay.example/v1", "url_credentials"),
        ("user:dummy@relay.example/v1", "url_malformed"),
        ("https:///v1", "url_no_host"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(text: str, reason: str, state: Path) -> None:
    save(state, {"openclaw.json": happy(baseUrl=text)})
    facts = refusal("base_url_invalid")
    expected = {reason, "url_not_https"} if text.startswith("https:relay") else {reason}
    assert facts["reason"] in expected
    assert "dummy" not in str(facts)
    assert facts["source"] == f"{state / 'openclaw.json'}: models.providers.happy.baseUrl"


LOCAL = (
    "192.168.1.5:3000",
    "10.0.0.7",
    "172.16.4.4",
    "100.64.1.2",
    "[fd00::5]:3000",
    "nas:3000",
    "relay.local",
    "r.home.arpa",
)


@pytest.mark.parametrize("host", LOCAL)
def test_a_private_network_is_allowed_by_openclaws_own_switch(host: str, state: Path) -> None:
    address = f"http://{host}/v1"
    requests: list[Any] = [None, {}, {"allowPrivateNetwork": False}, {"allowPrivateNetwork": "true"}, []]
    for request in requests:
        save(state, {"openclaw.json": happy(baseUrl=address, request=request)})
        facts = refusal("base_url_unencrypted")
        assert facts["line"] == "request: { allowPrivateNetwork: true },"
        assert facts["place"] == "models.providers.happy"
    save(state, {"openclaw.json": happy(baseUrl=address, request={"allowPrivateNetwork": True})})
    assert find_provider("happy").base_url == address


def test_the_switch_allows_no_public_host(state: Path) -> None:
    for host in ("relay.example", "8.8.8.8", "169.254.169.254", "1.1", "0x7f.1"):
        save(state, {"openclaw.json": happy(baseUrl=f"http://{host}/v1", request={"allowPrivateNetwork": True})})
        refusal("base_url_invalid")


# ---- headers and models


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-AGENT"])
def test_a_user_agent_is_an_extra_header(name: str, state: Path) -> None:
    save(state, {"openclaw.json": happy(headers={name: "Mozilla/5.0 (X11)"})})
    assert headers_of(read_entry("happy")) == {name: "Mozilla/5.0 (X11)"}


@pytest.mark.parametrize("models", [None, [], {}, "gpt-image-2"])
def test_an_entry_without_a_list_of_models_allows_each(models: Any, state: Path) -> None:
    save(state, {"openclaw.json": happy(models=models)})
    find_provider("happy").check_model("gpt-image-2")
