"""The files that rows name by mistake, and the values that no option of any command accepts."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from shared.cli.prompt_input import MAX_PROMPT_BYTES
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LONG = "x" * 300
LARGE = 33 << 20  # bytes; more than any file that is read may have


def lay_out(work: Path, argv: Iterable[str] | None) -> None:
    """Put into a working folder what these words may name by mistake, or what any may."""
    words = None if argv is None else "\n".join(argv)
    for name, content in _contents().items():
        if words is None or name in words:
            (work / name).write_bytes(content)
    (work / "skill").mkdir()
    (work / "skill" / "SKILL.md").write_text("a skill\n", encoding="utf-8")
    (work / "folder").mkdir()
    (work / "large").touch()
    os.truncate(work / "large", LARGE)
    (work / "loop").symlink_to("loop")
    os.mkfifo(work / "pipe")


@functools.cache
def _contents() -> dict[str, bytes]:
    return {
        "empty": b"",
        "mark": b"\xef\xbb\xbf",
        "latin": b"caf\xe9 \xff",
        "escape": b"a \x1b[2J cup",
        "long": b"x" * (MAX_PROMPT_BYTES + 1),
        "cut in a character": "é".encode() * MAX_PROMPT_BYTES,
        "good.png": make_picture("png", 40, 30, 1),
        "cut.png": make_picture("png", 40, 30, 1)[:100],
        "moving.gif": make_picture("gif", 40, 30, 1),
        "wide.png": _wide(),
        "page.png": b"<html></html>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }


def _wide() -> bytes:
    """Return an image that claims more pixels than any limit."""
    whole = make_picture("png", 40, 30, 1)
    return whole[:16] + (60_000).to_bytes(4, "big") * 2 + whole[24:]


NO_NUMBERS = {
    "empty": "",
    "wrong": "soon",
    "oversized": "9" * 5000,
    "negative": "-1",
    "not a number": "nan",
    "infinite": "inf",
    "with a line break": "5\n",
    "with a control character": "5\x07",
    "path-like": "../5",
    "with an underscore": "1_0",
    "in other digits": "٥",
    "hexadecimal": "0x10",
}
NO_URLS = {
    "empty": "",
    "wrong": "cup.png",
    "oversized": "https://pictures.example/" + "x" * 9000,
    "with a control character": "https://pictures.example/\x07cup.png",
    "with a line break": "https://pictures.example/cup.png\nx",
    "path-like": "../../etc/passwd",
    "a file": "file:///etc/passwd",
    "unencrypted": "http://pictures.example/cup.png",
    "this machine": "https://localhost/cup.png",
    "private": "https://10.0.0.1/cup.png",
    "private 192": "https://192.168.1.1/cup.png",
    "metadata": "https://169.254.169.254/latest/meta-data",
    "disguised": "https://0x7f.1/cup.png",
    "mapped": "https://[::ffff:10.0.0.1]/cup.png",
    "a local name": "https://printer.local/cup.png",
    "with a password": "https://me:word@pictures.example/cup.png",
}
NO_SERVICES = {
    **{name: value for name, value in NO_URLS.items() if name != "this machine"},
    "with a query": "https://service.example/?to=me",
    "with a fragment": "https://service.example/#",
    "with a bad port": "https://service.example:99999",
    "with a backslash": "https://service.example\\@pictures.example",
}
NO_HOSTS = {
    "empty": "",
    "wrong": "not a host",
    "oversized": "x" * 300 + ".example",
    "with a control character": "pictures.example\x07",
    "path-like": "../../etc/passwd",
    "a URL": "https://pictures.example/",
    "with a port": "pictures.example:443",
    "with a user": "me@pictures.example",
    "all of them": "*",
    "private": "10.0.0.1",
    "a local name": "printer.local",
}
NO_FOLDERS = {
    "empty": "",
    "blank": " ",
    "oversized": LONG,
    "two lines": "a\nb",
    "NUL": "a\0b",
    "a device": "/dev/null",
    "a file": "empty",
    "a pipe": "pipe",
    "below a file": "empty/pictures",
    "a loop of links": "loop",
}
NO_RESULT_FILES = {
    "empty": "",
    "a folder": "/",
    "oversized": LONG,
    "two lines": "a\nb",
    "NUL": "a\0b",
    "nowhere": "/nowhere/x",
    "a device": "/dev/null",
    "a pipe": "pipe",
    "standard output": "-",
    "blank": " ",
}
NO_KEYS = {
    "two words": "two words",
    "two lines": "dummy\nkey",
    "a control character": "dummy\x07key",
    "a tab": "dummy\tkey",
    "other letters": "dummy-ключ",
    "not UTF-8": "dummy-\udcff",
    "oversized": "d" * 4097,
}
NO_IDS = {
    "a path": "../../etc/passwd",
    "oversized": LONG,
    "two lines": "13170\n1",
    "an escape": "\x1b[2J",
    "a local id": "20260101T000000Z-00000000",
}
NO_AGES = {
    "empty": "",
    "wrong": "soon",
    "without a unit": "30",
    "in years": "1y",
    "negative": "-1d",
    "half a day": "0.5d",
    "oversized": "9" * 5000 + "d",
    "two lines": "7d\n",
    "path-like": "../7d",
}
