"""The message catalog: format a message in one language, and make outside text safe to print."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Literal

from shared.i18n.messages import SHARED_MESSAGES, CommandText, MessageRef, SystemReason, Translation
from shared.security.keys import redact, redact_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
MAX_QUOTED = 1 << 16  # characters of a service's text that are processed
ENCODED = re.compile(r"(?=[A-Za-z0-9+/_=-]{60})[A-Za-z0-9+/_=-]{0,200}?[A-Za-z0-9+=]{25}[A-Za-z0-9+/_=-]*")
"""An image in base64, in lines as mail has them too; a path has shorter words."""
MAX_REPR_LENGTH = 80  # characters of a value that came from outside


class Catalog:
    """The messages of `shared` and of one skill, in one language."""

    def __init__(self, language: Language, *tables: Mapping[str, Translation]) -> None:
        self.language = language
        self._texts: dict[str, Translation] = {}
        for table in (SHARED_MESSAGES, *tables):
            self._texts.update(table)

    def format(self, message: str, /, **facts: object) -> str:
        """Return the message filled with its facts, without keys and link signatures.

        Raises:
            KeyError: the catalog lacks the message, or a fact is missing; either is a bug.
        """
        text = self._texts[message]
        template = text.zh if self.language == "zh" else text.en
        return template.format(**{name: self._in_words(fact) for name, fact in facts.items()})

    def has(self, message: str) -> bool:
        """Return whether the catalog has this message."""
        return message in self._texts

    def _in_words(self, fact: object) -> str:
        if isinstance(fact, MessageRef):
            return self.format(fact, **fact.facts)
        if isinstance(fact, SystemReason) and fact.cause:
            return self._in_words(fact.cause)
        return redact_keys(fact) if isinstance(fact, CommandText) else redact(str(fact))


_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")


def choose_language(option: str, words: str) -> Language:
    """Return the language to use: the requested one, else that of the user's text, else that of the locale.

    Chinese needs Han characters and no kana (Japanese has both).
    """
    if option in LANGUAGES:
        return option
    if _HAN.search(words) and not _KANA.search(words):
        return "zh"
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


def duration(least: float, most: float | None = None) -> MessageRef:
    """Return seconds, or a range of seconds, as a fact: "8 s" if both ends round to 8."""
    low, high = f"{least:.0f}", f"{least if most is None else most:.0f}"
    return MessageRef("seconds", seconds=low) if low == high else MessageRef("seconds_range", least=low, most=high)


def short_repr(value: object) -> str:
    """Return a value from outside as a quoted single line of at most 80 characters."""
    text = redact_keys(str(value))  # before it is cut: half a key would not be recognised
    text = text if len(text) <= MAX_REPR_LENGTH else text[: MAX_REPR_LENGTH - 1] + "…"
    return (
        '"'
        + "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
        + '"'
    )


def sanitize_line(text: object, longest: int = 500) -> str:
    """Return a service's text as one harmless line.

    A line that begins with MEDIA: would make OpenClaw attach a file, so that prefix is removed. Long encoded text,
    such as an image in base64, is left out.
    """
    short = ENCODED.sub("…", redact_keys(str(text)[:MAX_QUOTED])[: 4 * longest])
    line = plain_line(short)
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return without_media_lines(line)


def plain_line(text: str) -> str:
    """Return a text on one line: each run of white space is one space, and what is not printable is left out."""
    spaced = (" " if char.isspace() else char for char in text)
    return " ".join("".join(char for char in spaced if char.isprintable()).split())


_JOINERS = "\u200c\u200d"  # in emoji and in some scripts; they neither end nor turn a line
_MEDIA_LINE = re.compile(r"^((?:[^\w\n]|_)*media[^\S\n]*):", re.IGNORECASE | re.MULTILINE)


def harmless(text: str) -> str:
    """Return lines that are safe to print, whatever their source.

    Except newline and tab, each character is escaped that moves a cursor, controls the terminal, changes the
    direction of writing, is invisible, or is a line break for some reader. No line starts with MEDIA:, even after
    characters that are neither letters nor digits.
    """
    if not text.isprintable():
        text = "".join(map(_harmless_character, text.replace("\r\n", "\n")))
    return _MEDIA_LINE.sub("\\1\u2236", text)


def is_harmless_character(char: str) -> bool:
    """Return whether a character may be printed as it is: it shows something, or is a space, newline or tab."""
    return char.isprintable() or char in "\n\t" or char in _JOINERS or unicodedata.category(char) == "Zs"


def _harmless_character(char: str) -> str:
    return char if is_harmless_character(char) else f"\\u{ord(char):04x}"


def without_media_lines(text: str) -> str:
    """Return a text without lines that would make an agent attach a file."""
    return re.sub(r"(?i)media:", "media\u2236", text)
