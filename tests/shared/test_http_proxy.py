"""A proxy setting works, or is refused by its variable's name; its password is never shown."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.http.proxy import authorization, configured_proxy, parse_proxy, proxy_for
from shared.http.session import Session
from shared.i18n.catalog import Catalog
from shared.security.keys import redact

VARIABLE = "HTTPS_PROXY"
PASSWORD = "dummy-pw"
URL = "https://kexiangai.com/x"


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example:3128/", "http://proxy.example:3128"),
        ("HTTP://Proxy.Example:1", "http://proxy.example:1"),
        ("https://proxy.example:65535", "https://proxy.example:65535"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://my_proxy:8080", "http://my_proxy:8080"),
        ("http://bücher.example:80", "http://xn--bcher-kva.example:80"),
    ],
)
def test_a_proxy_without_credentials(setting: str, address: str) -> None:
    proxy = parse_proxy(setting, VARIABLE)
    assert (proxy.url, str(proxy)) == (address, address)
    assert authorization(proxy.url) is None


@pytest.mark.parametrize(
    ("credentials", "decoded"),
    [
        ("user:dummy-pw", b"user:dummy-pw"),
        ("user:%E5%AF%86%E7%A0%81", "user:密码".encode()),
        ("%E7%94%A8:dummy%23%2F%3F%40pw", "用:dummy#/?@pw".encode()),
        ("user:dummy@pw", b"user:dummy@pw"),
        ("user:dummy:pw", b"user:dummy:pw"),
        ("user:100%", b"user:100%"),
        ('user:[dummy]"<pw>|^`{}', b'user:[dummy]"<pw>|^`{}'),
        ("user:%FF", b"user:\xff"),
        ("user:%0d%0aX: y".replace(" ", "%20"), b"user:\r\nX: y"),
        ("user:", b"user:"),
        ("user", b"user:"),
        (":dummy-pw", b":dummy-pw"),
    ],
)
def test_the_proxy_gets_the_credentials_that_are_meant(credentials: str, decoded: bytes) -> None:
    proxy = parse_proxy(f"http://{credentials}@proxy.example:3128", VARIABLE)
    assert authorization(proxy.url) == "Basic " + base64.b64encode(decoded).decode()
    assert str(proxy) == "http://proxy.example:3128"
    assert "proxy.example:3128" in repr(proxy)
    assert "dummy" not in repr(proxy)


REFUSED = {
    "proxy_scheme": [
        "user:dummy-pw@proxy.example:3128",
        "http:user:dummy-pw@proxy.example:3128",
        "ftp://user:dummy-pw@proxy.example:3128",
        "socks://user:dummy-pw@proxy.example:3128",
        "socks6://proxy.example:3128",
        "://user:dummy-pw@proxy.example:3128",
        "htt p".replace(" ", "") + "x://proxy.example:3128",
    ],
    "proxy_not_ascii": ["http://user:密码@127.0.0.1:8080", "http://usér:dummy-pw@proxy.example:3128"],
    "proxy_characters": [
        "http://user:dummy/pw@proxy.example:3128",
        "http://user:dummy#pw@proxy.example:3128",
        "http://user:dummy?pw@proxy.example:3128",
        "http://user:dummy\\pw@proxy.example:3128",
        "http://proxy.example:3128/path",
        "http:///proxy.example:3128",
        "//proxy.example:3128",
    ],
    "proxy_port": [
        "http://user:dummy-pw@proxy.example",
        "http://proxy.example",
        "http://proxy.example:",
        "http://proxy.example:0",
        "http://proxy.example:65536",
        "http://proxy.example:-1",
        "http://proxy.example:80a",
        "http://proxy.example:３１２８",
        "http://user:dummy-pw@",
        "http://::1:8080",
        "http:proxy.example:3128",
        "http://",
        "proxy.example",
        "3128",
    ],
    "proxy_host": [
        "http://user:dummy-pw@a..b:3128",
        "http://exa%mple:3128",
        "http://[::g]:3128",
        "http://[127.0.0.1]:3128",
        f"http://{'a' * 64}.example:3128",
        "http://pro\u2024xy:3128",
    ],
    "proxy_space": [
        " http://user:dummy-pw@proxy.example:3128",
        "http://user:dummy-pw@proxy.example:3128\n",
        "http://user:dummy pw@proxy.example:3128",
        "http://proxy.example:3128\u200b",
        "http://user:" + "x" * 5000 + "@proxy.example:3128",
    ],
}


@pytest.mark.parametrize(
    ("reason", "setting"), [(reason, setting) for reason, settings in REFUSED.items() for setting in settings]
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_setting_that_cannot_work_is_refused_when_a_session_is_made(
    monkeypatch: pytest.MonkeyPatch, variable: str, reason: str, setting: str
) -> None:
    monkeypatch.setenv(variable, setting)
    for hosts in (None, {"kexiangai.com"}):
        with pytest.raises(ConfigurationError) as caught:
            Session(user_agent="a-test", hosts=hosts)
        assert (caught.value.code, caught.value.exit_code) == ("proxy_unusable", 3)
        assert caught.value.facts == {"variable": variable, "reason": reason}
    for language in ("en", "zh"):
        catalog = Catalog(language)
        told = catalog.format("proxy_unusable", **caught.value.facts)
        hint = catalog.format("proxy_unusable.hint", **caught.value.facts)
        assert variable in told
        assert variable in hint
        assert "user:password@" in catalog.format("hint_line", hint=hint), "what is redacted twice still helps"
        assert "dummy" not in told + hint


@given(st.text(max_size=40), st.sampled_from(["", "http://", "user:dummy-pw@", "http://user:dummy-pw@"]))
def test_whatever_a_setting_holds_it_works_or_is_refused(text: str, start: str) -> None:
    try:
        proxy = parse_proxy(start + text, VARIABLE)
    except ConfigurationError as error:
        refusal = error
        assert refusal.code in ("proxy_unusable", "socks_missing")
        assert "dummy" not in str(refusal.facts)
    else:
        assert "@" not in str(proxy)
        assert proxy.url.isascii()
        assert proxy.url.isprintable()
        authorization(proxy.url)


def test_the_lower_case_variable_wins_and_the_scheme_comes_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http:broken")
    monkeypatch.setenv("HTTP_PROXY", "http:broken")  # for http, which no service uses
    monkeypatch.setenv("HTTPS_PROXY", "http://upper.example:1")
    assert str(proxy_for(URL)) == "http://upper.example:1"
    monkeypatch.setenv("https_proxy", "http://lower.example:1")
    assert str(proxy_for(URL)) == "http://lower.example:1"
    monkeypatch.setenv("https_proxy", "nonsense")
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(URL)
    assert caught.value.facts["variable"] == "https_proxy"


@pytest.mark.parametrize("exempt", ["kexiangai.com", ".kexiangai.com , other.example", "*"])
def test_a_host_without_proxy_needs_none(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:1")
    monkeypatch.setenv("no_proxy", exempt)
    assert proxy_for("https://api.kexiangai.com/x" if exempt.startswith(".") else URL) is None


@pytest.mark.parametrize("exempt", ["", " ", ",", "[::1", "10.0.0.0/99", "密码", "a\nb", "x/y/z", ":", "*.com/%"])
def test_an_odd_list_of_exceptions_harms_nothing(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    for url in (URL, "https://8.8.8.8/x", "https://[2606:4700::1111]/x"):
        assert str(proxy_for(url)) == "http://proxy.example:1"


def test_a_broken_proxy_for_links_is_found_although_the_service_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "user:dummy-pw@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "kexiangai.com")
    assert proxy_for(URL) is None
    with pytest.raises(ConfigurationError):
        configured_proxy()


def test_a_password_that_somebody_repeats_is_masked() -> None:
    parse_proxy("http://user:words%23of-a-dummy@proxy.example:3128", VARIABLE)
    told = redact("407 for words#of-a-dummy, words%23of-a-dummy")
    assert "of-a-dummy" not in told
