"""Rules that mirror what the registries' static scans object to, so that we hear of it first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from validation.bundle import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.bundle import Bundle


class Pattern(NamedTuple):
    """Forbidden patterns by the end of a file's path; each is searched in the entire text."""

    why: str
    pattern: str
    suffixes: tuple[str, ...] = ("",)


PAGES = (".md",)
CODE = (".py", ".sh")

SCANNED = (
    Pattern("text that looks like a key", r"(?i)api[ _-]?key\s*[:=]\s*['\"]?(?!your-)[A-Za-z0-9_-]{16,}"),
    Pattern("a key that is exported", r"export \w*(KEY|TOKEN|SECRET)=[\"']?(?!your-)[A-Za-z0-9_-]{16,}"),
    Pattern(
        "a constant named like a secret", r"\b\w*(API_SECRET|CLIENT_KEY|API_KEY|CLIENT_SECRET)\s*=\s*[\"']", CODE
    ),
    Pattern("a secret on a command line", r"python3?\b.* --(token|password)[ =][\"']?\$"),
    Pattern("magic bytes", r"(\\x[0-9a-fA-F]{2}){6}"),
    Pattern("code that is made from text", r"\b(eval|exec_module)\("),
    Pattern("unchecked TLS", r"verify\s*=\s*False"),
    Pattern("a variable that is set to itself", r"\b(\w+)=[\"']?\$\{?\1\}?[\"']?(\s|$)", PAGES),
    Pattern("a loopback address in JSON", r"\"http://127\.0\.0\.1", (*PAGES, ".json")),
    Pattern("a character without width", "[\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e]"),
    Pattern("words that steer a model", r"(?i)(system prompt:|ignore (all )?previous instructions)"),
    Pattern("a download that is run", r"(curl|wget)[^\n|]*\|\s*(sudo )?(ba)?sh\b"),
    Pattern("env beside the network", r"(?i)\benv\b[^\n]{0,80}?(fetch|curl|wget|http)", ("SKILL.md",)),
)

PRIVATE = (
    Pattern("a user's path", r"(/(?:home|Users|root)/|[A-Z]:\\Users\\)[A-Za-z0-9_.-]*"),
    Pattern("a channel id", r"\b(oc|ou|om|cli)_[0-9a-f]{16,}\b|-100\d{10}\b|(?<![\da-f.])\d{17,20}(?![\da-f.])"),
    Pattern("a channel id", r"(?<!\\)\b[CDGU](?=[A-Z]*\d)[A-Z0-9]{8,10}\b"),
)


def static_scan(bundle: Bundle) -> Iterator[str | None]:
    """Search for what ClawHub's scan and OpenClaw's audit report."""
    yield from _search(bundle, SCANNED)
    for path, text in bundle.texts.items():
        if path.endswith(".py") and re.search(r"b64encode\([^\n]*read_bytes\(\)", text) and ".post(" in text:
            yield f"{path} reads a file, encodes it and sends it: in one module that looks like a leak"


def private(bundle: Bundle) -> Iterator[str | None]:
    """Search for personal folders and chats, and for the folder of this checkout."""
    yield from _search(bundle, (*PRIVATE, Pattern("this checkout's path", re.escape(str(bundle.root)))))


def _search(bundle: Bundle, patterns: tuple[Pattern, ...]) -> Iterator[str | None]:
    for path, text in bundle.texts.items():
        for one in patterns:
            if path.endswith(one.suffixes):
                found = re.search(one.pattern, text, re.MULTILINE)
                yield (
                    f"{path}:{line_of(text, found.start())} has {one.why}: {found.group()[:60]!r}"
                    if found
                    else None
                )
