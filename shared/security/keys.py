"""Find keys, mask them, store them in private files, and redact them from all output."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, quote_plus

from shared.errors import ConfigurationError
from shared.files import disk_errors, make_private_folder, write_atomically
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MAX_KEY_LENGTH = 4096  # bytes; the services' keys are below 200
MAX_KEY_FILE_BYTES = 65536  # bytes
MIN_MASKED_WITH_END = 20  # characters; a shorter key shows nothing of itself
MIN_REDACTED = 4  # characters; replacing shorter text would garble the message, not protect a key
MIN_INSIDE = 8  # characters; a shorter text is replaced only as a separate word, not inside paths and words

_in_play: dict[str, tuple[str, ...]] = {}


class Secret:
    """A key: it prints as its mask, and `redact` removes it from any text from now on."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= MIN_REDACTED:
            _in_play.setdefault(value, _encodings(value))

    def reveal(self) -> str:
        """Return the key itself; only for the header or form field that sends it to its service."""
        return self._value

    def spellings(self) -> tuple[str, ...]:
        """Return the encodings in which an answer may repeat the key (URL, JSON, hex, base64), to mask them."""
        return _encodings(self._value)

    def account(self) -> str:
        """Return 12 hex characters of the key's SHA-256: distinguishes accounts without revealing the key."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return mask_key(self._value)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(mask_key(self._value), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is neither pickled nor copied")


def mask_key(key: str) -> str:
    """Return the mask of a key: its last 4 characters if it has 20 or more, otherwise none of them."""
    return "****" + key[-4:] if len(key) >= MIN_MASKED_WITH_END else "****"


def _encodings(value: str) -> tuple[str, ...]:
    raw = value.encode()
    forms = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }
    return tuple(sorted(forms, key=len, reverse=True))


_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/\"'<>]+@")
_WORD = re.compile(r"[^\s\"'<>]+")  # in which a URL may begin anywhere
_URL_START = re.compile(r"https?://", re.IGNORECASE)
_QUERY_START = re.compile(r"[?#]")


def redact_keys(text: str) -> str:
    """Return `text` with every known key replaced by its mask, in every encoding."""
    for value, spellings in _in_play.items():
        for spelling in spellings:
            if spelling not in text:
                continue
            if len(spelling) < MIN_INSIDE:
                text = re.sub(rf"(?<![\w./-]){re.escape(spelling)}(?![\w/-]|\.\w)", mask_key(value), text)
            else:
                text = text.replace(spelling, mask_key(value))
    return text


def redact_values(value: Any) -> Any:
    """Return a JSON value with redacted strings; a key that equals a JSON keyword breaks nothing."""
    if isinstance(value, str):
        return redact_keys(value)
    if isinstance(value, dict):
        return {name: redact_values(item) for name, item in value.items()}
    return [redact_values(item) for item in value] if isinstance(value, list | tuple) else value


def redact(text: str) -> str:
    """Return `text` without keys, and its URLs without credentials and query (a signature may be in there)."""
    text = redact_keys(text)
    if "://" in text:
        text = _URL_CREDENTIALS.sub("", text)
        text = _WORD.sub(_without_query, text)
    return text


def redact_record(value: Any) -> Any:
    """Return a JSON value that is kept: every text in it, names too, as `redact` returns it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact_record(name): redact_record(item) for name, item in value.items()}
    return [redact_record(item) for item in value] if isinstance(value, list | tuple) else value


def _without_query(word: re.Match[str]) -> str:
    """Return a word without the part after the `?` or `#` of its URL; in linear time for any input."""
    text = word[0]
    url = _URL_START.search(text)
    query = _QUERY_START.search(text, url.end()) if url else None
    return text[: query.start()] if query else text


@dataclass(frozen=True)
class KeySource:
    """A source of a key: its name for people, and how to read it (None: not set).

    With `literal`, a dollar sign in front is a part of the key and not of an unresolved `$NAME`.
    """

    name: str
    read: Callable[[], str | None]
    literal: bool = False


@dataclass(frozen=True)
class ResolvedKey:
    """A usable key, its source, and the earlier sources without a usable key, each with the reason."""

    secret: Secret
    source: str
    passed_over: tuple[tuple[str, str], ...]


def find_key(sources: Iterable[KeySource], *, missing: str = "key_missing") -> ResolvedKey:
    """Return the key of the first source that is set.

    A source that is empty or contains an unresolved `$NAME` counts as not set and is skipped. Any other malformed
    value ends the search, because falling back could use someone else's account.

    Raises:
        ConfigurationError: `missing` if no source is set; `key_malformed` if the first that is set contains
            spaces, control or non-ASCII characters, or is longer than 4 kB.
    """
    passed_over: list[tuple[str, str]] = []
    for source in sources:
        text = source.read()
        if text is None:
            continue
        key = text.strip()
        if not key or (key.startswith("$") and not source.literal):
            passed_over.append((source.name, "empty" if not key else "unresolved"))
            continue
        if len(key) > MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigurationError("key_malformed", source=source.name)
        return ResolvedKey(Secret(key), source.name, tuple(passed_over))
    why = ""
    for name, reason in reversed(passed_over):
        facts = {"source": name, "more": why}
        why = (
            MessageRef("key_is_empty", **facts) if reason == "empty" else MessageRef("key_is_unresolved", **facts)
        )
    about: dict[str, Any] = {"passed_over": ", ".join(name for name, _ in passed_over), "why": why}
    raise ConfigurationError(missing, **about)  # the hint gets the places of a key from `hint_of`


def read_key_file(path: Path, name: str) -> str | None:
    """Return the value of `name` in a private env file, or None when there is no file or no such name.

    The file is not followed through a symlink, must belong to this user, and is tightened to mode 600 when
    others could read it. Values are never interpolated.

    Raises:
        ConfigurationError: `key_file_refused` or `key_file_unreadable`, never with the file's content.
    """
    text = read_private_file(path)
    if text is None:
        return None
    import io  # noqa: PLC0415  - with dotenv, only for those who keep a key file

    from dotenv import dotenv_values  # noqa: PLC0415

    return dotenv_values(stream=io.StringIO(text), interpolate=False).get(name)


def read_private_file(path: Path) -> str | None:
    """Return the text of a small private file of this user, None if it is missing; its mode is set to 600.

    Raises:
        ConfigurationError: `key_file_refused` or `key_file_unreadable`, never with the file's content.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError("key_file_unreadable", path=path, reason=error.strerror) from error
    try:
        _refuse_foreign(descriptor, path)
        content = os.read(descriptor, MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("key_file_unreadable", path=path, reason=error.strerror) from error
    finally:
        os.close(descriptor)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError("key_file_unreadable", path=path, reason=MessageRef("not_small_text")) from None
    if len(content) > MAX_KEY_FILE_BYTES or "\0" in text:
        raise ConfigurationError("key_file_unreadable", path=path, reason=MessageRef("not_small_text"))
    return text


def write_key_file(path: Path, name: str, secret: Secret) -> None:
    """Set `name` in a private env file: mode 600 from its first byte, atomic, other lines kept.

    Raises:
        ConfigurationError: `key_file_refused` or `key_file_unreadable`: a link, another user's, not an env file.
        DiskError: `disk_failed`; the old file is intact.
    """
    import io  # noqa: PLC0415

    from dotenv.parser import parse_stream  # noqa: PLC0415

    if path.is_symlink():
        raise ConfigurationError("key_file_refused", path=path, reason=MessageRef("is_a_link"))
    text = read_private_file(path) or ""
    kept = [binding.original.string for binding in parse_stream(io.StringIO(text)) if binding.key != name]
    if kept and not kept[-1].endswith("\n"):
        kept.append("\n")
    value = secret.reveal().replace("\\", "\\\\").replace("'", "\\'")  # what python-dotenv reads back
    make_private_folder(path.parent)
    content = "".join(kept) + f"{name}='{value}'\n"
    with disk_errors(path):
        write_atomically(path, content.encode(), temporary=path.with_name(f"{path.name}.part"))


def _refuse_foreign(descriptor: int, path: Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError("key_file_refused", path=path, reason=MessageRef("not_regular_file"))
    if not hasattr(os, "geteuid"):
        return
    if status.st_uid != os.geteuid():
        raise ConfigurationError("key_file_refused", path=path, reason=MessageRef("belongs_to_another"))
    if status.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
