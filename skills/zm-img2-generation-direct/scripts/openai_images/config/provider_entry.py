"""A provider's entry in OpenClaw's configuration: its values, resolved, and the file that each is from."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigurationError
from shared.i18n.messages import MessageRef
from shared.openclaw.config_variables import REFERENCE, find_variable
from shared.openclaw.folders import config_path, expand_path, load_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from shared.openclaw.config_files import Config
    from shared.openclaw.config_variables import Variable

PLACE = ("models", "providers")
"""Where providers stand in openclaw.json."""
SHORTHAND = re.compile(r"\$([A-Z][A-Z0-9_]{0,127})")
"""A variable as the whole of a text; inside of one, a key may hold a dollar sign of its own."""
VARIABLE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ADDRESS = 'baseUrl: "https://your-provider.example/v1"'
KEY = 'apiKey: "${IMAGE_PROVIDER_KEY}"'
ENTRY = f"{ADDRESS}, {KEY}, models: []"
MAX_SECRET_FILE = 1 << 20  # bytes


@dataclass(frozen=True)
class ProviderEntry:
    """What `models.providers.<name>` holds, unread."""

    name: str
    fields: Mapping[str, Any]
    config: Config

    def where(self, *steps: str) -> str:
        """Return how people name a value: `models.providers.happy.apiKey`."""
        return ".".join((*PLACE, self.name, *steps))

    def file(self, *steps: str) -> Path:
        """Return the file that the value is from."""
        return self.config.origin(*PLACE, self.name, *steps)

    def text(self, field: str, example: str, *, secret: bool = False) -> str:
        """Return the value of a field that has to hold text, or a `secret`, without the spaces around it.

        Raises:
            ConfigurationError: `provider_incomplete`, with the line to write; else as `resolved`.
        """
        value = self.fields.get(field)
        empty = isinstance(value, str) and not value.strip()
        if empty or value is None or not (secret or isinstance(value, str)):
            state = MessageRef("value_empty" if empty else "value_missing")
            to_write = self.to_write((*PLACE, self.name), (), example, file=self.file(field))
            raise ConfigurationError("provider_incomplete", what=self.where(field), state=state, **to_write)
        return self.resolved(value, field).strip()

    def resolved(self, value: Any, *steps: str) -> str:
        """Return the text that a value stands for.

        OpenClaw knows plain text, `${NAME}`, `$NAME`, objects {source: env, file, exec or store, provider, id}
        and, for the text `${NAME}`, `$${NAME}`.

        Raises:
            ConfigurationError: a variable that is not set, a source that only the gateway can read, a wrong type.
        """
        if isinstance(value, dict):
            return self._referenced(value, steps)
        if not isinstance(value, str):
            raise ConfigurationError("secret_malformed", what=self.where(*steps))
        shorthand = SHORTHAND.fullmatch(value.strip())
        if shorthand:
            return self._variable(shorthand[1], steps)

        def replacement(match: re.Match[str]) -> str:
            return match[0][1:] if match[0].startswith("$$") else self._variable(match[1], steps)

        return REFERENCE.sub(replacement, value)

    def variables(self, value: Any) -> Iterator[tuple[str, Variable]]:
        """Yield the variables that a value is made of, with the places that set them."""
        names = []
        if isinstance(value, dict) and value.get("source") == "env":
            names = [str(value.get("id"))]
        elif isinstance(value, str):
            shorthand = SHORTHAND.fullmatch(value.strip())
            names = [shorthand[1]] if shorthand else [m[1] for m in REFERENCE.finditer(value) if m[0][1] != "$"]
        for name in dict.fromkeys(names):
            variable = find_variable(name, self.config)
            if variable:
                yield name, variable

    def _variable(self, name: str, steps: Sequence[str]) -> str:
        variable = find_variable(name, self.config)
        if variable and variable.value and not variable.value.startswith("$"):
            return variable.value
        state = "variable_not_set"
        if variable:
            state = "variable_unresolved" if variable.value else "variable_empty"
        what, path = self.where(*steps), self.file(*steps)
        raise ConfigurationError("variable_missing", what=what, path=path, variable=name, state=MessageRef(state))

    def _referenced(self, reference: Mapping[str, Any], steps: Sequence[str]) -> str:
        source, identifier, where = reference.get("source"), reference.get("id"), self.where(*steps)
        if source in ("exec", "store"):
            raise ConfigurationError("secret_source_refused", what=where, source=source)
        if not isinstance(identifier, str):
            raise ConfigurationError("secret_malformed", what=where)
        if source == "env" and VARIABLE_ID.fullmatch(identifier):
            return self._variable(identifier, steps)
        if source != "file":
            raise ConfigurationError("secret_malformed", what=where)
        return self._from_file(reference.get("provider"), identifier, where)

    def _from_file(self, alias: Any, identifier: str, where: str) -> str:
        """Read a secret from the file of `secrets.providers.<alias>`: by a JSON pointer, or all of it."""
        settings: Any = self.config.document
        for step in ("secrets", "providers", alias):
            settings = settings.get(step) if isinstance(settings, dict) and isinstance(step, str) else None
        path = settings.get("path") if isinstance(settings, dict) and settings.get("source") == "file" else None
        if not isinstance(path, str):
            raise ConfigurationError("secret_malformed", what=where)
        file = expand_path(path)
        try:
            if not file.is_file():  # a pipe would be waited for
                raise FileNotFoundError
            with file.open("rb") as opened:
                text = opened.read(MAX_SECRET_FILE).decode("utf-8-sig")
            whole = settings.get("mode") == "singleValue"
            value = text.strip() if whole else _pointed(json.loads(text), identifier)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            raise ConfigurationError("secret_file_unreadable", what=where, path=file) from None
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError("secret_file_unreadable", what=where, path=file)
        return value

    def to_write(
        self, place: Sequence[str], steps: Sequence[str], text: str, *, file: Path | None = None
    ) -> dict[str, Any]:
        """Return the facts of a hint, as the function `to_write` does, for a file of this configuration."""
        return to_write(place, steps, text, file or self.file())


def read_entry(name: str) -> ProviderEntry:
    """Return the entry of the provider `name`.

    Raises:
        ConfigurationError: the configuration cannot be read or does not hold it, with the lines to add.
    """
    path = config_path()
    try:
        config = load_config()
    except FileNotFoundError:
        facts = to_write((), (*PLACE, name), ENTRY, path)
        raise ConfigurationError("config_missing", name=name, **facts) from None
    except OSError as error:
        reason = MessageRef("not_regular_file") if error.errno == errno.EINVAL else error.strerror
        raise ConfigurationError("config_unreadable", path=path, reason=reason) from error
    except (ValueError, RecursionError):
        raise ConfigurationError("config_unreadable", path=path, reason=MessageRef("not_json5")) from None
    fields: Any = config.document
    steps = (*PLACE, name)
    for depth, step in enumerate(steps):
        inner = fields.get(step)
        if not isinstance(inner, dict):
            facts = to_write(steps[:depth], steps[depth:], ENTRY, config.origin(*steps[:depth]))
            raise ConfigurationError("provider_missing", name=name, **facts)
        fields = inner
    return ProviderEntry(name, fields, config)


def to_write(place: Sequence[str], steps: Sequence[str], text: str, file: Path) -> dict[str, Any]:
    """Return the facts of a hint: the file, where in it, and the text that brings `steps` and what they hold."""
    for step in reversed(steps):
        text = f"{step if step.isidentifier() else json.dumps(step)}: {{ {text} }}"
    where = {"path": file, "place": ".".join(place) or MessageRef("outermost_braces")}
    return {**where, "snippet": text, "line": f"{text},"}


def _pointed(document: Any, pointer: str) -> Any:
    """Follow an RFC 6901 pointer."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document
