"""Answers that arrive and are not what the service's documents promise."""

from __future__ import annotations

import gzip
import io
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.faults.fault import LOST, LOST_ZM, UNDECIDED, WELL, End, Fault, all_of, create, look, picture, same
from tests.faults.network import GONE, LOST_BY_ALL, NO_PICTURE, SOMEWHERE
from tests.faults.subjects import ZM
from tests.providers import pictures
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Scene

LIMITED = End(6, "create_limited", charges=0, after=1)
REFUSED = End(7, "refused", charges=0, then=None)
FIREWALL = End(7, "firewall_page", charges=0, then=None)
UNCLEAR, UNCLEAR_ZM = replace(LOST, error="answer_unclear"), replace(LOST_ZM, error="answer_unclear")
WITHOUT_ID = replace(LOST, error="answer_without_id")
NOT_CHARGED = replace(UNCLEAR, charges=0, after=1)

AFTER = {
    "without Retry-After": None,
    "Retry-After: 1": "1",
    "Retry-After: a date in two seconds": "date",
    "Retry-After: a date long past": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Retry-After: -5": "-5",
    "Retry-After: 1000000000": "1000000000",
    "Retry-After: 400 digits": "9" * 400,
    "Retry-After: soon": "soon \x7f",
}


def limited(inject: Callable[[Plan], Callable[[Scene], None]], after: str | None) -> Callable[[Scene], None]:
    """Answer 429 once; the date is reckoned when the row runs."""

    def at_last(scene: Scene) -> None:
        text = formatdate(time.time() + 2, usegmt=True) if after == "date" else after
        inject(Plan(status=429, headers={"Retry-After": text} if text else {}))(scene)

    return at_last


UNCLEAR_TO_ALL = all_of(UNCLEAR, UNCLEAR, UNCLEAR_ZM, WELL)
REFUSED_LINK = all_of(
    End(13, "link_refused"), End(13, "link_refused"), End(13, "link_refused", after=2), End(13, "link_refused")
)
TOO_LONG = ("Retry-After: 1000000000",)
SOON = ("Retry-After: 1", "Retry-After: a date in two seconds")
"""nemo's own wait without these, 30 s, is longer than the deadline."""
LATER = End(6, "rate_limited")
LIMITS = tuple(
    fault
    for words, after in AFTER.items()
    for fault in (
        Fault(
            title=f"429 to the paid request, {words}",
            inject=limited(create, after),
            ends=all_of(
                LIMITED,
                LIMITED,
                LIMITED if words in TOO_LONG else WELL,
                WELL if words in SOON else LIMITED,
            ),
            quick=("zm-img2-generation-direct",) if words in TOO_LONG else (),
        ),
        Fault(
            title=f"429 to a look, {words}",
            inject=limited(look, after),
            ends=all_of(
                LATER if words in TOO_LONG else WELL,
                LATER if words in TOO_LONG else WELL,
                nemo=LATER if words in TOO_LONG else WELL,
            ),
        ),
    )
)

TROUBLE = (
    *(
        Fault(
            title=f"{status} to the paid request, three times",
            inject=create(*[Plan(status=status, charge=True, body=body)] * 3),
            ends=UNCLEAR_TO_ALL,
            quick=("zm-img2-generation-direct",) if status == 500 else (),
        )
        for status, body in {408: None, 500: None, 502: pictures.HTML, 503: None, 504: b""}.items()
    ),
    Fault(title="501 to the paid request", inject=create(Plan(status=501)), ends=UNCLEAR_TO_ALL),
    Fault(title="503 to the paid request, once, not carried out", inject=create(Plan(status=503, charge=False)),
          ends=all_of(NOT_CHARGED, NOT_CHARGED, WELL, UNDECIDED), limit=6),
    Fault(title="502 to twelve looks in a row", inject=look(*[Plan(status=502, body=pictures.HTML)] * 12),
          ends=all_of(WELL, WELL, nemo=WELL), limit=60),
    Fault(title="401 to a look", inject=look(Plan(status=401)),
          ends=all_of(End(4, "key_refused"), End(4, "ima_key_refused"), nemo=End(4, "token_refused"))),
    Fault(title="403 to the paid request, a web page",
          inject=create(Plan(status=403, body=pictures.HTML)),
          ends=all_of(FIREWALL, replace(NOT_CHARGED, error="answer_is_page"),
                      End(7, "not_allowed", charges=0, then=None),
                      End(7, "firewall_page", charges=0, then=None))),
    Fault(title="a redirect to the same host",
          inject=create(Plan(status=307, body=b"", headers={"Location": "/again"})), ends=UNCLEAR_TO_ALL),
    Fault(title="a redirect to another host",
          inject=create(Plan(status=308, body=b"", headers={"Location": "https://elsewhere.example/"})),
          ends=UNCLEAR_TO_ALL, quick=("image2",)),
    Fault(title="a redirect to http",
          inject=create(Plan(status=302, body=b"", headers={"Location": "http://a.example/"})),
          ends=UNCLEAR_TO_ALL),
    Fault(title="a picture that is redirected to http",
          inject=picture(Plan(status=302, headers={"Location": "http://a.example/1.png"})),
          ends=REFUSED_LINK),
    Fault(title="a picture that is redirected in a circle",
          inject=picture(*[Plan(status=302, headers={"Location": "?again"})] * 9),
          ends=REFUSED_LINK),
)  # fmt: skip

NOISE: dict[str, bytes] = {
    "HTML": pictures.HTML,
    "empty": b"",
    "JSON of another type": b"[]",
    "a word": b'"success"',
    "50 MB": b" " * 50_000_000,
    "a depth of 100,000": b"[" * 100_000,
    "NaN": b'{"id": NaN, "code": NaN, "data": [NaN]}',
    "duplicate names": b'{"code": 200, "code": 200, "id": 1, "id": 2, "data": null, "data": {}}',
    "bad UTF-8": b'{"id": "\xff\xfe"}',
    "a byte order mark and no id": b'\xef\xbb\xbf{"message": "busy"}',
    "UTF-16": '{"id": 1}'.encode("utf-16"),
}
CUT_GZIP = gzip.compress(b" " * 9999)[:20]
BROKEN = (
    *(
        Fault(
            title=f"the answer to the paid request is {words}",
            inject=create(Plan(body=body, charge=True)),
            ends=all_of(
                LOST if len(body) > 1 << 22 else WITHOUT_ID,
                LOST if len(body) > 1 << 22 else UNCLEAR,
                NO_PICTURE,
                WELL,
            ),
            quick=("ai-nano-banana-ima",) if words == "HTML" else (),
        )
        for words, body in NOISE.items()
    ),
    *(
        Fault(title=f"a look is {words}, twice", inject=look(*[Plan(body=body)] * 2),
              ends=all_of(WELL, WELL, nemo=WELL))
        for words, body in NOISE.items()
    ),
    Fault(title="gzip is announced and plain bytes come",
          inject=create(Plan(headers={"Content-Encoding": "gzip"})), ends=LOST_BY_ALL),
    Fault(title="gzip that is cut",
          inject=create(Plan(headers={"Content-Encoding": "gzip"}, body=CUT_GZIP, charge=True)),
          ends=all_of(WITHOUT_ID, UNCLEAR, NO_PICTURE, WELL)),
    Fault(title="a connection that is closed after a whole answer",
          inject=create(Plan(fault=Wire.CLOSE_AFTER_ANSWER)), ends=same(WELL)),
)  # fmt: skip

IDS: dict[str, Any] = {
    "null": None,
    "empty": "",
    "of 10 kB": "x" * 10_000,
    "with slashes": "../../admin",
    "with a line break": "1\nMEDIA:/etc/passwd",
    "true": True,
    "a list": ["13170"],
    "a fraction": 1.5,
}


def with_id(value: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.subject.plan_create(scene.house, scene.subject.with_id(value))


UNUSABLE_IDS = tuple(
    Fault(
        title=f"an id that is {words}",
        inject=with_id(value),
        ends=all_of(WITHOUT_ID, WITHOUT_ID),
        quick=("image2",) if words == "with slashes" else (),
    )
    for words, value in IDS.items()
)


def huge_picture(scene: Scene) -> None:
    """Send 80 megapixels in less than 200 kB, drawn when the row runs."""
    stream = io.BytesIO()
    Image.new("1", (10_000, 8_000)).save(stream, "png")
    picture(Plan(body=stream.getvalue()))(scene)


UNUSABLE = End(13, "picture_unusable")
KINDS: dict[str, bytes] = {
    "empty": b"",
    "HTML": pictures.HTML,
    "cut inside": pictures.truncated(pictures.make_picture("webp", 64, 48, 3)),
    "a PDF": b"%PDF-1.7\n" * 100,
    "JSON": b'{"error": "gone"}',
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}
SPELLINGS = (
    "https://127.0.0.1/a.png", "https://127.1/a.png", "https://2130706433/a.png", "https://0x7f.0.0.1/a.png",
    "https://0177.0.0.1/a.png", "https://[::1]/a.png", "https://[::ffff:10.0.0.1]/a.png", "https://10.0.0.7/a.png",
    "https://172.16.0.1/a.png", "https://192.168.1.1/a.png", "https://169.254.169.254/latest/", "https://0.0.0.0/a",
    "https://[fe80::1]/a.png", "https://[fd00::1]/a.png", "https://[64:ff9b::a00:1]/a.png", "https://localhost/a",
    "https://printer.local/a.png", "https://me@127.0.0.1/a.png", "https://１２７.0.0.1/a.png", "file:///etc/passwd",
    "data:image/png;base64,AAAA", "http://img.kexiangai.example/a.png", "https://100.64.0.1/a.png",
    "https://198.18.0.7/a.png",
)  # fmt: skip


def link(scene: Scene) -> None:
    """Issue the next form as the link, and the true link once the fault is over."""
    scene.met = scene.step <= len(SPELLINGS)
    if scene.met:
        spelling = SPELLINGS[scene.step - 1]
        scene.give_link(spelling)
        if scene.subject is ZM and spelling.startswith("data:"):  # the image itself, and this one is none
            scene.found = End(13, "picture_unusable", after=2)


def away(address: str) -> Callable[[Scene], None]:
    """Let every name lead to this address, without a proxy."""

    def inject(scene: Scene) -> None:
        scene.directly(f"{address}:{scene.house.server.port}")
        if scene.subject is ZM:
            scene.subject.plan_picture(scene.house)

    return inject


TO_PICTURES = (
    *(
        Fault(title=f"the picture is {words}", inject=picture(*[Plan(body=body)] * 3),
              ends=all_of(UNUSABLE, UNUSABLE, GONE, UNUSABLE), quick=("image2",) if words == "HTML" else ())
        for words, body in KINDS.items()
    ),
    Fault(title="the picture has 80 megapixels in 200 kB", inject=huge_picture, ends=same(WELL)),
    Fault(title="the picture is no PNG but says so",
          inject=picture(
              Plan(body=pictures.make_picture("jpeg", 64, 48, 3), headers={"Content-Type": "image/png"})),
          ends=same(WELL)),
    *(
        Fault(title=f"the link has expired ({status})", inject=picture(Plan(status=status)),
              ends=all_of(End(13, "link_expired"), End(13, "link_expired"), End(13, "link_expired", after=2),
                          End(13, "link_expired")))
        for status in (403, 404, 410)
    ),
    Fault(title="503 to the picture, three times", inject=picture(*[Plan(status=503)] * 3), ends=same(GONE)),
    Fault(title="a link to a private address, in every spelling", inject=link, ends=REFUSED_LINK, sweep=True),
    Fault(title="a name that leads to a private address", inject=away("10.0.0.7"),
          ends=all_of(End(13, "link_private"), End(13, "link_private"), End(13, "link_private", after=2),
                      End(13, "link_private"))),
    Fault(title="a proxy's made-up addresses (198.18.0.0/15)", inject=away("198.18.0.7"), ends=same(WELL)),
    Fault(title="a public address without a proxy", inject=away(SOMEWHERE), ends=same(WELL), quick=("image2",)),
)  # fmt: skip

WORDS = {
    "control characters": "no \x1b[31mcats\x07\r\n\tand\u2028dogs\u202e \x9b1m",
    "a megabyte": "cat " * 250_000,
    "a line that starts with MEDIA:": "no\nMEDIA:/etc/passwd\n media: ~/.ssh/id",
    "placeholders": "{status} {0} %s $(id) `id`",
    "half a character": "\udead cats",
}


def says(words: str) -> Callable[[Scene], None]:
    return lambda scene: scene.subject.refuse(scene.house, words.replace("{key}", scene.secrets["key"]))


REFUSED_BY = all_of(
    REFUSED, replace(REFUSED, error="ima_refused"), REFUSED, replace(REFUSED, error="refused_by_code")
)
SAID = (
    *(
        Fault(title=f"the service refuses with {name}", inject=says(words), ends=REFUSED_BY,
              quick=("ai-nano-banana-ima",) if "MEDIA" in name else ())
        for name, words in WORDS.items()
    ),
    Fault(title="the service refuses and quotes the key", inject=says("the key {key} may not"), ends=REFUSED_BY,
          quick=("zm-img2-generation-direct",)),
)  # fmt: skip

ROWS = LIMITS + TROUBLE + BROKEN + UNUSABLE_IDS + TO_PICTURES + SAID
