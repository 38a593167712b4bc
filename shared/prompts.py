"""The prompt: taken from a flag, a file or stdin exactly as it is, or refused."""

from __future__ import annotations

import os
import sys

from shared.errors import BadInput
from shared.messages import shown
from shared.texts import Said

LARGEST_PROMPT = 1 << 20  # bytes of UTF-8
ALLOWED_CONTROLS = "\n\t\r"


def read_prompt(text: str | None, file: str | None) -> str:
    """Return the prompt of --prompt or --prompt-file (`-` is stdin), never altered; a byte order mark is no part.

    Raises:
        BadInput: both or neither were given, the file cannot be read, or the text is empty, larger than
            1 MiB, not UTF-8, or holds control characters other than newline, tab and carriage return.
    """
    if (text is None) == (file is None):
        raise BadInput("prompt_missing" if text is None else "prompt_twice")
    flag = "--prompt" if file is None else "--prompt-file"
    prompt = text if text is not None else _read(str(file))
    if not prompt.strip():
        raise BadInput("prompt_empty", flag=flag)
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError:
        raise BadInput("prompt_not_utf8", flag=flag) from None
    if size > LARGEST_PROMPT:
        raise BadInput("prompt_too_large", flag=flag, size=size, largest=LARGEST_PROMPT)
    for position, char in enumerate(prompt):
        if (char < " " and char not in ALLOWED_CONTROLS) or "\x7f" <= char < "\xa0":
            named = f"U+{ord(char):04X}"
            raise BadInput("prompt_control_character", flag=flag, character=named, position=position + 1)
    return prompt


def _read(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(LARGEST_PROMPT + 4)
        else:
            with open(file, "rb", opener=_at_once) as opened:  # noqa: PTH123  - pathlib takes no opener
                content = opened.read(LARGEST_PROMPT + 4)
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or Said("stdin_closed")
        raise BadInput("prompt_file_unreadable", flag="--prompt-file", file=shown(file), reason=reason) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if len(content) > LARGEST_PROMPT:  # cut in the middle of a character
            return content.decode("utf-8-sig", errors="replace")
        raise BadInput("prompt_not_utf8", flag="--prompt-file") from None


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody to write: a pipe that nobody writes to is empty, another is waited for."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)
    return descriptor
