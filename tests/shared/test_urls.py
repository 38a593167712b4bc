"""URLs with a public https host pass unchanged; every other form is refused with its reason."""

from __future__ import annotations

import time

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from shared.http.urls import (
    InvalidUrl,
    check_public_url,
    host_of,
    is_public_address,
    without_query,
)

GOOD = [
    "https://example.com",
    "https://example.com/",
    "https://example.com/a.png",
    "https://example.com/reference.png?v=2#top",
    "https://example.com?only=query",
    "https://example.com#only-fragment",
    "HTTPS://EXAMPLE.COM/A.PNG",
    "HttpS://Img.Example.Com/a.png",
    "https://a.b.c.d.e.example.co.uk/a.png",
    "https://xn--bcher-kva.example/a.png",
    "https://bücher.example/a.png",
    "https://BÜCHER.example/a.png",
    "https://例え.テスト/絵.png",
    "https://图片.中国/封面.png",
    "https://cdn.xn--fiqs8s/a.png",
    "https://пример.рф/картина.jpg",
    "https://مثال.إختبار/a.png",
    "https://example.com:443/a.png",
    "https://example.com:8443/a.png",
    "https://example.com:1/a.png",
    "https://example.com:65535/a.png",
    "https://my_bucket.s3.amazonaws.com/a.png",
    "https://bucket-1.oss-cn-hangzhou.aliyuncs.com/a.png?Expires=1790000000&OSSAccessKeyId=x&Signature=a%2Bb%3D",
    "https://storage.googleapis.com/b/o.png?X-Goog-Signature=" + "0af9" * 128,
    "https://example.com/" + "a" * (8192 - 20),
    "https://example.com/a%20b%0A%00.png",
    "https://example.com/%E5%9B%BE.png",
    "https://example.com/封面 图.png".replace(" ", "%20"),
    "https://example.com/a.png?prompt=一只猫&size=16:9",
    "https://example.com/@user/a.png",
    "https://example.com/a;b=c/d,e!f$g&h'(i)*+j=k:l@m~n",
    "https://example.com/?next=https://127.0.0.1/",
    "https://example.com/#@127.0.0.1",
    "https://example.com//double//slashes.png",
    "https://example.com/../a/./b.png",
    'https://example.com/{a}|"b"^`c`<d>',
    "https://8.8.8.8/a.png",
    "https://1.1.1.1:8443/a.png",
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://192.167.1.1/",
    "https://100.63.255.255/",
    "https://198.17.255.255/",
    "https://[2606:4700:4700::1111]/a.png",
    "https://[2606:4700:4700::1111]:8443/a.png",
    "https://[2400:CB00:2048:1::C629:D7A2]/a.png",
    "https://[64:ff9b::808:808]/",
    "https://127.0.0.1.example.com/",
    "https://0x7f.example.com/",
    "https://1.example/",
    "https://localhost.example.com/",
    "https://local.example.com/",
    "https://mylocalhost.com/",
    "https://internal.io/",
    "https://" + "a" * 63 + ".com/",
    "https://" + ".".join(["a" * 63] * 3 + ["a" * 57]) + ".com/",
]

HOSTILE = {
    "not_https": [
        "",
        "http://example.com/a.png",
        "HTTP://example.com/",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "file://example.com/share",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "gopher://127.0.0.1:6379/_INFO",
        "ws://example.com/",
        "httpss://example.com/",
        "https+unix://example.com/",
        "example.com/a.png",
        "//example.com/a.png",
        "/etc/passwd",
        "../a.png",
        "a.png",
        "@https://example.com/",
        "-https://example.com/",
        "url:https://example.com/",
        "view-source:https://example.com/",
        "ｈｔｔｐｓ://example.com/",
        "httpſ://example.com/",
    ],
    "malformed": [
        "https:",
        "https:/",
        "https:/example.com/a.png",
        "https:example.com/a.png",
        "https:?a",
        "https::///example.com",
        "https:\\\\example.com\\a.png",
        "https:/\\example.com/",
        "https://good.com\\@127.0.0.1/",
        "https://example.com\\.evil.com/",
        "https://example.com/a\\b.png",
    ],
    "control_character": [
        " https://example.com/",
        "https://example.com/ ",
        "https://example.com/a b.png",
        "https://exa mple.com/",
        "https://example.com/a.png\n",
        "\nhttps://example.com/",
        "ht\ntps://example.com/",
        "ht\ttps://example.com/",
        "https:\t//example.com/",
        "https://exam\tple.com/",
        "https://127.0.0.1\r\n.example.com/",
        "https://example.com/\r\nHost: evil.com",
        "https://example.com/\0.png",
        "\0https://example.com/",
        "\x1fhttps://example.com/",
        "https://example.com\x7f/",
        "https://example.com\x85/",
        "https://example.com/\x1b[31m",
        "https://example\u00a0.com/",
        "https://example.com\u3000/",
        "https://exam\u00adple.com/",
        "https://exam\u200bple.com/",
        "https://exam\u200cple.com/",
        "https://exam\u200dple.com/",
        "https://exam\u2060ple.com/",
        "\ufeffhttps://example.com/",
        "https://example.com/\u202egnp.a",
        "https://\u202emoc.elpmaxe/",
        "https://example.com/\u2066a\u2069",
        "https://example.com/\u2028a",
        "https://example.com/\u2029a",
        "https://example.com/\udc80",
        "https://example.com/\ue000",
    ],
    "too_long": [
        "https://example.com/" + "a" * (8193 - 20),
        "https://" + "a." * 8192 + "com/",
        "https://example.com/?" + "图" * 100_000,
    ],
    "no_host": [
        "https://",
        "https:///",
        "https:///path",
        "https:////example.com/",
        "https://?query",
        "https://#fragment",
        "https://:443/",
        "https://::1/",
    ],
    "credentials": [
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://:password@example.com/",
        "https://@example.com/",
        "https://good.com@127.0.0.1/",
        "https://good.com:443@127.0.0.1/",
        "https://good.com%2f@127.0.0.1/",
        "https://a@b@example.com/",
        "https://example.com:@127.0.0.1/",
        "https://user@[::1]/",
        "https://127.0.0.1:443@example.com/",
    ],
    "bad_port": [
        "https://example.com:/",
        "https://example.com:",
        "https://example.com:0/",
        "https://example.com:00443/",
        "https://example.com:0443/",
        "https://example.com:65536/",
        "https://example.com:99999/",
        "https://example.com:4294967739/",
        "https://example.com:-1/",
        "https://example.com:+443/",
        "https://example.com:443a/",
        "https://example.com:0x1bb/",
        "https://example.com:https/",
        "https://example.com:４４３/",
        "https://example.com:٤٤٣/",
        "https://example.com:80:443/",
        "https://example.com:%34%34%33/",
        "https://2606:4700:4700::1111/",
        "https://[2606:4700:4700::1111]:/",
        "https://[2606:4700:4700::1111]:0/",
    ],
    "bad_host": [
        "https://localhost./",
        "https://127.0.0.1./",
        "https://example.com./",
        "https://example.com../",
        "https://./",
        "https://../",
        "https://.example.com/",
        "https://example..com/",
        "https://metadata/",
        "https://ip6-localhost/",
        "https://ip6-loopback/",
        "https://com/",
        "https://127.1/",
        "https://127.0.1/",
        "https://127.0.0.01/",
        "https://0177.0.0.1/",
        "https://0177.1/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0X7F000001/",
        "https://0x7f.0.0.1/",
        "https://0x7f.1/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://127.0.0.0x1/",
        "https://127.0.0.0x/",
        "https://2130706433/",
        "https://4294967295/",
        "https://0/",
        "https://00.00.00.00/",
        "https://8.8/",
        "https://134744072/",
        "https://010.010.010.010/",
        "https://8.8.8.8.8/",
        "https://256.256.256.256/",
        "https://127.0.0.256/",
        "https://example.1/",
        "https://example.0x1/",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://127．0．0．1/",
        "https://127｡0｡0｡1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://𝟏𝟐𝟕.𝟎.𝟎.𝟏/",
        "https://١٢٧.٠.٠.١/",
        "https://१२७.०.०.१/",
        "https://example.۱/",
        "https://ｌｏｃａｌｈｏｓｔ.example/",
        "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "https://example。com/",
        "https://ｅxample.com/",
        "https://ﬁle.example/",
        "https://faß.example/",
        "https://βόλος.example/",
        "https://ΒΌΛΟΣ.example/",
        "https://ex\u034fample.com/",
        "https://exampl\ufe0fe.com/",
        "https://℡.example/",
        "https://%31%32%37.0.0.1/",
        "https://127%2e0%2e0%2e1/",
        "https://%6cocalhost/",
        "https://example.com%00.evil.com/",
        "https://example.com%2f.evil.com/",
        "https://example%E3%80%82com/",
        "https://-example.com/",
        "https://example-.com/",
        "https://exa*mple.com/",
        "https://*.example.com/",
        "https://exa,mple.com/",
        "https://exa;mple.com/",
        "https://exa'mple.com/",
        "https://<example>.com/",
        "https://{example}.com/",
        "https://exa|mple.com/",
        "https://$(id).example.com/",
        "https://" + "a" * 64 + ".com/",
        "https://" + ".".join(["a" * 63] * 3 + ["a" * 58]) + ".com/",
        "https://" + "ü" * 300 + ".com/",
        "https://[::1",
        "https://::1]/",
        "https://[fe80::1%25eth0/",
        "https://[::1].example.com/",
        "https://example.com[::1]/",
        "https://[[::1]]/",
        "https://[v1.example]/",
        "https://[127.0.0.1]/",
        "https://[8.8.8.8]/",
        "https://[example.com]/",
        "https://example.com℀.evil.com/",
        "https://example.com／.evil.com/",
        "https://good.com＠evil.com/",
        "https://evil.com＃.good.com/",
        "https://[]/",
        "https://[:]/",
        "https://[:::]/",
        "https://[::g]/",
        "https://[1::2::3]/",
        "https://[::ffff:127.1]/",
        "https://[::ffff:0x7f.0.0.1]/",
    ],
    "private_address": [
        "https://localhost.localdomain/",
        "https://localhost/",
        "https://LOCALHOST:8443/",
        "https://a.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://instance-data.ec2.internal/",
        "https://router.home.arpa/",
        "https://home.arpa/",
        "https://nas.lan/",
        "https://wiki.corp/",
        "https://wiki.intranet/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://127.0.0.1:443/",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://100.64.0.1/",
        "https://100.100.100.200/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.192/opc/v2/",
        "https://192.0.2.1/",
        "https://192.168.0.1/",
        "https://198.18.0.1/",
        "https://198.19.255.255/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[0000:0000:0000:0000:0000:0000:0000:0001]:443/",
        "https://[::127.0.0.1]/",
        "https://[::7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::FFFF:A9FE:A9FE]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a9fe:a9fe::1]/",
        "https://[2001:0:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "https://[2001:db8::1]/",
        "https://[100::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[2606:4700:4700::1111%25eth0]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[4000::1]/",
    ],
}

ADDRESSES = [
    # address, public, public when a name led to it
    ("8.8.8.8", True, True),
    ("1.0.0.1", True, True),
    ("172.15.0.1", True, True),
    ("198.17.255.255", True, True),
    ("198.20.0.0", True, True),
    ("223.255.255.255", True, True),
    ("2606:4700:4700::1111", True, True),
    ("2A00:1450:4001:80B::200E", True, True),
    ("2001:4860:4860::8888", True, True),
    ("2001:200::1", True, True),
    ("64:ff9b::8.8.8.8", True, True),
    ("64:ff9b::808:808", True, True),
    ("198.18.0.0", False, True),
    ("198.18.0.7", False, True),
    ("198.19.255.255", False, True),
    ("64:ff9b::c612:7", False, True),
    ("0.0.0.0", False, False),  # noqa: S104
    ("0.255.255.255", False, False),
    ("10.1.2.3", False, False),
    ("100.64.0.0", False, False),
    ("100.127.255.255", False, False),
    ("127.0.0.1", False, False),
    ("127.1.2.3", False, False),
    ("169.254.169.254", False, False),
    ("172.16.0.1", False, False),
    ("172.31.255.255", False, False),
    ("192.0.0.8", False, False),
    ("192.0.0.192", False, False),
    ("192.0.2.1", False, False),
    ("192.88.99.1", False, False),
    ("192.168.1.1", False, False),
    ("198.51.100.1", False, False),
    ("203.0.113.1", False, False),
    ("224.0.0.1", False, False),
    ("239.255.255.255", False, False),
    ("240.0.0.1", False, False),
    ("255.255.255.255", False, False),
    ("::", False, False),
    ("::1", False, False),
    ("::8.8.8.8", False, False),
    ("::ffff:8.8.8.8", False, False),
    ("::ffff:127.0.0.1", False, False),
    ("::ffff:198.18.0.1", False, False),
    ("64:ff9b::7f00:1", False, False),
    ("64:ff9b::a00:1", False, False),
    ("64:ff9b:1::808:808", False, False),
    ("100::1", False, False),
    ("2001::1", False, False),
    ("2001:2::1", False, False),
    ("2001:10::1", False, False),
    ("2001:db8::1", False, False),
    ("2002:808:808::1", False, False),
    ("3fff::1", False, False),
    ("5f00::1", False, False),
    ("fc00::1", False, False),
    ("fdff::1", False, False),
    ("fe80::1", False, False),
    ("fe80::1%eth0", False, False),
    ("2606:4700:4700::1111%eth0", False, False),
    ("fec0::1", False, False),
    ("ff02::1", False, False),
    ("", False, False),
    ("example.com", False, False),
    ("127.1", False, False),
    ("2130706433", False, False),
    ("0177.0.0.1", False, False),
    ("8.8.8.8 ", False, False),
    ("[2606:4700:4700::1111]", False, False),
    ("/tmp/socket", False, False),
]


def shown(value: object) -> str:
    return ascii(value)[:60] if isinstance(value, str) else ""


@pytest.mark.parametrize("url", GOOD, ids=shown)
def test_public_url_passes_unchanged(url: str) -> None:
    assert check_public_url(url) is url


@pytest.mark.parametrize(("reason", "url"), [(r, u) for r, urls in HOSTILE.items() for u in urls], ids=shown)
def test_hostile_url_is_refused_with_its_reason(reason: str, url: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        check_public_url(url)
    assert (caught.value.reason, str(caught.value)) == (reason, reason)


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(set(GOOD)) == len(GOOD) >= 40
    hostile = [url for urls in HOSTILE.values() for url in urls]
    assert len(set(hostile)) == len(hostile) >= 120


@pytest.mark.parametrize(("address", "public", "from_name"), ADDRESSES)
def test_address(address: str, public: bool, from_name: bool) -> None:
    assert is_public_address(address, from_name=False) is public
    assert is_public_address(address, from_name=True) is from_name


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.COM/a", "example.com"),
        ("https://example.com:8443/a", "example.com"),
        ("https://example.com./a", "example.com"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://localhost:8000/", "localhost"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("https://图片.中国/", "xn--wcsw84d.xn--fiqs8s"),
        ("https://[2606:4700:4700::1111]:8443/", "2606:4700:4700::1111"),
        ("https://[2606:4700:4700::ABCD]/", "2606:4700:4700::abcd"),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "malformed"),
        ("example.com", "malformed"),
        ("//example.com/", "malformed"),
        ("https:/example.com", "malformed"),
        ("https://example.com\\@evil.com", "malformed"),
        ("https:///path", "no_host"),
        ("https://user@example.com/", "credentials"),
        ("https://example.com:99999/", "bad_port"),
        ("https://example.com/\n", "control_character"),
        ("https://ｅxample.com/", "bad_host"),
    ],
)
def test_host_of_a_url_that_is_not_plain_is_refused(url: str, reason: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        host_of(url)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("https://example.com/a.png?Signature=secret#secret", "https://example.com/a.png"),
        ("https://example.com/a.png#secret?secret", "https://example.com/a.png"),
        ("https://example.com?secret", "https://example.com"),
        ("https://example.com", "https://example.com"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://user:secret@example.com/a", "https://example.com/a"),
        ("https://secret@secret@example.com:80/@a/b@c?d@e", "https://example.com:80/@a/b@c"),
        ("https://[::1]:8443/a?secret", "https://[::1]:8443/a"),
        ("http://secret@[::1]/a", "http://[::1]/a"),
        ("https://图片.中国/封面.png?secret", "https://图片.中国/封面.png"),
        ("https://example.com/a\nb\x1b[31m\u202e\udc80", "https://example.com/a\ufffdb\ufffd[31m\ufffd\ufffd"),
        ("https:///a?secret", "https:///a"),
        ("https://user:secret/secret@example.com/", "(unreadable URL)"),
        ("https://user:secret?secret@example.com/", "(unreadable URL)"),
        ("user:secret@example.com/a", "(unreadable URL)"),
        ("user:secret@x://example.com/a", "(unreadable URL)"),
        ("https:example.com/a", "(unreadable URL)"),
        ("secret", "(unreadable URL)"),
        ("", "(unreadable URL)"),
    ],
)
def test_without_query(url: str, logged: str) -> None:
    assert without_query(url) == logged


# Pieces that make URLs out of random choices more interesting than random text does.
PIECES = st.sampled_from(
    [
        *"/\\?#@:[]%.。．1１aéßİK \t\n\u200d\u202e\ud800",
        *(
            "https:",
            "http:",
            "//",
            "%2e",
            "127.0.0.1",
            "127.1",
            "8.8.8.8",
            "0x7f",
            "::1",
            "::ffff:",
            "2606:4700::",
        ),
        *("localhost", "example", "com", "xn--", "xn--fiqs8s", "中国", "user:pw", "443", "a" * 64),
    ]
)
URLS = st.one_of(
    st.text(max_size=80),
    st.lists(PIECES, max_size=9).map("".join),
    st.lists(PIECES, max_size=7).map(lambda pieces: "https://" + "".join(pieces)),
    st.tuples(st.text(max_size=12), st.text(max_size=12)).map("https://{0[0]}.{0[1]}.com/".format),
)


@settings(max_examples=1500, deadline=None)
@given(URLS)
def test_whatever_passes_is_read_alike_by_the_library_that_sends_it(url: str) -> None:
    try:
        check_public_url(url)
    except InvalidUrl:
        return
    host = host_of(url)
    assert host.isascii()
    try:
        sent = requests.Request("GET", url).prepare().url
    except requests.exceptions.InvalidURL:  # a host that newer rules of IDNA forbid: nothing is sent
        return
    assert sent is not None
    parsed = parse_url(sent)
    assert (parsed.scheme, parsed.auth) == ("https", None)
    assert (parsed.host or "").strip("[]") == host


@settings(max_examples=1500, deadline=None)
@given(URLS)
def test_any_text_has_a_log_form_without_secrets(url: str) -> None:
    logged = without_query(url)
    assert logged.isprintable()
    assert not set("?#") & set(logged)
    assert "@" not in logged.partition("://")[2].partition("/")[0]


@settings(max_examples=500, deadline=None)
@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself_or_refused(address: object) -> None:
    public = is_public_address(str(address), from_name=False)
    assert is_public_address(f"64:ff9b::{address}", from_name=False) is public
    assert not is_public_address(f"::ffff:{address}", from_name=False)
    assert not is_public_address(f"::{address}", from_name=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://" + "ü" * 7000 + ".com/",
        "https://" + "\u0300" * 8000,
        "https://" + "a。" * 4000 + "com/",
        "https://" + "@" * 8000 + ":x",
        "https://" + "[" * 8000,
        "https://" + "1." * 4000 + "1/",
        "x" * 10_000_000,
    ],
    ids=shown,
)
def test_hostile_lengths_cost_no_time(url: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidUrl):
        check_public_url(url)
    without_query(url)
    assert time.process_time() - started < 1
