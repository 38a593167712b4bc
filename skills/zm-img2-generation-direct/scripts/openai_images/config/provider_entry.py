"""A provider's entry in OpenClaw's configuration: its resolved values, and the file of each."""

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

PROVIDERS_PATH = ("models", "providers")
"""Path of the providers in openclaw.json."""
SHORTHAND = re.compile(r"\$([A-Z][A-Z0-9_]{0,127})")
"""A variable as the whole text; within a text, a dollar sign may be part of a key."""
VARIABLE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ADDRESS = 'baseUrl: "https://your-provider.example/v1"'
KEY = 'apiKey: "${IMAGE_PROVIDER_KEY}"'
ENTRY = f"{ADDRESS}, {KEY}, models: []"
MAX_SECRET_FILE = 1 << 20  # bytes


@dataclass(frozen=True)
class ProviderEntry:
    """The unresolved fields of `models.providers.<name>`."""

    name: str
    fields: Mapping[str, Any]
    config: Config

    def where(self, *steps: str) -> str:
        """Return the dotted path of a value: `models.providers.happy.apiKey`."""
        return ".".join((*PROVIDERS_PATH, self.name, *steps))

    def file(self, *steps: str) -> Path:
        """Return the file that sets the value."""
        return self.config.origin(*PROVIDERS_PATH, self.name, *steps)

    def place(self, *steps: str) -> MessageRef:
        """Return for people where a value is set: its path and file, and the variable that it names, if any."""
        value: Any = self.fields
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        facts = {"what": self.where(*steps), "path": self.file(*steps)}
        for name, variable in self.variables(value):
            return MessageRef("place_of_variable", **facts, variable=name, source=variable.source)
        return MessageRef("place_in_file", **facts)

    def text(self, field: str, example: str, *, secret: bool = False) -> str:
        """Return the stripped text of a required field, which may be a reference if `secret`.

        Raises:
            ConfigurationError: `provider_incomplete`, with the line to add, or as `resolved`.
        """
        value = self.fields.get(field)
        empty = isinstance(value, str) and not value.strip()
        if empty or value is None or not (secret or isinstance(value, str)):
            state = MessageRef("value_empty" if empty else "value_missing")
            to_write = self.to_write((*PROVIDERS_PATH, self.name), (), example, file=self.file(field))
            raise ConfigurationError("provider_incomplete", what=self.where(field), state=state, **to_write)
        return self.resolved(value, field).strip()

    def resolved(self, value: Any, *steps: str) -> str:
        """Return the text that a value resolves to.

        OpenClaw knows plain text, `${NAME}`, `$NAME`, objects {source: env, file, exec or store, provider, id}
        and, for the text `${NAME}`, `$${NAME}`.

        Raises:
            ConfigurationError: a variable is not set.
            ConfigurationError: only the gateway can read the source.
            ConfigurationError: the value has a wrong type.
        """
        if isinstance(value, dict):
            return self._referenced(value, steps)
        if not isinstance(value, str):
            raise ConfigurationError("secret_malformed", what=self.where(*steps), path=self.file(*steps))
        shorthand = SHORTHAND.fullmatch(value.strip())
        if shorthand:
            return self._variable(shorthand[1], steps)

        def replacement(match: re.Match[str]) -> str:
            return match[0][1:] if match[0].startswith("$$") else self._variable(match[1], steps)

        return REFERENCE.sub(replacement, value)

    def variables(self, value: Any) -> Iterator[tuple[str, Variable]]:
        """Yield the variables in a value, each with the place that sets it."""
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
        source, identifier = reference.get("source"), reference.get("id")
        where, config = self.where(*steps), self.file(*steps)
        if source in ("exec", "store"):
            raise ConfigurationError("secret_source_refused", what=where, source=source, path=config)
        if not isinstance(identifier, str):
            raise ConfigurationError("secret_malformed", what=where, path=config)
        if source == "env" and VARIABLE_ID.fullmatch(identifier):
            return self._variable(identifier, steps)
        if source != "file":
            raise ConfigurationError("secret_malformed", what=where, path=config)
        return self._from_file(reference.get("provider"), identifier, where, config)

    def _from_file(self, alias: Any, identifier: str, where: str, config: Path) -> str:
        """Return a secret from the file of `secrets.providers.<alias>`: by a JSON pointer, or the entire file."""
        settings: Any = self.config.document
        for step in ("secrets", "providers", alias):
            settings = settings.get(step) if isinstance(settings, dict) and isinstance(step, str) else None
        path = settings.get("path") if isinstance(settings, dict) and settings.get("source") == "file" else None
        if not isinstance(path, str):
            raise ConfigurationError("secret_malformed", what=where, path=config)
        file = expand_path(path)
        try:
            if not file.is_file():  # a pipe would be waited for
                raise FileNotFoundError
            with file.open("rb") as opened:
                text = opened.read(MAX_SECRET_FILE).decode("utf-8-sig")
            whole = settings.get("mode") == "singleValue"
            value = text.strip() if whole else _pointed(json.loads(text), identifier)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            raise ConfigurationError("secret_file_unreadable", what=where, path=file, config=config) from None
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError("secret_file_unreadable", what=where, path=file, config=config)
        return value

    def to_write(
        self, place: Sequence[str], steps: Sequence[str], text: str, *, file: Path | None = None
    ) -> dict[str, Any]:
        """Return the values of a hint, as the function `to_write`, for a file of this configuration."""
        return to_write(place, steps, text, file or self.file())


def read_entry(name: str) -> ProviderEntry:
    """Return the entry of the provider `name`.

    Raises:
        ConfigurationError: the configuration cannot be read, or has no such entry (with the lines to add).
    """
    path = config_path()
    try:
        config = load_config()
    except FileNotFoundError:
        facts = to_write((), (*PROVIDERS_PATH, name), ENTRY, path)
        raise ConfigurationError("config_missing", name=name, **facts) from None
    except OSError as error:
        reason = MessageRef("not_regular_file") if error.errno == errno.EINVAL else error.strerror
        raise ConfigurationError("config_unreadable", path=path, reason=reason) from error
    except (ValueError, RecursionError):
        raise ConfigurationError("config_unreadable", path=path, reason=MessageRef("not_json5")) from None
    fields: Any = config.document
    steps = (*PROVIDERS_PATH, name)
    for depth, step in enumerate(steps):
        inner = fields.get(step)
        if not isinstance(inner, dict):
            facts = to_write(steps[:depth], steps[depth:], ENTRY, config.origin(*steps[:depth]))
            raise ConfigurationError("provider_missing", name=name, **facts)
        fields = inner
    return ProviderEntry(name, fields, config)


def to_write(place: Sequence[str], steps: Sequence[str], text: str, file: Path) -> dict[str, Any]:
    """Return the values of a hint: the file, the place in it, and the text to insert for `steps`."""
    for step in reversed(steps):
        text = f"{step if step.isidentifier() else json.dumps(step)}: {{ {text} }}"
    where = {"path": file, "place": ".".join(place) or MessageRef("outermost_braces")}
    return {**where, "snippet": text, "line": f"{text},"}


def _pointed(document: Any, pointer: str) -> Any:
    """Return the value that an RFC 6901 pointer names."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document
