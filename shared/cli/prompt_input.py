"""Read the prompt from a flag, a file or stdin, unaltered, or refuse it."""

from __future__ import annotations

import os
import re
import stat
import sys
import unicodedata

from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.security.keys import redact_keys

MAX_PROMPT_BYTES = 1 << 20  # bytes of UTF-8
ALLOWED_CONTROLS = "\n\t\r"
BLANK_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U00013441\U00013442\U0001d159")
"""Fillers and blanks that Unicode counts as letters or symbols, though nothing is drawn for them."""
INVISIBLE_UNASSIGNED = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))
"""Unassigned code points that are ignorable (Default_Ignorable_Code_Point of Unicode)."""
KEY = re.compile(r"\b(?:ima_|sk-|nmv_usr_)(?=[\w-]*\d)[\w-]{20,}\b", re.ASCII)
"""A key of one of the services: its start as the service issues it, then at least 20 characters with a digit."""
PIPE_SECONDS = 10.0  # for a pipe's writer to begin


def read_prompt(text: str | None, file: str | None) -> str:
    """Return the prompt of --prompt or --prompt-file (`-` is stdin), otherwise unaltered.

    A file's byte order mark and one final line break are not part of it.

    Raises:
        BadInput: both or neither were given, the file cannot be read, or the text contains nothing visible, is
            larger than 1 MiB, not UTF-8, or contains control characters other than newline, tab and carriage
            return.
    """
    if (text is None) == (file is None):
        raise BadInput("prompt_missing" if text is None else "prompt_twice")
    flag = "--prompt" if file is None else "--prompt-file"
    prompt = text if text is not None else _without_final_break(_read(str(file)))
    if not prompt.strip():
        raise BadInput("prompt_empty", flag=flag)
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError:
        raise BadInput("prompt_not_utf8", flag=flag) from None
    if size > MAX_PROMPT_BYTES:
        raise BadInput("prompt_too_large", flag=flag, size=size, largest=MAX_PROMPT_BYTES)
    for position, char in enumerate(prompt):
        if (char < " " and char not in ALLOWED_CONTROLS) or "\x7f" <= char < "\xa0":
            named = f"U+{ord(char):04X}"
            raise BadInput("prompt_control_character", flag=flag, character=named, position=position + 1)
    if not any(is_visible(char) for char in prompt):
        raise BadInput("prompt_invisible", flag=flag)
    if KEY.search(prompt) or redact_keys(prompt) != prompt:
        raise BadInput("prompt_holds_key", flag=flag)
    return prompt


def _without_final_break(text: str) -> str:
    """Return the text of a file without the one line break that editors and echo put at its end."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def is_visible(char: str) -> bool:
    """Return whether a character is visible on its own.

    Spaces, format characters, variation selectors and combining marks do not. A code point that this Python's
    Unicode does not know yet may be a new emoji, so it does.
    """
    category = unicodedata.category(char)
    if category == "Cn":
        noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF  # noqa: PLR2004
        return not noncharacter and not any(ord(char) in block for block in INVISIBLE_UNASSIGNED)
    return category == "Co" or (category[0] not in "CMZ" and char not in BLANK_CHARACTERS)


def _read(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MAX_PROMPT_BYTES + 8)
        else:
            with os.fdopen(_opened(file), "rb") as opened:
                content = opened.read(MAX_PROMPT_BYTES + 8)
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or MessageRef("stdin_closed")
        if isinstance(error, TimeoutError):
            reason = MessageRef("nothing_written")
        raise BadInput(
            "prompt_file_unreadable", flag="--prompt-file", file=short_repr(file), reason=reason
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if len(content) > MAX_PROMPT_BYTES:  # cut in the middle of a character
            return content.decode("utf-8-sig", errors="replace")
        raise BadInput("prompt_not_utf8", flag="--prompt-file") from None


def _opened(file: str) -> int:
    """Open a file; wait for the writer of a pipe, with a time limit."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            import select  # noqa: PLC0415  - rare

            if not select.select([descriptor], [], [], PIPE_SECONDS)[0]:
                raise TimeoutError  # noqa: TRY301
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
