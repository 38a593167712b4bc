"""A key goes to its service or to a host that the person named; nowhere else."""

from __future__ import annotations

import pytest

from shared.errors import BadInput, ConfigurationError
from shared.http.base_url import checked_base_url, trusted_hosts
from shared.http.urls import is_loopback

DEFAULT = "https://kexiangai.com"
VARIABLE = "IMAGE2_BASE_URL"


def ask(given: str | None, *trusted: str) -> str:
    return checked_base_url(given, variable=VARIABLE, default=DEFAULT, trusted=trusted)


def test_the_flag_comes_before_the_variable_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(None) == DEFAULT
    monkeypatch.setenv(VARIABLE, "")
    assert ask(None) == DEFAULT
    monkeypatch.setenv(VARIABLE, "https://kexiangai.com/v2")
    assert ask(None) == "https://kexiangai.com/v2"
    assert ask("https://kexiangai.com/v3") == "https://kexiangai.com/v3"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://kexiangai.com/", "https://kexiangai.com"),
        ("https://kexiangai.com//", "https://kexiangai.com"),
        ("https://KexiangAI.com", "https://KexiangAI.com"),
        ("https://kexiangai.com:8443/api/", "https://kexiangai.com:8443/api"),
    ],
)
def test_the_service_itself_needs_no_trust(given: str, url: str) -> None:
    assert ask(given) == url


@pytest.mark.parametrize(
    ("given", "url", "name"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1"),
        ("http://localhost:8000/", "http://localhost:8000", "localhost"),
        ("https://localhost", "https://localhost", "localhost"),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
        ("http://127.8.8.8", "http://127.8.8.8", "127.8.8.8"),
    ],
)
@pytest.mark.parametrize("source", ["--base-url", VARIABLE])
def test_this_machine_needs_trust_and_no_encryption(
    monkeypatch: pytest.MonkeyPatch, source: str, given: str, url: str, name: str
) -> None:
    """Any user of the machine can listen on its ports, and an agent can be talked into the option."""
    monkeypatch.setenv(VARIABLE, given)
    flag = given if source == "--base-url" else None
    with pytest.raises(ConfigurationError) as caught:
        ask(flag, "127.0.0.2", "other.example")
    assert (caught.value.code, caught.value.facts["source"]) == ("host_not_trusted", source)
    assert caught.value.facts["host"] == name
    assert ask(flag, *trusted_hosts([name])) == url


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://gateway.example/v1", "gateway.example"),
        ("https://api.kexiangai.com", "api.kexiangai.com"),
        ("https://kexiangai.com.evil.example", "kexiangai.com.evil.example"),
        ("https://xkexiangai.com", "xkexiangai.com"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://8.8.8.8", "8.8.8.8"),
    ],
)
def test_another_host_gets_the_key_only_when_it_is_named(
    monkeypatch: pytest.MonkeyPatch, given: str, host: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask(given, "other.example", DEFAULT, f"{host}.example")
    assert (caught.value.code, caught.value.exit_code) == ("host_not_trusted", 3)
    assert caught.value.facts == {"source": "--base-url", "host": host, "default": "kexiangai.com"}
    assert ask(given, "other.example", host.upper()) == given
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(ConfigurationError) as caught:
        ask(None)
    assert caught.value.facts["source"] == VARIABLE


REFUSED = {
    "not_https": [
        "http://kexiangai.com",
        "ftp://kexiangai.com",
        "kexiangai.com",
        "",
        "file:///etc/passwd",
        "http://localhost:0",
    ],
    "query": [
        "https://kexiangai.com/?a=1",
        "https://kexiangai.com#x",
        "http://localhost?x",
        "https://kexiangai.com?",
    ],
    "credentials": ["https://user@kexiangai.com", "https://:word@127.0.0.1", "https://user:word@localhost"],
    "private_address": [
        "https://10.0.0.1",
        "https://192.168.1.1:8000",
        "https://169.254.169.254",
        "https://nas.local",
    ],
    "control_character": ["https://kexiangai.com/a b", "https://kexiangai.com/\n", "https://kexiangai\u200b.com"],
    "bad_port": [
        "https://kexiangai.com:0",
        "https://kexiangai.com:",
        "https://kexiangai.com:65536",
        "https://kexiangai.com:x",
    ],
    "malformed": ["https:kexiangai.com", "https://[::1", "http://localhost:x"],
    "no_host": ["https://", "https:///path"],
}


@pytest.mark.parametrize(
    ("reason", "given"), [(reason, given) for reason, refused in REFUSED.items() for given in refused]
)
def test_what_is_no_base_url_is_refused_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, reason: str, given: str
) -> None:
    with pytest.raises(BadInput) as caught:
        ask(given, "10.0.0.1", "kexiangai.com")
    assert caught.value.code == "base_url_invalid"
    assert caught.value.facts["source"] == "--base-url"
    assert caught.value.facts["reason"] == f"url_{reason}"
    if given:
        monkeypatch.setenv(VARIABLE, given)
        with pytest.raises(ConfigurationError) as late:
            ask(None)
        assert (late.value.code, late.value.facts["source"]) == ("base_url_invalid", VARIABLE)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("gateway.example", "gateway.example"),
        ("Gateway.Example", "gateway.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("8.8.8.8", "8.8.8.8"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
    ],
)
def test_a_trusted_host_is_one_name(name: str, host: str) -> None:
    assert trusted_hosts([name]) == [host]
    assert ask(f"https://{name}/v1", *trusted_hosts([name])) == f"https://{name}/v1"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "*",
        "https://gateway.example",
        "gateway.example/",
        "gateway.example:443",
        "a b",
        "a?b",
        "u@a.example",
        "nas.local",
        "10.0.0.1",
        "intranet",
    ],
)
def test_what_is_no_public_host_cannot_be_trusted(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        trusted_hosts(["gateway.example", name])
    assert (caught.value.code, caught.value.facts["flag"]) == ("trust_host_invalid", "--trust-host")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.", False),
        ("localhost.example.com", False),
        ("0.0.0.0", False),  # noqa: S104
        ("127.1", False),
        ("2130706433", False),
        ("0x7f.0.0.1", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_this_machine_has_canonical_names_only(host: str, *, here: bool) -> None:
    assert is_loopback(host) is here
