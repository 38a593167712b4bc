"""What a run leaves behind: files, and traces of a secret in any form that a log or a file may hold."""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


SEPARATORS = re.compile(rb"[^0-9A-Za-z]+")
HALF = 8  # hex digits; what a canary that was cut in two still shows


def canary(name: str, *, plain: bool = False) -> str:
    """Make a secret that nobody else has, with characters that every encoding changes, unless it must be plain."""
    core = secrets.token_hex(HALF)
    return f"dummy{core}" if plain else f"dummy-{name}-{core}" + "/+=&%\"'\\" + name[0]


def tree(*folders: Path) -> dict[str, bytes | None]:
    """Return every path below the folders with its content; None for folders, links and special files."""
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }


def traces(secret: str, where: Mapping[str, bytes]) -> list[str]:
    """Return "place: spelling" for each form of the secret that a place's name or content holds."""
    spellings = dict(_spellings(secret))
    found = [
        f"{place}: {name}"
        for place, content in where.items()
        for name, spelling in spellings.items()
        if spelling in content or spelling in place.encode(errors="surrogateescape")
    ]
    joined = SEPARATORS.sub(b"", secret.encode())
    return found + [
        f"{place}: split" for place, content in where.items() if joined in SEPARATORS.sub(b"", content)
    ]


def halves(secret: str, where: Mapping[str, bytes]) -> list[str]:
    """Return "place: half" for each place that holds one half of a canary's own digits."""
    core = re.search(f"[0-9a-f]{{{2 * HALF}}}", secret)
    assert core, "not a canary"
    parts = {"first half": core[0][:HALF].encode(), "second half": core[0][HALF:].encode()}
    return [
        f"{place}: {name}" for place, content in where.items() for name, part in parts.items() if part in content
    ]


def files(*folders: Path, but_not: Collection[Path] = ()) -> dict[str, bytes]:
    """Return the names and contents of all files and folders below, for `traces`."""
    spared = {str(path) for path in but_not}
    return {path: content or b"" for path, content in tree(*folders).items() if path not in spared}


def _spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "raw", raw
    yield "reversed", raw[::-1]
    yield "URL-encoded", quote(secret, safe="").encode()
    yield "URL-encoded, slashes kept", quote(secret).encode()
    yield "form-encoded", quote_plus(secret).encode()
    yield "JSON-escaped", json.dumps(secret)[1:-1].encode()
    yield "JSON in JSON", json.dumps(json.dumps(secret))[3:-3].encode()
    yield "repr", repr(secret)[1:-1].encode()
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    for before in range(3):  # a base64 text looks different by where in it the secret begins
        encoded = base64.b64encode(bytes(before) + raw)
        settled = encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield f"base64 at {before}", settled
        yield f"base64url at {before}", settled.translate(bytes.maketrans(b"+/", b"-_"))
