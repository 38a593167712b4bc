"""Faults on the way to a service and back."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.faults.fault import ALL, LOST, LOST_ZM, UNDECIDED, WELL, End, Fault, all_of, create, look, picture, same
from tests.providers.certificates import CertificateFault
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire
from tests.providers.sockets import LOOPBACK
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Scene

SOMEWHERE = "93.184.216.34"
"""A public address that names lead to where there is no proxy; a port of loopback is behind it."""
UNREACHABLE = same(End(11, "unreachable", charges=0, after=1))


def nobody_listens(scene: Scene) -> str:
    """Return "127.0.0.1:<port>" of a port that is taken and refuses connections."""
    reserved = socket.socket()
    reserved.bind((LOOPBACK, 0))
    scene.cures.append(reserved.close)
    return f"{LOOPBACK}:{reserved.getsockname()[1]}"


def refused_connection(scene: Scene) -> None:
    scene.directly(f"{SOMEWHERE}:{nobody_listens(scene).rpartition(':')[2]}")


def proxy_down(scene: Scene) -> None:
    proxy = f"http://{nobody_listens(scene)}"
    scene.env |= dict.fromkeys(scene.house.environment(), proxy) | {
        "NO_PROXY": "",
        "no_proxy": "",
        "REQUESTS_CA_BUNDLE": scene.house.server.ca_path,
    }


def proxy_refuses_password(scene: Scene) -> None:
    true = scene.house.proxy.password
    scene.house.proxy.password = "somebody:else"
    scene.cures.append(lambda: setattr(scene.house.proxy, "password", true))


def socks(scene: Scene) -> None:
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    scene.env |= dict.fromkeys(names, f"socks5h://me:{scene.secrets['proxy']}@{LOOPBACK}:9")


def tunnel(*faults: TunnelFault | int | None) -> Callable[[Scene], None]:
    """Let the next connections to the service's API go so."""
    return lambda scene: scene.house.proxy.plan(scene.subject.host, *faults)


def tunnel_of_the_create(fault: TunnelFault | int) -> Callable[[Scene], None]:
    """Let the connection of the paid request go so; some have had one before, for what is free."""

    def inject(scene: Scene) -> None:
        before = scene.subject.connect_anew(scene.house)
        scene.house.proxy.plan(scene.subject.host, *[None] * before, fault)

    return inject


def certificate(fault: CertificateFault) -> Callable[[Scene], None]:
    def inject(scene: Scene) -> None:
        scene.house.server.serve_certificate(scene.subject.host, fault)
        scene.cures.append(lambda: scene.house.server.serve_certificate(scene.subject.host))

    return inject


def without_proxy(inject: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Inject the same where no proxy is in between."""

    def directly(scene: Scene) -> None:
        scene.directly(f"{SOMEWHERE}:{scene.house.server.port}")
        inject(scene)

    return directly


NEVER_LEFT = (
    Fault(title="the service refuses the connection", inject=refused_connection, ends=UNREACHABLE),
    Fault(title="its name cannot be resolved", inject=lambda scene: scene.directly("nowhere"), ends=UNREACHABLE),
    Fault(
        title="the connection is never made",
        inject=tunnel(*[TunnelFault.HANG] * 9),
        ends=UNREACHABLE,
        limit=3,
        beyond=60,
    ),
    Fault(title="the proxy is down", inject=proxy_down, ends=UNREACHABLE),
    Fault(title="the proxy wants another password (407)", inject=proxy_refuses_password, ends=UNREACHABLE),
    Fault(title="the proxy closes before it answers", inject=tunnel(*[TunnelFault.CUT_BEFORE_ANSWER] * 9),
          ends=UNREACHABLE),
    Fault(title="the proxy closes before TLS", inject=tunnel(*[TunnelFault.CUT_BEFORE_TLS] * 9), ends=UNREACHABLE),
    Fault(title="the proxy cannot connect, once", inject=tunnel_of_the_create(502), ends=same(WELL),
          quick=("image2",)),
    Fault(title="a SOCKS proxy without its package", inject=socks,
          ends=same(End(3, "socks_missing", charges=0, then=None)), quick=("zm-img2-generation-direct",)),
    *(
        Fault(title=f"a certificate that is {words}", inject=certificate(fault), ends=UNREACHABLE)
        for words, fault in {
            "expired": CertificateFault.EXPIRED,
            "self-signed": CertificateFault.SELF_SIGNED,
            "for another name": CertificateFault.WRONG_NAME,
            "by an unknown issuer": CertificateFault.UNKNOWN_ISSUER,
        }.items()
    ),
    Fault(title=".netrc with a default entry", ends=same(WELL), quick=ALL),
)  # fmt: skip

CUTS = {
    "reset": Wire.RESET,
    "closed without an answer": Wire.CLOSE_WITHOUT_ANSWER,
    "cut in its head": Wire.CUT_HEADERS,
    "cut by length": Wire.CUT_LENGTH,
    "cut by chunk": Wire.CUT_CHUNKED,
    "a broken TLS record": Wire.GARBAGE_RECORD,
    "a gzip bomb": Wire.GZIP_BOMB,
}
LOST_BY_ALL = all_of(LOST, LOST, LOST_ZM, WELL)
"""What nemo's session holds afterwards tells that the message was accepted."""
NO_PICTURE = replace(LOST_ZM, error="answer_without_picture")
CUT_BY_CLOSE = all_of(
    replace(LOST, error="answer_without_id"), replace(LOST, error="answer_unclear"), NO_PICTURE, WELL
)
SLOW = 60.0  # seconds that one paid request may take, whatever the --timeout is
STILL_RUNNING = End(9, "still_running")
LOST_IN_TIME = all_of(LOST, LOST, LOST_ZM, replace(UNDECIDED, charges=1, then=0))
"""nemo has no time left to look at its session."""
SWALLOWED = replace(LOST, charges=0, after=1)

ANSWERS = (
    *(
        Fault(
            title=f"the answer to the paid request: {words}{where}",
            inject=how(create(Plan(fault=fault, headers={"A": "b" * 99}))),
            ends=LOST_BY_ALL,
            quick=() if fault is not Wire.RESET else ("image2",) if where else ALL,
        )
        for words, fault in CUTS.items()
        for where, how in {"": lambda inject: inject, ", without a proxy": without_proxy}.items()
        if not (fault is Wire.GZIP_BOMB and where)
    ),
    Fault(title="the answer to the paid request: cut by close", inject=create(Plan(fault=Wire.CUT_CLOSE)),
          ends=CUT_BY_CLOSE),
    Fault(title="the answer to the paid request: cut by close, without a proxy",
          inject=without_proxy(create(Plan(fault=Wire.CUT_CLOSE))), ends=CUT_BY_CLOSE),
    Fault(
        title="the proxy swallows the paid request",
        inject=tunnel_of_the_create(TunnelFault.CUT_REQUEST),
        ends=all_of(SWALLOWED, SWALLOWED, SWALLOWED, UNDECIDED),
        limit=6,
    ),
    Fault(title="the paid request is never answered", inject=create(Plan(fault=Wire.HANG)), ends=LOST_IN_TIME,
          limit=3, beyond=SLOW),
    Fault(title="the answer to the paid request comes a byte a second", inject=create(Plan(fault=Wire.DRIP)),
          ends=LOST_IN_TIME, limit=3, beyond=SLOW),
    Fault(title="its head comes a byte a second", inject=create(Plan(fault=Wire.DRIP_HEADERS)),
          ends=LOST_IN_TIME | all_of(nemo=STILL_RUNNING), limit=3, beyond=SLOW),
)  # fmt: skip

TO_LOOKS = (
    *(
        Fault(
            title=f"a look at the task: {words}, three times",
            inject=look(*[Plan(fault=fault)] * 3),
            ends=all_of(WELL, WELL, nemo=WELL),
        )
        for words, fault in {**CUTS, "cut by close": Wire.CUT_CLOSE}.items()
    ),
    Fault(title="a look comes a byte a second", inject=look(Plan(fault=Wire.DRIP)),
          ends=all_of(STILL_RUNNING, STILL_RUNNING, nemo=STILL_RUNNING), limit=4),
    Fault(title="looks are never answered", inject=look(*[Plan(fault=Wire.HANG)] * 9),
          ends=all_of(STILL_RUNNING, STILL_RUNNING, nemo=STILL_RUNNING), limit=4),
)  # fmt: skip

GONE, CUT = End(13, "picture_unreachable"), End(13, "picture_unusable")
TO_PICTURES = (
    *(
        Fault(
            title=f"the picture: {words}, three times",
            inject=picture(*[Plan(fault=fault)] * 3),
            ends=all_of(CUT, CUT, GONE, GONE) if fault is Wire.CUT_HEADERS else same(GONE),
            quick=("image2",) if fault is Wire.CUT_LENGTH else (),
        )
        for words, fault in CUTS.items()
        if fault is not Wire.GZIP_BOMB
    ),
    Fault(title="the picture: reset, twice", inject=picture(*[Plan(fault=Wire.RESET)] * 2), ends=same(WELL)),
    Fault(title="the picture comes a byte a second", inject=picture(*[Plan(fault=Wire.DRIP)] * 3),
          ends=same(GONE), limit=5),
)  # fmt: skip

REFUSED_SETTING = same(End(3, "proxy_unusable", charges=0, then=None))
PROXIES = {
    "without its scheme": "user:{password}@127.0.0.1:9",
    "with half a scheme": "http:user:{password}@127.0.0.1:9",
    "with a slash in its password": "http://user:{password}/x@127.0.0.1:9",
    "with a # in its password": "http://user:{password}#x@127.0.0.1:9",
    "with a password of Chinese characters": "http://user:{password}密码@127.0.0.1:9",
    "without a port": "http://user:{password}@127.0.0.1",
    "with a port of words": "http://user:{password}@127.0.0.1:web",
    "of an unknown scheme": "ftp://user:{password}@127.0.0.1:9",
    "with a line break": "http://user:{password}@127.0.0.1:9\n",
}


def proxy_setting(setting: str) -> Callable[[Scene], None]:
    def inject(scene: Scene) -> None:
        value = setting.format(password=scene.secrets["proxy"])
        scene.env |= dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), value)

    return inject


def encoded_password(scene: Scene) -> None:
    """Give the proxy a password of every kind of character, percent-encoded as UTF-8."""
    password = f"{scene.secrets['proxy']}密码#/@:é"
    scene.house.proxy.password = f"用户:{password}"
    address = f"http://{quote('用户')}:{quote(password, safe='')}@{LOOPBACK}:{scene.house.proxy.port}"
    scene.env |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), address)


def trust_setting(variable: str, content: str | None) -> Callable[[Scene], None]:
    """Let a variable name a file of this content; of none, a file in a folder that does not exist."""

    def inject(scene: Scene) -> None:
        path = scene.folder / ("no/such/folder" if content is None else "setting.pem")
        if content is not None:
            path.write_text(content, encoding="utf-8")
        if variable != "SSLKEYLOGFILE":  # the first of these variables wins
            scene.env["REQUESTS_CA_BUNDLE"] = ""
        scene.env[variable] = str(path)

    return inject


SETTINGS = (
    *(
        Fault(title=f"a proxy setting {words}", inject=proxy_setting(setting), ends=REFUSED_SETTING,
              quick=ALL if "Chinese" in words else ())
        for words, setting in PROXIES.items()
    ),
    Fault(title="a proxy password that is percent-encoded", inject=encoded_password, ends=same(WELL),
          quick=("image2",)),
    *(
        Fault(title=f"{variable} names a file that is {words}", inject=trust_setting(variable, content),
              ends=same(End(3, "certificates_missing" if content is None else "certificates_unusable", charges=0,
                            then=None)))
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        for words, content in {"missing": None, "empty": "", "no certificate": "words\n"}.items()
    ),
    Fault(title="SSLKEYLOGFILE in a folder that does not exist", inject=trust_setting("SSLKEYLOGFILE", None),
          ends=same(End(3, "key_log_unusable", charges=0, then=None)), quick=("ai-nano-banana-ima",)),
)  # fmt: skip

FRAMINGS: dict[str, bytes] = {
    "a chunk of size -5": b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
    "a chunk of size -1": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
    "a chunk of size zz": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a header of 70 kB": b"A: " + b"b" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "200 headers": b"A: b\r\n" * 200 + b"Content-Length: 2\r\n\r\n{}",
    "gzip that is none": b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
}
RAW = {f"with {words}": b"HTTP/1.1 200 OK\r\n" + rest for words, rest in FRAMINGS.items()} | {
    "with a status line of garbage": b"garbage \xff\xfe\r\n\r\n{}",
    "with 1000 interim heads": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000,
    "that switches protocols": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
}
UNFRAMED = tuple(
    fault
    for words, raw in RAW.items()
    for fault in (
        Fault(
            title=f"an answer to the paid request {words}",
            inject=create(Plan(raw=raw, charge=True)),
            ends=LOST_BY_ALL,
            quick=ALL if "-5" in words else (),
        ),
        Fault(
            title=f"an answer to a look {words}, twice",
            inject=look(*[Plan(raw=raw)] * 2),
            ends=all_of(WELL, WELL, nemo=WELL),
        ),
        Fault(
            title=f"a picture {words}, twice",
            inject=picture(*[Plan(raw=raw)] * 2),
            ends=same(WELL),
            quick=("image2",) if "-5" in words else (),
        ),
    )
)

ROWS = NEVER_LEFT + ANSWERS + TO_LOOKS + TO_PICTURES
LATER_ROWS = SETTINGS + UNFRAMED
"""At the end of their section, so that the numbers of the others stay."""
