"""Rules about SKILL.md and the references: what they show works, and what they link to is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from validation.bundle import PAGE, line_of
from validation.commands import Commands, shown_commands, shown_flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.bundle import Bundle

LEAST_WORDS, LEAST_HEADINGS, LEAST_BULLETS = 80, 2, 3  # ClawHub's, of a first publish
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OWN_PATH = re.compile(r"(?<![\w./-])(?:\{baseDir\}/)?((?:references|scripts)/[\w./-]*\w)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def commands(bundle: Bundle) -> Iterator[str | None]:
    """Run every command that the pages show, with --help added: it must exist and its options must parse.

    A flag that a page names alone must be one of some command's.
    """
    tried = Commands(bundle.folder)
    for page, text in bundle.pages.items():
        shown = list(shown_commands(text))
        for (line, words), wrong in zip(shown, tried.try_all([words for _, words in shown]), strict=True):
            yield f"{page}:{line} {' '.join(words)}: {wrong}" if wrong else None
        for line, flag in shown_flags(text):
            yield None if flag in tried.flags() else f"{page}:{line} {flag} is no option of any command"


def links(bundle: Bundle) -> Iterator[str | None]:
    """Require that each link to a file, and each of the bundle's own paths, leads to something in the bundle."""
    for page, text in bundle.pages.items():
        yield None
        for found in LINK.finditer(text):
            target = unquote(found.group(1).partition("#")[0])
            if target and "://" not in target and not target.startswith("mailto:"):
                yield from _target(bundle, page, line_of(text, found.start()), target, page)
        for found in OWN_PATH.finditer(text):
            yield from _target(bundle, page, line_of(text, found.start()), found.group(1), PAGE)


def _target(bundle: Bundle, page: str, line: int, target: str, beside: str) -> Iterator[str | None]:
    place = ((bundle.folder / beside).parent / target).resolve()
    inside = place.is_relative_to(bundle.folder.resolve())
    yield None if inside and place.exists() else f"{page}:{line} leads to {target}, which is not in the bundle"


def first_publish(bundle: Bundle) -> Iterator[str | None]:
    """Require of SKILL.md what ClawHub asks of a first publish: some words, headings and bullets."""
    body = FENCE.sub("", bundle.body)
    counted = {
        "words": (len(body.split()), LEAST_WORDS),
        "headings": (len(re.findall(r"^#+ ", body, re.MULTILINE)), LEAST_HEADINGS),
        "bullets": (len(re.findall(r"^\s*[-*] ", body, re.MULTILINE)), LEAST_BULLETS),
    }
    for what, (found, least) in counted.items():
        yield None if found >= least else f"{PAGE} has {found} {what}, {least} are the least"


def heading_shape(bundle: Bundle) -> tuple[tuple[int, str], ...]:
    """Return the headings of SKILL.md below its title, by level and words."""
    found = re.findall(r"^(##+) (.+)$", FENCE.sub("", bundle.body), re.MULTILINE)
    return tuple((len(marks), words) for marks, words in found)
