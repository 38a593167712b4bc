"""Read OpenClaw's configuration as OpenClaw does: JSON5 with `$include`, and the source file of each value."""

from __future__ import annotations

import errno
import functools
import importlib.util
import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigurationError
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INCLUDE = "$include"
MAX_CONFIG_BYTES = 16 << 20
MAX_INCLUDED_BYTES = 2 << 20  # of one file, as in OpenClaw 2026.9.6
MAX_INCLUDE_DEPTH = 10  # as in OpenClaw
MAX_INCLUDE_PATH = 4096  # characters, as in OpenClaw
MAX_INCLUDES = 1000  # files of ten levels that include each other twice

UNFIT = {
    errno.EINVAL: "not_regular_file",
    errno.EFBIG: "include_too_large",
    errno.EMLINK: "include_hard_link",
}


@dataclass(frozen=True)
class Config:
    """The configuration with its includes merged in; `origins` are the source files of its values, by path."""

    path: Path
    document: dict[str, Any]
    origins: Mapping[tuple[str, ...], Path] = field(default_factory=dict)

    def origin(self, *place: str) -> Path:
        """Return the file that the value at this path was read from, or would be if it were set."""
        places = (place[:length] for length in range(len(place), 0, -1))
        return next((self.origins[known] for known in places if known in self.origins), self.path)


def load_config(path: Path, roots: Sequence[Path] = ()) -> Config:
    """Return the configuration at `path`; included files must be in its folder or in one of `roots`.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is not a JSON5 object.
        ConfigurationError: `include_refused`, naming the file, its `$include` and the reason.
    """
    text = read_file(path, MAX_CONFIG_BYTES)
    document = parse(text)
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004  - a wrong file, not a wrong call
    if INCLUDE not in text and "\\" not in text:  # a key may be written with escapes
        return Config(path, document)
    reader = _Reader(path, [path.parent, *roots])
    try:
        document = reader.resolve(document, path, (), (path,))
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(document, dict):
        raise _refused(path, path, MessageRef("include_not_object"))
    return Config(path, document, reader.origins)


@functools.lru_cache(maxsize=8)
def parse(text: str) -> Any:
    """Return the value of a JSON5 text.

    Plain JSON is tried first, because json5 takes 200 times as long, and not every skill depends on it.

    Raises:
        ValueError: the text is not JSON5.
    """
    try:
        return json.loads(text)
    except ValueError:
        if importlib.util.find_spec("json5") is None:
            raise
        import json5  # noqa: PLC0415

        return json5.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def merge(base: Any, override: Any) -> Any:
    """Return `base` with `override` merged in, as OpenClaw does: objects deeply, lists one after the other."""
    if isinstance(base, dict) and isinstance(override, dict):
        added = {name: merge(base[name], value) if name in base else value for name, value in override.items()}
        return {**base, **added}
    if isinstance(base, list) and isinstance(override, list):
        return base + override
    return override


class _Reader:
    """Resolves every `$include`; what is merged later is also later in `origins`, so the last one wins in both."""

    def __init__(self, path: Path, roots: Sequence[Path]) -> None:
        self.origins: dict[tuple[str, ...], Path] = {}
        self._roots = [Path(os.path.normpath(root)) for root in roots]
        self._real_roots = [root.resolve() for root in self._roots]
        self._main = path
        self._included = 0

    def resolve(self, value: Any, file: Path, place: tuple[str, ...], chain: tuple[Path, ...]) -> Any:
        """Return a value of `file` with its includes in their places; `chain` are the files that led here."""
        self.origins[place] = file
        if isinstance(value, list):
            return [self.resolve(item, file, (*place, str(index)), chain) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        own = {name: item for name, item in value.items() if name != INCLUDE}
        included = self._include(value[INCLUDE], file, place, chain) if INCLUDE in value else {}
        if INCLUDE in value and own and not isinstance(included, dict):
            raise _refused(file, value[INCLUDE], MessageRef("include_not_object"))
        if INCLUDE in value and not own:
            return included
        self.origins[place] = file  # where a key that is missing would be added
        return merge(
            included, {name: self.resolve(item, file, (*place, name), chain) for name, item in own.items()}
        )

    def _include(self, target: Any, file: Path, place: tuple[str, ...], chain: tuple[Path, ...]) -> Any:
        if isinstance(target, str):
            return self._file(target, file, place, chain)
        if not isinstance(target, list) or not all(isinstance(item, str) for item in target):
            raise _refused(file, target, MessageRef("include_not_path"))
        parts = (self._file(item, file, place, chain) for item in target)
        return functools.reduce(merge, parts, {})

    def _file(self, text: str, file: Path, place: tuple[str, ...], chain: tuple[Path, ...]) -> Any:
        path = self._path(text, file)
        self._included += 1
        if path in chain:
            raise _refused(file, text, MessageRef("include_cycle"))
        if len(chain) > MAX_INCLUDE_DEPTH:
            raise _refused(file, text, MessageRef("include_too_deep"))
        if self._included > MAX_INCLUDES:
            raise _refused(file, text, MessageRef("include_too_many"))
        try:
            content = parse(read_file(path, MAX_INCLUDED_BYTES, alone=True))
        except FileNotFoundError:
            raise _refused(file, text, MessageRef("include_missing")) from None
        except OSError as error:
            if error.errno == errno.ELOOP:  # Python 3.13 resolves links in a circle without an error
                raise _refused(file, text, MessageRef("include_missing")) from None
            reason = UNFIT.get(error.errno or 0)
            raise _refused(file, text, MessageRef(reason) if reason else error.strerror or "") from error
        except (ValueError, RecursionError):
            raise _refused(file, text, MessageRef("include_not_json5")) from None
        return self.resolve(content, path, place, (*chain, path))

    def _path(self, text: str, file: Path) -> Path:
        """Return where an include leads: in the configuration's folder or a root, by name and by its links."""
        if "\0" in text or not text or len(text) >= MAX_INCLUDE_PATH:
            raise _refused(file, text, MessageRef("include_not_path"))
        path = Path(os.path.normpath(file.parent / text))
        inside = any(path.is_relative_to(root) for root in self._roots)
        try:
            inside = inside and any(path.resolve().is_relative_to(root) for root in self._real_roots)
        except (OSError, RuntimeError):  # links in a circle
            raise _refused(file, text, MessageRef("include_missing")) from None
        if not inside:
            raise _refused(file, text, MessageRef("include_outside"))
        return path


def read_file(path: Path, limit: int, *, alone: bool = False) -> str:
    """Return the text of a regular file of at most `limit` bytes; with `alone`, one without other hard links.

    Raises:
        OSError: EINVAL, EFBIG or EMLINK if it is not, or an error of the system.
        ValueError: it is not UTF-8.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        problem = None
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, and a device may never end
            problem = errno.EINVAL
        elif status.st_size > limit:
            problem = errno.EFBIG
        elif alone and status.st_nlink > 1:
            problem = errno.EMLINK
        if problem:
            raise OSError(problem, os.strerror(problem))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit).decode("utf-8-sig")
    finally:
        os.close(descriptor)


def _refused(file: Path, target: Any, reason: str) -> ConfigurationError:
    return ConfigurationError("include_refused", path=file, include=short_repr(target), reason=reason)
